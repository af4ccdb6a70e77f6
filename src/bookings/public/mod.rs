//! What strangers see and do: the public pages of event types, holding a time, booking, moving and cancelling it.
//!
//! Always true here:
//! - Nobody is signed in and no cookie is needed: what may be done stands in a signed token.
//! - Only the page of times may stand in a frame of another site; from the form on, the visitor is here.
//! - A GET changes nothing. A time is kept from the moment it is chosen until the form is sent or the hold runs out.
//! - A booking, its claims, its entry in the ledger and its contact are one transaction, in which the engine is asked
//!   about exactly this start once more.

mod about;
mod after_words;
mod api;
mod asking;
mod commit;
mod details;
mod draft;
mod embed;
mod file;
mod form_words;
mod guest_form;
mod hold;
mod home;
mod list;
mod manage;
mod month;
mod moves;
mod moving;
mod moving_words;
mod offered;
mod offered_words;
mod pages;
mod paid_words;
mod routing;
mod series;
mod taking;
mod token;
mod visit;
mod waitlist;
mod words;

#[cfg(test)]
mod tests;

pub use api::{api_routes, VisitsApi};
pub use asking::Asking;
#[cfg(test)]
pub use asking::Gone;
#[cfg(test)]
pub use commit::{book, book_series};
pub use commit::{book_for, is_free_now, Guest, Lead, NotBooked, Wanted};
pub use home::home;
pub use moves::{reschedule, Mover};
pub use offered::links;
pub use pages::routes;
pub use routing::{api_routes as routing_api_routes, RoutingApi, TABLES as ROUTING};
pub use token::{manage_path, PREFIX, WAITING};
pub use waitlist::{
    api_routes as waitlist_api_routes, kept_for, serve_line, EndOffer, Listener as WaitlistListener, Serve,
    WaitlistApi, TABLES as WAITLIST,
};
