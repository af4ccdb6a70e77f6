//! Which calendar bookings are written to, and whose busy times count.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::{id_in, list, page_of};
use crate::app::App;
use crate::authz::Actor;
use crate::connections::error::ConnectionError;
use crate::connections::settings::{calendars, choose_calendars};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// GET /connections/<id>/calendars, and again with `error` when nothing fitting was chosen.
#[derive(Template)]
#[template(path = "connections/calendars.html")]
struct CalendarsPage {
    layout: Layout,
    href: String,
    address: String,
    offered: Vec<Offered>,
    error: String,
}

struct Offered {
    id: String,
    name: String,
    zone: String,
    is_writable: bool,
    is_written_to: bool,
    is_counted: bool,
}

pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let page = run(move || page(&app, &actor, &frame, id, String::new())).await??;
    html(StatusCode::OK, &page)
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: crate::base::ConnectionId,
    error: String,
) -> Result<CalendarsPage, ConnectionError> {
    let connection = list::get(app, actor, id)?;
    let chosen = connection.calendars().unwrap_or_default();
    let offered = calendars(app, actor, id)?
        .into_iter()
        .map(|calendar| Offered {
            is_written_to: chosen.write_to.as_deref() == Some(&calendar.id),
            is_counted: chosen.busy.contains(&calendar.id),
            is_writable: calendar.is_writable(),
            name: if calendar.summary.is_empty() { calendar.id.clone() } else { calendar.summary },
            zone: calendar.time_zone,
            id: calendar.id,
        })
        .collect();
    Ok(CalendarsPage {
        layout: frame.layout("Calendars"),
        href: page_of(id),
        address: connection.address.display().to_owned(),
        offered,
        error,
    })
}

/// POST: `write_to` once, `busy` for each calendar that counts.
pub async fn choose(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    path: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let values =
        |wanted: &str| form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect();
    let (write_to, busy): (Vec<String>, Vec<String>) = (values("write_to"), values("busy"));
    let write_to = write_to.into_iter().next().unwrap_or_default();
    let chosen = run(move || match choose_calendars(&app, &actor, id, &write_to, &busy) {
        Err(ConnectionError::Invalid(fields)) => {
            let words = fields.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" ");
            page(&app, &actor, &frame, id, words).map(Some)
        }
        other => other.map(|_| None),
    });
    match chosen.await?? {
        Some(again) => html(StatusCode::UNPROCESSABLE_ENTITY, &again),
        None => Ok(with_toast(see_other(&page_of(id)), &cookies, &Toast::new("The calendars are set."))),
    }
}
