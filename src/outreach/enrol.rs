//! Adding contacts as leads: by hand, by tag, and as they come in with the tag.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Enrolment, Skip, State};
use super::plan::{self, step_job};
use super::{company, last_run, step, store, OutreachError};
use crate::addresses;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{counted, ContactId, Cursor, EnrolmentId, Page, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::messaging::{self, Purpose};
use crate::store::{Store, StoreError, Txn};
use crate::workers::{self, Worker};

/// The kind of the job that adds all contacts of a worker's tag.
pub const ENROL: &str = "outreach.enrol";
/// Contacts looked at in one page, and leads added in one transaction.
const PAGE: usize = 200;
const BATCH: usize = 3;

/// What came of adding contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub added: u64,
    #[serde(default)]
    pub skipped: BTreeMap<Skip, u64>,
}

impl Tally {
    fn count(&mut self, outcome: Result<EnrolmentId, Skip>) {
        match outcome {
            Ok(_) => self.added += 1,
            Err(skip) => *self.skipped.entry(skip).or_default() += 1,
        }
    }

    /// "3 skipped: 2 with no address, 1 in a sequence already"; empty when none.
    pub fn skipped_words(&self) -> String {
        let each = self.skipped.iter().map(|(skip, count)| format!("{count} {}", skip.words()));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// The newest run over a worker's tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    pub at: UnixMillis,
    pub tag: String,
    pub is_running: bool,
    pub tally: Tally,
    /// Where the next page begins, as text of a `Cursor`.
    #[serde(default)]
    next: Option<String>,
    /// More contacts came in meanwhile: looked through once more from the first.
    #[serde(default)]
    again: bool,
    /// Asked for before the worker had a sequence; it begins with that.
    #[serde(default)]
    pub waits_for_sequence: bool,
}

impl LastRun {
    fn begun(worker: &Worker, now: UnixMillis) -> Self {
        Self { at: now, tag: worker.audience_tag.clone(), is_running: true, ..Self::default() }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    workspace: WorkspaceId,
    worker: WorkerId,
}

/// Adds chosen contacts to a worker's sequence. Nothing leaves before the worker is switched on.
pub fn enrol(app: &App, actor: &Actor, worker: WorkerId, contacts: &[ContactId]) -> Result<Tally, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, worker)?.ok_or(OutreachError::NotFound)?;
    let sequence = worker.sequence.ok_or(OutreachError::NoSequence)?;
    let mut tally = Tally::default();
    let known = known_contacts(&app.store, actor.workspace, contacts)?;
    add_all(app, &worker, sequence, &known, &mut tally)?;
    let now = app.now();
    let (on, detail) = (format!("worker {}", worker.id), format!("{} added", counted(tally.added, "lead", "leads")));
    app.store
        .write(|txn| audit::record(txn, actor.workspace, now, &Who::of(actor), "enrolments.added", &on, &detail))?;
    Ok(tally)
}

/// Starts adding all contacts of the worker's tag, in the background.
pub fn enrol_tag(app: &App, actor: &Actor, worker: WorkerId) -> Result<(), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, worker)?.ok_or(OutreachError::NotFound)?;
    if worker.sequence.is_none() {
        return Err(OutreachError::NoSequence);
    }
    if worker.audience_tag.is_empty() {
        return Err(OutreachError::NoTag);
    }
    Ok(plan_run(app, actor.workspace, &worker)?)
}

/// The contacts that have the worker's tag already are wanted too, from the worker's first sequence on. Gives how
/// many have the tag.
pub fn want_tagged(app: &App, actor: &Actor, worker: &Worker) -> Result<u64, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let tags = contacts::list_tags(&app.store, actor.workspace)?;
    let has_tag = |tag: &&contacts::TagCount| tag.name.eq_ignore_ascii_case(&worker.audience_tag);
    let count = tags.iter().find(has_tag).map_or(0, |tag| tag.contacts);
    if count == 0 {
        return Ok(0);
    }
    if worker.sequence.is_some() {
        plan_run(app, actor.workspace, worker)?;
    } else {
        let run = LastRun { is_running: false, waits_for_sequence: true, ..LastRun::begun(worker, app.now()) };
        app.store.write(|txn| store::put_last_run(txn, actor.workspace, worker.id, &run))?;
    }
    Ok(count)
}

/// The worker was given a sequence: those who waited for it become its leads.
pub(super) fn begin_waiting(app: &App, worker: &Worker, workspace: WorkspaceId) -> Result<(), StoreError> {
    let waits = last_run(&app.store, workspace, worker.id)?.is_some_and(|run| run.waits_for_sequence);
    if waits && worker.sequence.is_some() && !worker.audience_tag.is_empty() {
        plan_run(app, workspace, worker)?;
    }
    Ok(())
}

fn known_contacts(store: &Store, workspace: WorkspaceId, ids: &[ContactId]) -> Result<Vec<Contact>, StoreError> {
    ids.iter().filter_map(|id| contacts::get(store, workspace, *id).transpose()).collect()
}

fn plan_run(app: &App, workspace: WorkspaceId, worker: &Worker) -> Result<(), StoreError> {
    let now = app.now();
    let payload = Payload { workspace, worker: worker.id };
    let job = NewJob::new(ENROL, Lane::Steps, workspace, now, &payload).once(worker.id.to_string());
    app.store.write(|txn| {
        let before = store::find_last_run(txn, workspace, worker.id)?.filter(|run| run.is_running);
        let run = match before {
            Some(running) => LastRun { again: true, ..running },
            None => LastRun::begun(worker, now),
        };
        store::put_last_run(txn, workspace, worker.id, &run)?;
        jobs::enqueue(txn, &job).map(|_| ())
    })
}

/// Contacts came in by a file: every worker with a tag looks whether some are its leads.
pub(super) fn plan_all(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    let workers = workers::list(&app.store, workspace)?;
    let mut tagged = workers.iter().filter(|worker| !worker.audience_tag.is_empty() && worker.sequence.is_some());
    tagged.try_for_each(|worker| plan_run(app, workspace, worker))
}

/// A contact came in or was changed: it joins the first worker whose tag it has.
pub(super) fn tagged(app: &App, workspace: WorkspaceId, contact: ContactId) -> Result<(), StoreError> {
    let Some(contact) = contacts::get(&app.store, workspace, contact)? else { return Ok(()) };
    if contact.tags.is_empty() {
        return Ok(());
    }
    for worker in workers::list(&app.store, workspace)? {
        let (true, Some(sequence)) = (has_tag(&contact, &worker.audience_tag), worker.sequence) else { continue };
        add_all(app, &worker, sequence, std::slice::from_ref(&contact), &mut Tally::default())?;
    }
    Ok(())
}

fn has_tag(contact: &Contact, tag: &str) -> bool {
    !tag.is_empty() && contact.tags.iter().any(|own| own.eq_ignore_ascii_case(tag))
}

/// The task behind `ENROL`. Run again after a crash it skips whom it added before.
pub struct EnrolTag;

impl Task<App> for EnrolTag {
    fn kind(&self) -> &'static str {
        ENROL
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        job.payload().and_then(|payload| run(app, job, payload)).unwrap_or_else(Outcome::from)
    }
}

/// One page a turn: a tag with many contacts keeps no thread from what else is due.
fn run(app: &App, job: &Job, Payload { workspace, worker }: Payload) -> Result<Outcome, StoreError> {
    let Some(worker) = workers::get(&app.store, workspace, worker)? else { return Ok(Outcome::Done) };
    let Some(sequence) = worker.sequence else { return Ok(Outcome::Done) };
    let now = app.now();
    let begun = last_run(&app.store, workspace, worker.id)?.filter(|run| run.is_running);
    let begun = begun.unwrap_or_else(|| LastRun::begun(&worker, now));
    let after = begun.next.as_deref().and_then(|text| Cursor::parse(text).ok());
    let page = page_of_tag(&app.store, workspace, &worker.audience_tag, after.as_ref())?;
    let mut tally = begun.tally;
    add_all(app, &worker, sequence, &page.rows, &mut tally)?;
    app.store.write(|txn| {
        // Somebody may have asked for another run while this page was read.
        let again = store::find_last_run(txn, workspace, worker.id)?.is_some_and(|run| run.again);
        let next = page.next.as_ref().map(Cursor::to_string);
        let is_running = next.is_some() || again;
        let again = again && next.is_some();
        let tag = worker.audience_tag.clone();
        let run = LastRun { at: now, tag, is_running, tally: tally.clone(), next, again, ..LastRun::default() };
        store::put_last_run(txn, workspace, worker.id, &run)?;
        if is_running {
            return Ok(Outcome::Again { at: now });
        }
        jobs::complete(txn, job)?;
        Ok(Outcome::Committed)
    })
}

fn page_of_tag(
    store: &Store,
    workspace: WorkspaceId,
    tag: &str,
    after: Option<&Cursor>,
) -> Result<Page<Contact>, StoreError> {
    let page = contacts::list_of_tag(store, workspace, tag, after, PAGE)?;
    let rows = store
        .read(|txn| page.rows.iter().filter_map(|id| contacts::find(txn, workspace, *id).transpose()).collect())?;
    Ok(Page { rows, next: page.next })
}

fn add_all(
    app: &App,
    worker: &Worker,
    sequence: SequenceId,
    contacts: &[Contact],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    for batch in contacts.chunks(BATCH) {
        let now = app.now();
        let planned: Vec<(EnrolmentId, NewJob, ContactId)> = batch
            .iter()
            .map(|contact| {
                let id = EnrolmentId::new(now);
                (id, step_job(contact.workspace, id, now), contact.id)
            })
            .collect();
        let Some(workspace) = batch.first().map(|contact| contact.workspace) else { continue };
        let outcomes = app.store.write(|txn| {
            let each = planned
                .iter()
                .map(|(id, job, contact)| add(txn, workspace, worker.id, sequence, *contact, *id, job, now));
            each.collect::<Result<Vec<_>, StoreError>>()
        })?;
        outcomes.into_iter().for_each(|outcome| tally.count(outcome));
    }
    Ok(())
}

/// Adds one contact, or says why not. The first step is due after its own wait, at once as a rule.
#[allow(clippy::too_many_arguments)] // ids and the job are made outside the transaction, once for each contact
fn add(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    sequence: SequenceId,
    contact: ContactId,
    id: EnrolmentId,
    job: &NewJob,
    now: UnixMillis,
) -> Result<Result<EnrolmentId, Skip>, StoreError> {
    let Some(contact) = contacts::find(txn, workspace, contact)? else { return Ok(Err(Skip::NoAddress)) };
    if let Some(skip) = why_not(txn, &contact, sequence)? {
        return Ok(Err(skip));
    }
    let state = State::Waiting { job: job.id(), due: now, waits_for: None };
    let mut enrolment = Enrolment {
        id,
        workspace,
        contact: contact.id,
        worker,
        sequence,
        state,
        sent: Vec::new(),
        passed: Vec::new(),
        next: None,
        okay: None,
        came: super::model::Came::default(),
        company: company::of(txn, &contact)?,
        resumed_at: None,
        counted: None,
        withheld: false,
        enrolled_at: now,
        changed_at: now,
    };
    let due = first_due(txn, &enrolment, now)?;
    let job = job.clone().due(due);
    enrolment.state = State::Waiting { job: job.id(), due, waits_for: None };
    store::put(txn, &enrolment, None)?;
    jobs::enqueue(txn, &job)?;
    events::append(txn, workspace, now, Happened::Enrolled { enrolment: id, contact: contact.id, sequence })?;
    Ok(Ok(id))
}

fn first_due(txn: &mut Txn<'_>, enrolment: &Enrolment, now: UnixMillis) -> Result<UnixMillis, StoreError> {
    let scene = step::look(txn, enrolment.clone())?;
    let first = scene.sequence.as_ref().and_then(|sequence| sequence.steps.first());
    Ok(match (first, &scene.worker, &scene.contact, &scene.workspace) {
        (Some(first), Some(worker), Some(contact), Some(workspace)) if first.wait_days > 0 => {
            super::timing::due_after(now, first, &plan::hours_for(worker, contact, workspace))
        }
        _ => now,
    })
}

fn why_not(txn: &mut Txn<'_>, contact: &Contact, sequence: SequenceId) -> Result<Option<Skip>, StoreError> {
    if contact.restricted {
        return Ok(Some(Skip::Restricted));
    }
    let Some(address) = contact.address() else { return Ok(Some(Skip::NoAddress)) };
    if messaging::is_suppressed(txn, contact.workspace, address, Purpose::Outreach)?.is_some() {
        return Ok(Some(Skip::Suppressed));
    }
    if messaging::may_have_opted_out(txn, contact.workspace, contact.id)? {
        return Ok(Some(Skip::MayHaveOptedOut));
    }
    if addresses::why_no_mail(txn, contact.workspace, address)?.is_some() {
        return Ok(Some(Skip::TakesNoMail));
    }
    let before = store::list_of_contact(txn, contact.workspace, contact.id)?;
    if before.iter().any(|enrolment| enrolment.state.is_active()) {
        return Ok(Some(Skip::AlreadyEnrolled));
    }
    Ok(before.iter().any(|enrolment| enrolment.sequence == sequence).then_some(Skip::HadThisSequence))
}

/// Takes one lead out; nothing more is sent to it.
pub fn stop(app: &App, actor: &Actor, id: EnrolmentId) -> Result<Enrolment, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        if before.state.is_active() {
            plan::stop(txn, &before, "Stopped by hand.", None, now)?;
            note(txn, actor, now, "enrolment.stopped", id)?;
        }
        store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)
    })
}

/// Takes a stopped, finished or paused lead up again, with the step after the last one sent.
pub fn resume(app: &App, actor: &Actor, id: EnrolmentId) -> Result<Enrolment, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    let job = step_job(actor.workspace, id, now);
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        if matches!(before.state, State::Waiting { .. } | State::Queued { .. } | State::Task { .. }) {
            return Ok(before);
        }
        let contact = contacts::find(txn, actor.workspace, before.contact)?.ok_or(OutreachError::NotFound)?;
        if let Err(reason) = step::may_write_to(txn, &contact)? {
            return Err(OutreachError::MayNotWrite(reason));
        }
        let running = store::find_active(txn, actor.workspace, before.contact)?;
        if running.is_some_and(|running| running.id != id) {
            return Err(OutreachError::InAnother);
        }
        plan::take_back(txn, &before, "Resumed by hand.")?;
        let before = Enrolment { resumed_at: Some(now), company: company::of(txn, &contact)?, ..before };
        plan::wait(txn, &before, job.clone(), now, now, None, now)?;
        note(txn, actor, now, "enrolment.resumed", id)?;
        store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)
    })
}

/// Takes a lead off the list, figures included. What was sent stays with the contact's messages.
pub fn remove(app: &App, actor: &Actor, id: EnrolmentId) -> Result<(), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        store::drop_enrolment(txn, actor.workspace, id, "Removed by hand.")?;
        note(txn, actor, now, "enrolment.removed", id)?;
        Ok(())
    })
}

fn note(txn: &mut Txn<'_>, actor: &Actor, now: UnixMillis, act: &str, id: EnrolmentId) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("enrolment {id}"), "")
}
