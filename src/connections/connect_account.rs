//! Connecting an account by consent: to its provider's page and back.

use url::Url;

use super::aadsts::{self, Hurdle};
use super::begins::{self, Begins};
use super::calls::{self, Gathered};
use super::error::ConnectError;
use super::model::{Connection, Credentials, Health, Pace, State, Use};
use super::pending::{self, Pending};
use super::provider::Provider;
use super::scopes::{needed_for, not_granted, permissions};
use super::tokens::Tokens;
use super::{polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::NewJob;
use crate::providers::oauth::{Account, TokenSet};
use crate::providers::outbound::CallLog;
use crate::providers::{google, microsoft, Line, ProviderError, Secret};
use crate::store::{SealedSecret, StoreError, Txn};
use crate::workspaces;

/// What came back with the browser.
#[derive(Clone, Debug, Default)]
pub struct ConsentAnswer {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
}

/// A connection that stands now.
#[derive(Clone, Debug)]
pub struct Connected {
    pub connection: Connection,
    /// The account was known: its history goes on.
    pub is_again: bool,
}

/// Begins a consent for `uses`; answers with the address of the provider's page. `again` is the connection to renew.
pub fn begin(
    app: &App,
    actor: &Actor,
    provider: Provider,
    uses: &[Use],
    again: Option<ConnectionId>,
) -> Result<Url, ConnectError> {
    actor.require(Permission::ManageConnections)?;
    let client = provider.client(app).ok_or(ConnectError::NoClient)?;
    if uses.iter().any(|wanted| needed_for(provider, *wanted).is_none()) {
        return Err(ConnectError::NotOffered);
    }
    let known = match again {
        Some(id) => Some(store::get(&app.store, actor.workspace, id)?.ok_or(ConnectError::NotFound)?),
        None => None,
    };
    let scopes: Vec<&str> = permissions(provider, uses).iter().map(|permission| permission.scope).collect();
    let hint = known.as_ref().map(|connection| connection.address.display());
    let page = client.authorize(&app.url(provider.callback()), &scopes, hint)?;
    let pending = Pending {
        user: actor.user,
        session: actor.session,
        provider,
        uses: uses.to_vec(),
        pkce_verifier: page.pkce_verifier.expose().to_owned(),
        begun_at: app.now(),
    };
    pending::insert(&app.store, actor, page.state.expose(), &pending)?;
    Ok(page.url)
}

/// Ends a consent: checks the state before anything else, then what was granted, then saves. The same account again
/// renews its connection.
pub fn finish(app: &App, actor: &Actor, provider: Provider, answer: &ConsentAnswer) -> Result<Connected, ConnectError> {
    actor.require(Permission::ManageConnections)?;
    let client = provider.client(app).ok_or(ConnectError::NoClient)?;
    let now = app.now();
    let pending = pending::take(&app.store, actor, provider, &answer.state, now)?.ok_or(ConnectError::NotBegunHere)?;
    let code = match (&answer.code, &answer.error) {
        (Some(code), None) => code,
        _ => return Err(hurdle(provider, answer).map_or(ConnectError::Declined, ConnectError::Hurdle)),
    };
    let log = Gathered::default();
    let verifier = Secret::new(pending.pkce_verifier.as_str());
    let mut set = client.exchange(&app.outbound, code, &app.url(provider.callback()), &verifier, &log)?;
    if set.scopes.is_empty() {
        // Left out where it is all that was asked for (RFC 6749 section 5.1).
        set.scopes = permissions(provider, &pending.uses).iter().map(|one| one.scope.to_owned()).collect();
    }
    let account = client.account(&app.outbound, &set, &log).map_err(|error| unnamed(provider, error))?;
    let known = known_account(app, actor, provider, &account, &pending.uses)?;
    let saved = accept(app, provider, &set, &account, &pending.uses, &log)
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
                let _ = client.revoke(&app.outbound, &set.access_token, &log);
            }
            Err(refused)
        }
    }
}

/// Google's page lets nobody through either, but says so itself and keeps the browser.
fn hurdle(provider: Provider, answer: &ConsentAnswer) -> Option<Hurdle> {
    match provider {
        Provider::Google | Provider::Zoom | Provider::Webex | Provider::Goto => None,
        Provider::Microsoft => aadsts::hurdle_in(answer.error_description.as_deref()?),
    }
}

fn unnamed(provider: Provider, error: ProviderError) -> ConnectError {
    match error {
        ProviderError::Rejected { .. } => {
            ConnectError::Unusable(format!("{} did not say whose account this is.", provider.name()))
        }
        // The permission to read the profile was left out.
        ProviderError::MissingScope { .. } => {
            ConnectError::NotGranted(permissions(provider, &[]).last().map(|one| one.name).into_iter().collect())
        }
        other => other.into(),
    }
}

fn known_account(
    app: &App,
    actor: &Actor,
    provider: Provider,
    account: &Account,
    uses: &[Use],
) -> Result<Option<Connection>, StoreError> {
    app.store.read(|txn| find_account(txn, actor, provider, &account.subject, uses))
}

/// An account that holds meetings is a grant of its own beside that of its mailbox: Microsoft lets what was allowed before
/// lapse from a new token that did not ask for it.
fn find_account(
    txn: &mut Txn<'_>,
    actor: &Actor,
    provider: Provider,
    subject: &str,
    uses: &[Use],
) -> Result<Option<Connection>, StoreError> {
    let for_meetings = uses.contains(&Use::Meetings);
    let is_same = |one: &Connection| {
        let is_account = one.kind.provider() == Some(provider) && one.kind.subject() == subject;
        is_account && one.can(Use::Meetings) == for_meetings
    };
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
    begins: Begins,
}

fn accept(
    app: &App,
    provider: Provider,
    set: &TokenSet,
    account: &Account,
    uses: &[Use],
    log: &dyn CallLog,
) -> Result<Accepted, ConnectError> {
    let missing = not_granted(provider, &set.scopes, uses);
    if !missing.is_empty() {
        return Err(ConnectError::NotGranted(missing.iter().map(|permission| permission.name).collect()));
    }
    let name = provider.name();
    let brief = || {
        ConnectError::Unusable(format!(
            "{name} gave access for one hour only. Remove this app at {}, then connect again.",
            provider.own_page()
        ))
    };
    let tokens = Tokens::of(set).ok_or_else(brief)?;
    let address = EmailAddress::parse(&account.email).ok().filter(|_| account.email_verified);
    let unverified = || ConnectError::Unusable(format!("{name} has not verified this account’s address yet."));
    let address = address.ok_or_else(unverified)?;
    let line = Line { outbound: &app.outbound, access_token: &tokens.access, log };
    let begins = match (provider, &app.google, &app.microsoft) {
        (Provider::Google, Some(client), _) => {
            begins::at_google(google::Session { bases: client.bases(), line }, uses)?
        }
        (Provider::Microsoft, _, Some(client)) => {
            let session = microsoft::Session { bases: client.bases(), line };
            begins::at_microsoft(session, uses, &account.subject, app.now())?
        }
        (Provider::Zoom | Provider::Webex | Provider::Goto, ..) => begins::Begins::Meetings(provider),
        _ => return Err(ConnectError::NoClient),
    };
    Ok(Accepted {
        address,
        name: account.name.clone(),
        subject: account.subject.clone(),
        scopes: set.scopes.clone(),
        expires_at: set.expires_at,
        tokens,
        begins,
    })
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
        // Asked for while the provider was asked; whatever ends connections may have been through already.
        if !workspaces::goes_on(txn, actor.workspace)? {
            return Err(ConnectError::Closing);
        }
        let before = find_account(txn, actor, accepted.begins.provider(), &accepted.subject, uses)?;
        put_connected(txn, actor, before, id, &accepted, &sealed, uses, &poll, now)
    });
    store::settle_secret(&app.store, &sealed, saved)
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
    let credentials = Credentials { sealed: sealed.clone(), expires_at: accepted.expires_at };
    let old = connection.kind.replace_credentials(Some(credentials)).map(|credentials| credentials.sealed);
    connection.kind.set_scopes(&accepted.scopes);
    accepted.begins.set_out(&mut connection.kind);
    trouble::works(txn, &mut connection, poll, now)?;
    store::put(txn, &connection)?;
    events::append(txn, actor.workspace, now, Happened::ConnectionMade { connection: connection.id })?;
    let act = if is_again { "connection.renewed" } else { "connection.made" };
    let on = format!("connection {}", connection.id);
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, connection.kind_words())?;
    Ok((Connected { connection, is_again }, old))
}

fn new_connection(actor: &Actor, id: ConnectionId, accepted: &Accepted, now: UnixMillis) -> Connection {
    Connection {
        id,
        workspace: actor.workspace,
        address: accepted.address.clone(),
        display_name: accepted.name.clone(),
        kind: accepted.begins.new_kind(&accepted.subject),
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
        before.can(*wanted)
            && !before.is_disconnected()
            && not_granted(accepted.begins.provider(), &accepted.scopes, &[*wanted]).is_empty()
    };
    [Use::Outreach, Use::Calendar, Use::Meetings]
        .into_iter()
        .filter(|wanted| asked.contains(wanted) || still(wanted))
        .collect()
}
