//! Bounces without RFC 3464 fields: qmail, Exim, old Exchange, Notes, Yahoo, Google's and Amazon's own
//! forms, and whatever else says in words that something did not arrive.

use super::status::EnhancedCode;
use super::verdict::{best_code, classify, BounceClass, Evidence};
use super::Concerned;
use crate::channels::email::address::{addresses_in, first_address};

/// Lines after an address that may explain it.
const NEAR_LINES: usize = 12;
/// Lines before an address that may explain it (Notes and some gateways put the reason first).
const NEAR_LINES_BEFORE: usize = 4;
const MAX_LINES: usize = 2000;
const MAX_RECIPIENTS: usize = 200;

/// Who is concerned, from a report's text for people. `failed` are the addresses that the report's
/// headers name (`X-Failed-Recipients`); `ours` are addresses that are never meant (the report's
/// own sender and receiver).
pub fn read(text: &str, failed: &[String], ours: &[String], is_delay: bool) -> Vec<Concerned> {
    let report = before_original(text);
    let lines: Vec<&str> = report.lines().take(MAX_LINES).collect();
    let places = places(&lines, failed, ours);
    let whole = Said { text: &report, class: class_of(&report, is_delay) };
    let mut concerned: Vec<Concerned> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let end = places.get(index + 1).map_or(lines.len(), |next| next.line.max(place.line + 1));
        let found = judge(&lines, place, end, &whole, is_delay);
        match concerned.iter_mut().find(|known| known.address.eq_ignore_ascii_case(&found.address)) {
            // The same address again, usually nearer to the server's answer.
            Some(known) if known.class == BounceClass::Unclear => *known = found,
            Some(_) => {}
            None => concerned.push(found),
        }
    }
    let is_named = |address: &str| failed.iter().any(|known| known.eq_ignore_ascii_case(address));
    if concerned.iter().any(|known| is_named(&known.address)) {
        concerned.retain(|known| is_named(&known.address));
    }
    let is_found = |address: &String| concerned.iter().any(|known| known.address.eq_ignore_ascii_case(address));
    let missing: Vec<&String> = failed.iter().filter(|address| !is_found(address)).collect();
    if concerned.is_empty() || missing.len() < failed.len() {
        concerned.extend(missing.into_iter().map(|address| from_whole(address, &report, is_delay)));
    }
    concerned
}

/// One address judged by the whole report, for reports that name it only in a header.
pub fn from_whole(address: &str, report: &str, is_delay: bool) -> Concerned {
    let class = classify(Evidence { diagnostic: report, is_delay, ..Evidence::default() });
    Concerned { class, code: EnhancedCode::find(report), ..Concerned::plain(address.to_owned()) }
}

struct Place {
    line: usize,
    address: String,
}

/// A stretch of the report and what its words say.
struct Said<'a> {
    text: &'a str,
    class: BounceClass,
}

fn class_of(text: &str, is_delay: bool) -> BounceClass {
    classify(Evidence { diagnostic: text, is_delay, ..Evidence::default() })
}

/// Asks the lines at and below the address, then those above it, then the whole report.
fn judge(lines: &[&str], place: &Place, end: usize, whole: &Said<'_>, is_delay: bool) -> Concerned {
    let below = lines[place.line..end.min(place.line + NEAR_LINES)].join("\n");
    let above = lines[place.line.saturating_sub(NEAR_LINES_BEFORE)..place.line].join("\n");
    let near = [below.as_str(), above.as_str()].into_iter().map(|text| Said { text, class: class_of(text, is_delay) });
    let said = near.into_iter().find(|said| said.class != BounceClass::Unclear);
    let (diagnostic, class) = match &said {
        Some(said) => (said.text, said.class),
        None if whole.class != BounceClass::Unclear => (whole.text, whole.class),
        None => (below.as_str(), BounceClass::Unclear),
    };
    Concerned {
        address: place.address.clone(),
        status: None,
        code: best_code(None, diagnostic),
        action: None,
        diagnostic: Some(shortened(diagnostic)),
        class,
    }
}

fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(200).collect();
    words.join(" ").chars().take(500).collect()
}

/// Lines that name a failed recipient. When some line begins with an address, only such lines
/// count: the others mention postmasters and senders.
fn places(lines: &[&str], failed: &[String], ours: &[String]) -> Vec<Place> {
    let is_meant = |address: &String| {
        failed.iter().any(|known| known.eq_ignore_ascii_case(address))
            || !ours.iter().any(|own| own.eq_ignore_ascii_case(address)) && !is_role_of_report(address)
    };
    let collect = |pick: fn(&[&str], usize) -> Vec<String>, is_meant: &dyn Fn(&String) -> bool| -> Vec<Place> {
        let found =
            (0..lines.len()).flat_map(|line| pick(lines, line).into_iter().map(move |address| Place { line, address }));
        found.filter(|place| is_meant(&place.address)).take(MAX_RECIPIENTS).collect()
    };
    for pick in [named_as_recipient, leading, anywhere] {
        let found = collect(pick, &is_meant);
        if !found.is_empty() {
            return found;
        }
    }
    if !failed.is_empty() {
        return Vec::new();
    }
    // Who writes to himself in vain is told so at the same address.
    collect(leading, &|address: &String| !is_role_of_report(address))
}

fn is_role_of_report(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_lowercase();
    matches!(local.as_str(), "postmaster" | "mailer-daemon" | "mail-daemon" | "abuse" | "helpdesk" | "support")
}

/// `<ada@example.com>:`, `ada@example.com`, `"ada@example.com":`, `To: ada@…` is none of these.
fn leading(lines: &[&str], at: usize) -> Vec<String> {
    let line = unquoted(lines[at]);
    let is_start = line.starts_with(['<', '"', '[']) || line.chars().next().is_some_and(char::is_alphanumeric);
    let Some(address) = first_address(line).filter(|_| is_start) else { return Vec::new() };
    let start = line.find(address.as_str()).unwrap_or(usize::MAX);
    let lead = line.get(..start).unwrap_or("x");
    if lead.chars().all(|c| "<\"[( ".contains(c)) || lead.eq_ignore_ascii_case("<mailto:") {
        vec![address]
    } else {
        Vec::new()
    }
}

fn named_as_recipient(lines: &[&str], at: usize) -> Vec<String> {
    #[rustfmt::skip]
    const MARKS: &[&str] = &[
        "following recipient: ", "following recipient(s): ", "delivered to: ", "deliver to: ",
        "delivering to: ", "address: <", "failed recipient: ", "intended recipient: ",
        "undeliverable address: ", "error-for: ", "addressed to ", "delivery userid: ", "invalid recipient: ",
        "failed address: ", "could not deliver mail to ", "could not be delivered to ",
        "unable to deliver message to: ", "unable to deliver message to ", "recipient: <", "mailbox is full: ",
    ];
    let line = unquoted(lines[at]);
    let lower = line.to_lowercase();
    let Some(mark) = MARKS.iter().find(|mark| lower.contains(*mark)) else { return Vec::new() };
    let tail = lower.find(mark).and_then(|start| line.get(start + mark.len() - 1..)).unwrap_or(line);
    let tail = tail.trim_start_matches([' ', '<', '"', '\'']);
    let address = first_address(tail);
    address.filter(|address| tail.starts_with(address.as_str())).into_iter().collect()
}

fn anywhere(lines: &[&str], at: usize) -> Vec<String> {
    let lower = lines[at].to_lowercase();
    let is_other = ["contact", "mail from", "from:", "sender", "reply-to", "http", "message-id", "postmaster"]
        .iter()
        .any(|word| lower.contains(word));
    if is_other && !lower.contains("rcpt to") {
        return Vec::new();
    }
    let tail = lower.find("rcpt to").and_then(|start| lines[at].get(start..)).unwrap_or(lines[at]);
    addresses_in(tail)
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' ', '\t', '*', '-', '|'])
}

/// The report proper: what stands before the copy of the original.
pub fn before_original(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        if begins_original(line) {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// What stands after it: the returned message or its head.
pub fn after_original(text: &str) -> &str {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if begins_original(line) {
            let is_marker = !line.contains(':') || line.trim_start().starts_with(['-', '|', '=', '*']);
            return &text[if is_marker { offset + line.len() } else { offset }..];
        }
        offset += line.len();
    }
    ""
}

fn begins_original(line: &str) -> bool {
    #[rustfmt::skip]
    const MARKS: &[&str] = &[
        "below this line is a copy", "this is a copy of the message", "this is a copy of your message",
        "original message", "returned message", "returned mail follows", "copy of the original message",
        "message text follows", "header of the original message", "headers of the original message",
        "original message follows", "original message headers", "unsent message", "message header follows",
        "message headers follow", "the body of the message is", "returned content", "message contents follow",
        "original mail", "mensaje original", "message d'origine", "ursprüngliche nachricht",
        "copy of your message", "исходное сообщение",
    ];
    let trimmed = line.trim();
    if trimmed.len() > 160 {
        return false;
    }
    if ["Received: ", "Received:from", "Return-Path: ", "Return-path: ", "DKIM-Signature: "]
        .iter()
        .any(|head| line.starts_with(head))
    {
        return true;
    }
    let lower = trimmed.to_lowercase();
    let is_ruled = trimmed.starts_with(['-', '|', '=', '*', '_']) || trimmed.ends_with([':', '-']);
    is_ruled && MARKS.iter().any(|mark| lower.contains(mark)) && !lower.contains("was received")
}
