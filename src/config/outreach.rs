//! `[outreach]`: the operator's hard limits, above whatever a workspace sets for itself.

use std::time::Duration;

use super::source::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outreach {
    /// Messages one mailbox may send in a day.
    pub hard_daily_cap: u32,
    /// The shortest time between two messages of one mailbox.
    pub min_gap: Duration,
    /// Of workspaces made without choosing one, and so of leads whose own zone is not known. An IANA name that the
    /// bundled database has.
    pub default_time_zone: String,
}

/// Above the cap, or below the gap, real providers would close the account.
const HIGHEST_CAP: u32 = 2_000;
const SHORTEST_GAP_SECONDS: u32 = 5;

impl Outreach {
    pub(super) fn read(from: &mut Section<'_>, loopback: bool) -> Self {
        let (highest, shortest) = if loopback { (100_000_000, 0) } else { (HIGHEST_CAP, SHORTEST_GAP_SECONDS) };
        Self {
            hard_daily_cap: from.number("hard_daily_cap", 200, 1..=highest),
            min_gap: from.seconds("min_gap_seconds", 90, shortest..=86_400),
            default_time_zone: read_zone(from),
        }
    }
}

fn read_zone(from: &mut Section<'_>) -> String {
    let name = from.text("default_time_zone", "UTC");
    if jiff::tz::TimeZone::get(&name).is_err() {
        from.mistake("default_time_zone", format_args!("must be a zone such as \"Europe/Berlin\", is {name:?}"));
    }
    name
}
