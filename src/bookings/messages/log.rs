//! One booking's messages as its page shows them: to come, then sent and dropped.

use jiff::tz::TimeZone;

use super::model::{Entry, Fate, Kind};
use super::plan_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::model::Booking;
use crate::bookings::series;
use crate::bookings::service::BookError;
use crate::bookings::store as bookings;
use crate::messaging::{self, Delivery};
use crate::store::{StoreError, Txn};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose message it is: one about several dates of a series stands with one of them.
    pub booking: BookingId,
    pub number: u32,
    pub kind: Kind,
    /// "Reminder, 1 day before".
    pub what: String,
    /// When it leaves, left, or was given up.
    pub at: UnixMillis,
    /// `to_come`, `sent`, `skipped` or `dropped`; what the mailbox made of it stands in `words`.
    pub state: &'static str,
    pub tone: &'static str,
    /// "Sent", "Skipped", or why it was not sent.
    pub words: String,
    pub waits: bool,
}

impl Line {
    pub fn state_words(&self) -> &'static str {
        match self.state {
            "sent" if self.tone == "warn" => "Not delivered",
            "sent" if self.tone == "off" => "On its way",
            "sent" => "Sent",
            "skipped" => "Skipped",
            "dropped" => "Not sent",
            _ => "To come",
        }
    }
}

/// The messages of a booking.
pub struct Log {
    /// To come first, the next one above; then what is over, newest first.
    pub lines: Vec<Line>,
    /// The meeting has begun, and the guest was not asked yet why they did not come.
    pub may_miss: bool,
}

pub fn read_log(app: &App, actor: &Actor, id: BookingId) -> Result<Log, BookError> {
    actor.require(Permission::ViewCalendar)?;
    let now = app.now();
    app.store.read(|txn| {
        let booking = bookings::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        let plan = plan_of(txn, &booking)?;
        let is_on = booking.state.is_booked() && plan.start == booking.start;
        let may_miss = booking.state.is_booked() && booking.start <= now && !plan.was_sent(Kind::NoShow);
        // What waits for another start, or of a meeting that is off, is dropped when its turn comes.
        let counts = |entry: &&Entry| is_on || !entry.waits();
        let mut lines = Vec::new();
        for entry in plan.entries.iter().filter(counts) {
            lines.push(line(txn, actor, id, entry)?);
        }
        for (date, entry) in told_with_others(txn, &booking)? {
            lines.push(line(txn, actor, date, &entry)?);
        }
        lines.sort_by_key(|line| (!line.waits, if line.waits { line.at.0 } else { -line.at.0 }));
        Ok(Log { lines, may_miss })
    })
}

/// What the guest heard of this date in messages about several of its series: they stand with another date.
fn told_with_others(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<(BookingId, Entry)>, StoreError> {
    let mut told = Vec::new();
    for other in series::bookings_of(txn, booking)?.iter().filter(|other| other.id != booking.id) {
        let entries = plan_of(txn, other)?.entries;
        let about = entries.into_iter().filter(|entry| entry.with.contains(&booking.id) && !entry.waits());
        told.extend(about.map(|entry| (other.id, entry)));
    }
    Ok(told)
}

fn line(txn: &mut Txn<'_>, actor: &Actor, booking: BookingId, entry: &Entry) -> Result<Line, StoreError> {
    let (at, state, tone, words) = match &entry.fate {
        Fate::Waits { .. } => (entry.due, "to_come", "off", "To come".to_owned()),
        Fate::Skipped { at } => (*at, "skipped", "off", "Skipped".to_owned()),
        Fate::Dropped { at, reason } => (*at, "dropped", "warn", reason.clone()),
        Fate::Sent { at, message: None, .. } => (*at, "sent", "ok", "Sent by the server’s own mail".to_owned()),
        Fate::Sent { at, message: Some(message), .. } => {
            let found = messaging::find_message(txn, actor.workspace, *message)?;
            let (tone, words) = found.map_or(("ok", "Sent".to_owned()), |found| outcome(&found.state));
            (*at, "sent", tone, words)
        }
    };
    let what = match entry.before {
        Some(minutes) => format!("{}, {} before", entry.kind.words(), distance(minutes)),
        None => entry.kind.words().to_owned(),
    };
    let also: Vec<&str> = entry.also.iter().filter(|also| also.sent).map(|also| also.email.as_str()).collect();
    let what = if entry.with.len() > 1 { format!("{what}, of {} dates", entry.with.len()) } else { what };
    let what = if also.is_empty() { what } else { format!("{what}, also to {}", also.join(", ")) };
    Ok(Line { booking, number: entry.number, kind: entry.kind, what, at, state, tone, words, waits: entry.waits() })
}

fn outcome(state: &Delivery) -> (&'static str, String) {
    match state {
        Delivery::Sent => ("ok", "Sent".to_owned()),
        Delivery::Queued { waits_for: Some(reason) } => ("off", reason.clone()),
        Delivery::NotSent { reason } | Delivery::Bounced { reason, .. } => ("warn", reason.clone()),
        state => ("off", state.words().to_owned()),
    }
}

/// "1 day", "90 minutes", "2 hours".
pub fn distance(minutes: u32) -> String {
    let of = |length: u32, one: &str, many: &str| crate::base::counted(u64::from(minutes / length), one, many);
    match minutes {
        whole if whole >= 1440 && whole.is_multiple_of(1440) => of(1440, "day", "days"),
        whole if whole >= 60 && whole.is_multiple_of(60) => of(60, "hour", "hours"),
        _ => of(1, "minute", "minutes"),
    }
}

/// "1 day, 1 hour".
pub fn write_distances(all: &[u32]) -> String {
    all.iter().map(|minutes| distance(*minutes)).collect::<Vec<_>>().join(", ")
}

/// Minutes of "1 day, 2 hours, 30 min"; what is no distance is given back.
pub fn read_distances(text: &str) -> Result<Vec<u32>, String> {
    let each = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    each.map(|part| {
        read_distance(part).ok_or_else(|| format!("“{part}” is no time like 1 day, 2 hours or 30 minutes."))
    })
    .collect()
}

fn read_distance(part: &str) -> Option<u32> {
    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    let (number, unit) = part.split_at(end);
    let length = match unit.trim().to_ascii_lowercase().as_str() {
        "d" | "day" | "days" => 24 * 60,
        "h" | "hour" | "hours" => 60,
        "m" | "min" | "minute" | "minutes" => 1,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(length)
}

/// "Tue 24 Nov, 10:30".
pub fn shown_at(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_read_as_people_write_them() {
        let cases = [
            ("1 day, 1 hour", Ok(vec![1440, 60])),
            ("2d; 90 min\n3h", Ok(vec![2880, 90, 180])),
            ("", Ok(vec![])),
            ("soon", Err("soon")),
            ("1 week", Err("1 week")),
            ("99999999 days", Err("99999999 days")),
        ];
        for (text, expected) in cases {
            let read = read_distances(text);
            match expected {
                Ok(minutes) => assert_eq!(read, Ok(minutes), "{text}"),
                Err(part) => assert!(read.is_err_and(|words| words.contains(part)), "{text}"),
            }
        }
        assert_eq!(write_distances(&[2880, 1440, 90, 60, 5]), "2 days, 1 day, 90 minutes, 1 hour, 5 minutes");
    }
}
