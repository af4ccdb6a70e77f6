//! From wall-clock hours to windows of instants.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::model::{Hours, WallRange};
use super::ranges::{merged, Millis, Range};

/// No zone is further than 26 hours from another, and the zone of a date may be that of a journey.
const APART_DAYS: i64 = 2;
/// How far back the beginning of a window without an end in sight is looked for: somebody may be there day and night.
const BACK_DAYS: i64 = 35;

/// A Monday.
const EPOCH: Date = Date::constant(1970, 1, 5);

/// The windows that may hold something of `reach`: overlapping and touching ones are one, over midnight too.
pub fn windows(hours: &Hours, zone: &TimeZone, reach: Range) -> Vec<Range> {
    let near = between(hours, zone, reach, APART_DAYS);
    let begin = start_of(date_of(reach.start, zone).saturating_sub((APART_DAYS - 1).days()), zone);
    let is_cut = near.first().is_some_and(|window| window.start < begin && window.end >= begin);
    if !is_cut {
        return near;
    }
    let mut far = between(hours, zone, reach, BACK_DAYS);
    let begin = start_of(date_of(reach.start, zone).saturating_sub((BACK_DAYS - 1).days()), zone);
    if let Some(endless) = far.first_mut().filter(|window| window.start < begin && window.end >= begin) {
        // Day and night without an end: steps count from one and the same moment, whenever somebody asks.
        endless.start = start_of(EPOCH, zone);
    }
    far
}

fn between(hours: &Hours, zone: &TimeZone, reach: Range, back_days: i64) -> Vec<Range> {
    let mut date = date_of(reach.start, zone).saturating_sub(back_days.days());
    let last = date_of(reach.end, zone).saturating_add(APART_DAYS.days());
    let mut found = Vec::new();
    while date <= last {
        let zone = zone_on(hours, zone, date);
        found.extend(ranges_on(hours, date).iter().filter_map(|range| resolved(*range, date, zone)));
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    merged(found)
}

/// The zone in force on a date.
fn zone_on<'a>(hours: &'a Hours, home: &'a TimeZone, date: Date) -> &'a TimeZone {
    hours.travel.iter().find(|travel| travel.dates.holds(date)).map_or(home, |travel| &travel.zone)
}

fn ranges_on(hours: &Hours, date: Date) -> &[WallRange] {
    if hours.out_of_office.iter().any(|away| away.holds(date)) {
        return &[];
    }
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
    hours.overrides.get(&date).unwrap_or(&hours.weekly[weekday])
}

/// `None`: an inverted or empty pair, or one that a change of the clock leaves nothing of.
fn resolved(range: WallRange, date: Date, zone: &TimeZone) -> Option<Range> {
    let end = match range.end {
        Some(end) if end <= range.start => return None,
        Some(end) => date.to_datetime(end),
        None => date.tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    let range = Range::new(instant(date.to_datetime(range.start), zone)?, instant(end, zone)?);
    (!range.is_empty()).then_some(range)
}

fn instant(wall: jiff::civil::DateTime, zone: &TimeZone) -> Option<Millis> {
    Some(zone.to_ambiguous_timestamp(wall).compatible().ok()?.as_millisecond())
}

/// The first instant of a date.
pub fn start_of(date: Date, zone: &TimeZone) -> Millis {
    // Only a date at the end of time has none.
    instant(date.to_datetime(jiff::civil::Time::midnight()), zone).unwrap_or(Millis::MAX)
}

/// The date on which an instant lies.
pub fn date_of(at: Millis, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::MAX);
    zone.to_datetime(at).date()
}

/// The instants of a date.
pub fn day(date: Date, zone: &TimeZone) -> Range {
    Range::new(start_of(date, zone), date.tomorrow().map_or(Millis::MAX, |next| start_of(next, zone)))
}
