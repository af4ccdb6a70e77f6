//! Whether mail from a workspace's own domains arrives: what DNS says about each, and the signature on what leaves.
//!
//! Always true here:
//! - "It is missing" and "nobody could be asked" are different findings. What was right stays right until an answer
//!   says otherwise.
//! - Nothing is signed before the record with its public key was seen in DNS, and nothing after it was seen missing.
//! - A private key is made here, sealed with a key of its own, shown and exported nowhere, and erased with the last
//!   mailbox of its domain or with the workspace.
//! - Records are advice: nothing here changes a domain.

mod advice;
mod api;
mod check;
mod dkim;
mod dmarc;
mod error;
mod findings;
mod hosts;
mod jobs;
mod keys;
mod letters;
mod lookup;
mod model;
mod pages;
mod rotation;
mod signature;
mod signing;
mod situation;
mod spf;
mod store;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use check::{check_now, get, list, to_mend, Shown};
pub use error::DomainError;
pub use jobs::plan_all;
pub use model::{Advised, Broken, Checked, Finding, SendingDomain, Standing, What};
pub use pages::routes;
pub use signature::{sign, SignError, SignWith};
pub use signing::{sign_leaving, switch, Act};
pub use store::list_stored;

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

pub fn tables() -> Vec<Declared> {
    store::TABLES.to_vec()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(jobs::CheckTask)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(jobs::Follow)]
}
