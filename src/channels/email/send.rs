//! One mail on its way out, by Gmail, by Microsoft Graph or by the owner's own server.

use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::Address;

use super::letter::{self, LetterError};
use super::outcome;
use crate::app::App;
use crate::base::EmailAddress;
use crate::connections::{self, Connection, Kind, Provider, SmtpImap};
use crate::deliverability;
use crate::messaging::{Message, SendOutcome, SentAs};
use crate::providers::google::gmail::{Gmail, MessageRef};
use crate::providers::google::Session;
use crate::providers::microsoft::mail::{Mail, SentCopy, Submission, Trace};
use crate::providers::smtp::Outgoing;
use crate::providers::ProviderError;

pub(super) fn send(app: &App, message: &Message, connection: &Connection) -> SendOutcome {
    let mail = match letter::write(app, message, connection) {
        Ok(mail) => mail,
        Err(LetterError::Store(error)) => {
            return SendOutcome::Wait { after: None, whole_mailbox: false, reason: error.to_string() }
        }
        Err(error) => {
            return SendOutcome::Refused { reason: format!("The mail cannot be written: {error}."), bad_address: false }
        }
    };
    match &connection.kind {
        Kind::Google(_) => send_by_gmail(app, message, connection, &mail),
        Kind::Microsoft(_) => send_by_graph(app, message, connection, &mail),
        Kind::SmtpImap(server) => send_by_smtp(app, message, connection, server, mail),
        Kind::Meetings(_) | Kind::CalDav(_) => {
            SendOutcome::Refused { reason: super::NO_MAILBOX.into(), bad_address: false }
        }
    }
}

fn send_by_gmail(app: &App, message: &Message, connection: &Connection, mail: &[u8]) -> SendOutcome {
    let sent = connections::google_session(app, message.workspace, connection.id, |session| {
        let sent = send_in_thread(session, mail, message.provider_thread.as_deref())?;
        Ok(sent_as(session, sent))
    });
    match sent {
        Ok(sent) => SendOutcome::Sent(sent),
        Err(error) => outcome::of_provider(Provider::Google, error, app.now()),
    }
}

/// In the conversation it belongs to; where the owner has deleted that, on its own.
fn send_in_thread(session: Session<'_>, mail: &[u8], thread: Option<&str>) -> Result<MessageRef, ProviderError> {
    match Gmail(session).send(mail, thread) {
        Err(ProviderError::NotFound) if thread.is_some() => Gmail(session).send(mail, None),
        other => other,
    }
}

/// Gmail may have replaced the Message-ID: answers will name the one it really has. That it cannot be read now
/// does not undo the sending; answers are then known by their conversation.
fn sent_as(session: Session<'_>, sent: MessageRef) -> SentAs {
    let found = Gmail(session).metadata(&sent.id, &["Message-ID"]);
    let message_id = found.ok().and_then(|mail| mail.header("Message-ID").map(without_brackets));
    SentAs {
        message_id: message_id.filter(|id| !id.is_empty()),
        provider_thread: Some(sent.thread_id).filter(|thread| !thread.is_empty()),
        provider_id: Some(sent.id),
    }
}

/// The copy appears in the mailbox a moment after the sending; without it the real Message-ID is not known.
const COPY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

fn send_by_graph(app: &App, message: &Message, connection: &Connection, mail: &[u8]) -> SendOutcome {
    let own_id = message.id.to_string();
    let sent = connections::microsoft_session(app, message.workspace, connection.id, |session| {
        let mailbox = Mail(session);
        Ok(match mailbox.send(mail, &own_id)? {
            Submission::Accepted => SendOutcome::Sent(copy_of(&mailbox, &own_id)),
            Submission::MailRefused { reason, bad_address } => {
                SendOutcome::Refused { reason: format!("Microsoft: {reason}"), bad_address }
            }
        })
    });
    sent.unwrap_or_else(|error| outcome::of_provider(Provider::Microsoft, error, app.now()))
}

/// Exchange keeps our Message-ID as a rule. Where it cannot be read back, ours is taken for it.
fn copy_of(mailbox: &Mail<'_>, own_id: &str) -> SentAs {
    let mut found = mailbox.find_sent(own_id);
    for pause in COPY_AFTER {
        if !matches!(found, Ok(Trace::Absent | Trace::Pending)) {
            break;
        }
        std::thread::park_timeout(pause);
        found = mailbox.find_sent(own_id);
    }
    match found {
        Ok(Trace::Sent(copy)) => as_sent(copy),
        _ => SentAs::default(),
    }
}

pub(super) fn as_sent(copy: SentCopy) -> SentAs {
    SentAs { message_id: copy.message_id, provider_thread: copy.conversation, provider_id: Some(copy.id) }
}

pub(super) fn without_brackets(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

/// Google and Microsoft sign by themselves; through the owner's own server a mail leaves signed by us, where that is on.
fn send_by_smtp(
    app: &App,
    message: &Message,
    connection: &Connection,
    server: &SmtpImap,
    mail: Vec<u8>,
) -> SendOutcome {
    let Some(envelope) = envelope(&connection.address, &message.to) else {
        let reason = "The address cannot be written in an envelope.".to_owned();
        return SendOutcome::Refused { reason, bad_address: false };
    };
    let server = match connections::smtp_server(app, server) {
        Ok(server) => Arc::new(server),
        Err(error) => return SendOutcome::NeedsOwner { reason: error.to_string() },
    };
    let mail = match deliverability::sign_leaving(app, connection, mail, app.now()) {
        Ok(mail) => mail,
        Err(error) => return SendOutcome::Wait { after: None, whole_mailbox: false, reason: error.to_string() },
    };
    let log = connections::Log::of(connection.id);
    let outgoing = Outgoing { envelope: &envelope, message: &mail };
    let (outcome, note) = outcome::of_smtp(app.smtp.send(connection.id, &server, outgoing, &log));
    connections::flush_if_many(app, message.workspace, connection.id);
    tell_owner(app, connection, &outcome, note.as_deref());
    outcome
}

fn envelope(from: &EmailAddress, to: &EmailAddress) -> Option<Envelope> {
    let address = |one: &EmailAddress| {
        let local = one.display().rsplit_once('@').map(|(local, _)| local)?;
        Address::new(local, one.domain()).ok()
    };
    Envelope::new(Some(address(from)?), vec![address(to)?]).ok()
}

/// What the refusal says about the mailbox itself goes to its page, beside the message's own outcome.
fn tell_owner(app: &App, connection: &Connection, outcome: &SendOutcome, note: Option<&str>) {
    let (workspace, id) = (connection.workspace, connection.id);
    let told = match (outcome, note) {
        (SendOutcome::NeedsOwner { reason } | SendOutcome::SenderRefused { reason }, _) => {
            connections::lose(app, workspace, id, reason)
        }
        (SendOutcome::Wait { after: Some(after), whole_mailbox: true, reason }, _) => {
            connections::wait(app, workspace, id, app.now().plus(*after), reason)
        }
        (_, Some(note)) => connections::note(app, workspace, id, note),
        _ => Ok(()),
    };
    if let Err(error) = told {
        tracing::error!(%error, connection = %id, "a refusal could not be noted on its mailbox");
    }
}
