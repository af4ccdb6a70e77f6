//! A meeting is cancelled in two steps, with a reason for the guest.

use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;

use super::detail::read_detail;
use super::ending::{EndForm, EndPage};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, BookError};
use crate::http::respond::with_toast;
use crate::http::{run, see_other, Cookies, Frame, PageError, Toast};

fn page_of(app: &App, actor: &Actor, id: BookingId, form: EndForm) -> Result<EndPage, BookError> {
    actor.require(Permission::EditBookings)?;
    let detail = read_detail(app, actor, id)?;
    let (who, when) = (&detail.who, &detail.when);
    let rest = detail.series.as_ref().map(|series| series.rest).filter(|rest| form.is_rest() && *rest > 1);
    let (question, consequence) = match rest {
        Some(rest) => (
            format!("Cancel this and all later meetings with {who}: {rest} dates?"),
            format!("From {when} on. The events leave both calendars, and {who} is told of all of them in one mail."),
        ),
        None => (
            format!("Cancel the meeting with {who}?"),
            format!("{when}. The event leaves both calendars, and {who} is told by mail."),
        ),
    };
    Ok(EndPage {
        question,
        consequence,
        button: if rest.is_some() { "Cancel all of them" } else { "Cancel the meeting" },
        busy: "Cancelling…",
        action: format!("/calendar/{id}/cancel"),
        back: format!("/calendar/{id}"),
        is_rest: rest.is_some(),
        errors: form.errors(),
        reason: form.reason,
        ..EndPage::default()
    })
}

/// GET /calendar/{booking}/cancel
pub(super) async fn ask(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
    form: Query<EndForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    run(move || page_of(&app, &actor, id, form)).await??.answer(&frame, "Cancel a meeting")
}

/// POST /calendar/{booking}/cancel: 303 to the booking; the page that asks where it did not stand before, 422 with it
/// when the reason is too long.
pub(super) async fn cancel(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<EndForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let asks = run(move || {
        if !form.is_good() {
            return page_of(&app, &actor, id, form).map(Some);
        }
        match form.is_rest() {
            true => service::cancel_rest(&app, &actor, id, &form.reason),
            false => service::cancel(&app, &actor, id, &form.reason),
        }
        .map(|_| None)
    })
    .await??;
    match asks {
        Some(page) => page.answer(&frame, "Cancel a meeting"),
        None => Ok(with_toast(
            see_other(&format!("/calendar/{id}")),
            &cookies,
            &Toast::new("Cancelled. The guest is told."),
        )),
    }
}
