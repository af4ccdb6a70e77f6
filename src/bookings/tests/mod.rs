//! Bookings against the sandbox's Google, over its wire: replies come in, the queue runs, the calendar is looked at.

mod by_hand;
mod calendar;
mod companions;
mod days_off;
mod deciding;
mod declining;
pub mod desk;
mod group;
mod group_calendars;
mod hosting;
mod many_dates;
mod microsoft;
mod offering;
pub mod on_event;
mod paying;
mod people;
mod renewing;
mod returned;
mod series;
mod series_seats;
mod still_free;
mod synced;
pub mod team;
mod told;
