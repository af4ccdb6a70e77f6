//! "Why is nothing being sent?"

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::why::{why, Line, Outcome};
use super::super::OutreachError;
use super::{head, when, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{EnrolmentId, WorkerId};
use crate::http::layout::Layout;
use crate::http::{html, run, Frame, PageError};

#[derive(Template)]
#[template(path = "outreach/why.html")]
pub struct WhyPage {
    pub layout: Layout,
    pub head: Head,
    pub lines: Vec<Line>,
    /// For whom the checks were asked; empty when nobody waits.
    pub lead: String,
    /// The lead's own page; empty when nobody waits.
    pub lead_href: String,
    /// Somebody asked for this lead, who need not be the next.
    pub is_named: bool,
    /// The address that asks again.
    pub here: String,
    pub checked_at: String,
    pub next_at: String,
}

impl WhyPage {
    fn outcome(&self, line: &Line) -> &'static str {
        match line.outcome {
            Outcome::Passed => "pass",
            Outcome::Stops => "stop",
            Outcome::Later => "later",
        }
    }

    fn is_stopped(&self) -> bool {
        self.lines.iter().any(|line| line.outcome == Outcome::Stops)
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    lead: Option<EnrolmentId>,
}

/// GET /outreach/{worker}/why?lead=: of one lead, or of the one that is next.
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *worker, asked.lead)).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    whose: Option<EnrolmentId>,
) -> Result<WhyPage, OutreachError> {
    let answer = why(app, actor, id, whose)?;
    let zone = zone(app, actor)?;
    let (lead, lead_href) = match answer.lead {
        Some((lead, name)) => (name, format!("/contacts/{}", lead.contact)),
        None => (String::new(), String::new()),
    };
    let here = format!("/outreach/{id}/why");
    Ok(WhyPage {
        layout: frame.layout("Why is nothing being sent?"),
        head: head(app, actor, id, "why")?,
        lead,
        lead_href,
        is_named: whose.is_some(),
        here: whose.map_or(here.clone(), |lead| format!("{here}?lead={lead}")),
        lines: answer.lines,
        checked_at: when(app.now(), &zone),
        next_at: answer.next_at.map(|at| when(at, &zone)).unwrap_or_default(),
    })
}
