//! Video links that the provider makes only after the event: looked for a few times, then the guest is told
//! without; the link then stands in the invitation. The guests of a group have no invitation of the provider's, so for them
//! it is looked for until the meeting begins.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::Booking;
use super::store;
use super::tell::tell;
use crate::app::App;
use crate::availability::with_calendar;
use crate::base::{BookingId, UnixMillis};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::calendar::MeetLink;
use crate::store::{StoreError, Txn};

/// The kind of the job that looks for one booking's link.
pub const LINK: &str = "bookings.link";
/// Pauses before each look, in seconds (developers.google.com: a conference is made within seconds).
const PAUSES: [u64; 4] = [1, 2, 4, 8];
/// Between later looks, for those whom nobody else tells.
const LATER: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
    look: usize,
}

/// Begins looking.
pub fn look_for(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let job = look(booking, 0, now);
    jobs::enqueue(txn, &job).map(|_| ())
}

fn look(booking: &Booking, look: usize, now: UnixMillis) -> NewJob {
    let pause = PAUSES.get(look).map_or(LATER, |seconds| Duration::from_secs(*seconds));
    let payload = Payload { booking: booking.id, look };
    NewJob::new(LINK, Lane::CalendarSync, booking.workspace, now, &payload).due(now.plus(pause))
}

pub struct FindLink;

impl Task<App> for FindLink {
    fn kind(&self) -> &'static str {
        LINK
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        find_link(app, job).unwrap_or_else(Outcome::from)
    }
}

fn find_link(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { booking: id, look: nth } = job.payload()?;
    let now = app.now();
    let Some(booking) = store::get(&app.store, job.workspace, id)? else { return Ok(Outcome::Done) };
    let (Some(connection), Some(event)) = (booking.connection, &booking.event_id) else { return Ok(Outcome::Done) };
    let meet =
        with_calendar(app, job.workspace, connection, |calendar| calendar.get_event(&booking.calendar_id, event))
            .map_or(MeetLink::Pending, |event| event.meet);
    let next = look(&booking, nth + 1, now);
    app.store.write(|txn| {
        let Some(before) = store::find(txn, job.workspace, id)? else { return jobs::complete(txn, job) };
        if before.event_id != booking.event_id {
            // It has moved away meanwhile, and is written anew.
            return jobs::complete(txn, job);
        }
        let goes_on = before.details.session.is_some() && before.state.is_booked() && before.start > now;
        if meet == MeetLink::Pending && (nth + 1 < PAUSES.len() || goes_on) {
            jobs::enqueue(txn, &next)?;
            if nth + 1 != PAUSES.len() {
                return jobs::complete(txn, job);
            }
        }
        let mut booking = before.clone();
        if let MeetLink::Ready(link) = &meet {
            booking.video_link = Some(link.clone());
            if goes_on && !before.is_unwritten() && booking.told >= booking.version {
                // They were told without: the link is news of its own, which the calendar knows.
                booking.version += 1;
                booking.written = booking.version;
            }
        }
        tell(app, txn, &mut booking, now)?;
        store::put(txn, &booking, Some(&before))?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}
