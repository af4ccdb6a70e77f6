//! Contacts: people the workspace writes to or hears from.
//!
//! Always true here:
//! - An address belongs to at most one contact of a workspace (a row per keyed hash of the address).
//! - Adding a contact sends nothing and needs no consent; what may be sent is decided at the gate out.
//! - Nothing readable stands in a key; search works on sealed blocks of keyed word beginnings, and what a block
//!   says is checked against the contact itself before it is shown.
//! - A restricted contact is not changed by anybody until the restriction is lifted.
//! - An import's rows, its place in the file and what undoing it needs change in one transaction.

mod api;
mod csv_out;
mod fold;
mod imports;
mod list;
mod model;
mod packed;
mod pages;
mod search;
mod service;
mod store;
mod tags;
mod timeline;

pub use api::{api_routes, openapi};
pub use csv_out::CsvOut;
pub use imports::{import_file, sweep_imports, ImportError, ImportReport, IMPORT_DAYS};
pub use model::{Contact, Source, FIELDS};
pub use pages::routes;
pub use search::{index_all, search, INDEX};
pub use service::{
    add_contact, add_note, bring_in, erase_contact, list_notes, remove_note, restrict, unrestrict, update_contact,
    Brought, ContactError, ContactFields,
};
pub use store::{count, find, find_by_address, get, list_newest, put};
pub use tags::{list_of_tag, list_tags, tag_all, untag_all, TagCount};
pub use timeline::{Exchange, Neighbours};

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, tags::TABLES, service::NOTE_TABLES, search::TABLES, imports::TABLES].concat()
}

/// The room's jobs.
pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(search::Indexer).task(imports::ImportTask)
}

/// Who hears of contacts: the search index.
pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(search::SearchSubscriber)]
}
