//! A visitor takes a time: it is kept when they choose it, and booked when they send the form.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::asking::Gone;
use super::commit::{self, NotBooked};
use super::details::{details_page, DetailsPage};
use super::guest_form::read_form;
use super::hold::hold;
use super::manage::pay_path;
use super::month::{month_page, MonthPage};
use super::routing;
use super::series::{self, Refused};
use super::token::{manage_path, Held};
use super::visit::{broken, enter, language, said, Chosen, Tries};
use super::words as page_words;
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::words::Language;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, ClientIp, PageError};

/// POST /b/{workspace}/{event}/hold: keeps a time; 303 to the form, 409 with the times when it has just gone.
pub(super) async fn keep(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let place = enter(&app, &path).await?;
    let language = language(&chosen.lang, &place.event.language, &request);
    let answer = run(move || {
        let start = UnixMillis::parse_rfc3339(&chosen.start);
        let minutes = chosen.length.parse().unwrap_or_default();
        let held = start.map_or(Err(NotBooked::Taken), |start| hold(&app, &place.event, start, minutes));
        match held {
            Ok(held) => {
                let query = chosen.with(&[("hold", &held.token(&app))]);
                Ok(Ok(format!("/b/{}/{}/details{query}", path.0, path.1)))
            }
            Err(error) => {
                let trouble = trouble_words(&error, language)?;
                month_page(&app, &place, chosen, language, trouble).map(|page| Err(Box::new(page)))
            }
        }
    });
    match answer.await?? {
        Ok(to) => Ok(see_other(&to)),
        Err(page) => html(StatusCode::CONFLICT, &*page),
    }
}

/// What a visitor hears when a time cannot be had; what is broken is an error page.
pub(super) fn trouble_words(error: &NotBooked, language: Language) -> Result<String, PageError> {
    let words = page_words::of(language);
    Ok(match error {
        NotBooked::Taken => words.taken.to_owned(),
        NotBooked::Unreadable(_) => words.unreadable.to_owned(),
        NotBooked::TooLate => words.too_late.to_owned(),
        NotBooked::Closed => return Err(PageError::NotFound),
        NotBooked::Store(error) => return Err(PageError::internal("could not book", error)),
    })
}

/// POST /b/{workspace}/{event}: 303 to the page of the booking; 422 with the form; 409 with the times when this one has
/// gone.
pub(super) async fn book(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, typed) = (path.into_inner(), form.into_inner());
    let place = enter(&app, &path).await?;
    let text = |field: &str| said(&typed, field);
    let chosen = Chosen {
        tz: text("tz"),
        lang: text("lang"),
        source: text("source"),
        hold: text("hold"),
        route: text("route"),
        count: text("count"),
        ..Chosen::default()
    };
    let language = language(&chosen.lang, &place.event.language, &request);
    let answer = run(move || {
        let Some(held) = Held::read(&app, place.event.id, &chosen.hold) else {
            let trouble = page_words::of(language).taken.to_owned();
            return month_page(&app, &place, chosen, language, trouble).map(|page| Answered::Times(Box::new(page)));
        };
        let carried = routing::carried(&app, place.workspace.id, &chosen.route).map_err(broken)?;
        let wanted = match read_form(&place, &chosen, held, language, &typed, carried.answers) {
            Ok(wanted) => wanted,
            Err(mut errors) => {
                let refused = series::later_of(&app, &place.event, &held, &typed).map_err(broken)?.err();
                if refused == Some(Refused::Lacking) {
                    errors.add("leave_out", page_words::of(language).series.must_choose);
                }
                let page = details_page(&app, &place, &chosen, held, language, typed, (errors, &[]))?;
                return Ok(Answered::Form(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page)));
            }
        };
        let mut gone = Vec::new();
        let own = page_words::of(language).series;
        let look_again = |status, said, gone: &[Gone]| {
            let mut errors = FieldErrors::default();
            errors.add("leave_out", said);
            let page = details_page(&app, &place, &chosen, held, language, typed.clone(), (errors, gone))?;
            Ok(Answered::Form(status, Box::new(page)))
        };
        let later = match series::later_of(&app, &place.event, &held, &typed).map_err(broken)? {
            Ok(later) => later,
            Err(Refused::First) => {
                let trouble = trouble_words(&NotBooked::Taken, language)?;
                let page = month_page(&app, &place, chosen, language, trouble)?;
                return Ok(Answered::Times(Box::new(page)));
            }
            Err(refused) => {
                let said = if refused == Refused::Lacking { own.must_choose } else { own.gone };
                return look_again(StatusCode::UNPROCESSABLE_ENTITY, said, &[]);
            }
        };
        let booked = match place.event.repeats {
            Some(_) => commit::book_series(&app, &place.event, &wanted, &later, &mut gone),
            None => commit::book(&app, &place.event, &wanted),
        };
        match booked {
            Ok(booking) => Ok(Answered::Booked(next_path(&app, &booking)?)),
            // The first is kept: only a later date can have gone.
            Err(NotBooked::Taken | NotBooked::Unreadable(_))
                if !later.is_empty() && held.until > app.now() && !gone.iter().any(|one| one.start == held.start) =>
            {
                look_again(StatusCode::CONFLICT, own.gone, &gone)
            }
            Err(error) => {
                let trouble = trouble_words(&error, language)?;
                month_page(&app, &place, chosen, language, trouble).map(|page| Answered::Times(Box::new(page)))
            }
        }
    });
    match answer.await?? {
        Answered::Booked(to) => Ok(see_other(&to)),
        Answered::Form(status, page) => html(status, &*page),
        Answered::Times(page) => html(StatusCode::CONFLICT, &*page),
    }
}

/// The page of the booking, or first the one on which it is paid for.
pub(super) fn next_path(app: &App, booking: &Booking) -> Result<String, PageError> {
    let path = pay_path(app, booking).map_err(broken)?;
    Ok(path.unwrap_or_else(|| manage_path(app, booking)))
}

enum Answered {
    Booked(String),
    Form(StatusCode, Box<DetailsPage>),
    Times(Box<MonthPage>),
}
