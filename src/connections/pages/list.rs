//! All connections of the workspace, and the choice of a new one.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::shown::{shown, Shown};
use super::times_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::connections::error::ConnectionError;
use crate::connections::provider::Provider;
use crate::connections::store;
use crate::http::layout::Layout;
use crate::http::{html, run, Frame, PageError};
use crate::providers::meeting::Service;

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
    hosts: Vec<Host>,
    /// Services whose client the operator has not given, for a sentence.
    not_offered: String,
}

/// A service that holds meetings.
struct Host {
    name: &'static str,
    words: &'static str,
    href: String,
}

/// What is offered for meetings, and the names of what is not.
fn hosts(app: &App) -> (Vec<Host>, String) {
    let known = Provider::ALL.into_iter().filter_map(|provider| Some((provider, provider.meeting_service()?)));
    let (offered, rest): (Vec<_>, Vec<_>) = known.partition(|(provider, _)| provider.is_offered(app));
    let hosts = offered.into_iter().map(|(provider, service)| Host {
        name: service.name(),
        words: match service {
            Service::Teams => "A meeting and its link for each booking. With a work or school account.",
            _ => "A meeting and its link for each booking; moved and cancelled with it.",
        },
        href: format!("/connections/{}?use=meetings", provider.word()),
    });
    (hosts.collect(), rest.iter().map(|(_, service)| service.name()).collect::<Vec<_>>().join(", "))
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
    let (hosts, not_offered) = hosts(&app);
    let page = NewPage {
        layout: frame.layout("Connect an account"),
        offers_google: app.google.is_some(),
        offers_microsoft: app.microsoft.is_some(),
        is_operator: actor.is_operator,
        hosts,
        not_offered,
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
