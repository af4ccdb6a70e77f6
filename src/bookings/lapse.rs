//! A proposed time that passes before anybody decided.

use serde::{Deserialize, Serialize};

use super::hold::{give_back, reopen};
use super::messages::{self, Kind};
use super::model::{Booking, State};
use super::paid;
use super::series;
use super::store;
use crate::app::App;
use crate::base::{BookingId, UnixMillis};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::messaging;
use crate::store::StoreError;

/// The kind of the job that ends one proposal.
const LAPSE: &str = "bookings.lapse";
const REASON: &str = "The proposed time passed before anybody decided.";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
}

/// Looks at a proposal when its time has come.
pub(super) fn job(proposal: &Booking, now: UnixMillis) -> NewJob {
    let payload = Payload { booking: proposal.id };
    NewJob::new(LAPSE, Lane::Housekeeping, proposal.workspace, now, &payload).due(proposal.start)
}

pub struct Lapse;

impl Task<App> for Lapse {
    fn kind(&self) -> &'static str {
        LAPSE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match lapse(app, job) {
            Ok(None) => Outcome::Committed,
            Ok(Some(at)) => Outcome::Again { at },
            Err(error) => error.into(),
        }
    }
}

/// Ends the proposal and leaves its answer to a person; gives the time to come back when it has not passed (the clock
/// was set).
fn lapse(app: &App, job: &Job) -> Result<Option<UnixMillis>, StoreError> {
    let Payload { booking } = job.payload()?;
    let (workspace, now) = (job.workspace, app.now());
    app.store.write(|txn| {
        if let Some(before) = store::find(txn, workspace, booking)?.filter(|booking| booking.state.is_proposed()) {
            if before.start > now {
                return Ok(Some(before.start));
            }
            if before.is_request() && before.details.series.is_some() {
                series::lapse(app, txn, &before, REASON, now)?;
                return jobs::complete(txn, job).map(|()| None);
            }
            let mut ended = Booking { state: State::Cancelled { reason: REASON.to_owned() }, ..before.clone() };
            ended.note(now, REASON);
            if before.is_request() {
                give_back(txn, &before)?;
                paid::let_go(txn, &ended, now, now)?;
                messages::tell(app, txn, &ended, Kind::Declined, "", now)?;
                // It counted as handled while it waited for a decision.
                if let Some(reply) = before.reply {
                    reopen(txn, workspace, reply)?;
                }
            }
            store::put(txn, &ended, Some(&before))?;
            let reply = match before.reply {
                Some(reply) => messaging::find_reply(txn, workspace, reply)?,
                None => None,
            };
            if let Some(reply) = reply.filter(|reply| reply.handled_at.is_none()) {
                store::leave_to_person(txn, &reply, REASON, now)?;
            }
        }
        jobs::complete(txn, job).map(|()| None)
    })
}
