//! Buttons that switch: workers on and off, everything at once, changed texts approved.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};

use super::super::{activate_seen as on, sequences, OutreachError, Period};
use super::overview::overview;
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Seen, Toast};
use crate::workers;

type Answer = Result<HttpResponse, PageError>;

fn back(worker: WorkerId) -> HttpResponse {
    see_other(&format!("/outreach/{worker}"))
}

/// POST /outreach/{worker}/activate: 303; 422 with the overview that lists what is missing; 409 where the texts are no
/// longer those of the version that was seen.
pub async fn activate(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Seen>,
) -> Answer {
    let worker = *worker;
    let (services, who) = (app.clone(), actor.clone());
    let seen = form.version();
    match run(move || on(&services, &who, worker, seen)).await? {
        Ok(switched) => Ok(with_toast(
            back(worker),
            &cookies,
            &Toast::new(format!("{} is active.", switched.name)).with_undo(format!("/outreach/{worker}/pause")),
        )),
        Err(OutreachError::NotReady(_)) => {
            let page = run(move || overview(&app, &actor, &frame, worker, Period::All)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// POST /outreach/{worker}/pause: nothing more leaves from that commit on.
pub async fn pause(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
) -> Answer {
    let worker = *worker;
    let words = format!("Paused by {}.", actor.display);
    run(move || workers::pause(&app, &actor, worker, &words)).await?.map_err(OutreachError::from)?;
    let toast = Toast::new("The worker is paused.").with_undo(format!("/outreach/{worker}/resume"));
    Ok(with_toast(back(worker), &cookies, &toast))
}

/// POST /outreach/{worker}/resume: takes a pause back. Changed texts still wait for their approval.
pub async fn resume(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
) -> Answer {
    let worker = *worker;
    let resumed = run(move || workers::resume(&app, &actor, worker)).await?.map_err(OutreachError::from)?;
    let toast = Toast::new(format!("{} goes on as before.", resumed.name));
    Ok(with_toast(back(worker), &cookies, &toast.with_undo(format!("/outreach/{worker}/pause"))))
}

/// POST /outreach/{worker}/approve: the changed texts of its sequence may leave.
pub async fn approve(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Seen>,
) -> Answer {
    let worker = *worker;
    let approved = move || {
        let found = workers::get(&app.store, actor.workspace, worker)?.ok_or(OutreachError::NotFound)?;
        sequences::approve(&app, &actor, found.sequence.ok_or(OutreachError::NoSequence)?, form.version())
    };
    run(approved).await??;
    let toast = Toast::new("The changed texts are approved.");
    Ok(with_toast(see_other(&format!("/outreach/{worker}/sequence")), &cookies, &toast))
}

/// POST /sending/pause: the kill switch (G12).
pub async fn pause_all(app: web::Data<App>, actor: Actor, cookies: web::Data<Cookies>) -> Answer {
    run(move || workers::pause_all(&app, &actor)).await?.map_err(OutreachError::from)?;
    let toast = Toast::new(
        "Everything is paused, and the mails that waited are taken back. Only confirmations of meetings and answers that somebody writes by hand still leave.",
    )
    .with_undo("/sending/resume");
    Ok(with_toast(see_other("/outreach"), &cookies, &toast))
}

/// POST /sending/resume: those that "pause all" had switched off.
pub async fn resume_all(app: web::Data<App>, actor: Actor, cookies: web::Data<Cookies>) -> Answer {
    run(move || workers::resume_all(&app, &actor)).await?.map_err(OutreachError::from)?;
    Ok(with_toast(see_other("/outreach"), &cookies, &Toast::new("Sending is on again.").with_undo("/sending/pause")))
}
