//! One client per outside service: typed request in, typed answer or `ProviderError` out.
//!
//! No business rules and no storage here, and everything blocks. All of it goes out through `outbound`, which holds the
//! time limits, the size limits and the rules on where this server may connect to.

pub mod ai;
mod bases;
pub mod crm;
pub mod dns;
pub mod error;
pub mod google;
pub mod hubspot;
pub mod imap;
pub mod mail_server;
pub mod microsoft;
pub mod oauth;
pub mod oidc;
pub mod outbound;
pub mod pipedrive;
mod rest;
mod secret;
pub mod smtp;
#[cfg(test)]
pub(crate) mod testing;
pub mod web_page;
pub mod webhook;

pub use bases::BadBase;
pub use error::ProviderError;
pub use rest::Line;
pub use secret::Secret;
