//! Where on the grid of a day each block stands.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{after, midnight, Block, Day, Meeting};
use crate::availability::{Schedule, Span};
use crate::base::{clock_there, UnixMillis};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, State};

/// Quarters of an hour in a day.
const QUARTERS: u16 = 96;

/// Blocks that may stand side by side.
const MOST_LANES: usize = 4;

/// A stretch of time: a booking with its guest's name and whether it may be moved, or what is busy elsewhere.
pub(super) type Piece<'a> = (Span, Option<(&'a Booking, String, bool)>);

/// `away`: who is out of office then, in words, and whether that is everybody.
pub(super) fn day(
    (date, (away, is_closed)): (Date, (String, bool)),
    pieces: &[Piece<'_>],
    schedule: &Schedule,
    zone: &TimeZone,
    now: UnixMillis,
) -> Day {
    let whole = Span::new(midnight(date, zone), midnight(after(date, 1), zone));
    let today = now.in_zone(zone).date() == date;
    let mut blocks: Vec<Block> = pieces
        .iter()
        .filter(|(span, _)| span.overlaps(&whole))
        .map(|(span, meeting)| block(*span, meeting.as_ref(), whole, zone))
        .collect();
    blocks.sort_by_key(|block| (block.from_quarter, block.to_quarter));
    place(&mut blocks);
    let weekday = date.weekday();
    let open = schedule.days.get(usize::from(weekday.to_monday_zero_offset().unsigned_abs()));
    Day {
        short: date.strftime("%a").to_string(),
        letter: date.strftime("%a").to_string().chars().take(1).collect(),
        number: date.day(),
        name: date.strftime("%A %-d").to_string(),
        date: date.to_string(),
        anchor: format!("d{date}"),
        is_today: today,
        is_off: open.is_none_or(Vec::is_empty) || is_closed,
        away,
        blocks,
        now_class: today.then(|| at_class(quarter(now, zone))),
    }
}

fn block(span: Span, meeting: Option<&(&Booking, String, bool)>, whole: Span, zone: &TimeZone) -> Block {
    let from_quarter = if span.start <= whole.start { 0 } else { quarter(span.start, zone) };
    let to_quarter = if span.end >= whole.end { QUARTERS } else { last_quarter(span.end, zone) };
    let kind = meeting.map_or(" ev-busy", |(booking, ..)| kind(booking));
    let clock = |at: UnixMillis| at.in_zone(zone).strftime("%-H:%M").to_string();
    let length = to_quarter.saturating_sub(from_quarter).max(1) * 15;
    Block {
        class: format!("ev{kind} {} for-{length}", at_class(from_quarter)),
        from: clock(span.start),
        until: clock(span.end),
        meeting: meeting.map(|(booking, who, movable)| Meeting {
            href: format!("/calendar/{}", booking.id),
            title: booking.title.clone(),
            who: match clock_there(booking.start, zone, &booking.guest_zone) {
                there if there.is_empty() => who.clone(),
                there => format!("{who} · {there}"),
            },
            state: booking.state.clone(),
            became: booking.kept.became(),
            movable: *movable && span.start >= whole.start,
            minutes: booking.span().length().as_secs() / 60,
            has_video: booking.state.is_booked() && booking.video_link.is_some(),
        }),
        from_quarter,
        to_quarter: to_quarter.max(from_quarter + 1),
    }
}

/// The class that says how a booking stands.
pub(in crate::bookings) fn kind(booking: &Booking) -> &'static str {
    match (&booking.state, booking.kept.became()) {
        (State::Proposed { .. } | State::Failed { .. }, _) => " ev-ask",
        (State::Held, _) => " ev-hold",
        (State::Cancelled { .. }, _) | (_, Some(Became::NoShow)) => " ev-off",
        _ => "",
    }
}

/// Blocks at the same time share the day's width.
fn place(blocks: &mut [Block]) {
    let mut begin = 0;
    while begin < blocks.len() {
        let mut until = blocks[begin].to_quarter;
        let mut end = begin + 1;
        while end < blocks.len() && blocks[end].from_quarter < until {
            until = until.max(blocks[end].to_quarter);
            end += 1;
        }
        share(&mut blocks[begin..end]);
        begin = end;
    }
}

/// Gives each block of a group the first lane that is free at its beginning.
fn share(group: &mut [Block]) {
    let mut lanes: Vec<u16> = Vec::new();
    let mut chosen = Vec::new();
    for block in group.iter() {
        let free = lanes.iter().position(|until| *until <= block.from_quarter);
        let lane = free.unwrap_or(lanes.len()).min(MOST_LANES - 1);
        match lanes.get_mut(lane) {
            Some(until) => *until = (*until).max(block.to_quarter),
            None => lanes.push(block.to_quarter),
        }
        chosen.push(lane);
    }
    if lanes.len() < 2 {
        return;
    }
    for (block, lane) in group.iter_mut().zip(chosen) {
        block.class.push_str(&format!(" lane-{}-of-{}", lane + 1, lanes.len()));
    }
}

/// The hours that hold all meetings: class, first and last full hour. What is busy elsewhere may be cut off.
pub(super) fn hours_shown(days: &[Day]) -> (&'static str, u16, u16) {
    let meetings = days.iter().flat_map(|day| &day.blocks).filter(|block| block.meeting.is_some());
    let (mut first, mut last) = (7 * 4, 19 * 4);
    for block in meetings {
        first = first.min(block.from_quarter);
        last = last.max(block.to_quarter);
    }
    match (first, last) {
        (28.., ..=76) => ("", 7, 19),
        (20.., ..=76) => ("hours-early", 5, 19),
        (28.., ..=92) => ("hours-late", 7, 23),
        _ => ("hours-all", 0, 24),
    }
}

fn quarter(at: UnixMillis, zone: &TimeZone) -> u16 {
    let time = at.in_zone(zone);
    u16::from(time.hour().unsigned_abs()) * 4 + u16::from(time.minute().unsigned_abs()) / 15
}

/// The quarter behind an end, rounded up.
fn last_quarter(end: UnixMillis, zone: &TimeZone) -> u16 {
    quarter(UnixMillis(end.0.saturating_sub(1)), zone) + 1
}

fn at_class(quarter: u16) -> String {
    format!("at-{:02}{:02}", quarter / 4, quarter % 4 * 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    fn drawn(spans: &[(&str, &str)]) -> Vec<String> {
        let schedule = Schedule::office("Europe/London");
        let pieces: Vec<Piece<'_>> = spans.iter().map(|(start, end)| (Span::new(at(start), at(end)), None)).collect();
        let date = jiff::civil::date(2026, 11, 24);
        let day =
            day((date, (String::new(), false)), &pieces, &schedule, &schedule.time_zone(), at("2026-11-24T09:20:00Z"));
        assert_eq!(day.now_class.as_deref(), Some("at-0915"));
        day.blocks.into_iter().map(|block| block.class).collect()
    }

    #[test]
    fn a_block_stands_at_its_quarter_and_is_cut_at_midnight() {
        let cases = [
            ("2026-11-24T10:30:00Z", "2026-11-24T11:00:00Z", "ev ev-busy at-1030 for-30"),
            ("2026-11-24T10:40:00Z", "2026-11-24T11:05:00Z", "ev ev-busy at-1030 for-45"),
            ("2026-11-23T20:00:00Z", "2026-11-24T01:00:00Z", "ev ev-busy at-0000 for-60"),
            ("2026-11-24T23:00:00Z", "2026-11-25T02:00:00Z", "ev ev-busy at-2300 for-60"),
            ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "ev ev-busy at-0000 for-1440"),
        ];
        for (start, end, class) in cases {
            assert_eq!(drawn(&[(start, end)]), [class], "{start} to {end}");
        }
    }

    #[test]
    fn blocks_at_the_same_time_share_the_width() {
        let span = |from: &'static str, to: &'static str| (from, to);
        let classes = drawn(&[
            span("2026-11-24T09:00:00Z", "2026-11-24T10:30:00Z"),
            span("2026-11-24T09:30:00Z", "2026-11-24T10:00:00Z"),
            span("2026-11-24T10:00:00Z", "2026-11-24T10:30:00Z"),
            span("2026-11-24T12:00:00Z", "2026-11-24T12:30:00Z"),
        ]);
        let lanes: Vec<&str> = classes.iter().map(|class| class.split(" lane-").nth(1).unwrap_or("")).collect();
        assert_eq!(lanes, ["1-of-2", "2-of-2", "2-of-2", ""]);
    }
}
