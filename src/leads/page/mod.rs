//! What a company's own page says, read when somebody asks for it.
//!
//! Always true here:
//! - Only the address that a person gave, or that stands as the contact's web site, is read; nothing is guessed, and no
//!   link is followed but redirects.
//! - robots.txt of each host is asked first and kept to; a host is called once at a time, with a pause after each call.
//! - A fact stands on the page that it names. What a person forgot does not come back by reading again.
//! - An address that was found is a suggestion: it becomes a contact when a person says so.

mod api;
mod jobs;
mod model;
mod pages;
mod service;
mod store;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use jobs::handlers;
pub use pages::{part, routes};
pub(super) use store::find;
pub use store::TABLES;
