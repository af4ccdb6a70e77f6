//! Connections driven against the sandbox, over its wire.

mod google;
mod mailbox;
pub(crate) mod world;
