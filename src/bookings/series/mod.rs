//! Dates that were booked together: each is a booking of its own, with its own event, meeting and reminders.
//!
//! Always true here:
//! - All dates of a series are made in one transaction, with the same hosts.
//! - Its guest gets one confirmation with all dates, once each of them stands in its calendar; who invites is decided for
//!   each date as for any booking.
//! - What is only asked for is agreed to, declined, taken back or lapses as a whole.
//! - Several dates that end in one act are one transaction and one message.

mod end;
mod store;
mod told;

pub use end::{end_rest, ending, lapse};
pub use store::{bookings_of, join, read, TABLES};
pub use told::{asked, confirmed, settled};
