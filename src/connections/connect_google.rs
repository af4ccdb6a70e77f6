//! Connecting a Google account: to the consent page and back.

use url::Url;

use super::calls::{self, Gathered};
use super::error::ConnectError;
use super::model::{Connection, Credentials, Google, Health, Kind, Pace, State, Use};
use super::pending::{self, Pending};
use super::scopes::{not_granted, permissions};
use super::tokens::Tokens;
use super::{polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::NewJob;
use crate::providers::google::calendar::{Calendar, CalendarEntry};
use crate::providers::google::gmail::Gmail;
use crate::providers::google::oauth::{GoogleOAuth, UserInfo};
use crate::providers::google::Session;
use crate::providers::oauth::TokenSet;
use crate::providers::outbound::CallLog;
use crate::providers::{ProviderError, Secret};
use crate::store::{SealedSecret, StoreError, Txn};
use crate::workspaces;

/// Where Google sends the browser back to; registered with the operator's client, to the letter.
pub const CALLBACK: &str = "/connections/google/callback";

/// What came back with the browser.
#[derive(Clone, Debug, Default)]
pub struct ConsentAnswer {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
}

/// A connection that stands now.
#[derive(Clone, Debug)]
pub struct Connected {
    pub connection: Connection,
    /// The account was known: its history goes on.
    pub is_again: bool,
}

/// Begins a consent for `uses`; answers with the address of Google's page. `again` is the connection to renew.
pub fn begin(app: &App, actor: &Actor, uses: &[Use], again: Option<ConnectionId>) -> Result<Url, ConnectError> {
    actor.require(Permission::ManageConnections)?;
    let google = app.google.as_ref().ok_or(ConnectError::NoClient)?;
    let known = match again {
        Some(id) => Some(store::get(&app.store, actor.workspace, id)?.ok_or(ConnectError::NotFound)?),
        None => None,
    };
    let scopes: Vec<&str> = permissions(uses).iter().map(|permission| permission.scope).collect();
    let hint = known.as_ref().map(|connection| connection.address.display());
    let page = google.authorize(&app.url(CALLBACK), &scopes, hint)?;
    let pending = Pending {
        user: actor.user,
        session: actor.session,
        uses: uses.to_vec(),
        pkce_verifier: page.pkce_verifier.expose().to_owned(),
        begun_at: app.now(),
    };
    pending::insert(&app.store, actor, page.state.expose(), &pending)?;
    Ok(page.url)
}

/// Ends a consent: checks the state before anything else, then what was granted, then saves. The same account again
/// renews its connection.
pub fn finish(app: &App, actor: &Actor, answer: &ConsentAnswer) -> Result<Connected, ConnectError> {
    actor.require(Permission::ManageConnections)?;
    let google = app.google.as_ref().ok_or(ConnectError::NoClient)?;
    let now = app.now();
    let pending = pending::take(&app.store, actor, &answer.state, now)?.ok_or(ConnectError::NotBegunHere)?;
    let code = match (&answer.code, &answer.error) {
        (Some(code), None) => code,
        _ => return Err(ConnectError::Declined),
    };
    let log = Gathered::default();
    let verifier = Secret::new(pending.pkce_verifier.as_str());
    let set = google.exchange(&app.outbound, code, &app.url(CALLBACK), &verifier, &log)?;
    let account = google.account(&set).ok_or(ConnectError::Unusable("Google did not say whose account this is."))?;
    let known = known_account(app, actor, &account)?;
    let saved = accept(app, google, &set, &account, &pending.uses, &log)
        .and_then(|accepted| save(app, actor, known.as_ref(), accepted, &pending.uses, now));
    match saved {
        Ok(connected) => {
            log.give_to(connected.connection.id);
            calls::flush(app, actor.workspace, connected.connection.id);
            Ok(connected)
        }
        Err(refused) => {
            // What cannot be used is not kept; but withdrawing would end a connection that stands. In a workspace that
            // is being closed none does.
            let is_closing = matches!(refused, ConnectError::Closing);
            if is_closing || known.is_none_or(|connection| connection.is_disconnected()) {
                let _ = google.revoke(&app.outbound, &set.access_token, &log);
            }
            Err(refused)
        }
    }
}

fn known_account(app: &App, actor: &Actor, account: &UserInfo) -> Result<Option<Connection>, StoreError> {
    app.store.read(|txn| find_account(txn, actor, &account.sub))
}

fn find_account(txn: &mut Txn<'_>, actor: &Actor, subject: &str) -> Result<Option<Connection>, StoreError> {
    let is_same = |connection: &Connection| matches!(&connection.kind, Kind::Google(known) if known.subject == subject);
    Ok(store::list_in(txn, actor.workspace)?.into_iter().find(is_same))
}

/// All that was learnt of the account before anything is saved.
struct Accepted {
    address: EmailAddress,
    name: String,
    subject: String,
    scopes: Vec<String>,
    tokens: Tokens,
    expires_at: UnixMillis,
    history_cursor: Option<String>,
    calendar: Option<CalendarEntry>,
}

fn accept(
    app: &App,
    google: &GoogleOAuth,
    set: &TokenSet,
    account: &UserInfo,
    uses: &[Use],
    log: &dyn CallLog,
) -> Result<Accepted, ConnectError> {
    let missing = not_granted(&set.scopes, uses);
    if !missing.is_empty() {
        return Err(ConnectError::NotGranted(missing.iter().map(|permission| permission.name).collect()));
    }
    let tokens = Tokens::of(set).ok_or(ConnectError::Unusable(
        "Google gave access for one hour only. Remove this app under your Google account’s connections, then connect again.",
    ))?;
    let address = EmailAddress::parse(&account.email).ok().filter(|_| account.email_verified);
    let address = address.ok_or(ConnectError::Unusable("Google has not verified this account’s address yet."))?;
    let session = Session { outbound: &app.outbound, bases: google.bases(), access_token: &tokens.access, log };
    let history_cursor = if uses.contains(&Use::Outreach) { now_in_mailbox(session)? } else { None };
    let calendar = if uses.contains(&Use::Calendar) { own_calendar(session)? } else { None };
    Ok(Accepted {
        address,
        name: account.name.clone(),
        subject: account.sub.clone(),
        scopes: set.scopes.clone(),
        expires_at: set.expires_at,
        tokens,
        history_cursor,
        calendar,
    })
}

/// Where the mailbox stands now: nothing that came in before is ever looked at. A fault that passes is no reason to
/// refuse; the first poll asks again.
fn now_in_mailbox(session: Session<'_>) -> Result<Option<String>, ProviderError> {
    match Gmail(session).start_cursor() {
        Ok(cursor) => Ok(Some(cursor.as_str().to_owned())),
        Err(ProviderError::Retry { .. } | ProviderError::Quota { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn own_calendar(session: Session<'_>) -> Result<Option<CalendarEntry>, ProviderError> {
    match Calendar(session).list_calendars() {
        Ok(all) => Ok(all.iter().find(|one| one.primary).or_else(|| all.iter().find(|one| one.is_writable())).cloned()),
        Err(ProviderError::Retry { .. } | ProviderError::Quota { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn save(
    app: &App,
    actor: &Actor,
    known: Option<&Connection>,
    accepted: Accepted,
    uses: &[Use],
    now: UnixMillis,
) -> Result<Connected, ConnectError> {
    let sealed = accepted.tokens.seal(&app.store, actor.workspace)?;
    let id = known.map_or_else(|| ConnectionId::new(now), |connection| connection.id);
    let poll = polls::job(actor.workspace, id, now);
    let saved = app.store.write(|txn| {
        // Asked for while Google was asked; whatever ends connections may have been through already.
        if !workspaces::goes_on(txn, actor.workspace)? {
            return Err(ConnectError::Closing);
        }
        let before = find_account(txn, actor, &accepted.subject)?;
        put_connected(txn, actor, before, id, &accepted, &sealed, uses, &poll, now)
    });
    match saved {
        Ok((connected, old)) => {
            if let Some(old) = old {
                app.store.shred_secret(&old)?;
            }
            Ok(connected)
        }
        Err(error) => {
            // The tokens must not outlive the row that was not written.
            let _ = app.store.shred_secret(&sealed);
            Err(error)
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one transaction's worth of facts, used in one place")]
fn put_connected(
    txn: &mut Txn<'_>,
    actor: &Actor,
    before: Option<Connection>,
    id: ConnectionId,
    accepted: &Accepted,
    sealed: &SealedSecret,
    uses: &[Use],
    poll: &NewJob,
    now: UnixMillis,
) -> Result<(Connected, Option<SealedSecret>), ConnectError> {
    let is_again = before.is_some();
    let mut connection = before.unwrap_or_else(|| new_connection(actor, id, accepted, now));
    connection.address = accepted.address.clone();
    connection.uses = uses_now(&connection, accepted, uses);
    let mut old = None;
    if let Kind::Google(google) = &mut connection.kind {
        let credentials = Credentials { sealed: sealed.clone(), expires_at: accepted.expires_at };
        old = google.credentials.replace(credentials).map(|credentials| credentials.sealed);
        google.scopes = accepted.scopes.clone();
        google.history_cursor = google.history_cursor.take().or_else(|| accepted.history_cursor.clone());
        if let (None, Some(calendar)) = (&google.calendar_id, &accepted.calendar) {
            google.calendar_id = Some(calendar.id.clone());
            google.busy_calendars = vec![calendar.id.clone()];
            google.calendar_zone = Some(calendar.time_zone.clone());
        }
    }
    trouble::works(txn, &mut connection, poll, now)?;
    store::put(txn, &connection)?;
    events::append(txn, actor.workspace, now, Happened::ConnectionMade { connection: connection.id })?;
    let act = if is_again { "connection.renewed" } else { "connection.made" };
    let on = format!("connection {}", connection.id);
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, "Google")?;
    Ok((Connected { connection, is_again }, old))
}

fn new_connection(actor: &Actor, id: ConnectionId, accepted: &Accepted, now: UnixMillis) -> Connection {
    Connection {
        id,
        workspace: actor.workspace,
        address: accepted.address.clone(),
        display_name: accepted.name.clone(),
        kind: Kind::Google(Google {
            subject: accepted.subject.clone(),
            scopes: Vec::new(),
            credentials: None,
            history_cursor: None,
            relisting: None,
            calendar_id: None,
            busy_calendars: Vec::new(),
            calendar_zone: None,
        }),
        uses: Vec::new(),
        state: State::Working,
        pace: Pace::default(),
        health: Health::default(),
        made_by: actor.user,
        made_at: now,
    }
}

/// What was asked for now, and what was agreed before as far as it is still granted.
fn uses_now(before: &Connection, accepted: &Accepted, asked: &[Use]) -> Vec<Use> {
    let still = |wanted: &Use| {
        before.can(*wanted) && !before.is_disconnected() && not_granted(&accepted.scopes, &[*wanted]).is_empty()
    };
    [Use::Outreach, Use::Calendar].into_iter().filter(|wanted| asked.contains(wanted) || still(wanted)).collect()
}
