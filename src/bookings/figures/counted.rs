//! One booking as it stands in the figures. Kept beside it, so that what was added for it can be taken out again.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::lead;
use crate::base::{EventTypeId, UnixMillis, UserId, WorkerId};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, Details, Source, State};

/// What bookings are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    pub source: Source,
    #[serde(default)]
    pub worker: Option<WorkerId>,
    /// Everybody who hosts. Left out where there is nobody, so that the tags of rows from before stay what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventTypeId>,
}

/// How a booking counts. Only what was once confirmed counts, until it is erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub start: UnixMillis,
    /// Monday of the week in which it begins, on the workspace's clock: days since 1970.
    pub week: i32,
    pub split: Split,
    pub ended: Ended,
    /// It was moved at least once.
    #[serde(default)]
    pub moved: bool,
    /// Step of the scale of `lead`: how long before its start it was booked.
    pub lead: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It stands, or has passed without a word.
    Open,
    Cancelled,
    NoShow,
    Completed,
}

impl Split {
    pub fn of(booking: &Booking) -> Self {
        let Details { event_type, hosts, .. } = &booking.details;
        Self { source: booking.source, worker: booking.worker, hosts: hosts.clone(), event_type: *event_type }
    }

    /// Names the split in keys, where nothing readable stands.
    pub fn tag(&self) -> [u8; 16] {
        let named = serde_json::to_vec(self).unwrap_or_default();
        let mut tag = [0; 16];
        tag.iter_mut().zip(Sha256::digest(named)).for_each(|(to, from)| *to = from);
        tag
    }
}

impl Counted {
    /// As `booking` counts now, when it counted as `was` before. `is_old`: it is counted after the fact, and what its
    /// row says of its past has to do.
    pub fn of(booking: &Booking, was: Option<&Self>, is_old: bool, zone: &TimeZone) -> Option<Self> {
        let once_booked = was.is_some() || (is_old && booking.event_id.is_some());
        let ended = match (&booking.state, booking.kept.became()) {
            (State::Proposed { .. } | State::Unpaid | State::Failed { .. }, _) => return None,
            (State::Held | State::Cancelled { .. }, _) if !once_booked => return None,
            (State::Cancelled { .. }, _) => Ended::Cancelled,
            (_, Some(Became::NoShow)) => Ended::NoShow,
            (_, Some(Became::Completed)) => Ended::Completed,
            (_, None) => Ended::Open,
        };
        let moved_now = was.is_some_and(|was| was.moved || was.start != booking.start);
        let moved_once = is_old && booking.history.iter().any(|note| note.words.starts_with("Moved"));
        Some(Self {
            start: booking.start,
            week: was
                .filter(|was| was.start == booking.start)
                .map_or_else(|| week_of(booking.start, zone), |was| was.week),
            split: Split::of(booking),
            ended,
            moved: moved_now || moved_once,
            lead: lead::step(booking.start.since(booking.created_at)),
        })
    }
}

/// Monday of the week of `at` on that clock, as days since 1970.
pub fn week_of(at: UnixMillis, zone: &TimeZone) -> i32 {
    days_of(crate::bookings::grid::monday_of(at.in_zone(zone).date()))
}

/// Days from 1970-01-01 to `date`.
pub fn days_of(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days())
}

pub fn date_of(days: i32) -> Date {
    Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}
