//! A household's calendar: what recurs, as files that nobody has expanded.

use jiff::civil::Weekday;

use crate::base::UnixMillis;

struct Habit {
    name: &'static str,
    summary: &'static str,
    /// 0 is Monday.
    day: i64,
    /// As iCalendar writes it: `183000`.
    from: &'static str,
    until: &'static str,
    rule: &'static str,
}

const HOME: [Habit; 3] = [
    Habit { name: "choir", summary: "Choir", day: 2, from: "183000", until: "200000", rule: "FREQ=WEEKLY" },
    Habit {
        name: "physio",
        summary: "Physio",
        day: 1,
        from: "083000",
        until: "091500",
        rule: "FREQ=WEEKLY;INTERVAL=2",
    },
    Habit { name: "market", summary: "Market", day: 5, from: "090000", until: "120000", rule: "FREQ=WEEKLY;COUNT=8" },
];

const CLUB: [Habit; 1] = [Habit {
    name: "match",
    summary: "Home match",
    day: 6,
    from: "140000",
    until: "160000",
    rule: "FREQ=WEEKLY;COUNT=12",
}];

/// Of each collection: names and texts.
pub(super) fn files(zone: &str, now: UnixMillis) -> [Vec<(String, String)>; 2] {
    let write = |habits: &[Habit]| habits.iter().filter_map(|habit| file(habit, zone, now)).collect();
    [write(&HOME), write(&CLUB)]
}

fn file(habit: &Habit, zone: &str, now: UnixMillis) -> Option<(String, String)> {
    let today = now.in_zone(&jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC)).date();
    let back = i64::from(today.weekday().since(Weekday::Monday));
    let day = today.checked_add(jiff::Span::new().days(habit.day - back)).ok()?.strftime("%Y%m%d").to_string();
    let times = format!("DTSTART;TZID={zone}:{day}T{}\r\nDTEND;TZID={zone}:{day}T{}", habit.from, habit.until);
    let text = written(&format!("{}@sandbox", habit.name), &times, &format!("RRULE:{}", habit.rule), habit.summary);
    Some((format!("{}.ics", habit.name), text))
}

/// One that does not recur.
pub(super) fn single(id: &str, start: UnixMillis, end: UnixMillis) -> String {
    let stamp = |at: UnixMillis| at.in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let times = format!("DTSTART:{}\r\nDTEND:{}", stamp(start), stamp(end));
    written(&format!("{id}@sandbox"), &times, "TRANSP:OPAQUE", "Taken")
}

fn written(uid: &str, times: &str, more: &str, summary: &str) -> String {
    let (uid, summary) = (format!("UID:{uid}"), format!("SUMMARY:{summary}"));
    let lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Sandbox//Calendars//EN",
        "BEGIN:VEVENT",
        &uid,
        "DTSTAMP:20260101T000000Z",
        times,
        more,
        &summary,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    lines.join("\r\n")
}

/// A zone as a calendar's own property names it: what is inside need not be read where the name is known.
pub(super) fn definition(zone: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:{zone}\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n")
}
