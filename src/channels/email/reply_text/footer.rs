//! What stands below a reply and is not part of it: signatures, devices' footers, disclaimers, list
//! footers. A closing with a name stays; only a block that is plainly contact data goes.

use super::footer_words::{
    ABOUT_THIS_MAIL, APOLOGIES, CLOSINGS, DEVICES, LEGAL, POSSESSIVES, PRAISE, PREFIXES, PROGRAM_FOOTERS, SUFFIXES,
};

/// The line that by custom separates the signature (RFC 3676 section 4.3) and its variants.
pub fn is_signature_start(raw: &str) -> bool {
    matches!(raw.trim(), "--" | "—" | "– –" | "- --" | "-- -" | "\\--" | "__") && !raw.starts_with("   ")
}

/// A rule across the page: above a footer, but people divide their own text by it, too.
pub fn is_rule(raw: &str) -> bool {
    let line = raw.trim();
    line == "---"
        || line.len() >= 5 && line.chars().all(|c| c == '_')
        || line.len() >= 20 && line.chars().all(|c| c == '-')
}

/// More words than this are somebody's own about a program.
const PRAISE_WORDS: usize = 7;

/// "Sent from my phone", in the wording of devices and programs.
pub fn is_device_footer(text: &str) -> bool {
    let lower = bare(text);
    if lower.is_empty() || lower.contains('?') || lower.chars().count() > 120 {
        return false;
    }
    if PRAISE.iter().any(|praise| lower.starts_with(praise)) && lower.split_whitespace().count() <= PRAISE_WORDS {
        return true;
    }
    let Some(rest) = PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix)) else {
        return SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) && names_device(&lower);
    };
    let (clause, tail) = match rest.find([',', '.', ';', '!']) {
        Some(at) => {
            (&rest[..at], rest[at..].trim_start_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()))
        }
        None => (rest, ""),
    };
    let is_short = clause.split_whitespace().count() <= 8;
    let is_own = rest.len() < lower.len()
        && POSSESSIVES.iter().any(|mine| lower.contains(mine))
        && clause.split_whitespace().count() <= 5;
    is_short
        && (names_device(rest) || is_own)
        && (tail.is_empty() || APOLOGIES.iter().any(|word| tail.starts_with(word)))
}

/// Lower case, without brackets around, links and mark-up.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    for c in text.chars().take(600) {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 && !out.is_empty() => {}
            '[' | ']' | '*' | '_' | '"' => {}
            _ => out.extend(c.to_lowercase()),
        }
    }
    let out = match out.find("(http").or_else(|| out.find("http")) {
        Some(at) if at > 0 => {
            format!("{} {}", &out[..at], out[at..].split_once([')', ' ']).map_or("", |(_, rest)| rest))
        }
        _ => out,
    };
    out.trim_matches(|c: char| matches!(c, '(' | ')' | '>' | '<' | '-' | '~' | '.' | '|') || c.is_whitespace())
        .to_owned()
}

fn names_device(text: &str) -> bool {
    DEVICES.iter().any(|device| text.contains(device))
}

/// Joins what is left, without blank edges, rules, disclaimers, list footers and contact blocks.
pub fn without_footers(lines: &[&str]) -> String {
    let mut lines: Vec<&str> = lines.to_vec();
    if let Some(at) = disclaimer_start(&lines) {
        lines.truncate(at);
    }
    drop_trailing_rules(&mut lines);
    if let Some(at) = contact_block_start(&lines).or_else(|| card_start(&lines)) {
        lines.truncate(at);
    }
    drop_dashed_name(&mut lines);
    drop_trailing_rules(&mut lines);
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    let text = lines[first..].join("\n");
    let text = text.trim_end();
    // The first line keeps its indentation only when it is a list's.
    text.trim_start_matches('\n').to_owned()
}

fn drop_trailing_rules(lines: &mut Vec<&str>) {
    let is_rule = |line: &str| {
        let line = line.trim();
        line.chars().all(|c| {
            matches!(c, '-' | '_' | '=' | '*' | '#' | '~' | '+' | '—' | '–' | '|' | '\u{1427}' | '.' | ' ') && c != '.'
                || c == '\u{2500}'
        })
    };
    while lines.last().is_some_and(|line| is_rule(line)) {
        lines.pop();
    }
}

/// `-Ada Lovelace` as last line, apart from the text.
fn drop_dashed_name(lines: &mut Vec<&str>) {
    let Some(last) = lines.last() else { return };
    let is_apart = lines.len() >= 3 && lines[lines.len() - 2].trim().is_empty();
    if is_apart && is_name(last.trim().strip_prefix('-').unwrap_or_default()) {
        lines.pop();
    }
}

/// Two to four words, each with a capital first.
fn is_name(line: &str) -> bool {
    let is_part = |word: &str| {
        word.starts_with(char::is_uppercase) && word.chars().skip(1).all(|c| c.is_lowercase() || c == '.' || c == '-')
    };
    (2..=4).contains(&line.split(' ').count()) && line.split(' ').all(is_part)
}

/// The first paragraph, after some text, that only lawyers and programs write.
fn disclaimer_start(lines: &[&str]) -> Option<usize> {
    let mut begin = 0;
    for end in 0..=lines.len() {
        if end < lines.len() && !lines[end].trim().is_empty() {
            continue;
        }
        let paragraph = lines[begin..end].join(" ").to_lowercase();
        if begin > 0 && is_disclaimer(&paragraph) {
            return Some(begin);
        }
        begin = end + 1;
    }
    None
}

fn is_disclaimer(paragraph: &str) -> bool {
    let count = |words: &[&str]| words.iter().filter(|word| paragraph.contains(*word)).count();
    count(PROGRAM_FOOTERS) > 0 && paragraph.chars().count() < 600
        || count(ABOUT_THIS_MAIL) > 0 && count(LEGAL) >= 2
        || count(LEGAL) >= 3 && paragraph.chars().count() > 150
}

/// The line after closing and name where contact data begins, when it is plainly that.
fn contact_block_start(lines: &[&str]) -> Option<usize> {
    let earliest = lines.len().saturating_sub(16);
    let closing = (earliest..lines.len()).rev().find(|&at| is_closing(lines[at]))?;
    if closing == 0 {
        return None;
    }
    let below: Vec<usize> = (closing + 1..lines.len()).filter(|&at| !lines[at].trim().is_empty()).collect();
    let block = below.get(1..)?;
    let is_block = !block.is_empty()
        && below.iter().all(|&at| lines[at].chars().count() <= 90 && !lines[at].trim_end().ends_with('?'))
        && block.iter().any(|&at| is_contact_line(lines[at]));
    is_block.then(|| block[0])
}

/// Where the last paragraph is a card: a name, then short lines of which one or more are contact data.
fn card_start(lines: &[&str]) -> Option<usize> {
    let last = lines.iter().rposition(|line| !line.trim().is_empty())?;
    let first = lines[..last].iter().rposition(|line| line.trim().is_empty())? + 1;
    let has_text_above = lines[..first].iter().any(|line| !line.trim().is_empty());
    let is_short = |line: &&str| line.chars().count() <= 90 && !line.trim_end().ends_with(['?', '.', '!']);
    let card = &lines[first..=last];
    let is_card = (2..=8).contains(&card.len())
        && is_name(lines[first].trim())
        && card.iter().all(is_short)
        && card[1..].iter().any(|line| is_contact_line(line));
    (has_text_above && is_card).then_some(first + 1)
}

fn is_closing(line: &str) -> bool {
    let lower = line.trim().trim_end_matches([',', '!', '.', ' ']).to_lowercase();
    CLOSINGS.iter().any(|closing| lower == *closing)
}

/// Phone, web and mail addresses, and the labels in front of them.
fn is_contact_line(line: &str) -> bool {
    let lower = line.to_lowercase();
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    let is_phone = digits >= 7 && lower.chars().all(|c| !c.is_alphabetic() || digits * 2 > lower.len())
        || LABELS.iter().any(|label| lower.contains(label)) && digits >= 5;
    is_phone
        || lower.contains("www.")
        || lower.contains("http")
        || lower.contains('@') && !lower.contains(' ')
        || lower.contains("mailto:")
}

const LABELS: &[&str] =
    &["tel", "phone", "mobil", "mob.", "cell", "fax", "t:", "m:", "p:", "t.", "тел", "电话", "電話", "+"];
