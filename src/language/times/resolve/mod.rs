//! Stage 6: slots to instants. Days resolve in the sender's zone, counted from the sending; wall
//! times in the zone the text names, else the sender's (rules T10 to T12, T14).

mod days;
mod hours;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::ast::{Clock, TimeExpr, ZoneUse};
use super::clause::Mood;
use super::combine::{only_clock, Slot};
use super::lex::Items;
use super::lexicon::Part;
use super::nodes::TimeOfDay;
use super::{Kind, Proposal, TimeContext, MAX_PROPOSALS};
use days::Day;
use hours::Span;

/// A proposal before sorting, with the day it stands for when it names no time at all.
pub struct Found {
    pub proposal: Proposal,
    pub bare_day: Option<Date>,
    /// Only a part of a day is named, no hour: "Thursday morning".
    pub is_part: bool,
}

struct Zone {
    zone: TimeZone,
    name: String,
}

pub fn resolve(text: &str, items: &Items, slots: &[Slot], context: &TimeContext) -> Vec<Found> {
    let resolver = Resolver {
        text,
        items,
        context,
        today: context.sent_at.to_zoned(context.sender_zone.clone()).date(),
        same: only_clock(slots),
    };
    let rejected: Vec<Date> = slots
        .iter()
        .filter(|slot| slot.mood == Mood::Rejected && slot.time.is_none())
        .flat_map(|slot| resolver.days(slot))
        .map(|day| day.date)
        .collect();
    slots.iter().filter(|slot| slot.mood == Mood::Offered).flat_map(|slot| resolver.slot(slot, &rejected)).collect()
}

/// The words of the items `from..to`.
pub fn source(text: &str, items: &Items, from: usize, to: usize) -> String {
    let range = items.get(from).zip(items.get(to.saturating_sub(1))).map(|(first, last)| first.start..last.end);
    range.and_then(|range| text.get(range)).unwrap_or_default().to_owned()
}

/// Drops what is out of range or said more precisely elsewhere; sorts; removes duplicates.
pub fn settle(found: Vec<Found>, sent_at: Timestamp) -> Vec<Proposal> {
    let earliest = sent_at.checked_sub(SignedDuration::from_mins(5)).unwrap_or(sent_at);
    let latest = sent_at.checked_add(SignedDuration::from_hours(366 * 24)).unwrap_or(Timestamp::MAX);
    let timed: Vec<Timestamp> = found.iter().filter(|f| f.bare_day.is_none()).map(|f| f.proposal.start).collect();
    let hours: Vec<Proposal> =
        found.iter().filter(|f| f.bare_day.is_none() && !f.is_part).map(|f| f.proposal.clone()).collect();
    // "Between 9 and 10:30 on Thursday morning": the morning only says which 9 is meant.
    let is_within = |part: &Proposal, hour: &Proposal| {
        let end = hour.end.unwrap_or(hour.start);
        part.start <= hour.start && part.end.is_some_and(|until| end <= until && hour.start < until)
    };
    let mut proposals: Vec<Proposal> = found
        .into_iter()
        .filter(|f| !f.is_part || !hours.iter().any(|hour| is_within(&f.proposal, hour)))
        .filter(|f| f.bare_day.is_none() || !timed.iter().any(|start| is_inside(&f.proposal, *start)))
        .map(|f| f.proposal)
        .filter(|p| p.start >= earliest && p.start <= latest && p.end.is_none_or(|end| end > p.start))
        .collect();
    proposals.sort_by_key(|proposal| (proposal.start, proposal.kind, proposal.end));
    proposals.dedup_by(|a, b| (a.start, a.kind, a.end) == (b.start, b.kind, b.end));
    proposals.truncate(MAX_PROPOSALS);
    proposals
}

/// Whether a start lies on the day of an all-day window (three hours of slack for evenings).
fn is_inside(day: &Proposal, start: Timestamp) -> bool {
    let slack = SignedDuration::from_hours(5);
    let from = day.start.checked_sub(slack).unwrap_or(day.start);
    let to = day.end.and_then(|end| end.checked_add(slack).ok()).unwrap_or(day.start);
    from <= start && start < to
}

struct Resolver<'a> {
    text: &'a str,
    items: &'a Items,
    context: &'a TimeContext<'a>,
    today: Date,
    same: Option<Clock>,
}

impl Resolver<'_> {
    fn days(&self, slot: &Slot) -> Vec<Day> {
        slot.date.as_ref().map(|date| days::days(date, self.today)).unwrap_or_default()
    }

    fn slot(&self, slot: &Slot, rejected: &[Date]) -> Vec<Found> {
        let (Some(date), zone) = (&slot.date, self.zone(slot.time.as_ref())) else {
            return self.without_day(slot).into_iter().collect();
        };
        let is_span = days::is_span(date);
        let mut found = Vec::new();
        for day in self.days(slot).into_iter().filter(|day| !is_span || !rejected.contains(&day.date)) {
            let Some((span, unsure)) = self.span(slot.time.as_ref()) else { continue };
            found.extend(self.found(slot, day.date, span, &zone, day.ambiguous || unsure, slot.time.is_none()));
        }
        found
    }

    /// The hours a time names; a day without a time is 09:00 to 17:00 (rule T2).
    fn span(&self, time: Option<&TimeOfDay>) -> Option<(Span, bool)> {
        let Some(time) = time else { return Some((hours::of_part(Part::WholeDay), false)) };
        if time.expr == TimeExpr::Same {
            return match self.same {
                Some(clock) => Some((hours::span(&TimeExpr::Point(clock), None)?, false)),
                None => Some((hours::of_part(Part::WholeDay), true)),
            };
        }
        Some((hours::span(&time.expr, time.part)?, false))
    }

    /// A bare time is today if it is still to come, else tomorrow; a bare part of the day says
    /// nothing ("mornings are best", "good evening").
    fn without_day(&self, slot: &Slot) -> Option<Found> {
        let time = slot.time.as_ref()?;
        let zone = self.zone(Some(time));
        if let TimeExpr::InMinutes(minutes) = time.expr {
            let start = self.context.sent_at.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()?;
            return Some(self.proposal(slot, start, None, &zone, false));
        }
        if matches!(time.expr, TimeExpr::Part(_) | TimeExpr::AfterPart(_) | TimeExpr::BeforePart(_) | TimeExpr::Same) {
            return None;
        }
        let (span, unsure) = self.span(Some(time))?;
        if let Some(day) = self.offered_day(span, &zone) {
            return self.found(slot, day, span, &zone, unsure, false);
        }
        let today = self.found(slot, self.today, span, &zone, unsure, false);
        today.filter(|found| found.proposal.start > self.context.sent_at).or_else(|| {
            let tomorrow = self.today.tomorrow().ok()?;
            self.found(slot, tomorrow, span, &zone, unsure, false)
        })
    }

    /// "3 pm works" after we offered exactly one 3 pm.
    fn offered_day(&self, span: Span, zone: &Zone) -> Option<Date> {
        let Span::Point(minutes) = span else { return None };
        let mut days = self.context.offered.iter().filter_map(|offered| {
            let wall = offered.start.to_zoned(zone.zone.clone());
            (i32::from(wall.hour()) * 60 + i32::from(wall.minute()) == minutes).then(|| wall.date())
        });
        let first = days.next()?;
        days.next().is_none().then_some(first)
    }

    fn found(&self, slot: &Slot, day: Date, span: Span, zone: &Zone, unsure: bool, bare: bool) -> Option<Found> {
        let (start, end) = match span {
            Span::Point(minutes) => (hours::instant(day, minutes, &zone.zone)?, None),
            Span::Window(from, to) => {
                let start = hours::instant(day, from, &zone.zone)?;
                let start = if day == self.today { start.max(self.context.sent_at) } else { start };
                let end = hours::instant(day, to, &zone.zone)?;
                if end <= start {
                    return None;
                }
                (start, Some(end))
            }
        };
        let mut found = self.proposal(slot, start, end, zone, unsure);
        found.bare_day = bare.then_some(day);
        Some(found)
    }

    fn proposal(&self, slot: &Slot, start: Timestamp, end: Option<Timestamp>, zone: &Zone, ambiguous: bool) -> Found {
        let kind = if end.is_some() { Kind::Window } else { Kind::Exact };
        let source_text = source(self.text, self.items, slot.from, slot.to);
        let unknown_zone = slot.time.as_ref().is_some_and(|time| time.zone == Some(ZoneUse::Unknown));
        let ambiguous = ambiguous || unknown_zone;
        let proposal = Proposal { start, end, kind, source_text, zone: zone.name.clone(), ambiguous };
        let is_part = slot.time.as_ref().is_some_and(|time| matches!(time.expr, TimeExpr::Part(_)));
        Found { proposal, bare_day: None, is_part }
    }

    fn zone(&self, time: Option<&TimeOfDay>) -> Zone {
        let sender = || Zone { zone: self.context.sender_zone.clone(), name: self.context.sender_zone_name.to_owned() };
        match time.and_then(|time| time.zone.as_ref()) {
            None | Some(ZoneUse::Mine | ZoneUse::Unknown) => sender(),
            Some(ZoneUse::Yours) => {
                let zone = self.context.workspace_zone.clone();
                let name = zone.iana_name().unwrap_or("UTC").to_owned();
                Zone { zone, name }
            }
            Some(ZoneUse::Named(name)) => {
                TimeZone::get(name).map_or_else(|_| sender(), |zone| Zone { zone, name: name.clone() })
            }
            Some(ZoneUse::Fixed(minutes)) => match Offset::from_seconds(minutes * 60) {
                Ok(offset) => Zone { zone: TimeZone::fixed(offset), name: offset_name(*minutes) },
                Err(_) => sender(),
            },
        }
    }
}

/// "UTC", "+05:30"
fn offset_name(minutes: i32) -> String {
    if minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}
