//! What happened put on its way, and the letter when the address is switched off.

use uuid::Uuid;

use super::effect::{TellThere, TRIES};
use super::model::State;
use super::store;
use super::told::Tell;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::events::{Event, Start, Subscriber, Subscribers};
use crate::jobs::{self, Class, Handlers, Job, Lane, NewJob, Outcome, Task};
use crate::mailer;
use crate::store::StoreError;
use crate::workspaces::Warning;

pub(super) const TELL: &str = "leads.out";
const LETTER: &str = "leads.out_letter";

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.effect(TellThere).task(Letter)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(Follow)]
}

/// Messages of one workspace go one after the other.
fn serial_of(workspace: WorkspaceId) -> Uuid {
    Uuid::from_u128(workspace.0.as_u128() ^ 0xD0)
}

pub(super) fn letter_job(workspace: WorkspaceId, now: UnixMillis) -> NewJob {
    NewJob::new(LETTER, Lane::Web, workspace, now, &()).once("off")
}

struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "leads.out"
    }

    /// A reaction: what happened before there was an address is not told.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let endpoint = store::get(&app.store, event.workspace)?.filter(|endpoint| endpoint.is_on());
        let Some(tell) = endpoint.and_then(|endpoint| Tell::of(event, endpoint.wants)) else { return Ok(()) };
        let job = NewJob::new(TELL, Lane::Web, event.workspace, app.now(), &tell)
            .serial(serial_of(event.workspace))
            .class(Class::Keyed)
            .max_attempts(TRIES + 1)
            .once(format!("event {}", event.number));
        app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)
    }
}

/// Tells the owners that nothing is sent any more.
struct Letter;

impl Task<App> for Letter {
    fn kind(&self) -> &'static str {
        LETTER
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match tell_owners(app, job) {
            Ok(()) => Outcome::Committed,
            Err(error) => error.into(),
        }
    }
}

fn tell_owners(app: &App, job: &Job) -> Result<(), StoreError> {
    let found = store::get(&app.store, job.workspace)?.map(|endpoint| (endpoint.url.clone(), endpoint.state));
    let letters = match found {
        Some((url, State::Off { reason, .. })) => {
            let host = url::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            let warning = Warning {
                title: "Your webhook was switched off",
                reason: &format!("{host} took no message for hours. The last try: {reason}."),
                meanwhile:
                    "Nothing is sent there until you switch it on again. What happens meanwhile is not sent later.",
                path: "/webhook",
                go: "Look at it",
            };
            warning.letters(app, job.workspace, app.now())?
        }
        _ => Vec::new(),
    };
    app.store.write(|txn| {
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))?;
        jobs::complete(txn, job)
    })
}
