//! Addresses are looked at as they come in, file by file, and all of them again once a day where it is due.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::look;
use super::model::{DomainMail, ImportTally, TakesMail};
use super::service;
use super::store::{self, Tally};
use crate::app::App;
use crate::base::{ContactId, Cursor, EmailAddress, ImportId, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact, Source};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::StoreError;
use crate::workspaces;

/// The kind of the job that looks at one contact's addresses.
pub const CHECK: &str = "addresses.check";
const SURVEY: &str = "addresses.survey";
const DAILY: Duration = Duration::from_secs(86_400);
/// Contacts of one turn, and domains asked about in it.
const PAGE: usize = 200;
const DOMAINS: usize = 30;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct One {
    contact: ContactId,
}

/// A walk over the contacts, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Walk {
    /// Only those of this file; else everybody, once a day.
    import: Option<ImportId>,
}

/// Plans the daily walk of every workspace. Called at the start; again is harmless.
pub fn plan_all(app: &App) -> Result<(), StoreError> {
    workspaces::list_all(&app.store)?.iter().try_for_each(|workspace| plan_walk(app, workspace.id, None))
}

fn plan_walk(app: &App, workspace: WorkspaceId, import: Option<ImportId>) -> Result<(), StoreError> {
    let key = import.map_or_else(|| "daily".to_owned(), |import| import.to_string());
    let job = NewJob::new(SURVEY, Lane::Web, workspace, app.now(), &Walk { import }).once(key);
    app.store.write(|txn| jobs::enqueue(txn, &job.clone().max_attempts(u32::MAX))).map(drop)
}

/// The task behind `CHECK`.
pub(super) struct CheckContact;

impl Task<App> for CheckContact {
    fn kind(&self) -> &'static str {
        CHECK
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let done = job.payload::<One>().and_then(|one| match contacts::get(&app.store, job.workspace, one.contact)? {
            Some(contact) => service::check(app, &contact, None),
            None => Ok(()),
        });
        done.map_or_else(Outcome::from, |()| Outcome::Done)
    }
}

/// The task behind `SURVEY`. It goes through all pages in one run: between two there is only DNS to wait for, and a run
/// that is cut off finds the domains it has asked about already fresh.
pub(super) struct Survey;

impl Task<App> for Survey {
    fn kind(&self) -> &'static str {
        SURVEY
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let walked = job.payload::<Walk>().and_then(|walk| survey(app, job.workspace, &walk).map(|()| walk));
        match walked {
            Ok(Walk { import: None }) => Outcome::Again { at: app.now().plus(DAILY) },
            Ok(_) => Outcome::Done,
            Err(StoreError::KeyGone) => Outcome::Done,
            Err(error) => error.into(),
        }
    }
}

fn survey(app: &App, workspace: WorkspaceId, walk: &Walk) -> Result<(), StoreError> {
    let mut tally = ImportTally::default();
    let mut after: Option<Cursor> = None;
    let (mut asked, mut has_begun, mut is_silent) = (0, false, false);
    loop {
        let page = contacts::list_newest(&app.store, workspace, after.as_ref(), PAGE)?;
        let of_file = |contact: &&Contact| walk.import.is_none_or(|import| contact.source == Source::Import(import));
        let wanted: Vec<&Contact> = page.rows.iter().filter(of_file).collect();
        let looked = look_at(app, workspace, &wanted, is_silent)?;
        asked += looked.asked;
        is_silent = looked.is_silent;
        for address in wanted.iter().filter_map(|contact| contact.address()) {
            tally.count(address, looked.known.get(address.domain()).map(|known| known.takes));
        }
        // A file's contacts lie together: the first page without any is behind them.
        let is_behind = walk.import.is_some() && wanted.is_empty() && has_begun;
        has_begun |= !wanted.is_empty();
        after = page.next;
        if after.is_none() || is_behind {
            break;
        }
    }
    let now = app.now();
    app.store.write(|txn| {
        if let Some(import) = walk.import {
            store::put_tally(txn, workspace, import, &Tally { at: now, tally })?;
        }
        if asked > 0 || walk.import.is_some() {
            let happened = Happened::AddressesChecked { contact: None, refused: tally.no_mail };
            events::append(txn, workspace, now, happened)?;
        }
        Ok(())
    })
}

struct Looked {
    known: BTreeMap<String, DomainMail>,
    asked: usize,
    /// Nobody answered for any of some domains: the others are not asked about in this walk.
    is_silent: bool,
}

/// What is known about the domains of these contacts; those that are due are asked about, some at a time so that a
/// silent name server ends the series.
fn look_at(
    app: &App,
    workspace: WorkspaceId,
    contacts: &[&Contact],
    mut is_silent: bool,
) -> Result<Looked, StoreError> {
    let now = app.now();
    let mut known = BTreeMap::new();
    let mut due: Vec<String> = Vec::new();
    app.store.read(|txn| {
        for domain in contacts.iter().filter_map(|contact| contact.address()).map(EmailAddress::domain) {
            if known.contains_key(domain) || due.iter().any(|waiting| waiting == domain) {
                continue;
            }
            match store::find(txn, workspace, domain)? {
                Some(found) if found.is_fresh(now) => drop(known.insert(domain.to_owned(), found)),
                _ => due.push(domain.to_owned()),
            }
        }
        Ok::<_, StoreError>(())
    })?;
    let mut asked = 0;
    for some in due.chunks(DOMAINS) {
        if is_silent {
            break;
        }
        let series = app.dns.series();
        let found: Vec<DomainMail> = some.iter().map(|domain| look(&app.config, &series, domain, now)).collect();
        asked += found.len();
        is_silent = found.len() > 1 && found.iter().all(|domain| domain.takes == TakesMail::Unknown);
        let kept = app.store.write(|txn| {
            found.iter().map(|domain| store::note(txn, workspace, domain)).collect::<Result<Vec<_>, StoreError>>()
        })?;
        known.extend(kept.into_iter().map(|domain| (domain.domain.clone(), domain)));
    }
    Ok(Looked { known, asked, is_silent })
}

/// Whoever comes in is looked at.
pub(super) struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "addresses.follow"
    }

    /// Who was there before is looked at by the daily walk.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match &event.what {
            Happened::ContactCreated { contact } | Happened::ContactChanged { contact } => {
                plan_check(app, event.workspace, *contact, app.now())
            }
            Happened::ContactsImported { import, .. } => plan_walk(app, event.workspace, Some(*import)),
            Happened::WorkspaceCreated => plan_walk(app, event.workspace, None),
            _ => Ok(()),
        }
    }
}

fn plan_check(app: &App, workspace: WorkspaceId, contact: ContactId, now: UnixMillis) -> Result<(), StoreError> {
    let is_due = app.store.read(|txn| {
        let Some(found) = contacts::find(txn, workspace, contact)? else { return Ok(false) };
        let reports = service::reports(txn, &found)?;
        let is_fresh = |known: &DomainMail| known.is_fresh(now);
        Ok::<_, StoreError>(!reports.iter().all(|one| one.domain.as_ref().is_some_and(is_fresh)))
    })?;
    if !is_due {
        return Ok(());
    }
    let job = NewJob::new(CHECK, Lane::Web, workspace, now, &One { contact }).once(contact.to_string());
    app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)
}
