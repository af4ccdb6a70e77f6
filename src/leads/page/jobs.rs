//! Reading a page: one call a turn, each with the host's pause behind it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::model::{Reading, State};
use super::{service, store};
use crate::app::App;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::contacts;
use crate::jobs::{self, Handlers, Job, Lane, NewJob, Outcome, Task};
use crate::providers::outbound::NoLog;
use crate::providers::web_page::{self, Got};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

const READ_PAGE: &str = "leads.read_page";
/// Between two calls to a host, unless it wants more.
const GAP: Duration = Duration::from_secs(5);
/// Redirects followed.
const MOST_HOPS: u8 = 5;
/// A host that cannot be asked is tried so often, over about an hour.
const TRIES: u32 = 6;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    contact: ContactId,
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(ReadPage)
}

/// Plans the next call of a reading. All readings of one host are one serial, whoever asked for them.
pub(super) fn plan(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reading: &Reading,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let job = NewJob::new(READ_PAGE, Lane::Web, workspace, at, &Payload { contact: reading.contact })
        .serial(serial_of(&reading.at))
        .max_attempts(TRIES);
    jobs::enqueue(txn, &job).map(drop)
}

/// The same for every page of a host, also for two workspaces at once: the pause is the host's.
fn serial_of(url: &str) -> Uuid {
    use sha2::{Digest, Sha256};
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_lowercase)).unwrap_or_default();
    let digest = Sha256::digest(format!("host of a web page: {host}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

struct ReadPage;

impl Task<App> for ReadPage {
    fn kind(&self) -> &'static str {
        READ_PAGE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        job.payload().and_then(|payload: Payload| turn(app, job, payload.contact)).unwrap_or_else(Outcome::from)
    }
}

/// What one call changes about the reading.
enum Next {
    /// One more call is needed.
    Call(Step),
    Read {
        found: Vec<web_page::Found>,
        source: String,
    },
    Refused(String),
}

/// Where the next call goes.
enum Step {
    /// The host lets us; its pause in seconds.
    Allowed { host: String, at: UnixMillis, pause_seconds: u64 },
    /// Another host is asked first; another path of this one has to be allowed as well.
    Moved(Url),
}

impl Step {
    fn of(&self, reading: &Reading) -> Reading {
        match self {
            Step::Allowed { host, at, pause_seconds } => {
                Reading { allowed: Some((host.clone(), *at)), pause_seconds: *pause_seconds, ..reading.clone() }
            }
            Step::Moved(to) => Reading { at: to.to_string(), hops: reading.hops + 1, allowed: None, ..reading.clone() },
        }
    }
}

fn turn(app: &App, job: &Job, contact: ContactId) -> Result<Outcome, StoreError> {
    let workspace = job.workspace;
    let reading = store::get(&app.store, workspace, contact)?.filter(|reading| reading.state == State::Waiting);
    let known = contacts::get(&app.store, workspace, contact)?.filter(|contact| !contact.restricted);
    let (Some(reading), Some(_)) = (reading, known) else { return Ok(Outcome::Done) };
    let called = call(app, &reading);
    let now = app.now();
    let pause = GAP.max(Duration::from_secs(reading.pause_seconds));
    let next = match called {
        Ok(next) => next,
        Err(ProviderError::Retry { after, reason }) if job.attempt + 1 < TRIES => {
            app.store.write(|txn| jobs::keep_pace(txn, Lane::Web, serial_of(&reading.at), now.plus(pause)))?;
            return Ok(Outcome::Retry { after, reason });
        }
        Err(error) => Next::Refused(in_words(&error)),
    };
    app.store.write(|txn| {
        jobs::keep_pace(txn, Lane::Web, serial_of(&reading.at), now.plus(pause))?;
        jobs::complete(txn, job)?;
        // What was erased, forgotten or asked anew during the call stays so.
        match still_waiting(txn, workspace, &reading)? {
            Some(as_it_stands) => go_on(txn, workspace, &as_it_stands, &next, now),
            None => Ok(()),
        }
    })?;
    Ok(Outcome::Committed)
}

/// The row of the reading as it is now, unless nobody waits for this call any more.
pub(super) fn still_waiting(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    asked: &Reading,
) -> Result<Option<Reading>, StoreError> {
    let known = contacts::find(txn, workspace, asked.contact)?.filter(|contact| !contact.restricted);
    if known.is_none() {
        return Ok(None);
    }
    let row = store::find(txn, workspace, asked.contact)?;
    Ok(row.filter(|row| row.state == State::Waiting && row.asked_at == asked.asked_at))
}

fn go_on(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reading: &Reading,
    next: &Next,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match next {
        Next::Call(step) => {
            let changed = step.of(reading);
            store::put(txn, workspace, &changed)?;
            plan(txn, workspace, &changed, now)
        }
        Next::Refused(words) => service::refuse(txn, workspace, reading, words, now),
        Next::Read { found, source } => {
            let mut after = reading.clone();
            after.take(found, source, now);
            store::put(txn, workspace, &after)?;
            service::write_fields(txn, workspace, Some(reading), &after, now)
        }
    }
}

/// robots.txt of a host that was not asked yet, else the page.
fn call(app: &App, reading: &Reading) -> Result<Next, ProviderError> {
    let broken = |_| ProviderError::Rejected { reason: "the address cannot be read".into() };
    let url = Url::parse(&reading.at).map_err(broken)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if reading.allowed.as_ref().is_none_or(|(known, _)| *known != host) {
        let robots = web_page::robots(&app.outbound, &url, &NoLog)?;
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        if !robots.allows(&path) {
            let words =
                format!("{host} asks programs not to read this page (robots.txt). Look at it yourself instead.");
            return Ok(Next::Refused(words));
        }
        let pause_seconds = robots.pause().map_or(0, |pause| pause.as_secs());
        return Ok(Next::Call(Step::Allowed { host, at: app.now(), pause_seconds }));
    }
    match web_page::fetch(&app.outbound, &url, &NoLog)? {
        Got::Page(page) => Ok(Next::Read { found: web_page::read(&page), source: page.url.to_string() }),
        Got::Moved(_) if reading.hops >= MOST_HOPS => {
            Ok(Next::Refused("The page leads on and on. Give the address at which it ends.".to_owned()))
        }
        Got::Moved(to) => Ok(Next::Call(Step::Moved(to))),
    }
}

fn in_words(error: &ProviderError) -> String {
    match error {
        ProviderError::NotFound | ProviderError::Gone => {
            "There is no such page. Correct the address, or leave the path away.".to_owned()
        }
        ProviderError::Retry { reason, .. } => format!("The site could not be asked: {reason}. Try again tomorrow."),
        ProviderError::Rejected { reason } => format!("It was not read: {reason}."),
        other => format!("It was not read: {other}."),
    }
}
