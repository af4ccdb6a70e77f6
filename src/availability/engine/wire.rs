//! `launchyard slots`: a JSON line in, a JSON line out.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::Timestamp;
use serde_json::{json, Value};

use super::explain::explain;
use super::find::find;
use super::hours::start_of;
use super::model::{
    Align, Assignment, Booked, DateRange, EventType, Horizon, Host, Hours, Limits, Query, Request, Taken, Travel,
    WallRange, WeeklyHours,
};
use super::read::{wall_time, Fields, Wrong};
use crate::base::json_words;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More days at once are no question of a page, and would take minutes.
const MOST_DAYS: i32 = 1_100;

/// The answer to a line: `{"slots": […]}`, or `{"error": "…"}`, which names the field.
pub fn answer_line(line: &str) -> Result<String, String> {
    let answer = read_line(line).map(|request| {
        let slots: Vec<String> = find(&request).iter().map(Timestamp::to_string).collect();
        json!({ "slots": slots }).to_string()
    });
    answer.map_err(error_line)
}

/// The first rule that removes `at`: `{"instant", "offered", "rule", "why"}`.
pub fn explain_line(line: &str, at: Timestamp) -> Result<String, String> {
    let answer = read_line(line).map(|request| match explain(&request, at) {
        None => json!({ "instant": at.to_string(), "offered": true, "rule": null, "why": "It is offered." }),
        Some(rule) => {
            json!({ "instant": at.to_string(), "offered": false, "rule": rule.name(), "why": rule.words() })
        }
    });
    answer.map(|answer| answer.to_string()).map_err(error_line)
}

fn error_line(words: String) -> String {
    json!({ "error": words }).to_string()
}

/// A line as a question, or what is wrong with it.
pub fn read_line(line: &str) -> Result<Request, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or_default();
        format!("not JSON at column {}: {}", error.column(), json_words::syntax(what))
    })?;
    request(&value).map_err(|wrong| match wrong.field.as_str() {
        "" => format!("the line {}", wrong.words),
        _ => wrong.to_string(),
    })
}

fn request(value: &Value) -> Result<Request, Wrong> {
    let line = Fields::of(value, "")?;
    let now = line.instant("now")?;
    let event = event(Fields::of(line.needed("event_type")?, "event_type")?, now)?;
    Ok(Request {
        now,
        taken: line.each("busy", |busy| taken(busy, now))?,
        query: query(Fields::of(line.needed("query")?, "query")?)?,
        event,
    })
}

fn event(fields: Fields<'_>, now: Timestamp) -> Result<EventType, Wrong> {
    let duration = fields.count("duration", 1)?.ok_or_else(|| fields.wrong("duration", "is missing"))?;
    let hosts = fields.each("hosts", |host| self::host(host, now))?;
    let zone = match (fields.maybe_zone("time_zone")?, hosts.first()) {
        (Some(zone), _) => zone,
        (None, Some(host)) => host.zone.clone(),
        (None, None) => return Err(fields.wrong("time_zone", "is missing")),
    };
    let limit = |field: &str| Ok(fields.count(field, 0)?.and_then(|count| u64::try_from(count).ok()));
    Ok(EventType {
        duration,
        step: fields.count("step", 1)?.unwrap_or(duration),
        buffer_before: fields.count("buffer_before", 0)?.unwrap_or(0),
        buffer_after: fields.count("buffer_after", 0)?.unwrap_or(0),
        notice: fields.count("minimum_notice", 0)?.unwrap_or(0),
        horizon: fields.get("horizon").map(|_| horizon(&fields)).transpose()?,
        zone,
        hours: hours(fields)?,
        limits: Limits {
            per_day: limit("max_per_day")?,
            per_week: limit("max_per_week")?,
            minutes_per_day: limit("max_minutes_per_day")?,
            ..Limits::default()
        },
        seats: limit("seats")?,
        assignment: fields
            .one_of("assignment", &[("collective", Assignment::Collective), ("round_robin", Assignment::RoundRobin)])?,
        hosts,
        align: fields.one_of("align", &[("window", Align::Window), ("clock", Align::Clock)])?,
    })
}

fn horizon(event: &Fields<'_>) -> Result<Horizon, Wrong> {
    let place = event.name("horizon");
    let fields = Fields::of(event.needed("horizon")?, &place)?;
    fields.needed("type")?;
    let days = || {
        let days = fields.count("days", 0)?.ok_or_else(|| fields.wrong("days", "is missing"))?;
        Ok(u32::try_from(days).unwrap_or(u32::MAX))
    };
    type Read<'a> = &'a dyn Fn() -> Result<Horizon, Wrong>;
    let rolling: Read<'_> = &|| days().map(Horizon::RollingDays);
    let business: Read<'_> = &|| days().map(Horizon::RollingBusinessDays);
    let range: Read<'_> = &|| dates(&fields).map(Horizon::Range);
    let kinds = [("rolling_days", rolling), ("rolling_business_days", business), ("range", range)];
    fields.one_of("type", &kinds)?()
}

fn host(fields: Fields<'_>, now: Timestamp) -> Result<Host, Wrong> {
    Ok(Host {
        zone: fields.zone("time_zone")?,
        hours: hours(fields)?,
        taken: fields.each("busy", |busy| taken(busy, now))?,
    })
}

fn hours(fields: Fields<'_>) -> Result<Hours, Wrong> {
    let mut overrides: BTreeMap<Date, Vec<WallRange>> = BTreeMap::new();
    let each = fields.each("date_overrides", |one| {
        let ranges = one.get("hours").map(|value| wall_ranges(value, &one.name("hours"))).transpose()?;
        Ok((one.date("date")?, ranges.unwrap_or_default()))
    })?;
    for (date, ranges) in each {
        overrides.entry(date).or_default().extend(ranges);
    }
    Ok(Hours {
        weekly: weekly(fields)?,
        overrides,
        out_of_office: fields.each("out_of_office", |away| dates(&away))?,
        travel: fields.each("travel", |travel| {
            let from = travel.date("from")?;
            let to = travel.maybe_date("to")?.unwrap_or(Date::MAX);
            Ok(Travel { dates: DateRange { from, to }, zone: travel.zone("time_zone")? })
        })?,
    })
}

fn weekly(fields: Fields<'_>) -> Result<WeeklyHours, Wrong> {
    let mut week = WeeklyHours::default();
    let place = fields.name("weekly_hours");
    for (name, value) in fields.entries("weekly_hours")? {
        let day = WEEKDAYS.iter().position(|day| *day == name);
        let unknown = || Wrong {
            field: format!("{place}.{name}"),
            words: format!("is no day; days are {}", WEEKDAYS.join(", ")),
        };
        week[day.ok_or_else(unknown)?] = wall_ranges(value, &format!("{place}.{name}"))?;
    }
    Ok(week)
}

/// `[["09:00", "12:00"], …]`
fn wall_ranges(value: &Value, place: &str) -> Result<Vec<WallRange>, Wrong> {
    let wrong = |words: &str| Wrong { field: place.to_owned(), words: words.to_owned() };
    let pairs = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(pairs) => pairs,
        _ => return Err(wrong("must be a list of pairs, as [[\"09:00\", \"17:00\"]]")),
    };
    let mut ranges = Vec::new();
    for pair in pairs {
        let time = |at: usize| pair.get(at).and_then(Value::as_str).and_then(wall_time);
        let (Some(start), Some(end), None) = (time(0), time(1), pair.get(2)) else {
            return Err(wrong("must hold pairs of times, as [\"09:00\", \"17:00\"]"));
        };
        // A pair that begins at the end of the day is empty.
        ranges.extend(start.map(|start| WallRange { start, end }));
    }
    Ok(ranges)
}

/// `from` and `to`, both included.
fn dates(fields: &Fields<'_>) -> Result<DateRange, Wrong> {
    let range = DateRange { from: fields.date("from")?, to: fields.date("to")? };
    if range.to < range.from {
        return Err(fields.wrong("to", "lies before from"));
    }
    Ok(range)
}

fn query(fields: Fields<'_>) -> Result<Query, Wrong> {
    let (dates, zone) = (dates(&fields)?, fields.zone("time_zone")?);
    if (dates.to - dates.from).get_days() >= MOST_DAYS {
        return Err(fields.wrong("to", format!("must lie within {MOST_DAYS} days of from")));
    }
    Ok(Query { dates, zone })
}

fn taken(fields: Fields<'_>, now: Timestamp) -> Result<Taken, Wrong> {
    let (start, end) = match fields.get("date") {
        Some(_) => whole_days(&fields)?,
        None => (fields.instant("start")?, fields.instant("end")?),
    };
    if end < start {
        return Err(fields.wrong("end", "lies before start"));
    }
    let status = fields.get("status").and_then(Value::as_str).unwrap_or_default();
    let has_run_out = fields.maybe_instant("hold_expires")?.is_some_and(|until| until <= now);
    let booked = || {
        Ok(Booked {
            buffer_before: fields.count("buffer_before", 0)?.unwrap_or(0),
            buffer_after: fields.count("buffer_after", 0)?.unwrap_or(0),
            seats_taken: fields.count("seats_taken", 0)?.and_then(|count| u64::try_from(count).ok()),
        })
    };
    Ok(Taken {
        start,
        end,
        booking: fields.is_set("booking")?.then(booked).transpose()?,
        blocks: !fields.is_set("transparent")? && !matches!(status, "cancelled" | "rejected") && !has_run_out,
    })
}

/// From local midnight to local midnight.
fn whole_days(fields: &Fields<'_>) -> Result<(Timestamp, Timestamp), Wrong> {
    let (first, zone) = (fields.date("date")?, fields.zone("time_zone")?);
    let next = fields.maybe_date("end_date")?.or_else(|| first.tomorrow().ok()).unwrap_or(Date::MAX);
    if next <= first {
        return Err(fields.wrong("end_date", "must lie behind date: it is the first day that is free again"));
    }
    let midnight = |date: Date, zone: &TimeZone| Timestamp::from_millisecond(start_of(date, zone));
    let both = midnight(first, &zone).and_then(|start| Ok((start, midnight(next, &zone)?)));
    both.map_err(|_| fields.wrong("date", "lies too far from today"))
}
