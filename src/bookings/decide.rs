//! What to do about the times of an answer. Pure: the same times and the same diary give the same decision.

use std::time::Duration;

use crate::availability::{FreeTimes, Span, WhyNot};
use crate::base::UnixMillis;
use crate::messaging::ProposedTime;

/// An event is made by itself only when the answer was read at least this surely.
pub const SURE: f32 = 0.90;
/// Times in one offer.
pub const OFFERS: usize = 3;
/// Free starts looked at inside one window.
const PER_WINDOW: usize = 12;

/// From noon to evening: an afternoon named without an hour.
const NOON: (i8, i8) = (12, 0);
const EVENING: (i8, i8) = (17, 0);
const LUNCH: Duration = Duration::from_secs(3600);
/// Times of one offer begin at least this far apart.
const APART_MILLIS: u64 = 60 * 60 * 1000;

/// What was read, and what the worker may do about it.
pub struct Wish<'a> {
    pub times: &'a [ProposedTime],
    pub confidence: f32,
    /// The owner lets this worker book without asking.
    pub may_book: bool,
    /// Around which free times are looked for.
    pub within: Span,
    pub guest: &'a jiff::tz::TimeZone,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// One clear time, free, and nobody has to be asked.
    Book(Span),
    /// A person decides about this time; the note says what is known.
    Ask { span: Span, note: String },
    /// None of the times will do (or a whole window was given): these are free.
    Offer { free: Vec<Span>, why: WhyOffer },
    /// No time was named, and none can be offered: only a person can go on. The note says why.
    Leave { note: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyOffer {
    /// The wished time is taken or outside our hours.
    NotFree,
    /// The guest left the hour to us.
    YouChoose,
    /// It is free, and only the guest can book it: they pay for it, or are asked something.
    ToConfirm,
}

/// Decides about the times of one answer.
pub fn decide(wish: &Wish<'_>, diary: &dyn FreeTimes) -> Decision {
    let Some(first) = wish.times.first() else { return offer_any(wish, diary) };
    let (exact, windows): (Vec<_>, Vec<_>) = wish.times.iter().partition(|time| time.end.is_none());
    let checked: Vec<(&ProposedTime, Result<Span, WhyNot>)> =
        exact.iter().map(|time| (*time, diary.check(time.start))).collect();
    let free: Vec<(&ProposedTime, Span)> =
        checked.iter().filter_map(|(time, checked)| Some((*time, checked.clone().ok()?))).collect();
    if let [(time, span)] = free[..] {
        let clear = windows.is_empty() && !time.ambiguous && wish.confidence >= SURE;
        if clear && wish.may_book {
            return Decision::Book(span);
        }
    }
    if let [(time, span), others @ ..] = &free[..] {
        return Decision::Ask { span: *span, note: free_note(time, others.len()) };
    }
    let in_windows: Vec<Span> = windows.iter().flat_map(|window| open_starts(window, wish.guest, diary)).collect();
    if let Some(span) = in_windows.first() {
        return match wish.may_book {
            true => Decision::Offer { free: apart(&in_windows, OFFERS), why: WhyOffer::YouChoose },
            false => Decision::Ask { span: *span, note: "You are free then, as the first of several times.".into() },
        };
    }
    // A time that cannot be judged is a person's to judge; another offer would be a guess.
    let unsure = checked.iter().find_map(|(time, checked)| match checked {
        Err(why @ (WhyNot::Unknown { .. } | WhyNot::TooFar)) => Some((time.start, why.words())),
        _ => None,
    });
    if let Some((start, note)) = unsure.or(diary.unknown().map(|why| (first.start, why.words()))) {
        return Decision::Ask { span: diary.span(start), note };
    }
    let wished: Vec<UnixMillis> = wish.times.iter().map(|time| time.start).collect();
    let near = diary.near(&wished, wish.within, wish.guest, OFFERS);
    if near.is_empty() {
        let why = checked.iter().find_map(|(_, checked)| checked.as_ref().err());
        let note = format!("{} Nothing near it is free.", why.unwrap_or(&WhyNot::Busy).words());
        return Decision::Ask { span: diary.span(first.start), note };
    }
    Decision::Offer { free: near, why: WhyOffer::NotFree }
}

/// Somebody wants to meet and named no time that could be read: three free ones, on days of their own.
fn offer_any(wish: &Wish<'_>, diary: &dyn FreeTimes) -> Decision {
    let free = diary.spread(wish.within, wish.guest, OFFERS);
    if !free.is_empty() {
        return Decision::Offer { free, why: WhyOffer::YouChoose };
    }
    let note = diary.unknown().map(|why| why.words());
    Decision::Leave { note: note.unwrap_or_else(|| "Nothing is free in the coming days.".to_owned()) }
}

fn free_note(time: &ProposedTime, others: usize) -> String {
    let mut note = "You are free then.".to_owned();
    if time.ambiguous {
        note.push_str(" The words can be read in more than one way; have a look.");
    }
    if others > 0 {
        note.push_str(" It is the first of several times that suit.");
    }
    note
}

/// The free starts of a window. An afternoon begins at noon by the rules, but who says "Thursday afternoon" does not
/// think of lunch: the hours after it on the guest's own clock come first.
pub fn open_starts(window: &ProposedTime, guest: &jiff::tz::TimeZone, diary: &dyn FreeTimes) -> Vec<Span> {
    let end = window.end.unwrap_or(window.start);
    let clock = |at: UnixMillis| (at.in_zone(guest).hour(), at.in_zone(guest).minute());
    if (clock(window.start), clock(end)) == (NOON, EVENING) {
        let after_lunch = Span::new(window.start.plus(LUNCH), end);
        let free = diary.free_slots(after_lunch, PER_WINDOW);
        if !free.is_empty() {
            return free;
        }
    }
    diary.free_slots(Span::new(window.start, end), PER_WINDOW)
}

/// The first `count` of `free`, as it is ordered, that begin so far from each other; in order of time.
pub fn apart(free: &[Span], count: usize) -> Vec<Span> {
    let mut chosen: Vec<Span> = Vec::new();
    for span in free {
        let is_far = chosen.iter().all(|other| other.start.0.abs_diff(span.start.0) >= APART_MILLIS);
        if is_far && chosen.len() < count {
            chosen.push(*span);
        }
    }
    chosen.sort();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::{Busy, Diary, OpenTimes, Rules, Schedule};
    use crate::workers::Meeting;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(&format!("2026-11-{text}:00Z")).unwrap()
    }

    fn exact(start: &str) -> ProposedTime {
        ProposedTime { start: at(start), end: None, source_text: start.into(), ambiguous: false }
    }

    fn window(start: &str, end: &str) -> ProposedTime {
        ProposedTime { end: Some(at(end)), ..exact(start) }
    }

    fn decide_with(times: &[ProposedTime], confidence: f32, may_book: bool, busy: &Busy) -> Decision {
        let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
        let rules = Rules::of(&Meeting { minutes: 30, buffer_after: 0, notice: 60, ..Meeting::default() });
        let diary = Diary { schedule: &schedule, rules, busy, claimed: &[], now: at("23T09:00") };
        let guest = jiff::tz::TimeZone::get("Europe/London").unwrap();
        let within = Span::new(at("23T09:00"), at("30T09:00"));
        decide(&Wish { times, confidence, may_book, within, guest: &guest }, &diary)
    }

    /// `book 24T10:30`, `ask 24T10:30`, `offer 24T09:00 24T11:30`, `leave`.
    fn short(decision: &Decision) -> String {
        let start = |span: &Span| span.start.to_rfc3339()[8..16].to_owned();
        match decision {
            Decision::Book(span) => format!("book {}", start(span)),
            Decision::Ask { span, .. } => format!("ask {}", start(span)),
            Decision::Offer { free, .. } => {
                format!("offer {}", free.iter().map(start).collect::<Vec<_>>().join(" "))
            }
            Decision::Leave { .. } => "leave".into(),
        }
    }

    #[test]
    fn only_one_clear_free_time_is_booked_without_a_person() {
        let free = Busy::Known(vec![Span::new(at("24T12:00"), at("24T13:00"))]);
        let one = [exact("24T10:30")];
        let ambiguous = [ProposedTime { ambiguous: true, ..exact("24T10:30") }];
        let two = [exact("24T10:30"), exact("25T10:30")];
        let one_of_two = [exact("24T12:30"), exact("25T10:30")];
        let both_kinds = [exact("24T10:30"), window("25T09:00", "25T12:00")];
        let cases: [(&str, &[ProposedTime], f32, bool, &str); 8] = [
            ("one, sure, allowed", &one, 0.95, true, "book 24T10:30"),
            ("just sure enough", &one, 0.90, true, "book 24T10:30"),
            ("not sure enough", &one, 0.89, true, "ask 24T10:30"),
            ("the owner wants to be asked", &one, 0.99, false, "ask 24T10:30"),
            ("ambiguous words", &ambiguous, 0.99, true, "ask 24T10:30"),
            ("two free times", &two, 0.99, true, "ask 24T10:30"),
            ("two times, one free", &one_of_two, 0.99, true, "book 25T10:30"),
            ("a time or a morning", &both_kinds, 0.99, true, "ask 24T10:30"),
        ];
        for (name, times, confidence, may_book, expected) in cases {
            assert_eq!(short(&decide_with(times, confidence, may_book, &free)), expected, "{name}");
        }
    }

    #[test]
    fn a_time_that_is_not_free_is_answered_with_three_that_are() {
        let busy = Busy::Known(vec![Span::new(at("24T10:00"), at("24T11:00"))]);
        let cases = [
            ("busy", exact("24T10:30"), "offer 24T09:30 24T11:00 24T12:00"),
            ("outside hours", exact("24T19:00"), "offer 24T14:30 24T15:30 24T16:30"),
            ("a Sunday", exact("29T10:00"), "offer 27T14:30 27T15:30 27T16:30"),
            ("already over", exact("23T08:00"), "offer 23T10:00 23T11:00 23T12:00"),
        ];
        for (name, time, expected) in cases {
            assert_eq!(short(&decide_with(&[time], 0.99, false, &busy)), expected, "{name}");
        }
    }

    #[test]
    fn who_names_no_time_is_offered_three_days_or_left_to_a_person() {
        let full = Busy::Known(vec![Span::new(at("23T09:00"), at("30T17:00"))]);
        let cases = [
            ("a free week", Busy::Known(vec![]), "offer 23T10:00 24T09:00 25T09:00"),
            ("a full week", full, "leave"),
            ("an unreadable calendar", Busy::Unknown { reason: "notFound".into() }, "leave"),
        ];
        for (name, busy, expected) in cases {
            for may_book in [true, false] {
                assert_eq!(short(&decide_with(&[], 0.99, may_book, &busy)), expected, "{name}");
            }
        }
    }

    #[test]
    fn an_unreadable_calendar_is_for_a_person() {
        let unknown = Busy::Unknown { reason: "notFound".into() };
        for times in [vec![exact("24T10:30")], vec![window("24T09:00", "24T12:00")]] {
            let decision = decide_with(&times, 0.99, true, &unknown);
            assert!(
                matches!(&decision, Decision::Ask { note, .. } if note.contains("could not be read")),
                "{decision:?}"
            );
        }
    }

    #[test]
    fn an_open_window_is_asked_about_or_answered_with_its_free_times() {
        let free = Busy::Known(vec![]);
        let afternoon = [window("24T12:00", "24T17:00")];
        assert_eq!(short(&decide_with(&afternoon, 0.99, false, &free)), "ask 24T13:00");
        assert_eq!(short(&decide_with(&afternoon, 0.99, true, &free)), "offer 24T13:00 24T14:00 24T15:00");
        let lunch_only = Busy::Known(vec![Span::new(at("24T13:00"), at("24T17:00"))]);
        assert_eq!(short(&decide_with(&afternoon, 0.99, false, &lunch_only)), "ask 24T12:00");
        let full = Busy::Known(vec![Span::new(at("24T09:00"), at("24T17:00"))]);
        assert_eq!(short(&decide_with(&afternoon, 0.99, true, &full)), "offer 23T15:30 23T16:30 25T09:00");
    }
}
