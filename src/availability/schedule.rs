//! Working hours as instants: the one place where wall clocks meet instants, and so clock changes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::model::{OpenHours, Schedule, Span};
use crate::base::UnixMillis;

/// The open stretches that begin on a day touched by `range`, in order. Hours that the clock change swallows begin
/// when the clock goes on; an hour that exists twice is entered at its first passing and left at its first end.
pub(super) fn open_spans<'a>(schedule: &'a Schedule, range: Span) -> impl Iterator<Item = Span> + 'a {
    let zone = schedule.time_zone();
    let (first, last) = (range.start.in_zone(&zone).date(), range.end.in_zone(&zone).date());
    // Hours that end at midnight or later may have begun on the day before.
    let first = first.yesterday().unwrap_or(first);
    let days = first.series(1.day()).take_while(move |date| *date <= last);
    joined(days.flat_map(move |date| {
        let weekday = date.weekday().to_monday_zero_offset().unsigned_abs();
        let hours = schedule.days.get(usize::from(weekday)).map_or(&[][..], Vec::as_slice);
        let zone = zone.clone();
        hours.iter().filter_map(move |hours| open_on(date, *hours, &zone))
    }))
}

/// Stretches that touch or overlap are one, also over midnight: a meeting may run from one into the next.
fn joined(spans: impl Iterator<Item = Span>) -> impl Iterator<Item = Span> {
    let mut spans = spans.peekable();
    std::iter::from_fn(move || {
        let mut span = spans.next()?;
        while let Some(next) = spans.next_if(|next| next.start <= span.end) {
            span.end = span.end.max(next.end);
        }
        Some(span)
    })
}

fn open_on(date: Date, hours: OpenHours, zone: &TimeZone) -> Option<Span> {
    let span = Span::new(at_minute(date, hours.from, zone)?, at_minute(date, hours.to, zone)?);
    (span.start < span.end).then_some(span)
}

/// `minute` after midnight on the wall clock of `zone`; 1440 is the next midnight.
fn at_minute(date: Date, minute: u16, zone: &TimeZone) -> Option<UnixMillis> {
    let date = date.checked_add(i32::from(minute / 1440).days()).ok()?;
    let minute = i8::try_from(minute % 1440 % 60).ok().zip(i8::try_from(minute % 1440 / 60).ok());
    let (minute, hour) = minute?;
    let zoned = date.to_datetime(jiff::civil::time(hour, minute, 0, 0)).to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().into())
}
