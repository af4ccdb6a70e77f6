//! What a person wrote in a reply: without the mail answered, signature, footers and disclaimers.
//!
//! Answers between quotations are kept with short quotations for context. Where nobody can tell
//! what is quoted, text is kept rather than lost.

mod attribution;
mod banner;
mod footer;
mod footer_words;
mod quoted_head;
mod words;

use super::html_text::marked_text;
use super::invisible::{strip_invisible, MARK_ATTRIBUTION, MARK_QUOTE_BELOW};
use footer::{is_device_footer, is_rule, is_signature_start};

/// Most Unicode scalar values of a message that are stored or sent on.
pub const EXCERPT_CHARS: usize = 2000;
/// Lines that are looked at.
const MAX_LINES: usize = 4000;
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// A longer quotation between two texts is the mail answered, not the question answered.
const CONTEXT_LINES: usize = 8;
/// More lines below a rule are no footer.
const FOOTER_LINES: usize = 12;
/// Fewer lines below the only quotation are a postscript, and what is quoted is the mail answered.
const POSTSCRIPT_LINES: usize = 7;

/// The reply in a message's plain text and HTML, either of which may be empty. HTML decides when its
/// structure shows what is quoted or when there is no plain text.
pub fn reply_text(plain: &str, html: &str) -> String {
    let of_plain = stripped(plain);
    if html.trim().is_empty() {
        return of_plain;
    }
    let marked = marked_text(html);
    let of_html = stripped(&marked);
    let shows_quotes = marked.lines().any(|line| line.starts_with([MARK_QUOTE_BELOW, MARK_ATTRIBUTION, '>']));
    let is_tighter = shows_quotes && !of_html.is_empty() && of_html.chars().count() < of_plain.chars().count() * 9 / 10;
    if plain.trim().is_empty() || is_tighter {
        of_html
    } else {
        of_plain
    }
}

/// The beginning of a text, at most `EXCERPT_CHARS` characters, without what is invisible.
pub fn excerpt(text: &str) -> String {
    let short: String = strip_invisible(text).trim().chars().take(EXCERPT_CHARS).collect();
    short.trim_end().to_owned()
}

/// One line: as written, how deep it is quoted, and the text after the quotation marks.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    raw: String,
    depth: usize,
    text: String,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Empty,
    Text,
    Quote,
    /// "On … wrote:" and its kin; never part of the reply.
    Attribution,
    /// The mail answered begins: a separator, a block of headers, a mark from HTML.
    Below,
    /// The same for a mail passed on, which is the text when nothing else is.
    Forward,
    /// A line of a header block or separator that was dropped.
    Dropped,
    /// A signature, or a device's footer.
    Signature,
}

fn stripped(text: &str) -> String {
    let mut lines = attribution::split_from_text(read_lines(text));
    mark_roles(&mut lines);
    cut_below(&mut lines);
    drop_quotes(&mut lines);
    let kept: Vec<&str> = lines
        .iter()
        .filter(|line| matches!(line.role, Role::Text | Role::Quote | Role::Empty))
        .map(|line| line.raw.as_str())
        .collect();
    footer::without_footers(&kept)
}

fn read_lines(text: &str) -> Vec<Line> {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace("\r\n", "\n").split(['\n', '\r']).take(MAX_LINES).map(read_line).collect()
}

fn read_line(line: &str) -> Line {
    if line.starts_with(MARK_QUOTE_BELOW) {
        return Line { raw: String::new(), depth: 0, text: String::new(), role: Role::Below };
    }
    let role = if line.starts_with(MARK_ATTRIBUTION) { Role::Attribution } else { Role::Text };
    let raw = strip_invisible(line).trim_end().to_owned();
    if is_between_chevrons(&raw) {
        return Line { text: raw.clone(), raw, depth: 0, role: Role::Attribution };
    }
    let (depth, text) = unquoted(&raw);
    let text = text.to_owned();
    let role = match role {
        Role::Text if depth > 0 => Role::Quote,
        Role::Text if text.is_empty() => Role::Empty,
        role => role,
    };
    Line { raw, depth, text, role }
}

/// GroupWise's attribution: `>>> Ada Berg <ada@example.com> 03.05.26 10:15 >>>`.
fn is_between_chevrons(raw: &str) -> bool {
    let raw = raw.trim();
    let inner = raw.strip_prefix(">>> ").and_then(|rest| rest.strip_suffix(" >>>"));
    inner.is_some_and(|inner| inner.chars().count() < 160 && inner.chars().any(|c| c.is_ascii_digit()))
}

/// Counts and removes quotation marks: `>`, `> >`, and initials as in `AB>`.
fn unquoted(line: &str) -> (usize, &str) {
    let mut rest = line.trim_start();
    let initials = rest.chars().take(4).take_while(char::is_ascii_uppercase).count();
    if initials > 0 && rest[initials..].starts_with('>') {
        rest = &rest[initials..];
    }
    let mut depth = 0;
    while let Some(inner) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("&gt;")) {
        depth += 1;
        rest = inner.trim_start();
    }
    (depth, rest)
}

fn mark_roles(lines: &mut [Line]) {
    banner::mark(lines);
    mark_wrapped_quotes(lines);
    attribution::mark(lines);
    quoted_head::mark(lines);
    for (below, line) in lines.iter_mut().rev().filter(|line| line.role == Role::Text).enumerate() {
        let is_footer_rule = is_rule(&line.raw) && below <= FOOTER_LINES;
        if is_footer_rule || is_signature_start(&line.raw) || is_device_footer(&line.text) {
            line.role = Role::Signature;
        }
    }
}

/// The end of a long quoted line, or of a link in it, that some server broke and left without mark.
fn mark_wrapped_quotes(lines: &mut [Line]) {
    for at in 1..lines.len().saturating_sub(1) {
        let is_between = lines[at - 1].role == Role::Quote && lines[at + 1].role == Role::Quote;
        let is_long = lines[at].text.starts_with(char::is_lowercase) && lines[at - 1].raw.chars().count() >= 60;
        let is_link = lines[at].text.starts_with("(http")
            || lines[at - 1].text.contains("(http")
                && !lines[at - 1].text.contains(')')
                && lines[at].text.contains(')');
        if is_between && lines[at].role == Role::Text && (is_long || is_link) {
            lines[at].role = Role::Quote;
            lines[at].depth = lines[at - 1].depth;
        }
    }
}

/// Ends the text where a mail answered, a signature or a footer begins. A mail passed on without a
/// word is kept; marks without any text above say nothing and are dropped.
fn cut_below(lines: &mut Vec<Line>) {
    let mut has_text = false;
    for at in 0..lines.len() {
        match lines[at].role {
            Role::Text => has_text = true,
            Role::Below => return lines.truncate(at),
            Role::Forward | Role::Signature if has_text => return lines.truncate(at),
            Role::Attribution if has_text && lines[at].depth == 0 && !is_followed_by_quote(lines, at) => {
                return lines.truncate(at);
            }
            Role::Forward | Role::Signature => lines[at].role = Role::Dropped,
            _ => {}
        }
    }
}

/// Is the next thing after an attribution a marked quotation?
fn is_followed_by_quote(lines: &[Line], at: usize) -> bool {
    lines[at..]
        .iter()
        .find(|line| !matches!(line.role, Role::Empty | Role::Attribution | Role::Dropped))
        .is_some_and(|line| line.role == Role::Quote)
}

/// Drops quotations that are the mail answered; see the module comment for those that stay.
fn drop_quotes(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        let is_quoting = |line: &Line| line.role == Role::Quote || line.role == Role::Attribution && line.depth > 0;
        if !is_quoting(&lines[at]) {
            at += 1;
            continue;
        }
        let length = lines[at..].iter().take_while(|line| is_quoting(line) || line.role == Role::Empty).count();
        let end = at + length;
        let is_attributed = lines[at].role == Role::Attribution || preceded_by_attribution(&lines[..at]);
        let has_above = lines[..at].iter().any(|line| line.role == Role::Text);
        let below = lines[end..].iter().filter(|line| line.role == Role::Text).count();
        let is_only = !lines[end..].iter().any(is_quoting) && !lines[..at].iter().any(is_quoting);
        let quoted = lines[at..end].iter().filter(|line| line.role == Role::Quote).count();
        let is_dropped = match (has_above, below) {
            (true, 0) => true,
            (true, _) => quoted > CONTEXT_LINES || is_attributed && is_only && below < POSTSCRIPT_LINES,
            (false, _) => is_attributed,
        };
        if is_dropped {
            lines[at..end]
                .iter_mut()
                .filter(|line| line.role == Role::Quote)
                .for_each(|line| line.role = Role::Dropped);
        }
        at = end;
    }
}

fn preceded_by_attribution(above: &[Line]) -> bool {
    above.iter().rev().find(|line| line.role != Role::Empty).is_some_and(|line| line.role == Role::Attribution)
}

#[cfg(test)]
mod tests;
