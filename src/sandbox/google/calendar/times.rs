//! Times as Calendar writes them: `{"dateTime","timeZone"}` or `{"date"}`, the end excluded.

use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::{json, Value};

use super::errors;
use crate::base::UnixMillis;
use crate::sandbox::wire::Answer;

/// The zone of that IANA name; UTC when there is none.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// From when to when an event lasts. All-day events last by the calendar's own zone.
pub(super) fn span(body: &Value, calendar_zone: &TimeZone) -> Result<(UnixMillis, UnixMillis), Answer> {
    let start = instant(&body["start"], "start", calendar_zone)?;
    let end = instant(&body["end"], "end", calendar_zone)?;
    if end < start || (end == start && body["start"]["date"].is_string()) {
        return Err(errors::error(400, "calendar", "timeRangeEmpty", "The specified time range is empty."));
    }
    Ok((start, end))
}

fn instant(time: &Value, which: &str, calendar_zone: &TimeZone) -> Result<UnixMillis, Answer> {
    let required = |message: String| errors::error(400, "global", "required", &message);
    let invalid = || errors::error(400, "global", "invalid", &format!("Invalid value for: {which} time"));
    if let Some(date) = time["date"].as_str() {
        let date: civil::Date = date.parse().map_err(|_| invalid())?;
        return Ok(date.to_zoned(calendar_zone.clone()).map_err(|_| invalid())?.timestamp().into());
    }
    let text = time["dateTime"].as_str().ok_or_else(|| required(format!("Missing {which} time.")))?;
    // A zone that does not exist is refused also where the offset makes it needless.
    if let Some(name) = time["timeZone"].as_str() {
        let message = format!("Invalid time zone definition for {which} time.");
        TimeZone::get(name).map_err(|_| errors::error(400, "global", "invalid", &message))?;
    }
    if let Some(instant) = UnixMillis::parse_rfc3339(text) {
        return Ok(instant);
    }
    let name =
        time["timeZone"].as_str().ok_or_else(|| required(format!("Missing time zone definition for {which} time.")))?;
    let zone = TimeZone::get(name).map_err(|_| invalid())?;
    let wall: civil::DateTime = text.parse().map_err(|_| invalid())?;
    Ok(wall.to_zoned(zone).map_err(|_| invalid())?.timestamp().into())
}

/// A query parameter or body field that must be RFC 3339 with an offset.
pub(super) fn bound(text: &str, name: &str) -> Result<UnixMillis, Answer> {
    UnixMillis::parse_rfc3339(text)
        .ok_or_else(|| errors::error(400, "global", "badRequest", &format!("Bad Request: {name}")))
}

/// RFC 3339 on the wall clock of `zone`; `Z` where that is UTC.
pub(super) fn written(instant: UnixMillis, zone: &TimeZone) -> String {
    let wall = instant.in_zone(zone);
    if wall.offset() == jiff::tz::Offset::UTC {
        return instant.to_rfc3339();
    }
    wall.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Writes an event's times as the server keeps them: with an offset, and with the name of a zone.
pub(super) fn settle(body: &mut Value, (start, end): (UnixMillis, UnixMillis), calendar_zone: &str) {
    for (name, instant) in [("start", start), ("end", end)] {
        if body[name]["dateTime"].is_string() {
            let named = body[name]["timeZone"].as_str().unwrap_or(calendar_zone).to_owned();
            body[name] = json!({"dateTime": written(instant, &zone(calendar_zone)), "timeZone": named});
        }
    }
}
