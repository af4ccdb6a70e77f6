//! Deleting a worker or a sequence: the question, and the act.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};

use super::super::{figures, get_sequence, sequences, Group, OutreachError, Sequence};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{SequenceId, WorkerId};
use crate::http::charts::grouped;
use crate::http::layout::ConfirmPage;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers::{self, Worker, WorkerError};

type Answer = Result<HttpResponse, PageError>;

const KEPT: &str = "What was sent stays with the contacts.";

/// GET /outreach/{worker}/delete: asks first.
pub async fn ask_worker(app: web::Data<App>, actor: Actor, frame: Frame, worker: web::Path<WorkerId>) -> Answer {
    let id = *worker;
    let (worker, leads) = run(move || deletable_worker(&app, &actor, id)).await??;
    let taken_out = match leads {
        0 => "Nobody waits for a mail of it.".to_owned(),
        1 => "The 1 lead that still waits for a mail is taken out.".to_owned(),
        many => format!("The {} leads that still wait for a mail are taken out.", grouped(many)),
    };
    let page = ConfirmPage {
        layout: frame.layout("Delete worker"),
        question: format!("Delete {}?", worker.name),
        consequence: format!("Its settings, lists and figures are gone at once. {taken_out} {KEPT}"),
        button: "Delete worker".to_owned(),
        action: format!("/outreach/{id}/delete"),
        fields: Vec::new(),
        back: format!("/outreach/{id}"),
    };
    html(StatusCode::OK, &page)
}

/// The worker, and how many leads still wait for a mail of it.
fn deletable_worker(app: &App, actor: &Actor, id: WorkerId) -> Result<(Worker, u64), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    if worker.state.is_working() {
        return Err(WorkerError::StillWorking.into());
    }
    let figures = figures(&app.store, actor.workspace, id)?;
    let waiting = [Group::Waiting, Group::Queued, Group::Away].map(|group| figures.of(group));
    Ok((worker, waiting.iter().sum()))
}

/// POST /outreach/{worker}/delete
pub async fn worker(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
) -> Answer {
    let id = *worker;
    run(move || workers::delete(&app, &actor, id)).await?.map_err(OutreachError::from)?;
    let toast = Toast::new(format!("The worker is deleted. {KEPT}"));
    Ok(with_toast(see_other("/outreach"), &cookies, &toast))
}

/// GET /outreach/sequences/{sequence}/delete: asks first.
pub async fn ask_sequence(app: web::Data<App>, actor: Actor, frame: Frame, sequence: web::Path<SequenceId>) -> Answer {
    let id = *sequence;
    let sequence = run(move || deletable_sequence(&app, &actor, id)).await??;
    let steps = match sequence.steps.len() {
        1 => "Its 1 step is".to_owned(),
        many => format!("Its {many} steps are"),
    };
    let page = ConfirmPage {
        layout: frame.layout("Delete sequence"),
        question: format!("Delete {}?", sequence.name),
        consequence: format!("{steps} gone at once. Leads that are still in it are taken out. {KEPT}"),
        button: "Delete sequence".to_owned(),
        action: format!("/outreach/sequences/{id}/delete"),
        fields: Vec::new(),
        back: format!("/outreach/sequences/{id}"),
    };
    html(StatusCode::OK, &page)
}

fn deletable_sequence(app: &App, actor: &Actor, id: SequenceId) -> Result<Sequence, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let sequence = get_sequence(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    sequences::check_unused(app, actor, id)?;
    Ok(sequence)
}

/// POST /outreach/sequences/{sequence}/delete
pub async fn sequence(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    sequence: web::Path<SequenceId>,
) -> Answer {
    run(move || sequences::delete(&app, &actor, *sequence)).await??;
    let toast = Toast::new(format!("The sequence is deleted. {KEPT}"));
    Ok(with_toast(see_other("/outreach/sequences"), &cookies, &toast))
}
