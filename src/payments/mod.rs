//! Payments: what guests pay for a booking, through the workspace's own account at Stripe.
//!
//! Always true here:
//! - Money is taken on Stripe's page; no card ever comes near this server.
//! - That somebody paid is known from Stripe, by asking it. A guest who comes back, or a notice, is only a reason to ask.
//! - Opening a page, closing it and giving money back are effects with keys of their own: done twice it is done once.
//! - Ids of test mode and of the live account never mix: each row says which it belongs to.
//! - A payment for something that is no longer there is given back whole; whoever asked for it decides, once, on the event.
//! - Who is erased leaves no page open on which they could still pay (`orphan`).
//! - The key is sealed, shown by its last four characters only, and erased at once when it is taken away.

mod account;
mod amount;
mod api;
mod ask;
mod error;
mod link;
mod model;
mod once;
mod orphan;
mod pages;
mod refund;
mod service;
mod session;
mod settle;
mod store;
mod webhook;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub use account::connect;
pub use account::{end_access, is_ready};
pub use amount::{figure as amount_figure, parse as parse_amount, said as amount_said, words as amount_words};
pub use api::{api_routes, openapi};
pub use error::PayError;
pub use link::{path as link_path, workspace_of as workspace_of_link};
pub use model::{NewPayment, Payment, Refund, Standing, State};
pub use pages::routes;
pub use refund::{give_back, give_back_for};
pub use service::{begin, hear, withdraw};
pub use store::{find, find_of_booking, get, list_left};

use crate::app::App;
use crate::jobs::Handlers;
use crate::store::Declared;

/// Where Stripe tells what happened; the workspace's account follows.
pub const WEBHOOK_PATH: &str = "/webhooks/stripe";

pub fn tables() -> Vec<Declared> {
    store::TABLES.to_vec()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers
        .task(ask::Ask)
        .effect(session::OpenPage)
        .effect(session::ClosePage)
        .effect(orphan::CloseOrphan)
        .effect(refund::GiveBack)
}
