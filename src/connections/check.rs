//! Trying a connection now, step by step, at its owner's wish.

use std::time::Duration;

use super::calls::{self, Log};
use super::error::ConnectionError;
use super::mail_server::{try_stored, MailTest};
use super::model::{Connection, Kind, State, Use};
use super::session::{google_session, meeting_session, microsoft_session, with_calendar};
use super::{polls, store, trouble, words};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, ConnectionId};
use crate::events::{self, Happened};
use crate::providers::google::gmail::Gmail;
use crate::providers::mail_server::StepName;
use crate::providers::meeting::Wanted;
use crate::providers::microsoft::mail::Mail;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// "Outgoing: sign-in", "Google Mail".
    pub what: String,
    pub ok: bool,
    /// What was found; on failure what to do.
    pub words: String,
}

/// Tries everything the connection is used for. When all of it works, a connection that needed its owner works again.
pub fn check(app: &App, actor: &Actor, id: ConnectionId) -> Result<Vec<Tried>, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    let connection = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
    if connection.is_disconnected() {
        return Err(ConnectionError::Disconnected);
    }
    let tried = match &connection.kind {
        Kind::Google(_) => check_google(app, &connection),
        Kind::Microsoft(_) => check_microsoft(app, &connection),
        Kind::Meetings(_) => vec![check_meetings(app, &connection)],
        Kind::CalDav(_) => check_calendar(app, &connection, "Calendar server").into_iter().collect(),
        Kind::SmtpImap(settings) => {
            let test = try_stored(app, settings, &Log::of(id))?;
            calls::flush(app, actor.workspace, id);
            in_words(&test)
        }
    };
    let all_ok = tried.iter().all(|one| one.ok);
    record(app, &connection, all_ok, &tried)?;
    Ok(tried)
}

fn check_google(app: &App, connection: &Connection) -> Vec<Tried> {
    let (workspace, id) = (connection.workspace, connection.id);
    let mut tried = Vec::new();
    if connection.can(Use::Outreach) {
        let found = google_session(app, workspace, id, |session| Gmail(session).profile());
        let found = found.map(|profile| format!("The mailbox of {} answers.", profile.email));
        tried.push(step("Google Mail", found.map_err(|error| words::of_error(&connection.kind, &error))));
    }
    tried.extend(check_calendar(app, connection, "Google Calendar"));
    tried
}

fn check_microsoft(app: &App, connection: &Connection) -> Vec<Tried> {
    let mut tried = Vec::new();
    if connection.can(Use::Outreach) {
        let found = microsoft_session(app, connection.workspace, connection.id, |session| {
            let user = session.me()?;
            Mail(session).ping().map(|()| user)
        });
        let found =
            found.map(|user| format!("The mailbox of {} answers.", user.mail.unwrap_or(user.user_principal_name)));
        tried.push(step("Microsoft 365 mail", found.map_err(|error| words::of_error(&connection.kind, &error))));
    }
    if connection.can(Use::Meetings) {
        tried.push(check_teams(app, connection));
    }
    tried.extend(check_calendar(app, connection, "Microsoft 365 calendar"));
    tried
}

fn check_calendar(app: &App, connection: &Connection, what: &str) -> Option<Tried> {
    connection.can(Use::Calendar).then(|| {
        let found = with_calendar(app, connection.workspace, connection.id, |calendar| calendar.list_calendars());
        let found = found.map(|all| {
            format!("The calendar answers; {} can be read.", counted(all.len() as u64, "calendar", "calendars"))
        });
        step(what, found.map_err(|error| words::of_error(&connection.kind, &error)))
    })
}

/// Whether Teams would make a meeting is not known before it makes one.
fn check_teams(app: &App, connection: &Connection) -> Tried {
    let found = microsoft_session(app, connection.workspace, connection.id, |session| session.me());
    let found = found.map(|_| "The account answers.".to_owned());
    step("Microsoft Teams", found.map_err(|error| words::of_error(&connection.kind, &error)))
}

/// Looks for a meeting that nobody has: the list of meetings has to answer.
fn check_meetings(app: &App, connection: &Connection) -> Tried {
    let (now, id) = (app.now(), connection.id);
    let nobodys = Wanted {
        mark: format!("check-{id}"),
        title: String::new(),
        start: now,
        end: now.plus(Duration::from_secs(1800)),
        time_zone: "UTC".to_owned(),
    };
    let found = meeting_session(app, connection.workspace, id, |client| client.find(&nobodys));
    let found = found.map(|_| "The list of meetings answers.".to_owned());
    step(connection.kind_words(), found.map_err(|error| words::of_error(&connection.kind, &error)))
}

fn step(what: &str, found: Result<String, String>) -> Tried {
    let ok = found.is_ok();
    Tried { what: what.to_owned(), ok, words: found.unwrap_or_else(|words| words) }
}

/// The steps of a mail test, each named by its direction.
pub fn in_words(test: &MailTest) -> Vec<Tried> {
    let outgoing = test.smtp.iter().map(|step| ("Outgoing", step));
    let incoming = test.imap.iter().map(|step| ("Incoming", step));
    outgoing
        .chain(incoming)
        .map(|(direction, step)| Tried {
            what: format!("{direction}: {}", step_words(step.name)),
            ok: step.ok,
            words: step.words.clone(),
        })
        .collect()
}

fn step_words(name: StepName) -> &'static str {
    match name {
        StepName::Dns => "name of the server",
        StepName::Tcp => "connection",
        StepName::Tls => "encryption",
        StepName::Login => "sign-in",
        StepName::Folder => "inbox",
    }
}

fn record(app: &App, connection: &Connection, all_ok: bool, tried: &[Tried]) -> Result<(), ConnectionError> {
    let (workspace, id, now) = (connection.workspace, connection.id, app.now());
    if !all_ok {
        if let (Kind::SmtpImap(_) | Kind::CalDav(_), Some(failed)) =
            (&connection.kind, tried.iter().find(|one| !one.ok))
        {
            trouble::note(app, workspace, id, &format!("{}: {}", failed.what, failed.words))?;
        }
        return Ok(());
    }
    let poll = polls::job(workspace, id, now);
    app.store.write(|txn| {
        let found = store::find(txn, workspace, id)?.filter(|connection| !connection.is_disconnected());
        let Some(mut connection) = found else { return Ok(()) };
        match connection.state {
            State::NeedsOwner { .. } => {
                trouble::works(txn, &mut connection, &poll, now)?;
                // What waits for it elsewhere hears so now, not when its pause ends.
                events::append(txn, workspace, now, Happened::ConnectionMade { connection: id })?;
            }
            _ => connection.health.last_success = Some(now),
        }
        store::put(txn, &connection)?;
        Ok(())
    })
}
