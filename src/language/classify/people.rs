//! Who a reply points to: addresses, phone numbers, names and roles.

use serde::{Deserialize, Serialize};

use super::lexicon::Lexicon;
use super::reading::{Read, Reading};
use super::tokens::{Kind, Token};

/// Someone a reply names. Empty strings stand for what it does not say; `email` occurs in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referred {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub role: String,
}

const MOST: usize = 3;

/// The people and boxes a reply refers to, at most three, in the order in which they are named.
pub(super) fn referred(reading: &Reading<'_>, lexicon: &Lexicon) -> Vec<Referred> {
    let mut found: Vec<Referred> = Vec::new();
    for sentence in reading.human() {
        let names = names(sentence);
        let addresses: Vec<&str> = of_kind(sentence, Kind::Email);
        let phone = phone(&sentence.clean).unwrap_or_default();
        let role = role(sentence, lexicon);
        for place in 0..names.len().max(addresses.len()) {
            found.push(Referred {
                name: names.get(place).cloned().unwrap_or_default(),
                email: addresses.get(place).map(|address| (*address).to_owned()).unwrap_or_default(),
                phone: if place == 0 { phone.clone() } else { String::new() },
                role: if place == 0 { role.clone() } else { String::new() },
            });
        }
        if names.is_empty() && addresses.is_empty() && (!phone.is_empty() || !role.is_empty()) {
            found.push(Referred { phone, role, ..Referred::default() });
        }
    }
    joined(found)
}

/// A sentence that only adds an address or number to the person named before it is joined to them.
fn joined(found: Vec<Referred>) -> Vec<Referred> {
    let mut people: Vec<Referred> = Vec::new();
    for next in found {
        match people.last_mut() {
            Some(last) if next.name.is_empty() && fits(last, &next) => {
                fill(&mut last.email, next.email);
                fill(&mut last.phone, next.phone);
                fill(&mut last.role, next.role);
            }
            Some(last) if last.name.is_empty() && last.email.is_empty() && !next.name.is_empty() => {
                let role = std::mem::take(&mut last.role);
                *last = next;
                fill(&mut last.role, role);
            }
            _ => people.push(next),
        }
    }
    people.truncate(MOST);
    people
}

fn fits(last: &Referred, next: &Referred) -> bool {
    last.email.is_empty() || next.email.is_empty() || last.email == next.email
}

fn fill(field: &mut String, value: String) {
    if field.is_empty() {
        *field = value;
    }
}

fn of_kind<'s>(sentence: &'s Read<'_>, kind: Kind) -> Vec<&'s str> {
    let of_kind = sentence.tokens.iter().filter(|token| token.kind == kind);
    of_kind.filter_map(|token| sentence.clean.get(token.start..token.end)).collect()
}

/// Words that stand before a name.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "dr", "herr", "herrn", "frau", "mme", "mlle", "monsieur", "madame", "sr", "sra", "senor",
    "senora", "shri", "shrimati", "prof",
];
/// Words after which a capital letter is likely a name.
const LEADS: &[&str] = &[
    "ask",
    "contact",
    "to",
    "with",
    "try",
    "colleague",
    "successor",
    "is",
    "email",
    "mail",
    "see",
    "in",
    "now",
    "want",
    "for",
    "cc",
    "cover",
    "manager",
    "partner",
    "lead",
    "director",
    "an",
    "ist",
    "kollege",
    "kollegin",
    "nachfolger",
    "nachfolgerin",
    "a",
    "con",
    "companero",
    "companera",
    "es",
    "avec",
    "est",
    "collegue",
    "associe",
    "chef",
    "com",
    "colega",
    "o",
    "de",
    "boss",
    "assistant",
    "meet",
    "adding",
    "copying",
    "looping",
    "leite",
    "fale",
    "ahora",
    "ocupa",
    "agora",
    "by",
];
/// Capitalised words that are no names.
const NOT_NAMES: &[&str] = &[
    "i",
    "im",
    "the",
    "our",
    "my",
    "please",
    "it",
    "hr",
    "it",
    "ceo",
    "cto",
    "cfo",
    "coo",
    "cmo",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "sie",
    "ihre",
    "ihr",
    "einkauf",
    "zentrale",
    "marketing",
    "vertrieb",
    "finance",
    "sales",
    "purchasing",
    "procurement",
    "english",
    "gdpr",
    "ti",
    "dsi",
    "drh",
    "rh",
    "vat",
    "us",
    "uk",
    "eu",
    "kollegen",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "urgent",
    "outlook",
    "google",
    "linkedin",
    "legal",
    "accounting",
];

/// Runs of up to three capitalised words after a title or a leading word, or beside an address.
fn names(sentence: &Read<'_>) -> Vec<String> {
    let tokens = &sentence.tokens;
    let mut names: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = (at..tokens.len().min(at + 3))
            .take_while(|i| is_name(sentence, *i) && (*i == at || !tokens[*i].after_break))
            .count()
            + at;
        if end == at {
            at += 1;
            continue;
        }
        let lead = at.checked_sub(1).map(|before| &tokens[before]);
        let led = lead.is_some_and(|t| TITLES.contains(&t.folded.as_str()) || LEADS.contains(&t.folded.as_str()))
            || tokens.get(end).is_some_and(|next| next.kind == Kind::Email)
            || (at > 0 && end - at >= 2);
        if led {
            let from = lead.filter(|t| TITLES.contains(&t.folded.as_str())).map_or(tokens[at].start, |t| t.start);
            names.extend(sentence.clean.get(from..tokens[end - 1].end).map(str::to_owned));
        }
        at = end;
    }
    names.dedup();
    names
}

fn is_name(sentence: &Read<'_>, at: usize) -> bool {
    let token: &Token = &sentence.tokens[at];
    let shown = sentence.clean.get(token.start..token.end).unwrap_or("");
    let mut letters = shown.chars();
    let capital = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    let word = token.folded.as_str();
    token.kind == Kind::Word && capital && !NOT_NAMES.contains(&word) && !TITLES.contains(&word)
}

/// A phone number as written: seven to fifteen digits with the usual separators between.
fn phone(clean: &str) -> Option<String> {
    let inside = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '/' | '.' | '+');
    let mut runs = clean.split(|c: char| !inside(c)).map(|run| run.trim_matches([' ', '-', '.', '/', ')']));
    runs.find(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let date_like = run.split(['.', '-', '/']).count() == 3 && digits <= 8;
        (7..=15).contains(&digits) && !date_like
    })
    .map(str::to_owned)
}

/// The word for a role or department, as written.
fn role(sentence: &Read<'_>, lexicon: &Lexicon) -> String {
    let bit = lexicon.bit("ROLE").unwrap_or(0);
    let at = sentence.concepts.iter().position(|set| set & bit != 0);
    let token = at.and_then(|at| sentence.tokens.get(at)).filter(|token| token.kind == Kind::Word);
    token.and_then(|token| sentence.clean.get(token.start..token.end)).unwrap_or("").to_owned()
}
