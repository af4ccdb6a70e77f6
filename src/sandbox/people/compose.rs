//! Writing an answer: text and HTML as the person's program makes them, threaded by its headers.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use jiff::tz::TimeZone;
use lettre::message::{Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use super::client::{MailProgram, Quoted};
use super::script::Character;
use crate::base::UnixMillis;
use crate::sandbox::mail::mime::{self, Head};

/// The mail being answered.
pub(super) struct Parent<'a> {
    pub raw: &'a [u8],
    pub head: Head,
}

impl<'a> Parent<'a> {
    pub fn of(raw: &'a [u8]) -> Self {
        Self { raw, head: Head::parse(raw) }
    }

    /// Where answers go: `Reply-To` before `From`.
    pub fn reply_address(&self) -> Option<Mailbox> {
        let named = mime::field(self.raw, "Reply-To").or_else(|| mime::field(self.raw, "From"))?;
        named.parse().ok().or_else(|| self.head.from.parse().ok())
    }

    fn bracketed(&self) -> String {
        format!("<{}>", self.head.message_id)
    }

    /// The parent's references and its own id (RFC 5322 section 3.6.4).
    fn references(&self) -> String {
        let mut ids: Vec<String> = Vec::new();
        for id in &self.head.refers_to {
            let id = format!("<{id}>");
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.push(self.bracketed());
        ids.join(" ")
    }

    fn subject(&self, prefix: &str) -> String {
        let subject = self.head.subject.trim();
        match subject.get(..prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(prefix) => subject.to_owned(),
            _ => format!("{prefix}{subject}"),
        }
    }
}

/// An answer in the person's own words. None when the mail names nobody to answer.
pub(super) fn reply(character: &Character, parent: &Parent, words: &str, at: UnixMillis) -> Option<Arc<[u8]>> {
    let zone = zone_of(character);
    let sent = mime::field(parent.raw, "Date").and_then(|date| jiff::fmt::rfc2822::parse(&date).ok());
    let to = parent.reply_address()?;
    let quoted = Quoted {
        from_name: if parent.head.from_name.is_empty() { to.email.to_string() } else { parent.head.from_name.clone() },
        from: parent.head.from.clone(),
        to: format!("{} <{}>", character.name(), character.email),
        subject: parent.head.subject.clone(),
        at: sent.map_or_else(|| at.in_zone(&zone), |sent| sent.with_time_zone(zone.clone())),
        text: mime::text_of(parent.raw),
    };
    let written = signed(character, words);
    let (program, language) = (character.program, character.language);
    let mark = mark_of(character, parent, words);
    let body = MultiPart::alternative()
        .boundary(format!("part-{mark}"))
        .singlepart(SinglePart::plain(program.plain(language, &written, &quoted)))
        .singlepart(SinglePart::html(program.html(language, &written, &quoted)));
    let subject = parent.subject(program.reply_prefix(language));
    let message = base(character, parent, to, &subject, &mark, at)?.multipart(body).ok()?;
    Some(dated(message.formatted(), at, &zone).into())
}

/// An automatic answer, marked as one (RFC 3834 section 5).
pub(super) fn automatic(
    character: &Character,
    parent: &Parent,
    prefix: &str,
    words: &str,
    at: UnixMillis,
) -> Option<Arc<[u8]>> {
    let subject = format!("{prefix}{}", parent.head.subject);
    let mark = mark_of(character, parent, words);
    let message = base(character, parent, parent.reply_address()?, &subject, &mark, at)?;
    let message = message.singlepart(SinglePart::plain(words.to_owned())).ok()?;
    let mut raw = dated(message.formatted(), at, &zone_of(character));
    for (name, value) in [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")] {
        raw = mime::with_field(&raw, name, value);
    }
    Some(raw.into())
}

fn base(
    character: &Character,
    parent: &Parent,
    to: Mailbox,
    subject: &str,
    mark: &str,
    at: UnixMillis,
) -> Option<MessageBuilder> {
    let domain = character.email.rsplit_once('@')?.1;
    let id = format!("<{:x}.{mark}@{domain}>", at.0);
    Some(
        Message::builder()
            .from(Mailbox::new(Some(character.name()), character.email.parse().ok()?))
            .to(to)
            .subject(subject)
            .message_id(Some(id))
            .in_reply_to(parent.bracketed())
            .references(parent.references())
            .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).ok()?)),
    )
}

/// Tells this answer from every other one, and is the same in every run.
fn mark_of(character: &Character, parent: &Parent, words: &str) -> String {
    format!("{:016x}", hash(&[character.email, &parent.head.message_id, words]))
}

/// The mail with its Date on the person's own clock.
fn dated(raw: Vec<u8>, at: UnixMillis, zone: &TimeZone) -> Vec<u8> {
    match jiff::fmt::rfc2822::to_string(&at.in_zone(zone)) {
        Ok(date) => mime::with_field(&raw, "Date", &date),
        Err(_) => raw,
    }
}

fn signed(character: &Character, words: &str) -> String {
    match (character.program, character.signature) {
        (MailProgram::Apple, _) => format!("{words}\n\n{}", character.first),
        (_, "") => format!("{words}\n\n{}", character.name()),
        (_, signature) => format!("{words}\n\n{}\n{signature}", character.name()),
    }
}

pub(super) fn zone_of(character: &Character) -> TimeZone {
    TimeZone::get(character.zone).unwrap_or(TimeZone::UTC)
}

/// FNV-1a over the parts: the sandbox's only source of chance, the same in every run.
pub(super) fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
