//! An account was removed at its service by its own person: what came from it goes from the bookings, too.

use serde::{Deserialize, Serialize};

use super::model::Booking;
use super::store;
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::connections::{self, Kind};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::StoreError;

/// The kind of the job that goes through a workspace's bookings.
pub const FORGET: &str = "bookings.forget_account";
/// Bookings looked at together.
const BATCH: usize = 50;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    account: ConnectionId,
}

/// Plans it where the account's person ended it there. One that was disconnected here leaves its meetings as they are.
pub fn plan(app: &App, workspace: WorkspaceId, account: ConnectionId) -> Result<(), StoreError> {
    let found = connections::get(&app.store, workspace, account)?;
    let is_withdrawn = found.is_some_and(|one| matches!(one.kind, Kind::Meetings(account) if account.is_withdrawn));
    if !is_withdrawn {
        return Ok(());
    }
    let job = NewJob::new(FORGET, Lane::Housekeeping, workspace, app.now(), &Payload { account })
        .once(account.to_string())
        .max_attempts(u32::MAX);
    app.store.write(|txn| jobs::enqueue(txn, &job).map(|_| ()))
}

pub struct ForgetAccount;

impl Task<App> for ForgetAccount {
    fn kind(&self) -> &'static str {
        FORGET
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let forgotten = job.payload().and_then(|Payload { account }| forget(app, job.workspace, account));
        forgotten.map_or_else(Outcome::from, |()| Outcome::Done)
    }
}

/// Ids, links and passcodes. The events in the workspace's own calendar are its own and stay.
fn forget(app: &App, workspace: WorkspaceId, account: ConnectionId) -> Result<(), StoreError> {
    let now = app.now();
    let mut before = None;
    loop {
        let page = store::list_newest(&app.store, workspace, before.as_ref(), BATCH)?;
        let held = |booking: &&Booking| booking.host().is_some_and(|(_, host)| host == account);
        for id in page.rows.iter().filter(held).map(|booking| booking.id) {
            app.store.write(|txn| {
                let Some(current) = store::find(txn, workspace, id)? else { return Ok(()) };
                let mut bare = Booking { video_link: None, ..current.clone() };
                bare.hosted.forget();
                // Of what is over nobody needs to hear.
                bare.hosted.is_given_up = bare.state.is_booked() && bare.end > now;
                store::put(txn, &bare, Some(&current))
            })?;
        }
        match page.next {
            Some(next) => before = Some(next),
            None => return Ok(()),
        }
    }
}
