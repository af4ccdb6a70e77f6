//! Connecting a mailbox over SMTP and IMAP: tested live, saved when it works or when the owner insists.

use super::calls::{self, Gathered};
use super::error::ConnectionError;
use super::mail_server::{try_servers, MailTest};
use super::model::{Connection, Health, Kind, MailServerSettings, Pace, SecurityMode, SmtpImap, State, Use};
use super::{polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::NewJob;
use crate::providers::Secret;
use crate::store::{SealedSecret, Txn};
use crate::workspaces;

/// What the owner typed, checked for form. An empty password keeps the stored one while it goes to the
/// same servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxSettings {
    pub address: EmailAddress,
    pub display_name: String,
    pub smtp: MailServerSettings,
    pub imap: MailServerSettings,
    pub ca_pem: Option<String>,
    pub password: Secret,
}

/// What came of it. With `connection` absent nothing was saved: the test failed and the owner did not insist.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub test: MailTest,
    pub connection: Option<Connection>,
}

/// Tests the settings and saves them. `again` is the connection whose settings are changed; without it, a mailbox of
/// this address that was connected before goes on with its history. `insist` saves whatever the test says.
pub fn connect_mailbox(
    app: &App,
    actor: &Actor,
    settings: &MailboxSettings,
    again: Option<ConnectionId>,
    insist: bool,
) -> Result<Attempt, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    let known = known_mailbox(app, actor, settings, again)?;
    let password = password_of(app, settings, known.as_ref())?;
    check_plain(app, settings)?;
    let log = Gathered::default();
    let ca = settings.ca_pem.as_deref();
    let test = try_servers(app, &settings.smtp, &settings.imap, ca, &password, &log);
    if !test.passed() && !insist {
        return Ok(Attempt { test, connection: None });
    }
    let connection = save(app, actor, settings, &password, known.as_ref(), &test)?;
    log.give_to(connection.id);
    calls::flush(app, actor.workspace, connection.id);
    app.smtp.forget(connection.id);
    Ok(Attempt { test, connection: Some(connection) })
}

fn known_mailbox(
    app: &App,
    actor: &Actor,
    settings: &MailboxSettings,
    again: Option<ConnectionId>,
) -> Result<Option<Connection>, ConnectionError> {
    if let Some(id) = again {
        let found = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
        return match found.kind {
            Kind::SmtpImap(_) => Ok(Some(found)),
            _ => Err(ConnectionError::NotFound),
        };
    }
    let all = store::list(&app.store, actor.workspace)?;
    let is_same = |connection: &Connection| {
        matches!(connection.kind, Kind::SmtpImap(_)) && connection.address.compare() == settings.address.compare()
    };
    Ok(all.into_iter().find(is_same))
}

fn password_of(app: &App, settings: &MailboxSettings, known: Option<&Connection>) -> Result<Secret, ConnectionError> {
    if !settings.password.is_empty() {
        return Ok(settings.password.clone());
    }
    let stored = known.and_then(|connection| match &connection.kind {
        Kind::SmtpImap(stored) => Some(stored),
        _ => None,
    });
    if stored.is_some_and(|stored| stored.password.is_some() && !goes_to(stored, settings)) {
        let words = "Type the password again: it goes to another server, port, user or certificate now.".to_owned();
        return Err(ConnectionError::Invalid(vec![("password", words)]));
    }
    match stored.and_then(|stored| stored.password.as_ref()) {
        Some(sealed) => Ok(Secret::new(String::from_utf8_lossy(&app.store.open_secret(sealed)?))),
        None => {
            let words = "Type the password. Many providers want an app password here.".to_owned();
            Err(ConnectionError::Invalid(vec![("password", words)]))
        }
    }
}

/// A stored password is shown to nobody, so it goes only where it was typed for: whoever may change the settings could
/// otherwise have it sent to a server of their own.
fn goes_to(stored: &SmtpImap, settings: &MailboxSettings) -> bool {
    stored.smtp == settings.smtp && stored.imap == settings.imap && stored.ca_pem == settings.ca_pem
}

/// A password goes over an unprotected line only where the line does not leave the machine.
fn check_plain(app: &App, settings: &MailboxSettings) -> Result<(), ConnectionError> {
    let servers = [("smtp_security", &settings.smtp), ("imap_security", &settings.imap)];
    let open = |server: &MailServerSettings| {
        server.security == SecurityMode::Plain && !app.outbound.may_speak_plain(&server.host)
    };
    let wrong: Vec<_> = servers
        .into_iter()
        .filter(|(_, server)| open(server))
        .map(|(field, _)| (field, "Only a server on this machine may be used without encryption.".to_owned()))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(ConnectionError::Invalid(wrong))
    }
}

fn save(
    app: &App,
    actor: &Actor,
    settings: &MailboxSettings,
    password: &Secret,
    known: Option<&Connection>,
    test: &MailTest,
) -> Result<Connection, ConnectionError> {
    let now = app.now();
    let sealed = app.store.seal_secret(actor.workspace, password.expose().as_bytes())?;
    let id = known.map_or_else(|| ConnectionId::new(now), |connection| connection.id);
    let poll = polls::job(actor.workspace, id, now);
    let failed = first_failure(test);
    let saved = app.store.write(|txn| {
        // Asked for while the servers were tried; whatever ends connections may have been through already.
        if !workspaces::goes_on(txn, actor.workspace)? {
            return Err(ConnectionError::Closing);
        }
        let before = store::find(txn, actor.workspace, id)?;
        put_mailbox(txn, actor, before, id, settings, &sealed, &poll, failed.as_deref(), now)
    });
    store::settle_secret(&app.store, &sealed, saved)
}

fn first_failure(test: &MailTest) -> Option<String> {
    super::check::in_words(test).into_iter().find(|one| !one.ok).map(|one| format!("{}: {}", one.what, one.words))
}

#[allow(clippy::too_many_arguments, reason = "one transaction's worth of facts, used in one place")]
fn put_mailbox(
    txn: &mut Txn<'_>,
    actor: &Actor,
    before: Option<Connection>,
    id: ConnectionId,
    settings: &MailboxSettings,
    sealed: &SealedSecret,
    poll: &NewJob,
    failed: Option<&str>,
    now: UnixMillis,
) -> Result<(Connection, Option<SealedSecret>), ConnectionError> {
    let act = if before.is_some() { "connection.renewed" } else { "connection.made" };
    let (mut old, mut folders) = (None, Vec::new());
    if let Some(Kind::SmtpImap(server)) = before.as_ref().map(|connection| connection.kind.clone()) {
        old = server.password;
        // Another server numbers its mails anew.
        folders = if server.imap.host == settings.imap.host { server.folders } else { Vec::new() };
    }
    let mut connection = before.unwrap_or_else(|| Connection {
        id,
        workspace: actor.workspace,
        address: settings.address.clone(),
        display_name: String::new(),
        kind: Kind::SmtpImap(smtp_imap(settings, sealed, Vec::new())),
        uses: vec![Use::Outreach],
        state: State::Working,
        pace: Pace::default(),
        health: Health::default(),
        made_by: actor.user,
        made_at: now,
    });
    connection.address = settings.address.clone();
    connection.display_name.clone_from(&settings.display_name);
    connection.kind = Kind::SmtpImap(smtp_imap(settings, sealed, folders));
    match failed {
        None => trouble::works(txn, &mut connection, poll, now)?,
        // Saved because the owner insisted: it is tried, and says itself when it does not work.
        Some(words) => {
            connection.state = State::Working;
            connection.health.last_error = Some((now, words.to_owned()));
            polls::plan(txn, &connection, poll)?;
        }
    }
    store::put(txn, &connection)?;
    events::append(txn, actor.workspace, now, Happened::ConnectionMade { connection: id })?;
    let on = format!("connection {id}");
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, "Mail server")?;
    Ok((connection, old))
}

fn smtp_imap(settings: &MailboxSettings, sealed: &SealedSecret, folders: Vec<super::model::ImapFolder>) -> SmtpImap {
    SmtpImap {
        smtp: settings.smtp.clone(),
        imap: settings.imap.clone(),
        ca_pem: settings.ca_pem.clone(),
        password: Some(sealed.clone()),
        folders,
    }
}
