//! Moving a booking: the question that is asked before it, and the move itself.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;

use super::detail::{read_detail, DetailPage};
use super::when::{add_refusal, zone_of, WhenForm};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, warnings_words, Anyway, BookError};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// The question. It is the same in the dialog that the calendar's script shows.
#[derive(Template)]
#[template(path = "bookings/move.html")]
pub(super) struct MovePage {
    pub(super) layout: Layout,
    pub(super) id: BookingId,
    pub(super) who: String,
    /// "Tuesday 24 November, 10:30", now and then.
    pub(super) now: String,
    pub(super) then: String,
    /// What speaks against the time, in words; empty when nothing does.
    pub(super) against: String,
    /// Where it can be moved there nevertheless: the field that says so.
    pub(super) anyway: String,
    /// It cannot be moved there at all.
    pub(super) is_refused: bool,
    /// Times near it that are free: the address of their question, and their words.
    pub(super) free: Vec<(String, String)>,
    pub(super) form: WhenForm,
}

/// GET /calendar/{booking}/move?date=2026-11-26&time=11:30&back=/calendar
pub(super) async fn ask(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
    form: Query<WhenForm>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let (id, form) = (path.into_inner(), form.into_inner());
    let page = run(move || question(&app, &actor, id, form)).await??;
    let layout = frame.layout("Move a meeting");
    match page {
        Some(page) => html(StatusCode::OK, &MovePage { layout, ..page }),
        // Without a time there is nothing to ask: the form stands on the booking's page.
        None => Ok(see_other(&format!("/calendar/{id}#move"))),
    }
}

pub(super) fn question(app: &App, actor: &Actor, id: BookingId, form: WhenForm) -> Result<Option<MovePage>, BookError> {
    let zone = zone_of(app, actor);
    let page = read_detail(app, actor, id)?;
    let Some(start) = form.read(&zone, &mut FieldErrors::default()) else { return Ok(None) };
    let mut asked = MovePage {
        layout: Layout::default(),
        id,
        who: page.who,
        now: page.booking.start.in_zone(&zone).strftime("%A %-d %B, %H:%M").to_string(),
        then: start.in_zone(&zone).strftime("%A %-d %B, %H:%M").to_string(),
        against: String::new(),
        anyway: String::new(),
        is_refused: false,
        free: Vec::new(),
        form,
    };
    let free = match service::may_move_to(app, actor, id, start) {
        Ok(()) => return Ok(Some(asked)),
        Err(BookError::NotFree { why, free }) => {
            asked.against = why.words();
            asked.is_refused = true;
            free
        }
        Err(BookError::Unsure { why, free }) => {
            asked.against = warnings_words(&why);
            asked.anyway = Anyway::field(&why);
            free
        }
        Err(error) => return Err(error),
    };
    let free = free.iter().map(|span| {
        let when = WhenForm { back: asked.form.back.clone(), ..WhenForm::of(span.start, &zone) };
        (when.address(id), span.start.in_zone(&zone).strftime("%a %-d %b, %H:%M").to_string())
    });
    asked.free = free.collect();
    Ok(Some(asked))
}

/// POST /calendar/{booking}/move: 303 to where it was asked from; 422 with the page when the time will not do.
pub(super) async fn move_to(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<WhenForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let back = form.back_or(id);
    let (errors, page) = run(move || {
        let zone = zone_of(&app, &actor);
        let (mut errors, mut anyway) = (FieldErrors::default(), String::new());
        if let Some(start) = form.read(&zone, &mut errors) {
            match service::move_to(&app, &actor, id, start, &Anyway::parse(&form.anyway)) {
                Ok(_) => {}
                Err(error) => anyway = add_refusal(error, &zone, &mut errors)?,
            }
        }
        let page = DetailPage { date: form.date, time: form.time, anyway, ..read_detail(&app, &actor, id)? };
        Ok::<_, BookError>((errors, page))
    })
    .await??;
    if errors.is_empty() {
        let toast = Toast::new("Moved. The calendar and the guest hear of it.");
        return Ok(with_toast(see_other(&back), &cookies, &toast));
    }
    let layout = frame.layout(page.booking.title.clone());
    html(StatusCode::UNPROCESSABLE_ENTITY, &DetailPage { layout, errors, ..page })
}
