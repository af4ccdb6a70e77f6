//! The line as the team sees it: who waits, who was offered what; adding somebody, offering, taking off.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::desk::{self, LineError};
use super::letters::wish;
use super::model::Waiter;
use super::wish::days;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::Span;
use crate::base::{EmailAddress, EventTypeId, UnixMillis, WaiterId};
use crate::bookings::public::commit::Guest;
use crate::bookings::types::{self, EventType};
use crate::bookings::words::Language;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workspaces;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/event-types/{event}/waitlist").route(web::get().to(show)).route(web::post().to(add)))
        .service(web::resource("/event-types/{event}/waitlist/open").route(web::post().to(open)))
        .service(web::resource("/event-types/{event}/waitlist/{waiter}/offer").route(web::post().to(offer)))
        .service(web::resource("/event-types/{event}/waitlist/{waiter}/remove").route(web::post().to(remove)));
}

#[derive(Template)]
#[template(path = "bookings/waitlist.html")]
struct LinePage {
    layout: Layout,
    event: String,
    name: String,
    /// Visitors can join it, and are offered what is free.
    has_list: bool,
    /// It is on, and the event type itself is off.
    is_closed: bool,
    /// "120 minutes".
    patience: String,
    rows: Vec<Row>,
    may_edit: bool,
    typed: BTreeMap<String, String>,
    errors: FieldErrors,
}

struct Row {
    id: String,
    contact: String,
    name: String,
    email: String,
    /// "Any free time in November 2026".
    wish: String,
    /// "since Tue 24 Nov, 10:00, not confirmed yet".
    since: String,
    /// "Offered Thu 26 Nov, 11:00, until Tue 24 Nov, 12:00"; empty while they wait.
    offered: String,
}

impl LinePage {
    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

fn read_page(
    app: &App,
    actor: &Actor,
    layout: Layout,
    id: EventTypeId,
    (typed, errors): (BTreeMap<String, String>, FieldErrors),
) -> Result<LinePage, LineError> {
    let line = desk::list(app, actor, id)?;
    let event = types::get(&app.store, actor.workspace, id)?.ok_or(LineError::NotFound)?;
    let zone = home_zone(app, actor)?;
    let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
    Ok(LinePage {
        event: event.id.to_string(),
        has_list: event.waitlist.is_some() && event.is_open,
        is_closed: event.waitlist.is_some() && !event.is_open,
        patience: format!("{} minutes", event.waitlist.unwrap_or_default().offer_minutes),
        name: event.name,
        rows: line.iter().map(|waiter| row(waiter, &zone)).collect(),
        may_edit: actor.may(Permission::EditBookings),
        layout,
        typed,
        errors,
    })
}

fn row(waiter: &Waiter, zone: &TimeZone) -> Row {
    let at = |at: UnixMillis| at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string();
    let doubt = if waiter.confirmed_at.is_some() { "" } else { ", not confirmed yet" };
    let offer = waiter.offer().map(|offer| format!("Offered {}, until {}", at(offer.start), at(offer.until)));
    Row {
        id: waiter.id.to_string(),
        contact: waiter.contact.to_string(),
        name: waiter.name.clone(),
        email: waiter.email.display().to_owned(),
        wish: wish(waiter, Language::English),
        since: format!("since {}{doubt}", at(waiter.joined_at)),
        offered: offer.unwrap_or_default(),
    }
}

fn home_zone(app: &App, actor: &Actor) -> Result<String, LineError> {
    Ok(workspaces::get(&app.store, actor.workspace)?.map(|home| home.time_zone).unwrap_or_default())
}

/// GET /event-types/{event}/waitlist
async fn show(app: Data<App>, actor: Actor, frame: Frame, path: Path<EventTypeId>) -> Result<HttpResponse, PageError> {
    let layout = frame.live_layout("Waitlist");
    let page = run(move || read_page(&app, &actor, layout, path.into_inner(), Default::default()));
    html(StatusCode::OK, &page.await??)
}

/// POST /event-types/{event}/waitlist: 303 to the list; 422 with the form.
async fn add(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let (id, typed, layout) = (path.into_inner(), form.into_inner(), frame.live_layout("Waitlist"));
    let refused = run(move || {
        actor.require(Permission::EditBookings)?;
        let event = types::get(&app.store, actor.workspace, id)?.ok_or(LineError::NotFound)?;
        match read(&typed, &event, &home_zone(&app, &actor)?, app.now()) {
            Ok((guest, wish)) => desk::add(&app, &actor, id, &guest, wish).map(|_| None),
            Err(errors) => read_page(&app, &actor, layout, id, (typed, errors)).map(Some),
        }
    });
    match refused.await?? {
        None => Ok(done(&cookies, id, "On the list. They get a mail that says so.")),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

fn read(
    typed: &BTreeMap<String, String>,
    event: &EventType,
    zone: &str,
    now: UnixMillis,
) -> Result<(Guest, (Span, u32)), FieldErrors> {
    let text = |field: &str| typed.get(field).map_or("", |text| text.trim());
    let mut errors = FieldErrors::default();
    let name = text("name").to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        errors.add("name", "Write a name of at most 100 characters.");
    }
    let email = EmailAddress::parse(text("email")).ok();
    if email.is_none() {
        errors.add("email", "Write an e-mail address.");
    }
    let dates = text("from").parse::<Date>().ok().zip(text("to").parse::<Date>().ok());
    let clock = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let within = dates.and_then(|(from, to)| days(from, to, &clock, now)).filter(|within| desk::is_sized(within, now));
    if within.is_none() {
        errors.add("from", "Choose two days; the last one is still to come, and within 400 days.");
    }
    let (Some(email), Some(within), true) = (email, within, errors.is_empty()) else { return Err(errors) };
    let language = if event.language.is_empty() { "en".to_owned() } else { event.language.clone() };
    let guest = Guest { name, email, phone: String::new(), zone: zone.to_owned(), language, others: Vec::new() };
    Ok((guest, (within, event.duration(None))))
}

/// POST /event-types/{event}/waitlist/open
async fn open(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    run(move || types::start_waitlist(&app, &actor, id)).await??;
    Ok(done(&cookies, id, "Switched on. Visitors can join where a day or a month is full."))
}

/// POST /event-types/{event}/waitlist/{waiter}/offer
async fn offer(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<(EventTypeId, WaiterId)>,
) -> Result<HttpResponse, PageError> {
    let (event, waiter) = path.into_inner();
    run(move || desk::offer_now(&app, &actor, event, waiter)).await??;
    Ok(done(&cookies, event, "Offered. The time is kept for them."))
}

/// POST /event-types/{event}/waitlist/{waiter}/remove
async fn remove(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<(EventTypeId, WaiterId)>,
) -> Result<HttpResponse, PageError> {
    let (event, waiter) = path.into_inner();
    run(move || desk::remove(&app, &actor, event, waiter)).await??;
    Ok(done(&cookies, event, "Off the list."))
}

fn done(cookies: &Cookies, event: EventTypeId, words: &str) -> HttpResponse {
    with_toast(see_other(&format!("/event-types/{event}/waitlist")), cookies, &Toast::new(words))
}
