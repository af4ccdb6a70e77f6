//! A believable diary: twelve weeks of a small business's appointments, the same every week but for a few.

use jiff::civil::Weekday;
use serde_json::{json, Value};

use super::times::{self, written};
use crate::base::UnixMillis;

const WEEKS: i64 = 12;

struct Appointment {
    /// 0 is Monday.
    day: i64,
    from: (i8, i8),
    minutes: i64,
    summary: &'static str,
    /// Shown in the diary, but not in the way of anything else.
    is_free: bool,
}

const fn busy(day: i64, from: (i8, i8), minutes: i64, summary: &'static str) -> Appointment {
    Appointment { day, from, minutes, summary, is_free: false }
}

const EVERY_WEEK: [Appointment; 8] = [
    busy(0, (9, 0), 45, "Week planning with the installers"),
    busy(1, (12, 30), 90, "Quotes and parts orders"),
    busy(2, (9, 30), 60, "Supplier call"),
    busy(2, (14, 0), 120, "School run and errands"),
    busy(3, (10, 0), 30, "Bookkeeper"),
    busy(3, (16, 0), 60, "Stock count"),
    busy(4, (13, 0), 60, "Team lunch"),
    Appointment { day: 4, from: (9, 0), minutes: 480, summary: "On call", is_free: true },
];

const SECOND_WEEKS: [Appointment; 2] =
    [busy(1, (15, 0), 120, "Training at the manufacturer"), busy(3, (13, 0), 90, "Chamber of trade")];

const SITE_VISITS: [Appointment; 2] =
    [busy(0, (14, 0), 150, "Survey of a care home"), busy(4, (10, 0), 90, "Handover at a bakery")];

/// The events of each of the three calendars, as bodies that lack nothing but version stamps.
pub(super) fn quarter(email: &str, zone: &str, now: UnixMillis) -> [Vec<Value>; 3] {
    let tz = times::zone(zone);
    let today = now.in_zone(&tz).date();
    let back = i64::from(today.weekday().since(Weekday::Monday));
    let Ok(monday) = today.checked_sub(jiff::Span::new().days(back)) else { return Default::default() };
    let mut calendars: [Vec<Value>; 3] = Default::default();
    for week in 0..WEEKS {
        let extra = SECOND_WEEKS.iter().filter(|_| week % 2 == 1);
        for appointment in EVERY_WEEK.iter().chain(extra) {
            calendars[0].extend(event(appointment, monday, week, email, zone));
        }
        calendars[1].extend(SITE_VISITS.iter().filter_map(|visit| event(visit, monday, week, email, zone)));
    }
    if let Ok(holiday) = monday.checked_add(jiff::Span::new().days(32)) {
        let next = holiday.tomorrow().unwrap_or(holiday);
        calendars[2].push(resource(
            "seedholiday0",
            email,
            "Public holiday",
            json!({"date": holiday.to_string()}),
            json!({"date": next.to_string()}),
            true,
        ));
    }
    calendars
}

fn event(appointment: &Appointment, monday: jiff::civil::Date, week: i64, email: &str, zone: &str) -> Option<Value> {
    let tz = times::zone(zone);
    let day = monday.checked_add(jiff::Span::new().days(week * 7 + appointment.day)).ok()?;
    let start = day.at(appointment.from.0, appointment.from.1, 0, 0).to_zoned(tz.clone()).ok()?;
    let end = start.checked_add(jiff::Span::new().minutes(appointment.minutes)).ok()?;
    let time = |at: jiff::Zoned| json!({"dateTime": written(at.timestamp().into(), &tz), "timeZone": zone});
    let id = format!("seed{week:02}{}{:02}{:02}", appointment.day, appointment.from.0, appointment.from.1);
    Some(resource(&id, email, appointment.summary, time(start), time(end), appointment.is_free))
}

fn resource(id: &str, email: &str, summary: &str, start: Value, end: Value, is_free: bool) -> Value {
    let mut body = json!({
        "kind": "calendar#event", "id": id, "status": "confirmed", "summary": summary,
        "iCalUID": format!("{id}@google.com"), "sequence": 0, "eventType": "default",
        "creator": {"email": email, "self": true}, "organizer": {"email": email, "self": true},
        "reminders": {"useDefault": true}, "start": start, "end": end,
    });
    if is_free {
        body["transparency"] = json!("transparent");
    }
    body
}
