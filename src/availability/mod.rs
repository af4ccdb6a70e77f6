//! When somebody can be met: working hours, busy times of calendars, and the claiming of time.
//!
//! Always true here:
//! - A calendar that could not be read is unknown, never free.
//! - Of a calendar only times are kept, and asked for where its provider lets one choose: no title, no guest, no place.
//! - Claimed time of one resource never overlaps, however many claim at once: all claims of a resource and UTC
//!   day stand in one record, read and written in one transaction (`claims`).
//! - One engine finds all slots (`engine`), those of public pages and those that workers offer (`diary`); it is pure:
//!   instants in, instants out.

mod busy;
mod cache;
mod claims;
mod diary;
pub mod engine;
mod mirror;
mod model;
mod people;
mod repeat;
mod store;
mod sync;
mod times;

pub use crate::connections::with_calendar;
pub use busy::{read_now, Own};
#[cfg(test)]
pub use cache::rows_written;
pub use cache::{cached, cached_of, find_cached, forget, Cached, Single};
pub use claims::{claim, claimed, claimed_around, hold_until, release, taken_around, taken_between, Claimed};
pub use diary::{Diary, FreeTimes};
pub use model::{Busy, OpenHours, OpenTimes, Rules, Schedule, Span, WhyNot, READ_AHEAD};
pub use people::{
    busy_of, busy_of_now, calendars_of, choose, find_calendars, forget_member, offered, CalendarRef, ChooseError,
    Offered, PersonCalendars, MOST_CONFLICTS,
};
pub use repeat::{occurrences, Every};
pub use store::{find_schedule, put_schedule, schedule_of};
pub use sync::{schedule_sync, sync_soon, BusySync, LOOK_BACK, SYNC};
pub use times::{
    find_times, has_own_times, put_times, times_of, Away, DayOverride, NamedSchedule, Owner, TimesOf, Trip,
};

use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, times::TABLES, claims::TABLES, cache::TABLES, mirror::TABLES, people::TABLES].concat()
}
