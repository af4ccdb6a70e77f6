//! The waitlist of an event type: whoever found no free time is asked when one is freed.
//!
//! Always true here:
//! - The line is served in the order in which people joined, whoever let an offer pass behind those who did not; of
//!   those whose wish a free time fits, the first is asked.
//! - An offer is one transaction: the engine once more, the claim of the time until the offer ends, the note on the
//!   waiter, their mail and the job that ends it. So one seat is never offered to two, however often the program stops.
//! - A time that is offered is held as one is while a form is open; taking it is the same commit as any booking.
//! - Nobody is told from a page who is on the list: what somebody may see and do stands in the link of their mail.
//! - Before a visitor gets a time by themselves, those in line are served.

mod api;
mod desk;
mod desk_pages;
mod join;
mod leave;
mod letters;
mod model;
mod pages;
mod serve;
mod store;
#[cfg(test)]
mod tests;
mod wish;
mod words;

pub use api::{api_routes, WaitlistApi};
pub use leave::booked;
pub use pages::{invited, routes};
pub use serve::{before_others, hurry_in as serve_line, EndOffer, Listener, Serve};
pub use store::{kept_for, TABLES};
pub use wish::what_is_full;
pub use words::of as line_words;
