//! Reading a sequence as one lead will read it, and sending it to oneself.

use uuid::Uuid;

use super::model::{Enrolment, Step};
use super::path::Kind;
use super::words::{person_fields, Written};
use super::{rotation, step, store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, EmailAddress, EnrolmentId, StepId, UnixMillis, WorkerId};
use crate::messaging::{self, NewMessage, Purpose};
use crate::workers;

/// One step as the lead will read it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Of its step, from 1.
    pub number: usize,
    pub step: Step,
    pub written: Written,
    /// Fields of this lead that are empty and have no fallback: the mail would be held back.
    pub missing: Vec<String>,
    /// The text cannot be read at all.
    pub mistake: Option<String>,
    pub sent_at: Option<UnixMillis>,
}

/// All steps for one lead.
#[derive(Clone, Debug)]
pub struct Preview {
    pub lead: Enrolment,
    pub name: String,
    pub address: String,
    pub letters: Vec<Letter>,
}

pub fn preview(app: &App, actor: &Actor, id: EnrolmentId) -> Result<Preview, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    app.store.read(|txn| {
        let lead = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let scene = step::look(txn, lead.clone())?;
        let (Some(worker), Some(sequence), Some(contact), Some(workspace)) =
            (&scene.worker, &scene.sequence, &scene.contact, &scene.workspace)
        else {
            return Err(OutreachError::NotFound);
        };
        let fields = person_fields(contact, worker, workspace);
        let letter = |(number, step): (usize, &Step)| {
            let sent_at = lead.sent.iter().find(|sent| sent.step == step.id).map(|sent| sent.at);
            let step = &step.for_contact(lead.contact).0;
            let (written, missing, mistake) = match fields.draft(step, step::seed_of(&lead, step)) {
                Ok((written, missing)) => (written, missing, None),
                Err(mistake) => (Written::default(), Vec::new(), Some(mistake)),
            };
            Letter { number, step: step.clone(), written, missing, mistake, sent_at }
        };
        Ok(Preview {
            name: contact.name(),
            address: contact.address().map(|address| address.display().to_owned()).unwrap_or_default(),
            letters: (1..).zip(&sequence.steps).filter(|(_, step)| step.kind == Kind::Mail).map(letter).collect(),
            lead,
        })
    })
}

/// Sends a step, written for `lead`, to the person who asks. It counts towards no limit and belongs to no contact,
/// so an answer to it stops nothing.
pub fn send_test(
    app: &App,
    actor: &Actor,
    worker: WorkerId,
    lead: EnrolmentId,
    step: StepId,
    to: &EmailAddress,
) -> Result<(), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let preview = preview(app, actor, lead)?;
    let at = preview.letters.iter().position(|letter| letter.step.id == step).ok_or(OutreachError::NotFound)?;
    let letter = &preview.letters[at];
    if let Some(mistake) = &letter.mistake {
        return Err(OutreachError::MayNotWrite(mistake.clone()));
    }
    let worker = workers::get(&app.store, actor.workspace, worker)?.ok_or(OutreachError::NotFound)?;
    let mailbox = app.store.read(|txn| rotation::any_usable(txn, actor.workspace, &worker))?;
    let mailbox = mailbox.map_err(OutreachError::MayNotWrite)?;
    let now = app.now();
    let subject = subject_at(&preview.letters, at);
    let message = NewMessage::new(now, actor.workspace, nobody(), Purpose::Test, &mailbox, to)
        .to_name(&actor.display)
        .words(&format!("[Test] {subject}"), &letter.written.text);
    app.store.write(|txn| messaging::enqueue(app, txn, &message, now))?;
    Ok(())
}

/// A step without a subject answers the last one that has one.
pub fn subject_at(letters: &[Letter], at: usize) -> String {
    let own = letters.get(at).map_or("", |letter| letter.written.subject.as_str());
    if !own.is_empty() {
        return own.to_owned();
    }
    let before = letters[..at.min(letters.len())].iter().rev().find(|letter| !letter.written.subject.is_empty());
    before.map_or(String::new(), |letter| step::answer_subject(&letter.written.subject))
}

/// No contact: tests stand in nobody's history.
fn nobody() -> ContactId {
    ContactId(Uuid::nil())
}
