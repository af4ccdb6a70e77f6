//! `/settings/engines`: the AI service, its models, prices, budgets, and what was sent to it.

mod forms;
mod setup;
mod transfers;

use actix_web::web::{self, ServiceConfig};
use jiff::tz::TimeZone;

use super::error::EngineError;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::workspaces;

const HERE: &str = "/settings/engines";
const TRANSFERS: &str = "/settings/engines/transfers";

pub fn routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/settings/engines{path}"));
    config
        .service(at("").get(setup::show))
        .service(at("/key").post(setup::set_key))
        .service(at("/test").post(setup::test))
        .service(at("/models").post(setup::set_models))
        .service(at("/budgets").post(setup::set_budgets))
        .service(at("/remove").get(setup::ask_remove).post(setup::remove))
        .service(at("/transfers").get(transfers::list));
}

/// For `<time datetime>`, and in words.
struct Moment {
    iso: String,
    words: String,
}

struct Times(TimeZone);

impl Times {
    fn of(app: &App, workspace: WorkspaceId) -> Result<Self, EngineError> {
        let found = workspaces::get(&app.store, workspace)?;
        Ok(Self(found.map_or(TimeZone::UTC, |workspace| workspace.zone())))
    }

    fn moment(&self, at: UnixMillis) -> Moment {
        Moment { iso: at.to_rfc3339(), words: at.in_zone(&self.0).strftime("%a %-d %b, %H:%M").to_string() }
    }
}
