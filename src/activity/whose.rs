//! Which worker an event is about, and the row that says so.

use crate::app::App;
use crate::authz::Actor;
use crate::base::{BookingId, ContactId, DraftId, EnrolmentId, MessageId, ReplyId, WorkerId};
use crate::bookings::{self, BookError, Booking};
use crate::drafts::{self, Draft};
use crate::events::Happened;
use crate::follow_ups::{self, FollowUp};
use crate::messaging::{self, Message, Reply};
use crate::outreach::{self, Enrolment};
use crate::store::StoreError;
use crate::workers::Worker;

/// Answers of one contact that are looked at.
const LOOK_BACK: usize = 10;

/// The row behind an event, read once for the worker, the reasons and the way back.
#[derive(Clone, Debug)]
pub enum Row {
    Message(Box<Message>),
    Reply(Box<Reply>),
    Draft(Box<Draft>),
    Booking(Box<Booking>),
    Enrolment(Box<Enrolment>),
    FollowUp(Box<FollowUp>),
    Worker(Box<Worker>),
    /// The event says it all.
    None,
}

/// What happened, as far as it concerns `worker`; `None` when it is another's or nobody's doing.
pub fn row_of(app: &App, actor: &Actor, worker: &Worker, what: &Happened) -> Result<Option<Row>, StoreError> {
    use Happened as H;
    let own = |id: Option<WorkerId>, row: Row| Some(row).filter(|_| id == Some(worker.id));
    Ok(match what {
        H::MessageSent { message, .. }
        | H::MessageNotSent { message, .. }
        | H::MessageRehearsed { message, .. }
        | H::MessageInDoubt { message, .. }
        | H::MessageBounced { message, .. }
        | H::Complained { message: Some(message), .. } => {
            message_of(app, actor, *message)?.and_then(|found| own(found.worker, Row::Message(Box::new(found))))
        }
        H::ReplyClassified { reply, .. }
        | H::ReplyCorrected { reply, .. }
        | H::LeadTagged { reply, .. }
        | H::MeetingLeft { reply, .. } => {
            reply_of(app, actor, *reply)?.and_then(|found| own(found.worker, Row::Reply(Box::new(found))))
        }
        H::DraftWritten { draft, .. } | H::DraftDecided { draft, .. } | H::DraftReturned { draft, .. } => {
            draft_of(app, actor, *draft)?.and_then(|found| own(found.worker, Row::Draft(Box::new(found))))
        }
        H::BookingProposed { booking, .. }
        | H::BookingConfirmed { booking, .. }
        | H::BookingMoved { booking, .. }
        | H::BookingCancelled { booking, .. }
        | H::BookingNoShow { booking, .. }
        | H::BookingCompleted { booking, .. }
        | H::BookingOutcomeTakenBack { booking, .. }
        | H::BookingFailed { booking, .. } => {
            booking_of(app, actor, *booking)?.and_then(|found| own(found.worker, Row::Booking(Box::new(found))))
        }
        H::EnrolmentEnded { enrolment, .. } | H::FollowUpDue { enrolment, .. } | H::TaskOpened { enrolment, .. } => {
            enrolment_of(app, actor, *enrolment)?
                .and_then(|found| own(Some(found.worker), Row::Enrolment(Box::new(found))))
        }
        H::AnswerFollowUpPlanned { follow_up, .. } | H::AnswerFollowUpEnded { follow_up, .. } => {
            follow_ups::get(&app.store, actor.workspace, *follow_up)?
                .and_then(|found| own(Some(found.worker), Row::FollowUp(Box::new(found))))
        }
        H::Unsubscribed { contact: Some(contact), .. } => {
            let row = opt_out_of(app, actor, *contact)?.map_or(Row::None, |reply| Row::Reply(Box::new(reply)));
            own(last_to_write(app, actor, *contact)?, row)
        }
        H::WorkerActivated { worker: id } | H::WorkerChanged { worker: id } | H::WorkerPaused { worker: id, .. } => {
            own(Some(*id), Row::Worker(Box::new(worker.clone())))
        }
        H::SequenceChanged { sequence } => Some(Row::None).filter(|_| worker.sequence == Some(*sequence)),
        _ => None,
    })
}

fn message_of(app: &App, actor: &Actor, id: MessageId) -> Result<Option<Message>, StoreError> {
    messaging::get_message(&app.store, actor.workspace, id)
}

fn reply_of(app: &App, actor: &Actor, id: ReplyId) -> Result<Option<Reply>, StoreError> {
    messaging::get_reply(&app.store, actor.workspace, id)
}

fn draft_of(app: &App, actor: &Actor, id: DraftId) -> Result<Option<Draft>, StoreError> {
    drafts::get(&app.store, actor.workspace, id)
}

fn enrolment_of(app: &App, actor: &Actor, id: EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
    outreach::get(&app.store, actor.workspace, id)
}

fn booking_of(app: &App, actor: &Actor, id: BookingId) -> Result<Option<Booking>, StoreError> {
    match bookings::get(app, actor, id) {
        Ok(found) => Ok(Some(found)),
        Err(BookError::Store(error)) => Err(error),
        // Gone, or not this person's to see.
        Err(_) => Ok(None),
    }
}

/// The answer that an opt-out was read from: there it can be looked at, and taken back while that is offered.
fn opt_out_of(app: &App, actor: &Actor, contact: ContactId) -> Result<Option<Reply>, StoreError> {
    let newest = app.store.read(|txn| messaging::list_replies_of_contact(txn, actor.workspace, contact, LOOK_BACK))?;
    let is_opt_out = |reply: &Reply| reply.reading.as_ref().is_some_and(|reading| reading.label == "unsubscribe");
    Ok(newest.into_iter().find(is_opt_out))
}

/// Who opts out answers whoever wrote last.
fn last_to_write(app: &App, actor: &Actor, contact: ContactId) -> Result<Option<WorkerId>, StoreError> {
    let newest = messaging::list_of_contact(&app.store, actor.workspace, contact, 1)?;
    Ok(newest.first().and_then(|message| message.worker))
}
