//! Simulated people: what they do when a mail reaches them, and when.
//!
//! Everything is decided when a mail arrives and carried out at its due time, in order. Delays come from a hash of the
//! person and the mail's number, so the same run gives the same answers at the same instants.

mod cast;
mod click;
mod client;
mod compose;
mod deeds;
mod language;
mod offers;
mod queue;
mod reports;
mod script;
mod unsubscribe;

pub(super) use cast::{company, leads_csv, Company};
pub(super) use deeds::run_due;
pub(super) use queue::People;
