//! Bookings: from a time that somebody proposes to an event in the calendar, and its moves and end.
//!
//! Always true here:
//! - A booking holds its time (`availability::claim`) from the transaction that made it until the one that ends it.
//! - The calendar is written by one keyed effect that brings it to the booking's newest version; its client id is
//!   made from the booking's, so a repeated try finds its own event.
//! - Only events that carry our mark are changed or deleted.
//! - The guest is told by us when the calendar has it, once for each version; the invitation is the provider's.
//! - What the calendar refuses waits for a person, and the answer that it came from is open again.
//! - What cannot be judged (an unreadable calendar, unclear words) is a person's to decide.

mod api;
mod bookable;
mod calendar;
mod consider;
mod decide;
mod errors;
mod figures;
mod grid;
mod hold;
mod hours;
mod kept;
mod lapse;
mod link;
mod model;
mod offer;
mod pages;
mod schedules;
mod service;
mod situation;
mod store;
mod tell;
mod views;
mod words;

pub use api::{api_routes, openapi};
pub use bookable::Bookable;
pub use kept::{Became, Kept, Outcome, Remark};
pub use model::{Booking, Note, Source, State};
pub use pages::routes;
pub use service::{
    accept, add_note, cancel, create, decline, dismiss, get, list, move_to, note_outcome, remove_note, try_again,
    Anyway, BookError, NewBooking,
};
pub use store::{list_between, list_left, list_of_contact, list_troubled, list_waiting, Left};

use crate::app::App;
use crate::availability::BusySync;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, figures::TABLES].concat()
}

/// The room's work, and that of `availability`, whose only caller it is.
pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers
        .task(BusySync)
        .task(consider::Consider)
        .task(lapse::Lapse)
        .task(link::FindLink)
        .effect(calendar::WriteEvent)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(consider::Listener)]
}

#[cfg(test)]
mod tests;
