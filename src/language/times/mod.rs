//! The time reader: finds the meeting times a reply proposes, in English, German, Spanish, French,
//! Portuguese and Hindi (Devanagari or Latin letters).
//!
//! It is a small compiler, and like one it is pure: same text and context, same answer.
//!
//! 1. `clean`, `token`: the writer's own words, as tokens that remember their place
//! 2. `lexicon`, `lex`: what the words of each language mean
//! 3. `grammar`: dates, times, ranges, zones, lengths (`ast`)
//! 4. `clause`: what is offered, rejected, or merely mentioned
//! 5. `nodes`, `weeks`, `combine`: which time belongs to which day
//! 6. `resolve`, `picks`: instants, counted from the sending, in the right zone
//!
//! Always true: no input panics; at most [`MAX_PROPOSALS`] proposals, sorted by start, none twice;
//! every `source_text` is a part of the input; nothing lies before the sending or more than
//! 366 days after it. The rule numbers (T1 to T14) in the comments are those of the product's
//! time rules, which the table tests go through one by one.

mod ast;
mod clause;
mod clean;
mod combine;
mod grammar;
mod lex;
mod lexicon;
mod nodes;
mod picks;
mod resolve;
mod token;
mod weeks;

#[cfg(test)]
mod tests;

use ast::AtomKind;
use clause::Mood;

/// More proposals than this are no help to anybody (rule T14).
pub const MAX_PROPOSALS: usize = 12;
/// What is read of a message; a proposal stands near its beginning, and the work stays bounded.
const MAX_TEXT_BYTES: usize = 12_000;
/// Lengths of meetings people ask for, in minutes.
const DURATIONS: std::ops::RangeInclusive<u32> = 5..=480;

/// What a reply's words are relative to.
pub struct TimeContext<'a> {
    pub sent_at: jiff::Timestamp,
    pub sender_zone: &'a jiff::tz::TimeZone,
    /// IANA name of `sender_zone`; a US zone reads numeric dates month first.
    pub sender_zone_name: &'a str,
    /// The zone of the workspace, which is "your time" to the writer.
    pub workspace_zone: &'a jiff::tz::TimeZone,
    /// Times we offered earlier, so that "the second one works" resolves; may be empty.
    pub offered: &'a [OfferedTime],
}

#[derive(Debug, Clone, PartialEq)]
pub struct OfferedTime {
    pub start: jiff::Timestamp,
    pub end: jiff::Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One point in time.
    Exact,
    /// Any start inside the window.
    Window,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub start: jiff::Timestamp,
    /// None for `Exact`; after `start` for `Window`.
    pub end: Option<jiff::Timestamp>,
    pub kind: Kind,
    /// The words it was read from: a substring of the input.
    pub source_text: String,
    /// IANA name or offset the wall time was read in.
    pub zone: String,
    /// The words contradict each other; a person should look.
    pub ambiguous: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TimesFound {
    /// Sorted by start, no duplicates, at most [`MAX_PROPOSALS`].
    pub proposals: Vec<Proposal>,
    pub duration_minutes: Option<u32>,
    /// Links to booking pages as written; shown, never fetched.
    pub booking_links: Vec<String>,
}

/// Reads the proposed meeting times of the latest message of a reply. Quoted history and signatures
/// are left out if they are still there.
pub fn read_times(text: &str, context: &TimeContext) -> TimesFound {
    let text = &text[..floor_char_boundary(text, MAX_TEXT_BYTES)];
    let cleaned = clean::clean(text);
    let items = lex::lex(&token::tokenise(&cleaned.text));
    let habits = grammar::Habits {
        month_first: is_month_first(context.sender_zone_name),
        sender_zone: context.sender_zone_name,
    };
    let atoms = grammar::atoms(&items, &habits);
    let moods = clause::moods(&items, &atoms);
    let sentences = clause::sentences(&items, &atoms);
    let slots = combine::combine(&items, &atoms, &moods, &sentences);
    let mut found = resolve::resolve(text, &items, &slots, context);
    found.extend(picks::picks(text, &items, &atoms, &moods, context));
    let duration_minutes = atoms.iter().zip(&moods).find_map(|(atom, mood)| match atom.kind {
        AtomKind::Duration(minutes) if DURATIONS.contains(&minutes) && *mood != Mood::Mentioned => Some(minutes),
        _ => None,
    });
    TimesFound {
        proposals: resolve::settle(found, context.sent_at),
        duration_minutes,
        booking_links: cleaned.booking_links,
    }
}

fn floor_char_boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The zones whose people write 5/14 for 14 May (rule T9).
fn is_month_first(zone: &str) -> bool {
    const ZONES: &[&str] = &[
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Anchorage",
        "America/Detroit",
        "America/Boise",
        "Pacific/Honolulu",
    ];
    ZONES.contains(&zone) || zone.starts_with("America/Indiana/") || zone.starts_with("US/")
}
