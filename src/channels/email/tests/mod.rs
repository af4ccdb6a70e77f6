//! Sending and reading against the sandbox, over its wire.

mod desk;
mod doubt;
mod reading;
mod sending;
