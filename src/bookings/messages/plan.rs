//! What is to come: reminders before the meeting, a word after it. Each has a job; the booking's plan says which of
//! them still count. A message leaves in the transaction that notes it and closes its job, so it never leaves twice.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};

use super::model::{Entry, Fate, Kind, Plan, Timing};
use super::send::{dropped, send};
use super::store;
use crate::app::App;
use crate::base::{BookingId, ContactId, UnixMillis};
use crate::bookings::model::{Booking, State};
use crate::bookings::store as bookings;
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::mailer;
use crate::messaging;
use crate::store::{StoreError, Txn};

/// The kind of the job behind one message that is to come.
const MESSAGE: &str = "bookings.message";
const DAY: u32 = 24 * 60;
/// A reminder keeps this distance to the word before it, or a quarter of its own, whichever is less.
const APART: Duration = Duration::from_secs(2 * 3600);

const MOVED: &str = "The meeting was moved.";
const OFF: &str = "The meeting was called off.";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
    contact: ContactId,
    number: u32,
}

/// Plans what is to come for a booking as it stands. What was planned for another time is dropped, also where it waits
/// in the outbox or for the server's relay. Called in the transaction that tells the guest; the caller writes the plan.
pub fn replan(
    txn: &mut Txn<'_>,
    plan: &mut Plan,
    booking: &Booking,
    timing: &Timing,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let is_on = booking.state == State::Confirmed;
    if is_on && plan.start == booking.start && plan.entries.iter().any(|entry| entry.kind.is_planned()) {
        return Ok(());
    }
    drop_all(txn, plan, if is_on { MOVED } else { OFF }, now)?;
    plan.start = booking.start;
    if !is_on {
        return Ok(());
    }
    for minutes in &timing.reminders {
        let due = before(booking, *minutes);
        let apart = APART.min(Duration::from_secs(u64::from(*minutes) * 60 / 4));
        // Booked inside the distance: the confirmation has only just been read.
        if due >= now.plus(apart) {
            add(txn, plan, (Kind::Reminder, Some(*minutes)), due, now)?;
        }
    }
    if let Some(hours) = timing.follow_up_hours {
        let due = booking.end.plus(Duration::from_secs(u64::from(hours) * 3600));
        add(txn, plan, (Kind::FollowUp, None), due, now)?;
    }
    Ok(())
}

/// Whole days are days on the guest's clock: a reminder a day ahead comes at the hour of the meeting, also when the
/// clocks change in between.
fn before(booking: &Booking, minutes: u32) -> UnixMillis {
    let elapsed = booking.start.minus(Duration::from_secs(u64::from(minutes) * 60));
    if minutes == 0 || !minutes.is_multiple_of(DAY) {
        return elapsed;
    }
    let zone = TimeZone::get(&booking.guest_zone).unwrap_or(TimeZone::UTC);
    let days = i64::from(minutes / DAY);
    let at = booking.start.in_zone(&zone).checked_sub(days.days());
    at.map_or(elapsed, |at| UnixMillis::from(at.timestamp()))
}

fn add(
    txn: &mut Txn<'_>,
    plan: &mut Plan,
    (kind, before): (Kind, Option<u32>),
    due: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let number = plan.next_number();
    let payload = Payload { booking: plan.booking, contact: plan.contact, number };
    let job = NewJob::new(MESSAGE, Lane::Steps, plan.workspace, now, &payload).due(due);
    jobs::enqueue(txn, &job)?;
    plan.add(Entry {
        number,
        kind,
        before,
        due,
        fate: Fate::Waits { job: job.id() },
        also: Vec::new(),
        with: Vec::new(),
    });
    Ok(())
}

/// Nothing that waits is sent any more.
pub fn drop_all(txn: &mut Txn<'_>, plan: &mut Plan, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    let workspace = plan.workspace;
    for entry in &mut plan.entries {
        let taken_back = match &entry.fate {
            Fate::Waits { job } => {
                jobs::cancel(txn, *job, reason)?;
                true
            }
            Fate::Sent { message: Some(message), .. } if entry.kind.is_planned() => {
                // One that is leaving in this moment does not leave again should it come back.
                messaging::cancel(txn, workspace, *message, reason)?
            }
            Fate::Sent { letter: Some(letter), .. } if entry.kind.is_planned() => {
                mailer::take_back(txn, *letter, reason)?
            }
            _ => false,
        };
        if taken_back {
            entry.fate = dropped(now, reason);
        }
    }
    Ok(())
}

/// Sends what has fallen due, if it still counts.
pub struct SendPlanned;

impl Task<App> for SendPlanned {
    fn kind(&self) -> &'static str {
        MESSAGE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match run(app, job) {
            Ok(None) => Outcome::Committed,
            Ok(Some(at)) => Outcome::Again { at },
            Err(error) => error.into(),
        }
    }
}

/// Gives the time to come back at when it is not due yet (the clock was set).
fn run(app: &App, job: &Job) -> Result<Option<UnixMillis>, StoreError> {
    let Payload { booking, contact, number } = job.payload()?;
    let (workspace, now) = (job.workspace, app.now());
    app.store.write(|txn| {
        let Some(mut plan) = store::find_plan(txn, workspace, contact, booking)? else {
            return jobs::complete(txn, job).map(|()| None);
        };
        let Some(entry) = plan.entry(number).filter(|entry| entry.waits()).cloned() else {
            return jobs::complete(txn, job).map(|()| None);
        };
        if entry.due > now {
            return Ok(Some(entry.due));
        }
        let booking = bookings::find(txn, workspace, booking)?;
        let fate = match booking.as_ref().map(|booking| (booking, why_not(booking, &plan, &entry, now))) {
            None => dropped(now, "The booking was erased."),
            Some((_, Some(reason))) => dropped(now, reason),
            Some((booking, None)) => {
                let sent = send(app, txn, booking, &mut plan, (entry.kind, ""), &[], now)?;
                sent.unwrap_or_else(|| dropped(now, "The contact was erased."))
            }
        };
        if let Some(entry) = plan.entry(number) {
            entry.fate = fate;
        }
        store::put_plan(txn, &plan)?;
        jobs::complete(txn, job).map(|()| None)
    })
}

/// Why a message that fell due is not sent after all.
fn why_not(booking: &Booking, plan: &Plan, entry: &Entry, now: UnixMillis) -> Option<&'static str> {
    if !booking.state.is_booked() {
        return Some(OFF);
    }
    if booking.start != plan.start {
        return Some(MOVED);
    }
    if entry.kind != Kind::Reminder {
        return plan.was_sent(Kind::NoShow).then_some("The guest did not come.");
    }
    if booking.start <= now {
        return Some("The meeting had begun.");
    }
    // After a rest of the server several may be due at once: the guest gets the last of them.
    let later = |other: &Entry| {
        other.kind == Kind::Reminder
            && other.waits()
            && other.number != entry.number
            && other.due <= now
            && other.due > entry.due
    };
    plan.entries.iter().any(later).then_some("A later reminder was due as well.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bookings::messages::tests::booking;

    #[test]
    fn a_day_before_is_the_same_hour_on_the_guests_clock_also_when_clocks_change() {
        let cases = [
            // London falls back on 25 October 2026, New York on 1 November; Kolkata never changes.
            ("2026-10-25T14:00:00Z", "Europe/London", DAY, "2026-10-24T13:00:00Z"),
            ("2026-10-25T14:00:00Z", "America/New_York", DAY, "2026-10-24T14:00:00Z"),
            ("2026-11-01T15:00:00Z", "America/New_York", DAY, "2026-10-31T14:00:00Z"),
            ("2026-10-26T14:00:00Z", "Europe/London", 2 * DAY, "2026-10-24T13:00:00Z"),
            ("2026-10-25T14:00:00Z", "Asia/Kolkata", DAY, "2026-10-24T14:00:00Z"),
            // Hours are hours.
            ("2026-10-25T01:30:00Z", "Europe/London", 60, "2026-10-25T00:30:00Z"),
            // 29 March 2026, 02:30 does not exist in Berlin: the hour after it.
            ("2026-03-30T00:30:00Z", "Europe/Berlin", DAY, "2026-03-29T01:30:00Z"),
        ];
        for (start, zone, minutes, expected) in cases {
            let start = UnixMillis::parse_rfc3339(start).unwrap();
            let booking = Booking { start, guest_zone: zone.into(), ..booking() };
            assert_eq!(before(&booking, minutes).to_rfc3339(), expected, "{zone} {minutes}");
        }
    }
}
