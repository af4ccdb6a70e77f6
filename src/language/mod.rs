//! Reading and writing human text on this server, without any outside service.
pub mod classify;
pub mod draft;
pub mod ground;
pub mod merge;
pub mod snippets;
pub mod times;
