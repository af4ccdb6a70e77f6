//! A visitor moves their booking: the time they touched is asked about first, and only the button moves it.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::guest_form::{one_line_end, too_long};
use super::manage::{opened, own_language, page};
use super::moves::{may_change, reschedule, Mover};
use super::moving_words;
use super::series::listed;
use super::taking::trouble_words;
use super::token::{manage_path, PREFIX};
use super::visit::{broken, layout, spoken, zone_of, Chosen, Place, Tries};
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::audit::Who;
use crate::base::{city_of, UnixMillis};
use crate::bookings::model::Booking;
use crate::bookings::service::LONGEST_REASON;
use crate::bookings::words::{self, Clocks, Language};
use crate::http::layout::PublicLayout;
use crate::http::{html, run, see_other, ClientIp, PageError};

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/booking/{token}/move").route(web::get().to(ask)).route(web::post().to(move_to)));
}

/// The question; it changes nothing.
#[derive(Template)]
#[template(path = "bookings/public_move.html")]
struct MovePage {
    layout: PublicLayout,
    words: &'static Words,
    business: String,
    title: String,
    /// "Date 3 of 8"; empty where it stands by itself.
    nth: String,
    question: String,
    /// On whose clock both times are.
    city: String,
    here: String,
    /// Where another time is chosen.
    times: String,
    wish: Wish,
    error: String,
    longest_reason: String,
}

/// Where it is to move, and on whose clock that was chosen.
#[derive(Clone, Debug, Deserialize)]
struct Wish {
    /// RFC 3339.
    #[serde(default)]
    start: String,
    /// IANA name.
    #[serde(default)]
    tz: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    reason: String,
}

impl Wish {
    /// `None` for what is no time, or the one it has.
    fn start(&self, booking: &Booking) -> Option<UnixMillis> {
        UnixMillis::parse_rfc3339(&self.start).filter(|start| *start != booking.start)
    }

    fn language(&self, booking: &Booking, request: &HttpRequest) -> Language {
        spoken(&self.lang, "").unwrap_or_else(|| own_language(booking, request))
    }
}

/// GET /booking/{token}/move?start=…: asks; 303 to the booking when it cannot move there.
async fn ask(
    app: Data<App>,
    request: HttpRequest,
    token: Path<String>,
    wish: Query<Wish>,
) -> Result<HttpResponse, PageError> {
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let (wish, here) = (wish.into_inner(), manage_path(&app, &booking));
    let language = wish.language(&booking, &request);
    let start = wish.start(&booking).filter(|_| may_change(&place.event, &booking, app.now()));
    let Some(start) = start else { return Ok(see_other(&here)) };
    let page = run(move || question(&app, &place, &booking, (start, wish), language));
    html(StatusCode::OK, &page.await??)
}

fn question(
    app: &App,
    place: &Place,
    booking: &Booking,
    (start, wish): (UnixMillis, Wish),
    language: Language,
) -> Result<MovePage, PageError> {
    let words = page_words::of(language);
    let (zone_name, zone) = zone_of(&wish.tz, &booking.guest_zone);
    let clocks = Clocks { guest: zone.clone(), ours: zone.clone() };
    let when = |at: UnixMillis| words::when(language, at, &clocks);
    let here = manage_path(app, booking);
    let chosen = Chosen {
        tz: zone_name.clone(),
        lang: language.tag().to_owned(),
        moves: here.trim_start_matches(PREFIX).trim_start_matches('/').to_owned(),
        ..Chosen::default()
    };
    let day = start.in_zone(&zone).date().to_string();
    let series = listed(app, booking, (language, app.now()), words.series).map_err(broken)?;
    Ok(MovePage {
        layout: layout(&place.event.name, language, &place.workspace),
        business: place.workspace.name.clone(),
        title: place.event.name.clone(),
        nth: series.map(|series| series.nth).unwrap_or_default(),
        question: moving_words::question(language, &when(booking.start), &when(start)),
        city: city_of(&zone_name),
        times: format!("/b/{}/{}{}", place.workspace.slug, place.event.slug, chosen.with(&[("day", &day)])),
        error: String::new(),
        longest_reason: LONGEST_REASON.to_string(),
        here,
        wish,
        words,
    })
}

/// POST /booking/{token}/move: 303 to the booking, which says so; 422 when the reason is too long; 409 with the booking
/// as it stands when the time has gone.
async fn move_to(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    token: Path<String>,
    wish: Form<Wish>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (place, booking) = opened(&app, token.into_inner()).await?;
    let (wish, here) = (wish.into_inner(), manage_path(&app, &booking));
    let language = wish.language(&booking, &request);
    if !may_change(&place.event, &booking, app.now()) {
        return Ok(see_other(&here));
    }
    let Some(start) = UnixMillis::parse_rfc3339(&wish.start) else { return Ok(see_other(&here)) };
    let wish = Wish { reason: one_line_end(&wish.reason), ..wish };
    if let Some(error) = too_long(&wish.reason, LONGEST_REASON, language) {
        let page = run(move || question(&app, &place, &booking, (start, wish), language)).await??;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &MovePage { error, ..page });
    }
    let (zone_name, _) = zone_of(&wish.tz, &booking.guest_zone);
    let answer = run(move || {
        let by = format!("{} (the guest)", booking.details.name);
        match reschedule(
            &app,
            &booking,
            start,
            &Mover { who: Who::Visitor, by: &by, reason: &wish.reason, insists: false },
        ) {
            Ok(_) => Ok(None),
            Err(error) => {
                let trouble = trouble_words(&error, language)?;
                page(&app, &place, &booking, language).map(|page| Some(page.with_trouble(trouble)))
            }
        }
    });
    match answer.await?? {
        None => {
            let chosen = Chosen { tz: zone_name, lang: language.tag().to_owned(), ..Chosen::default() };
            Ok(see_other(&format!("{here}{}", chosen.with(&[("moved", &start.to_rfc3339())]))))
        }
        Some(page) => html(StatusCode::CONFLICT, &page),
    }
}
