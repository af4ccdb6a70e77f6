//! Contacts: people the workspace writes to or hears from.
//!
//! Always true here:
//! - An address belongs to at most one contact of a workspace (a row per keyed hash of the address).
//! - Adding a contact sends nothing and needs no consent; what may be sent is decided at the gate out.
//! - Nothing readable stands in a key; search works on sealed blocks of keyed word beginnings.

mod model;
mod store;

pub use model::{Contact, Source, FIELDS};
pub use store::{find, find_by_address, get, list_newest, put, TABLES};
