//! freeBusy.query: when the person is busy, and nothing about why.

use std::time::Duration;

use serde_json::{json, Map, Value};

use super::store::Calendar;
use super::{admit, errors, times, ALL, ALL_READ, BUSY, EVENTS_BUSY};
use crate::base::UnixMillis;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Longer ranges are refused, as clients of the real service have found.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3_600);
const MOST_CALENDARS: usize = 50;

/// `{"timeMin","timeMax","timeZone","items":[{"id"}]}`. A calendar that cannot be read has `errors` in a 200.
pub(super) fn query(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &[ALL, EVENTS_BUSY, BUSY, ALL_READ])?;
    let body = request.json().ok_or_else(|| errors::error(400, "global", "parseError", "Parse Error"))?;
    let bound = |name: &str| {
        let missing = || errors::error(400, "global", "required", &format!("Missing {name} parameter."));
        times::bound(body[name].as_str().ok_or_else(missing)?, name)
    };
    let (from, until) = (bound("timeMin")?, bound("timeMax")?);
    if until <= from {
        return Err(errors::error(400, "calendar", "timeRangeEmpty", "The specified time range is empty."));
    }
    if until.since(from) > LONGEST {
        return Err(errors::error(400, "calendar", "timeRangeTooLong", "The requested time range is too long."));
    }
    let zone = times::zone(body["timeZone"].as_str().unwrap_or("UTC"));
    let empty = Vec::new();
    let items = body["items"].as_array().unwrap_or(&empty);
    let mut calendars = Map::new();
    for id in items.iter().filter_map(|item| item["id"].as_str()) {
        let found = world.google.calendars.find(&access.email, id);
        let shown = match found {
            _ if items.len() > MOST_CALENDARS => unknown("tooManyCalendarsRequested"),
            None => unknown("notFound"),
            Some(calendar) => {
                let spans = busy(calendar, from, until).into_iter();
                let shown =
                    |(start, end)| json!({"start": times::written(start, &zone), "end": times::written(end, &zone)});
                json!({"busy": spans.map(shown).collect::<Vec<_>>()})
            }
        };
        calendars.insert(id.to_owned(), shown);
    }
    Ok(Answer::ok(&json!({
        "kind": "calendar#freeBusy",
        "timeMin": times::written(from, &zone),
        "timeMax": times::written(until, &zone),
        "calendars": calendars,
    })))
}

fn unknown(reason: &str) -> Value {
    json!({"errors": [{"domain": "global", "reason": reason}], "busy": []})
}

/// Busy spans inside the range, in order, those that touch run together.
fn busy(calendar: &Calendar, from: UnixMillis, until: UnixMillis) -> Vec<(UnixMillis, UnixMillis)> {
    let mut spans: Vec<_> = calendar
        .events
        .iter()
        .filter(|event| event.is_busy() && event.end > from && event.start < until && event.end > event.start)
        .map(|event| (event.start.max(from), event.end.min(until)))
        .collect();
    spans.sort();
    let mut merged: Vec<(UnixMillis, UnixMillis)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}
