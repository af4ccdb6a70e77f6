//! Reading and writing human text on this server, without any outside service.
pub mod classify;
pub mod draft;
pub mod engine;
pub mod ground;
pub mod merge;
pub mod redact;
pub mod snippets;
pub mod times;
