//! From code and words of a failed delivery to what it means for the address.
//!
//! Only a failure that is the address's own (no such mailbox, no such domain, mailbox closed) may
//! suppress it. Servers state the same thing with different codes, so a specific enhanced code
//! speaks first, the words correct it where they are unmistakable, and what stays unclear never
//! suppresses anybody.

use super::reasons;
use super::status::{find_reply, EnhancedCode};

/// What a failed or late delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceClass {
    /// The mailbox or its domain does not exist or is closed: suppress the address.
    Address,
    /// Full mailbox: count, suppress after several.
    MailboxFull,
    /// This message was too large or its content unwanted: nothing to learn about the address.
    Message,
    /// Policy, reputation or authentication: the sender's matter, pause and show why.
    Policy,
    /// Time-outs, greylisting, unreachable servers: may work later.
    Temporary,
    /// Permanent, but nobody can say why.
    Unclear,
}

impl BounceClass {
    pub fn suppresses(self) -> bool {
        self == Self::Address
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::MailboxFull => "mailbox_full",
            Self::Message => "message",
            Self::Policy => "policy",
            Self::Temporary => "temporary",
            Self::Unclear => "unclear",
        }
    }
}

/// What the report states about one recipient.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// The `Status` field.
    pub status: Option<EnhancedCode>,
    /// `Diagnostic-Code`, or the lines near the address.
    pub diagnostic: &'a str,
    /// Text for people; looked at only when the diagnostic says nothing.
    pub explanation: &'a str,
    pub is_delay: bool,
}

/// Contract: the enhanced code in the diagnostic beats a generic `x.0.0` in `Status`.
pub fn best_code(status: Option<EnhancedCode>, diagnostic: &str) -> Option<EnhancedCode> {
    let diagnostic = beginning(diagnostic);
    let specific = EnhancedCode::find_all(diagnostic).take(8).find(|code| !code.is_generic());
    match status {
        Some(status) if !status.is_generic() => Some(status),
        Some(status) => specific.or(Some(status)),
        None => specific.or_else(|| EnhancedCode::find(diagnostic)),
    }
}

/// As much of a text as is worth searching for codes.
fn beginning(text: &str) -> &str {
    let end = (0..=4000.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

/// What one recipient's failure is about.
pub fn classify(evidence: Evidence<'_>) -> BounceClass {
    let words = reasons::find(evidence.diagnostic);
    let code = best_code(evidence.status, evidence.diagnostic);
    if evidence.is_delay {
        return if words == Some(BounceClass::MailboxFull) { BounceClass::MailboxFull } else { BounceClass::Temporary };
    }
    if let Some(class) = code.and_then(|code| by_code(code, words)) {
        return class;
    }
    let is_transient = find_reply(beginning(evidence.diagnostic)).is_some_and(|reply| reply < 500);
    match words {
        // "450 mailbox unavailable": the words are those of 550, the number is what counts.
        Some(BounceClass::Address) if is_transient => return BounceClass::Temporary,
        Some(class) => return class,
        None if is_transient => return BounceClass::Temporary,
        None => {}
    }
    reasons::find(evidence.explanation).or_else(|| code.and_then(by_bare_code)).unwrap_or(BounceClass::Unclear)
}

/// Codes that say something by themselves; words may correct the ones servers use loosely.
fn by_code(code: EnhancedCode, words: Option<BounceClass>) -> Option<BounceClass> {
    use BounceClass::{Address, MailboxFull, Message, Policy, Temporary};
    if code.class == 4 {
        // "Not found" about a host may be a resolver's bad moment: never final with a 4.
        return Some(words.filter(|&class| class == MailboxFull).unwrap_or(Temporary));
    }
    match (code.subject, code.detail) {
        (1, 0) => Some(words.unwrap_or(Address)),
        (1, 7..=9) => Some(words.filter(|&class| class != Address).unwrap_or(Policy)),
        (1, 1 | 2 | 3 | 4 | 6 | 10) => {
            Some(words.filter(|class| matches!(class, MailboxFull | Policy | Temporary)).unwrap_or(Address))
        }
        (2, 1) => Some(words.filter(|class| matches!(class, MailboxFull | Policy)).unwrap_or(Address)),
        (2, 2) => Some(MailboxFull),
        (2, 3) | (3, 4) | (6, _) => Some(Message),
        (4, 1 | 4) => Some(words.filter(|&class| class == Address).unwrap_or(Temporary)),
        (4, _) => Some(words.filter(|&class| class == Policy || class == Address).unwrap_or(Temporary)),
        // Refusals of relays: access lists answer 5.7.1 to an unknown recipient too.
        (7, 0 | 1) => Some(words.filter(|&class| class == Address).unwrap_or(Policy)),
        (7, _) => Some(Policy),
        _ => None,
    }
}

fn by_bare_code(code: EnhancedCode) -> Option<BounceClass> {
    match (code.class, code.subject) {
        (4, _) => Some(BounceClass::Temporary),
        (_, 3) => Some(BounceClass::Temporary),
        _ => None,
    }
}
