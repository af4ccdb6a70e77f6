//! The repeating job that looks for answers in one mailbox.

use super::poll::{poll_now, PollError};
use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::{self, PollMailbox, Use, POLL_MAILBOX};
use crate::jobs::{self, Job, Outcome, Task};
use crate::providers::ProviderError;
use crate::store::StoreError;

pub struct PollTask;

impl Task<App> for PollTask {
    fn kind(&self) -> &'static str {
        POLL_MAILBOX
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let mailbox: PollMailbox = match job.payload() {
            Ok(mailbox) => mailbox,
            Err(error) => return Outcome::Dead { reason: error.to_string() },
        };
        let every = app.config.jobs.mailbox_poll;
        match poll_now(app, mailbox.workspace, mailbox.connection) {
            Ok(_) => again(app.now().plus(every)),
            Err(PollError::Provider(error)) => again(after(app, &error)),
            Err(PollError::Ended) => end_unless_working(app, job, mailbox),
            Err(PollError::Store(error)) => error.into(),
        }
    }
}

fn again(at: UnixMillis) -> Outcome {
    Outcome::Again { at }
}

/// What went wrong stands with the connection; here it only says when to look again. A connection that needs its
/// owner ends its job at that look.
fn after(app: &App, error: &ProviderError) -> UnixMillis {
    let (now, every) = (app.now(), app.config.jobs.mailbox_poll);
    match error {
        ProviderError::Retry { after: Some(after), .. } => now.plus((*after).max(every)),
        ProviderError::Quota { until: Some(until), .. } => (*until).max(now.plus(every)),
        ProviderError::Quota { until: None, .. } => now.plus(every.max(std::time::Duration::from_secs(900))),
        _ => now.plus(every),
    }
}

/// Closes the job in a transaction that sees the connection still not working: a renewal meanwhile found this job
/// open and planned no other.
fn end_unless_working(app: &App, job: &Job, mailbox: PollMailbox) -> Outcome {
    let ended = app.store.write(|txn| {
        let connection = connections::find(txn, mailbox.workspace, mailbox.connection)?;
        if connection.is_some_and(|connection| connection.state.is_working() && connection.can(Use::Outreach)) {
            return Ok(false);
        }
        jobs::complete(txn, job)?;
        Ok::<_, StoreError>(true)
    });
    match ended {
        Ok(true) => Outcome::Committed,
        Ok(false) => again(app.now()),
        Err(error) => error.into(),
    }
}
