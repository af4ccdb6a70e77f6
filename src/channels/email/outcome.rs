//! What a provider's answer to a send means for the message and for the mailbox. Pure.

use std::time::Duration;

use super::inspect::{classify, BounceClass, EnhancedCode, Evidence};
use crate::base::UnixMillis;
use crate::connections::Provider;
use crate::messaging::SendOutcome;
use crate::providers::smtp::{Outcome, Phase};
use crate::providers::ProviderError;

/// Greylisting and busy servers: RFC 5321 section 4.5.4.1 wants half an hour between tries.
const LATER: Duration = Duration::from_secs(30 * 60);
/// The least that a quota is waited for.
const SOON: Duration = Duration::from_secs(5 * 60);
/// A daily limit without a time: limits roll by the hour.
const LIMIT: Duration = Duration::from_secs(3600);

/// Of a provider that was let in by consent. What the grant itself means was recorded with the connection already.
pub(super) fn of_provider(provider: Provider, error: ProviderError, now: UnixMillis) -> SendOutcome {
    use ProviderError as E;
    let name = provider.name();
    match error {
        // Without a time of theirs the pause grows from try to try.
        E::Retry { after, reason } => SendOutcome::Wait { after, whole_mailbox: true, reason },
        E::Quota { until, reason } => whole_mailbox(until.map_or(LIMIT, |until| until.since(now)).max(SOON), reason),
        E::TokenRefused | E::Reconnect { .. } => {
            SendOutcome::NeedsOwner { reason: format!("{name} no longer lets us in. Sign in again; nothing is lost.") }
        }
        E::MissingScope { .. } => {
            SendOutcome::NeedsOwner { reason: "The permission to send is missing. Sign in again and allow it.".into() }
        }
        E::Unknown { reason } => SendOutcome::Unknown { reason },
        // As a rule the account: its service is off, its administrator forbids it.
        E::Rejected { reason } => SendOutcome::SenderRefused { reason: format!("{name} refuses to send: {reason}") },
        // Graph names no mail in a sending: what is not found is the mailbox.
        E::NotFound if provider == Provider::Microsoft => {
            SendOutcome::SenderRefused { reason: "Microsoft has no mailbox for this account any more.".into() }
        }
        refused => SendOutcome::Refused { reason: format!("{name}: {refused}"), bad_address: false },
    }
}

/// Of an SMTP server. The second value is what the owner of the mailbox should know, where the refusal is the
/// mailbox's or its domain's own trouble.
pub(super) fn of_smtp(outcome: Outcome) -> (SendOutcome, Option<String>) {
    match outcome {
        Outcome::Accepted { .. } => (SendOutcome::Sent(Default::default()), None),
        Outcome::Unknown { reason } => (SendOutcome::Unknown { reason }, None),
        Outcome::Unusable { reason, .. } => (SendOutcome::NeedsOwner { reason }, None),
        Outcome::Retry { phase, code, enhanced, reason } => {
            let is_ours =
                is_account_limit(code, enhanced.as_deref()) || !matches!(phase, Phase::Recipient | Phase::Data);
            let note = is_ours.then(|| reason.clone());
            let after = (!is_ours).then_some(LATER);
            (SendOutcome::Wait { after, whole_mailbox: is_ours, reason }, note)
        }
        Outcome::Rejected { phase, code, enhanced, reason } => rejected(phase, code, enhanced.as_deref(), reason),
    }
}

fn rejected(phase: Phase, code: Option<u16>, enhanced: Option<&str>, reason: String) -> (SendOutcome, Option<String>) {
    if is_daily_limit(enhanced, &reason) {
        return (whole_mailbox(LIMIT, reason.clone()), Some(reason));
    }
    let status = enhanced.and_then(EnhancedCode::parse);
    let class = classify(Evidence { status, diagnostic: &reason, explanation: "", is_delay: false });
    let is_theirs = matches!(phase, Phase::Recipient | Phase::Data);
    let bad_address = is_theirs && code.is_some() && class == BounceClass::Address;
    let words = format!("The server refused a mail: {reason}");
    if matches!(phase, Phase::Connect | Phase::Sender) {
        return (SendOutcome::NeedsOwner { reason: words.clone() }, Some(words));
    }
    if class == BounceClass::Policy {
        let reason = format!("The server refuses mail of this sender: {reason}");
        return (SendOutcome::SenderRefused { reason }, Some(words));
    }
    (SendOutcome::Refused { reason, bad_address }, None)
}

/// 421 closes the whole line, 454 is how submission servers throttle, 4.7.0 and 4.7.28 how Google does.
fn is_account_limit(code: Option<u16>, enhanced: Option<&str>) -> bool {
    matches!(code, Some(421 | 454)) || matches!(enhanced, Some("4.7.0" | "4.7.28" | "4.3.2"))
}

/// 5.4.5 is Google's daily limit; others say it in words only.
fn is_daily_limit(enhanced: Option<&str>, reason: &str) -> bool {
    let words = reason.to_lowercase();
    let says_limit =
        ["sending limit", "sending quota", "daily limit", "quota exceeded for sending", "too many messages"];
    enhanced == Some("5.4.5") || says_limit.iter().any(|said| words.contains(said))
}

fn whole_mailbox(after: Duration, reason: String) -> SendOutcome {
    SendOutcome::Wait { after: Some(after), whole_mailbox: true, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    #[test]
    fn an_smtp_refusal_says_whether_to_wait_whose_fault_it_is_and_who_must_act() {
        let (yes, no) = (true, false);
        // phase, reply; expected: the message is kept, whole mailbox, bad address, told to the mailbox's owner.
        let cases = [
            (Phase::Recipient, 450, Some("4.2.0"), "greylisted, try later", (yes, no, no, no)),
            (Phase::Data, 451, None, "local error", (yes, no, no, no)),
            (Phase::Connect, 421, None, "too many connections", (yes, yes, no, yes)),
            (Phase::Sender, 454, Some("4.7.0"), "Throttling failure: maximum rate exceeded", (yes, yes, no, yes)),
            (Phase::Recipient, 454, None, "Throttling failure", (yes, yes, no, yes)),
            (Phase::Sender, 550, Some("5.4.5"), "Daily user sending limit exceeded", (yes, yes, no, yes)),
            (Phase::Recipient, 550, Some("5.1.1"), "no such user", (no, no, yes, no)),
            (Phase::Recipient, 550, None, "No such user here", (no, no, yes, no)),
            (Phase::Recipient, 553, Some("5.1.3"), "bad syntax", (no, no, yes, no)),
            (Phase::Recipient, 550, Some("5.7.1"), "blocked by policy", (yes, yes, no, yes)),
            (Phase::Data, 550, Some("5.7.26"), "unauthenticated mail", (yes, yes, no, yes)),
            (Phase::Data, 552, Some("5.3.4"), "too big", (no, no, no, no)),
            (Phase::Sender, 553, Some("5.7.1"), "Sender address rejected: not owned by user", (yes, yes, no, yes)),
            (Phase::Sender, 550, Some("5.1.8"), "sender unknown", (yes, yes, no, yes)),
        ];
        for (phase, code, enhanced, words, expected) in cases {
            let (code, enhanced) = (Some(code), enhanced.map(str::to_owned));
            let reason = format!("{} {} {words}", code.unwrap(), enhanced.as_deref().unwrap_or_default());
            let outcome = if code < Some(500) {
                Outcome::Retry { phase, code, enhanced, reason }
            } else {
                Outcome::Rejected { phase, code, enhanced, reason }
            };
            let (found, note) = of_smtp(outcome);
            let found = match found {
                SendOutcome::Wait { whole_mailbox, .. } => (yes, whole_mailbox, no, note.is_some()),
                SendOutcome::Refused { bad_address, .. } => (no, no, bad_address, note.is_some()),
                SendOutcome::NeedsOwner { .. } | SendOutcome::SenderRefused { .. } => (yes, yes, no, note.is_some()),
                other => panic!("{words}: {other:?}"),
            };
            assert_eq!(found, expected, "{words}");
        }
    }

    #[test]
    fn a_provider_is_waited_for_as_long_as_it_says() {
        let hour = Duration::from_secs(3600);
        let limited = ProviderError::Quota { until: Some(NOW.plus(2 * hour)), reason: "limit".into() };
        let unlimited = ProviderError::Quota { until: None, reason: "limit".into() };
        let slow = ProviderError::Retry { after: Some(Duration::from_secs(7)), reason: "slow".into() };
        for (error, expected) in [(limited, 2 * hour), (unlimited, hour), (slow, Duration::from_secs(7))] {
            match of_provider(Provider::Google, error, NOW) {
                SendOutcome::Wait { after, whole_mailbox: true, .. } => assert_eq!(after, Some(expected)),
                other => panic!("{other:?}"),
            }
        }
        let dead = ProviderError::Reconnect { reason: "revoked".into() };
        assert!(matches!(of_provider(Provider::Microsoft, dead, NOW), SendOutcome::NeedsOwner { .. }));
        let cut = ProviderError::Unknown { reason: "cut".into() };
        assert!(matches!(of_provider(Provider::Microsoft, cut, NOW), SendOutcome::Unknown { .. }));
        let no_mailbox = of_provider(Provider::Microsoft, ProviderError::NotFound, NOW);
        assert!(matches!(no_mailbox, SendOutcome::SenderRefused { .. }), "{no_mailbox:?}");
    }
}
