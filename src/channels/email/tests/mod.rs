//! Sending and reading against the sandbox, over its wire.

mod desk;
mod reading;
mod sending;
