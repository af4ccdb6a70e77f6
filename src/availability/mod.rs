//! When somebody can be met: working hours, busy times of calendars, and the claiming of time.
//!
//! Always true here:
//! - A calendar that could not be read is unknown, never free.
//! - Of a calendar only times are read: no title, no guest, no place.
//! - Claimed time of one resource never overlaps, however many claim at once: all claims of a resource and UTC
//!   day stand in one record, read and written in one transaction (`claims`).
//! - The engine that finds slots (`slots`) is pure: instants in, instants out.

mod busy;
mod cache;
mod claims;
pub mod engine;
mod model;
mod people;
mod schedule;
mod slots;
mod store;
mod sync;

pub use crate::connections::with_calendar;
pub use busy::{read_now, Own};
pub use cache::{cached, forget, Cached, Single};
pub use claims::{claim, claimed, release, Claimed};
pub use model::{Busy, OpenHours, Rules, Schedule, Span, WhyNot, READ_AHEAD};
pub use people::{
    busy_of, busy_of_now, calendars_of, choose, find_calendars, forget_member, offered, CalendarRef, ChooseError,
    Offered, PersonCalendars, MOST_CONFLICTS,
};
pub use slots::Diary;
pub use store::{find_schedule, put_schedule, schedule_of};
pub use sync::{schedule_sync, sync_soon, BusySync, SYNC};

use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, claims::TABLES, cache::TABLES, people::TABLES].concat()
}
