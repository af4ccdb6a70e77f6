//! Connections driven against the sandbox, over its wire.

mod google;
pub(crate) mod mailbox;
pub(crate) mod world;
