//! Event types: what strangers can book, and the rules of when.
//!
//! Always true here:
//! - All live bookings and holds of an event type stand in its ledger, month by month. Whoever books reads the months
//!   around the time and writes one of them in the same transaction, so limits and seats hold however many book at once.
//! - The time that a booking takes is claimed of each of its hosts, of their calendars and of each room.
//! - A calendar that was never read, or not that far, is unknown and offers nothing.

mod api;
mod calendars;
mod facts;
mod form;
mod ledger;
mod model;
mod pages;
mod service;
mod store;

pub use crate::meetings::Location;
pub use api::{api_routes, EventTypesApi};
pub use facts::{
    find_for, free_of, free_starts, free_starts_with, full_sitting, full_starts, load_for, possible_starts, standing,
    taken_in, why_not, Facts, OwnersRule, Question as SlotQuestion, Standing,
};
pub use form::{question_rows, read_questions, write_questions, Typed};
pub use ledger::{
    find as find_entry, in_turn, left_of as left_of_session, put as put_entry, remove as remove_entry, seats_in,
    sitting_in, took_turn, Entry,
};
pub use model::{is_slug, slug_of, Answer, Assignment, EventType, Kind, Price, Question, Repeats, LANGUAGES};
#[cfg(test)]
pub use model::{Horizon, HostOf, Limits, Waitlist};
pub use pages::routes;
#[cfg(test)]
pub use service::why;
pub use service::{add_room, save, start_waitlist};
pub use store::{find, find_by_slug, get, list, TABLES};
