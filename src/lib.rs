//! Launchyard: outreach, inbox and bookings on your own server, one binary, no other service.
//!
//! The map (who may import whom is a test, `tests/it/house.rs`; the drawing is docs/ARCHITECTURE.md):
//! `base` <- `config`, `store`, `authz`, `providers` <- `jobs`, `audit`, `mailer`, `sandbox` <- `app`
//! <- `http` <- ground floor (`identity` … `availability`) <- rooms <- `wiring` <- `cli`.

pub mod activity;
pub mod addresses;
pub mod agents;
pub mod app;
pub mod audit;
pub mod authz;
pub mod availability;
pub mod base;
pub mod bookings;
pub mod channels;
pub mod cli;
pub mod config;
pub mod connections;
pub mod contacts;
pub mod deliverability;
pub mod drafts;
pub mod engines;
pub mod events;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod language;
pub mod leads;
pub mod mailer;
pub mod meetings;
pub mod messaging;
pub mod operator;
pub mod outreach;
pub mod providers;
pub mod sandbox;
pub mod store;
#[cfg(test)]
pub mod testing;
pub mod today;
pub mod wiring;
pub mod workers;
pub mod workspaces;
