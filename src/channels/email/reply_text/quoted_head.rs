//! Where the mail answered begins without quotation marks: "-----Original Message-----" and the block of
//! From, Sent, To and Subject that Outlook and others put above it.

use super::words::{HeadKey, FORWARD_INTROS, FORWARD_TITLES, HEAD_KEYS, ORIGINAL_TITLES};
use super::{Line, Role};

/// Lines that a block may take, wrapped addresses and empty lines included.
const MAX_BLOCK: usize = 14;

/// Gives separators and header blocks their role.
pub fn mark(lines: &mut [Line]) {
    let mut at = 0;
    let mut is_forward = false;
    while at < lines.len() {
        if lines[at].role != Role::Text {
            at += 1;
            continue;
        }
        if let Some(role) = separator(&lines[at].text) {
            lines[at].role = role;
            is_forward |= role == Role::Forward;
            at += 1;
            continue;
        }
        match block_length(lines, at) {
            Some(length) => {
                lines[at].role = if is_forward { Role::Forward } else { Role::Below };
                for line in &mut lines[at + 1..at + length] {
                    line.role = Role::Dropped;
                }
                at += length;
            }
            None => at += 1,
        }
    }
}

/// `-----Original Message-----` and what programs and languages make of it.
fn separator(text: &str) -> Option<Role> {
    let trimmed = text.trim_matches(|c: char| c == '*' || c.is_whitespace());
    let lower = trimmed.to_lowercase();
    if FORWARD_INTROS.iter().any(|intro| lower.starts_with(intro)) && lower.chars().count() < 60 {
        return Some(Role::Forward);
    }
    let is_rule = |c: char| matches!(c, '-' | '_' | '=' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | ' ');
    let inner = lower.trim_matches(is_rule);
    let ruled = lower.chars().take_while(|&c| is_rule(c)).count();
    let is_ruled = ruled >= 2 && lower.chars().rev().take_while(|&c| is_rule(c) || c == ':').count() >= 2;
    if inner.is_empty() || inner.chars().count() > 60 && !is_ruled {
        return None;
    }
    if is_ruled && FORWARD_TITLES.iter().any(|title| inner.contains(title)) {
        return Some(Role::Forward);
    }
    let is_title = ORIGINAL_TITLES.iter().any(|title| inner.contains(title));
    (is_ruled && is_title).then_some(Role::Below)
}

/// The lines of a header block beginning here: at least From and one more of date, subject, and a
/// third; people write "From: Berlin, To: Paris" too.
fn block_length(lines: &[Line], at: usize) -> Option<usize> {
    let first = key_of(&lines[at].text)?;
    let mut seen = vec![first];
    seen.extend(inner_keys(&lines[at].text));
    let mut last = at;
    let mut unknown = 0;
    let mut empty = 0;
    for (index, line) in lines.iter().enumerate().take(at + MAX_BLOCK).skip(at + 1) {
        if line.depth > 0 && line.role == Role::Quote || matches!(line.role, Role::Attribution) {
            break;
        }
        if line.text.is_empty() {
            empty += 1;
            if empty > 1 {
                break;
            }
            continue;
        }
        match key_of(&line.text) {
            Some(key) => {
                seen.push(key);
                seen.extend(inner_keys(&line.text));
                (last, unknown, empty) = (index, 0, 0);
            }
            None => {
                unknown += 1;
                if unknown > 2 || empty > 0 {
                    break;
                }
            }
        }
    }
    let has = |key: HeadKey| seen.contains(&key);
    let kinds = [HeadKey::From, HeadKey::Date, HeadKey::To, HeadKey::Subject, HeadKey::Other]
        .iter()
        .filter(|key| has(**key))
        .count();
    let is_head = has(HeadKey::From)
        && (has(HeadKey::Date) || has(HeadKey::Subject) || has(HeadKey::To) && has(HeadKey::Other))
        || kinds >= 3;
    // Hotmail of old: date and receiver only, the date written out in full.
    let is_dated = first == HeadKey::Date && has(HeadKey::To) && lines[at].text.matches(':').count() >= 3;
    (is_head || is_dated).then(|| end_of_block(lines, last) - at)
}

/// Further fields on one line: `From: Ada Date: Tuesday`, as HTML made into text may have it.
fn inner_keys(text: &str) -> Vec<HeadKey> {
    if !text.contains('@') {
        return Vec::new();
    }
    text.split_whitespace().skip(1).filter(|word| word.ends_with(':')).filter_map(key_of).collect()
}

/// The last field may be wrapped: the block reaches to the next empty line when that is near.
fn end_of_block(lines: &[Line], last: usize) -> usize {
    let rest = &lines[last + 1..];
    match rest.iter().take(3).position(|line| line.text.is_empty()) {
        Some(wrapped) => last + 1 + wrapped,
        None => last + 1,
    }
}

/// The field name at the start of a line, `*From:*` and ` Von :` included.
fn key_of(text: &str) -> Option<HeadKey> {
    let text = text.trim_start_matches(['*', '_', ' ', '|']);
    let colon = text.find([':', '：'])?;
    let name = text[..colon].trim_matches(|c: char| c == '*' || c == '_' || c.is_whitespace()).to_lowercase();
    if name.is_empty() || name.chars().count() > 28 {
        return None;
    }
    HEAD_KEYS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(key, _)| *key)
}
