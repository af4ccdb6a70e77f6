//! Rows of people, credentials, sessions and tickets. All belong to the instance, not to a workspace.

use serde_json::{json, Value};

use super::model::{Credentials, ExternalLink, Session, User};
use super::secret::SecretHash;
use super::throttle::Tries;
use super::ticket::Ticket;
use crate::base::{SessionId, UnixMillis, UserId, INSTANCE};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const USERS: Table<User> = Table::sealed(
    0x0501,
    "users",
    Tree::Identity,
    Holds::User,
    Retention::Account,
    "Who signs in: name, address, how the product shows itself.",
);
const BY_LOGIN: Table<UserId> = Table::sealed(
    0x0502,
    "users_by_login",
    Tree::Index,
    Holds::Nothing,
    Retention::Account,
    "Which person has an address or username, by keyed hash, so that each is there once.",
);
const CREDENTIALS: Table<Credentials> = Table::sealed(
    0x0503,
    "credentials",
    Tree::Identity,
    Holds::User,
    Retention::Account,
    "How people prove who they are: password hash, authenticator, hashes of recovery codes, linked accounts.",
);
const SESSIONS: Table<Session> = Table::sealed(
    0x0504,
    "sessions",
    Tree::Identity,
    Holds::User,
    Retention::Days(30),
    "Signed-in browsers, so that their owner can see and end them.",
);
const SESSIONS_BY_SECRET: Table<(UserId, SessionId)> = Table::sealed(
    0x0505,
    "sessions_by_secret",
    Tree::Index,
    Holds::Nothing,
    Retention::Days(30),
    "Which session a cookie belongs to, by its hash.",
);
const TICKETS: Table<Ticket> = Table::sealed(
    0x0506,
    "sign_in_tickets",
    Tree::Identity,
    Holds::Nothing,
    Retention::Served,
    "Single-use links and half-finished sign-ins, by the hash of their secret; gone after minutes, an hour, or a day.",
);
pub(super) const TRIES: Table<Tries> = Table::sealed(
    0x0507,
    "sign_in_tries",
    Tree::Counters,
    Holds::Nothing,
    Retention::Served,
    "Failed sign-ins by keyed hash of account or network, so that guessing takes too long.",
);
const BY_SUBJECT: Table<UserId> = Table::sealed(
    0x0508,
    "users_by_external_account",
    Tree::Index,
    Holds::Nothing,
    Retention::Account,
    "Which person an account at an OpenID Connect issuer belongs to, by keyed hash.",
);

pub const TABLES: &[Declared] = &[
    Declared::personal(&USERS, export_user, erase_user),
    Declared::plain(&BY_LOGIN),
    Declared::personal(&CREDENTIALS, export_credentials, erase_credentials),
    Declared::personal(&SESSIONS, export_sessions, erase_sessions),
    Declared::plain(&SESSIONS_BY_SECRET),
    Declared::plain(&TICKETS),
    Declared::plain(&TRIES),
    Declared::plain(&BY_SUBJECT),
];

/// Sessions one person can have: few enough to end them all in the transaction of a new password.
pub const MOST_SESSIONS: usize = 20;

fn user_key(id: UserId) -> Key {
    Key::of(&USERS, INSTANCE).id(id.0)
}

fn credentials_key(id: UserId) -> Key {
    Key::of(&CREDENTIALS, INSTANCE).id(id.0)
}

fn sessions_of(user: UserId) -> Key {
    Key::of(&SESSIONS, INSTANCE).id(user.0)
}

fn session_key(user: UserId, id: SessionId) -> Key {
    sessions_of(user).id(id.0)
}

fn secret_key(hash: &SecretHash) -> Key {
    Key::of(&SESSIONS_BY_SECRET, INSTANCE).bytes(hash)
}

fn ticket_key(hash: &SecretHash) -> Key {
    Key::of(&TICKETS, INSTANCE).bytes(hash)
}

/// `login` is an address in its compare form or a username; the two can not be mistaken for each other.
fn login_key(txn: &Txn<'_>, login: &str) -> Result<Key, StoreError> {
    Ok(Key::of(&BY_LOGIN, INSTANCE).bytes(&txn.blind(INSTANCE, "user login", login)?))
}

fn subject_key(txn: &Txn<'_>, issuer: &str, subject: &str) -> Result<Key, StoreError> {
    // The length keeps issuer and subject apart, whatever they hold.
    let text = format!("{} {issuer} {subject}", issuer.len());
    Ok(Key::of(&BY_SUBJECT, INSTANCE).bytes(&txn.blind(INSTANCE, "external account", &text)?))
}

pub fn find(txn: &mut Txn<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    txn.get(&USERS, &user_key(id))
}

pub fn get(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    store.get(&USERS, &user_key(id))
}

/// Who runs the server.
pub fn operators(store: &Store) -> Result<Vec<User>, StoreError> {
    let mut found = Vec::new();
    store.each(&USERS, &Key::of(&USERS, INSTANCE), |_, user| {
        found.extend(Some(user).filter(|user: &User| user.is_operator));
        Ok::<(), StoreError>(())
    })?;
    Ok(found)
}

pub fn find_by_login(txn: &mut Txn<'_>, login: &str) -> Result<Option<User>, StoreError> {
    let place = login_key(txn, login)?;
    match txn.get(&BY_LOGIN, &place)? {
        Some(id) => find(txn, id),
        None => Ok(None),
    }
}

pub fn is_nobody_there(txn: &mut Txn<'_>) -> Result<bool, StoreError> {
    Ok(txn.keys(&USERS, &Key::of(&USERS, INSTANCE), Dir::Forward, 1)?.is_empty())
}

/// Writes a person; `before` is the row it replaces. Fails with `Exists` when another has the address or username.
pub fn put(txn: &mut Txn<'_>, user: &User, before: Option<&User>) -> Result<(), StoreError> {
    for login in before.map(logins).unwrap_or_default() {
        let place = login_key(txn, &login)?;
        txn.remove(&BY_LOGIN, &place)?;
    }
    for login in logins(user) {
        let place = login_key(txn, &login)?;
        match txn.get(&BY_LOGIN, &place)? {
            Some(other) if other != user.id => return Err(StoreError::Exists),
            _ => txn.put(&BY_LOGIN, &place, &user.id)?,
        }
    }
    txn.put(&USERS, &user_key(user.id), user)
}

fn logins(user: &User) -> Vec<String> {
    let username = user.username.as_ref().map(|name| name.as_str().to_owned());
    [user.email.compare().to_owned()].into_iter().chain(username).collect()
}

/// A person without credentials cannot sign in, which is what the default says.
pub fn credentials(txn: &mut Txn<'_>, user: UserId) -> Result<Credentials, StoreError> {
    Ok(txn.get(&CREDENTIALS, &credentials_key(user))?.unwrap_or_default())
}

pub fn get_credentials(store: &Store, user: UserId) -> Result<Credentials, StoreError> {
    store.read(|txn| credentials(txn, user))
}

pub fn put_credentials(txn: &mut Txn<'_>, user: UserId, credentials: &Credentials) -> Result<(), StoreError> {
    txn.put(&CREDENTIALS, &credentials_key(user), credentials)
}

pub fn find_by_subject(txn: &mut Txn<'_>, issuer: &str, subject: &str) -> Result<Option<User>, StoreError> {
    let place = subject_key(txn, issuer, subject)?;
    match txn.get(&BY_SUBJECT, &place)? {
        Some(id) => find(txn, id),
        None => Ok(None),
    }
}

/// Fails with `Exists` when the account belongs to somebody already.
pub fn link(txn: &mut Txn<'_>, user: UserId, link: &ExternalLink) -> Result<(), StoreError> {
    let place = subject_key(txn, &link.issuer, &link.subject)?;
    match txn.get(&BY_SUBJECT, &place)? {
        Some(other) if other != user => return Err(StoreError::Exists),
        Some(_) => return Ok(()),
        None => txn.put(&BY_SUBJECT, &place, &user)?,
    }
    let mut known = credentials(txn, user)?;
    known.links.push(link.clone());
    put_credentials(txn, user, &known)
}

pub fn unlink(txn: &mut Txn<'_>, link: &ExternalLink) -> Result<(), StoreError> {
    let place = subject_key(txn, &link.issuer, &link.subject)?;
    txn.remove(&BY_SUBJECT, &place)
}

pub fn insert_session(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    txn.insert_new(&SESSIONS_BY_SECRET, &secret_key(&session.secret_hash), &(session.user, session.id))?;
    txn.put(&SESSIONS, &session_key(session.user, session.id), session)
}

pub fn update_session(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    txn.put(&SESSIONS, &session_key(session.user, session.id), session)
}

pub fn find_session(txn: &mut Txn<'_>, user: UserId, id: SessionId) -> Result<Option<Session>, StoreError> {
    txn.get(&SESSIONS, &session_key(user, id))
}

pub fn find_session_by_secret(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<Option<Session>, StoreError> {
    match txn.get(&SESSIONS_BY_SECRET, &secret_key(hash))? {
        Some((user, id)) => find_session(txn, user, id),
        None => Ok(None),
    }
}

pub fn remove_session(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    txn.remove(&SESSIONS_BY_SECRET, &secret_key(&session.secret_hash))?;
    txn.remove(&SESSIONS, &session_key(session.user, session.id))
}

/// Newest first, at most `MOST_SESSIONS`.
pub fn list_sessions(txn: &mut Txn<'_>, user: UserId) -> Result<Vec<Session>, StoreError> {
    let rows = txn.list(&SESSIONS, &sessions_of(user), Dir::Backward, MOST_SESSIONS)?;
    Ok(rows.into_iter().map(|(_, session)| session).collect())
}

pub(super) fn put_ticket(txn: &mut Txn<'_>, hash: &SecretHash, ticket: &Ticket) -> Result<(), StoreError> {
    txn.put(&TICKETS, &ticket_key(hash), ticket)
}

pub(super) fn find_ticket(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<Option<Ticket>, StoreError> {
    txn.get(&TICKETS, &ticket_key(hash))
}

pub(super) fn remove_ticket(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<(), StoreError> {
    txn.remove(&TICKETS, &ticket_key(hash))
}

/// All tickets of the instance that fit, with their keys. There are few: they live for minutes.
pub(super) fn tickets_where(
    txn: &mut Txn<'_>,
    fits: impl Fn(&Ticket) -> bool,
) -> Result<Vec<(Key, Ticket)>, StoreError> {
    let rows = txn.list(&TICKETS, &Key::of(&TICKETS, INSTANCE), Dir::Forward, 1000)?;
    Ok(rows.into_iter().filter(|(_, ticket)| fits(ticket)).collect())
}

pub(super) fn remove_ticket_at(txn: &mut Txn<'_>, key: &Key) -> Result<(), StoreError> {
    txn.remove(&TICKETS, key)
}

/// Removes what has run out: tickets, tries and sessions for which `is_over` holds. Returns how many rows went.
pub(super) fn sweep(
    store: &Store,
    now: UnixMillis,
    session_is_over: impl Fn(&Session) -> bool,
) -> Result<usize, StoreError> {
    let (mut tickets, mut tries, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    store.each(&TICKETS, &Key::of(&TICKETS, INSTANCE), |key, ticket| {
        tickets.extend(ticket.has_run_out(now).then_some(key));
        Ok::<(), StoreError>(())
    })?;
    store.each(&TRIES, &Key::of(&TRIES, INSTANCE), |key, row| {
        tries.extend(row.is_over(now).then_some(key));
        Ok::<(), StoreError>(())
    })?;
    store.each(&SESSIONS, &Key::of(&SESSIONS, INSTANCE), |_, session| {
        sessions.extend(session_is_over(&session).then_some(session));
        Ok::<(), StoreError>(())
    })?;
    for batch in tickets.chunks(50) {
        store.write_reserved(|txn| batch.iter().try_for_each(|key| txn.remove(&TICKETS, key)))?;
    }
    for batch in tries.chunks(50) {
        store.write_reserved(|txn| batch.iter().try_for_each(|key| txn.remove(&TRIES, key)))?;
    }
    for batch in sessions.chunks(25) {
        store.write_reserved(|txn| batch.iter().try_for_each(|session| remove_session(txn, session)))?;
    }
    Ok(tickets.len() + tries.len() + sessions.len())
}

fn export_user(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(id) = person else { return Ok(Vec::new()) };
    Ok(get(store, id)?.and_then(|user| serde_json::to_value(user).ok()).into_iter().collect())
}

fn erase_user(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(id) = person else { return Ok(0) };
    store.write_reserved(|txn| {
        let Some(user) = find(txn, id)? else { return Ok(0) };
        for login in logins(&user) {
            let place = login_key(txn, &login)?;
            txn.remove(&BY_LOGIN, &place)?;
        }
        txn.remove(&USERS, &user_key(id)).map(|()| 1)
    })
}

/// What we know about the credentials, without the secrets themselves.
fn export_credentials(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(id) = person else { return Ok(Vec::new()) };
    let Some(known) = store.get(&CREDENTIALS, &credentials_key(id))? else { return Ok(Vec::new()) };
    Ok(vec![json!({
        "password_changed_at": known.password.as_ref().map(|password| password.changed_at.to_rfc3339()),
        "authenticator_since": known.totp.as_ref().and_then(|totp| totp.confirmed_at).map(|at| at.to_rfc3339()),
        "unused_recovery_codes": known.unused_recovery_codes(),
        "linked_accounts": known.links,
    })])
}

fn erase_credentials(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(id) = person else { return Ok(0) };
    let gone = store.write_reserved(|txn| {
        let known = txn.get(&CREDENTIALS, &credentials_key(id))?;
        for link in known.iter().flat_map(|known| &known.links) {
            unlink(txn, link)?;
        }
        txn.remove(&CREDENTIALS, &credentials_key(id))?;
        Ok::<_, StoreError>(known)
    })?;
    if let Some(totp) = gone.as_ref().and_then(|known| known.totp.as_ref()) {
        store.shred_secret(&totp.secret)?;
    }
    Ok(gone.into_iter().count())
}

fn export_sessions(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(id) = person else { return Ok(Vec::new()) };
    let sessions = store.read(|txn| list_sessions(txn, id))?;
    let row = |session: &Session| {
        json!({
            "began_at": session.began_at.to_rfc3339(),
            "seen_at": session.seen_at.to_rfc3339(),
            "device": session.device,
            "address": session.address,
        })
    };
    Ok(sessions.iter().map(row).collect())
}

fn erase_sessions(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(id) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let sessions = txn.list(&SESSIONS, &sessions_of(id), Dir::Forward, 25)?;
            for (_, session) in &sessions {
                remove_session(txn, session)?;
            }
            Ok::<_, StoreError>(sessions.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
