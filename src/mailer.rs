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

use lettre::message::header::{ContentType, HeaderName, HeaderValue, MessageId};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::Address;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use crate::base::{
    Clock, ConnectionId, ContactId, EmailAddress, JobId, PrivateHost, UnixMillis, UserId, WorkspaceId, INSTANCE,
};
use crate::config::{Config, MailSecurity, SystemMail};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::mail_server::{Encryption, Login, MailServer};
use crate::providers::outbound::{NoLog, Outbound, OutboundRules, OutboundSetupError};
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

/// Written before the first byte leaves: from then on a letter cannot be taken back.
const LEAVING: Table<()> =
    Table::index(0x0521, "system_letters_leaving", "Mails of the server itself that are leaving at this moment.");

pub const TABLES: &[Declared] = &[Declared::personal(&LETTERS, export, erase), Declared::plain(&LEAVING)];

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
    /// Of a workspace's message about a booking; absent on letters of the server's own.
    #[serde(default)]
    pub booking: Option<AboutBooking>,
}

/// What a letter about a booking has besides, where its workspace has no mailbox that could send it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutBooking {
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    /// Whose name stands on the From line, with the server's address.
    pub from_name: String,
    /// Where an answer goes.
    pub reply_to: Option<EmailAddress>,
    /// METHOD and file of the invitation.
    pub calendar: Option<(String, String)>,
}

impl Letter {
    fn is_of(&self, person: Person) -> bool {
        match person {
            Person::User(user) => self.user == Some(user),
            Person::Contact(workspace, contact) => {
                self.booking.as_ref().is_some_and(|about| (about.workspace, about.contact) == (workspace, contact))
            }
        }
    }
}

/// A letter with its job: made outside the transaction that queues it.
#[derive(Clone, Debug)]
pub struct Posting {
    letter: Letter,
    job: NewJob,
}

impl Posting {
    /// Names the letter while it waits.
    pub fn id(&self) -> JobId {
        self.job.id()
    }

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

/// What it tells of is no longer so: it does not leave, also where it waits for a relay that is down. `false`: too late, it
/// has left, or is leaving at this moment; should that come to nothing, it is not tried again.
pub fn take_back(txn: &mut Txn<'_>, id: JobId, reason: &str) -> Result<bool, StoreError> {
    if !txn.exists(&LETTERS, &key(id))? {
        return Ok(false);
    }
    txn.remove(&LETTERS, &key(id))?;
    if txn.exists(&LEAVING, &leaving_key(id))? {
        return Ok(false);
    }
    jobs::cancel(txn, id, reason)?;
    Ok(true)
}

/// Letters that wait, for the operator's page and for tests.
pub fn waiting(store: &Store) -> Result<Vec<Letter>, StoreError> {
    let rows = store.read(|txn| txn.list(&LETTERS, &Key::of(&LETTERS, INSTANCE), Dir::Forward, 200))?;
    Ok(rows.into_iter().map(|(_, letter)| letter).collect())
}

fn key(id: JobId) -> Key {
    Key::of(&LETTERS, INSTANCE).id(id.0)
}

fn leaving_key(id: JobId) -> Key {
    Key::of(&LEAVING, INSTANCE).id(id.0)
}

/// The task that sends letters.
pub struct Mailer {
    store: Store,
    clock: Clock,
    relay: Option<Relay>,
    pool: SmtpPool,
}

struct Relay {
    from: EmailAddress,
    server: Arc<MailServer>,
}

#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error("mail.ca_file: {path} cannot be read")]
    CaFile { path: String, source: std::io::Error },
    #[error(transparent)]
    Outbound(#[from] OutboundSetupError),
}

impl Mailer {
    /// `hello` is the host name that the server gives in EHLO.
    pub fn new(store: Store, clock: Clock, config: &Config, hello: &str) -> Result<Self, MailerError> {
        let relay = config.mail.as_ref().map(Relay::new).transpose()?;
        let outbound = Outbound::new(&rules(config), clock.clone())?;
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
        if !self.begin(id)? {
            return Ok(Sent::Over);
        }
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

    /// From here on it is leaving. `false`: it was taken back.
    fn begin(&self, id: JobId) -> Result<bool, StoreError> {
        self.store.write(|txn| {
            let is_wanted = txn.exists(&LETTERS, &key(id))?;
            if is_wanted {
                txn.mark(&LEAVING, &leaving_key(id))?;
            }
            Ok(is_wanted)
        })
    }

    /// It did not leave, and waits for the next try, unless nobody wants it any more.
    fn put_back(&self, job: &Job, reason: String) -> Outcome {
        let waits = self.store.write(|txn| {
            txn.remove(&LEAVING, &leaving_key(job.id))?;
            txn.exists(&LETTERS, &key(job.id))
        });
        match waits {
            Ok(true) => Outcome::Retry { after: None, reason },
            Ok(false) => self.close(job, Some("taken back while it was about to leave")),
            Err(error) => error.into(),
        }
    }

    /// Ends the job and forgets the letter, together.
    fn close(&self, job: &Job, reason: Option<&str>) -> Outcome {
        let closed = self.store.write(|txn| {
            txn.remove(&LETTERS, &key(job.id))?;
            txn.remove(&LEAVING, &leaving_key(job.id))?;
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
            Ok(Sent::Later(reason)) => self.put_back(job, reason),
            Err(error) => error.into(),
        }
    }
}

/// The operator's own relay may lie on this machine or in a private network, whatever the rules for hosts that
/// others name; it is the only host that this client ever calls.
fn rules(config: &Config) -> OutboundRules {
    let relay = config.mail.as_ref().and_then(|mail| PrivateHost::only(&mail.host, mail.port));
    OutboundRules {
        allow_loopback: config.mail.as_ref().is_some_and(|mail| is_this_machine(&mail.host)),
        allow_private_hosts: relay.into_iter().collect(),
        extra_roots: config.outbound.ca_file.clone(),
        connect_timeout: config.outbound.connect_timeout,
        timeout: config.outbound.timeout,
        ..OutboundRules::default()
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

impl Relay {
    fn new(mail: &SystemMail) -> Result<Self, MailerError> {
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

fn read_ca(path: &Path) -> Result<String, MailerError> {
    std::fs::read_to_string(path).map_err(|source| MailerError::CaFile { path: path.display().to_string(), source })
}

/// The mail: text and HTML with the same words, marked as written by a program (RFC 3834). The same job always
/// gives the same Message-ID, so that mail programs can drop a double.
fn compose(letter: &Letter, relay: &Relay, id: JobId, now: UnixMillis) -> Result<Message, String> {
    if letter.subject.chars().any(char::is_control) {
        return Err("the subject holds control characters".into());
    }
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let auto = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let about = letter.booking.as_ref();
    let from = about.map_or("Launchyard", |about| about.from_name.as_str());
    let mut builder = Message::builder()
        .from(mailbox(Some(from), &relay.from)?)
        .to(mailbox(None, &letter.to)?)
        .subject(letter.subject.trim())
        .date(date)
        .header(MessageId::from(format!("<{id}@{}>", relay.from.domain())))
        .raw_header(auto);
    if let Some(host) = about.and_then(|about| about.reply_to.as_ref()) {
        builder = builder.reply_to(mailbox(None, host)?);
    }
    let words = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
    let body = match about.and_then(|about| about.calendar.as_ref()) {
        None => words,
        Some((method, file)) => with_calendar(words, method, file)?,
    };
    builder.multipart(body).map_err(|error| error.to_string())
}

/// The invitation beside the words and as a file (RFC 6047 section 2.4).
pub fn with_calendar(words: MultiPart, method: &str, file: &str) -> Result<MultiPart, String> {
    let kind = |value: &str| ContentType::parse(value).map_err(|error| error.to_string());
    let inline = SinglePart::builder()
        .header(kind(&format!("text/calendar; charset=utf-8; method={method}"))?)
        .body(file.to_owned());
    let attached = Attachment::new("invite.ics".to_owned()).body(file.to_owned(), kind("application/ics")?);
    Ok(MultiPart::mixed().multipart(words.singlepart(inline)).singlepart(attached))
}

fn mailbox(name: Option<&str>, address: &EmailAddress) -> Result<Mailbox, String> {
    let local = address.display().rsplit_once('@').map_or("", |(local, _)| local);
    let address = Address::new(local, address.domain()).map_err(|error| error.to_string())?;
    Ok(Mailbox::new(name.map(str::to_owned), address))
}

/// Without the text: it may hold a link that signs in.
fn export(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let theirs = waiting(store)?.into_iter().filter(|letter| letter.is_of(person));
    Ok(theirs.map(|letter| json!({ "to": letter.to, "subject": letter.subject })).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let rows = txn.list(&LETTERS, &Key::of(&LETTERS, INSTANCE), Dir::Forward, 1000)?;
        let theirs: Vec<Key> = rows.into_iter().filter(|(_, row)| row.is_of(person)).map(|(key, _)| key).collect();
        for key in &theirs {
            txn.remove(&LETTERS, key)?;
        }
        Ok(theirs.len())
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::app::App;
    use crate::jobs::{Handlers, Runner, Threads};
    use crate::testing::{self, TestApp};

    /// A mail server that greets one client with the first answer and then gives one for each command, a body
    /// counting as one.
    fn relay(answers: &'static [&'static str]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            talk(listener.accept().unwrap().0, answers);
        });
        port
    }

    fn talk(stream: std::net::TcpStream, answers: &[&str]) {
        let mut reader = BufReader::new(stream);
        for answer in answers {
            reader.get_mut().write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            let ends = if answer.starts_with("354") { ".\r\n" } else { "\r\n" };
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap_or(0) > 0 && !line.ends_with(ends) {
                line.clear();
            }
        }
    }

    fn app(port: u16) -> TestApp {
        testing::app_with(&[
            ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
            ("LAUNCHYARD_MAIL__PORT", &port.to_string()),
            ("LAUNCHYARD_MAIL__SECURITY", "plain"),
            ("LAUNCHYARD_MAIL__FROM", "server@reach.example"),
        ])
    }

    /// Queues one letter, lets the queue come to rest, and returns how many letters are left.
    fn left_after(test: &TestApp, useful_for: Duration) -> usize {
        let letter = Letter {
            user: None,
            to: EmailAddress::parse("nora@x.example").unwrap(),
            subject: "Set a new password".into(),
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            useful_until: test.app.now().plus(useful_for),
            booking: None,
        };
        let posting = Posting::new(letter, test.app.now());
        test.app.store.write(|txn| queue(txn, &posting)).unwrap();
        let mailer = Mailer::new(test.app.store.clone(), test.app.clock.clone(), &test.app.config, "us").unwrap();
        let handlers = Arc::new(Handlers::<App>::default().task(mailer));
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner = Runner::start(store, clock, test.app.clone(), handlers, &Threads::default()).unwrap();
        assert!(runner.settle(Duration::from_secs(20)));
        runner.stop(Duration::from_secs(5));
        waiting(store).unwrap().len()
    }

    #[test]
    fn a_letters_text_is_gone_once_it_was_sent_or_can_no_longer_be() {
        let hour = Duration::from_secs(3600);
        let cases: [(&str, &'static [&'static str], Duration, usize); 4] = [
            ("accepted", &["220 mx", "250 8BITMIME", "250 ok", "250 ok", "354 go", "250 2.0.0 queued"], hour, 0),
            ("refused for good", &["220 mx", "250 8BITMIME", "550 5.7.1 no", "250 ok"], hour, 0),
            ("not just now", &["220 mx", "250 8BITMIME", "451 4.3.0 later", "250 ok"], hour, 1),
            ("outlived its use", &[], Duration::ZERO, 0),
        ];
        for (name, answers, useful_for, left) in cases {
            let test = app(relay(answers));
            assert_eq!(left_after(&test, useful_for), left, "{name}");
        }
    }

    fn posting(test: &TestApp) -> Posting {
        let letter = Letter {
            user: None,
            to: EmailAddress::parse("nora@x.example").unwrap(),
            subject: "Tomorrow at ten".into(),
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            useful_until: test.app.now().plus(Duration::from_secs(3600)),
            booking: None,
        };
        Posting::new(letter, test.app.now())
    }

    /// A mail server that says when it was called, and waits with its greeting until it may go on.
    fn slow_relay(
        answers: &'static [&'static str],
    ) -> (u16, std::sync::mpsc::Receiver<()>, std::sync::mpsc::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ((called, is_called), (go, may_go)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            called.send(()).unwrap();
            may_go.recv().unwrap();
            talk(stream, answers);
        });
        (port, is_called, go)
    }

    #[test]
    fn what_waits_is_taken_back_and_what_is_leaving_is_not_but_is_not_tried_again_either() {
        let accepted: &[&str] = &["220 mx", "250 8BITMIME", "250 ok", "250 ok", "354 go", "250 2.0.0 queued"];
        let later: &[&str] = &["220 mx", "250 8BITMIME", "451 4.3.0 later", "250 ok"];
        for (name, answers) in [("it leaves", accepted), ("it comes back", later)] {
            let (port, is_called, go) = slow_relay(answers);
            let test = app(port);
            let (store, clock) = (&test.app.store, &test.app.clock);
            let letter = posting(&test);
            let back = || store.write(|txn| take_back(txn, letter.id(), "moved")).unwrap();
            store.write(|txn| queue(txn, &letter)).unwrap();
            let mailer = Mailer::new(store.clone(), clock.clone(), &test.app.config, "us").unwrap();
            let handlers = Arc::new(Handlers::<App>::default().task(mailer));
            let runner = Runner::start(store, clock, test.app.clone(), handlers, &Threads::default()).unwrap();
            is_called.recv_timeout(Duration::from_secs(20)).unwrap();
            assert!(!back(), "{name}: it is leaving");
            go.send(()).unwrap();
            assert!(runner.settle(Duration::from_secs(20)), "{name}");
            assert_eq!(jobs::count_open(store).unwrap(), 0, "{name}: nothing is left to try");
            assert!(!back(), "{name}");
            runner.stop(Duration::from_secs(5));
        }
        let test = app(25);
        let letter = posting(&test);
        test.app.store.write(|txn| queue(txn, &letter)).unwrap();
        let back = || test.app.store.write(|txn| take_back(txn, letter.id(), "moved")).unwrap();
        assert_eq!((back(), back()), (true, false), "it waited, and then there was none");
        assert_eq!(jobs::count_open(&test.app.store).unwrap(), 0);
    }

    #[test]
    fn what_was_put_off_by_the_relay_can_still_be_taken_back() {
        let test = app(relay(&["220 mx", "250 8BITMIME", "451 4.3.0 later", "250 ok"]));
        assert_eq!(left_after(&test, Duration::from_secs(3600)), 1);
        let (store, jobs) = (&test.app.store, jobs::list_due(&test.app.store, Lane::Housekeeping, 10).unwrap());
        let [job] = &jobs[..] else { panic!("one waits") };
        assert!(store.write(|txn| take_back(txn, job.id, "moved")).unwrap());
        assert_eq!((waiting(store).unwrap().len(), jobs::count_open(store).unwrap()), (0, 0));
    }

    #[test]
    fn a_letter_says_that_a_program_wrote_it_and_keeps_its_id() {
        let test = app(25);
        let mail = test.app.config.mail.clone().unwrap();
        let relay = Relay::new(&mail).unwrap();
        let letter = Letter {
            user: None,
            to: EmailAddress::parse("nora@x.example").unwrap(),
            subject: "A fact".into(),
            text: "Words".into(),
            html: "<p>Words</p>".into(),
            useful_until: test.app.now(),
            booking: None,
        };
        let id = JobId::new(test.app.now());
        let write = |letter: &Letter| compose(letter, &relay, id, test.app.now()).map(|mail| mail.formatted());
        let text = String::from_utf8(write(&letter).unwrap()).unwrap();
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        assert!(text.contains(&format!("Message-ID: <{id}@reach.example>")), "{text}");
        assert!(text.contains("multipart/alternative"), "{text}");
        let forged = Letter { subject: "A fact\r\nBcc: eve@evil.example".into(), ..letter };
        assert!(write(&forged).is_err());
    }
}
