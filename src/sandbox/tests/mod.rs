//! The sandbox driven over its own wire, as a client would.

mod ai;
mod calendar;
mod client;
mod control;
mod gmail;
mod mail;
mod meetings;
mod microsoft;
mod oauth;
mod people;
