//! What was asked for is declined, in two steps and with a reason for whoever asked; a proposed time is let go in one.

use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;

use super::detail::read_detail;
use super::ending::{EndForm, EndPage};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, BookError, Dismissed};
use crate::http::respond::with_toast;
use crate::http::{run, see_other, Cookies, Frame, PageError, Toast};

/// The page that asks; `None` when nobody asks for this time (any more).
fn page_of(app: &App, actor: &Actor, id: BookingId, form: EndForm) -> Result<Option<EndPage>, BookError> {
    actor.require(Permission::EditBookings)?;
    if !service::get(app, actor, id)?.is_request() {
        return Ok(None);
    }
    let detail = read_detail(app, actor, id)?;
    let what = match &detail.series {
        Some(series) => series.all_in_words(),
        None => detail.when,
    };
    let free = if detail.series.is_some() { "Their times are free again" } else { "The time is free again" };
    Ok(Some(EndPage {
        question: format!("Decline what {} asks for?", detail.who),
        consequence: format!("{what}. {free}, and {} is told by mail. This cannot be undone.", detail.who),
        action: format!("/calendar/{id}/dismiss"),
        back: format!("/calendar/{id}"),
        button: "Decline",
        busy: "Declining…",
        errors: form.errors(),
        reason: form.reason,
        ..EndPage::default()
    }))
}

fn answer(page: Option<EndPage>, frame: &Frame, id: BookingId) -> Result<HttpResponse, PageError> {
    let Some(page) = page else { return Ok(see_other(&format!("/calendar/{id}"))) };
    page.answer(frame, "Decline a request")
}

/// GET /calendar/{booking}/dismiss
pub(super) async fn ask(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let page = run(move || page_of(&app, &actor, id, EndForm::default())).await??;
    answer(page, &frame, id)
}

/// POST /calendar/{booking}/dismiss: what a visitor asked for is asked about first, unless that page sent the form.
pub(super) async fn dismiss(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<EndForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let done = run(move || {
        if !form.is_good() {
            if let Some(page) = page_of(&app, &actor, id, form.clone())? {
                return Ok(Err(page));
            }
        }
        service::dismiss(&app, &actor, id, &form.reason).map(Ok)
    })
    .await??;
    let words = match done {
        Err(page) => return answer(Some(page), &frame, id),
        Ok(Dismissed::Declined) => "Declined. Whoever asked is told.",
        Ok(Dismissed::Quietly) => "Dismissed. Nobody was written to.",
    };
    Ok(with_toast(see_other("/calendar"), &cookies, &Toast::new(words)))
}
