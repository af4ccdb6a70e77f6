//! The week.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::bookings::week::Week;
use crate::http::layout::Layout;
use crate::http::{html, run, Frame, PageError};

#[derive(Deserialize)]
pub(super) struct WeekQuery {
    /// Any day of the week: `2026-11-23`. What is no date shows this week.
    week: Option<String>,
}

#[derive(Template)]
#[template(path = "bookings/week.html")]
pub(super) struct WeekPage {
    pub(super) layout: Layout,
    pub(super) week: Week,
    pub(super) can_book: bool,
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
pub(super) async fn week(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<WeekQuery>,
) -> Result<HttpResponse, PageError> {
    let can_book = actor.may(Permission::EditBookings);
    let week = read_week(app, actor, &query).await?;
    html(StatusCode::OK, &WeekPage { layout: frame.live_layout("Calendar"), week, can_book })
}

/// GET /calendar/week: the part that changes while the page is open.
pub(super) async fn week_part(
    app: Data<App>,
    actor: Actor,
    query: Query<WeekQuery>,
) -> Result<HttpResponse, PageError> {
    let week = read_week(app, actor, &query).await?;
    html(StatusCode::OK, &WeekPart { week })
}
