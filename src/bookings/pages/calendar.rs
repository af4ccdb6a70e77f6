//! The calendar: a day, a week, a month or a list.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::bookings::views::{Body, Calendar, CalendarQuery};
use crate::http::layout::Layout;
use crate::http::{html, run, Frame, PageError};

#[derive(Template)]
#[template(path = "bookings/calendar.html")]
pub(super) struct CalendarPage {
    pub(super) layout: Layout,
    pub(super) calendar: Calendar,
    pub(super) can_book: bool,
}

#[derive(Template)]
#[template(path = "bookings/_calendar.html")]
struct CalendarPart {
    calendar: Calendar,
}

async fn read(app: Data<App>, actor: Actor, query: Query<CalendarQuery>) -> Result<Calendar, PageError> {
    Ok(run(move || Calendar::read(&app, &actor, query.read())).await??)
}

/// GET /calendar?view=week&date=2026-11-24&source=&worker=&state=
pub(super) async fn calendar(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<CalendarQuery>,
) -> Result<HttpResponse, PageError> {
    let can_book = actor.may(Permission::EditBookings);
    let calendar = read(app, actor, query).await?;
    html(StatusCode::OK, &CalendarPage { layout: frame.live_layout("Calendar"), calendar, can_book })
}

/// GET /calendar/part: what changes while the page is open.
pub(super) async fn part(app: Data<App>, actor: Actor, query: Query<CalendarQuery>) -> Result<HttpResponse, PageError> {
    let calendar = read(app, actor, query).await?;
    html(StatusCode::OK, &CalendarPart { calendar })
}
