//! The calendar: the week, one booking, and what a person can do with it.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::errors::not_free_words;
use super::model::{Booking, State};
use super::service::{self, BookError, NewBooking};
use super::week::Week;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability;
use crate::base::{BookingId, EmailAddress, UnixMillis, WorkerId};
use crate::contacts;
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/calendar").route(web::get().to(week)))
        .service(web::resource("/calendar/week").route(web::get().to(week_part)))
        .service(web::resource("/calendar/new").route(web::get().to(new)).route(web::post().to(create)))
        .service(web::resource("/calendar/{booking}").route(web::get().to(detail)))
        .service(web::resource("/calendar/{booking}/accept").route(web::post().to(accept)))
        .service(web::resource("/calendar/{booking}/decline").route(web::post().to(decline)))
        .service(web::resource("/calendar/{booking}/dismiss").route(web::post().to(dismiss)))
        .service(web::resource("/calendar/{booking}/move").route(web::post().to(move_to)))
        .service(
            web::resource("/calendar/{booking}/cancel").route(web::get().to(ask_cancel)).route(web::post().to(cancel)),
        );
    super::hours::routes(config);
}

// ---- the week ----

#[derive(Deserialize)]
struct WeekQuery {
    /// Any day of the week: `2026-11-23`. What is no date shows this week.
    week: Option<String>,
}

#[derive(Template)]
#[template(path = "bookings/week.html")]
struct WeekPage {
    layout: Layout,
    week: Week,
    can_book: bool,
}

#[derive(Template)]
#[template(path = "bookings/_week.html")]
struct WeekPart {
    week: Week,
}

async fn read_week(app: Data<App>, actor: Actor, query: &WeekQuery) -> Result<Week, PageError> {
    let date = query.week.as_ref().and_then(|text| text.parse::<Date>().ok());
    Ok(run(move || Week::read(&app, &actor, date)).await??)
}

/// GET /calendar?week=2026-11-23
async fn week(app: Data<App>, actor: Actor, frame: Frame, query: Query<WeekQuery>) -> Result<HttpResponse, PageError> {
    let can_book = actor.may(Permission::EditBookings);
    let week = read_week(app, actor, &query).await?;
    html(StatusCode::OK, &WeekPage { layout: frame.live_layout("Calendar"), week, can_book })
}

/// GET /calendar/week: the part that changes while the page is open.
async fn week_part(app: Data<App>, actor: Actor, query: Query<WeekQuery>) -> Result<HttpResponse, PageError> {
    let week = read_week(app, actor, &query).await?;
    html(StatusCode::OK, &WeekPart { week })
}

// ---- one booking ----

#[derive(Template)]
#[template(path = "bookings/detail.html")]
struct DetailPage {
    layout: Layout,
    booking: Booking,
    who: String,
    company: String,
    worker: String,
    when: String,
    /// On the guest's own clock, where it shows another hour.
    guest_when: String,
    book_words: String,
    /// Time and words, newest first.
    history: Vec<(String, String)>,
    can_edit: bool,
    date: String,
    time: String,
    errors: FieldErrors,
}

/// Date and time as the browser's fields send them, on the clock of the working hours.
#[derive(Clone, Debug, Default, Deserialize)]
struct WhenForm {
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
}

impl WhenForm {
    fn of(at: UnixMillis, zone: &TimeZone) -> Self {
        let at = at.in_zone(zone);
        Self { date: at.date().to_string(), time: at.strftime("%H:%M").to_string() }
    }

    fn read(&self, zone: &TimeZone, errors: &mut FieldErrors) -> Option<UnixMillis> {
        let date = self.date.trim().parse::<Date>().ok();
        let time = self.time.trim().parse::<Time>().ok();
        if date.is_none() {
            errors.add("date", "Choose a day, for example 2026-11-24.");
        }
        if time.is_none() {
            errors.add("time", "Write the time as 10:30.");
        }
        Some(date?.to_datetime(time?).to_zoned(zone.clone()).ok()?.timestamp().into())
    }
}

fn read_detail(app: &App, actor: &Actor, id: BookingId) -> Result<DetailPage, BookError> {
    let booking = service::get(app, actor, id)?;
    let schedule = availability::schedule_of(&app.store, actor.workspace)?;
    let (ours, theirs) = (schedule.time_zone(), TimeZone::get(&booking.guest_zone).unwrap_or(TimeZone::UTC));
    let contact = contacts::get(&app.store, actor.workspace, booking.contact)?;
    let worker = match booking.worker {
        Some(worker) => workers::get(&app.store, actor.workspace, worker)?,
        None => None,
    };
    let (start, guest) = (booking.start.in_zone(&ours), booking.start.in_zone(&theirs));
    let until = booking.end.in_zone(&ours).strftime("%H:%M").to_string();
    let form = WhenForm::of(booking.start, &ours);
    let noted = |at: UnixMillis| at.in_zone(&ours).strftime("%a %-d %b, %H:%M").to_string();
    Ok(DetailPage {
        layout: Layout::default(),
        who: contact.as_ref().map(|contact| contact.name()).unwrap_or_default(),
        company: contact.map(|contact| contact.company).unwrap_or_default(),
        worker: worker.map(|worker| worker.name).unwrap_or_default(),
        when: format!("{} to {until}", start.strftime("%A %-d %B %Y, %H:%M")),
        guest_when: match start.datetime() == guest.datetime() {
            true => String::new(),
            false => format!("{}, {}", guest.strftime("%a %-d %b, %H:%M"), booking.guest_zone),
        },
        book_words: format!("Book {}", start.strftime("%H:%M")),
        history: booking.history.iter().rev().map(|note| (noted(note.at), note.words.clone())).collect(),
        can_edit: actor.may(Permission::EditBookings),
        date: form.date,
        time: form.time,
        errors: FieldErrors::default(),
        booking,
    })
}

/// GET /calendar/{booking}
async fn detail(app: Data<App>, actor: Actor, frame: Frame, path: Path<BookingId>) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let page = run(move || read_detail(&app, &actor, id)).await??;
    let layout = frame.layout(page.booking.title.clone());
    html(StatusCode::OK, &DetailPage { layout, ..page })
}

/// POST /calendar/{booking}/accept
async fn accept(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let (done, zone) = run(move || {
        let zone = zone_of(&app, &actor);
        (service::accept(&app, &actor, id), zone)
    })
    .await?;
    match done {
        Ok(booking) => {
            let toast = Toast::new("Booked. The invitation and a confirmation are on their way.");
            Ok(with_toast(see_other(&format!("/calendar/{}", booking.id)), &cookies, &toast))
        }
        Err(BookError::NotFree { why, free }) => {
            let what = not_free_words(&why, &free, &zone);
            Err(PageError::conflict(what, "Go back and press “Offer other times”."))
        }
        Err(error) => Err(error.into()),
    }
}

/// POST /calendar/{booking}/decline: a draft with other times.
async fn decline(
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

/// POST /calendar/{booking}/dismiss
async fn dismiss(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    run(move || service::dismiss(&app, &actor, id)).await??;
    Ok(with_toast(see_other("/calendar"), &cookies, &Toast::new("Dismissed. Nobody was written to.")))
}

/// POST /calendar/{booking}/move: 422 with the page when the time will not do.
async fn move_to(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<WhenForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let (errors, page) = run(move || {
        let zone = zone_of(&app, &actor);
        let mut errors = FieldErrors::default();
        if let Some(start) = form.read(&zone, &mut errors) {
            match service::move_to(&app, &actor, id, start) {
                Ok(_) => {}
                Err(BookError::NotFree { why, free }) => errors.add("time", not_free_words(&why, &free, &zone)),
                Err(error) => return Err(error),
            }
        }
        let page = DetailPage { date: form.date, time: form.time, ..read_detail(&app, &actor, id)? };
        Ok::<_, BookError>((errors, page))
    })
    .await??;
    if errors.is_empty() {
        let toast = Toast::new("Moved. The calendar and the guest hear of it.");
        return Ok(with_toast(see_other(&format!("/calendar/{id}")), &cookies, &toast));
    }
    let layout = frame.layout(page.booking.title.clone());
    html(StatusCode::UNPROCESSABLE_ENTITY, &DetailPage { layout, errors, ..page })
}

/// GET /calendar/{booking}/cancel
async fn ask_cancel(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let id = path.into_inner();
    let page = run(move || read_detail(&app, &actor, id)).await??;
    let confirm = ConfirmPage {
        layout: frame.layout("Cancel a meeting"),
        question: format!("Cancel the meeting with {}?", page.who),
        consequence: format!("{}. The event leaves both calendars, and {} is told by mail.", page.when, page.who),
        button: "Cancel the meeting".into(),
        action: format!("/calendar/{id}/cancel"),
        fields: Vec::new(),
        back: format!("/calendar/{id}"),
    };
    html(StatusCode::OK, &confirm)
}

/// POST /calendar/{booking}/cancel
async fn cancel(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    run(move || service::cancel(&app, &actor, id, "")).await??;
    Ok(with_toast(see_other(&format!("/calendar/{id}")), &cookies, &Toast::new("Cancelled. The guest is told.")))
}

// ---- a booking by hand ----

#[derive(Template)]
#[template(path = "bookings/new.html")]
struct NewPage {
    layout: Layout,
    form: NewForm,
    workers: Vec<Choice>,
    zone: String,
    errors: FieldErrors,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct NewForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    worker: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
}

/// GET /calendar/new
async fn new(app: Data<App>, actor: Actor, frame: Frame, form: Query<NewForm>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("Book a meeting");
    let form = form.into_inner();
    let page = run(move || new_page(&app, &actor, form, FieldErrors::default())).await??;
    html(StatusCode::OK, &NewPage { layout, ..page })
}

/// POST /calendar/new: 303 to the booking; 422 with the typed text when something will not do.
async fn create(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<NewForm>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let form = form.into_inner();
    let outcome = run(move || {
        let mut errors = FieldErrors::default();
        match try_create(&app, &actor, &form, &mut errors)? {
            Some(booking) => Ok(Ok(booking)),
            None => new_page(&app, &actor, form, errors).map(Err),
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
    let start = WhenForm { date: form.date.clone(), time: form.time.clone() }.read(&zone, errors);
    let (Some(contact), Some(worker), Some(start)) = (found, worker, start) else { return Ok(None) };
    match service::create(app, actor, &NewBooking { contact: contact.id, worker, start }) {
        Ok(booking) => Ok(Some(booking)),
        Err(BookError::NotFree { why, free }) => {
            errors.add("time", not_free_words(&why, &free, &zone));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn new_page(app: &App, actor: &Actor, form: NewForm, errors: FieldErrors) -> Result<NewPage, BookError> {
    let workers = workers::list(&app.store, actor.workspace)?;
    let with_calendar = workers.into_iter().filter(|worker| worker.calendar.is_some());
    let choice = |worker: workers::Worker| Choice {
        value: worker.id.to_string(),
        label: format!("{}, {} min ({})", worker.meeting.title, worker.meeting.minutes, worker.name),
    };
    let zone = availability::schedule_of(&app.store, actor.workspace)?.zone;
    let layout = Layout::default();
    Ok(NewPage { layout, form, workers: with_calendar.map(choice).collect(), zone, errors })
}

/// The clock on which a person reads and writes times here.
fn zone_of(app: &App, actor: &Actor) -> TimeZone {
    availability::schedule_of(&app.store, actor.workspace).map_or(TimeZone::UTC, |schedule| schedule.time_zone())
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
