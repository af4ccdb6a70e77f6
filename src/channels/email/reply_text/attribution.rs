//! The line above a quotation: "On 3 May 2026, Ada wrote:", in many languages and often wrapped.

use super::words::{starts_with_opener, ATTRIBUTION_VERBS};
use super::{Line, Role};

/// Lines over which one attribution may be wrapped, empty ones included.
const MAX_SPAN: usize = 7;
const MAX_CHARS: usize = 400;

/// Gives attribution lines their role.
pub fn mark(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        match span_at(lines, at) {
            Some(span) if !begins_later(lines, at, span) => {
                for line in &mut lines[at..at + span] {
                    line.role = Role::Attribution;
                }
                at += span;
            }
            _ => at += 1,
        }
    }
}

/// Some programs put the attribution behind the last words of the reply: `Yes. On 3 May … wrote:`.
/// Gives it a line of its own.
pub fn split_from_text(mut lines: Vec<Line>) -> Vec<Line> {
    let mut at = 0;
    while at < lines.len() && lines.len() < 2 * super::MAX_LINES {
        if lines[at].role == Role::Text {
            if let Some((attribution, quoted)) = split_behind(&lines[at]) {
                lines.splice(at..=at, [attribution, quoted]);
                at += 1;
            } else if let Some((own, attribution)) = split_line(&lines, at) {
                lines.splice(at..=at, [own, attribution]);
                at += 1;
            }
        }
        at += 1;
    }
    lines
}

/// Others put the mail answered behind its attribution, on the same line and without a mark: `On 3 May, Ada
/// <ada@example.com> wrote: Hello`. The address tells it from a person's "On Monday at 10:15 you wrote: …".
fn split_behind(line: &Line) -> Option<(Line, Line)> {
    let raw = line.raw.trim_start();
    if raw.chars().count() < SHORTEST || !starts_with_opener(&raw.chars().take(20).collect::<String>().to_lowercase()) {
        return None;
    }
    raw.match_indices([':', '：']).map(|(at, sign)| raw.split_at(at + sign.len())).find_map(|(head, tail)| {
        let lower = head.to_lowercase();
        let is_head = !tail.trim().is_empty() && head.chars().count() <= MAX_CHARS && has_address(&lower);
        (is_head && ends_in_verb(&lower) && is_attribution(head))
            .then(|| (super::read_line(head), super::read_line(tail.trim_start())))
    })
}

/// Fewer characters hold no date, name, address and verb.
const SHORTEST: usize = 30;

fn ends_in_verb(lower: &str) -> bool {
    let end = lower.trim_end_matches([':', '：', ' ', '\u{a0}']);
    ATTRIBUTION_VERBS.iter().any(|verb| ends_with_word(end, verb))
}

fn split_line(lines: &[Line], at: usize) -> Option<(Line, Line)> {
    #[rustfmt::skip]
    const OPENERS: &[&str] = &[
        " On ", "-On ", " Am ", " Le ", " El ", " Il ", " Em ", " Op ", " Den ", " Dnia ",
    ];
    let raw = &lines[at].raw;
    OPENERS.iter().filter_map(|opener| raw.rfind(opener)).find_map(|start| {
        let (own, tail) = (raw[..start].trim_end_matches(['-', ' ']), raw[start + 1..].trim_start());
        if own.is_empty() || !tail.split_whitespace().take(5).any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        {
            return None;
        }
        let after = lines.get(at + 1..).unwrap_or_default().iter().take(MAX_SPAN).cloned();
        let candidate: Vec<Line> = std::iter::once(super::read_line(tail)).chain(after).collect();
        span_at(&candidate, 0).map(|_| (super::read_line(own), super::read_line(tail)))
    })
}

/// How many lines the attribution beginning here takes, if one does.
fn span_at(lines: &[Line], at: usize) -> Option<usize> {
    if lines[at].text.is_empty() || !matches!(lines[at].role, Role::Text | Role::Quote) {
        return None;
    }
    let depth = lines[at].depth;
    let mut joined = String::new();
    for span in 1..=MAX_SPAN.min(lines.len() - at) {
        let line = &lines[at + span - 1];
        let text = if line.depth == depth { line.text.as_str() } else { wrapped_end(line)? };
        if joined.chars().count() + text.chars().count() > MAX_CHARS {
            return None;
        }
        if !text.is_empty() {
            joined.push(' ');
            joined.push_str(text);
        }
        if span == 2 && !may_begin(&lines[at].text) {
            return None;
        }
        if !text.is_empty() && is_attribution(joined.trim()) {
            return Some(span);
        }
    }
    None
}

/// The end of a wrapped attribution may begin with the `>` of an address: `> wrote:`, `>:`.
fn wrapped_end(line: &Line) -> Option<&str> {
    let is_end = line.depth == 1 && line.text.chars().count() <= 40 && line.text.ends_with([':', '：']);
    is_end.then_some(line.text.as_str())
}

/// A sentence right above an attribution must not be taken for its beginning.
fn begins_later(lines: &[Line], at: usize, span: usize) -> bool {
    (at + 1..at + span).any(|later| {
        span_at(lines, later).is_some_and(|inner| later + inner == at + span) && {
            let first = lines[later].text.trim_start_matches(['*', '_', '"', '>', ' ']).to_lowercase();
            starts_with_opener(&first)
                || has_date(&first) && (has_address(&first) || first.starts_with(|c: char| c.is_ascii_digit()))
        }
    })
}

/// An attribution goes on below its first line because a mailer wrapped it there; none wraps later than this. A longer
/// line is a paragraph of the reply, whatever year it names.
const WRAPPED_AT: usize = 110;

fn may_begin(text: &str) -> bool {
    if text.chars().count() > WRAPPED_AT {
        return false;
    }
    let lower = text.to_lowercase();
    let has_number = lower.chars().any(char::is_numeric);
    (starts_with_opener(&lower) && has_number) || has_date(&lower) || has_address(&lower) || lower.ends_with('<')
}

fn is_attribution(text: &str) -> bool {
    let lower = text.to_lowercase();
    let lower = lower.trim_matches(|c: char| matches!(c, '*' | '_' | '-' | '–' | '—' | '|' | '"') || c.is_whitespace());
    let end = lower.trim_end_matches(|c: char| {
        matches!(c, ':' | '：' | '﹕' | '.' | '…' | '*' | '_' | ')' | ']') || c.is_whitespace()
    });
    let has_colon = lower[end.len()..].contains([':', '：', '﹕']);
    // "sent" alone also ends ordinary sentences.
    let ends_with_verb = ATTRIBUTION_VERBS.iter().any(|verb| ends_with_word(end, verb))
        || has_address(lower) && ends_with_word(end, "sent");
    if !has_colon && !ends_with_verb {
        return is_dated_name(lower);
    }
    let (has_date, has_address) = (has_date(lower), has_address(lower));
    let has_verb = ends_with_verb || ATTRIBUTION_VERBS.iter().any(|verb| contains_word(lower, verb));
    if has_sentence_end(lower) {
        return false;
    }
    if has_verb && (has_date || has_address) {
        return has_address || ends_with_verb && is_date_first(lower) || starts_with_opener(lower) && has_date;
    }
    has_colon && has_date && has_address && has_time(lower) || has_colon && is_dated_name(lower)
}

/// A full stop behind a whole word or a time, not behind an abbreviation: prose, not an attribution.
fn has_sentence_end(text: &str) -> bool {
    text.match_indices(". ").any(|(at, _)| {
        let word = text[..at].rsplit([' ', '\t']).next().unwrap_or_default();
        word.chars().count() > 7 || word.contains(':')
    })
}

/// A number stands among the first words: "понедельник, 6 октября 2014 г. …", "30.9.2026 …".
fn is_date_first(text: &str) -> bool {
    text.split_whitespace().take(4).any(|word| word.chars().any(char::is_numeric))
}

/// Google's older form without a verb: `2026-05-03 10:00 GMT+02:00 Ada <ada@example.com>:`.
fn is_dated_name(lower: &str) -> bool {
    let date: String = lower.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '/')).collect();
    let is_iso = date.len() >= 8
        && date.split(['-', '/']).filter(|part| !part.is_empty()).count() == 3
        && date.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    let words = lower.split_whitespace().count();
    is_iso && (3..=12).contains(&words) && (lower.contains(" gmt") || lower.ends_with('>') || lower.contains(">:"))
}

fn has_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        text[..at].ends_with(|c: char| c.is_alphanumeric()) && text[at + 1..].starts_with(|c: char| c.is_alphanumeric())
    }) || text.contains("mailto:")
}

/// A year, a clock time, a numeric date or an East Asian one.
fn has_date(text: &str) -> bool {
    has_time(text)
        || text.contains('年')
        || text.contains('년')
        || numbers(text).any(|number| number.len() == 4 && (number.starts_with("19") || number.starts_with("20")))
        || has_numeric_date(text)
}

fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty())
}

fn has_numeric_date(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '/' | '-'))).any(|word| {
        let parts: Vec<&str> = word.split(['.', '/', '-']).filter(|part| !part.is_empty()).collect();
        parts.len() == 3 && parts.iter().all(|part| part.len() <= 4)
    })
}

/// `10:15`, `10.15`, `10h15`, also in other scripts' digits.
fn has_time(text: &str) -> bool {
    let chars: Vec<char> = text.chars().take(MAX_CHARS).collect();
    chars.windows(4).any(|window| {
        window[0].is_numeric()
            && matches!(window[1], ':' | '.' | 'h' | '：')
            && window[2].is_numeric()
            && window[3].is_numeric()
    }) || text.contains('時')
        || text.contains('时')
        || text.contains("시 ")
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| is_boundary(before.chars().next_back(), word))
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        is_boundary(text[..at].chars().next_back(), word)
            && text[at + word.len()..]
                .chars()
                .next()
                .is_none_or(|next| !next.is_alphabetic() || !word.is_ascii() && !word.ends_with(char::is_lowercase))
    })
}

/// Scripts without spaces between words have no boundary to look for.
fn is_boundary(before: Option<char>, word: &str) -> bool {
    let is_spaced_script = word.chars().all(|c| c.is_lowercase() || c.is_whitespace() || !c.is_alphabetic());
    !is_spaced_script || before.is_none_or(|c| !c.is_alphanumeric())
}
