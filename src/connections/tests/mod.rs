//! Connections driven against the sandbox, over its wire.

mod caldav;
mod consent;
pub(crate) mod mailbox;
mod meetings;
mod microsoft;
mod pages;
pub(crate) mod world;
