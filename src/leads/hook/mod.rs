//! An address to which other programs post leads: forms on a web site, automations, whatever can send JSON.
//!
//! Always true here:
//! - The address holds a secret that is stored as a hash only and shown once; a new one ends the old at once.
//! - Whoever has the address can add people and fill in what is empty, and nothing else: nothing is read back but what
//!   became of the request, nothing is overwritten, nobody is written to.
//! - The same request sent again changes nothing. Requests are limited in number and size.
//! - What the record keeps of a request says what became of it, and none of its content.

mod fields;
mod model;
mod pages;
mod receive;
mod service;
mod store;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub use tests::post_for_test;

pub use pages::{routes, PATH};
pub use store::{sweep, DAYS, TABLES};
