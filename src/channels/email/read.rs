//! New mail, first by its head, then, where it answers ours or is a report, as a whole: what it means for our messages.

use std::time::Duration;

use super::inbound::HeaderFacts;
use super::inspect::{inspect, BounceClass, Concerned, Inspection, MailKind};
use super::reply_text::excerpt;
use crate::app::App;
use crate::base::{EmailAddress, MessageId, UnixMillis};
use crate::connections::{self, Connection};
use crate::messaging::{self, Bounce, Delivery, Incoming, Message, Purpose};
use crate::store::{StoreError, Txn};

/// A mail that says to be older than this, or to come from later than that, says wrong.
const OLDEST: Duration = Duration::from_secs(366 * 86_400);
const NEWEST: Duration = Duration::from_secs(86_400);

/// What is to be done with a mail of which only the head was seen.
#[derive(Debug)]
pub(super) enum FirstLook {
    /// Nothing of ours: never opened.
    Leave,
    Open(Box<Opening>),
}

/// Why a mail is opened.
#[derive(Debug)]
pub(super) struct Opening {
    /// The message it answers, or whose conversation it stands in. A report may name another one inside.
    pub ours: Option<Message>,
    /// A machine's report, by its head.
    pub is_report: bool,
}

/// Compares a head with what we sent. `thread` is the provider's conversation, where it has such a thing.
pub(super) fn first_look(
    app: &App,
    connection: &Connection,
    head: &HeaderFacts,
    thread: Option<&str>,
) -> Result<FirstLook, StoreError> {
    if is_from_here(connection, head) {
        return Ok(FirstLook::Leave);
    }
    let ids: Vec<String> = head.referenced_ids().into_iter().map(str::to_owned).collect();
    let workspace = connection.workspace;
    let found = app.store.read(|txn| {
        let by_id = messaging::find_by_message_ids(txn, workspace, &ids)?;
        match (by_id, thread) {
            (None, Some(thread)) => find_by_thread(txn, connection, thread),
            (Some(message), _) => Ok(is_of_mailbox(txn, connection, &message)?.then_some(message)),
            (None, None) => Ok::<_, StoreError>(None),
        }
    })?;
    // An answer to a test mail is the owner's own doing.
    let ours = found.filter(|message| message.purpose != Purpose::Test);
    let is_report = head.is_machine_report();
    Ok(if ours.is_some() || is_report {
        FirstLook::Open(Box::new(Opening { ours, is_report }))
    } else {
        FirstLook::Leave
    })
}

/// Whether it left from this mailbox, which may have been connected in another way then.
fn is_of_mailbox(txn: &mut Txn<'_>, mailbox: &Connection, message: &Message) -> Result<bool, StoreError> {
    if message.connection == mailbox.id {
        return Ok(true);
    }
    let then = connections::find(txn, message.workspace, message.connection)?;
    Ok(then.is_some_and(|then| then.address == mailbox.address))
}

/// The message with which we began this conversation, in this connection of the mailbox or an earlier one.
fn find_by_thread(txn: &mut Txn<'_>, mailbox: &Connection, thread: &str) -> Result<Option<Message>, StoreError> {
    for one in connections::list_in(txn, mailbox.workspace)? {
        if one.id == mailbox.id || one.address == mailbox.address {
            if let Some(found) = messaging::find_by_thread(txn, mailbox.workspace, one.id, thread)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// What left from this mailbox and is seen again in the conversation, written by us or by the owner's own hand.
fn is_from_here(connection: &Connection, head: &HeaderFacts) -> bool {
    let from = head.from.as_deref().and_then(|from| EmailAddress::parse(from).ok());
    from.is_some_and(|from| from == connection.address)
}

/// What an opened mail turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Reply,
    AutoReply,
    /// With what the owner of the mailbox should know.
    Bounce {
        is_policy: bool,
    },
    Complaint,
    /// A report that refers to no mail of ours changes nothing: anybody can write one.
    Unmatched,
    /// A notice of delay, a receipt, an answer taken in before.
    Nothing,
}

/// Takes in an opened mail. Nothing of `raw` is kept but an excerpt of what a person wrote.
pub(super) fn take_in(
    app: &App,
    connection: &Connection,
    opening: &Opening,
    thread: Option<&str>,
    raw: &[u8],
) -> Result<Read, StoreError> {
    let mail = inspect(raw);
    // What stands inside a report is nearer to the mail it is about than its conversation.
    let inside = if opening.is_report { find_ours(app, connection, &mail)? } else { None };
    let ours = inside.as_ref().or(opening.ours.as_ref());
    let Some(message) = ours else {
        let is_report = matches!(mail.kind, MailKind::Hard | MailKind::Soft | MailKind::Complaint);
        return Ok(if is_report { Read::Unmatched } else { Read::Nothing });
    };
    match mail.kind {
        MailKind::Hard | MailKind::Soft => bounce(app, connection, message, &mail),
        MailKind::Complaint => complaint(app, connection, message, &mail),
        MailKind::Reply | MailKind::AutoReply => answer(app, connection, message, thread, &mail),
        // Receipts and the like say no more than that it got there; but a person who answers with an empty mail has
        // answered.
        MailKind::None if opening.is_report => {
            if let Some(message) = &inside {
                messaging::seen_on_its_way(app, connection.workspace, message.id)?;
            }
            Ok(Read::Nothing)
        }
        MailKind::None => answer(app, connection, message, thread, &mail),
    }
}

fn answer(
    app: &App,
    connection: &Connection,
    message: &Message,
    thread: Option<&str>,
    mail: &Inspection,
) -> Result<Read, StoreError> {
    let from = mail.from.as_ref();
    let Some(address) = from.and_then(|from| EmailAddress::parse(&from.address).ok()) else { return Ok(Read::Nothing) };
    let automatic = mail.kind == MailKind::AutoReply;
    let incoming = Incoming {
        message: message.id,
        from: address,
        from_name: from.and_then(|from| from.name.clone()).unwrap_or_default(),
        subject: mail.subject.clone().unwrap_or_default(),
        text: excerpt(&mail.reply_text),
        // Without an id of its own it is known by what it is: the same mail gives the same id again.
        message_id: mail.message_id.clone().unwrap_or_else(|| made_up_id(message.id, mail)),
        references: mail.message_ids.clone(),
        provider_thread: thread.map(str::to_owned),
        sent_at: sent_at(mail.date.map(UnixMillis::from), app.now()),
        header_facts: header_facts(mail),
        automatic,
    };
    let taken = messaging::receive(app, connection.workspace, &incoming)?;
    Ok(match (taken, automatic) {
        (None, _) => Read::Nothing,
        (Some(_), true) => Read::AutoReply,
        (Some(_), false) => Read::Reply,
    })
}

/// When the mail says it was sent, as far as that can be: whoever wrote it could write any date.
fn sent_at(said: Option<UnixMillis>, now: UnixMillis) -> UnixMillis {
    said.filter(|said| (now.minus(OLDEST)..=now.plus(NEWEST)).contains(said)).unwrap_or(now)
}

fn made_up_id(message: MessageId, mail: &Inspection) -> String {
    let at = mail.date.map_or(0, jiff::Timestamp::as_millisecond);
    format!("{message}.{at}@no-message-id.invalid")
}

/// The few facts that tell machines from people, under the names of their headers.
fn header_facts(mail: &Inspection) -> Vec<(String, String)> {
    let facts = &mail.headers;
    let flag = |name: &str, value: &str, set: bool| set.then(|| (name.to_owned(), value.to_owned()));
    let text = |name: &str, value: &Option<String>| value.as_ref().map(|value| (name.to_owned(), short(value)));
    [
        text("Auto-Submitted", &facts.auto_submitted),
        text("Precedence", &facts.precedence),
        text("List-Id", &facts.list_id),
        flag("X-Autoreply", "yes", facts.has_autoreply_header),
        flag("Return-Path", "<>", facts.is_null_return_path),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn short(value: &str) -> String {
    value.chars().take(100).collect()
}

/// By our own header inside the returned mail, then by Message-IDs.
fn find_ours(app: &App, connection: &Connection, mail: &Inspection) -> Result<Option<Message>, StoreError> {
    let own = mail.own_headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("X-Launchyard-Id"));
    let own: Vec<MessageId> = own.filter_map(|(_, value)| value.trim().parse().ok()).collect();
    let found = app.store.read(|txn| {
        for id in &own {
            if let Some(message) = messaging::find_message(txn, connection.workspace, *id)? {
                return Ok(is_of_mailbox(txn, connection, &message)?.then_some(message));
            }
        }
        let found = messaging::find_by_message_ids(txn, connection.workspace, &mail.message_ids)?;
        match found {
            Some(message) => Ok(is_of_mailbox(txn, connection, &message)?.then_some(message)),
            None => Ok::<_, StoreError>(None),
        }
    })?;
    Ok(found)
}

fn bounce(app: &App, connection: &Connection, message: &Message, mail: &Inspection) -> Result<Read, StoreError> {
    let concerned = concerned(message, mail);
    let class = concerned.map_or(mail.bounce_class.unwrap_or(BounceClass::Unclear), |one| one.class);
    if mail.is_delay {
        // Late is not lost (RFC 3464 section 2.3.3).
        messaging::seen_on_its_way(app, connection.workspace, message.id)?;
        return Ok(Read::Nothing);
    }
    let bounce = match class {
        _ if mail.kind == MailKind::Hard && class.suppresses() => Bounce::Nobody,
        BounceClass::MailboxFull => Bounce::Full,
        _ => Bounce::Elsewhere,
    };
    // A report read before says nothing new.
    if matches!(message.state, Delivery::Bounced { hard, .. } if hard || bounce != Bounce::Nobody) {
        return Ok(Read::Nothing);
    }
    let reason = reason(concerned, mail, class);
    messaging::bounced(app, connection.workspace, message.id, bounce, &reason)?;
    Ok(Read::Bounce { is_policy: class == BounceClass::Policy })
}

/// What the report says about whom we wrote to. Forwarders name another address: then the first counts.
fn concerned<'a>(message: &Message, mail: &'a Inspection) -> Option<&'a Concerned> {
    let is_to = |one: &&Concerned| one.address.eq_ignore_ascii_case(message.to.display());
    mail.recipients.iter().find(is_to).or_else(|| mail.recipients.first())
}

fn reason(concerned: Option<&Concerned>, mail: &Inspection, class: BounceClass) -> String {
    let code = concerned.and_then(|one| one.code.map(|code| code.to_string()));
    let code = code.or_else(|| mail.status.clone());
    let words = match class {
        BounceClass::Address => "nobody is at this address",
        BounceClass::MailboxFull => "the mailbox is full",
        BounceClass::Message => "this mail was not wanted there",
        BounceClass::Policy => "the server refuses mail from this sender",
        BounceClass::Temporary => "the server could not be reached",
        BounceClass::Unclear => "not delivered",
    };
    code.map_or_else(|| words.to_owned(), |code| format!("{words} ({code})"))
}

fn complaint(app: &App, connection: &Connection, message: &Message, mail: &Inspection) -> Result<Read, StoreError> {
    let kind = mail.feedback_type.as_deref().unwrap_or("abuse");
    messaging::complained(app, connection.workspace, message.id, kind)?;
    Ok(Read::Complaint)
}
