//! The slot engine: at which instants somebody can be booked. Pure: no clock, no storage, instants in and out.
//!
//! Everything that decides becomes ranges of starts. Hours become windows (`hours`), what is taken becomes ranges in
//! which no start may lie (`taken`), limits and the horizon become ranges of days (`limits`); `find` walks the starts
//! of the windows through them once, and `explain` asks the same parts for the first that removes one start.
//!
//! Always true here:
//! - Wall times are resolved once, as RFC 5545 section 3.3.5 says: one that does not exist moves forward by the gap, of
//!   one that exists twice the first counts. Lengths, steps, buffers and notice are elapsed time.
//! - What only touches does not block.

mod explain;
mod find;
mod hours;
mod limits;
mod model;
mod ranges;
mod read;
mod taken;
mod wire;

#[cfg(test)]
mod tests;

pub use explain::{explain, Rule};
pub use find::find;
pub use model::{
    Align, Assignment, Booked, DateRange, EventType, Horizon, Host, Hours, Limits, Query, Request, Taken, Travel,
    WallRange, WeeklyHours,
};
pub use wire::{answer_line, explain_line, read_line};
