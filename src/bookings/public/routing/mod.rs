//! Questions that lead a visitor to the right event type, to a page elsewhere, or to a message.
//!
//! Always true here:
//! - Rules are asked in their order; the first that holds decides, and where none does, the way out at the end.
//! - Nothing of what a visitor answered is kept here. It travels in the address, signed, to the form of the booking, and
//!   becomes answers of the booking, once the visitor has seen them there; they can go back and correct them. Answers to questions that were changed meanwhile are dropped, never mislabelled.
//! - An event type that is closed by then leads nowhere: the way out at the end is taken.

mod api;
mod desk;
mod form;
mod model;
mod pages;
mod store;
#[cfg(test)]
mod tests;
mod visit;

pub use api::{api_routes, RoutingApi};
pub use store::TABLES;
pub use visit::{carried, correction_path};

use actix_web::web;

pub fn routes(config: &mut web::ServiceConfig) {
    visit::routes(config);
    pages::routes(config);
}
