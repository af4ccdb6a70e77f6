//! Calendar files of others, expanded to when they take time.
//!
//! What cannot be placed exactly counts for all that it may be: an event in a zone that nobody knows is widened, a rule
//! that costs too much counts as busy to the end. A whole file that is too large is refused, and so unknown.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::line::{lines, unescape, Line};
use super::rule::{next_day, Rule, Steps};
use super::zone::{of_definition, zone_named};
use crate::base::UnixMillis;

/// Events of one file.
/// Characters of a UID that are kept (RFC 7986 section 5.3 asks for fewer than 255).
const MOST_UID: usize = 255;
const MOST_EVENTS: usize = 100_000;
/// Steps of one rule: a daily one for two centuries, or a minutely one for two months.
const STEPS_OF_RULE: u64 = 100_000;
/// Dates that one event names one by one.
const MOST_DATES: usize = 5_000;
/// No zone is further from UTC than this.
const ZONES_REACH: Duration = Duration::from_secs(14 * 3_600);
/// An event longer than this is cut; only a wrong one lasts that long.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// What is asked, and on whose clock.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub from: UnixMillis,
    pub to: UnixMillis,
    /// Of times without a zone and of whole days.
    pub zone: &'a TimeZone,
    /// Addresses of the calendar's owner in lower case: what they declined takes no time.
    pub own: &'a [String],
}

/// A stretch of time that an event takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub uid: String,
    pub start: UnixMillis,
    /// Exclusive.
    pub end: UnixMillis,
}

/// What all files of one reading may cost together.
#[derive(Clone, Copy, Debug)]
pub struct Budget(Steps);

impl Default for Budget {
    fn default() -> Self {
        Self(Steps(5_000_000))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("this is no calendar file")]
    NotACalendar,
    #[error("the calendar holds more than {MOST_EVENTS} events in one file")]
    TooManyEvents,
    #[error("the calendar's recurring events cost too much to work out")]
    TooMuch,
}

/// The first event of a file, as far as it concerns an event of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadEntry {
    pub uid: String,
    pub sequence: u32,
    pub start: Option<UnixMillis>,
    pub end: Option<UnixMillis>,
    pub is_cancelled: bool,
    /// Properties that begin with `X-`, without it.
    pub marks: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Zone {
    Known(TimeZone),
    /// Of a name that nobody knows.
    Unknown,
}

/// A point on a wall clock.
#[derive(Clone, Debug)]
struct Moment {
    at: DateTime,
    zone: Zone,
    is_day: bool,
}

impl Moment {
    fn instant(&self) -> Option<UnixMillis> {
        let zone = match &self.zone {
            Zone::Known(zone) => zone.clone(),
            Zone::Unknown => TimeZone::UTC,
        };
        instant_of(self.at, &zone)
    }
}

/// In a gap with the offset before it, in a fold the first (RFC 5545 section 3.3.5).
fn instant_of(at: DateTime, zone: &TimeZone) -> Option<UnixMillis> {
    Some(at.to_zoned(zone.clone()).ok()?.timestamp().into())
}

#[derive(Clone, Debug, Default)]
struct Event {
    uid: String,
    sequence: u32,
    start: Option<Moment>,
    end: Option<Moment>,
    duration: Option<(i64, Duration)>,
    rules: Vec<Rule>,
    has_bad_rule: bool,
    dates: Vec<(Moment, Option<Duration>)>,
    except: Vec<Moment>,
    replaces: Option<Moment>,
    from_then_on: bool,
    is_cancelled: bool,
    is_free: bool,
    is_declined: bool,
    marks: BTreeMap<String, String>,
}

/// The zones that a file defines itself.
type Zones = HashMap<String, TimeZone>;

struct Clocks<'a> {
    own: &'a Zones,
    floating: &'a TimeZone,
}

impl Clocks<'_> {
    /// Zones by name first: a file's own definition of a known zone is often an old or a shortened one.
    fn named(&self, name: &str) -> Zone {
        match zone_named(name).or_else(|| self.own.get(name).cloned()) {
            Some(zone) => Zone::Known(zone),
            None => Zone::Unknown,
        }
    }

    fn moment(&self, line: &Line, value: &str) -> Option<Moment> {
        let value = value.trim();
        if line.param("VALUE").is_some_and(|kind| kind.eq_ignore_ascii_case("DATE")) || value.len() == 8 {
            let at = date_of(value)?.at(0, 0, 0, 0);
            return Some(Moment { at, zone: Zone::Known(self.floating.clone()), is_day: true });
        }
        let (text, is_utc) = value.strip_suffix('Z').map_or((value, false), |text| (text, true));
        let zone = match line.param("TZID") {
            _ if is_utc => Zone::Known(TimeZone::UTC),
            Some(name) => self.named(name),
            None => Zone::Known(self.floating.clone()),
        };
        Some(Moment { at: datetime_of(text)?, zone, is_day: false })
    }
}

fn date_of(text: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| text.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?);
    Date::new(year, month, day).ok()
}

/// `20261124T103000`
fn datetime_of(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once('T')?;
    let part = |at: usize| time.get(at..at + 2).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (hour, minute): (i8, i8) = (part(0)?.parse().ok()?, part(2)?.parse().ok()?);
    let second: i8 = part(4).map_or(Some(0), |text| text.parse().ok())?;
    Some(date_of(date)?.to_datetime(jiff::civil::Time::new(hour, minute, second.min(59), 0).ok()?))
}

/// `P1DT2H30M`: whole days, which are days on the wall clock, and the rest. Negative ones are none.
fn duration_of(text: &str) -> Option<(i64, Duration)> {
    let rest = text.trim().trim_start_matches('+').strip_prefix('P')?;
    let (mut days, mut seconds, mut number) = (0_i64, 0_u64, String::new());
    for c in rest.chars() {
        match c {
            '0'..='9' if number.len() < 9 => number.push(c),
            'T' => {}
            unit => {
                let value: u64 = std::mem::take(&mut number).parse().ok()?;
                match unit {
                    'W' => days += i64::try_from(value).ok()? * 7,
                    'D' => days += i64::try_from(value).ok()?,
                    'H' => seconds += value * 3_600,
                    'M' => seconds += value * 60,
                    'S' => seconds += value,
                    _ => return None,
                }
            }
        }
    }
    Some((days, Duration::from_secs(seconds)))
}

/// When the events of a file take time within the asked range, in no order.
pub fn occurrences(text: &str, asked: &Asked<'_>, budget: &mut Budget) -> Result<Vec<Occurrence>, Unreadable> {
    let events = read(text, asked.zone, asked.own)?;
    let mut series: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in &events {
        series.entry(event.uid.as_str()).or_default().push(event);
    }
    let mut found = Vec::new();
    for (_, events) in series {
        expand(&events, asked, budget, &mut found)?;
    }
    Ok(found)
}

/// The first event of a file that one event is kept in.
pub fn read_entry(text: &str, zone: &TimeZone) -> Option<ReadEntry> {
    let first = read(text, zone, &[]).ok()?.into_iter().find(|event| event.replaces.is_none())?;
    let start = first.start.as_ref().and_then(Moment::instant);
    let end = first.start.as_ref().and_then(|from| {
        let length = length_of(&first)?;
        Some(end_of(from.instant()?, from.at, length, &from.zone, zone))
    });
    Some(ReadEntry {
        uid: first.uid,
        sequence: first.sequence,
        start,
        end,
        is_cancelled: first.is_cancelled,
        marks: first.marks,
    })
}

fn read(text: &str, floating: &TimeZone, own: &[String]) -> Result<Vec<Event>, Unreadable> {
    if !text.get(..text.len().min(4_096)).unwrap_or(text).to_ascii_uppercase().contains("BEGIN:VCALENDAR") {
        return Err(Unreadable::NotACalendar);
    }
    let zones = zones_of(text);
    let clocks = Clocks { own: &zones, floating };
    let mut events: Vec<Event> = Vec::new();
    // Components inside an event (alarms) are passed over.
    let (mut current, mut depth): (Option<Event>, usize) = (None, 0);
    for line in lines(text) {
        match (line.name.as_str(), &mut current) {
            ("BEGIN", None) if line.value.eq_ignore_ascii_case("VEVENT") => current = Some(Event::default()),
            ("BEGIN", Some(_)) => depth += 1,
            ("END", Some(_)) if depth > 0 => depth -= 1,
            ("END", Some(_)) => {
                if events.len() == MOST_EVENTS {
                    return Err(Unreadable::TooManyEvents);
                }
                events.extend(current.take());
            }
            (_, Some(event)) if depth == 0 => event.take(&line, &clocks, own),
            _ => {}
        }
    }
    Ok(events)
}

/// What a file says about the zones that nobody else knows.
fn zones_of(text: &str) -> Zones {
    let (mut zones, mut lines_of_zone) = (Zones::new(), None::<Vec<Line>>);
    if !text.contains("VTIMEZONE") {
        return zones;
    }
    for line in lines(text) {
        match (line.name.as_str(), &mut lines_of_zone) {
            ("BEGIN", None) if line.value.eq_ignore_ascii_case("VTIMEZONE") => lines_of_zone = Some(Vec::new()),
            ("END", Some(gathered)) if line.value.eq_ignore_ascii_case("VTIMEZONE") => {
                let id = gathered.iter().find(|line| line.name == "TZID").map(|line| line.value.clone());
                if let (Some(id), Some(zone)) = (id, of_definition(gathered)) {
                    if zones.len() < 200 {
                        zones.insert(id, zone);
                    }
                }
                lines_of_zone = None;
            }
            (_, Some(gathered)) if gathered.len() < 2_000 => gathered.push(line),
            _ => {}
        }
    }
    zones
}

impl Event {
    fn take(&mut self, line: &Line, clocks: &Clocks<'_>, own: &[String]) {
        match line.name.as_str() {
            // It stands beside each of its times.
            "UID" => self.uid = line.value.chars().take(MOST_UID).collect(),
            "SEQUENCE" => self.sequence = line.value.trim().parse().unwrap_or(0),
            "DTSTART" => self.start = clocks.moment(line, &line.value),
            "DTEND" => self.end = clocks.moment(line, &line.value),
            "DURATION" => self.duration = duration_of(&line.value),
            "RRULE" => match Rule::parse(&line.value) {
                Some(rule) if self.rules.len() < 8 => self.rules.push(rule),
                _ => self.has_bad_rule = true,
            },
            "RDATE" => {
                for value in line.value.split(',').take(MOST_DATES.saturating_sub(self.dates.len())) {
                    self.dates.extend(rdate(line, value, clocks));
                }
            }
            "EXDATE" => {
                let values = line.value.split(',').take(MOST_DATES.saturating_sub(self.except.len()));
                self.except.extend(values.filter_map(|value| clocks.moment(line, value)));
            }
            "RECURRENCE-ID" => {
                self.replaces = clocks.moment(line, &line.value);
                self.from_then_on =
                    line.param("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
            }
            "STATUS" => self.is_cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
            "TRANSP" => self.is_free = line.value.trim().eq_ignore_ascii_case("TRANSPARENT"),
            "ATTENDEE" => {
                let address = line.value.to_lowercase();
                let address = address.strip_prefix("mailto:").unwrap_or(&address);
                let declines = line.param("PARTSTAT").is_some_and(|answer| answer.eq_ignore_ascii_case("DECLINED"));
                self.is_declined |= declines && own.iter().any(|own| own == address);
            }
            name => {
                if let Some(name) = name.strip_prefix("X-").filter(|_| self.marks.len() < 50) {
                    self.marks.insert(name.to_owned(), unescape(&line.value));
                }
            }
        }
    }

    fn takes_time(&self) -> bool {
        !self.is_cancelled && !self.is_free && !self.is_declined
    }
}

/// A date, or a period with its own length.
fn rdate(line: &Line, value: &str, clocks: &Clocks<'_>) -> Option<(Moment, Option<Duration>)> {
    let Some((start, end)) = value.split_once('/') else { return Some((clocks.moment(line, value)?, None)) };
    let start = clocks.moment(line, start)?;
    let length = match duration_of(end) {
        Some((days, rest)) => Duration::from_secs(u64::try_from(days).ok()?.checked_mul(86_400)?) + rest,
        None => clocks.moment(line, end)?.instant()?.since(start.instant()?),
    };
    Some((start, Some(length)))
}

/// Whole days on the wall clock, and the rest as it passes.
type Length = (i64, Duration);

/// How long an event lasts. `None`: no time at all.
fn length_of(event: &Event) -> Option<Length> {
    let start = event.start.as_ref()?;
    match (&event.end, event.duration, start.is_day) {
        (Some(end), _, true) => {
            let days = start.at.date().until(end.at.date()).ok()?.get_days();
            // An end that is not behind the start means that one day.
            Some((i64::from(days).max(1), Duration::ZERO))
        }
        (Some(end), _, false) => {
            let passes = end.instant()?.since(start.instant()?);
            (passes > Duration::ZERO).then_some((0, passes.min(LONGEST)))
        }
        (None, Some(length), _) => Some((length.0.min(400), length.1.min(LONGEST))),
        (None, None, true) => Some((1, Duration::ZERO)),
        (None, None, false) => None,
    }
}

fn end_of(start: UnixMillis, at: DateTime, length: Length, zone: &Zone, floating: &TimeZone) -> UnixMillis {
    let zone = match zone {
        Zone::Known(zone) => zone,
        Zone::Unknown => floating,
    };
    let (days, rest) = length;
    let shifted = jiff::Span::new().try_days(days).ok().and_then(|span| at.checked_add(span).ok());
    let day_end = match days {
        0 => Some(start),
        _ => shifted.and_then(|at| instant_of(at, zone)),
    };
    day_end.unwrap_or(start).plus(rest)
}

/// One event with all its repetitions and the ones that replace single of them.
fn expand(
    events: &[&Event],
    asked: &Asked<'_>,
    budget: &mut Budget,
    found: &mut Vec<Occurrence>,
) -> Result<(), Unreadable> {
    let mut singles: HashMap<UnixMillis, &Event> = HashMap::new();
    let mut onward: Vec<(UnixMillis, &Event)> = Vec::new();
    for event in events {
        let Some(at) = event.replaces.as_ref().and_then(Moment::instant) else { continue };
        // Of two for the same one the newer counts.
        let older = singles.get(&at).is_some_and(|known| known.sequence > event.sequence);
        if !older {
            singles.insert(at, event);
        }
        if event.from_then_on {
            onward.push((at, event));
        }
    }
    onward.sort_by_key(|(at, _)| *at);
    for event in events.iter().filter(|event| event.replaces.is_none()) {
        expand_master(event, &singles, &onward, asked, budget, found)?;
    }
    for event in singles.values() {
        put(event, event.start.as_ref(), length_of(event), asked, found);
    }
    Ok(())
}

fn expand_master(
    event: &Event,
    singles: &HashMap<UnixMillis, &Event>,
    onward: &[(UnixMillis, &Event)],
    asked: &Asked<'_>,
    budget: &mut Budget,
    found: &mut Vec<Occurrence>,
) -> Result<(), Unreadable> {
    let (Some(start), true) = (&event.start, event.takes_time()) else { return Ok(()) };
    let length = length_of(event);
    if event.rules.is_empty() && event.dates.is_empty() && !event.has_bad_rule {
        if !singles.contains_key(&start.instant().unwrap_or(UnixMillis(i64::MIN))) {
            put(event, Some(start), length, asked, found);
        }
        return Ok(());
    }
    let except: HashSet<UnixMillis> =
        event.except.iter().filter(|one| !one.is_day).filter_map(Moment::instant).collect();
    let except_days: HashSet<Date> = event.except.iter().filter(|one| one.is_day).map(|one| one.at.date()).collect();
    let is_left_out = |moment: &Moment, instant: UnixMillis| {
        except.contains(&instant) || except_days.contains(&moment.at.date()) || singles.contains_key(&instant)
    };
    let (starts, breaks_off) = starts_of(event, start, length, asked, budget)?;
    if breaks_off {
        found.push(Occurrence {
            uid: event.uid.clone(),
            start: asked.from.max(start.instant().unwrap_or(asked.from)),
            end: asked.to,
        });
    }
    for (at, own_length) in starts {
        let moment = Moment { at, ..start.clone() };
        let Some(instant) = moment.instant() else { continue };
        if is_left_out(&moment, instant) {
            continue;
        }
        let changed = onward[..onward.partition_point(|(from, _)| *from <= instant)].last();
        match changed {
            Some((from, later)) if later.takes_time() => put_shifted(later, *from, instant, asked, found),
            Some(_) => {}
            None => put(event, Some(&moment), own_length.map(|length| (0, length)).or(length), asked, found),
        }
    }
    Ok(())
}

/// A repetition under "this and all that follow": shifted as the first of them was.
fn put_shifted(later: &Event, from: UnixMillis, instant: UnixMillis, asked: &Asked<'_>, found: &mut Vec<Occurrence>) {
    let (Some(start), Some(length)) = (&later.start, length_of(later)) else { return };
    let Some(first) = start.instant() else { return };
    let begin = UnixMillis(instant.0 + (first.0 - from.0));
    let end = end_of(first, start.at, length, &start.zone, asked.zone);
    keep(&later.uid, begin, UnixMillis(begin.0 + (end.0 - first.0)), &start.zone, asked, found);
}

type Starts = Vec<(DateTime, Option<Duration>)>;

/// All starts that may matter, on the wall clock of the event, and whether a rule was given up.
fn starts_of(
    event: &Event,
    start: &Moment,
    length: Option<Length>,
    asked: &Asked<'_>,
    budget: &mut Budget,
) -> Result<(Starts, bool), Unreadable> {
    let zone = match &start.zone {
        Zone::Known(zone) => zone.clone(),
        Zone::Unknown => TimeZone::UTC,
    };
    let reach = length
        .map_or(Duration::ZERO, |(days, rest)| Duration::from_secs(u64::try_from(days).unwrap_or(0) * 86_400) + rest);
    let wall = |at: UnixMillis| at.in_zone(&zone).datetime();
    let (from, until) = (wall(asked.from.minus(reach + ZONES_REACH)), wall(asked.to.plus(ZONES_REACH)));
    let mut breaks_off = event.has_bad_rule;
    let mut all: Starts = vec![(start.at, None)];
    for rule in &event.rules {
        // An end that cannot be read is no end.
        let last = rule.until.as_deref().and_then(|text| until_of(text, &zone));
        let given = Steps(STEPS_OF_RULE.min(budget.0 .0));
        let (mut steps, mut found) = (given, Vec::new());
        breaks_off |= rule.walk(start.at, from, until, last, &mut steps, &mut found).is_err();
        budget.0.spend(given.0 - steps.0).map_err(|_| Unreadable::TooMuch)?;
        if budget.0 .0 == 0 {
            return Err(Unreadable::TooMuch);
        }
        all.extend(found.into_iter().map(|at| (at, None)));
    }
    for (moment, own) in &event.dates {
        let at = match (&moment.zone, moment.is_day) {
            (Zone::Known(known), false) => match instant_of(moment.at, known) {
                Some(instant) => wall(instant),
                None => continue,
            },
            _ => moment.at,
        };
        all.push((at, *own));
    }
    all.sort_by_key(|(at, _)| *at);
    all.dedup_by_key(|(at, _)| *at);
    Ok((all, breaks_off))
}

/// UNTIL on the wall clock of the event: given in UTC, as a local time, or as a day that still counts.
fn until_of(text: &str, zone: &TimeZone) -> Option<DateTime> {
    if let Some(utc) = text.strip_suffix('Z') {
        return Some(instant_of(datetime_of(utc)?, &TimeZone::UTC)?.in_zone(zone).datetime());
    }
    match text.contains('T') {
        true => datetime_of(text),
        false => Some(next_day(date_of(text)?).at(0, 0, 0, 0).checked_sub(jiff::SignedDuration::from_secs(1)).ok()?),
    }
}

fn put(event: &Event, start: Option<&Moment>, length: Option<Length>, asked: &Asked<'_>, found: &mut Vec<Occurrence>) {
    let (Some(start), Some(length), true) = (start, length, event.takes_time()) else { return };
    let Some(begin) = start.instant() else { return };
    let end = end_of(begin, start.at, length, &start.zone, asked.zone);
    keep(&event.uid, begin, end, &start.zone, asked, found);
}

fn keep(uid: &str, start: UnixMillis, end: UnixMillis, zone: &Zone, asked: &Asked<'_>, found: &mut Vec<Occurrence>) {
    let (start, end) = match zone {
        Zone::Known(_) => (start, end),
        Zone::Unknown => (start.minus(ZONES_REACH), end.plus(ZONES_REACH)),
    };
    if start < end && start < asked.to && end > asked.from {
        found.push(Occurrence { uid: uid.to_owned(), start, end });
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
