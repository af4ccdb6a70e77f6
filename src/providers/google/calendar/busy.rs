//! Busy times as Google tells them, and joining the parts of a long range.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{json, Value};

use crate::base::UnixMillis;
use crate::providers::calendar::{joined, Busy, BusyTimes};
use crate::providers::error::one_line;

/// The request's body (`freeBusy.query`).
pub(super) fn query_body(ids: &[&str], from: UnixMillis, to: UnixMillis) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({ "timeMin": from.to_rfc3339(), "timeMax": rounded_up(to).to_rfc3339(), "items": items })
}

/// Whole seconds are sent; a range must not lose its last fraction.
fn rounded_up(instant: UnixMillis) -> UnixMillis {
    UnixMillis(instant.0.saturating_add(999).div_euclid(1000).saturating_mul(1000))
}

/// HTTP 200 with an error inside, or without the calendar, means that nothing is known of it.
pub(super) fn busy_times(answer: Option<&CalendarAnswer>) -> BusyTimes {
    let Some(answer) = answer else { return BusyTimes::Unknown { reason: "Google left this calendar out".into() } };
    if let Some(error) = answer.errors.first() {
        return BusyTimes::Unknown { reason: one_line(&error.reason) };
    }
    let stretch = |busy: &BusyAnswer| {
        Some(Busy { start: UnixMillis::parse_rfc3339(&busy.start)?, end: UnixMillis::parse_rfc3339(&busy.end)? })
    };
    match answer.busy.iter().map(stretch).collect::<Option<Vec<_>>>() {
        Some(busy) => BusyTimes::Known(busy),
        None => BusyTimes::Unknown { reason: "unreadable times".into() },
    }
}

/// Two parts of the same calendar: known only when both are.
pub(super) fn join(earlier: BusyTimes, later: BusyTimes) -> BusyTimes {
    match (earlier, later) {
        (BusyTimes::Known(mut all), BusyTimes::Known(more)) => {
            all.extend(more);
            BusyTimes::Known(joined(all))
        }
        (unknown @ BusyTimes::Unknown { .. }, _) | (_, unknown) => unknown,
    }
}

#[derive(Deserialize)]
pub(super) struct FreeBusyAnswer {
    #[serde(default)]
    pub calendars: BTreeMap<String, CalendarAnswer>,
}

#[derive(Deserialize)]
pub(super) struct CalendarAnswer {
    #[serde(default)]
    busy: Vec<BusyAnswer>,
    #[serde(default)]
    errors: Vec<CalendarError>,
}

#[derive(Deserialize)]
struct BusyAnswer {
    start: String,
    end: String,
}

#[derive(Deserialize)]
struct CalendarError {
    #[serde(default)]
    reason: String,
}
