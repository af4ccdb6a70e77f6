//! `/v1/workers/{worker}/why`: what holds the next mail of a worker, or of one of its leads.

use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::service;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{EnrolmentId, UnixMillis, WorkerId};
use crate::http::api::Problem;
use crate::http::ApiError;
use crate::outreach::why::{why, Answer, Line, Outcome};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfLead {
    /// A lead of the worker; without it the one that is next.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    enrolment: Option<EnrolmentId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WhyJson {
    /// For whom the checks were asked; absent when nobody waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<String>,
    /// Something holds the mail: the first check whose outcome is `stops`.
    is_held: bool,
    /// When it leaves at the earliest, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    /// In the order in which every mail is checked.
    checks: Vec<CheckJson>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CheckJson {
    /// `passed`, `stops`, or `later` (behind the one that stops it).
    outcome: &'static str,
    fact: String,
    context: String,
    /// The page that cures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

impl From<Line> for CheckJson {
    fn from(line: Line) -> Self {
        let outcome = match line.outcome {
            Outcome::Passed => "passed",
            Outcome::Stops => "stops",
            Outcome::Later => "later",
        };
        // What a button does has a call of its own.
        let cure = line.help.filter(|help| !help.posts).map(|help| help.href);
        Self { outcome, fact: line.fact, context: line.context, cure }
    }
}

impl From<Answer> for WhyJson {
    fn from(answer: Answer) -> Self {
        Self {
            enrolment: answer.lead.map(|(lead, _)| lead.id.to_string()),
            is_held: answer.lines.iter().any(|line| line.outcome == Outcome::Stops),
            next_at: answer.next_at.map(UnixMillis::to_rfc3339),
            checks: answer.lines.into_iter().map(CheckJson::from).collect(),
        }
    }
}

/// Why nothing is sent
///
/// The checks of the next mail of a worker, or of one of its leads, in the order in which every mail is checked.
#[utoipa::path(get, path = "/v1/workers/{worker}/why", tag = "workers", params(("worker" = String, Path,), OfLead),
    responses((status = 200, description = "The checks", body = WhyJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get_why(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    of: web::Query<OfLead>,
) -> Result<HttpResponse, ApiError> {
    let found = service(move || why(&app, &actor, *id, of.enrolment)).await?;
    Ok(HttpResponse::Ok().json(WhyJson::from(found)))
}
