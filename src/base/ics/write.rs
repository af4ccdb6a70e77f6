//! Meetings as a calendar file: for guests by mail or download, for a calendar server, for a feed.
//!
//! Rules of RFC 5546 (iTIP) that the caller keeps: the UID stays for the life of a booking, SEQUENCE grows with every
//! change of its time and with its cancellation, REQUEST and CANCEL name the same organizer.

use super::line::{clean, escape, lines, param, push_folded};
use crate::base::UnixMillis;

const PRODUCT: &str = "-//Launchyard//Bookings//EN";

/// What the file asks of the program that reads it (RFC 5546). Must also stand in the `method` parameter of the mail's
/// part (RFC 6047). What is stored on a server has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Here is something to look at: a download or a feed.
    Publish,
    /// You are invited, or what you were invited to has changed.
    Request,
    Cancel,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Confirmed,
    /// Asked for, and not agreed yet.
    Tentative,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub email: String,
}

/// One meeting. Texts are as people wrote them: they are escaped here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub uid: String,
    pub sequence: u32,
    /// When this version was written: breaks ties between messages of the same sequence.
    pub stamp: UnixMillis,
    pub start: UnixMillis,
    /// Exclusive.
    pub end: UnixMillis,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub url: String,
    pub status: Status,
    pub organizer: Option<Party>,
    pub attendees: Vec<Party>,
    /// We mail the guests ourselves: a server that keeps the file must not (`SCHEDULE-AGENT=CLIENT`, RFC 6638 7.1).
    pub we_invite: bool,
    /// Properties of our own by which the entry is known again; names without `X-`.
    pub marks: Vec<(String, String)>,
}

/// The file. `name` is what a feed is called in the reader's calendar.
pub fn calendar_file(method: Option<Method>, name: Option<&str>, entries: &[Entry]) -> String {
    let mut out = String::new();
    let mut put = |line: String| push_folded(&mut out, &line);
    put("BEGIN:VCALENDAR".into());
    put(format!("PRODID:{PRODUCT}"));
    put("VERSION:2.0".into());
    put("CALSCALE:GREGORIAN".into());
    if let Some(method) = method {
        put(format!("METHOD:{}", method.as_str()));
    }
    if let Some(name) = name {
        put(format!("NAME:{}", escape(name)));
        put(format!("X-WR-CALNAME:{}", escape(name)));
    }
    for entry in entries {
        put_entry(&mut put, entry);
    }
    put("END:VCALENDAR".into());
    out
}

fn put_entry(put: &mut impl FnMut(String), entry: &Entry) {
    put("BEGIN:VEVENT".into());
    put(format!("UID:{}", escape(&clean(&entry.uid))));
    put(format!("SEQUENCE:{}", entry.sequence));
    put(format!("DTSTAMP:{}", instant(entry.stamp)));
    put(format!("DTSTART:{}", instant(entry.start)));
    put(format!("DTEND:{}", instant(entry.end)));
    for (name, text) in
        [("SUMMARY", &entry.summary), ("DESCRIPTION", &entry.description), ("LOCATION", &entry.location)]
    {
        if !text.is_empty() {
            put(format!("{name}:{}", escape(text)));
        }
    }
    if let Some(url) = safe_url(&entry.url) {
        put(format!("URL:{url}"));
    }
    let (status, transparency) = match entry.status {
        Status::Confirmed => ("CONFIRMED", "OPAQUE"),
        Status::Tentative => ("TENTATIVE", "OPAQUE"),
        Status::Cancelled => ("CANCELLED", "TRANSPARENT"),
    };
    put(format!("STATUS:{status}"));
    put(format!("TRANSP:{transparency}"));
    if let Some(party) = &entry.organizer {
        if let Some(address) = address(party) {
            put(format!("ORGANIZER{}{}:{address}", agent(entry), common_name(party)));
        }
    }
    for party in &entry.attendees {
        if let Some(address) = address(party) {
            let role = "ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE";
            put(format!("ATTENDEE;{role}{}{}:{address}", agent(entry), common_name(party)));
        }
    }
    for (name, value) in &entry.marks {
        put(format!("X-{name}:{}", escape(value)));
    }
    put("END:VEVENT".into());
}

/// What changes in a file that holds one event; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    pub time: Option<(UnixMillis, UnixMillis)>,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub location: Option<String>,
    pub stamp: UnixMillis,
}

/// The file with the change in its first event, and its SEQUENCE one higher. All else stays as others have left it.
pub fn edited(text: &str, edit: &Edit) -> String {
    let mut replaced = vec!["DTSTAMP", "SEQUENCE", "LAST-MODIFIED"];
    let mut new = vec![format!("DTSTAMP:{}", instant(edit.stamp))];
    if let Some((start, end)) = edit.time {
        replaced.extend(["DTSTART", "DTEND", "DURATION"]);
        new.extend([format!("DTSTART:{}", instant(start)), format!("DTEND:{}", instant(end))]);
    }
    for (name, value) in [("SUMMARY", &edit.summary), ("DESCRIPTION", &edit.description), ("LOCATION", &edit.location)]
    {
        if let Some(value) = value {
            replaced.push(name);
            new.push(format!("{name}:{}", escape(value)));
        }
    }
    let (mut out, mut depth, mut sequence, mut is_done) = (String::new(), 0_usize, 0_u32, false);
    for line in lines(text) {
        match (line.name.as_str(), depth) {
            ("BEGIN", 0) if !is_done && line.value.eq_ignore_ascii_case("VEVENT") => depth = 1,
            ("BEGIN", 1..) => depth += 1,
            ("END", 1) => {
                push_folded(&mut out, &format!("SEQUENCE:{}", sequence.saturating_add(1)));
                new.drain(..).for_each(|line| push_folded(&mut out, &line));
                (depth, is_done) = (0, true);
            }
            ("END", 2..) => depth -= 1,
            (name, 1) if replaced.contains(&name) => {
                if name == "SEQUENCE" {
                    sequence = line.value.trim().parse().unwrap_or(0);
                }
                continue;
            }
            _ => {}
        }
        push_folded(&mut out, &line.to_text());
    }
    out
}

fn agent(entry: &Entry) -> &'static str {
    match entry.we_invite {
        true => ";SCHEDULE-AGENT=CLIENT",
        false => "",
    }
}

fn common_name(party: &Party) -> String {
    match clean(&party.name).as_str() {
        "" => String::new(),
        name => format!(";CN={}", param(name)),
    }
}

/// `None` for what would break out of the line.
fn address(party: &Party) -> Option<String> {
    let email = party.email.trim();
    let fits = email.contains('@') && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then(|| format!("mailto:{email}"))
}

fn safe_url(url: &str) -> Option<&str> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    (is_web && !url.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(url)
}

/// `20261124T103000Z`
pub(super) fn instant(at: UnixMillis) -> String {
    at.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ics::lines;

    fn meeting() -> Entry {
        let at = |text| UnixMillis::parse_rfc3339(text).unwrap();
        Entry {
            uid: "0199".into(),
            sequence: 2,
            stamp: at("2026-11-24T10:00:00Z"),
            start: at("2026-11-26T11:30:00Z"),
            end: at("2026-11-26T12:00:00Z"),
            summary: "Call: Gwen Hartley".into(),
            description: "Questions?\nWrite back; we read it.".into(),
            location: "Mill Lane 1, Kendal".into(),
            url: "https://meet.example/abc".into(),
            organizer: Some(Party { name: "Robin".into(), email: "robin@larkfield.example".into() }),
            attendees: vec![Party { name: "Gwen, MD".into(), email: "gwen@oldmill.example".into() }],
            ..Entry::default()
        }
    }

    #[test]
    fn an_invitation_says_all_that_a_mail_program_needs() {
        let file = calendar_file(Some(Method::Request), None, &[meeting()]);
        assert!(file.starts_with("BEGIN:VCALENDAR\r\nPRODID:") && file.ends_with("END:VCALENDAR\r\n"), "{file}");
        assert!(file.lines().all(|line| line.len() <= 75 && line == line.trim_end()), "{file}");
        let all: Vec<_> = lines(&file).collect();
        let value = |name: &str| all.iter().find(|line| line.name == name).map(|line| line.value.as_str());
        let expected = [
            ("METHOD", "REQUEST"),
            ("UID", "0199"),
            ("SEQUENCE", "2"),
            ("DTSTAMP", "20261124T100000Z"),
            ("DTSTART", "20261126T113000Z"),
            ("DTEND", "20261126T120000Z"),
            ("STATUS", "CONFIRMED"),
            ("TRANSP", "OPAQUE"),
            ("LOCATION", "Mill Lane 1\\, Kendal"),
            ("ORGANIZER", "mailto:robin@larkfield.example"),
            ("ATTENDEE", "mailto:gwen@oldmill.example"),
        ];
        for (name, expected) in expected {
            assert_eq!(value(name), Some(expected), "{name}");
        }
        assert!(!file.contains("SCHEDULE-AGENT"));
    }

    #[test]
    fn what_is_stored_on_a_server_has_no_method_and_names_who_invites() {
        let stored = Entry { we_invite: true, marks: vec![("LAUNCHYARD-BOOKING".into(), "b1".into())], ..meeting() };
        let file = calendar_file(None, None, &[stored]);
        assert!(!file.contains("METHOD"), "{file}");
        let file = file.replace("\r\n ", "");
        assert_eq!(file.matches("SCHEDULE-AGENT=CLIENT").count(), 2, "{file}");
        assert!(file.contains("X-LAUNCHYARD-BOOKING:b1\r\n"), "{file}");
    }

    #[test]
    fn a_change_leaves_what_others_have_added() {
        let at = |text| UnixMillis::parse_rfc3339(text).unwrap();
        let alarm = "X-NOTE;X-A=\"b:c\":kept\r\nBEGIN:VALARM\r\nDTSTART:19700101T000000Z\r\nEND:VALARM\r\nEND:VEVENT";
        let before = calendar_file(None, None, &[meeting()]).replace("END:VEVENT", alarm);
        let time = (at("2026-11-27T09:00:00Z"), at("2026-11-27T09:30:00Z"));
        let after = edited(&before, &Edit { time: Some(time), ..Edit::default() });
        let value =
            |name: &str| lines(&after).filter(|line| line.name == name).map(|line| line.value).collect::<Vec<_>>();
        assert_eq!(value("DTSTART"), ["19700101T000000Z", "20261127T090000Z"]);
        assert_eq!((value("SEQUENCE"), value("DTEND")), (vec!["3".to_owned()], vec!["20261127T093000Z".to_owned()]));
        assert!(after.contains("X-NOTE;X-A=\"b:c\":kept\r\n") && after.contains("SUMMARY:Call"), "{after}");
        let parts = |word: &str| lines(&after).filter(|line| line.name == word).count();
        assert_eq!((parts("BEGIN"), parts("END")), (3, 3), "{after}");
    }

    #[test]
    fn a_cancelled_meeting_takes_no_time_any_more() {
        let file = calendar_file(Some(Method::Cancel), None, &[Entry { status: Status::Cancelled, ..meeting() }]);
        assert!(file.contains("METHOD:CANCEL") && file.contains("STATUS:CANCELLED") && file.contains("TRANSPARENT"));
    }

    #[test]
    fn what_a_guest_typed_adds_no_line_of_its_own() {
        let hostile = Entry {
            summary: "Call\r\nATTENDEE:mailto:x@evil.example".into(),
            url: "https://x.example/\r\nX:y".into(),
            attendees: vec![
                Party { name: "A\":mailto:x@evil.example\r\nB".into(), email: "gwen@oldmill.example".into() },
                Party { name: String::new(), email: "a@b.example\r\nATTENDEE:c".into() },
            ],
            ..meeting()
        };
        let all: Vec<_> = lines(&calendar_file(None, None, &[hostile])).collect();
        let attendees: Vec<_> = all.iter().filter(|line| line.name == "ATTENDEE").collect();
        assert_eq!(attendees.len(), 1, "{all:?}");
        assert_eq!(attendees[0].value, "mailto:gwen@oldmill.example");
        assert!(all.iter().all(|line| !matches!(line.name.as_str(), "URL" | "X" | "B")), "{all:?}");
    }
}
