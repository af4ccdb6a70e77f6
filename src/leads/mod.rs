//! Leads: how much speaks for writing to somebody, said term by term, what their company's own page says, and where
//! leads come from and are told of: customer systems, an address for whatever else can post, and one of the workspace’s
//! own that is told of changes.
//!
//! Always true here:
//! - A score is the sum of the terms that are shown; each names the row that it comes from. There is nothing else in it.
//! - It decides nothing: it puts a list in order. What may be sent is decided at the gate out.
//! - Who asked that their data is only stored is not scored.

mod crm;
mod error;
mod export;
mod fields;
mod hook;
mod out;
mod page;
mod score;

pub use error::LeadError;
pub use hook::{sweep as sweep_posts, DAYS as POSTS_DAYS, PATH as HOOK_PATH};
pub use score::{get as score_of, rules_of, Rule, Score, Term};

use actix_web::web::ServiceConfig;

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::{Declared, StoreError};

/// A lead that was posted with a key, for the tests of the sweepers.
#[cfg(test)]
pub fn post_for_test(app: &App, owner: &crate::authz::Actor, key: &str, address: &str) {
    hook::post_for_test(app, owner, key, address);
}

pub fn tables() -> Vec<Declared> {
    [score::TABLES, page::TABLES, crm::TABLES, hook::TABLES, out::TABLES].concat()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    out::handlers(crm::handlers(page::handlers(score::handlers(handlers))))
}

pub fn subscribers() -> Subscribers<App> {
    score::subscribers().into_iter().chain(crm::subscribers()).chain(out::subscribers()).collect()
}

pub fn routes(config: &mut ServiceConfig) {
    score::routes(config);
    page::routes(config);
    crm::routes(config);
    hook::routes(config);
    out::routes(config);
    export::routes(config);
}

/// Ends the ways out of a workspace that is being closed, with the keys of each.
pub fn disconnect_all(app: &App, actor: &crate::authz::Actor) -> Result<(), LeadError> {
    crm::disconnect_all(app, actor)?;
    out::end_all(app, actor)
}

pub fn api_routes(config: &mut ServiceConfig) {
    score::api_routes(config);
    page::api_routes(config);
    crm::api_routes(config);
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = score::openapi();
    all.merge(page::openapi());
    all.merge(crm::openapi());
    all
}

/// What this room draws beside a contact.
pub fn parts(
    app: &App,
    actor: &crate::authz::Actor,
    csrf: &str,
    contact: &crate::contacts::Contact,
) -> Result<Vec<String>, StoreError> {
    Ok(vec![score::part(app, actor, contact)?, page::part(app, actor, csrf, contact)?])
}

/// Plans what every workspace needs once. Called at the start; again is harmless.
pub fn plan_all(app: &App) -> Result<(), StoreError> {
    score::plan_all(app)
}
