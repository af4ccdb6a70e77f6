//! The free starts.

use jiff::tz::TimeZone;
use jiff::Timestamp;

use super::hours::{day, start_of, windows};
use super::limits::{closed_by_limit, full_days, horizon};
use super::model::{Align, Assignment, DateRange, Host, Hours, Request, Taken};
use super::ranges::{common, holding, merged, minus, Millis, Range, MINUTE};
use super::taken::{block, blocks, forbidden, has_seat, is_there};

/// Every start that is free, ascending, none twice.
pub fn find(request: &Request) -> Vec<Timestamp> {
    let Some(reach) = reach(request) else { return Vec::new() };
    let mut starts: Vec<Millis> = calendars(request, reach).iter().flat_map(|own| own.starts(request, reach)).collect();
    starts.sort_unstable();
    starts.dedup();
    let full: Vec<Range> = full_days(request).keys().map(|date| day(*date, &request.event.zone)).collect();
    let full = merged(full);
    starts.retain(|start| holding(&full, *start).is_none());
    starts.into_iter().filter_map(|start| Timestamp::from_millisecond(start).ok()).collect()
}

/// The starts that query, notice and horizon leave; `None`: nothing is left.
fn reach(request: &Request) -> Option<Range> {
    if closed_by_limit(request).is_some() {
        return None;
    }
    let (query, bookable) = (asked(request), horizon(request));
    let start = query.start.max(bookable.start).max(earliest(request));
    let reach = Range::new(start, query.end.min(bookable.end));
    (!reach.is_empty()).then_some(reach)
}

/// The instants of the visitor's days.
pub fn asked(request: &Request) -> Range {
    let query = &request.query;
    Range::new(start_of(query.dates.from, &query.zone), day(query.dates.to, &query.zone).end)
}

/// Now and the notice; a part of a millisecond counts as one.
pub fn earliest(request: &Request) -> Millis {
    let now = request.now.as_millisecond();
    let exact = Timestamp::from_millisecond(now).is_ok_and(|whole| whole == request.now);
    now + Millis::from(!exact && request.now.as_nanosecond() > 0) + request.event.notice * MINUTE
}

/// One calendar that can take a booking by itself: that of the event, of all hosts together, or of one of them.
pub struct Calendar<'a> {
    pub windows: Vec<Range>,
    pub taken: Vec<&'a Taken>,
}

/// A start is free when one of these is.
pub fn calendars(request: &Request, reach: Range) -> Vec<Calendar<'_>> {
    let event = &request.event;
    // A window may begin long before the first start that is wanted, and the steps count from there.
    let own = || windows(&event.hours, &event.zone, reach);
    let shared = request.taken.iter();
    if event.hosts.is_empty() {
        return vec![Calendar { windows: own(), taken: shared.collect() }];
    }
    let frame = has_hours(&event.hours).then(own);
    let away = |dates: &DateRange| Range::new(start_of(dates.from, &event.zone), day(dates.to, &event.zone).end);
    let away = merged(event.hours.out_of_office.iter().map(away).collect());
    let of_host = |host: &Host| {
        let windows = minus(&windows(&host.hours, &host.zone, reach), &away);
        match &frame {
            Some(frame) => common(&windows, frame),
            None => windows,
        }
    };
    match event.assignment {
        Assignment::RoundRobin => {
            let each = event
                .hosts
                .iter()
                .map(|host| Calendar { windows: of_host(host), taken: shared.clone().chain(&host.taken).collect() });
            each.collect()
        }
        Assignment::Collective => {
            let windows = event.hosts.iter().map(of_host).reduce(|all, own| common(&all, &own)).unwrap_or_default();
            let taken = shared.chain(event.hosts.iter().flat_map(|host| &host.taken)).collect();
            vec![Calendar { windows, taken }]
        }
    }
}

fn has_hours(hours: &Hours) -> bool {
    hours.weekly.iter().any(|day| !day.is_empty()) || !hours.overrides.is_empty()
}

impl Calendar<'_> {
    /// The free starts within `reach`, ascending within each window.
    fn starts(&self, request: &Request, reach: Range) -> Vec<Millis> {
        let blocks = blocks(&request.event, self.taken.iter().copied());
        let mut found = match request.event.align {
            Align::Window => self.on_windows(request, reach, &blocks),
            Align::Clock => self.on_the_clock(request, reach, &blocks),
        };
        found.extend(self.with_a_seat(request, reach));
        found
    }

    fn on_windows(&self, request: &Request, reach: Range, blocks: &[Range]) -> Vec<Millis> {
        let (step, duration) = (request.event.step * MINUTE, request.event.duration * MINUTE);
        let removed = merged(blocks.iter().map(|block| forbidden(*block, duration)).collect());
        let mut removed = removed.as_slice();
        let mut found = Vec::new();
        for window in &self.windows {
            let last = (window.end - duration).min(reach.end - 1);
            let mut start = stepped(window.start, reach.start, step);
            while start <= last {
                removed = &removed[removed.partition_point(|range| range.end <= start)..];
                match removed.first().filter(|range| range.start <= start) {
                    Some(range) => start = stepped(window.start, range.end, step),
                    None => {
                        found.push(start);
                        start += step;
                    }
                }
            }
        }
        found
    }

    fn on_the_clock(&self, request: &Request, reach: Range, blocks: &[Range]) -> Vec<Millis> {
        let (step, duration) = (request.event.step * MINUTE, request.event.duration * MINUTE);
        let open = common(&minus(&self.windows, blocks), &[Range::new(earliest(request), Millis::MAX)]);
        let mut found = Vec::new();
        for stretch in open {
            let first = round_start(stretch.start, request.event.step, &request.event.zone);
            let last = (stretch.end - duration).min(reach.end - 1);
            let mut start = stepped(first, reach.start, step);
            while start <= last {
                found.push(start);
                start += step;
            }
        }
        found
    }

    /// The starts of group bookings that have a seat left: offered as if they were not there.
    fn with_a_seat(&self, request: &Request, reach: Range) -> Vec<Millis> {
        let joinable = |taken: &&Taken| has_seat(&request.event, taken);
        let mut found = Vec::new();
        for taken in self.taken.iter().copied().filter(joinable) {
            let start = taken.start.as_millisecond();
            if start < reach.start || start >= reach.end {
                continue;
            }
            let Some(window) = holding(&self.windows, start) else { continue };
            // Several people at one time may stand as several entries. What lies outside the window decides nothing.
            let same = |other: &Taken| has_seat(&request.event, other) && other.start == taken.start;
            let is_near = |other: &Taken| {
                let block = block(&request.event, other);
                block.start < window.end && window.start < block.end
            };
            let others = self.taken.iter().copied().filter(|other| !same(other) && is_near(other));
            let others: Vec<Range> = blocks(&request.event, others);
            let at = Range::new(start, start + 1);
            let alone = match request.event.align {
                Align::Window => self.on_windows(request, at, &others),
                Align::Clock => self.on_the_clock(request, at, &others),
            };
            found.extend(alone);
        }
        found
    }
}

/// The first of `origin`, `origin + step`, … that is not before `least`.
pub fn stepped(origin: Millis, least: Millis, step: Millis) -> Millis {
    let steps = (least - origin).max(0);
    origin + (steps + step - 1) / step * step
}

/// The first whole minute not before `at` whose minute of the hour, in the zone, is divisible by the largest of 60, 30,
/// 20, 15, 10 and 5 that divides the step.
pub fn round_start(at: Millis, step: i64, zone: &TimeZone) -> Millis {
    let to = [60, 30, 20, 15, 10, 5].into_iter().find(|minutes| step % minutes == 0).unwrap_or(1);
    let minute = (at + MINUTE - 1).div_euclid(MINUTE);
    let Ok(instant) = Timestamp::from_millisecond(minute * MINUTE) else { return at };
    let offset = i64::from(zone.to_offset(instant).seconds()).div_euclid(60);
    let behind = (minute + offset).rem_euclid(to);
    (minute + (to - behind) % to) * MINUTE
}

/// The block that removes a start, if one does: the taken time itself.
pub fn blocker<'a>(request: &Request, own: &Calendar<'a>, start: Millis) -> Option<&'a Taken> {
    let duration = request.event.duration * MINUTE;
    let runs_into = |taken: &&&Taken| {
        let range = forbidden(block(&request.event, taken), duration);
        is_there(taken) && range.start <= start && start < range.end
    };
    own.taken.iter().find(runs_into).copied()
}
