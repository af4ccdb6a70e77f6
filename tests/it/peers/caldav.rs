//! Against Radicale, which `tests/run` starts and names in `LAUNCHYARD_TEST_CALDAV`; what we write is read back by another
//! client than ours, and what that one writes is read by us.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::tz::TimeZone;
use launchyard::base::UnixMillis;
use launchyard::providers::caldav::{discover, Account, CalDav};
use launchyard::providers::calendar::{
    Busy, BusyTimes, CalendarClient, Changed, EventPatch, NewEvent, SendUpdates, Since,
};
use launchyard::providers::dns::{Dns, Servers};
use launchyard::providers::outbound::NoLog;
use launchyard::providers::{ProviderError, Secret};
use serde_json::Value;

/// The server's description, when it runs.
fn server() -> Option<Value> {
    let file = std::env::var("LAUNCHYARD_TEST_CALDAV").ok()?;
    Some(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

fn text<'a>(server: &'a Value, name: &str) -> &'a str {
    server[name].as_str().unwrap()
}

/// The other client.
fn other(server: &Value, what: &str, input: &str) -> String {
    let mut command = Command::new(text(server, "script"));
    command.args([what, text(server, "folder")]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{what}");
    String::from_utf8(done.stdout).unwrap()
}

fn events(server: &Value) -> Vec<Value> {
    serde_json::from_str(&other(server, "list", "")).unwrap()
}

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

#[test]
fn a_stranger_s_calendar_server_is_found_read_and_written_and_another_client_reads_it_back() {
    let Some(server) = server() else { return };
    let outbound = super::outbound();
    let dns = Dns::new(Servers::At(Vec::new()), Duration::from_secs(1));
    let wrong = Secret::new("wrong");
    let account = Account { outbound: &outbound, log: &NoLog, user: text(&server, "user"), password: &wrong };
    let refused = discover(account, &dns, text(&server, "url"), &[]);
    let last = refused.steps.last().unwrap();
    assert_eq!((last.name, last.ok, refused.found.is_none()), ("Sign-in", false, true), "{refused:?}");

    let password = Secret::new(text(&server, "password"));
    let account = Account { password: &password, ..account };
    let found = discover(account, &dns, text(&server, "url"), &[]);
    assert!(found.steps.iter().all(|step| step.ok), "{found:?}");
    let (home, calendars) = found.found.unwrap();
    let work = calendars.iter().find(|one| one.summary == "Work").unwrap();
    assert!(work.is_writable());
    let own = vec![text(&server, "user").to_owned()];
    let client = CalDav { account, home, zone: TimeZone::get("Europe/Berlin").unwrap(), own };

    // A weekly event over the change of the clock, with one that was moved and one left out.
    let zoned = |name: &str, time: &str| format!("{name};TZID=Europe/Berlin:{time}");
    let series = [
        "BEGIN:VCALENDAR".into(),
        "VERSION:2.0".into(),
        "PRODID:-//Somebody//Else//EN".into(),
        "BEGIN:VEVENT".into(),
        "UID:series@else".into(),
        "DTSTAMP:20260101T000000Z".into(),
        zoned("DTSTART", "20261014T093000"),
        zoned("DTEND", "20261014T100000"),
        "RRULE:FREQ=WEEKLY;COUNT=5".into(),
        zoned("EXDATE", "20261021T093000"),
        "SUMMARY:Weekly".into(),
        "END:VEVENT".into(),
        "BEGIN:VEVENT".into(),
        "UID:series@else".into(),
        "DTSTAMP:20260101T000000Z".into(),
        zoned("RECURRENCE-ID", "20261104T093000"),
        zoned("DTSTART", "20261105T140000"),
        zoned("DTEND", "20261105T143000"),
        "SUMMARY:Weekly, moved".into(),
        "END:VEVENT".into(),
        "END:VCALENDAR\r\n".to_owned(),
    ];
    other(&server, "put", &series.join("\r\n"));
    let range = (at("2026-10-20T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    let busy = client.free_busy(&[&work.id], range.0, range.1).unwrap();
    let BusyTimes::Known(times) = &busy[&work.id] else { panic!("{busy:?}") };
    let times: Vec<String> = times.iter().map(|one| one.start.to_rfc3339()).collect();
    assert_eq!(times, ["2026-10-28T08:30:00Z", "2026-11-05T13:00:00Z", "2026-11-11T08:30:00Z"]);

    let event = NewEvent {
        id: "04k2ours".into(),
        summary: "Call: Gwen; Hartley, MD".into(),
        description: "First line\nsecond".into(),
        location: String::new(),
        start: at("2026-11-26T11:30:00Z"),
        end: at("2026-11-26T12:00:00Z"),
        time_zone: "Europe/Berlin".into(),
        attendees: vec![],
        private: BTreeMap::from([("app".into(), "launchyard".into()), ("booking".into(), "b1".into())]),
        meet_request_id: None,
    };
    let begun = client.changes(&work.id, None, range).unwrap().unwrap();
    assert!(begun.is_whole && begun.cursor.starts_with("sync "), "{begun:?}");
    assert_eq!(begun.events.len(), 1, "one file, however often it recurs: {begun:?}");
    let since = |cursor: &str| {
        let since = Since { cursor, tags: &BTreeMap::new() };
        client.changes(&work.id, Some(since), range).unwrap().unwrap()
    };
    let same = since(&begun.cursor);
    assert!(same.is_nothing(), "{same:?}");
    let made = client.insert_event(&work.id, &event, SendUpdates::None).unwrap();
    let again = client.insert_event(&work.id, &event, SendUpdates::None).unwrap();
    assert_eq!((again.id.as_str(), &again.private), (made.id.as_str(), &event.private), "one event, however often");
    let news = since(&same.cursor);
    let busy = vec![Busy { start: event.start, end: event.end }];
    let key = news.events.first().map_or(0, |one| one.key);
    assert_eq!(news.events, [Changed { key, tag: 0, busy }], "a change is seen without reading all");
    let ours = |server: &Value| events(server).into_iter().filter(|one| one["uid"] == "04k2ours").collect::<Vec<_>>();
    let [seen] = &ours(&server)[..] else { panic!("exactly one") };
    assert_eq!(
        (seen["summary"].as_str(), seen["start"].as_str()),
        (Some("Call: Gwen; Hartley, MD"), Some("2026-11-26T11:30:00+00:00"))
    );

    let time = Some((at("2026-11-26T14:00:00Z"), at("2026-11-26T14:30:00Z"), "Europe/Berlin".to_owned()));
    let patch = EventPatch { time, ..EventPatch::default() };
    let moved = client.patch_event(&work.id, &made.id, &patch, Some(&made.etag), SendUpdates::None).unwrap();
    assert_eq!(moved.private, event.private);
    let stale = client.patch_event(&work.id, &made.id, &patch, Some(&made.etag), SendUpdates::None);
    assert_eq!(stale, Err(ProviderError::Changed), "somebody was faster");
    let [seen] = &ours(&server)[..] else { panic!("still one") };
    assert_eq!((seen["start"].as_str(), seen["sequence"].as_i64()), (Some("2026-11-26T14:00:00+00:00"), Some(1)));
    assert_eq!(seen["summary"], "Call: Gwen; Hartley, MD");

    client.delete_event(&work.id, &made.id, SendUpdates::None).unwrap();
    client.delete_event(&work.id, &made.id, SendUpdates::None).unwrap();
    assert!(ours(&server).is_empty());
    let gone = since(&news.cursor);
    assert_eq!(gone.events, [Changed { key, ..Changed::default() }]);
    let lost = Since { cursor: "sync http://radicale.org/ns/sync/0", tags: &BTreeMap::new() };
    assert_eq!(client.changes(&work.id, Some(lost), range), Err(ProviderError::Gone), "begin anew");
    assert_eq!(client.get_event(&work.id, &made.id), Err(ProviderError::NotFound));
}
