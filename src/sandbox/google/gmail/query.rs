//! The part of Gmail's search language that mail programs use to look after their own mails.

use std::time::Duration;

use crate::base::UnixMillis;
use crate::sandbox::mail::mailbox::Mail;
use crate::sandbox::mail::mime;

/// All terms must hold.
pub(super) struct Query(Vec<Term>);

struct Term {
    negated: bool,
    test: Test,
}

enum Test {
    MessageId(String),
    In(String),
    To(String),
    From(String),
    Subject(String),
    Since(UnixMillis),
    Before(UnixMillis),
    Unread,
    /// A word of the subject or the text.
    Word(String),
}

impl Query {
    pub fn parse(text: &str, now: UnixMillis) -> Self {
        Self(words(text).iter().filter(|word| !word.is_empty()).map(|word| Term::parse(word, now)).collect())
    }

    pub fn fits(&self, mail: &Mail) -> bool {
        self.0.iter().all(|term| term.test.holds(mail) != term.negated)
    }
}

/// Splits at spaces, but not inside quotes or parentheses, which are dropped.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut inside = false;
    for character in text.chars() {
        match character {
            '"' | '(' | ')' => inside = character == '(' || (character == '"' && !inside),
            ' ' if !inside => words.push(String::new()),
            _ => {
                let last = words.len() - 1;
                words[last].push(character);
            }
        }
    }
    words
}

impl Term {
    fn parse(word: &str, now: UnixMillis) -> Self {
        let (negated, word) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
        let word = word.to_lowercase();
        let test = match word.split_once(':') {
            Some(("rfc822msgid", id)) => Test::MessageId(id.trim_matches(['<', '>']).to_owned()),
            Some(("in" | "label", place)) => Test::In(place.to_owned()),
            Some(("to", who)) => Test::To(who.to_owned()),
            Some(("from", who)) => Test::From(who.to_owned()),
            Some(("subject", what)) => Test::Subject(what.to_owned()),
            Some(("is", "unread")) => Test::Unread,
            Some(("newer_than", age)) => instant(age, now).map_or(Test::Word(word.clone()), Test::Since),
            Some(("older_than", age)) => instant(age, now).map_or(Test::Word(word.clone()), Test::Before),
            Some(("after" | "newer", day)) => date(day).map_or(Test::Word(word.clone()), Test::Since),
            Some(("before" | "older", day)) => date(day).map_or(Test::Word(word.clone()), Test::Before),
            _ => Test::Word(word),
        };
        Self { negated, test }
    }
}

impl Test {
    fn holds(&self, mail: &Mail) -> bool {
        match self {
            Self::MessageId(id) => mail.head.message_id.eq_ignore_ascii_case(id),
            Self::In(place) => place == "anywhere" || mail.labels.contains(&place.to_uppercase()),
            Self::To(who) => mail.head.recipients.iter().any(|to| to.contains(who)),
            Self::From(who) => mail.head.from.contains(who) || mail.head.from_name.to_lowercase().contains(who),
            Self::Subject(what) => mail.head.subject.to_lowercase().contains(what),
            Self::Since(instant) => mail.at >= *instant,
            Self::Before(instant) => mail.at < *instant,
            Self::Unread => mail.labels.contains("UNREAD"),
            Self::Word(word) => {
                mail.head.subject.to_lowercase().contains(word)
                    || mime::text_of(&mail.raw).to_lowercase().contains(word)
            }
        }
    }
}

/// `3d`, `2h`, `1m` (month of 30 days), `1y`.
fn instant(age: &str, now: UnixMillis) -> Option<UnixMillis> {
    let unit = age.chars().last()?;
    let count: u64 = age.strip_suffix(unit)?.parse().ok()?;
    let hours = match unit {
        'h' => 1,
        'd' => 24,
        'm' => 24 * 30,
        'y' => 24 * 365,
        _ => return None,
    };
    Some(now.minus(Duration::from_secs(count.checked_mul(hours * 3_600)?)))
}

/// Seconds since 1970, or `2026/11/24`, which Gmail reads in its own zone and we in UTC.
fn date(text: &str) -> Option<UnixMillis> {
    if let Ok(seconds) = text.parse() {
        return Some(UnixMillis::from_seconds(seconds));
    }
    let day: jiff::civil::Date = text.replace('/', "-").parse().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::mail::mailbox::Mailbox;

    #[test]
    fn a_query_finds_what_gmail_would_find() {
        let raw = b"From: Ada <ada@x.example>\r\nTo: bob@y.example\r\nMessage-ID: <k1@x.example>\r\nSubject: Your boiler\r\n\r\nIs it warm?\r\n";
        let mut mailbox = Mailbox::new(1);
        let now = UnixMillis::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        let sent = now.minus(Duration::from_secs(40 * 3_600));
        let mail = mailbox.file(1, raw.to_vec().into(), &["SENT"], sent, None).clone();
        let cases = [
            ("", true),
            ("rfc822msgid:k1@x.example", true),
            ("rfc822msgid:<k1@x.example>", true),
            ("rfc822msgid:other@x.example", false),
            ("in:sent to:bob@y.example newer_than:2d", true),
            ("in:inbox", false),
            ("-in:inbox", true),
            ("to:bob@y.example newer_than:1d", false),
            ("from:ada subject:boiler", true),
            ("subject:(your boiler)", true),
            ("\"is it\" warm", true),
            ("cold", false),
            ("after:2026/11/23", false),
            ("after:2026/11/22", true),
            ("before:2026/11/23", true),
            ("is:unread", false),
        ];
        for (query, expected) in cases {
            assert_eq!(Query::parse(query, now).fits(&mail), expected, "{query}");
        }
    }
}
