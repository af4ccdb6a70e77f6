//! An address of the workspace's own choice that is told of changes of its leads: for whatever has no connector.
//!
//! Always true here:
//! - Nothing is sent before somebody gives an address. It is called like every address that people give: public and
//!   https, never a host of the server's own network, and no redirect is followed.
//! - Each message is signed (HMAC-SHA256 over id, time and body) with a key that is sealed and shown once. It has the same
//!   id however often it is tried, so that the receiver can leave out what it has had.
//! - A message that is not taken is tried again, with growing pauses. Where one was tried in vain for hours the address is
//!   switched off and the owners are told; what happens until it is on again is not sent later.
//! - Of somebody who asked that their data is only stored, nothing but the id leaves.
//! - The record of messages holds no content.

mod effect;
mod jobs;
mod model;
mod pages;
mod service;
mod store;
mod told;

#[cfg(test)]
mod tests;

pub use jobs::{handlers, subscribers};
pub use pages::routes;
pub use service::end_all;
pub use store::TABLES;
