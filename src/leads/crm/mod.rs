//! HubSpot and Pipedrive: people in, and what the owner chose to have written there.
//!
//! Always true here:
//! - A token is sealed with a key of its own and shown nowhere; disconnecting erases it before the page answers.
//! - Every call stands in the record of the connection, without content.
//! - Pulling fills in what is empty and adds who is new; it never takes anything away, and writes to nobody.
//! - What is written is an effect: a person is known again by the address, a note by a mark in it. After a crash the
//!   system is asked whether it was done; it is never done twice to be on the safe side. All writing is off at first.

mod api;
mod effect;
mod jobs;
mod model;
mod pages;
mod pull;
mod service;
mod session;
mod store;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use jobs::{handlers, subscribers};
pub use pages::routes;
pub use service::disconnect_all;
pub use store::TABLES;
