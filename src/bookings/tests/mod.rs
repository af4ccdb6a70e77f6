//! Bookings against the sandbox's Google, over its wire: replies come in, the queue runs, the calendar is looked at.

mod by_hand;
mod calendar;
mod companions;
mod deciding;
pub mod desk;
mod hosting;
mod microsoft;
mod offering;
mod people;
mod returned;
pub mod team;
