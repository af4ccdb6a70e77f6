//! Times of day: points, ranges, parts of the day, "after X", "in 45 minutes" (rules T2 to T5, T10).

use super::super::ast::{Atom, AtomKind, TimeExpr};
use super::super::lex::Items;
use super::super::lexicon::{Part, Sense, Unit};
use super::clock::{clock, Reading, Strength};
use super::Read;

/// What stands right before: decides whether a bare number can be an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    AfterDate,
    AfterTime,
}

impl Place {
    /// The place of `at`, given the atom read last.
    pub fn after(items: &Items, at: usize, previous: Option<&Atom>) -> Place {
        let Some(previous) = previous else { return Place::Nowhere };
        let between_is_small = (previous.to..at).all(|i| {
            items.is_sign(i, &[",", "-", ":", "(", "/", "@", "\n"])
                || items.any(i, &[Sense::Or, Sense::And, Sense::At, Sense::Around, Sense::Until])
                || (items.is_sign(i, &[".", "?", "!"]) && stands_alone(items, at))
                || items.any(
                    i,
                    &[Sense::InsteadOf, Sense::Accept, Sense::Both, Sense::Refuse, Sense::Propose, Sense::Rather],
                )
        });
        match &previous.kind {
            _ if !between_is_small || previous.to + 3 < at => Place::Nowhere,
            AtomKind::Date(_) => Place::AfterDate,
            AtomKind::Time(_) => Place::AfterTime,
            _ => Place::Nowhere,
        }
    }
}

/// "Monday. 9 sharp.", "3 is bad. 4.30 would.": a number that is a sentence of its own.
fn stands_alone(items: &Items, at: usize) -> bool {
    let minutes =
        items.is_sign(at + 1, &["."]) && items.glued(at + 1) && items.glued(at + 2) && items.digits(at + 2) == 2;
    let at = if minutes { at + 2 } else { at };
    items.get(at + 1).is_none_or(|next| {
        next.digits == 0 && (!next.is_word() || ["sharp", "would", "works"].contains(&next.text.as_str()))
    }) && !items.is_sign(at + 1, &[")", "-", ":", "/", "%", "€", "$"])
}

pub fn time(items: &Items, at: usize, place: Place) -> Read<TimeExpr> {
    None.or_else(|| in_minutes(items, at))
        .or_else(|| range(items, at, place))
        .or_else(|| edge(items, at, place))
        .or_else(|| trailing_edge(items, at))
        .or_else(|| point(items, at, place))
        .or_else(|| named(items, at, place))
}

/// "in 45 minutes", "in half an hour", "30 minute mein", "45 minutes from now".
pub fn in_minutes(items: &Items, at: usize) -> Read<TimeExpr> {
    if !items.has(at, Sense::In) {
        return minutes_in(items, at);
    }
    let phrase = |sense: &Sense| if let Sense::Minutes(m) = *sense { Some(u32::from(m)) } else { None };
    let mut next = at + 1;
    while items.any(next, &[Sense::Around]) {
        next += 1;
    }
    if let Some(minutes) = items.find(next, phrase) {
        return Some((TimeExpr::InMinutes(minutes), next + 1));
    }
    let count = items.count(next).filter(|count| *count <= 600)?;
    if items.has(next + 1, Sense::Unit(Unit::Minute)) {
        return Some((TimeExpr::InMinutes(count), next + 2));
    }
    (items.has(next + 1, Sense::Unit(Unit::Hour)) && count <= 48).then_some((TimeExpr::InMinutes(count * 60), next + 2))
}

/// The length first: "30 minute mein", "an hour from now".
fn minutes_in(items: &Items, at: usize) -> Read<TimeExpr> {
    let (minutes, to) = super::duration(items, at)?;
    if items.is_text(to, "from") && items.is_text(to + 1, "now") {
        return Some((TimeExpr::InMinutes(minutes), to + 2));
    }
    let post = ["mein", "me", "में", "baad", "bad", "ke baad", "बाद", "के बाद"];
    post.iter().any(|word| items.is_text(to, word)).then_some((TimeExpr::InMinutes(minutes), to + 1))
}

/// "9-11", "from 3 to 5pm", "between 10 and noon", "de 14h à 16h", "3 se 5 baje tak".
fn range(items: &Items, at: usize, place: Place) -> Read<TimeExpr> {
    let between = items.has(at, Sense::Between);
    let opened = between || items.has(at, Sense::From);
    let mut next = at + usize::from(opened);
    // "zw. 9 und 11"
    next += usize::from(between && items.is_sign(next, &["."]) && items.glued(next));
    next = skip(items, next, &[Sense::At, Sense::Around, Sense::The]);
    if items.has(next, Sense::At) && items.count(next + 1).is_some() {
        next += 1;
    }
    let (from, mid) = clock(items, next)?;
    let sign =
        items.is_sign(mid, &["-"]) || (items.is_sign(mid, &["/"]) && items.glued(mid) && place == Place::AfterDate);
    let word = items.has(mid, Sense::Until) && (between || !items.has(mid, Sense::And))
        || (between && items.has(mid, Sense::And));
    let at_word = word && items.has(mid, Sense::At) && !opened && from.strength != Strength::Sure;
    if (!sign && !word) || at_word {
        return None;
    }
    let after = skip(items, mid + 1, &[Sense::At, Sense::Around, Sense::The]);
    let (to, mut end) = clock(items, after)?;
    if items.any(end, &[Sense::UntilPost, Sense::Between]) {
        end += 1;
    }
    let sure = from.strength.max(to.strength) == Strength::Sure;
    let placed = place != Place::Nowhere || before_place(items, end) || (opened && followed_well(items, end));
    let dotted_date = from.strength == Strength::Joined && to.strength == Strength::Bare && !opened;
    if !(sure || placed || (items.has(at.wrapping_sub(1), Sense::At) && followed_well(items, end))) || dotted_date {
        return None;
    }
    if !sure && counts_something(items, end) {
        return None;
    }
    Some((TimeExpr::Range(from.clock, to.clock), end))
}

fn skip(items: &Items, mut at: usize, senses: &[Sense]) -> usize {
    let mut steps = 0;
    while steps < 2 && items.any(at, senses) && !items.has(at, Sense::Number(1)) {
        at += 1;
        steps += 1;
    }
    at
}

/// "after 3", "from noon on", "before 11", "not before 10", "ab 15 Uhr", "after lunch".
fn edge(items: &Items, at: usize, place: Place) -> Read<TimeExpr> {
    let (negated, first) = match items.has(at, Sense::Not) {
        true => (true, at + 1),
        false => (false, at),
    };
    let after = items.any(first, &[Sense::After]);
    let before = items.any(first, &[Sense::Before]);
    let from = items.has(first, Sense::From) && !after && !before;
    if !(after || before || from) || (negated && from) {
        return None;
    }
    let is_after = if negated { before && !after } else { (after && !before) || from };
    let next = skip(items, first + 1, &[Sense::At, Sense::Around, Sense::The, Sense::On]);
    if let Some((read, end)) = clock(items, next) {
        let end = if items.has(end, Sense::Onwards) && !leads_to_date(items, end + 1) { end + 1 } else { end };
        if read.strength != Strength::Sure && (counts_something(items, end) || !followed_well(items, end)) {
            return None;
        }
        if read.strength == Strength::Bare
            && from
            && place == Place::Nowhere
            && end == next + 1
            && !before_place(items, end)
        {
            return None;
        }
        let time = if is_after { TimeExpr::After(read.clock) } else { TimeExpr::Before(read.clock) };
        return Some((time, end));
    }
    if from {
        return None;
    }
    let (part, end) = part(items, next).filter(|(part, _)| *part != Part::WholeDay)?;
    Some((if is_after { TimeExpr::AfterPart(part) } else { TimeExpr::BeforePart(part) }, end))
}

/// "3pm onwards", "3 baje ke baad", "5 baje se pehle", "lunch ke baad".
fn trailing_edge(items: &Items, at: usize) -> Read<TimeExpr> {
    if let Some((part, to)) = part(items, at) {
        if items.has(to, Sense::AfterPost) {
            return Some((TimeExpr::AfterPart(part), to + 1));
        }
        if items.has(to, Sense::BeforePost) {
            return Some((TimeExpr::BeforePart(part), to + 1));
        }
    }
    let (read, to) = clock(items, skip(items, at, &[Sense::At, Sense::Around]))?;
    if items.any(to, &[Sense::AfterPost]) || (items.has(to, Sense::Onwards) && !leads_to_date(items, to + 1)) {
        return (read.strength == Strength::Sure || !items.has(to, Sense::On))
            .then_some((TimeExpr::After(read.clock), to + 1));
    }
    if items.has(to, Sense::BeforePost) || (items.has(to, Sense::UntilPost) && read.strength == Strength::Sure) {
        return Some((TimeExpr::Before(read.clock), to + 1));
    }
    None
}

fn leads_to_date(items: &Items, at: usize) -> bool {
    let at = at + usize::from(items.has(at, Sense::The));
    items.digits(at) > 0
        || items
            .find(at, |s| {
                matches!(s, Sense::Weekday(_) | Sense::Month(_) | Sense::Day(_) | Sense::Next | Sense::Ordinal(_))
                    .then_some(())
            })
            .is_some()
}

/// "at 3", "3pm", "gegen 15 Uhr"; a bare number needs a preposition, a date or a time before it.
fn point(items: &Items, at: usize, place: Place) -> Read<TimeExpr> {
    let next = skip(items, at, &[Sense::At, Sense::Around]);
    let invited = at > 1 && items.is_text(at - 1, "for") && items.has(at - 2, Sense::Meet);
    let led = next > at || invited || is_asked_for(items, at) || (at > 0 && items.any(at - 1, &[Sense::At]));
    let (Reading { clock, strength }, end) = clock(items, next)?;
    let accepted = match strength {
        Strength::Sure => true,
        Strength::Joined => (led || place != Place::Nowhere) && followed_well(items, end),
        Strength::Bare => {
            (led || place != Place::Nowhere || before_place(items, end))
                && !counts_something(items, end)
                && followed_well(items, end)
                && !is_word_number_alone(items, next, led)
        }
    };
    accepted.then_some((TimeExpr::Point(clock), end))
}

/// "Can you do 10?"
fn is_asked_for(items: &Items, at: usize) -> bool {
    let words = |back: usize| at.checked_sub(back).and_then(|at| items.get(at)).map_or("", |item| item.text.as_str());
    let before = format!("{} {}", words(2), words(1));
    ["you do", "we do", "i do", "can do", "could do"].iter().any(|asked| before.ends_with(asked))
}

/// "one", "una", "um" are articles too, and Hindi "do" is an English verb; they are hours only after a preposition of time.
fn is_word_number_alone(items: &Items, at: usize, led: bool) -> bool {
    items.digits(at) == 0 && (items.has(at, Sense::Number(1)) || items.is_text(at, "do")) && !led
}

/// "10 on Tuesday", "3 tomorrow", "10 or 11 on Friday", "6 rather than 5": what follows the number
/// makes it an hour.
fn before_place(items: &Items, at: usize) -> bool {
    let another = items.any(at, &[Sense::Or, Sense::InsteadOf]) && items.count(at + 1).is_some();
    if another
        && clock(items, at + 1).is_some_and(|(read, to)| read.strength == Strength::Sure || before_place(items, to))
    {
        return true;
    }
    let at = at + usize::from(items.any(at, &[Sense::Accept]));
    let at = at + usize::from(items.any(at, &[Sense::On, Sense::Or]));
    let at = at + usize::from(items.any(at, &[Sense::The, Sense::Next, Sense::This, Sense::On]));
    items.find(at, |s| matches!(s, Sense::Weekday(_) | Sense::Day(_)).then_some(())).is_some()
        || (items.any(at, &[Sense::In, Sense::Of]) && part(items, at + 1).is_some())
        || part(items, at).is_some_and(|(part, _)| part != Part::WholeDay)
}

/// The number counts something: "3 people", "5 minutes", "10%".
fn counts_something(items: &Items, at: usize) -> bool {
    items.any(at, &[Sense::Noun, Sense::Unit(Unit::Minute), Sense::Unit(Unit::Hour), Sense::Unit(Unit::Day)])
        || items.any(at, &[Sense::Unit(Unit::Week), Sense::Unit(Unit::Month), Sense::Unit(Unit::Year)])
        || items.find(at, |s| matches!(s, Sense::Month(_)).then_some(())).is_some()
        || items.is_sign(at, &["%", "€", "$", "£", "°", "/", "*", "="])
        || (items.is_sign(at, &[".", ",", ":", "'"])
            && items.glued(at)
            && items.glued(at + 1)
            && items.digits(at + 1) > 0)
}

/// What follows an hour: the end, a sign, a word the lexicons know. An unknown noun is counted by it.
fn followed_well(items: &Items, at: usize) -> bool {
    match items.get(at) {
        None => true,
        Some(item) if item.is_word() => !item.senses.is_empty() && !item.has(Sense::Noun),
        Some(item) => item.digits == 0,
    }
}

/// A part of the day, "end of day", "same time".
fn named(items: &Items, at: usize, place: Place) -> Read<TimeExpr> {
    if items.has(at, Sense::SameTime) {
        return Some((TimeExpr::Same, at + 1));
    }
    let next = skip(items, at, &[Sense::Before, Sense::Until]);
    if items.has(next, Sense::EndOfDay) {
        return Some((TimeExpr::Part(Part::WholeDay), next + 1));
    }
    // "Monday AM"
    if place == Place::AfterDate && !items.has(at, Sense::On) {
        let half =
            [(Sense::Am, Part::Morning), (Sense::Pm, Part::Afternoon)].into_iter().find(|(s, _)| items.has(at, *s));
        if let Some((_, part)) = half {
            return Some((TimeExpr::Part(part), at + 1));
        }
    }
    let (part, to) = part(items, at)?;
    Some((TimeExpr::Part(part), to))
}

/// A part of the day with its qualifier: "late afternoon", "early in the afternoon".
pub fn part(items: &Items, at: usize) -> Read<Part> {
    let plain = |at: usize| {
        items.find(at, |s| match *s {
            Sense::Part(part) => Some(part),
            Sense::AnyTime => Some(Part::WholeDay),
            _ => None,
        })
    };
    if let Some(found) = plain(at) {
        // "morgen" is also tomorrow; the date grammar has had its say before.
        return Some((found, at + 1));
    }
    let qualifier = [Sense::Early, Sense::Late].into_iter().find(|sense| items.has(at, *sense))?;
    let next = skip(items, at + 1, &[Sense::In, Sense::The, Sense::Of]);
    let qualified = match (qualifier, plain(next)?) {
        (Sense::Early, Part::Afternoon) => Part::EarlyAfternoon,
        (Sense::Late, Part::Afternoon) => Part::LateAfternoon,
        (_, other) => other,
    };
    Some((qualified, next + 1))
}
