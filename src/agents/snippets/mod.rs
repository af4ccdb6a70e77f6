//! Snippets: what a worker may say, in the owner's own words. Only approved ones are quoted, with their version.

mod api;
mod model;
mod service;
mod store;

pub use api::{api_routes, openapi};
pub use model::{languages, Snippet, SnippetForm};
pub use service::{approve, create, get, list, remove, restore, update, versions};
pub use store::{list_approved, TABLES};
