//! The page of one booking for the person who made it: what it is, cancelling it, a file for the calendar.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::after_words;
use super::guest_form::{one_line_end, too_long};
use super::moves::may_change;
use super::paid_words::{money, Money};
use super::series::{listed, Listed};
use super::token::{manage_path, read_booking, PREFIX};
use super::visit::{broken, language, layout, spoken, zone_of, Place, Tries};
use super::words::{self as page_words, Words};
use super::{moving, moving_words};
use crate::app::App;
use crate::audit::Who;
use crate::base::UnixMillis;
use crate::bookings::model::{Booking, State};
use crate::bookings::series::{end_rest, read};
use crate::bookings::service::{end, BookError, End, LONGEST_REASON};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::bookings::{store, types};
use crate::http::layout::PublicLayout;
use crate::http::{html, run, see_other, ClientIp, PageError};
use crate::identity;
use crate::payments;
use crate::store::StoreError;
use crate::workspaces;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/booking/{token}").route(web::get().to(show)))
        .service(web::resource("/booking/{token}/calendar.ics").route(web::get().to(file)))
        .service(
            web::resource("/booking/{token}/cancel").route(web::get().to(ask_cancel)).route(web::post().to(cancel)),
        );
    moving::routes(config);
}

#[derive(Template)]
#[template(path = "bookings/public_booking.html")]
pub(super) struct BookingPage {
    layout: PublicLayout,
    words: &'static Words,
    business: String,
    title: String,
    heading: &'static str,
    tone: &'static str,
    when: String,
    place: String,
    link: String,
    link_follows: bool,
    /// Cancelled: why.
    reason: String,
    /// Who holds it; empty where nobody does any more.
    hosts: String,
    hosts_label: &'static str,
    /// The addresses of those who come along.
    others: String,
    answers: Vec<(String, String)>,
    here: String,
    /// Where another time is chosen; empty when it may not be changed any more.
    moves: String,
    may_cancel: bool,
    /// Where it is paid for; empty when nothing is to be paid.
    pay: String,
    too_late: bool,
    is_over: bool,
    stands: bool,
    book_again: String,
    /// The question before it is cancelled.
    asks: bool,
    needs_reason: bool,
    error: String,
    /// Why, as they typed it.
    reason_typed: String,
    longest_reason: String,
    trouble: String,
    /// It was moved just now, in words.
    moved: String,
    /// It is one of several dates.
    series: Option<Listed>,
    /// All later ones would end with it.
    ends_rest: bool,
    money: Money,
    /// What happens next; empty where nothing is to come.
    next: String,
    is_booked: bool,
}

impl BookingPage {
    /// As it stands, below why what was asked could not be done.
    pub(super) fn with_trouble(self, trouble: String) -> Self {
        Self { trouble, ..self }
    }
}

fn find(app: &App, token: &str) -> Result<(Place, Booking), PageError> {
    let (workspace, id) = read_booking(app, token).ok_or(PageError::NotFound)?;
    let found = match workspaces::get(&app.store, workspace) {
        // A workspace that was erased has no key to open rows with.
        Err(crate::store::StoreError::KeyGone) => None,
        found => found.map_err(broken)?,
    };
    let workspace = found.ok_or(PageError::NotFound)?;
    let booking = store::get(&app.store, workspace.id, id).map_err(broken)?.ok_or(PageError::NotFound)?;
    let event = booking.details.event_type.ok_or(PageError::NotFound)?;
    let event = types::get(&app.store, workspace.id, event).map_err(broken)?.ok_or(PageError::NotFound)?;
    Ok((Place { workspace, event }, booking))
}

fn host_names(app: &App, booking: &Booking) -> Result<String, PageError> {
    let names = app.store.read(|txn| {
        let mut names = Vec::new();
        for host in &booking.details.hosts {
            names.extend(identity::find(txn, *host)?.map(|user| user.name));
        }
        Ok::<_, StoreError>(names)
    });
    Ok(names.map_err(broken)?.join(", "))
}

/// Where a booking is paid for that waits for it.
pub fn pay_path(app: &App, booking: &Booking) -> Result<Option<String>, StoreError> {
    let Some(payment) = booking.details.payment.filter(|_| booking.state == State::Unpaid) else { return Ok(None) };
    let found = payments::get(&app.store, booking.workspace, payment)?;
    Ok(found.map(|payment| payments::link_path(app, &payment)))
}

pub(super) fn page(app: &App, place: &Place, booking: &Booking, language: Language) -> Result<BookingPage, PageError> {
    let (event, words, now) = (&place.event, page_words::of(language), app.now());
    let zone = TimeZone::get(&booking.guest_zone).unwrap_or(TimeZone::UTC);
    let city = crate::base::city_of(&booking.guest_zone);
    let (heading, tone) = match &booking.state {
        State::Proposed { .. } => (words.requested, "warn"),
        State::Unpaid => (words.unpaid, "warn"),
        State::Held | State::Confirmed => (words.booked, "ok"),
        State::Cancelled { .. } | State::Failed { .. } => (words.cancelled, ""),
    };
    let stands = booking.state.is_booked() || booking.is_request();
    let (is_over, changeable) = (booking.end <= now, may_change(event, booking, now));
    let here = manage_path(app, booking);
    let path = format!("/b/{}/{}", place.workspace.slug, event.slug);
    let token = here.strip_prefix(PREFIX).map(|rest| rest.trim_start_matches('/')).unwrap_or_default();
    let query =
        |pairs: &[(&str, &str)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let day = booking.start.in_zone(&zone).date().to_string();
    let moves = query(&[("move", token), ("tz", &booking.guest_zone), ("lang", language.tag()), ("day", &day)]);
    let link = booking.video_link.clone().filter(|_| booking.state.is_booked()).unwrap_or_default();
    let mut money = money(app, event, booking, language, now).map_err(broken)?;
    let series = listed(app, booking, (language, now), words.series).map_err(broken)?;
    let series = series.map(|series| series.with_money(&mut money));
    Ok(BookingPage {
        layout: layout(&event.name, language, &place.workspace),
        business: place.workspace.name.clone(),
        title: event.name.clone(),
        when: format!("{} ({city})", words::stretch(language, booking.start, booking.end, &zone)),
        place: match &event.location {
            types::Location::WeCall => words.we_call.to_owned(),
            types::Location::TheyCall { .. } => fill(words.they_call, &[("number", &booking.place)]),
            _ => booking.place.clone(),
        },
        link_follows: booking.video && link.is_empty() && stands,
        link,
        reason: match &booking.state {
            State::Cancelled { reason } => reason.clone(),
            _ => String::new(),
        },
        hosts: if stands { host_names(app, booking)? } else { String::new() },
        hosts_label: after_words::with(language),
        others: booking.details.guests.join(", "),
        answers: booking.details.answers.iter().map(|one| (one.question.clone(), one.answer.clone())).collect(),
        moves: if changeable { format!("{path}?{moves}") } else { String::new() },
        may_cancel: changeable,
        pay: pay_path(app, booking).ok().flatten().unwrap_or_default(),
        too_late: stands && !is_over && !changeable,
        is_over,
        stands,
        book_again: if stands { String::new() } else { path },
        asks: false,
        needs_reason: event.needs_reason,
        error: String::new(),
        reason_typed: String::new(),
        longest_reason: LONGEST_REASON.to_string(),
        trouble: String::new(),
        moved: String::new(),
        series,
        ends_rest: false,
        next: after_words::next(booking, language, now),
        is_booked: booking.state.is_booked(),
        money,
        words,
        heading,
        tone,
        here,
    })
}

#[derive(Deserialize)]
struct Before {
    /// The start to which it was moved just now (RFC 3339).
    #[serde(default)]
    moved: String,
    /// The clock and the language in which they chose it.
    #[serde(default)]
    tz: String,
    #[serde(default)]
    lang: String,
}

/// GET /booking/{token}
async fn show(
    app: Data<App>,
    request: HttpRequest,
    token: Path<String>,
    before: Query<Before>,
) -> Result<HttpResponse, PageError> {
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let language = spoken(&before.lang, "").unwrap_or_else(|| own_language(&booking, &request));
    let is_there = UnixMillis::parse_rfc3339(&before.moved) == Some(booking.start);
    let page = run(move || {
        let clocks = Clocks::of(&zone_of(&before.tz, &booking.guest_zone).0, &booking.guest_zone);
        let page = page(&app, &place, &booking, language)?;
        let moved = match is_there && page.stands {
            true => moving_words::moved(language, &words::when(language, booking.start, &clocks)),
            false => String::new(),
        };
        Ok::<_, PageError>(BookingPage { moved, ..page })
    });
    html(StatusCode::OK, &page.await??)
}

pub(super) async fn opened(app: &Data<App>, token: String) -> Result<(Place, Booking), PageError> {
    let app = app.clone();
    run(move || find(&app, &token)).await?
}

/// The language in which it was booked.
pub(super) fn own_language(booking: &Booking, request: &HttpRequest) -> Language {
    language(&booking.language, "", request)
}

/// GET /booking/{token}/cancel: asks first.
async fn ask_cancel(app: Data<App>, request: HttpRequest, token: Path<String>) -> Result<HttpResponse, PageError> {
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let language = own_language(&booking, &request);
    let page = run(move || page(&app, &place, &booking, language)).await??;
    if !page.may_cancel {
        return Ok(see_other(&page.here));
    }
    html(StatusCode::OK, &BookingPage { asks: true, ..page })
}

#[derive(Deserialize)]
struct CancelForm {
    #[serde(default)]
    reason: String,
    /// Of a series: `one` date, or it and the `rest`.
    #[serde(default)]
    scope: String,
}

/// POST /booking/{token}/cancel: 303 to the booking; 422 when the reason is missing or too long.
async fn cancel(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    token: Path<String>,
    form: Form<CancelForm>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let language = own_language(&booking, &request);
    let page = {
        let (app, booking) = (app.clone(), booking.clone());
        run(move || page(&app, &place, &booking, language)).await??
    };
    if !page.may_cancel {
        return Ok(see_other(&page.here));
    }
    let ends_rest = form.scope == "rest" && booking.details.series.is_some();
    let reason = one_line_end(&form.reason);
    let wrong = match reason.is_empty() {
        true => page.needs_reason.then(|| page.words.wrong_reason.to_owned()),
        false => too_long(&reason, LONGEST_REASON, language),
    };
    if let Some(error) = wrong {
        let page = BookingPage { asks: true, error, ends_rest, reason_typed: reason, ..page };
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let here = page.here;
    let ended = run(move || {
        let by = format!("{} (the guest)", booking.details.name);
        let by = End { who: Who::Visitor, by: &by, reason: &reason };
        match ends_rest {
            true => end_rest(&app, booking.workspace, &booking, &by).map(drop),
            false => end(&app, booking.workspace, booking.id, &by).map(drop),
        }
    });
    match ended.await? {
        // Cancelled meanwhile: the page shows how it stands.
        Ok(()) | Err(BookError::NotOpen(_)) => Ok(see_other(&here)),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct FileQuery {
    /// All dates of its series.
    #[serde(default)]
    all: String,
}

/// GET /booking/{token}/calendar.ics
async fn file(app: Data<App>, token: Path<String>, query: Query<FileQuery>) -> Result<HttpResponse, PageError> {
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let text = run(move || {
        let all = if query.all.is_empty() { Vec::new() } else { read(&app, &booking).map_err(broken)? };
        let all = if all.is_empty() { vec![booking] } else { all };
        Ok::<_, PageError>(super::file::calendar_file(&app, &place, &all))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"booking.ics\""))
        .body(text.await??))
}
