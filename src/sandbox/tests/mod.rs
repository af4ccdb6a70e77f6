//! The sandbox driven over its own wire, as a client would.

mod client;
mod gmail;
mod oauth;
