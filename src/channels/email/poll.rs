//! One look for answers in a mailbox. Heads of new mail are compared in memory; opened are answers to mail of ours
//! and machines' reports (promise 2). How far it was read is stored only after all of it was worked through.

use super::gmail_box::ReadTo;
use super::inbound::HeaderFacts;
use super::read::{first_look, take_in, FirstLook, Opening, Read};
use super::{gmail_box, graph_box, imap_box};
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, Kind, State, Use};
use crate::providers::ProviderError;
use crate::store::StoreError;

/// What one look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollReport {
    /// New mails whose heads were compared.
    pub compared: u32,
    pub opened: u32,
    pub replies: u32,
    pub auto_replies: u32,
    pub bounces: u32,
    pub complaints: u32,
    /// Reports that refer to no mail of ours.
    pub unmatched: u32,
    /// Bounces that are the sender's own trouble.
    pub policy: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Disconnected, removed, or waiting for its owner: nothing to read any more.
    #[error("the mailbox is not connected")]
    Ended,
    /// Recorded with the connection already.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks once, now. Again is harmless: what was taken in before is known.
pub fn poll_now(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<PollReport, PollError> {
    let connection = connections::get(&app.store, workspace, id)?.ok_or(PollError::Ended)?;
    if !connection.state.is_working() || !connection.can(Use::Outreach) {
        return Err(PollError::Ended);
    }
    let begun = app.now();
    let mut poll = Poll { app, connection: &connection, report: PollReport::default() };
    let (place, outcome) = read_all(&mut poll);
    let report = poll.report;
    let is_read = outcome.is_ok() && !matches!(place, Place::Listing(_) | Place::Linked { is_all: false, .. });
    record(app, &connection, place, is_read.then_some(begun), report)?;
    outcome.map(|()| report)
}

/// How far the mailbox was read.
enum Place {
    Unchanged,
    Gmail(String),
    /// A long list: the next look goes on with it.
    Listing(connections::Relisting),
    Linked {
        folders: Vec<connections::LinkedFolder>,
        is_all: bool,
    },
    Folders(Vec<connections::ImapFolder>),
}

fn read_all(poll: &mut Poll<'_>) -> (Place, Result<(), PollError>) {
    let connection = poll.connection;
    let last_poll = connection.health.last_poll;
    match &connection.kind {
        Kind::Google(google) => match gmail_box::run(poll, google, last_poll) {
            Ok(ReadTo::End(cursor)) => (Place::Gmail(cursor.as_str().to_owned()), Ok(())),
            Ok(ReadTo::Part(place)) => (Place::Listing(place), Ok(())),
            Err(error) => (Place::Unchanged, Err(error)),
        },
        Kind::Microsoft(microsoft) => {
            let mut folders = microsoft.folders.clone();
            let outcome = graph_box::run(poll, &mut folders, last_poll);
            let is_all = matches!(outcome, Ok(true));
            (Place::Linked { folders, is_all }, outcome.map(drop))
        }
        Kind::SmtpImap(settings) => {
            let mut folders = settings.folders.clone();
            let outcome = imap_box::run(poll, settings, &mut folders, last_poll);
            (Place::Folders(folders), outcome)
        }
        // No mail is read with them, so nobody plans this.
        Kind::Meetings(_) | Kind::CalDav(_) => (Place::Unchanged, Ok(())),
    }
}

/// Writes how far was read and how it went. `read_to_end_at` is when a look that came to its end was begun.
fn record(
    app: &App,
    connection: &Connection,
    place: Place,
    read_to_end_at: Option<UnixMillis>,
    report: PollReport,
) -> Result<(), StoreError> {
    let now = app.now();
    connections::update(&app.store, connection.workspace, connection.id, |connection| {
        match (&mut connection.kind, &place) {
            (Kind::Google(google), Place::Gmail(cursor)) => {
                (google.history_cursor, google.relisting) = (Some(cursor.clone()), None);
            }
            (Kind::Google(google), Place::Listing(place)) => google.relisting = Some(place.clone()),
            (Kind::Microsoft(microsoft), Place::Linked { folders, .. }) => microsoft.folders.clone_from(folders),
            (Kind::SmtpImap(server), Place::Folders(folders)) => server.folders.clone_from(folders),
            _ => {}
        }
        let health = &mut connection.health;
        health.unmatched_reports = health.unmatched_reports.saturating_add(report.unmatched);
        if report.policy > 0 {
            health.last_error = Some((now, POLICY.to_owned()));
        }
        if let Some(begun) = read_to_end_at {
            health.last_poll = Some(begun);
            health.last_success = Some(now);
        }
        if matches!(connection.state, State::Waiting { until, .. } if until <= now) {
            connection.state = State::Working;
        }
    })
    .map(|_| ())
}

const POLICY: &str = "A recipient’s server refuses mail from this sender by policy. Check the domain’s SPF, DKIM and DMARC records before more is sent.";

/// A look in work.
pub(super) struct Poll<'a> {
    pub app: &'a App,
    pub connection: &'a Connection,
    pub report: PollReport,
}

impl Poll<'_> {
    /// To be asked before each fetch: nothing is fetched after disconnecting.
    pub fn may_go_on(&self) -> Result<(), PollError> {
        Ok(connections::may_be_used(self.app, self.connection.workspace, self.connection.id)?)
    }

    pub fn compare(&mut self, head: &HeaderFacts, thread: Option<&str>) -> Result<FirstLook, PollError> {
        self.report.compared += 1;
        Ok(first_look(self.app, self.connection, head, thread)?)
    }

    pub fn open(&mut self, opening: &Opening, thread: Option<&str>, raw: &[u8]) -> Result<(), PollError> {
        self.report.opened += 1;
        match take_in(self.app, self.connection, opening, thread, raw)? {
            Read::Reply => self.report.replies += 1,
            Read::AutoReply => self.report.auto_replies += 1,
            Read::Complaint => self.report.complaints += 1,
            Read::Bounce { is_policy } => {
                self.report.bounces += 1;
                self.report.policy += u32::from(is_policy);
            }
            Read::Unmatched => {
                self.report.unmatched += 1;
                let (connection, workspace) = (self.connection.id, self.connection.workspace);
                tracing::info!(%connection, %workspace, "a delivery report refers to no mail of ours; nothing was changed");
            }
            Read::Nothing => {}
        }
        Ok(())
    }
}

/// Sessions know a provider's errors only; whatever else ends the reading is kept here until they are over.
#[derive(Default)]
pub(super) struct Ended(Option<PollError>);

impl Ended {
    pub fn keep<T>(&mut self, outcome: Result<T, PollError>) -> Result<Option<T>, ProviderError> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(PollError::Provider(error)) => Err(error),
            Err(other) => {
                self.0 = Some(other);
                Ok(None)
            }
        }
    }

    /// What was kept; without it, how the session came out.
    pub fn or<T>(self, outcome: Result<Option<T>, ProviderError>) -> Result<T, PollError> {
        match (self.0, outcome) {
            (Some(error), _) => Err(error),
            (None, Ok(Some(done))) => Ok(done),
            (None, Ok(None)) => Err(PollError::Ended),
            (None, Err(error)) => Err(error.into()),
        }
    }
}

/// A mail deleted meanwhile is no trouble.
pub(super) fn there<T>(found: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match found {
        Err(ProviderError::NotFound | ProviderError::Gone) => Ok(None),
        other => other.map(Some),
    }
}

/// Header fields as they would stand in a mail.
pub(super) fn head_of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let lines = fields.map(|(name, value)| format!("{name}: {}\r\n", value.replace(['\r', '\n'], " ")));
    lines.collect::<String>().into_bytes()
}
