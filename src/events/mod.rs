//! What happened, as a log per workspace. Rooms know events, never each other.
//!
//! Always true here:
//! - An event is appended in the transaction of the change it announces, with the next number of its
//!   workspace; numbers have no gaps and their order is the order of the commits.
//! - Events hold ids and small facts (a label, a reason), never content.
//! - Each subscriber has its own durable cursor and sees each event at least once, in order; it must be
//!   idempotent by the event's number. One that fails keeps no other waiting, and after some tries stands before the
//!   operator, who may have it skip the event.
//! - A subscriber that comes with a new version says where it begins (`Start`): a projection with the first event that
//!   is kept, a reaction with what happens from then on.

mod api;
mod deliver;
mod log;
mod model;
mod trouble;
mod words;

pub use api::{api_routes, openapi, ApiEvent};
pub use deliver::{Deliver, Start, Subscriber, Subscribers, DELIVER};
pub use log::{append, before, list, list_newest, sweep, TABLES};
pub use model::{Ended, Event, Happened};
pub use trouble::{decide, list_stuck, Act, Stuck, SHOWN_AFTER};
pub use words::words;

#[cfg(test)]
mod tests;
