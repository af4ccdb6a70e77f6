//! A booking by hand.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::when::{add_refusal, zone_of, WhenForm};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability;
use crate::base::{EmailAddress, WorkerId};
use crate::bookings::model::Booking;
use crate::bookings::service::{self, Anyway, BookError, NewBooking};
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers;

#[derive(Template)]
#[template(path = "bookings/new.html")]
struct NewPage {
    layout: Layout,
    form: NewForm,
    workers: Vec<Choice>,
    zone: String,
    errors: FieldErrors,
    /// Sets the warnings that stand in the errors aside; empty when there are none.
    anyway: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct NewForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    worker: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    anyway: String,
}

/// GET /calendar/new
pub(super) async fn new(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    form: Query<NewForm>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("Book a meeting");
    let form = form.into_inner();
    let page = run(move || new_page(&app, &actor, form, FieldErrors::default(), String::new())).await??;
    html(StatusCode::OK, &NewPage { layout, ..page })
}

/// POST /calendar/new: 303 to the booking; 422 with the typed text when something will not do.
pub(super) async fn create(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<NewForm>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let form = form.into_inner();
    let outcome = run(move || {
        let (mut errors, mut anyway) = (FieldErrors::default(), String::new());
        match try_create(&app, &actor, &form, &mut errors, &mut anyway)? {
            Some(booking) => Ok(Ok(booking)),
            None => new_page(&app, &actor, form, errors, anyway).map(Err),
        }
    })
    .await?;
    match outcome.map_err(|error: BookError| PageError::from(error))? {
        Ok(booking) => {
            let toast = Toast::new("Booked. The invitation is on its way.");
            Ok(with_toast(see_other(&format!("/calendar/{}", booking.id)), &cookies, &toast))
        }
        Err(page) => {
            html(StatusCode::UNPROCESSABLE_ENTITY, &NewPage { layout: frame.layout("Book a meeting"), ..page })
        }
    }
}

fn try_create(
    app: &App,
    actor: &Actor,
    form: &NewForm,
    errors: &mut FieldErrors,
    anyway: &mut String,
) -> Result<Option<Booking>, BookError> {
    let zone = zone_of(app, actor);
    let found = match EmailAddress::parse(&form.email) {
        Ok(address) => app.store.read(|txn| contacts::find_by_address(txn, actor.workspace, &address))?,
        Err(_) => None,
    };
    if found.is_none() {
        errors.add("email", "No contact has this address. Add the contact first.");
    }
    let worker = form.worker.parse::<WorkerId>().ok();
    if worker.is_none() {
        errors.add("worker", "Choose whose meeting it is.");
    }
    let when = WhenForm { date: form.date.clone(), time: form.time.clone(), ..WhenForm::default() };
    let start = when.read(&zone, errors);
    let (Some(contact), Some(worker), Some(start)) = (found, worker, start) else { return Ok(None) };
    let new = NewBooking { contact: contact.id, worker, start };
    match service::create(app, actor, &new, &Anyway::parse(&form.anyway)) {
        Ok(booking) => Ok(Some(booking)),
        Err(BookError::NoContact) => {
            errors.add("email", "This contact has no address that can be invited. Add one to the contact.");
            Ok(None)
        }
        Err(BookError::NoCalendar) => {
            errors.add("worker", "No calendar is chosen for this worker. Choose one in its settings.");
            Ok(None)
        }
        Err(BookError::NotOffered(words)) => {
            errors.add("worker", words);
            Ok(None)
        }
        Err(error) => {
            *anyway = add_refusal(error, &zone, errors)?;
            Ok(None)
        }
    }
}

fn new_page(
    app: &App,
    actor: &Actor,
    form: NewForm,
    errors: FieldErrors,
    anyway: String,
) -> Result<NewPage, BookError> {
    let workers = workers::list(&app.store, actor.workspace)?;
    let with_calendar = workers.into_iter().filter(workers::Worker::can_offer_times);
    let choice = |worker: workers::Worker| {
        let (title, minutes) = worker.meets_for();
        Choice { value: worker.id.to_string(), label: format!("{title}, {minutes} min ({})", worker.name) }
    };
    let zone = availability::schedule_of(&app.store, actor.workspace)?.zone;
    let layout = Layout::default();
    Ok(NewPage { layout, form, workers: with_calendar.map(choice).collect(), zone, errors, anyway })
}
