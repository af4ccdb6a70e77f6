//! All connections of the workspace, and the choice of a new one.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::shown::{shown, Shown};
use super::times_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::connections::error::ConnectionError;
use crate::connections::store;
use crate::http::layout::Layout;
use crate::http::{html, run, Frame, PageError};

/// GET /connections
#[derive(Template)]
#[template(path = "connections/list.html")]
struct ListPage {
    layout: Layout,
    standing: Vec<Shown>,
    ended: Vec<Shown>,
}

/// GET /connections/new
#[derive(Template)]
#[template(path = "connections/new.html")]
struct NewPage {
    layout: Layout,
    offers_google: bool,
    offers_microsoft: bool,
    is_operator: bool,
}

pub async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let rows = run(move || list(&app, &actor)).await??;
    let (ended, standing) = rows.into_iter().partition(|row| row.is_disconnected);
    html(StatusCode::OK, &ListPage { layout: frame.layout("Connections"), standing, ended })
}

fn list(app: &App, actor: &Actor) -> Result<Vec<Shown>, ConnectionError> {
    actor.require(Permission::ViewConnections)?;
    let times = times_of(app, actor.workspace)?;
    let all = store::list(&app.store, actor.workspace)?;
    Ok(all.iter().map(|connection| shown(connection, &times)).collect())
}

pub async fn choose(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let page = NewPage {
        layout: frame.layout("Connect an account"),
        offers_google: app.google.is_some(),
        offers_microsoft: app.microsoft.is_some(),
        is_operator: actor.is_operator,
    };
    html(StatusCode::OK, &page)
}

/// A connection of the actor's workspace.
pub(super) fn get(
    app: &App,
    actor: &Actor,
    id: crate::base::ConnectionId,
) -> Result<crate::connections::Connection, ConnectionError> {
    actor.require(Permission::ViewConnections)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)
}
