//! The e-mail channel as the outbox knows it.

use std::time::Duration;

use super::send::{send, without_brackets};
use crate::app::App;
use crate::connections::{self, Connection, Kind};
use crate::messaging::{Channel, Look, Message, SendOutcome, SentAs};
use crate::providers::google::gmail::{Gmail, Metadata};

/// Sends and looks for mail by Gmail, or by SMTP.
pub struct EmailChannel;

/// Gmail's index is behind its own sending: after a cut line it is asked three times over ten minutes before
/// "not there" is believed.
const PAUSES: [Duration; 2] = [Duration::from_secs(120), Duration::from_secs(480)];
const WHEN_OWNER_ACTED: Duration = Duration::from_secs(3600);

impl Channel for EmailChannel {
    fn send(&self, app: &App, message: &Message, connection: &Connection) -> SendOutcome {
        send(app, message, connection)
    }

    fn look(&self, app: &App, message: &Message, connection: &Connection, looks: u32) -> Look {
        match &connection.kind {
            Kind::Google(_) if connection.is_disconnected() => Look::CannotKnow {
                reason: "The line was cut while sending, and the mailbox was disconnected since.".into(),
            },
            Kind::Google(_) => look_in_gmail(app, message, connection, looks),
            Kind::SmtpImap(_) => Look::CannotKnow {
                reason: "The line was cut after the mail had left, and a mail server cannot be asked.".into(),
            },
        }
    }
}

fn look_in_gmail(app: &App, message: &Message, connection: &Connection, looks: u32) -> Look {
    let (own_id, since) = (message.id.to_string(), message.queued_at.as_seconds());
    let found = connections::google_session(app, message.workspace, connection.id, |session| {
        Gmail(session).find_sent(&own_id, &message.message_id, since)
    });
    let pause = usize::try_from(looks).ok().and_then(|looks| PAUSES.get(looks).copied());
    match (found, pause) {
        (Ok(Some(mail)), _) => Look::Found(sent_as(&mail)),
        (Ok(None), None) => Look::Absent,
        (Ok(None), Some(after)) => Look::LookAgain { after, reason: "Not in the mailbox yet.".into() },
        (Err(error), pause) => {
            Look::LookAgain { after: pause.unwrap_or(WHEN_OWNER_ACTED), reason: format!("Google: {error}") }
        }
    }
}

fn sent_as(mail: &Metadata) -> SentAs {
    SentAs {
        provider_id: Some(mail.message.id.clone()),
        provider_thread: Some(mail.message.thread_id.clone()).filter(|thread| !thread.is_empty()),
        message_id: mail.header("Message-ID").map(without_brackets),
    }
}
