//! `/v1/connections`: which accounts are connected and how they are. Read only: grants are given by people.

use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::error::ConnectionError;
use super::keeping::{keeping_of, Keeping};
use super::model::{Connection, Kind, State, Use};
use super::provider::Provider;
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, Page, UnixMillis};
use crate::http::{run, ApiError, ApiPage, PageError, PageQuery};

pub fn api_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/connections").get(list)).service(web::resource("/connections/{id}").get(get));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, get))]
    struct Doc;
    Doc::openapi()
}

/// A connected account. Tokens and passwords are never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiConnection {
    pub id: String,
    pub address: String,
    pub display_name: String,
    /// `google`, `microsoft`, `smtp_imap` or `caldav`.
    pub kind: &'static str,
    /// `outreach`, `calendar`.
    pub uses: Vec<&'static str>,
    /// `working`, `waiting`, `needs_owner` or `disconnected`.
    pub state: &'static str,
    /// Why it waits or stopped, in words.
    pub reason: Option<String>,
    pub daily_cap: u32,
    pub min_gap_seconds: u32,
    pub last_success_at: Option<String>,
    pub last_poll_at: Option<String>,
    pub last_error: Option<String>,
    pub made_at: String,
    /// How each of its calendars is kept fresh.
    pub calendars: Vec<ApiCalendar>,
}

/// A calendar that is read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiCalendar {
    /// Its provider's own id.
    pub id: String,
    /// `push` where its provider tells of changes, `changes` where they are asked for, else `poll`: it is read anew.
    pub kept_by: &'static str,
    /// The last time that all of it was known.
    pub read_at: Option<String>,
    /// When its provider is asked to go on telling.
    pub renewal_at: Option<String>,
    /// Why it could not be read; its times count as unknown.
    pub failed: Option<String>,
}

impl ApiCalendar {
    fn of(id: String, kept: Keeping, now: UnixMillis) -> Self {
        let is_told = kept.is_told(now);
        Self {
            id,
            kept_by: match (is_told, kept.is_followed) {
                (true, _) => "push",
                (false, true) => "changes",
                (false, false) => "poll",
            },
            read_at: kept.read_at.map(UnixMillis::to_rfc3339),
            renewal_at: kept.renewed_at().filter(|_| is_told).map(UnixMillis::to_rfc3339),
            failed: kept.failed,
        }
    }
}

/// The connection with its calendars.
fn shown(app: &App, connection: &Connection) -> Result<ApiConnection, ConnectionError> {
    let counted = connection.calendars().unwrap_or_default().counted();
    let calendars = counted.into_iter().map(|id| {
        let kept = keeping_of(&app.store, connection, &id)?;
        Ok::<_, ConnectionError>(ApiCalendar::of(id, kept, app.now()))
    });
    Ok(ApiConnection { calendars: calendars.collect::<Result<_, _>>()?, ..ApiConnection::from(connection) })
}

impl From<&Connection> for ApiConnection {
    fn from(connection: &Connection) -> Self {
        let (state, reason) = match &connection.state {
            State::Working => ("working", None),
            State::Waiting { reason, .. } => ("waiting", Some(reason.clone())),
            State::NeedsOwner { reason, .. } => ("needs_owner", Some(reason.clone())),
            State::Disconnected { .. } => ("disconnected", None),
        };
        let health = &connection.health;
        let when = |at: Option<UnixMillis>| at.map(UnixMillis::to_rfc3339);
        let word = |wanted: &Use| match wanted {
            Use::Outreach => "outreach",
            Use::Calendar => "calendar",
            Use::Meetings => "meetings",
        };
        Self {
            id: connection.id.to_string(),
            address: connection.address.display().to_owned(),
            display_name: connection.display_name.clone(),
            kind: match &connection.kind {
                Kind::CalDav(_) => "caldav",
                kind => kind.provider().map_or("smtp_imap", Provider::word),
            },
            uses: connection.uses.iter().map(word).collect(),
            state,
            reason,
            daily_cap: connection.pace.daily_cap,
            min_gap_seconds: connection.pace.min_gap_seconds,
            last_success_at: when(health.last_success),
            last_poll_at: when(health.last_poll),
            last_error: health.last_error.as_ref().map(|(_, words)| words.clone()),
            made_at: connection.made_at.to_rfc3339(),
            calendars: Vec::new(),
        }
    }
}

/// Lists the workspace's connections, oldest first.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(PageQuery),
    responses((status = 200, description = "A page of connections", body = ApiPage<ApiConnection>)))]
async fn list(
    app: web::Data<App>,
    actor: Actor,
    query: PageQuery,
) -> Result<web::Json<ApiPage<ApiConnection>>, ApiError> {
    run(move || page(&app, &actor, &query)).await?.map(web::Json)
}

fn page(app: &App, actor: &Actor, query: &PageQuery) -> Result<ApiPage<ApiConnection>, ApiError> {
    actor.require(Permission::ViewConnections)?;
    let all = store::list(&app.store, actor.workspace).map_err(ConnectionError::from)?;
    let page = query.part_of(all, |connection| connection.id.to_string().into_bytes())?;
    let rows = page.rows.iter().map(|connection| shown(app, connection)).collect::<Result<Vec<_>, _>>()?;
    Ok(query.answer(Page { rows, next: page.next }))
}

/// Gets one connection.
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The connection", body = ApiConnection), (status = 404, description = "Not in this workspace", body = crate::http::api::Problem)))]
async fn get(app: web::Data<App>, actor: Actor, path: web::Path<String>) -> Result<web::Json<ApiConnection>, ApiError> {
    let id: ConnectionId = path.parse().map_err(|_| ApiError::not_found())?;
    let found = run(move || {
        actor.require(Permission::ViewConnections)?;
        let connection = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
        shown(&app, &connection)
    });
    Ok(web::Json(found.await??))
}

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        PageError::from(error).into()
    }
}
