//! Jobs of identity: mails with a link to a new password, and clearing away what has run out.

use std::time::Duration;

use super::{reset, session, store};
use crate::app::App;
use crate::base::{UnixMillis, UserId, INSTANCE};
use crate::jobs::{self, Handlers, Job, Lane, NewJob, Outcome, Task};
use crate::store::StoreError;

const SWEEP: &str = "identity.sweep";
const EVERY: Duration = Duration::from_secs(3600);

const SEND_RESET: &str = "identity.reset";

/// Writes the mail with a link to a new password. A job of its own, so that the page that asks for it takes as
/// long for a known address as for an unknown one.
struct SendReset;

impl Task<App> for SendReset {
    fn kind(&self) -> &'static str {
        SEND_RESET
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let sent = job.payload::<UserId>().and_then(|user| reset::send(app, user));
        sent.map_or_else(Outcome::from, |()| Outcome::Done)
    }
}

pub(super) fn send_reset(user: UserId, now: UnixMillis) -> NewJob {
    NewJob::new(SEND_RESET, Lane::Housekeeping, INSTANCE, now, &user)
}

struct Sweep;

impl Task<App> for Sweep {
    fn kind(&self) -> &'static str {
        SWEEP
    }

    fn run(&self, app: &App, _: &Job) -> Outcome {
        let now = app.now();
        match store::sweep(&app.store, now, |row| session::is_over(row, &app.config.sessions, now)) {
            Ok(_) => Outcome::Again { at: now.plus(EVERY) },
            Err(error) => error.into(),
        }
    }
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(Sweep).task(SendReset)
}

/// Plans the sweep, once; called at each start.
pub fn schedule(app: &App) -> Result<(), StoreError> {
    let job = NewJob::new(SWEEP, Lane::Housekeeping, INSTANCE, app.now(), &()).once("sweep").max_attempts(u32::MAX);
    app.store.write(|txn| jobs::enqueue(txn, &job).map(drop))
}
