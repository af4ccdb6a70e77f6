//! A member's calendar feed: the workspace's bookings at an address that only they know, for any calendar program. It can
//! be made anew, which ends the old address, and ended.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Booking, State};
use super::service::BookError;
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{allows, Actor, Permission};
use crate::availability::{Span, READ_AHEAD};
use crate::base::ics::{self, Entry, Method, Status};
use crate::base::{UnixMillis, UserId, WorkspaceId};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Tab;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::identity::{hash_secret, HandedSecret, SecretHash};
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};
use crate::workspaces;

/// Where feeds are, each with its secret behind it.
pub const FEED_PATH: &str = "/calendar-feed";

const HERE: &str = "/settings/calendars/feed";
/// Bookings of so long ago are still in it.
const BACK: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

const FEEDS: Table<Feed> = Table::sealed(
    0x0e20,
    "calendar_feeds",
    Tree::Bookings,
    Holds::User,
    Retention::Account,
    "The address of a member's calendar feed, as a hash.",
);

pub(super) const TABLES: &[Declared] = &[Declared::personal(&FEEDS, export, erase)];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Feed {
    secret: SecretHash,
    made_at: UnixMillis,
}

fn key(workspace: WorkspaceId, user: UserId) -> Key {
    Key::of(&FEEDS, workspace).id(user.0)
}

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/settings/calendars/feed").route(web::get().to(page)).route(web::post().to(make)))
        .service(web::resource("/settings/calendars/feed/end").route(web::post().to(end)))
        .service(web::resource("/calendar-feed/{token}").route(web::get().to(feed)));
}

/// GET /settings/calendars/feed; after making it with the address, which is shown this once.
#[derive(Template)]
#[template(path = "bookings/feed.html")]
struct FeedPage {
    layout: Layout,
    tabs: Vec<Tab>,
    address: String,
    is_made: bool,
}

fn member(actor: &Actor) -> Result<UserId, PageError> {
    actor.require(Permission::EditBookings)?;
    actor.user.ok_or(PageError::NotFound)
}

async fn page(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let user = member(&actor)?;
    let tabs = settings_tabs(&actor, "/settings/calendars");
    let found = run(move || app.store.get(&FEEDS, &key(actor.workspace, user))).await?.map_err(BookError::from)?;
    let page =
        FeedPage { layout: frame.layout("Calendar feed"), tabs, address: String::new(), is_made: found.is_some() };
    html(StatusCode::OK, &page)
}

/// POST: the page with the new address; an older one finds nothing from now on.
async fn make(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let user = member(&actor)?;
    let tabs = settings_tabs(&actor, "/settings/calendars");
    let address = run(move || {
        let (workspace, now) = (actor.workspace, app.now());
        let secret = HandedSecret::fresh();
        let token = format!("{}.{}.{}", workspace.0.simple(), user.0.simple(), secret.expose());
        let feed = Feed { secret: hash_secret(&token), made_at: now };
        app.store.write(|txn| {
            txn.put(&FEEDS, &key(workspace, user), &feed)?;
            audit::record(txn, workspace, now, &Who::of(&actor), "calendar_feed.made", &format!("user {user}"), "")
        })?;
        Ok::<_, StoreError>(app.url(&format!("/calendar-feed/{token}")))
    });
    let address = address.await?.map_err(BookError::from)?;
    let page = FeedPage { layout: frame.layout("Calendar feed"), tabs, address, is_made: true };
    html(StatusCode::OK, &page)
}

async fn end(app: Data<App>, actor: Actor, cookies: Data<Cookies>) -> Result<HttpResponse, PageError> {
    let user = member(&actor)?;
    let ended = run(move || {
        let now = app.now();
        app.store.write(|txn| {
            forget_member(txn, actor.workspace, user)?;
            let (who, on) = (Who::of(&actor), format!("user {user}"));
            audit::record(txn, actor.workspace, now, &who, "calendar_feed.ended", &on, "")
        })
    });
    ended.await?.map_err(BookError::from)?;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The address finds nothing any more.")))
}

pub fn forget_member(txn: &mut Txn<'_>, workspace: WorkspaceId, user: UserId) -> Result<(), StoreError> {
    txn.remove(&FEEDS, &key(workspace, user))
}

/// GET /calendar-feed/<token>: the calendar file; who does not know an address finds nothing.
async fn feed(app: Data<App>, path: Path<String>) -> Result<HttpResponse, PageError> {
    let token = path.into_inner();
    let found = run(move || read(&app, token.trim_end_matches(".ics"))).await?.map_err(BookError::from)?;
    let file = found.ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/calendar; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .body(file))
}

/// The file behind a token. `None`: there is none such, or its holder may not see bookings any more.
fn read(app: &App, token: &str) -> Result<Option<String>, StoreError> {
    let mut parts = token.splitn(3, '.').map(|part| Uuid::try_parse(part).ok());
    let (Some(Some(workspace)), Some(Some(user))) = (parts.next(), parts.next()) else { return Ok(None) };
    let (workspace, user) = (WorkspaceId(workspace), UserId(user));
    let found = match workspaces::get(&app.store, workspace) {
        // A workspace that was never here has no key to open rows with.
        Err(StoreError::KeyGone) => None,
        found => found?.filter(|found| found.closing.is_none()),
    };
    let Some(found) = found else { return Ok(None) };
    let feed = app.store.get(&FEEDS, &key(workspace, user))?;
    let member = app.store.read(|txn| workspaces::find_member(txn, workspace, user))?;
    let may = member.is_some_and(|member| allows(member.role, Permission::ViewCalendar));
    if !may || feed.is_none_or(|feed| feed.secret != hash_secret(token)) {
        return Ok(None);
    }
    let now = app.now();
    let range = Span::new(now.minus(BACK), now.plus(READ_AHEAD));
    let bookings = store::list_between(&app.store, workspace, range)?;
    let entries: Vec<Entry> =
        bookings.iter().filter(|one| !one.state.is_proposed()).filter_map(|one| entry(one, now)).collect();
    Ok(Some(ics::calendar_file(Some(Method::Publish), Some(&format!("{}: bookings", found.name)), &entries)))
}

/// A booking as a calendar file shows it. What was never booked is in none.
pub fn entry(booking: &Booking, now: UnixMillis) -> Option<Entry> {
    let status = match &booking.state {
        State::Confirmed => Status::Confirmed,
        State::Held => Status::Tentative,
        State::Cancelled { .. } if booking.told > 0 => Status::Cancelled,
        State::Cancelled { .. } | State::Proposed { .. } | State::Unpaid | State::Failed { .. } => return None,
    };
    Some(Entry {
        uid: booking.ics_uid(),
        sequence: booking.version.saturating_sub(1),
        stamp: now,
        start: booking.start,
        end: booking.end,
        summary: booking.title.clone(),
        location: booking.place.clone(),
        url: booking.video_link.clone().unwrap_or_default(),
        status,
        ..Entry::default()
    })
}

fn rows_of(store: &Store, person: Person) -> Result<Vec<(Key, Feed)>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for workspace in store.read(|txn| workspaces::workspaces_of(txn, user))? {
        let key = key(workspace, user);
        found.extend(store.get(&FEEDS, &key)?.map(|row| (key, row)));
    }
    Ok(found)
}

/// That there is one, and since when; its address is known to nobody.
fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let rows = rows_of(store, person)?;
    Ok(rows.iter().map(|(_, feed)| serde_json::json!({ "made_at": feed.made_at.to_rfc3339() })).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let rows = rows_of(store, person)?;
    store.write_reserved(|txn| rows.iter().try_for_each(|(key, _)| txn.remove(&FEEDS, key)))?;
    Ok(rows.len())
}
