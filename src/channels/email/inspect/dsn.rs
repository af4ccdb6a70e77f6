//! Delivery status notifications, RFC 3464; addresses of RFC 6533.

use super::status::EnhancedCode;
use super::verdict::{best_code, classify, Evidence};
use super::{Action, Concerned};
use crate::channels::email::address::first_address;
use crate::channels::email::header_block::HeaderBlock;

/// What a `message/delivery-status` part states.
#[derive(Debug, Default)]
pub struct DeliveryReport {
    pub recipients: Vec<Concerned>,
    pub original_envelope_id: Option<String>,
    /// The first `Status` stated, also where its recipient cannot be read.
    pub status: Option<String>,
}

const MAX_RECIPIENTS: usize = 500;

/// Reads the blocks: the first is about the message, each further one about a recipient. `explanation`
/// is the report's text for people, asked when the fields give no reason.
pub fn read(text: &str, explanation: &str) -> DeliveryReport {
    let mut report = DeliveryReport::default();
    for block in blocks(text) {
        let fields = HeaderBlock::parse_text(&block);
        if report.original_envelope_id.is_none() {
            report.original_envelope_id = fields.get("original-envelope-id").map(str::to_owned);
        }
        if report.status.is_none() {
            report.status = fields.get("status").and_then(EnhancedCode::parse).map(|code| code.to_string());
        }
        if report.recipients.len() < MAX_RECIPIENTS {
            report.recipients.extend(recipient(&fields, explanation));
        }
    }
    report
}

/// The fields of a report that stand in plain text, from the first field on.
pub fn fields_in_text(text: &str) -> Option<&str> {
    let starts = ["Reporting-MTA:", "Final-Recipient:", "Original-Recipient:"];
    let is_start = |line: &str| {
        starts.iter().any(|name| line.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))
    };
    let mut offset = 0;
    let mut begun = None;
    let mut has_recipient = false;
    for line in text.split_inclusive('\n') {
        if is_start(line) {
            begun = begun.or(Some(offset));
            has_recipient |= !line.starts_with("Reporting");
        }
        offset += line.len();
    }
    begun.filter(|_| has_recipient).map(|begin| &text[begin..])
}

/// Blocks are separated by empty lines; some servers write none, so a second `Final-Recipient` (or
/// `Original-Recipient` after one) begins a block too.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let (mut has_final, mut has_original) = (false, false);
    for line in text.lines() {
        let lower = line.trim_start().to_ascii_lowercase();
        let is_final = lower.starts_with("final-recipient");
        let is_original = lower.starts_with("original-recipient");
        if line.trim().is_empty()
            || (is_final && has_final)
            || (is_original && (has_original || has_final && is_block_done(&blocks)))
        {
            blocks.push(String::new());
            (has_final, has_original) = (false, false);
        }
        has_final |= is_final;
        has_original |= is_original;
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
        if blocks.len() > 2 * MAX_RECIPIENTS {
            break;
        }
    }
    blocks
}

/// The block at hand already states an action and a status: what follows is another recipient.
fn is_block_done(blocks: &[String]) -> bool {
    blocks.last().is_some_and(|block| {
        let block = block.to_ascii_lowercase();
        block.contains("\naction:") && block.contains("\nstatus:") && block.contains("original-recipient")
    })
}

fn recipient(fields: &HeaderBlock, explanation: &str) -> Option<Concerned> {
    let address = address_of(fields)?;
    let action = fields.get("action").and_then(Action::parse);
    let stated = fields.get("status").and_then(EnhancedCode::parse);
    let diagnostic = fields.get("diagnostic-code").map(without_type).unwrap_or_default();
    let class = classify(Evidence {
        status: stated,
        diagnostic: &diagnostic,
        explanation,
        is_delay: action == Some(Action::Delayed),
    });
    Some(Concerned {
        address,
        status: stated.map(|code| code.to_string()),
        code: best_code(stated, &diagnostic),
        action,
        diagnostic: (!diagnostic.is_empty()).then_some(diagnostic),
        class,
    })
}

/// The address we wrote to comes first: aliases and forwards rewrite the final one.
pub fn address_of(fields: &HeaderBlock) -> Option<String> {
    let original = fields.get("original-recipient").and_then(address_in);
    let last = fields.get("final-recipient").and_then(address_in);
    match (original, last) {
        // Some servers drop the quotes that the local part needs.
        (Some(original), Some(last)) if last.replace('"', "") == original => Some(last),
        (original, last) => original.or(last),
    }
}

/// What the field states is the address, odd as it may be; in free text one is looked for.
fn address_in(value: &str) -> Option<String> {
    let value = unescaped(&without_type(value));
    let bare = value.trim_matches(['<', '>', ' ']);
    let is_bare = bare.matches('@').count() == 1 && !bare.contains([' ', '<', '(', ';']) && !bare.starts_with('@');
    if is_bare {
        Some(bare.to_owned())
    } else {
        first_address(&value)
    }
}

/// Drops the type in front: `rfc822; ada@example.com`, `smtp; 550 …`.
fn without_type(value: &str) -> String {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.contains(['@', ' ']) || kind.trim().len() <= 12 => rest.trim().to_owned(),
        _ => value.trim().to_owned(),
    }
}

/// `\x{…}` of `utf-8-addr-xtext` (RFC 6533 section 3) as characters.
fn unescaped(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find("\\x{") {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 3..];
        let Some(end) = tail.find('}') else {
            out.push_str(&rest[at..]);
            return out;
        };
        let decoded = u32::from_str_radix(&tail[..end], 16).ok().and_then(char::from_u32);
        out.extend(decoded.filter(|c| !c.is_control()));
        rest = &tail[end + 1..];
    }
    out.push_str(rest);
    out
}
