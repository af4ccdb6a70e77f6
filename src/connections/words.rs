//! What went wrong with a connection, in words for its owner: what happened and what to do.

use std::time::Duration;

use super::model::Kind;
use crate::base::counted;
use crate::providers::ProviderError;

/// For the connection's page and the notices. The provider's own words stand at the end, where they help.
pub(super) fn of_error(kind: &Kind, error: &ProviderError) -> String {
    match kind {
        Kind::Google(_) => of_google(error),
        Kind::SmtpImap(_) => of_mail_server(error),
    }
}

fn of_google(error: &ProviderError) -> String {
    use ProviderError as E;
    match error {
        E::Reconnect { .. } | E::TokenRefused => {
            "Google no longer lets us in. Sign in again; nothing is lost.".to_owned()
        }
        E::MissingScope { .. } => {
            "Google lets us in, but a permission is missing. Sign in again and leave all boxes ticked.".to_owned()
        }
        E::Quota { .. } => "Google allows no more today. What waits leaves when Google allows it again.".to_owned(),
        E::Retry { after, reason } => {
            format!("Google did not take a call. We try again {}. It said: {reason}", soon(*after))
        }
        E::Unknown { reason } => format!("Google’s answer was lost, and is looked for: {reason}"),
        other => format!("Google refused a call: {other}."),
    }
}

fn of_mail_server(error: &ProviderError) -> String {
    use ProviderError as E;
    match error {
        E::Reconnect { reason } => {
            format!("The mail server does not let us in. Correct the settings; nothing is lost. It said: {reason}")
        }
        E::Retry { after, reason } => {
            format!("The mail server did not answer as it should. We try again {}. {reason}", soon(*after))
        }
        other => format!("The mail server refused: {other}."),
    }
}

fn soon(after: Option<Duration>) -> String {
    match after.map(|length| length.as_secs().div_ceil(60)) {
        None | Some(0) => "shortly".to_owned(),
        Some(1) => "in a minute".to_owned(),
        Some(minutes @ ..=90) => format!("in {}", counted(minutes, "minute", "minutes")),
        Some(minutes) => format!("in {} hours", minutes.div_ceil(60)),
    }
}
