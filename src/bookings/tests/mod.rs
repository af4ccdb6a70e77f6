//! Bookings against the sandbox's Google, over its wire: replies come in, the queue runs, the calendar is looked at.

mod by_hand;
mod calendar;
mod deciding;
mod desk;
mod offering;
pub mod team;
