//! Leads of an older version are counted once: in small pieces, by a job that goes on where it stopped.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::base::{ContactId, Cursor, WorkspaceId};
use crate::contacts;
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::messaging::{self, Delivery};
use crate::outreach::model::{Came, Enrolment, Moment, State};
use crate::outreach::store as leads_store;
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};
use crate::workspaces;

/// The kind of the job that counts leads of an older version.
const FILL: &str = "outreach.count";
/// Leads looked at in one turn of the job, and as many as a page counts by itself.
const PIECE: usize = 200;
/// Leads written in one transaction.
const BATCH: usize = 8;
/// Answers and events of a person that are looked through.
const LOOKED_AT: usize = 200;

const FILLED: Table<Filled> = Table::sealed(
    0x0b22,
    "outreach_report_filled",
    Tree::Outreach,
    Holds::Nothing,
    Retention::Account,
    "How far leads of an older version are counted in the analytics.",
);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Filled {
    is_done: bool,
    /// Where the next piece begins, as text of a `Cursor`.
    next: Option<String>,
}

pub fn tables() -> Vec<Declared> {
    vec![Declared::plain(&FILLED)]
}

fn key(workspace: WorkspaceId) -> Key {
    Key::of(&FILLED, workspace)
}

fn plan(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    let job = NewJob::new(FILL, Lane::Housekeeping, workspace, app.now(), &()).once("count");
    app.store.write(|txn| jobs::enqueue(txn, &job)).map(|_| ())
}

/// Plans the counting wherever it has not been done.
pub fn plan_all(app: &App) -> Result<(), StoreError> {
    for workspace in workspaces::list_all(&app.store)? {
        if !standing(&app.store, workspace.id)?.is_done {
            plan(app, workspace.id)?;
        }
    }
    Ok(())
}

fn standing(store: &Store, workspace: WorkspaceId) -> Result<Filled, StoreError> {
    Ok(store.get(&FILLED, &key(workspace))?.unwrap_or_default())
}

/// Whether everybody is counted. Few leads are counted at once, many by the job that this plans.
pub fn begin(app: &App, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let filled = standing(&app.store, workspace)?;
    if filled.is_done {
        return Ok(true);
    }
    if filled.next.is_none() && count_piece(&app.store, workspace)? {
        return Ok(true);
    }
    plan(app, workspace)?;
    Ok(false)
}

/// The task behind `FILL`.
pub struct FillReport;

impl Task<App> for FillReport {
    fn kind(&self) -> &'static str {
        FILL
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match count_piece(&app.store, job.workspace) {
            Ok(true) => Outcome::Done,
            Ok(false) => Outcome::Again { at: app.now() },
            Err(error) => error.into(),
        }
    }
}

/// Counts the next piece; true when it was the last. Again is harmless: who is counted is left as they are.
fn count_piece(store: &Store, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let filled = standing(store, workspace)?;
    if filled.is_done {
        return Ok(true);
    }
    let after = filled.next.as_deref().and_then(|text| Cursor::parse(text).ok());
    let page = leads_store::list_oldest(store, workspace, after.as_ref(), PIECE)?;
    for batch in page.rows.chunks(BATCH) {
        let mut found = Vec::new();
        for lead in batch.iter().filter(|lead| lacks(lead)) {
            found.push((lead.id, recall(store, lead)?));
        }
        if found.is_empty() {
            continue;
        }
        store.write(|txn| {
            for (id, known) in &found {
                let Some(before) = leads_store::find(txn, workspace, *id)? else { continue };
                let mut after = before.clone();
                fill_in(&mut after.came, known);
                after.withheld = is_restricted(txn, workspace, before.contact)?;
                leads_store::put(txn, &after, Some(&before))?;
            }
            Ok::<(), StoreError>(())
        })?;
    }
    let filled = Filled { is_done: page.next.is_none(), next: page.next.as_ref().map(Cursor::to_string) };
    store.write(|txn| txn.put(&FILLED, &key(workspace), &filled))?;
    Ok(filled.is_done)
}

/// An older version wrote it, or wrote what came of it.
fn lacks(lead: &Enrolment) -> bool {
    let came = &lead.came;
    let unknown = (came.label.is_some() && came.answer.is_none())
        || (came.bounced && came.bounce.is_none())
        || (came.opted_out && came.opt_out.is_none())
        || (came.meeting && came.met.is_none());
    !lead.sent.is_empty() && (lead.counted.is_none() || unknown)
}

/// When what came of a lead came, as far as answers, messages and events still tell.
fn recall(store: &Store, lead: &Enrolment) -> Result<Came, StoreError> {
    let (mut known, came) = (Came::default(), &lead.came);
    let Some(last) = lead.last_sent() else { return Ok(known) };
    let (workspace, contact) = (lead.workspace, lead.contact);
    let answers = store.read(|txn| messaging::list_replies_of_contact(txn, workspace, contact, LOOKED_AT))?;
    let own = answers.iter().rev().filter(|reply| reply.enrolment == Some(lead.id));
    for reply in own {
        let label = reply.reading.as_ref().map(|reading| reading.label.as_str()).unwrap_or_default();
        let is_absence = label == "out_of_office" && came.label.as_deref() != Some(label);
        known.away |= label == "out_of_office";
        let is_report = reply.automatic && label == "other";
        if !(is_absence || is_report || label.is_empty()) {
            known.answer.get_or_insert(Moment { at: reply.received_at, mail: reply.message });
        }
        if label == "unsubscribe" {
            known.opt_out.get_or_insert(Moment { at: reply.received_at, mail: reply.message });
        }
    }
    for sent in lead.sent.iter().filter(|_| came.bounced) {
        let message = messaging::get_message(store, workspace, sent.message)?;
        if message.is_some_and(|message| matches!(message.state, Delivery::Bounced { .. })) {
            known.bounce = Some(Moment { at: sent.at, mail: sent.message });
        }
    }
    if came.opted_out && known.opt_out.is_none() {
        let at = match &lead.state {
            State::Stopped { at, .. } | State::Finished { at, .. } => *at,
            _ => lead.changed_at,
        };
        known.opt_out = Some(Moment { at, mail: last.message });
    }
    if came.meeting {
        let told = events::list_newest(store, workspace, Some(contact), None, LOOKED_AT)?;
        let begun = lead.sent.first().map_or(last.at, |first| first.at);
        let mut booked = told.rows.iter().rev().filter(|event| event.at >= begun);
        let booked = booked.find(|event| matches!(event.what, Happened::BookingConfirmed { .. }));
        known.met = booked.map(|event| Moment { at: event.at, mail: last.message });
    }
    Ok(known)
}

fn fill_in(came: &mut Came, known: &Came) {
    came.away |= known.away;
    let each = [
        (came.label.is_some(), &mut came.answer, known.answer),
        (came.bounced, &mut came.bounce, known.bounce),
        (came.opted_out, &mut came.opt_out, known.opt_out),
        (came.meeting, &mut came.met, known.met),
    ];
    for (happened, moment, found) in each {
        if happened && moment.is_none() {
            *moment = found;
        }
    }
}

fn is_restricted(txn: &mut Txn<'_>, workspace: WorkspaceId, contact: ContactId) -> Result<bool, StoreError> {
    Ok(contacts::find(txn, workspace, contact)?.is_some_and(|contact| contact.restricted))
}

/// The data of a contact is only stored from now on, or no longer: they leave the figures, or come back.
pub fn follow_restriction(app: &App, workspace: WorkspaceId, contact: ContactId) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let is_restricted = is_restricted(txn, workspace, contact)?;
        for before in leads_store::list_of_contact(txn, workspace, contact)? {
            if before.withheld != is_restricted {
                let after = Enrolment { withheld: is_restricted, ..before.clone() };
                leads_store::put(txn, &after, Some(&before))?;
            }
        }
        Ok(())
    })
}

/// As a server is that was brought up to date just now.
#[cfg(test)]
pub fn begin_anew(store: &Store, workspace: WorkspaceId) -> Result<(), StoreError> {
    store.write(|txn| txn.remove(&FILLED, &key(workspace)))
}
