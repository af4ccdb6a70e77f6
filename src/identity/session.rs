//! Sessions: server-side, known by a random secret in the browser's cookie, ended by time or by hand.

use std::time::Duration;

use super::model::{Client, Session, User};
use super::secret::{hash_secret, HandedSecret};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{SessionId, UnixMillis, UserId, WorkspaceId, INSTANCE};
use crate::config::Sessions;
use crate::store::{StoreError, Txn};

/// `seen_at` is written at most this often: reading pages must not write all the time.
const SEEN_STEP: Duration = Duration::from_secs(60);
/// After this long sensitive acts ask again who is there (ASVS 5.0, 7.5.1).
pub const PROOF_HOLDS: Duration = Duration::from_secs(15 * 60);

/// A session as it is handed to the browser.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub secret: HandedSecret,
    /// Until its absolute end.
    pub lifetime: Duration,
}

fn idle(config: &Sessions) -> Duration {
    Duration::from_secs(u64::from(config.idle_hours) * 3600)
}

fn absolute(config: &Sessions) -> Duration {
    Duration::from_secs(u64::from(config.absolute_days) * 24 * 3600)
}

pub(super) fn is_over(session: &Session, config: &Sessions, now: UnixMillis) -> bool {
    session.seen_at.plus(idle(config)) <= now || session.began_at.plus(absolute(config)) <= now
}

/// A session that can be written in a transaction: its id and secret are made outside.
pub(super) fn prepare(app: &App, user: UserId, client: &Client, now: UnixMillis) -> (NewSession, Session) {
    let secret = HandedSecret::fresh();
    let session = Session {
        id: SessionId::new(now),
        user,
        workspace: None,
        secret_hash: secret.hash(),
        began_at: now,
        seen_at: now,
        proved_at: now,
        device: client.device.clone(),
        address: client.address,
    };
    (NewSession { secret, lifetime: absolute(&app.config.sessions) }, session)
}

/// Writes a new session with its entry in the record of sign-ins; of too many, the oldest ends.
pub fn begin(txn: &mut Txn<'_>, session: &Session, how: &str) -> Result<(), StoreError> {
    for oldest in store::list_sessions(txn, session.user)?.iter().skip(store::MOST_SESSIONS - 1) {
        store::remove_session(txn, oldest)?;
    }
    store::insert_session(txn, session)?;
    let detail = format!("{how}, {}, {}", session.device, session.address);
    let who = Who::User(session.user);
    audit::record(txn, INSTANCE, session.began_at, &who, "session.begun", &subject(session.user), &detail)
}

/// The name of a person in the audit trail.
pub(super) fn subject(user: UserId) -> String {
    format!("user {user}")
}

/// As `prepare`, for other rooms that make accounts: the session looks at `workspace`.
pub fn prepare_in(app: &App, user: UserId, client: &Client, workspace: WorkspaceId) -> (NewSession, Session) {
    let (new, session) = prepare(app, user, client, app.now());
    (new, Session { workspace: Some(workspace), ..session })
}

/// The session of a cookie and its person, while it holds. A session that has run out is as none.
pub fn find_by_cookie(app: &App, secret: &str) -> Result<Option<(Session, User)>, StoreError> {
    let (now, hash) = (app.now(), hash_secret(secret));
    let found = app.store.read(|txn| {
        let Some(session) = store::find_session_by_secret(txn, &hash)? else { return Ok(None) };
        Ok::<_, StoreError>(store::find(txn, session.user)?.map(|user| (session, user)))
    })?;
    Ok(found.filter(|(session, _)| !is_over(session, &app.config.sessions, now)))
}

/// Notes that the session is in use, when the last note is older than a minute.
pub fn note_seen(app: &App, session: &Session) -> Result<(), StoreError> {
    let now = app.now();
    if now.since(session.seen_at) < SEEN_STEP {
        return Ok(());
    }
    change(app, session.user, session.id, |session| session.seen_at = now).map(drop)
}

/// The workspace that the session looks at from now on. Whether the person belongs to it is asked at each request.
pub fn look_at(app: &App, user: UserId, id: SessionId, workspace: WorkspaceId) -> Result<(), StoreError> {
    change(app, user, id, |session| session.workspace = Some(workspace)).map(drop)
}

fn change(
    app: &App,
    user: UserId,
    id: SessionId,
    change: impl Fn(&mut Session),
) -> Result<Option<Session>, StoreError> {
    app.store.write(|txn| {
        let Some(mut session) = store::find_session(txn, user, id)? else { return Ok(None) };
        change(&mut session);
        store::update_session(txn, &session)?;
        Ok(Some(session))
    })
}

/// Sessions of a person that hold, the one just used first.
pub fn list(app: &App, user: UserId) -> Result<Vec<Session>, StoreError> {
    let now = app.now();
    let mut sessions = app.store.read(|txn| store::list_sessions(txn, user))?;
    sessions.retain(|session| !is_over(session, &app.config.sessions, now));
    sessions.sort_by_key(|session| std::cmp::Reverse(session.seen_at));
    Ok(sessions)
}

/// Ends one session of `user`. `false` when there is none, so that nobody can end another's.
pub fn end(app: &App, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(session) = store::find_session(txn, user, id)? else { return Ok(false) };
        store::remove_session(txn, &session)?;
        audit::record(txn, INSTANCE, now, &Who::User(user), "session.ended", &subject(user), &session.device)?;
        Ok(true)
    })
}

/// Ends all sessions of a person but `keep`. Returns how many.
pub fn end_others(app: &App, user: UserId, keep: Option<SessionId>) -> Result<usize, StoreError> {
    app.store.write(|txn| end_all(txn, user, keep, app.now()))
}

/// As `end_others`, beside other changes of the caller.
pub(super) fn end_all(
    txn: &mut Txn<'_>,
    user: UserId,
    keep: Option<SessionId>,
    now: UnixMillis,
) -> Result<usize, StoreError> {
    let mut others = store::list_sessions(txn, user)?;
    others.retain(|session| Some(session.id) != keep);
    for session in &others {
        store::remove_session(txn, session)?;
    }
    if !others.is_empty() {
        let detail = format!("{} at once", others.len());
        audit::record(txn, INSTANCE, now, &Who::User(user), "session.ended", &subject(user), &detail)?;
    }
    Ok(others.len())
}

/// May the session do what is sensitive, or has too long passed since its owner proved who they are?
pub fn is_proof_fresh(app: &App, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let session = app.store.read(|txn| store::find_session(txn, user, id))?;
    Ok(session.is_some_and(|session| app.now().since(session.proved_at) < PROOF_HOLDS))
}

pub(super) fn note_proof(app: &App, user: UserId, id: SessionId) -> Result<(), StoreError> {
    let now = app.now();
    change(app, user, id, |session| session.proved_at = now).map(drop)
}
