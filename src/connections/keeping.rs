//! How each calendar of a connection is kept fresh, and being told when one changes.
//!
//! Calendars are read by `availability`, which says here what became of it. Where this server has a public https address,
//! providers that can are asked to tell of changes; what they tell hurries the next reading and is believed in nothing
//! else. A notice proves itself by a word that only its connection's provider was told.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::calls::Log;
use super::model::{Connection, Kind};
use super::session::with_calendar;
use super::store;
use crate::app::App;
use crate::base::{uuid_at, ConnectionId, UnixMillis, WorkspaceId};
use crate::http::rate_limit::TooMany;
use crate::jobs;
use crate::providers::calendar::{CalendarClient, NewWatch, Watching};
use crate::providers::{google, microsoft, Line, ProviderError, Secret};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// The kind of the job that reads a connection's calendars, done by `availability`.
pub const READ_CALENDARS: &str = "availability.busy";
/// How long a provider is asked to tell; it may choose less.
const ASKED_FOR: Duration = Duration::from_secs(7 * 86_400);
/// Prolonged this long before its end.
const RENEWED_BEFORE: Duration = Duration::from_secs(86_400);
/// Who refuses to tell, or to say what changes, is asked again after this.
const REFUSED_FOR: Duration = Duration::from_secs(86_400);
/// Calendars of one connection that may be kept.
const MOST: usize = 60;
/// What the word of a notice is made for.
const PURPOSE: &str = "notices of calendars";

const KEEPING: Table<Keeping> = Table::sealed(
    0x0d61,
    "calendar_keeping",
    Tree::Connections,
    Holds::Nothing,
    Retention::Served,
    "How each connected calendar is kept fresh: when it was read, and until when its provider tells of changes.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&KEEPING)];

/// How one calendar is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// The last time that all of it was known.
    #[serde(default)]
    pub read_at: Option<UnixMillis>,
    /// Only what has changed is asked for.
    #[serde(default)]
    pub is_followed: bool,
    /// Why the last try failed, in words.
    #[serde(default)]
    pub failed: Option<String>,
    #[serde(default)]
    pub watching: Option<Watching>,
    /// The last time that its provider told of a change.
    #[serde(default)]
    pub told_at: Option<UnixMillis>,
    /// When its provider refused to tell, and why.
    #[serde(default)]
    pub refused: Option<(UnixMillis, String)>,
    /// When its provider refused to say what changes.
    #[serde(default)]
    pub unfollowed: Option<UnixMillis>,
}

impl Keeping {
    /// Its provider tells of changes.
    pub fn is_told(&self, now: UnixMillis) -> bool {
        self.watching.as_ref().is_some_and(|watching| watching.until > now)
    }

    pub fn renewed_at(&self) -> Option<UnixMillis> {
        self.watching.as_ref().map(|watching| watching.until.minus(RENEWED_BEFORE))
    }

    /// What changes may be asked for; beginning to is long, and in vain where it was refused not long ago.
    pub fn may_be_followed(&self, now: UnixMillis) -> bool {
        self.unfollowed.is_none_or(|at| at.plus(REFUSED_FOR) <= now)
    }

    fn is_due(&self, now: UnixMillis) -> bool {
        let was_refused = self.refused.as_ref().is_some_and(|(at, _)| now < at.plus(REFUSED_FOR));
        !was_refused && self.renewed_at().is_none_or(|at| at <= now)
    }
}

/// What became of reading one calendar.
#[derive(Clone, Debug)]
pub struct Reading {
    pub calendar: String,
    pub is_followed: bool,
    pub failed: Option<String>,
}

fn prefix(workspace: WorkspaceId, connection: ConnectionId) -> Key {
    Key::of(&KEEPING, workspace).id(connection.0)
}

/// Calendars are often named after people: their names stand in no key, and in no row either.
fn key(txn: &Txn<'_>, connection: &Connection, calendar: &str) -> Result<Key, StoreError> {
    let blind = txn.blind(connection.workspace, "calendar", calendar)?;
    Ok(prefix(connection.workspace, connection.id).bytes(&blind))
}

/// How a calendar is kept; as never read where nothing is known.
pub fn keeping_of(store: &Store, connection: &Connection, calendar: &str) -> Result<Keeping, StoreError> {
    store.read(|txn| {
        let key = key(txn, connection, calendar)?;
        Ok(txn.get(&KEEPING, &key)?.unwrap_or_default())
    })
}

/// `false`, and nothing is written, where it was disconnected meanwhile: what was forgotten with it stays so.
fn change(
    store: &Store,
    connection: &Connection,
    calendar: &str,
    change: impl Fn(&mut Keeping),
) -> Result<bool, StoreError> {
    store.write(|txn| {
        let found = store::find(txn, connection.workspace, connection.id)?;
        if found.is_none_or(|connection| connection.is_disconnected()) {
            return Ok(false);
        }
        let key = key(txn, connection, calendar)?;
        let mut row = txn.get(&KEEPING, &key)?.unwrap_or_default();
        change(&mut row);
        txn.put(&KEEPING, &key, &row)?;
        Ok(true)
    })
}

/// Takes down what became of reading these calendars.
pub fn note_readings(app: &App, connection: &Connection, readings: &[Reading]) -> Result<(), StoreError> {
    let now = app.now();
    readings.iter().try_for_each(|reading| {
        change(&app.store, connection, &reading.calendar, |row| {
            row.is_followed = reading.is_followed;
            row.failed.clone_from(&reading.failed);
            if reading.failed.is_none() {
                row.read_at = Some(now);
            }
        })
        .map(drop)
    })
}

/// Its provider refuses to say what changes in this calendar.
pub fn note_unfollowed(app: &App, connection: &Connection, calendar: &str) -> Result<(), StoreError> {
    let now = app.now();
    change(&app.store, connection, calendar, |row| row.unfollowed = Some(now)).map(drop)
}

/// Sees to it that changes of these calendars, and of no others, are told where that is possible: asks, prolongs, and
/// takes back. Whoever does not answer is asked at the next turn.
pub fn keep_told(app: &App, connection: &Connection, calendars: &[String]) -> Result<(), StoreError> {
    let address = address(app, connection);
    stop_others(app, connection, calendars, address.is_some())?;
    let Some(address) = address else { return Ok(()) };
    for calendar in calendars {
        let row = keeping_of(&app.store, connection, calendar)?;
        if row.is_due(app.now()) && !ask(app, connection, calendar, &address, row.watching.as_ref())? {
            return Ok(());
        }
    }
    Ok(())
}

/// Asks to be told. `false`: there was no answer, and others need not be tried now.
fn ask(
    app: &App,
    connection: &Connection,
    calendar: &str,
    address: &str,
    before: Option<&Watching>,
) -> Result<bool, StoreError> {
    let now = app.now();
    let wanted = NewWatch {
        id: uuid_at(now).to_string(),
        address: address.to_owned(),
        word: word(app, connection.workspace, connection.id),
        until: now.plus(ASKED_FOR),
    };
    let asked = with_calendar(app, connection.workspace, connection.id, |client| {
        let granted = client.watch(calendar, &wanted, before)?;
        Ok(granted.map(|watching| keep_watching(app, connection, calendar, client, &watching)))
    });
    match asked {
        Ok(kept) => kept.unwrap_or(Ok(true)),
        Err(error @ (ProviderError::Rejected { .. } | ProviderError::NotFound | ProviderError::Conflict)) => {
            let why = error.to_string();
            change(&app.store, connection, calendar, |row| {
                row.watching = None;
                row.refused = Some((now, why.clone()));
            })
        }
        // It may have been granted: another try each turn would open one channel after another, and hold up the
        // calendars behind this one.
        Err(error @ ProviderError::Unknown { .. }) => {
            let why = error.to_string();
            change(&app.store, connection, calendar, |row| row.refused = Some((now, why.clone())))?;
            Ok(false)
        }
        Err(_) => Ok(false),
    }
}

/// Takes down what was granted. Where it was disconnected meanwhile it is taken back at once: later there is no token
/// to do it with. `false`: nothing is kept.
fn keep_watching(
    app: &App,
    connection: &Connection,
    calendar: &str,
    client: &dyn CalendarClient,
    watching: &Watching,
) -> Result<bool, StoreError> {
    let kept = change(&app.store, connection, calendar, |row| {
        row.watching = Some(watching.clone());
        row.refused = None;
    });
    if matches!(kept, Ok(false)) {
        // It ends by itself where nobody answers.
        let _ = client.unwatch(watching);
    }
    kept
}

/// Where providers tell; `None` where they cannot reach us, or where the account's provider tells nothing.
fn address(app: &App, connection: &Connection) -> Option<String> {
    let provider = match connection.kind {
        Kind::Google(_) => "google",
        Kind::Microsoft(_) => "microsoft",
        Kind::SmtpImap(_) | Kind::Meetings(_) | Kind::CalDav(_) => return None,
    };
    is_public(&app.public_url).then(|| app.url(&format!("/hooks/{provider}")))
}

/// Https, and a name that others may know.
fn is_public(address: &str) -> bool {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "https");
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => {
            let own = [".localhost", ".local", ".internal", ".lan"];
            name.contains('.') && !own.iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
    }
}

/// Forgets calendars that are not counted any more, and ends what is told of them; of all where we cannot be reached.
fn stop_others(app: &App, connection: &Connection, counted: &[String], is_reachable: bool) -> Result<(), StoreError> {
    let (workspace, id) = (connection.workspace, connection.id);
    let (kept, all) = app.store.read(|txn| {
        let kept = counted.iter().map(|calendar| key(txn, connection, calendar)).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, StoreError>((kept, txn.list(&KEEPING, &prefix(workspace, id), Dir::Forward, MOST)?))
    })?;
    for (key, row) in all {
        let is_counted = kept.contains(&key);
        if is_counted && (is_reachable || row.watching.is_none()) {
            continue;
        }
        if let Some(watching) = &row.watching {
            // It ends by itself where nobody answers.
            let _ = with_calendar(app, workspace, id, |client| client.unwatch(watching));
        }
        let left = Keeping { watching: None, ..row };
        app.store.write(|txn| match is_counted {
            true => txn.put(&KEEPING, &key, &left),
            false => txn.remove(&KEEPING, &key),
        })?;
    }
    Ok(())
}

/// What is told of the connection's calendars.
pub(super) fn watchings(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> Result<Vec<Watching>, StoreError> {
    let all = store.read(|txn| txn.list(&KEEPING, &prefix(workspace, id), Dir::Forward, MOST))?;
    Ok(all.into_iter().filter_map(|(_, row)| row.watching).collect())
}

/// Its calendars are not read any more: nobody tells of them, and nothing is kept of how they were. Again is harmless.
pub fn keep_nothing(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    for watching in watchings(&app.store, workspace, id)? {
        match with_calendar(app, workspace, id, |client| client.unwatch(&watching)) {
            Ok(()) | Err(ProviderError::Rejected { .. } | ProviderError::NotFound) => {}
            // The others end by themselves, too.
            Err(_) => break,
        }
    }
    app.store.write(|txn| forget(txn, workspace, id))
}

/// Forgets all of the connection's calendars.
pub(super) fn forget(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    let all = txn.keys(&KEEPING, &prefix(workspace, id), Dir::Forward, MOST)?;
    all.iter().try_for_each(|key| txn.remove(&KEEPING, key))
}

/// Asks the provider to tell nothing any more, with a token that is only in memory by now.
pub(super) fn stop(app: &App, connection: &Connection, told: &[Watching], token: &Secret) {
    let log = Log::of(connection.id);
    let line = Line { outbound: &app.outbound, access_token: token, log: &log };
    for watching in told {
        let stopped = match (&connection.kind, &app.google, &app.microsoft) {
            (Kind::Google(_), Some(client), _) => {
                google::calendar::Calendar(google::Session { bases: client.bases(), line }).unwatch(watching)
            }
            (Kind::Microsoft(_), _, Some(client)) => {
                microsoft::calendar::Calendar(microsoft::Session { bases: client.bases(), line }).unwatch(watching)
            }
            _ => Ok(()),
        };
        if let Err(error) = stopped {
            tracing::warn!(%error, connection = %connection.id, "notices of a calendar go on until they end by themselves");
            // Whoever disconnects waits, and withdrawing the access comes after this.
            if matches!(error, ProviderError::Retry { .. } | ProviderError::Unknown { .. }) {
                break;
            }
        }
    }
}

/// What its provider says with each notice of this connection: at most 128 characters.
fn word(app: &App, workspace: WorkspaceId, connection: ConnectionId) -> String {
    let named = format!("{workspace}.{connection}");
    let tag = app.mac.tag(PURPOSE, named.as_bytes());
    format!("{named}.{tag}")
}

/// What a notice is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The calendars are read at once.
    Taken,
    /// The word is none of ours, or its connection is read no more.
    Nothing,
    /// More of this connection than anybody needs.
    TooOften(TooMany),
}

/// Whose word it is.
fn whose(app: &App, word: &str) -> Option<(WorkspaceId, ConnectionId)> {
    let (named, tag) = word.rsplit_once('.')?;
    let (workspace, id) = named.split_once('.').filter(|_| app.mac.is_tag_of(PURPOSE, named.as_bytes(), tag))?;
    Some((workspace.parse().ok()?, id.parse().ok()?))
}

/// It is a word that only a provider was told.
pub(super) fn is_ours(app: &App, word: &str) -> bool {
    whose(app, word).is_some()
}

/// Something changed, says whoever knows this word. With `is_ending`, being told is asked for anew, too: that is said
/// once, so it is taken however much else was said, as long as there is something to end.
pub(super) fn told(app: &App, word: &str, is_ending: bool) -> Result<Told, StoreError> {
    let Some((workspace, id)) = whose(app, word) else { return Ok(Told::Nothing) };
    let now = app.now();
    if let Err(wait) = app.limits.by_connection.check(&id) {
        let ends_something = is_ending && watchings(&app.store, workspace, id)?.iter().any(|one| one.until > now);
        if !ends_something {
            return Ok(Told::TooOften(wait));
        }
    }
    app.store.write(|txn| {
        let is_kept = store::find(txn, workspace, id)?.is_some_and(|connection| connection.calendars().is_some());
        let job = jobs::find_once(txn, workspace, READ_CALENDARS, &id.to_string())?.filter(|_| is_kept);
        let Some(job) = job else { return Ok(Told::Nothing) };
        for (key, mut row) in txn.list(&KEEPING, &prefix(workspace, id), Dir::Forward, MOST)? {
            row.told_at = Some(now);
            if let Some(watching) = row.watching.as_mut().filter(|_| is_ending) {
                watching.until = now;
            }
            txn.put(&KEEPING, &key, &row)?;
        }
        jobs::hurry(txn, job.id, now)?;
        Ok::<_, StoreError>(Told::Taken)
    })
}

/// A notice came after then, so that what was read since may miss it.
pub fn was_told_since(app: &App, connection: &Connection, at: UnixMillis) -> Result<bool, StoreError> {
    let prefix = prefix(connection.workspace, connection.id);
    let all = app.store.read(|txn| txn.list(&KEEPING, &prefix, Dir::Forward, MOST))?;
    Ok(all.iter().any(|(_, row)| row.told_at.is_some_and(|told| told > at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_asked_to_tell_only_where_they_can_reach_this_server() {
        let cases = [
            ("https://desk.example.com", true),
            ("http://desk.example.com", false),
            ("https://localhost:8443", false),
            ("https://desk", false),
            ("https://desk.local", false),
            ("https://192.168.1.4", false),
            ("http://127.0.0.1:8080", false),
        ];
        for (address, expected) in cases {
            assert_eq!(is_public(address), expected, "{address}");
        }
    }

    #[test]
    fn being_told_is_prolonged_a_day_before_its_end_and_who_refuses_is_left_alone_for_a_day() {
        let now = crate::testing::NOW;
        let hours = |hours: u64| now.plus(Duration::from_secs(hours * 3_600));
        let until = |until| Some(Watching { id: "a".into(), resource: String::new(), until });
        let told = |at| Keeping { watching: until(at), ..Keeping::default() };
        let refused = Keeping { refused: Some((now, "no".into())), ..Keeping::default() };
        let cases = [
            (Keeping::default(), 0, true),
            (told(hours(168)), 0, false),
            (told(hours(168)), 143, false),
            (told(hours(168)), 144, true),
            (refused.clone(), 23, false),
            (refused, 24, true),
        ];
        for (row, after, expected) in cases {
            assert_eq!(row.is_due(hours(after)), expected, "{row:?} after {after} hours");
        }
    }
}
