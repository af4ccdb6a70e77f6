//! The score: `rules` says what counts, `count` gathers the terms, `store` keeps them in order.

mod api;
mod count;
mod jobs;
mod pages;
mod part;
mod rules;
mod service;
mod store;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use jobs::{handlers, plan_all, subscribers};
pub use pages::routes;
pub use part::part;
pub use rules::Rule;
pub use service::{get, rules_of};
pub(super) use store::find;
pub use store::{Score, Term, TABLES};
