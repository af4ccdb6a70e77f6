//! "Why is nothing being sent?"

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::super::why::{why, Line, Outcome};
use super::super::OutreachError;
use super::{head, when, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
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

/// GET /outreach/{worker}/why
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *worker)).await??;
    html(StatusCode::OK, &page)
}

pub fn page(app: &App, actor: &Actor, frame: &Frame, id: WorkerId) -> Result<WhyPage, OutreachError> {
    let answer = why(app, actor, id)?;
    let zone = zone(app, actor)?;
    Ok(WhyPage {
        layout: frame.layout("Why is nothing being sent?"),
        head: head(app, actor, id, "why")?,
        lead: answer.lead.map(|(_, name)| name).unwrap_or_default(),
        lines: answer.lines,
        checked_at: when(app.now(), &zone),
        next_at: answer.next_at.map(|at| when(at, &zone)).unwrap_or_default(),
    })
}
