//! Pulling by the hour, and what happened put on its way to the systems that want to know.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::effect::{What, Write, WriteThere, WRITE};
use super::model::{Report, System, Vendor};
use super::pull::{self, PullError};
use super::store;
use crate::app::App;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::events::{Ended, Event, Happened, Start, Subscriber, Subscribers};
use crate::http::ui::reply_badge;
use crate::jobs::{self, Class, Handlers, Job, Lane, NewJob, Outcome, Task};
use crate::leads::LeadError;
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

const PULL: &str = "leads.crm_pull";
const HOURLY: Duration = Duration::from_secs(3600);
/// Of a write, an hour apart at most: a day and a half.
const TRIES: u32 = 40;
/// Between two pages: HubSpot answers four searches a second.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    vendor: Vendor,
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(PullPage).effect(WriteThere)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(Follow)]
}

/// Calls to one system of one workspace go one after the other.
fn serial_of(workspace: WorkspaceId, vendor: Vendor) -> Uuid {
    Uuid::from_u128(workspace.0.as_u128() ^ (0xC0 + vendor as u128))
}

fn pull_job(workspace: WorkspaceId, vendor: Vendor, at: UnixMillis) -> NewJob {
    NewJob::new(PULL, Lane::Web, workspace, at, &Payload { vendor })
        .serial(serial_of(workspace, vendor))
        .once(vendor.as_str())
        .max_attempts(u32::MAX)
}

/// Begins a pull, unless one is at work.
pub(super) fn plan_pull(txn: &mut Txn<'_>, system: &mut System, now: UnixMillis) -> Result<(), StoreError> {
    if !system.pull.is_running {
        system.pull.is_running = true;
        (system.pull.cursor, system.pull.begun_at) = (None, Some(now));
        system.pull.report = Some(Report { at: now, ..Report::default() });
    }
    let id = jobs::enqueue(txn, &pull_job(system.workspace, system.vendor, now))?;
    jobs::hurry(txn, id, now)
}

/// The next look for changes, where the owner wants that.
pub(super) fn plan_hourly(txn: &mut Txn<'_>, system: &System, now: UnixMillis) -> Result<(), StoreError> {
    if system.keeps_up {
        jobs::enqueue(txn, &pull_job(system.workspace, system.vendor, now.plus(HOURLY)))?;
    }
    Ok(())
}

pub(super) fn person_job(workspace: WorkspaceId, vendor: Vendor, contact: ContactId, now: UnixMillis) -> NewJob {
    write_job(workspace, Write { vendor, contact, what: What::Person }, now)
        .once(format!("{} {contact}", vendor.as_str()))
}

fn write_job(workspace: WorkspaceId, write: Write, now: UnixMillis) -> NewJob {
    NewJob::new(WRITE, Lane::Web, workspace, now, &write)
        .serial(serial_of(workspace, write.vendor))
        .class(Class::Once)
        .max_attempts(TRIES)
}

/// What waited for the owner goes on at once.
pub(super) fn go_on(txn: &mut Txn<'_>, workspace: WorkspaceId, vendor: Vendor) -> Result<(), StoreError> {
    jobs::lift_pace(txn, Lane::Web, serial_of(workspace, vendor))
}

struct PullPage;

impl Task<App> for PullPage {
    fn kind(&self) -> &'static str {
        PULL
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let done = job.payload::<Payload>().map_err(LeadError::from).and_then(|payload| turn(app, job, payload.vendor));
        match done {
            Ok(outcome) => outcome,
            Err(LeadError::Store(error)) => error.into(),
            Err(error) => Outcome::Retry { after: None, reason: error.to_string() },
        }
    }
}

/// One page a turn; behind the last one the next hour, where changes are followed.
fn turn(app: &App, job: &Job, vendor: Vendor) -> Result<Outcome, LeadError> {
    let workspace = job.workspace;
    let Some(mut system) = store::get(&app.store, workspace, vendor)? else { return Ok(Outcome::Done) };
    let now = app.now();
    if !system.pull.is_running {
        if !system.keeps_up {
            return Ok(Outcome::Done);
        }
        system.pull.is_running = true;
        (system.pull.cursor, system.pull.begun_at) = (None, Some(now));
        system.pull.report = Some(Report { at: now, ..Report::default() });
        let begun = system.pull.clone();
        store::update(&app.store, workspace, vendor, |system| system.pull = begun.clone())?;
    }
    let account = system.account_key();
    let mut report = system.pull.report.clone().unwrap_or_default();
    let next = match pull::page(app, workspace, vendor, &mut report) {
        Ok(next) => next,
        Err(PullError::Provider(ProviderError::Retry { after, reason })) => {
            return Ok(Outcome::Retry { after, reason })
        }
        Err(PullError::Provider(ProviderError::Quota { until, .. })) => {
            return Ok(Outcome::Again { at: until.unwrap_or_else(|| now.plus(HOURLY)) })
        }
        Err(PullError::Provider(error)) => {
            // The page says what the owner has to do; connecting again plans the next pull.
            report.reasons.insert(0, (vendor.name().to_owned(), error.to_string()));
            store::update(&app.store, workspace, vendor, |system| {
                if system.account_key() != account {
                    return;
                }
                system.pull.is_running = false;
                system.pull.report = Some(report.clone());
            })?;
            return Ok(Outcome::Done);
        }
        Err(PullError::Lead(error)) => return Err(error),
    };
    let keeps_up = system.keeps_up;
    store::update(&app.store, workspace, vendor, |system| {
        // Where another account was connected meanwhile, this page was not of it.
        if system.account_key() != account {
            return;
        }
        system.pull.report = Some(report.clone());
        system.pull.cursor.clone_from(&next);
        if next.is_none() {
            system.pull.is_running = false;
            system.pull.since = system.pull.begun_at.map(pull::next_since);
        }
    })?;
    Ok(match next {
        Some(_) => Outcome::Again { at: now.plus(PAUSE) },
        None if keeps_up => Outcome::Again { at: now.plus(HOURLY) },
        None => Outcome::Done,
    })
}

struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "leads.crm"
    }

    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let Some((contact, text)) = told(&event.what) else { return Ok(()) };
        for vendor in Vendor::ALL {
            let system = store::get(&app.store, event.workspace, vendor)?;
            if system.is_some_and(|system| is_wanted(&system, &event.what)) {
                let what = What::Note { event: event.number, text: text.clone(), at: event.at };
                let job = write_job(event.workspace, Write { vendor, contact, what }, app.now()).once(format!(
                    "{} event {}",
                    vendor.as_str(),
                    event.number
                ));
                app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)?;
            }
        }
        Ok(())
    }
}

fn is_wanted(system: &System, what: &Happened) -> bool {
    use Happened as H;
    let writes = system.writes;
    match what {
        H::ReplyClassified { .. } | H::ReplyCorrected { .. } => writes.labels,
        H::BookingConfirmed { .. } | H::BookingMoved { .. } | H::BookingCancelled { .. } => writes.meetings,
        H::Enrolled { .. } | H::EnrolmentEnded { .. } | H::Unsubscribed { .. } => writes.status,
        _ => false,
    }
}

/// What happened with a contact, as a note says it. No word of any message.
fn told(what: &Happened) -> Option<(ContactId, String)> {
    use Happened as H;
    let text = match what {
        H::ReplyClassified { label, .. } => format!("Answered. Read as: {}.", reply_badge(label).words),
        H::ReplyCorrected { label, .. } => format!("The answer means: {}.", reply_badge(label).words),
        H::BookingConfirmed { .. } => "A meeting was booked.".to_owned(),
        H::BookingMoved { .. } => "The meeting was moved.".to_owned(),
        H::BookingCancelled { ended: Ended::Meeting, .. } => "The meeting was cancelled.".to_owned(),
        H::BookingCancelled { ended, .. } => format!("{}.", ended.words()),
        H::Enrolled { .. } => "Joined a sequence.".to_owned(),
        H::EnrolmentEnded { reason, .. } => format!("The sequence ended: {reason}"),
        H::Unsubscribed { .. } => "Opted out of mail.".to_owned(),
        _ => return None,
    };
    Some((what.contact()?, text))
}
