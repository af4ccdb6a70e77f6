//! The week as the calendar page draws it: blocks on a grid of quarter hours, and the same as a list for a phone.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::model::{Booking, State};
use super::service::BookError;
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Cached, Schedule, Span};
use crate::base::UnixMillis;
use crate::connections::{self, State as ConnectionState, Use};
use crate::contacts;

/// Quarters of an hour in a day.
const QUARTERS: u16 = 96;
/// Blocks that may stand side by side.
const MOST_LANES: usize = 4;
/// Readings of a calendar that may fail to come before the week says so, and what one may be late.
const MOST_MISSED: u32 = 3;
const SLACK: Duration = Duration::from_secs(300);

/// One week, Monday to Sunday, on the clock of the working hours.
pub struct Week {
    /// "23 to 29 November".
    pub title: String,
    /// Mondays, as in the address: `2026-11-23`.
    pub monday: String,
    pub earlier: String,
    pub later: String,
    pub days: Vec<Day>,
    /// Class of the grid: which hours it shows.
    pub hours_class: &'static str,
    pub hours: Vec<u16>,
    /// Nothing is booked or asked for.
    pub is_empty: bool,
    /// A calendar whose busy times are old or missing, in words.
    pub unread: Vec<String>,
    /// No calendar is connected at all.
    pub no_calendar: bool,
}

pub struct Day {
    /// "Mon", "M", "16", "Monday 16", `d2026-11-16`.
    pub short: String,
    pub letter: String,
    pub number: i8,
    pub name: String,
    pub anchor: String,
    pub is_today: bool,
    pub is_off: bool,
    pub blocks: Vec<Block>,
    /// Class of the line that shows the time, on the day that is today.
    pub now_class: Option<String>,
}

/// A stretch of a day: a booking, or busy elsewhere.
pub struct Block {
    /// `ev ev-hold at-1030 for-30 lane-1-of-2`.
    pub class: String,
    pub from: String,
    pub until: String,
    /// Absent for what stands in the calendar without being ours: nothing is known of it but its time.
    pub meeting: Option<Meeting>,
    from_quarter: u16,
    to_quarter: u16,
}

pub struct Meeting {
    pub href: String,
    pub title: String,
    pub who: String,
    pub state: State,
    pub has_video: bool,
}

impl Week {
    /// The week of `date`; today's when there is none.
    pub fn read(app: &App, actor: &Actor, date: Option<Date>) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        let schedule = availability::schedule_of(&app.store, actor.workspace)?;
        let zone = schedule.time_zone();
        let now = app.now();
        let date = date.unwrap_or_else(|| now.in_zone(&zone).date());
        let monday = monday_of(date);
        let range = Span::new(midnight(monday, &zone), midnight(after(monday, 7), &zone));
        // What begins on Sunday night may reach into Monday.
        let wider = Span::new(midnight(after(monday, -1), &zone), range.end);
        let mut bookings = store::list_between(&app.store, actor.workspace, wider)?;
        bookings.retain(|booking| booking.span().overlaps(&range) && is_shown(booking));
        let elsewhere = busy_elsewhere(app, actor, range, &bookings)?;
        let mut pieces = Vec::new();
        for booking in &bookings {
            let contact = contacts::get(&app.store, actor.workspace, booking.contact)?;
            let who = contact.map(|contact| contact.name()).unwrap_or_default();
            pieces.push((booking.span(), Some((booking, who))));
        }
        pieces.extend(elsewhere.busy.into_iter().map(|span| (span, None)));
        let days: Vec<Day> = (0..7).map(|n| day(after(monday, n), &pieces, &schedule, &zone, now)).collect();
        let (hours_class, first, last) = hours_shown(&days);
        Ok(Self {
            title: title(monday),
            monday: monday.to_string(),
            earlier: after(monday, -7).to_string(),
            later: after(monday, 7).to_string(),
            days,
            hours_class,
            hours: (first + 1..last).collect(),
            is_empty: bookings.is_empty(),
            unread: elsewhere.unread,
            no_calendar: elsewhere.no_calendar,
        })
    }
}

impl Day {
    pub fn has_meeting(&self) -> bool {
        self.blocks.iter().any(|block| block.meeting.is_some())
    }
}

impl Meeting {
    /// What is said under the name: what is still open, else the title.
    pub fn words(&self) -> &str {
        match self.state {
            State::Proposed { .. } => "asks for this time",
            State::Failed { .. } => "not booked: the calendar refused it",
            _ => &self.title,
        }
    }
}

impl Block {
    /// "Busy until 17:00".
    pub fn until_words(&self) -> String {
        format!("Busy until {}", self.until)
    }
}

fn is_shown(booking: &Booking) -> bool {
    !matches!(booking.state, State::Cancelled { .. })
}

struct Elsewhere {
    busy: Vec<Span>,
    unread: Vec<String>,
    no_calendar: bool,
}

/// Busy times of all connected calendars, without our own meetings and without overlaps.
fn busy_elsewhere(app: &App, actor: &Actor, range: Span, bookings: &[Booking]) -> Result<Elsewhere, BookError> {
    let mut found = Elsewhere { busy: Vec::new(), unread: Vec::new(), no_calendar: true };
    let own_events: Vec<&str> = bookings.iter().filter_map(|booking| booking.event_id.as_deref()).collect();
    let mut beside_ours = Vec::new();
    for connection in connections::list(&app.store, actor.workspace)? {
        if !connection.can(Use::Calendar) || connection.is_disconnected() {
            continue;
        }
        found.no_calendar = false;
        let cached = availability::cached(&app.store, actor.workspace, connection.id)?;
        if let ConnectionState::NeedsOwner { reason, .. } = &connection.state {
            found.unread.push(format!("{}: {reason}", connection.address));
        } else if let Some(reason) = not_known(cached.as_ref(), range, app.now(), app.config.jobs.calendar_sync) {
            found.unread.push(format!("{}: {reason}", connection.address));
        }
        let Some(cached) = cached else { continue };
        found.busy.extend(cached.busy);
        let others = cached.beside_ours.into_iter().filter(|single| !own_events.contains(&single.event.as_str()));
        beside_ours.extend(others.map(|single| single.span));
    }
    for own in bookings.iter().filter(|booking| booking.event_id.is_some()) {
        found.busy = found.busy.iter().flat_map(|busy| busy.without(&own.span())).collect();
    }
    found.busy.extend(beside_ours);
    found.busy.retain(|busy| busy.overlaps(&range));
    found.busy.sort();
    found.busy.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    Ok(found)
}

/// Why the week may be busier than it is drawn, in words. What lies behind us is not read any more and is no news.
fn not_known(cached: Option<&Cached>, week: Span, now: UnixMillis, every: Duration) -> Option<String> {
    if week.end <= now {
        return None;
    }
    let Some(cached) = cached else { return Some("not read yet, so what stands in this calendar is missing.".into()) };
    if let Some(reason) = &cached.failed {
        return Some(reason.clone());
    }
    if now.since(cached.read_at) > every * MOST_MISSED + SLACK {
        let hours = now.since(cached.read_at).as_secs().div_ceil(3600);
        return Some(format!("last read {hours} h ago, so what came since is missing."));
    }
    let needed = Span::new(week.start.max(now), week.end);
    // It was read from then on; the end is what a later week passes.
    (cached.range.end < needed.end)
        .then(|| "busy times are read 60 days ahead; what stands in this calendar after that is missing.".to_owned())
}

type Piece<'a> = (Span, Option<(&'a Booking, String)>);

fn day(date: Date, pieces: &[Piece<'_>], schedule: &Schedule, zone: &TimeZone, now: UnixMillis) -> Day {
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
        anchor: format!("d{date}"),
        is_today: today,
        is_off: open.is_none_or(Vec::is_empty),
        blocks,
        now_class: today.then(|| at_class(quarter(now, zone))),
    }
}

fn block(span: Span, meeting: Option<&(&Booking, String)>, whole: Span, zone: &TimeZone) -> Block {
    let from_quarter = if span.start <= whole.start { 0 } else { quarter(span.start, zone) };
    let to_quarter = if span.end >= whole.end { QUARTERS } else { last_quarter(span.end, zone) };
    let kind = match meeting.map(|(booking, _)| &booking.state) {
        None => " ev-busy",
        Some(State::Proposed { .. } | State::Failed { .. }) => " ev-ask",
        Some(State::Held) => " ev-hold",
        Some(_) => "",
    };
    let clock = |at: UnixMillis| at.in_zone(zone).strftime("%-H:%M").to_string();
    let length = to_quarter.saturating_sub(from_quarter).max(1) * 15;
    Block {
        class: format!("ev{kind} {} for-{length}", at_class(from_quarter)),
        from: clock(span.start),
        until: clock(span.end),
        meeting: meeting.map(|(booking, who)| Meeting {
            href: format!("/calendar/{}", booking.id),
            title: booking.title.clone(),
            who: who.clone(),
            state: booking.state.clone(),
            has_video: booking.video_link.is_some(),
        }),
        from_quarter,
        to_quarter: to_quarter.max(from_quarter + 1),
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
fn hours_shown(days: &[Day]) -> (&'static str, u16, u16) {
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

fn monday_of(date: Date) -> Date {
    after(date, -i32::from(date.weekday().since(Weekday::Monday)))
}

fn after(date: Date, days: i32) -> Date {
    date.saturating_add(days.days())
}

fn midnight(date: Date, zone: &TimeZone) -> UnixMillis {
    date.to_zoned(zone.clone()).map_or(UnixMillis(0), |zoned| zoned.timestamp().into())
}

/// "16 to 22 November", "30 November to 6 December".
fn title(monday: Date) -> String {
    let sunday = after(monday, 6);
    let first = if monday.month() == sunday.month() { "%-d" } else { "%-d %B" };
    format!("{} to {}", monday.strftime(first), sunday.strftime("%-d %B"))
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
        let day = day(date, &pieces, &schedule, &schedule.time_zone(), at("2026-11-24T09:20:00Z"));
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

    #[test]
    fn a_week_that_is_not_known_is_not_drawn_as_free_without_a_word() {
        let (now, every) = (at("2026-11-24T10:00:00Z"), Duration::from_secs(300));
        let hours = |count: i64| UnixMillis(now.0 + count * 3_600_000);
        let read = |read_at: UnixMillis| Cached {
            read_at,
            range: Span::new(read_at, UnixMillis(read_at.0 + 60 * 86_400_000)),
            busy: vec![],
            beside_ours: vec![],
            failed: None,
        };
        let week = |days: i64| Span::new(hours(24 * days), hours(24 * (days + 7)));
        let failed = Cached { failed: Some("notFound".into()), ..read(now) };
        let cases = [
            ("this week, just read", Some(read(now)), week(-1), ""),
            ("the last week whole within 60 days", Some(read(now)), week(53), ""),
            ("a week that reaches beyond", Some(read(now)), week(54), "60 days"),
            ("a week far beyond", Some(read(now)), week(300), "60 days"),
            ("never read", None, week(0), "not read yet"),
            ("read yesterday", Some(read(hours(-24))), week(0), "24 h ago"),
            ("failed", Some(failed), week(0), "notFound"),
            ("a week that is over", None, week(-8), ""),
        ];
        for (name, cached, week, expected) in cases {
            let words = not_known(cached.as_ref(), week, now, every).unwrap_or_default();
            assert_eq!(words.is_empty(), expected.is_empty(), "{name}: {words}");
            assert!(words.contains(expected), "{name}: {words}");
        }
    }

    #[test]
    fn a_week_is_named_by_its_days() {
        let monday = |year, month, day| title(monday_of(jiff::civil::date(year, month, day)));
        assert_eq!(monday(2026, 11, 24), "23 to 29 November");
        assert_eq!(monday(2026, 12, 6), "30 November to 6 December");
        assert_eq!(monday(2026, 12, 28), "28 December to 3 January");
    }
}
