//! The grounding gate: what a text claims must stand in what it was written from.
//!
//! Taken out of the text are web and mail addresses, numbers (with prices, percentages, clock times and dates),
//! capitalised names and quoted claims. Each must occur in one of the sources. Pure; makes no exception for who
//! wrote the text.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// What the text may draw on.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// Contact fields, approved snippets, template text, the sender's profile.
    pub sources: &'a [&'a str],
    /// Hosts that links may lead to, in lower case; their sub-domains count too.
    pub link_hosts: &'a [&'a str],
    /// BCP 47. German writes every noun with a capital, so there only runs of two count as names.
    pub language: &'a str,
}

/// The claims of `text` that no source holds, as written, each once, in the order in which they come.
pub fn ungrounded(text: &str, grounds: &Grounds<'_>) -> Vec<String> {
    let known = Known::of(grounds);
    let mut missing: Vec<String> = Vec::new();
    let mut note = |claim: &str| {
        if !missing.iter().any(|known| known == claim) {
            missing.push(claim.to_owned());
        }
    };
    let (links, rest) = take_links(text);
    for link in &links {
        if !known.has_link(link, grounds) {
            note(link);
        }
    }
    let (quotes, _) = quotes(&rest);
    quotes.iter().filter(|quote| !known.has_phrase(quote)).for_each(|quote| note(quote));
    numbers(&rest).iter().filter(|number| !known.has_number(number)).for_each(|number| note(number));
    names(&rest, grounds.language).iter().filter(|name| !known.has_phrase(name)).for_each(|name| note(name));
    missing
}

/// The sources, in the form that claims are compared in.
struct Known {
    text: String,
    numbers: BTreeSet<String>,
}

impl Known {
    fn of(grounds: &Grounds<'_>) -> Self {
        let text = grounds.sources.join("\n");
        let numbers = numbers(&text).iter().map(|number| plain_number(number)).collect();
        Self { text: folded(&text), numbers }
    }

    fn has_phrase(&self, phrase: &str) -> bool {
        let phrase = folded(phrase);
        self.text.match_indices(&phrase).any(|(at, found)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + found.len()..].chars().next();
            ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        })
    }

    fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(&plain_number(number))
    }

    fn has_link(&self, link: &str, grounds: &Grounds<'_>) -> bool {
        if !self.text.contains(&folded(link)) {
            return false;
        }
        link.contains('@') || host_of(link).is_some_and(|host| allows(grounds.link_hosts, &host))
    }
}

fn allows(hosts: &[&str], host: &str) -> bool {
    hosts.iter().any(|allowed| host == *allowed || host.strip_suffix(allowed).is_some_and(|sub| sub.ends_with('.')))
}

/// The host of a web address, written with or without its scheme.
pub fn host_of(link: &str) -> Option<String> {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.').to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// Web and mail addresses of a text, and the text without them.
pub fn take_links(text: &str) -> (Vec<String>, String) {
    let mut links = Vec::new();
    let mut rest = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        if is_link(bare) {
            links.push(bare.to_owned());
            rest.push_str(&piece.replace(bare, ""));
        } else {
            rest.push_str(piece);
        }
    }
    (links, rest)
}

/// A web or mail address, as `take_links` takes it out.
pub fn is_link(word: &str) -> bool {
    if word.contains("://") || word.to_lowercase().starts_with("www.") || word.to_lowercase().starts_with("mailto:") {
        return true;
    }
    let host = word.split(['/', '?']).next().unwrap_or("").rsplit('@').next().unwrap_or("");
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    // "3.50" and "e.g." are no hosts: an ending has two letters or more, and the name has a letter.
    let is_ending = ending.chars().count() >= 2 && ending.chars().all(char::is_alphabetic);
    let is_name = name.chars().count() >= 2
        && name.chars().any(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
    // A sentence that lacks the blank after its full stop ("ready.We") has a capital there.
    is_ending && is_name && !ending.starts_with(char::is_uppercase)
}

/// Digits with what joins them (1,200 · 3.5 · 10:30 · 24/11/2026 · 15%), without currency signs.
fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let joins = |next: Option<&char>| next.is_some_and(|next| next.is_numeric());
        let is_part = c.is_numeric()
            || (!current.is_empty()
                && matches!(c, '.' | ',' | ':' | '/' | '\u{a0}' | '\u{202f}')
                && joins(chars.get(at + 1)));
        if is_part {
            current.push(*c);
        } else if !current.is_empty() {
            if *c == '%' || (c.is_whitespace() && chars.get(at + 1) == Some(&'%')) {
                current.push('%');
            }
            found.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        found.push(current);
    }
    found
}

/// One way of writing for each number: "1,200" and "1 200" are 1200, "09:00" is 9:00, Devanagari digits count.
fn plain_number(number: &str) -> String {
    let digits: String = number
        .chars()
        .map(|c| match c {
            '०'..='९' => char::from_digit(u32::from(c) - u32::from('०'), 10).unwrap_or(c),
            c => c,
        })
        .filter(|c| !c.is_whitespace())
        .collect();
    let grouped =
        digits.split([',', '.']).enumerate().all(|(at, part)| at == 0 || part.trim_end_matches('%').len() == 3);
    let joined = if grouped { digits.replace([',', '.'], "") } else { digits.replace(',', ".") };
    joined.trim_start_matches('0').to_owned()
}

const QUOTES: &[(char, char)] = &[('“', '”'), ('„', '“'), ('«', '»'), ('"', '"'), ('‘', '’')];

/// What stands in quotation marks, at least two words long, and the text with the marks taken away.
fn quotes(text: &str) -> (Vec<String>, String) {
    let mut found = Vec::new();
    for (open, close) in QUOTES {
        let mut rest = text;
        while let Some((_, tail)) = rest.split_once(*open) {
            let Some((inside, after)) = tail.split_once(*close) else { break };
            if inside.split_whitespace().count() >= 2 && !inside.contains('\n') {
                found.push(inside.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
            }
            rest = after;
        }
    }
    (found, text.to_owned())
}

/// Words written with a capital that no sentence begins with, and runs of them; and words with capitals inside.
fn names(text: &str, language: &str) -> Vec<String> {
    let least = if language.starts_with("de") { 2 } else { 1 };
    let mut found = Vec::new();
    for line in text.lines() {
        for sentence in line.split_sentence_bounds() {
            let words: Vec<&str> = sentence.unicode_words().collect();
            let mut run: Vec<&str> = Vec::new();
            for (at, word) in words.iter().enumerate() {
                let is_name = at > 0 && is_capitalised(word) && !is_pronoun(word);
                if is_name {
                    run.push(word);
                } else {
                    close(&mut run, least, &mut found);
                }
            }
            close(&mut run, least, &mut found);
        }
    }
    found
}

/// A run counts word by word: "Anna Lund" is known when both words are, in whatever order a source has them.
fn close(run: &mut Vec<&str>, least: usize, found: &mut Vec<String>) {
    if run.len() >= least {
        found.extend(run.iter().map(|word| (*word).to_owned()));
    }
    run.clear();
}

fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn is_pronoun(word: &str) -> bool {
    let word = word.split(['\'', '’']).next().unwrap_or(word);
    matches!(word, "I" | "Sie" | "Ihnen" | "Ihr" | "Ihre" | "Ihren" | "Ihrem" | "Ihrer" | "Usted" | "Ustedes" | "OK")
}

/// Lower case, one blank between words, one kind of apostrophe.
fn folded(text: &str) -> String {
    let text: String = text.nfc().collect::<String>().to_lowercase().replace('’', "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str, sources: &[&str]) -> Vec<String> {
        ungrounded(text, &Grounds { sources, link_hosts: &["fernhill.example"], language: "en" })
    }

    #[test]
    fn each_kind_of_claim_must_stand_in_a_source() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("Dear Anna, thank you.", &["Anna Lund"], &[]),
            ("It costs £1,200.", &["The survey is 1200 pounds."], &[]),
            ("It costs £1,300.", &["The survey is 1200 pounds."], &["1,300"]),
            ("You save 30%.", &["Savings are about a third."], &["30%"]),
            ("You save 30%.", &["You save 30 % on average."], &[]),
            ("Free at 9:00 then.", &["09:00"], &[]),
            ("We fitted one for Greystones Hall.", &["Fernhill Heat Pumps"], &["Greystones", "Hall"]),
            ("See https://fernhill.example/prices for more.", &["https://fernhill.example/prices"], &[]),
            (
                "See https://fernhill.example/secret.",
                &["https://fernhill.example/prices"],
                &["https://fernhill.example/secret"],
            ),
            ("See https://evil.example/x now.", &["https://evil.example/x"], &["https://evil.example/x"]),
            ("See book.evil.example/call today.", &[], &["book.evil.example/call"]),
            ("Write to sales@fernhill.example.", &["nora@fernhill.example"], &["sales@fernhill.example"]),
            ("They said “the best in Cumbria”.", &["Cumbria"], &["the best in Cumbria"]),
            ("I hope that this helps.", &[], &[]),
        ];
        for (text, sources, expected) in cases {
            assert_eq!(missing(text, sources), *expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_not_known_by_a_part_of_a_longer_word() {
        assert_eq!(missing("Greetings to Ann there.", &["Anna Lund"]), ["Ann"]);
    }

    #[test]
    fn german_nouns_are_no_names_but_runs_of_them_are() {
        let grounds = Grounds { sources: &[], link_hosts: &[], language: "de" };
        assert!(ungrounded("Vielen Dank für Ihre Antwort und die Zeit.", &grounds).is_empty());
        assert_eq!(ungrounded("Es grüßt sie Karl Huber.", &grounds), ["Karl", "Huber"]);
    }

    #[test]
    fn a_link_of_a_look_alike_host_is_not_allowed() {
        let grounds =
            Grounds { sources: &["https://notfernhill.example/a"], link_hosts: &["fernhill.example"], language: "en" };
        assert_eq!(ungrounded("See https://notfernhill.example/a", &grounds), ["https://notfernhill.example/a"]);
    }
}
