//! `/v1/workers/{worker}/steps`: what came of each step and its wordings.

use actix_web::{web, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::service;
use super::workers::worker_of;
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::http::ApiError;
use crate::outreach::variants::{compare, Measured};
use crate::outreach::{figures, get_sequence, Figures, OutreachError, Step, StepFigures};

/// What came of a step, or of one wording of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepFiguresJson {
    sent: u64,
    replied: u64,
    interested: u64,
    bounced: u64,
    opted_out: u64,
}

impl From<StepFigures> for StepFiguresJson {
    fn from(figures: StepFigures) -> Self {
        let StepFigures { sent, replied, interested, bounced, opted_out } = figures;
        Self { sent, replied, interested, bounced, opted_out }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredJson {
    id: String,
    /// A, B, …
    letter: char,
    figures: StepFiguresJson,
    /// Between which shares of answers the true one lies, with 95 % confidence (Wilson), 0 to 1.
    replied_low: f64,
    replied_high: f64,
    /// The same of answers with interest, by which wordings are compared.
    interested_low: f64,
    interested_high: f64,
}

/// Words that a wording had before they were changed, or that are gone; their figures stand with them.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlierJson {
    /// The wording that had them.
    of: String,
    subject: String,
    text: String,
    until: String,
    figures: StepFiguresJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredStepJson {
    id: String,
    figures: StepFiguresJson,
    /// Of a step with several wordings: each, since it has several and has these words.
    wordings: Vec<MeasuredJson>,
    /// Earlier words, oldest first.
    earlier: Vec<EarlierJson>,
    /// The letter of the wording that most people answer with interest, once the figures bear that out.
    winner: Option<char>,
    /// What the figures say, and why there is no winner yet.
    verdict: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredSteps {
    data: Vec<MeasuredStepJson>,
}

fn measured_step(step: &Step, figures: &Figures) -> MeasuredStepJson {
    let wordings = if step.variants.is_empty() { Vec::new() } else { step.wordings() };
    let measured: Vec<Measured> =
        wordings.iter().map(|one| Measured { letter: one.letter, figures: figures.variant(one.counted) }).collect();
    let verdict = (!measured.is_empty()).then(|| compare(&measured));
    let each = wordings.iter().zip(&measured).map(|(wording, measured)| {
        let (replied_low, replied_high) = measured.replied_interval();
        let (interested_low, interested_high) = measured.interval();
        let (id, letter, figures) = (wording.id.to_string(), wording.letter, measured.figures.into());
        MeasuredJson { id, letter, figures, replied_low, replied_high, interested_low, interested_high }
    });
    let earlier = step.earlier.iter().map(|one| EarlierJson {
        of: one.of.to_string(),
        subject: one.subject.clone(),
        text: one.text.clone(),
        until: one.until.to_rfc3339(),
        figures: figures.variant(one.counted).into(),
    });
    MeasuredStepJson {
        id: step.id.to_string(),
        figures: figures.step(step.id).into(),
        wordings: each.collect(),
        earlier: earlier.collect(),
        winner: verdict.as_ref().and_then(|verdict| verdict.winner),
        verdict: verdict.map(|verdict| verdict.words).unwrap_or_default(),
    }
}

/// What came of each step of a worker's sequence, and of each wording where a step has several.
#[utoipa::path(get, path = "/v1/workers/{worker}/steps", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The steps in their order", body = MeasuredSteps), (status = 409, description = "It has no sequence")))]
pub async fn get_worker_steps(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    let data = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        let sequence = worker.sequence.ok_or(OutreachError::NoSequence)?;
        let sequence = get_sequence(&app.store, actor.workspace, sequence)?.ok_or(OutreachError::NoSequence)?;
        let figures = figures(&app.store, actor.workspace, worker.id)?;
        Ok(sequence.steps.iter().map(|step| measured_step(step, &figures)).collect())
    });
    Ok(HttpResponse::Ok().json(MeasuredSteps { data: data.await? }))
}
