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
use super::service::{self, warnings_words, Anyway, BookError, NewBooking};
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
        .service(web::resource("/calendar/{booking}/again").route(web::post().to(again)))
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
    /// Why it was not booked just now.
    refusal: Option<Refusal>,
    /// Sets the warnings about a move aside; empty when there are none.
    anyway: String,
}

/// A time that was not taken: why, what is free instead, and how to have it all the same.
struct Refusal {
    words: String,
    /// Where a person may insist: the field that says so. Else empty.
    anyway: String,
    /// Address of the form that failed.
    action: String,
    /// Starts (RFC 3339) that are free, and the words of their buttons.
    free: Vec<(String, String)>,
}

impl Refusal {
    /// `None` for errors that are not about the time.
    fn of(error: &BookError, action: String, zone: &TimeZone) -> Option<Self> {
        let (words, anyway, free) = match error {
            BookError::NotFree { why, free } => (why.words(), String::new(), free),
            BookError::Unsure { why, free } => (warnings_words(why), Anyway::field(why), free),
            _ => return None,
        };
        let free = free.iter().map(|span| {
            let words = span.start.in_zone(zone).strftime("Book %a %-d %b, %H:%M").to_string();
            (span.start.to_rfc3339(), words)
        });
        Some(Self { words, anyway, action, free: free.collect() })
    }
}

/// What was warned of and is wanted all the same.
#[derive(Clone, Debug, Default, Deserialize)]
struct AnywayForm {
    #[serde(default)]
    anyway: String,
    /// Another start (RFC 3339) than the one that was asked for.
    #[serde(default)]
    start: String,
}

/// Date and time as the browser's fields send them, on the clock of the working hours.
#[derive(Clone, Debug, Default, Deserialize)]
struct WhenForm {
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    anyway: String,
}

impl WhenForm {
    fn of(at: UnixMillis, zone: &TimeZone) -> Self {
        let at = at.in_zone(zone);
        let (date, time) = (at.date().to_string(), at.strftime("%H:%M").to_string());
        Self { date, time, anyway: String::new() }
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
        refusal: None,
        anyway: String::new(),
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

/// POST /calendar/{booking}/accept: 303 to the booking; 422 with its page when the time will not do.
async fn accept(
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
async fn again(
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
    /// Sets the warnings that stand in the errors aside; empty when there are none.
    anyway: String,
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
    #[serde(default)]
    anyway: String,
}

/// GET /calendar/new
async fn new(app: Data<App>, actor: Actor, frame: Frame, form: Query<NewForm>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("Book a meeting");
    let form = form.into_inner();
    let page = run(move || new_page(&app, &actor, form, FieldErrors::default(), String::new())).await??;
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
        Err(error) => {
            *anyway = add_refusal(error, &zone, errors)?;
            Ok(None)
        }
    }
}

/// Says beside the time why it will not do; gives the field that sets mere warnings aside. Other errors go on.
fn add_refusal(error: BookError, zone: &TimeZone, errors: &mut FieldErrors) -> Result<String, BookError> {
    let (words, free, anyway) = match error {
        BookError::NotFree { why, free } => (why.words(), free, String::new()),
        BookError::Unsure { why, free } => (warnings_words(&why), free, Anyway::field(&why)),
        other => return Err(other),
    };
    errors.add("time", not_free_words(&words, &free, zone));
    Ok(anyway)
}

fn new_page(
    app: &App,
    actor: &Actor,
    form: NewForm,
    errors: FieldErrors,
    anyway: String,
) -> Result<NewPage, BookError> {
    let workers = workers::list(&app.store, actor.workspace)?;
    let with_calendar = workers.into_iter().filter(|worker| worker.calendar.is_some());
    let choice = |worker: workers::Worker| Choice {
        value: worker.id.to_string(),
        label: format!("{}, {} min ({})", worker.meeting.title, worker.meeting.minutes, worker.name),
    };
    let zone = availability::schedule_of(&app.store, actor.workspace)?.zone;
    let layout = Layout::default();
    Ok(NewPage { layout, form, workers: with_calendar.map(choice).collect(), zone, errors, anyway })
}

/// The clock on which a person reads and writes times here.
fn zone_of(app: &App, actor: &Actor) -> TimeZone {
    availability::schedule_of(&app.store, actor.workspace).map_or(TimeZone::UTC, |schedule| schedule.time_zone())
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
