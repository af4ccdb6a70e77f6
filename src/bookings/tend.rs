//! What a group has at a time is brought to those who sit there: told no act, only which group, so that a repeat is
//! harmless and whoever is last takes event and meeting along.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calendar::{drop_it, performed, OWNER_ACTS};
use super::group::Sitting;
use super::host;
use super::shared_event;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, State};
use crate::jobs::{self, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Settled};
use crate::store::{StoreError, Txn};

/// The kind of the job that tends one group's event or meeting.
pub const TEND: &str = "bookings.group";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    sitting: Sitting,
    /// The calendar's account, or that of the service.
    account: ConnectionId,
    what: What,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Event,
    Meeting,
}

/// Plans a look at what the group has, each at its own account.
pub fn plan(txn: &mut Txn<'_>, workspace: WorkspaceId, sitting: &Sitting, now: UnixMillis) -> Result<(), StoreError> {
    let accounts = [(sitting.connection, What::Event), (sitting.host.map(|(_, account)| account), What::Meeting)];
    for (account, what) in accounts {
        let Some(account) = account else { continue };
        let payload = Payload { sitting: sitting.clone(), account, what };
        let job = NewJob::new(TEND, Lane::CalendarSync, workspace, now, &payload)
            .serial(account.0)
            .class(Class::Keyed)
            .max_attempts(20);
        jobs::enqueue(txn, &job)?;
    }
    Ok(())
}

pub struct TendGroup;

impl Effect<App> for TendGroup {
    fn kind(&self) -> &'static str {
        TEND
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let Payload { account, .. } = job.payload()?;
        let later = |at, reason| Ok(Prepared::Later { at, whole_serial: true, reason });
        match connections::find(txn, job.workspace, account)?.map(|account| account.state) {
            Some(State::Waiting { until, reason }) if until > now => later(until, reason),
            Some(State::Working | State::Waiting { .. }) => Ok(Prepared::Go(Box::new(()))),
            Some(State::NeedsOwner { reason, .. }) => later(now.plus(OWNER_ACTS), reason),
            Some(State::Disconnected { .. }) | None => drop_it("The account is no longer connected."),
        }
    }

    fn perform(&self, app: &App, job: &Job, _: Ready) -> Performed {
        let payload: Payload = match job.payload() {
            Ok(payload) => payload,
            Err(error) => return super::calendar::refused(&error.to_string()),
        };
        let tended = match payload.what {
            What::Event => shared_event::tend(app, job.workspace, payload.account, payload.sitting),
            What::Meeting => host::tend(app, job.workspace, payload.account, payload.sitting),
        };
        match tended {
            Ok(()) => Performed::Done { answer: Value::Null },
            Err(error) => performed(app, error),
        }
    }

    fn settle(&self, _: &App, _: &mut Txn<'_>, _: &Job, _: &Performed, _: UnixMillis) -> Result<Settled, StoreError> {
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        // Never asked: a keyed effect is repeated, and the repeat looks at what is there.
        Reconciled::Absent
    }
}
