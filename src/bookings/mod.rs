//! Bookings: from a time that somebody proposes to an event in the calendar, and its moves and end.
//!
//! Always true here:
//! - A booking holds its time (`availability::claim`) from the transaction that made it until the one that ends it.
//! - The calendar is written by one keyed effect that brings it to the booking's newest version; its client id is
//!   made from the booking's, so a repeated try finds its own event.
//! - A meeting at a service of its own (Zoom and the like) is brought along by an effect beside the calendar's. It
//!   never holds a booking up: without a link the guest reads that it follows, and gets it once it is there.
//! - Only events that carry our mark are changed or deleted.
//! - What its owner moves or deletes in the calendar comes back as a move or a cancellation, and the guest hears once.
//! - The guest is told by us when the calendar has it, once for each version (`messages`).
//! - What the calendar refuses waits for a person, and the answer that it came from is open again.
//! - A worker that books on an event type offers and takes the times of its public page, and one meeting comes of an
//!   offer, by whichever link or words it is taken (`promised`).
//! - Those who sit at one time of an event type with seats share one event and one meeting (`group`).
//! - The dates of a series are bookings of their own that were made in one transaction, all of them or none. Its guest is
//!   written to once about several of them (`series`).
//! - What cannot be judged (an unreadable calendar, unclear words) is a person's to decide.

mod agree;
mod api;
mod asked_for;
mod away;
mod bookable;
mod calendar;
mod calendars;
mod consider;
mod decide;
mod errors;
mod feed;
mod figures;
mod forget_account;
mod grid;
mod group;
mod hold;
mod host;
mod hosted;
mod hours;
mod kept;
mod lapse;
mod link;
mod messages;
mod model;
mod of_contact;
mod offer;
mod on_event;
mod own_meeting;
mod pages;
mod paid;
mod promised;
mod public;
mod renew;
mod returned;
mod schedules;
mod series;
mod service;
mod shared_event;
mod situation;
mod slots;
mod still_free;
mod store;
mod tell;
mod tend;
mod types;
mod views;
mod words;

pub use api::{api_routes, openapi};
pub use asked_for::{asked_for, count_asked_for};
pub use bookable::Bookable;
pub use consider::{rehearse, Rehearsed};
pub use feed::FEED_PATH;
pub use hosted::Hosted;
pub use kept::{Became, Kept, Outcome, Remark};
pub use messages::no_show;
pub use model::{Booking, Note, Part, Source, State};
pub use of_contact::waiting_of_contact;
pub use on_event::choose as choose_event_type;
pub use pages::routes;
pub use public::{home as home_of_guests, PREFIX as VISITOR_PATH, WAITING as WAITING_PATH};
pub use renew::renew;
pub use service::{
    accept, add_note, cancel, create, decline, dismiss, get, list, move_to, note_outcome, remove_note, try_again,
    Anyway, BookError, NewBooking,
};
pub use still_free::is_offer_taken;
pub use store::{list_between, list_left, list_troubled, list_waiting, Left};

pub use types::{add_room, save as save_event_type, EventType, Kind, Question};

use crate::app::App;
use crate::availability::BusySync;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [
        store::TABLES,
        promised::TABLES,
        series::TABLES,
        feed::TABLES,
        figures::TABLES,
        messages::TABLES,
        types::TABLES,
        public::WAITLIST,
        public::ROUTING,
    ]
    .concat()
}

/// The room's work, and that of `availability`, whose only caller it is.
pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers
        .task(BusySync)
        .task(consider::Consider)
        .task(lapse::Lapse)
        .task(link::FindLink)
        .task(returned::LookBack)
        .task(messages::SendPlanned)
        .task(messages::TellOthers)
        .task(public::Serve)
        .task(public::EndOffer)
        .effect(calendar::WriteEvent)
        .task(forget_account::ForgetAccount)
        .effect(host::HoldMeeting)
        .effect(tend::TendGroup)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(consider::Listener), Box::new(paid::Listener), Box::new(public::WaitlistListener)]
}

#[cfg(test)]
mod tests;
