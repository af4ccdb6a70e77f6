//! Deleting a worker or a sequence: the question (or what must be done first), and the act.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};

use super::super::{figures, get_sequence, sequences, Group, OutreachError, Sequence};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{SequenceId, WorkerId};
use crate::http::charts::grouped;
use crate::http::layout::{ConfirmPage, FirstPage};
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers::{self, Worker};

type Answer = Result<HttpResponse, PageError>;

const KEPT: &str = "What was sent stays with the contacts.";

/// GET /outreach/{worker}/delete: asks first. One at work offers its pause instead.
pub async fn ask_worker(app: web::Data<App>, actor: Actor, frame: Frame, worker: web::Path<WorkerId>) -> Answer {
    let id = *worker;
    let may_switch = actor.may(Permission::ActivateWorkers);
    let (worker, leads) = run(move || worker_and_leads(&app, &actor, id)).await??;
    if worker.state.is_working() {
        return html(StatusCode::OK, &pause_first(&frame, &worker, may_switch));
    }
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
fn worker_and_leads(app: &App, actor: &Actor, id: WorkerId) -> Result<(Worker, u64), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    let figures = figures(&app.store, actor.workspace, id)?;
    let waiting = [Group::Waiting, Group::Queued, Group::Away].map(|group| figures.of(group));
    Ok((worker, waiting.iter().sum()))
}

fn pause_first(frame: &Frame, worker: &Worker, may_switch: bool) -> FirstPage {
    let cure = if may_switch {
        "Pause it first; nothing more leaves from then on. Then delete it here."
    } else {
        "Ask an owner or an admin of this workspace to pause it. Then delete it here."
    };
    FirstPage {
        layout: frame.layout("Delete worker"),
        heading: format!("{} is still at work", worker.name),
        why: "A worker that is switched on may be writing a mail at this moment, so it cannot be deleted yet."
            .to_owned(),
        in_use_by: Vec::new(),
        cure: cure.to_owned(),
        act: may_switch.then(|| (format!("/outreach/{}/pause", worker.id), "Pause the worker".to_owned())),
        back: format!("/outreach/{}", worker.id),
    }
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

/// GET /outreach/sequences/{sequence}/delete: asks first. One in use names the workers that use it instead.
pub async fn ask_sequence(app: web::Data<App>, actor: Actor, frame: Frame, sequence: web::Path<SequenceId>) -> Answer {
    let id = *sequence;
    let (sequence, users) = run(move || sequence_and_users(&app, &actor, id)).await??;
    if !users.is_empty() {
        return html(StatusCode::OK, &change_workers_first(&frame, &sequence, &users));
    }
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

fn sequence_and_users(app: &App, actor: &Actor, id: SequenceId) -> Result<(Sequence, Vec<Worker>), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let sequence = get_sequence(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    Ok((sequence, sequences::users(app, actor, id)?))
}

fn change_workers_first(frame: &Frame, sequence: &Sequence, users: &[Worker]) -> FirstPage {
    let why = match users {
        [one] => format!("The worker {} sends its mails, so it cannot be deleted yet.", one.name),
        many => format!("{} workers send its mails, so it cannot be deleted yet.", many.len()),
    };
    let settings = |worker: &Worker| (worker.name.clone(), format!("/outreach/{}/settings#sequence", worker.id));
    FirstPage {
        layout: frame.layout("Delete sequence"),
        heading: format!("{} is in use", sequence.name),
        why,
        in_use_by: users.iter().map(settings).collect(),
        cure: "Give each worker in this list another sequence in its settings, or delete the worker. Then come back."
            .to_owned(),
        act: None,
        back: format!("/outreach/sequences/{}", sequence.id),
    }
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
