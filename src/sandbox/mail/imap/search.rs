//! SEARCH keys (RFC 3501 section 6.4.4), without those that need flags the sandbox does not keep.

use std::collections::VecDeque;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::mailbox::Mail;
use super::super::mime;
use super::command::Token;
use super::set::Set;

pub(super) enum Key {
    All,
    Seen(bool),
    Uid(Set),
    Sequence(Set),
    Since(Date),
    Before(Date),
    On(Date),
    Header(String, String),
    Text(String),
    Larger(usize),
    Smaller(usize),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}

/// All keys of a SEARCH command; None when one is not understood.
pub(super) fn parse(arguments: &[Token]) -> Option<Key> {
    let mut tokens: VecDeque<&Token> = arguments.iter().collect();
    if tokens.front().is_some_and(|token| token.text().eq_ignore_ascii_case("CHARSET")) {
        tokens.drain(..2.min(tokens.len()));
    }
    keys(&mut tokens, false)
}

fn keys(tokens: &mut VecDeque<&Token>, inside: bool) -> Option<Key> {
    let mut found = Vec::new();
    while let Some(token) = tokens.front() {
        if inside && **token == Token::Close {
            tokens.pop_front();
            return Some(Key::And(found));
        }
        found.push(key(tokens)?);
    }
    (!inside).then_some(Key::And(found))
}

fn key(tokens: &mut VecDeque<&Token>) -> Option<Key> {
    let first = tokens.pop_front()?;
    if *first == Token::Open {
        return keys(tokens, true);
    }
    let word = first.text().to_uppercase();
    let mut next = || tokens.pop_front().map(Token::text);
    Some(match word.as_str() {
        "ALL" => Key::All,
        "SEEN" => Key::Seen(true),
        "UNSEEN" | "NEW" => Key::Seen(false),
        "UID" => Key::Uid(Set::parse(&next()?)?),
        "SINCE" | "SENTSINCE" => Key::Since(date(&next()?)?),
        "BEFORE" | "SENTBEFORE" => Key::Before(date(&next()?)?),
        "ON" | "SENTON" => Key::On(date(&next()?)?),
        "FROM" | "TO" | "CC" | "SUBJECT" => Key::Header(word, next()?.to_lowercase()),
        "HEADER" => Key::Header(next()?, next()?.to_lowercase()),
        "TEXT" | "BODY" => Key::Text(next()?.to_lowercase()),
        "LARGER" => Key::Larger(next()?.parse().ok()?),
        "SMALLER" => Key::Smaller(next()?.parse().ok()?),
        "NOT" => Key::Not(Box::new(key(tokens)?)),
        "OR" => Key::Or(Box::new(key(tokens)?), Box::new(key(tokens)?)),
        _ => Key::Sequence(Set::parse(&word)?),
    })
}

/// `24-Nov-2026`
fn date(text: &str) -> Option<Date> {
    Date::strptime("%d-%b-%Y", text).ok()
}

/// Where a mail stands in its folder.
pub(super) struct Place {
    pub sequence: u32,
    pub last_sequence: u32,
    pub last_uid: u32,
}

impl Key {
    pub fn fits(&self, mail: &Mail, place: &Place) -> bool {
        let day = || mail.at.in_zone(&TimeZone::UTC).date();
        match self {
            Self::All => true,
            Self::Seen(seen) => mail.labels.contains("UNREAD") != *seen,
            Self::Uid(set) => set.holds(mail.uid, place.last_uid),
            Self::Sequence(set) => set.holds(place.sequence, place.last_sequence),
            Self::Since(date) => day() >= *date,
            Self::Before(date) => day() < *date,
            Self::On(date) => day() == *date,
            Self::Header(name, part) => mime::fields(&mail.raw)
                .iter()
                .any(|(known, value)| known.eq_ignore_ascii_case(name) && value.to_lowercase().contains(part)),
            Self::Text(part) => String::from_utf8_lossy(&mail.raw).to_lowercase().contains(part),
            Self::Larger(size) => mail.raw.len() > *size,
            Self::Smaller(size) => mail.raw.len() < *size,
            Self::Not(key) => !key.fits(mail, place),
            Self::Or(one, other) => one.fits(mail, place) || other.fits(mail, place),
            Self::And(keys) => keys.iter().all(|key| key.fits(mail, place)),
        }
    }
}
