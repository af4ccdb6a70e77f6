//! What a person does with a booking: accept it, try again, offer other times.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use serde::Deserialize;

use super::detail::{read_detail, DetailPage, Refusal};
use super::when::zone_of;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{BookingId, UnixMillis};
use crate::bookings::model::Booking;
use crate::bookings::service::{self, Anyway, BookError};
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// What was warned of and is wanted all the same.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct AnywayForm {
    #[serde(default)]
    anyway: String,
    /// Another start (RFC 3339) than the one that was asked for.
    #[serde(default)]
    start: String,
}

/// POST /calendar/{booking}/accept: 303 to the booking; 422 with its page when the time will not do.
pub(super) async fn accept(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<AnywayForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let done = run(move || {
        let instead = UnixMillis::parse_rfc3339(&form.start);
        let done = service::accept(&app, &actor, id, instead, &Anyway::parse(&form.anyway));
        booked_or_page(&app, &actor, id, "accept", done)
    })
    .await??;
    answer_booked(done, &frame, &cookies, "Booked. The invitation and a confirmation are on their way.")
}

/// POST /calendar/{booking}/again: the calendar is asked once more; 422 with the page when the time has gone.
pub(super) async fn again(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<AnywayForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let done = run(move || {
        let done = service::try_again(&app, &actor, id, &Anyway::parse(&form.anyway));
        booked_or_page(&app, &actor, id, "again", done)
    })
    .await??;
    answer_booked(done, &frame, &cookies, "The calendar is asked again.")
}

/// The booking, or its page with why the time will not do.
fn booked_or_page(
    app: &App,
    actor: &Actor,
    id: BookingId,
    act: &str,
    done: Result<Booking, BookError>,
) -> Result<Result<Booking, Box<DetailPage>>, BookError> {
    let error = match done {
        Ok(booking) => return Ok(Ok(booking)),
        Err(error) => error,
    };
    let refusal = Refusal::of(&error, format!("/calendar/{id}/{act}"), &zone_of(app, actor)).ok_or(error)?;
    Ok(Err(Box::new(DetailPage { refusal: Some(refusal), ..read_detail(app, actor, id)? })))
}

fn answer_booked(
    done: Result<Booking, Box<DetailPage>>,
    frame: &Frame,
    cookies: &Cookies,
    toast: &'static str,
) -> Result<HttpResponse, PageError> {
    match done {
        Ok(booking) => Ok(with_toast(see_other(&format!("/calendar/{}", booking.id)), cookies, &Toast::new(toast))),
        Err(page) => {
            let layout = frame.layout(page.booking.title.clone());
            html(StatusCode::UNPROCESSABLE_ENTITY, &DetailPage { layout, ..*page })
        }
    }
}

/// POST /calendar/{booking}/decline: a draft with other times.
pub(super) async fn decline(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let drafted = run(move || service::decline(&app, &actor, id)).await??;
    let words = match drafted {
        Some(_) => "Three other times are drafted. Read them, then let them go.",
        None => "An answer to this mail waits already.",
    };
    Ok(with_toast(see_other("/approvals"), &cookies, &Toast::new(words)))
}
