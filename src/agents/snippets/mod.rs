//! Snippets: what a worker may say, in the owner's own words. Only approved ones are quoted, with their version.

mod model;
mod service;
mod store;

pub use model::{languages, Snippet, SnippetForm};
pub use service::{approve, create, get, list, remove, update, versions};
pub use store::{list_approved, TABLES};
