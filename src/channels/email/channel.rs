//! The e-mail channel as the outbox knows it.

use std::time::Duration;

use super::send::{as_sent, send, without_brackets};
use crate::app::App;
use crate::connections::{self, Connection, Provider};
use crate::messaging::{Channel, Look, Message, SendOutcome, SentAs};
use crate::providers::google::gmail::{Gmail, Metadata};
use crate::providers::microsoft::mail::{self, Mail};
use crate::providers::ProviderError;

/// Sends by Gmail, Microsoft Graph or SMTP, and looks for what may have left.
pub struct EmailChannel;

/// A provider's index is behind its own sending: after a cut line it is asked three times over ten minutes before
/// "not there" is believed.
const PAUSES: [Duration; 2] = [Duration::from_secs(120), Duration::from_secs(480)];
const WHEN_OWNER_ACTED: Duration = Duration::from_secs(3600);
/// A mail that lies in the Outbox is asked after by the hour, for a day; then a person says.
const WHILE_PENDING: Duration = Duration::from_secs(3600);
const LOOKS_WHILE_PENDING: u32 = 26;

/// What a mailbox says of a mail that may have left.
enum Trace {
    Sent(SentAs),
    /// It lies there and has not left yet.
    Pending,
    Absent,
}

impl Channel for EmailChannel {
    fn send(&self, app: &App, message: &Message, connection: &Connection) -> SendOutcome {
        send(app, message, connection)
    }

    fn look(&self, app: &App, message: &Message, connection: &Connection, looks: u32) -> Look {
        let Some(provider) = connection.kind.provider() else {
            return Look::CannotKnow {
                reason: "The line was cut after the mail had left, and a mail server cannot be asked.".into(),
            };
        };
        if connection.is_disconnected() {
            return Look::CannotKnow {
                reason: "The line was cut while sending, and the mailbox was disconnected since.".into(),
            };
        }
        let found = match provider {
            Provider::Google => find_in_gmail(app, message),
            Provider::Microsoft => find_by_graph(app, message),
            Provider::Zoom | Provider::Webex | Provider::Goto => {
                return Look::CannotKnow { reason: super::NO_MAILBOX.into() };
            }
        };
        judge(provider, found, looks)
    }
}

fn find_in_gmail(app: &App, message: &Message) -> Result<Trace, ProviderError> {
    let (own_id, since) = (message.id.to_string(), message.queued_at.as_seconds());
    let found = connections::google_session(app, message.workspace, message.connection, |session| {
        Gmail(session).find_sent(&own_id, &message.message_id, since)
    })?;
    Ok(found.as_ref().map_or(Trace::Absent, |mail| Trace::Sent(sent_as(mail))))
}

fn find_by_graph(app: &App, message: &Message) -> Result<Trace, ProviderError> {
    let own_id = message.id.to_string();
    let found = connections::microsoft_session(app, message.workspace, message.connection, |session| {
        Mail(session).find_sent(&own_id)
    })?;
    Ok(match found {
        mail::Trace::Sent(copy) => Trace::Sent(as_sent(copy)),
        mail::Trace::Pending => Trace::Pending,
        mail::Trace::Absent => Trace::Absent,
    })
}

fn judge(provider: Provider, found: Result<Trace, ProviderError>, looks: u32) -> Look {
    let pause = usize::try_from(looks).ok().and_then(|looks| PAUSES.get(looks).copied());
    match (found, pause) {
        (Ok(Trace::Sent(sent)), _) => Look::Found(sent),
        (Ok(Trace::Pending), pause) => pending(looks, pause),
        (Ok(Trace::Absent), None) => Look::Absent,
        (Ok(Trace::Absent), Some(after)) => Look::LookAgain { after, reason: "Not in the mailbox yet.".into() },
        (Err(error), pause) => {
            let reason = format!("{}: {error}", provider.name());
            Look::LookAgain { after: pause.unwrap_or(WHEN_OWNER_ACTED), reason }
        }
    }
}

/// It may still leave by itself: sending it again could be twice.
fn pending(looks: u32, pause: Option<Duration>) -> Look {
    if looks >= LOOKS_WHILE_PENDING {
        return Look::CannotKnow { reason: "The mail has been lying in the mailbox’s Outbox for a day.".into() };
    }
    let after = pause.unwrap_or(WHILE_PENDING);
    Look::LookAgain { after, reason: "The mail lies in the mailbox’s Outbox.".into() }
}

fn sent_as(mail: &Metadata) -> SentAs {
    SentAs {
        provider_id: Some(mail.message.id.clone()),
        provider_thread: Some(mail.message.thread_id.clone()).filter(|thread| !thread.is_empty()),
        message_id: mail.header("Message-ID").map(without_brackets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_outbox_is_never_absent_and_comes_before_a_person_after_a_day() {
        let judged = |looks| judge(Provider::Microsoft, Ok(Trace::Pending), looks);
        assert!(matches!(judged(2), Look::LookAgain { .. }));
        assert!(matches!(judged(25), Look::LookAgain { .. }));
        assert!(matches!(judged(26), Look::CannotKnow { .. }));
    }
}
