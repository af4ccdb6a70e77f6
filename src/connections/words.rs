//! What went wrong with a connection, in words for its owner: what happened and what to do.

use std::time::Duration;

use super::model::Kind;
use super::provider::Provider;
use crate::base::counted;
use crate::providers::ProviderError;

/// For the connection's page and the notices. The provider's own words stand at the end, where they help.
pub(super) fn of_error(kind: &Kind, error: &ProviderError) -> String {
    match kind.provider() {
        Some(provider) => of_provider(provider, error),
        None => of_server(if matches!(kind, Kind::CalDav(_)) { "calendar" } else { "mail" }, error),
    }
}

fn of_provider(provider: Provider, error: &ProviderError) -> String {
    use ProviderError as E;
    let name = provider.name();
    match error {
        E::Reconnect { .. } | E::TokenRefused => {
            format!("{name} no longer lets us in. Sign in again; nothing is lost.")
        }
        E::MissingScope { .. } => {
            let cure = match provider {
                Provider::Google => "Sign in again and leave all boxes ticked.",
                Provider::Microsoft | Provider::Webex => "Sign in again and allow all that is asked for.",
                Provider::Zoom | Provider::Goto => {
                    "Its app there lacks it: the operator of this server adds it, then sign in again."
                }
            };
            format!("{name} lets us in, but a permission is missing. {cure}")
        }
        E::Quota { until: None, reason } if provider == Provider::Microsoft => {
            format!(
                "Microsoft sends nothing more for this mailbox at present. What waits leaves later. It said: {reason}"
            )
        }
        E::Quota { .. } => format!("{name} allows no more today. What waits leaves when {name} allows it again."),
        E::NotFound => format!("{name} has no mailbox for this account."),
        E::Retry { after, reason } => {
            format!("{name} did not take a call. We try again {}. It said: {reason}", soon(*after))
        }
        E::Unknown { reason } => format!("{name}’s answer was lost, and is looked for: {reason}"),
        other => format!("{name} refused a call: {other}."),
    }
}

fn of_server(what: &str, error: &ProviderError) -> String {
    use ProviderError as E;
    match error {
        E::Reconnect { reason } => {
            format!("The {what} server does not let us in. Correct the settings; nothing is lost. It said: {reason}")
        }
        E::Retry { after, reason } => {
            format!("The {what} server did not answer as it should. We try again {}. {reason}", soon(*after))
        }
        other => format!("The {what} server refused: {other}."),
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
