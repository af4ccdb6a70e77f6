//! What became of a meeting, and the team's notes on it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use serde::Deserialize;

use super::detail::{read_detail, DetailPage};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{BookingId, NoteId};
use crate::bookings::kept::Became;
use crate::bookings::service::{self, BookError};
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// POST /calendar/{booking}/no-show
pub(super) async fn no_show(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    note(app, actor, cookies, path.into_inner(), Some(Became::NoShow)).await
}

/// POST /calendar/{booking}/completed
pub(super) async fn completed(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    note(app, actor, cookies, path.into_inner(), Some(Became::Completed)).await
}

/// POST /calendar/{booking}/outcome/undo
pub(super) async fn take_back(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    note(app, actor, cookies, path.into_inner(), None).await
}

async fn note(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: BookingId,
    became: Option<Became>,
) -> Result<HttpResponse, PageError> {
    run(move || service::note_outcome(&app, &actor, id, became)).await??;
    let toast = match became {
        Some(Became::NoShow) => Toast::new("Noted as a no-show."),
        Some(Became::Completed) => Toast::new("Noted: it took place."),
        None => Toast::new("Taken back."),
    };
    let toast = match became {
        Some(_) => toast.with_undo(format!("/calendar/{id}/outcome/undo")),
        None => toast,
    };
    Ok(with_toast(see_other(&format!("/calendar/{id}")), &cookies, &toast))
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct NoteForm {
    #[serde(default)]
    note: String,
}

/// POST /calendar/{booking}/notes: 422 with the page and what was typed when the note will not do.
pub(super) async fn add_note(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
    form: Form<NoteForm>,
) -> Result<HttpResponse, PageError> {
    let (id, typed) = (path.into_inner(), form.into_inner().note);
    let refused = run(move || {
        let words = match service::add_note(&app, &actor, id, &typed) {
            Ok(_) => return Ok(None),
            Err(error @ (BookError::NoteLength | BookError::ManyNotes)) => error.words(),
            Err(error) => return Err(error),
        };
        let mut page = read_detail(&app, &actor, id)?;
        page.errors.add("note", words);
        Ok(Some(DetailPage { note: typed, ..page }))
    })
    .await?;
    match refused.map_err(|error: BookError| PageError::from(error))? {
        None => Ok(see_other(&format!("/calendar/{id}#notes"))),
        Some(page) => {
            let layout = frame.layout(page.booking.title.clone());
            html(StatusCode::UNPROCESSABLE_ENTITY, &DetailPage { layout, ..page })
        }
    }
}

/// POST /calendar/{booking}/notes/{note}/remove
pub(super) async fn remove_note(
    app: Data<App>,
    actor: Actor,
    path: Path<(BookingId, NoteId)>,
) -> Result<HttpResponse, PageError> {
    let (id, which) = path.into_inner();
    run(move || service::remove_note(&app, &actor, id, which)).await??;
    Ok(see_other(&format!("/calendar/{id}#notes")))
}
