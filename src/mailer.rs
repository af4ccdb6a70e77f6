//! System mail: resets, invitations, warnings about an account. Sent through the operator's `[mail]` server,
//! never through a workspace's mailbox, and never marketing: it asks no consent, so it is not the outbox.
//!
//! Always true here:
//! - a letter is queued in the transaction of the change it tells of;
//! - its text does not linger: the row goes when the letter was taken by the server, refused for good, or
//!   has outlived its use. A letter may arrive twice after a crash; it says the same thing both times.
//!
//! Without `[mail]` nothing is queued: pages ask [`is_configured`] and show a link to pass on instead.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::MessageId;
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::Address;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use crate::base::{ConnectionId, EmailAddress, JobId, UnixMillis, UserId, INSTANCE};
use crate::config::{Config, MailSecurity, SystemMail};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::mail_server::{Encryption, Login, MailServer};
use crate::providers::outbound::{NoLog, Outbound};
use crate::providers::smtp::{self, Outgoing, SmtpPool, Timeouts};
use crate::providers::Secret;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

pub const SEND: &str = "mailer.send";
/// Tries before a letter is given up: about five hours.
const MAX_ATTEMPTS: u32 = 12;

const LETTERS: Table<Letter> = Table::sealed(
    0x0520,
    "system_letters",
    Tree::Identity,
    Holds::User,
    Retention::Served,
    "Mails of the server itself that have not left yet; their text is removed when they have.",
);

pub const TABLES: &[Declared] = &[Declared::personal(&LETTERS, export, erase)];

/// A mail of the server itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// Whom it concerns, where that is somebody with an account.
    pub user: Option<UserId>,
    pub to: EmailAddress,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// It has lost its use by then: an expired link is not worth a mail.
    pub useful_until: UnixMillis,
}

/// A letter with its job: made outside the transaction that queues it.
#[derive(Clone, Debug)]
pub struct Posting {
    letter: Letter,
    job: NewJob,
}

impl Posting {
    pub fn new(letter: Letter, now: UnixMillis) -> Self {
        let job = NewJob::new(SEND, Lane::Housekeeping, INSTANCE, now, &()).max_attempts(MAX_ATTEMPTS);
        Self { letter, job }
    }
}

/// Can the server send mail at all?
pub fn is_configured(config: &Config) -> bool {
    config.mail.is_some()
}

/// Queues a letter in this transaction.
pub fn queue(txn: &mut Txn<'_>, posting: &Posting) -> Result<(), StoreError> {
    txn.put(&LETTERS, &key(posting.job.id()), &posting.letter)?;
    jobs::enqueue(txn, &posting.job).map(drop)
}

/// Letters that wait, for the operator's page and for tests.
pub fn waiting(store: &Store) -> Result<Vec<Letter>, StoreError> {
    let rows = store.read(|txn| txn.list(&LETTERS, &Key::of(&LETTERS, INSTANCE), Dir::Forward, 200))?;
    Ok(rows.into_iter().map(|(_, letter)| letter).collect())
}

fn key(id: JobId) -> Key {
    Key::of(&LETTERS, INSTANCE).id(id.0)
}

/// The task that sends letters.
pub struct Mailer {
    store: Store,
    clock: crate::base::Clock,
    relay: Option<Relay>,
    pool: SmtpPool,
}

struct Relay {
    from: EmailAddress,
    server: Arc<MailServer>,
}

#[derive(Debug, thiserror::Error)]
#[error("mail.ca_file: {path} cannot be read: {error}")]
pub struct UnreadableCa {
    path: String,
    error: std::io::Error,
}

impl Mailer {
    /// `hello` is the host name that the server gives in EHLO.
    pub fn new(store: Store, outbound: Outbound, config: &Config, hello: &str) -> Result<Self, UnreadableCa> {
        let relay = config.mail.as_ref().map(Relay::new).transpose()?;
        let clock = outbound.clock().clone();
        Ok(Self { store, clock, relay, pool: SmtpPool::new(outbound, hello, Timeouts::default()) })
    }

    /// Sends the letter of a job, if it is still there and still of use.
    fn send(&self, id: JobId) -> Result<Sent, StoreError> {
        let (Some(letter), now) = (self.store.get(&LETTERS, &key(id))?, self.clock.now()) else {
            return Ok(Sent::Over);
        };
        let Some(relay) = &self.relay else { return Ok(Sent::Never("[mail] is no longer configured".into())) };
        if letter.useful_until <= now {
            return Ok(Sent::Never("it was not sent in time to be of use".into()));
        }
        let mail = match compose(&letter, relay, id, now) {
            Ok(mail) => mail,
            Err(error) => return Ok(Sent::Never(error)),
        };
        let (envelope, bytes) = (mail.envelope().clone(), mail.formatted());
        let outgoing = Outgoing { envelope: &envelope, message: &bytes };
        // The pool keeps lines by connection; the relay is nobody's connection.
        let line = ConnectionId(INSTANCE.0);
        Ok(match self.pool.send(line, &relay.server, outgoing, &NoLog) {
            smtp::Outcome::Accepted { .. } => Sent::Over,
            smtp::Outcome::Rejected { reason, .. } => Sent::Never(reason),
            smtp::Outcome::Retry { reason, .. } | smtp::Outcome::Unknown { reason } => Sent::Later(reason),
            smtp::Outcome::Unusable { reason, .. } => Sent::Later(reason),
        })
    }

    /// Ends the job and forgets the letter, together.
    fn close(&self, job: &Job, reason: Option<&str>) -> Outcome {
        let closed = self.store.write(|txn| {
            txn.remove(&LETTERS, &key(job.id))?;
            match reason {
                None => jobs::complete(txn, job),
                Some(reason) => jobs::give_up(txn, job, reason),
            }
        });
        closed.map_or_else(Outcome::from, |()| Outcome::Committed)
    }
}

enum Sent {
    Over,
    Later(String),
    Never(String),
}

impl<C: Send + Sync> Task<C> for Mailer {
    fn kind(&self) -> &'static str {
        SEND
    }

    fn run(&self, _: &C, job: &Job) -> Outcome {
        match self.send(job.id) {
            Ok(Sent::Over) => self.close(job, None),
            Ok(Sent::Never(reason)) => self.close(job, Some(&reason)),
            // The last try: the text must not stay behind a job that is given up.
            Ok(Sent::Later(reason)) if job.attempt + 1 >= job.max_attempts => self.close(job, Some(&reason)),
            Ok(Sent::Later(reason)) => Outcome::Retry { after: None, reason },
            Err(error) => error.into(),
        }
    }
}

impl Relay {
    fn new(mail: &SystemMail) -> Result<Self, UnreadableCa> {
        let encryption = match mail.security {
            MailSecurity::StartTls => Encryption::StartTls,
            MailSecurity::Tls => Encryption::Implicit,
            MailSecurity::Plain => Encryption::Plain,
        };
        let login = mail.login.as_ref().map_or(Login::None, |login| Login::Password {
            user: login.user.clone(),
            password: Secret::new(login.password.expose()),
        });
        let ca_pem = mail.ca_file.as_deref().map(read_ca).transpose()?;
        let server = MailServer { host: mail.host.clone(), port: mail.port, encryption, login, ca_pem };
        Ok(Self { from: mail.from.clone(), server: Arc::new(server) })
    }
}

fn read_ca(path: &Path) -> Result<String, UnreadableCa> {
    std::fs::read_to_string(path).map_err(|error| UnreadableCa { path: path.display().to_string(), error })
}

/// The mail: text and HTML with the same words, marked as written by a program (RFC 3834). The same job always
/// gives the same Message-ID, so that mail programs can drop a double.
fn compose(letter: &Letter, relay: &Relay, id: JobId, now: UnixMillis) -> Result<Message, String> {
    if letter.subject.chars().any(char::is_control) {
        return Err("the subject holds control characters".into());
    }
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let auto = lettre::message::header::HeaderValue::new(
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    Message::builder()
        .from(mailbox(Some("Launchyard"), &relay.from)?)
        .to(mailbox(None, &letter.to)?)
        .subject(letter.subject.trim())
        .date(date)
        .header(MessageId::from(format!("<{id}@{}>", relay.from.domain())))
        .raw_header(auto)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|error| error.to_string())
}

fn mailbox(name: Option<&str>, address: &EmailAddress) -> Result<Mailbox, String> {
    let local = address.display().rsplit_once('@').map_or("", |(local, _)| local);
    let address = Address::new(local, address.domain()).map_err(|error| error.to_string())?;
    Ok(Mailbox::new(name.map(str::to_owned), address))
}

/// Without the text: it may hold a link that signs in.
fn export(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(id) = person else { return Ok(Vec::new()) };
    let mine = waiting(store)?.into_iter().filter(|letter| letter.user == Some(id));
    Ok(mine.map(|letter| json!({ "to": letter.to, "subject": letter.subject })).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(id) = person else { return Ok(0) };
    store.write(|txn| {
        let rows = txn.list(&LETTERS, &Key::of(&LETTERS, INSTANCE), Dir::Forward, 1000)?;
        let mine: Vec<Key> = rows.into_iter().filter(|(_, row)| row.user == Some(id)).map(|(key, _)| key).collect();
        for key in &mine {
            txn.remove(&LETTERS, key)?;
        }
        Ok(mine.len())
    })
}
