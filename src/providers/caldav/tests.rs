//! What is asked of a calendar server, and what is made of its answers.

use super::*;
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen, NOW};

fn with_calendar<T>(base: &str, test: impl FnOnce(&CalDav<'_>) -> T) -> T {
    let (outbound, password) = (outbound(), Secret::new("app-word"));
    let account = Account { outbound: &outbound, log: &NoLog, user: "robin", password: &password };
    let home = Url::parse(&format!("{base}/dav/robin/")).unwrap();
    test(&CalDav { account, home, zone: TimeZone::UTC, own: vec!["robin@larkfield.example".into()] })
}

fn multistatus(responses: &str) -> Reply {
    let body = format!(r#"<d:multistatus xmlns:d="DAV:" xmlns:c="{CALDAV}">{responses}</d:multistatus>"#);
    Reply::json(207, &body)
}

fn meeting() -> NewEvent {
    NewEvent {
        id: "abc".into(),
        summary: "Call".into(),
        description: String::new(),
        location: String::new(),
        start: NOW,
        end: NOW.plus(Duration::from_secs(1800)),
        time_zone: "UTC".into(),
        attendees: vec![],
        private: BTreeMap::from([("app".into(), "launchyard".into()), ("booking".into(), "b1".into())]),
        meet_request_id: None,
    }
}

#[test]
fn a_collection_for_tasks_is_no_calendar() {
    let one = |href: &str, component: &str| {
        format!(
            "<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><c:calendar/>\
             </d:resourcetype><d:displayname>Work</d:displayname><c:supported-calendar-component-set>\
             <c:comp name=\"{component}\"/></c:supported-calendar-component-set></d:prop><d:status>HTTP/1.1 200 OK\
             </d:status></d:propstat></d:response>"
        )
    };
    let server = FakeHttp::start(move |_: &Seen| {
        multistatus(&format!("{}{}", one("/dav/robin/tasks/", "VTODO"), one("/dav/robin/work/", "VEVENT")))
    });
    let listed = with_calendar(&server.base, |calendar| calendar.list_calendars()).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].summary.as_str(), listed[0].primary, listed[0].may_write), ("Work", true, true));
    assert!(listed[0].id.ends_with("/dav/robin/work/"), "{listed:?}");
}

#[test]
fn a_calendar_that_cannot_be_read_is_unknown_not_free() {
    let cases: [(&str, fn() -> Reply); 4] = [
        ("gone", || Reply::json(404, "")),
        ("a page of a portal", || Reply::json(200, "<html>Sign in</html>")),
        ("a file that is none", || {
            multistatus(
                "<d:response><d:href>/a.ics</d:href><d:propstat><d:prop><c:calendar-data>nonsense</c:calendar-data>\
                 </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>",
            )
        }),
        ("a file that is withheld", || {
            multistatus(
                "<d:response><d:href>/dav/robin/work/a.ics</d:href><d:propstat><d:prop><c:calendar-data/></d:prop>\
                 <d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat></d:response>",
            )
        }),
    ];
    for (name, reply) in cases {
        let server = FakeHttp::start(move |_: &Seen| reply());
        let id = format!("{}/dav/robin/work/", server.base);
        let asked = with_calendar(&server.base, |one| one.free_busy(&[&id], NOW, NOW.plus(Duration::from_secs(3600))));
        assert!(matches!(asked.unwrap()[&id], BusyTimes::Unknown { .. }), "{name}");
    }
}

#[test]
fn a_changed_event_whose_file_does_not_come_is_not_free_but_all_is_read_again() {
    let changed = "<d:response><d:href>/dav/robin/work/a%40b.ics</d:href><d:propstat><d:prop><d:getetag>2</d:getetag>\
                   </d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>\
                   <d:sync-token>t2</d:sync-token>";
    let cases: [(&str, &str, Option<usize>); 4] = [
        (
            "under another spelling of its name",
            "<d:href>/dav/robin/work/a@b.ics</d:href><d:propstat><d:prop><c:calendar-data>BEGIN:VCALENDAR\n\
             BEGIN:VEVENT\nUID:1\nDTSTART:20261124T100000Z\nDURATION:PT30M\nEND:VEVENT\nEND:VCALENDAR\n\
             </c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>",
            Some(1),
        ),
        (
            "deleted meanwhile",
            "<d:href>/dav/robin/work/a%40b.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status>",
            Some(0),
        ),
        (
            "withheld",
            "<d:href>/dav/robin/work/a%40b.ics</d:href><d:propstat><d:prop><c:calendar-data/></d:prop>\
             <d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat>",
            None,
        ),
        ("left out", "<d:href>/dav/robin/work/c.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status>", None),
    ];
    for (name, answered, expected) in cases {
        let server = FakeHttp::start(move |seen: &Seen| match seen.body.contains("sync-collection") {
            true => multistatus(changed),
            false => multistatus(&format!("<d:response>{answered}</d:response>")),
        });
        let (id, tags) = (format!("{}/dav/robin/work/", server.base), BTreeMap::new());
        let since = Since { cursor: "sync t1", tags: &tags };
        let window = (NOW, NOW.plus(Duration::from_secs(86_400)));
        let told = with_calendar(&server.base, |one| one.changes(&id, Some(since), window));
        let taken = told.map(|found| found.unwrap().events.iter().map(|event| event.busy.len()).sum::<usize>());
        assert_eq!(taken, expected.ok_or(ProviderError::Gone), "{name}");
    }
}

#[test]
fn a_refused_password_and_a_server_elsewhere_get_nothing_more() {
    let server = FakeHttp::start(|_: &Seen| Reply::json(401, ""));
    let refused = with_calendar(&server.base, |calendar| calendar.list_calendars());
    assert!(matches!(refused, Err(ProviderError::Reconnect { .. })), "{refused:?}");
    let elsewhere = with_calendar(&server.base, |calendar| calendar.get_event("", "https://evil.example/x.ics"));
    assert_eq!(elsewhere, Err(ProviderError::NotFound));
    assert_eq!(server.seen().len(), 1, "credentials go to the account's own server only");
}

#[test]
fn an_event_that_an_earlier_try_has_made_is_found_again() {
    let file = ics::calendar_file(None, None, &[with_calendar("http://127.0.0.1:1", |one| one.new_entry(&meeting()))]);
    let server = FakeHttp::start(move |seen: &Seen| match seen.method.as_str() {
        "PUT" => Reply::json(412, ""),
        _ => Reply::json(200, &file),
    });
    let id = format!("{}/dav/robin/work/", server.base);
    let made = with_calendar(&server.base, |one| one.insert_event(&id, &meeting(), SendUpdates::None)).unwrap();
    assert_eq!((made.private, made.start), (meeting().private, Some(When::At(NOW))));
    let other = NewEvent { private: BTreeMap::from([("booking".into(), "b2".into())]), ..meeting() };
    let taken = with_calendar(&server.base, |one| one.insert_event(&id, &other, SendUpdates::None));
    assert_eq!(taken, Err(ProviderError::Conflict));
}

#[test]
fn credentials_follow_to_neighbours_of_the_same_domain_only() {
    let url = |text: &str| Url::parse(text).unwrap();
    let cases = [
        ("https://caldav.icloud.example/", "https://p42-caldav.icloud.example/12/", true),
        ("https://a.example/x", "https://a.example/y", true),
        ("https://a.example/", "http://a.example/", false),
        ("https://a.co.uk/", "https://b.co.uk/", false),
        ("https://a.example/", "https://a.example.evil.example/", false),
        ("https://10.0.0.1/", "https://10.0.0.2/", false),
    ];
    for (from, to, expected) in cases {
        assert_eq!(may_follow(&url(from), &url(to)), expected, "{from} to {to}");
    }
}

#[test]
fn a_collection_of_fifty_thousand_events_is_read_whole() {
    let one = |n: usize| {
        format!(
            "<d:response><d:href>/dav/robin/work/{n}.ics</d:href><d:propstat><d:prop><c:calendar-data>BEGIN:VCALENDAR\n\
             BEGIN:VEVENT\nUID:{n}\nDTSTART:20261124T{:02}{:02}{:02}Z\nDURATION:PT1S\nEND:VEVENT\nEND:VCALENDAR\n\
             </c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>",
            n / 2 / 3600,
            n / 2 / 60 % 60,
            n / 2 % 60,
        )
    };
    let all: String = (0..50_000).map(one).collect();
    let server = FakeHttp::start(move |_: &Seen| multistatus(&all));
    let id = format!("{}/dav/robin/work/", server.base);
    let day = UnixMillis::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    let ask = |calendar: &CalDav<'_>| calendar.free_busy(&[&id], day, day.plus(Duration::from_secs(86_400)));
    let BusyTimes::Known(busy) = with_calendar(&server.base, ask).unwrap()[&id].clone() else { panic!("unknown") };
    assert_eq!(busy, [Busy { start: day, end: day.plus(Duration::from_secs(25_000)) }]);
}
