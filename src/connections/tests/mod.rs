//! Connections driven against the sandbox, over its wire.

mod google;
pub(crate) mod mailbox;
mod pages;
pub(crate) mod world;
