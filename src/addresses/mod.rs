//! Whether addresses of contacts can take mail: what they say themselves, and what DNS says about their domains.
//!
//! Always true here:
//! - "It takes no mail" is said only after an answer; nobody could be asked is no answer, and stops nothing.
//! - A domain is asked about once for all its addresses, and again after days; nobody's mailbox is ever probed.
//! - Only a domain that can take no mail keeps a contact out of a sequence. Doubts about an address are told, and a
//!   person decides.

mod api;
mod jobs;
mod look;
mod model;
mod page;
mod service;
mod store;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use jobs::{plan_all, CHECK};
pub use model::{DomainMail, ImportTally, TakesMail};
pub use page::{part, routes};
pub use service::{check_now, reports, why_no_mail, AddressReport};
pub use store::{find, note, sweep, tally_of, DAYS};

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

/// Rows as they come about, for the tests of the sweepers.
#[cfg(test)]
pub fn remember_for_test(app: &App, workspace: crate::base::WorkspaceId, domain: &str) {
    store::remember_for_test(app, workspace, domain);
}

pub fn tables() -> Vec<Declared> {
    store::TABLES.to_vec()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(jobs::CheckContact).task(jobs::Survey)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(jobs::Follow)]
}
