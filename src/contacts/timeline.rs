//! What happened with a contact, in words, newest first: the workspace's log and the team's notes.

use crate::app::App;
use crate::authz::Actor;
use crate::base::{ContactId, MessageId, ReplyId, UnixMillis, WorkspaceId};
use crate::events::{self, Event, Happened};
use crate::http::PageError;
use crate::store::StoreError;

use super::model::Contact;
use super::service::{list_notes, Note};

/// Events shown on a contact's page.
const SHOWN: usize = 60;

/// What the rooms above know about a contact. They import this one, so they are asked through here; `wiring` says
/// who answers.
pub trait Neighbours: Send + Sync {
    fn message(&self, app: &App, workspace: WorkspaceId, id: MessageId) -> Result<Option<Exchange>, StoreError>;
    fn reply(&self, app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Exchange>, StoreError>;
    /// Why the person is not written to, as a sentence; `None` when nothing stands against it.
    fn why_not_written_to(&self, app: &App, contact: &Contact) -> Result<Option<String>, StoreError>;
    /// Parts of the contact's page that other rooms draw, made by their templates.
    fn beside(&self, app: &App, actor: &Actor, csrf: &str, contact: &Contact) -> Result<Vec<String>, StoreError>;
    /// Erases the person in every room, this one last. The same whoever asks for it, a page or a program.
    fn erase(&self, app: &App, actor: &Actor, contact: ContactId) -> Result<(), PageError>;
}

/// A message or a reply as the timeline shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    pub subject: String,
    /// Of a reply, its excerpt.
    pub excerpt: String,
    /// Of a reply, its label; else empty.
    pub label: String,
}

/// One line of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    pub at: UnixMillis,
    pub icon: &'static str,
    pub tone: &'static str,
    /// Who or what, in bold; may be empty.
    pub lead: String,
    pub words: String,
    pub exchange: Exchange,
    /// Of a note, its id for removing it.
    pub note: Option<String>,
}

pub(super) fn timeline(
    app: &App,
    workspace: WorkspaceId,
    contact: ContactId,
    neighbours: Option<&dyn Neighbours>,
) -> Result<Vec<Moment>, StoreError> {
    let events = events::list_newest(&app.store, workspace, Some(contact), None, SHOWN)?;
    let mut moments = Vec::new();
    for event in &events.rows {
        let Some(mut moment) = told(event) else { continue };
        if let Some(neighbours) = neighbours {
            moment.exchange = exchange(app, neighbours, event)?.unwrap_or_default();
        }
        moments.push(moment);
    }
    moments.extend(list_notes(&app.store, workspace, contact)?.into_iter().map(of_note));
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at));
    Ok(moments)
}

fn of_note(note: Note) -> Moment {
    Moment {
        at: note.at,
        icon: "note",
        tone: "",
        lead: format!("{}:", note.by),
        words: note.text,
        exchange: Exchange::default(),
        note: Some(note.id.to_string()),
    }
}

fn exchange(app: &App, neighbours: &dyn Neighbours, event: &Event) -> Result<Option<Exchange>, StoreError> {
    use Happened as H;
    match &event.what {
        H::MessageQueued { message, .. }
        | H::MessageSent { message, .. }
        | H::MessageNotSent { message, .. }
        | H::MessageRehearsed { message, .. } => neighbours.message(app, event.workspace, *message),
        H::MessageReceived { reply, .. } => neighbours.reply(app, event.workspace, *reply),
        _ => Ok(None),
    }
}

/// An event in words; `None` for those that only say that something is about to happen.
fn told(event: &Event) -> Option<Moment> {
    use Happened as H;
    let (icon, tone, lead, words) = match &event.what {
        H::ContactCreated { .. } => ("plus", "", "", "Added to the contacts".to_owned()),
        H::ContactChanged { .. } => ("edit", "", "", "Details changed".to_owned()),
        H::Suppressed { reason, .. } => ("ban", "bad", "Nothing more is sent:", reason.clone()),
        H::AddressesChecked { refused: 1.., .. } => ("alert", "warn", "", "An address takes no mail".to_owned()),
        H::Enrolled { .. } => ("outreach", "", "", "Joined a sequence".to_owned()),
        H::EnrolmentEnded { reason, .. } => ("pause", "", "Sequence ended:", reason.clone()),
        H::DraftWritten { .. } => ("edit", "", "", "A draft was written".to_owned()),
        H::DraftDecided { approved: true, .. } => ("approve", "ok", "", "The draft was approved".to_owned()),
        H::DraftDecided { approved: false, .. } => ("x", "", "", "The draft was rejected".to_owned()),
        H::DraftReturned { .. } => ("undo", "", "", "The draft waits for a decision again".to_owned()),
        H::MessageSent { .. } => ("mail", "brand", "Mail sent", String::new()),
        H::MessageNotSent { reason, .. } => ("alert", "warn", "Mail not sent:", reason.clone()),
        H::MessageRehearsed { .. } => ("mail", "", "A dry run would have sent", String::new()),
        H::AnswerFollowUpPlanned { .. } => ("clock", "", "", "A follow-up is planned, unless they answer".to_owned()),
        H::AnswerFollowUpEnded { reason, .. } => ("clock", "", "No follow-up:", reason.clone()),
        H::LeadTagged { tag, .. } => ("contacts", "", "Tagged:", tag.clone()),
        H::MessageInDoubt { .. } => ("alert", "warn", "", "A mail may or may not have arrived".to_owned()),
        H::MessageBounced { hard: true, .. } => ("alert", "bad", "", "The address does not take mail".to_owned()),
        H::MessageBounced { hard: false, .. } => ("alert", "warn", "", "The mail was not delivered".to_owned()),
        H::Complained { .. } => ("ban", "bad", "", "Reported our mail as spam".to_owned()),
        H::MessageReceived { .. } => ("reply", "ok", "Replied", String::new()),
        H::Unsubscribed { .. } => ("ban", "bad", "", "Opted out".to_owned()),
        H::BookingProposed { .. } => ("calendar", "plum", "", "A meeting was proposed".to_owned()),
        H::BookingConfirmed { .. } => ("calendar", "ok", "", "A meeting was booked".to_owned()),
        H::BookingMoved { .. } => ("calendar", "", "", "The meeting was moved".to_owned()),
        H::BookingCancelled { ended, .. } => ("calendar", "warn", "", ended.words().to_owned()),
        H::BookingNoShow { .. } => ("calendar", "warn", "", "Did not come to the meeting".to_owned()),
        H::BookingCompleted { .. } => ("calendar", "ok", "", "The meeting took place".to_owned()),
        H::WaitlistJoined { .. } => ("clock", "", "", "Joined a waitlist".to_owned()),
        H::WaitlistOffered { .. } => ("clock", "plum", "", "Was offered a free time of a waitlist".to_owned()),
        H::WaitlistLeft { reason, .. } => ("clock", "", "", format!("Is off a waitlist. {reason}")),
        H::BookingOutcomeTakenBack { .. } => {
            ("calendar", "", "", "What became of the meeting was taken back".to_owned())
        }
        H::BookingFailed { reason, .. } => ("calendar", "bad", "The calendar refused the meeting:", reason.clone()),
        H::PaymentReceived { .. } => ("check", "ok", "", "Paid for a meeting".to_owned()),
        H::PaymentEnded { reason, .. } => ("alert", "warn", "A meeting was not paid for:", reason.clone()),
        H::PaymentReturned { amount, done: true, .. } => ("undo", "", "Given back:", amount.clone()),
        H::PaymentReturned { amount, done: false, .. } => ("alert", "bad", "Could not be given back:", amount.clone()),
        H::MeetingLeft { reason, .. } => ("calendar", "warn", "A meeting waits for a person:", reason.clone()),
        _ => return None,
    };
    Some(Moment { at: event.at, icon, tone, lead: lead.to_owned(), words, ..Moment::default() })
}
