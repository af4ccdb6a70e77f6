//! The day of a follow-up has come: everything is looked at again, and it becomes a mail, a draft, or nothing.

use std::time::Duration;

use super::hear::{back_at, finish, has_meeting, is_followed_up, put_off};
use super::letter::Scene;
use crate::agents::write::{compose, draft_of, Style};
use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::{self, Connection};
use crate::contacts;
use crate::drafts::{self, Intent, NewDraft};
use crate::follow_ups::{self, FollowUp, Payload, State, FOLLOW_UP};
use crate::jobs::{self, Job, Outcome, Task};
use crate::messaging::{self, Answered, Delivery, Message, NewMessage, Purpose, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

/// How long it waits while its worker does not work, or an answer is being read.
const LOOK_AGAIN: Duration = Duration::from_secs(6 * 3600);
const LOOK_AGAIN_SOON: Duration = Duration::from_secs(15 * 60);
/// Mails of a contact that are looked at.
const LOOK_BACK: usize = 20;

/// The task behind `FOLLOW_UP`.
pub struct FollowUpDue;

impl Task<App> for FollowUpDue {
    fn kind(&self) -> &'static str {
        FOLLOW_UP
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match due(app, job, app.now()) {
            Ok(None) => Outcome::Committed,
            Ok(Some(at)) => Outcome::Again { at },
            Err(error) => error.into(),
        }
    }
}

/// What is to be done with one that is due.
enum Decision {
    Again(Duration),
    PutOff(Box<Reply>),
    End(String),
    Mail(Box<NewMessage>),
    Draft(Box<NewDraft>),
}

/// A look without a write, then the decision in one transaction, where nothing it was made from has changed since. Gives
/// when to come back; `None`: the job is closed.
fn due(app: &App, job: &Job, now: UnixMillis) -> Result<Option<UnixMillis>, StoreError> {
    let Payload { workspace, follow_up } = job.payload()?;
    let standing = follow_ups::get(&app.store, workspace, follow_up)?;
    let Some(before) = standing.filter(|row| row.job == job.id && row.state == State::Planned) else {
        return app.store.write(|txn| jobs::complete(txn, job)).map(|()| None);
    };
    let decision = decide(app, &before, now)?;
    let again = follow_ups::due_job(workspace, follow_up, now);
    app.store.write(|txn| {
        if follow_ups::find(txn, workspace, follow_up)?.as_ref() != Some(&before) {
            return Ok(Some(now));
        }
        if let Decision::Again(after) = &decision {
            return Ok(Some(now.plus(*after)));
        }
        // First: what ends or puts it off takes back the job that stands with it, and this one is done.
        jobs::complete(txn, job)?;
        match &decision {
            Decision::Again(_) => {}
            Decision::PutOff(absence) => put_off(txn, &before, absence, again.clone(), now)?,
            Decision::End(reason) => finish(txn, &before, reason, now)?,
            Decision::Mail(mail) => {
                let message = messaging::enqueue(app, txn, mail, now)?;
                match message.state {
                    Delivery::NotSent { reason } => finish(txn, &before, &reason, now)?,
                    _ => follow_ups::turn(txn, &before, State::Queued { message: message.id }, now)?,
                }
            }
            Decision::Draft(draft) => match drafts::propose(app, txn, draft, now)? {
                Some(draft) => follow_ups::turn(txn, &before, State::Drafted { draft }, now)?,
                None => finish(txn, &before, "No draft could be written.", now)?,
            },
        }
        Ok(None)
    })
}

fn decide(app: &App, row: &FollowUp, now: UnixMillis) -> Result<Decision, StoreError> {
    let ends = |reason: &str| Ok(Decision::End(reason.to_owned()));
    let (workspace, store) = (row.workspace, &app.store);
    let Some(worker) = workers::get(store, workspace, row.worker)? else { return ends("The worker was deleted.") };
    if !worker.follow_ups.on {
        return ends("Follow-ups of the worker were switched off.");
    }
    if !worker.state.is_working() {
        return Ok(Decision::Again(LOOK_AGAIN));
    }
    let Some(contact) = contacts::get(store, workspace, row.contact)? else { return ends("The contact was erased.") };
    if contact.restricted {
        return ends("The contact asked that their data is only stored.");
    }
    let Some(reply) = messaging::get_reply(store, workspace, row.reply)? else { return ends("Their answer is gone.") };
    if !is_followed_up(&reply) {
        return ends("Their answer was read differently since.");
    }
    if let Some(decision) = store.read(|txn| heard_since(txn, row, &reply))? {
        return Ok(decision);
    }
    let Some(before) = messaging::get_message(store, workspace, row.after)? else { return ends("Our answer is gone.") };
    let Some(home) = workspaces::get(store, workspace)? else { return ends("The workspace was closed.") };
    let Some(mailbox) = connections::get(store, workspace, before.connection)?.filter(|found| !found.is_disconnected())
    else {
        return ends("The mailbox of the conversation is no longer connected.");
    };
    let scene = Scene { worker, contact, workspace: home, before };
    write(app, row, &reply, &scene, &mailbox, now)
}

/// What they, or we, have said since the answer; `None`: nothing.
fn heard_since(txn: &mut Txn<'_>, row: &FollowUp, reply: &Reply) -> Result<Option<Decision>, StoreError> {
    let ends = |reason: &str| Ok(Some(Decision::End(reason.to_owned())));
    let (workspace, contact) = (row.workspace, row.contact);
    if messaging::may_have_opted_out(txn, workspace, contact)? {
        return ends("An answer of theirs may be an opt-out.");
    }
    if let Some(entry) = messaging::is_suppressed(txn, workspace, &reply.from, Purpose::Outreach)? {
        return ends(&format!("{} must not be written to: {}.", entry.target.words(), entry.reason.words()));
    }
    match messaging::answered_since(txn, workspace, contact, reply.received_at)? {
        Some(Answered::Person) => return ends("They answered."),
        Some(Answered::Unread) => return Ok(Some(Decision::Again(LOOK_AGAIN_SOON))),
        Some(Answered::Away) => {
            let newest = messaging::list_replies_of_contact(txn, workspace, contact, LOOK_BACK)?;
            let absence = newest.into_iter().find(|other| other.id != reply.id);
            // Once they are back it goes on: a longer absence has put it off already, or does so now.
            if let Some(absence) = absence.filter(|absence| absence.received_at > row.changed_at) {
                if back_at(txn, row, &absence)?.is_some_and(|at| at > row.due) {
                    return Ok(Some(Decision::PutOff(Box::new(absence))));
                }
            }
        }
        None => {}
    }
    if has_meeting(txn, reply)? {
        return ends("A meeting was booked.");
    }
    let mails = messaging::find_of_contact(txn, workspace, contact, LOOK_BACK)?;
    let is_newer = |mail: &&Message| mail.id != row.after && mail.sent_at > Some(row.made_at);
    if mails.iter().find(is_newer).is_some_and(|mail| mail.purpose != Purpose::Test) {
        return ends("We wrote again since.");
    }
    Ok(None)
}

/// In the worker's own approved words it is a mail; in words that nobody approved, or the engine's, a draft.
fn write(
    app: &App,
    row: &FollowUp,
    reply: &Reply,
    scene: &Scene,
    mailbox: &Connection,
    now: UnixMillis,
) -> Result<Decision, StoreError> {
    let Scene { worker, contact, workspace, before } = scene;
    let has_own_text = !worker.follow_ups.text.is_empty();
    let own = has_own_text.then(|| follow_ups::written(worker, contact, workspace, row.number));
    if let Some(Ok(text)) = own.as_ref().filter(|_| worker.follow_ups.is_approved()) {
        return Ok(Decision::Mail(Box::new(scene.mail(mailbox, &before.subject, text, now))));
    }
    let draft = match own {
        Some(Ok(text)) => of_own_text(reply, worker, &text, now),
        // A field is missing: the engine's words have none.
        Some(Err(_)) | None => {
            let Some(text) = compose(app, reply, Intent::FollowUp, Style::of(app, reply)?)? else {
                return Ok(Decision::End("No follow-up could be written.".to_owned()));
            };
            draft_of(app, reply, Intent::FollowUp, &text)
        }
    };
    Ok(Decision::Draft(Box::new(draft.following(before.id, &before.subject))))
}

/// The worker's text that nobody has approved yet: it grounds itself, and a person reads it.
fn of_own_text(reply: &Reply, worker: &Worker, text: &str, now: UnixMillis) -> NewDraft {
    let language = reply.reading.as_ref().map(|reading| reading.language.clone()).unwrap_or_default();
    NewDraft::answering(reply, Intent::FollowUp, now).template(&worker.follow_ups.text).words(text, &language)
}
