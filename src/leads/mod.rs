//! Leads: how much speaks for writing to somebody, said term by term, and what their company's own page says.
//!
//! Always true here:
//! - A score is the sum of the terms that are shown; each names the row that it comes from. There is nothing else in it.
//! - It decides nothing: it puts a list in order. What may be sent is decided at the gate out.
//! - Who asked that their data is only stored is not scored.

mod error;
mod page;
mod score;

pub use error::LeadError;
pub use score::{get as score_of, rules_of, Rule, Score, Term};

use actix_web::web::ServiceConfig;

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::{Declared, StoreError};

pub fn tables() -> Vec<Declared> {
    [score::TABLES, page::TABLES].concat()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    page::handlers(score::handlers(handlers))
}

pub fn subscribers() -> Subscribers<App> {
    score::subscribers()
}

pub fn routes(config: &mut ServiceConfig) {
    score::routes(config);
    page::routes(config);
}

pub fn api_routes(config: &mut ServiceConfig) {
    score::api_routes(config);
    page::api_routes(config);
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = score::openapi();
    all.merge(page::openapi());
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
