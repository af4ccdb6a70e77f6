//! Times as people read them, on the workspace's clock.

use jiff::tz::TimeZone;

use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::store::StoreError;
use crate::workspaces;

pub fn zone_of(app: &App, workspace: WorkspaceId) -> Result<TimeZone, StoreError> {
    let found = workspaces::get(&app.store, workspace)?;
    Ok(found.map_or(TimeZone::UTC, |workspace| workspace.zone()))
}

/// "10:02".
pub fn clock_words(app: &App, workspace: WorkspaceId, at: UnixMillis) -> Result<String, StoreError> {
    Ok(at.in_zone(&zone_of(app, workspace)?).strftime("%H:%M").to_string())
}

/// "Tue 24 Nov, 10:30".
pub fn time_words(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()
}

/// "10:30" today, "Mon 23 Nov" before.
pub fn short_time(at: UnixMillis, now: UnixMillis, zone: &TimeZone) -> String {
    let (at, now) = (at.in_zone(zone), now.in_zone(zone));
    let format = if at.date() == now.date() { "%H:%M" } else { "%a %-d %b" };
    at.strftime(format).to_string()
}

/// "Tue 24 Nov, 10:30 to 11:00", or the start alone.
pub fn span_words(start: UnixMillis, end: Option<UnixMillis>, zone: &TimeZone) -> String {
    let Some(end) = end else { return time_words(start, zone) };
    let same_day = start.in_zone(zone).date() == end.in_zone(zone).date();
    let end = if same_day { end.in_zone(zone).strftime("%H:%M").to_string() } else { time_words(end, zone) };
    format!("{} to {end}", time_words(start, zone))
}
