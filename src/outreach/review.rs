//! Mails that wait for a person who reads them: all of a worker that is set so, and those of a lead whom an answer, a
//! bounce or a meeting has led another way.

use super::figures::Group;
use super::model::{Enrolment, Hold, Okay, State, Why};
use super::{rotation, step, store, OutreachError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, EnrolmentId, Page, StepId, UnixMillis, WorkerId};
use crate::jobs;
use crate::language::merge;
use crate::messaging::Message;
use crate::store::{StoreError, Txn};
use crate::workers::Worker;

/// Why a mail waits for a person; none where nobody has to read it, or somebody has said yes to these very words.
pub(super) fn asks_for(worker: &Worker, lead: &Enrolment, step: StepId, message: &Message) -> Option<String> {
    if !worker.review && !lead.is_led_by_event() {
        return None;
    }
    match &lead.okay {
        Some(okay) if okay.step == step && okay.words == words_of(message) => None,
        Some(okay) if okay.step == step => {
            Some("The mail reads differently since it was approved. Read it again.".into())
        }
        _ => Some("This mail waits until a person has read it.".into()),
    }
}

/// A number for the words of a mail and whom it goes to: where any of it is another, so is the number.
fn words_of(message: &Message) -> u64 {
    let (to, subject) = (message.to.display().as_bytes(), message.subject.as_bytes());
    merge::seed(&[to, &[0], subject, &[0], message.text.as_bytes()])
}

/// A mail that somebody is to read.
#[derive(Clone, Debug)]
pub struct ToRead {
    pub lead: Enrolment,
    pub step: StepId,
    pub name: String,
    pub to: String,
    pub from: String,
    pub subject: String,
    pub text: String,
    /// What a person says yes to.
    pub words: u64,
}

/// The mails of a worker that wait to be read, newest lead first. One that can no longer be written is left out: its
/// own step says why.
pub fn list(
    app: &App,
    actor: &Actor,
    worker: WorkerId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<ToRead>, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let now = app.now();
    let page = store::list_group(&app.store, actor.workspace, worker, Group::Review, before, limit)?;
    let mut rows = Vec::new();
    for lead in page.rows {
        rows.extend(app.store.read(|txn| as_written(app, txn, lead.clone(), now))?);
    }
    Ok(Page { rows, next: page.next })
}

/// The next mail of a lead as it stands now.
pub fn as_written(
    app: &App,
    txn: &mut Txn<'_>,
    lead: Enrolment,
    now: UnixMillis,
) -> Result<Option<ToRead>, StoreError> {
    let scene = step::look(txn, lead)?;
    let (Some(worker), Some(sequence), Some(contact)) = (&scene.worker, &scene.sequence, &scene.contact) else {
        return Ok(None);
    };
    let Some(next) = sequence.next_step(&scene.enrolment.trail()) else { return Ok(None) };
    let (Ok(to), Ok(mailbox)) =
        (step::may_write_to(txn, contact)?, rotation::choose(app, txn, worker, &scene.enrolment, now)?)
    else {
        return Ok(None);
    };
    let Ok(written) = step::write_step(txn, &scene, next, &mailbox, to, now)? else { return Ok(None) };
    let message = written.message();
    let Message { subject, text, to, .. } = message;
    Ok(Some(ToRead {
        name: contact.name(),
        to: to.display().to_owned(),
        from: mailbox.address.display().to_owned(),
        words: words_of(message),
        subject: subject.clone(),
        text: text.clone(),
        step: next.id,
        lead: scene.enrolment,
    }))
}

/// A person has read the mail that comes next for a lead; `words` is what they read, and no other mail is meant.
pub fn approve(app: &App, actor: &Actor, id: EnrolmentId, words: u64) -> Result<Enrolment, OutreachError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let State::Waiting { job, waits_for: Some(Hold { why: Why::Review, .. }), .. } = &before.state else {
            return Err(OutreachError::MayNotMove("No mail of this lead waits to be read.".into()));
        };
        let read = as_written(app, txn, before.clone(), now)?;
        let read =
            read.ok_or_else(|| OutreachError::MayNotMove("The mail cannot be written at this moment.".into()))?;
        if words != read.words {
            let reason = "The mail reads differently since you opened the page. Read it again.";
            return Err(OutreachError::MayNotMove(reason.into()));
        }
        let okay = Okay { step: read.step, words: read.words, at: now, by: actor.display.clone() };
        jobs::reschedule(txn, *job, now)?;
        let after = Enrolment { okay: Some(okay), changed_at: now, ..before.clone() };
        store::put(txn, &after, Some(&before))?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "mail.read", &format!("enrolment {id}"), "")?;
        Ok(after)
    })
}
