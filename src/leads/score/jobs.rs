//! Scores follow what happens: one contact by its own events, all of them when the rules or many rows changed.

use serde::{Deserialize, Serialize};

use super::service;
use super::store;
use crate::app::App;
use crate::base::{Cursor, UnixMillis, WorkspaceId};
use crate::events::{Event, Happened, Start, Subscriber, Subscribers};
use crate::jobs::{self, Handlers, Job, Lane, NewJob, Outcome, Task};
use crate::store::{Dir, StoreError};
use crate::workspaces;

const COUNT_ALL: &str = "leads.count_all";
/// Contacts of one step; the job looks between two steps whether it is to stop.
const PAGE: usize = 100;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Everybody {}

pub(super) fn count_all(workspace: WorkspaceId, now: UnixMillis) -> NewJob {
    NewJob::new(COUNT_ALL, Lane::Housekeeping, workspace, now, &Everybody {}).max_attempts(u32::MAX)
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(CountAll)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(Follow)]
}

/// Counts the contacts of workspaces that have no score yet: those that were there before this version.
pub fn plan_all(app: &App) -> Result<(), StoreError> {
    for workspace in workspaces::list_all(&app.store)? {
        if store::list(&app.store, workspace.id, None, Dir::Forward, 1)?.rows.is_empty() {
            plan(app, workspace.id)?;
        }
    }
    Ok(())
}

fn plan(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    let job = count_all(workspace, app.now()).once("many rows changed");
    app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)
}

struct CountAll;

impl Task<App> for CountAll {
    fn kind(&self) -> &'static str {
        COUNT_ALL
    }

    /// Cut off, it begins again: a score that is right already costs no write.
    fn run(&self, app: &App, job: &Job) -> Outcome {
        let mut after: Option<Cursor> = None;
        loop {
            match service::count_some(app, job.workspace, after.as_ref(), PAGE) {
                Ok(None) | Err(StoreError::KeyGone) => return Outcome::Done,
                Ok(next) => after = next,
                Err(error) => return error.into(),
            }
        }
    }
}

struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "leads.score"
    }

    /// What stood before is counted at the start.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        use Happened as H;
        match &event.what {
            H::ContactsImported { .. } | H::SuppressionLifted => plan(app, event.workspace),
            H::AddressesChecked { contact: None, .. } | H::Suppressed { contact: None, .. } => {
                plan(app, event.workspace)
            }
            H::ContactCreated { contact }
            | H::ContactChanged { contact }
            | H::ContactErased { contact }
            | H::AddressesChecked { contact: Some(contact), .. }
            | H::Suppressed { contact: Some(contact), .. }
            | H::Unsubscribed { contact: Some(contact), .. }
            | H::Complained { contact, .. }
            | H::MessageBounced { contact, .. }
            | H::ReplyClassified { contact, .. }
            | H::ReplyCorrected { contact, .. }
            | H::BookingConfirmed { contact, .. }
            | H::BookingCancelled { contact, .. } => service::count(app, event.workspace, *contact),
            _ => Ok(()),
        }
    }
}
