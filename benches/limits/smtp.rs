//! Mail out by SMTP, every message durable by the rules: queue, gate, intent on disk, the wire, outcome on disk.
//!
//! Measured: the product's own queue and room, from the moment at which all messages fall due until the last outcome
//! is durable. Limits in the same run: L, lettre's own connection in a bare loop with the same mail on as many
//! connections to the same sink; C, the store's durable transactions a second at the same concurrency. A message
//! needs at least both, so the limit is 1/(1/L + 1/C).
//!
//! Such a transaction writes four rows of 300 bytes, a mail many more: its own twice, its job, the counters of all
//! limits, its event. So the same is told beside transactions that write as many rows and bytes as one mail did here.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use launchyard::app::App;
use launchyard::base::{Clock, ConnectionId, ContactId, EmailAddress, UnixMillis, WorkerId, WorkspaceId};
use launchyard::connections::{self, Connection, Kind, MailServerSettings, Pace, SecurityMode, SmtpImap, State, Use};
use launchyard::contacts::{self, Contact, Source};
use launchyard::jobs::Lane;
use launchyard::messaging::{self, NewMessage, Purpose};
use launchyard::store::StoreError;
use launchyard::wiring::start_jobs;
use launchyard::workers::{self, Limits, Sender, Worker, WorkerState};
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;

use super::measure::{own_memory, size, wait_until, Memory};
use super::sink::{Acks, Sink};
use super::{people, store, Figure};

/// Mailboxes that send at the same time: each has one thread and one connection.
const MAILBOXES: [usize; 4] = [1, 2, 4, 8];
const EARLY: u32 = 10_000;
const SETTINGS: &[(&str, &str)] =
    &[("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000000"), ("LAUNCHYARD_OUTREACH__MIN_GAP_SECONDS", "0")];
const TEXT: &str =
    "Hello Ada,\n\nyour workshop has outgrown its boiler twice now. We fit heat pumps for joineries around \
    Kendal and would like to show you what the last three of them save in a winter.\n\nWould a short call next week \
    suit you, say on Tuesday morning?\n\nKind regards\nNora Whitfield\nFernhill Heat Pumps";

pub fn run() -> Vec<Figure> {
    let messages = size("LAUNCHYARD_BENCH_MESSAGES", 100_000);
    // The most mailboxes send all of them; fewer send as many as show their rate.
    let share = |mailboxes| if mailboxes == MAILBOXES[3] { messages } else { messages.min(10_000) };
    MAILBOXES.iter().flat_map(|mailboxes| figures(*mailboxes, share(*mailboxes))).collect()
}

fn figures(mailboxes: usize, messages: u32) -> Vec<Figure> {
    let dir = tempfile::tempdir().unwrap();
    let sink = Sink::start(Acks::AtOnce);
    let sent = send_all(dir.path(), &sink, mailboxes, messages);
    let mail = sink.sample();
    let bare = bare_lettre(&sink, mailboxes, &mail);
    let delayed = bare_lettre(&Sink::start(Acks::Delayed), mailboxes, &mail);
    let commits = store::commits(dir.path(), mailboxes);
    let limit = 1.0 / (1.0 / bare + 1.0 / commits);
    let Load { rows, bytes } = sent.load;
    let alike = store::commits_of(dir.path(), mailboxes, rows, bytes);
    let limit_alike = 1.0 / (1.0 / bare + 1.0 / alike);
    let (early, late) = (sent.early.now, sent.late.now);
    let rate = Figure {
        what: format!(
            "{messages} mails of {} bytes from {mailboxes} mailboxes over SMTP; sink acknowledges at once; their \
             events told {:.1} s later",
            mail.len(),
            sent.events_behind.as_secs_f64()
        ),
        ours: format!("{:.0}/s", sent.rate),
        limit: format!(
            "{limit:.0}/s (bare lettre {bare:.0}/s, {delayed:.0}/s with delayed ACKs; durable commits {commits:.0}/s)"
        ),
        ratio: Some(sent.rate / limit),
        wanted: "at least 0.7".into(),
    };
    let memory = Figure {
        what: format!("memory after {EARLY} and after {messages} mails"),
        ours: format!("{early:.0} MB, {late:.0} MB"),
        limit: "flat".into(),
        ratio: Some(late / early),
        wanted: "flat".into(),
    };
    let beside_alike = Figure {
        what: format!("the same beside commits of as much as a mail writes, {rows} rows of {bytes} bytes"),
        ours: format!("{:.0}/s", sent.rate),
        limit: format!("{limit_alike:.0}/s (durable commits {alike:.0}/s)"),
        ratio: Some(sent.rate / limit_alike),
        wanted: String::new(),
    };
    [rate, beside_alike].into_iter().chain((messages > EARLY).then_some(memory)).collect()
}

struct Sent {
    rate: f64,
    early: Memory,
    late: Memory,
    events_behind: Duration,
    load: Load,
}

/// What the store was given to write for a mail, in the mean.
#[derive(Clone, Copy)]
struct Load {
    rows: u32,
    bytes: usize,
}

fn send_all(dir: &Path, sink: &Sink, mailboxes: usize, messages: u32) -> Sent {
    let clock = Clock::system();
    let threads = mailboxes.to_string();
    let settings: Vec<_> = SETTINGS.iter().copied().chain([("LAUNCHYARD_JOBS__MAIL_WORKERS", &*threads)]).collect();
    let opened = people::open(dir, clock.clone(), "https://mail.fernhill.example", &settings);
    let app = &opened.app;
    let workspace = people::add_business(app);
    start_jobs(app).unwrap();
    let due = clock.now().plus(Duration::from_secs(40 * 60));
    queue_all(app, workspace, sink, mailboxes, messages, due);
    let runner = app.runner().unwrap();
    assert_eq!(sink.taken(), 0);

    let before = app.store.health().written;
    let began = Instant::now();
    clock.advance_to(due);
    runner.wake();
    let mut early = None;
    wait_until(Duration::from_secs(3600), || {
        if sink.taken() >= EARLY.min(messages) {
            early.get_or_insert_with(own_memory);
        }
        let in_hand = runner.load().running.get(&Lane::MailOut).copied().unwrap_or(0);
        sink.taken() >= messages && in_hand == 0
    });
    let took = began.elapsed();
    assert!(runner.settle(Duration::from_secs(600)));
    let events_behind = began.elapsed() - took;
    assert_eq!(sink.taken(), messages, "none twice");
    let after = app.store.health().written;
    let (rows, bytes) = (after.rows - before.rows, after.bytes - before.bytes);
    let load = Load { rows: (rows / u64::from(messages)) as u32, bytes: (bytes / rows) as usize };
    let late = own_memory();
    runner.stop(Duration::from_secs(10));
    app.store.close().unwrap();
    Sent { rate: f64::from(messages) / took.as_secs_f64(), early: early.unwrap(), late, events_behind, load }
}

/// Mailboxes, a worker, and a message to each of as many contacts.
fn queue_all(app: &App, workspace: WorkspaceId, sink: &Sink, mailboxes: usize, messages: u32, due: UnixMillis) {
    let worker = worker(app.now());
    let mailboxes: Vec<Connection> = (0..mailboxes).map(|n| mailbox(app, workspace, sink, n)).collect();
    let all = app.store.write(|txn| {
        mailboxes.iter().try_for_each(|mailbox| connections::put(txn, mailbox))?;
        workers::put(txn, workspace, &worker)
    });
    all.unwrap_or_else(|error: StoreError| panic!("{error}"));
    for first in (0..messages).step_by(40) {
        let now = app.now();
        let some: Vec<(Contact, NewMessage)> = (first..messages.min(first + 40))
            .map(|n| {
                let contact = contact(workspace, now, n);
                let from = &mailboxes[n as usize % mailboxes.len()];
                let to = &contact.addresses[0];
                let message = NewMessage::new(now, workspace, contact.id, Purpose::Outreach, from, to)
                    .to_name("Ada Okafor")
                    .words("Your boiler", TEXT)
                    .worker(worker.id)
                    .due(due);
                (contact, message)
            })
            .collect();
        let queued = app.store.write(|txn| {
            some.iter().try_for_each(|(contact, message)| {
                contacts::put(txn, contact, None)?;
                messaging::enqueue(app, txn, message, now).map(drop)
            })
        });
        queued.unwrap_or_else(|error: StoreError| panic!("{error}"));
    }
}

fn contact(workspace: WorkspaceId, now: UnixMillis, n: u32) -> Contact {
    Contact {
        id: ContactId::new(now),
        workspace,
        first_name: "Ada".into(),
        last_name: "Okafor".into(),
        addresses: vec![EmailAddress::parse(&format!("person{n}@firm{}.example", n / 4)).unwrap()],
        company: format!("Joinery {n}"),
        job_title: "Owner".into(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: Vec::new(),
        source: Source::ByHand,
        created_at: now,
        changed_at: now,
        restricted: false,
    }
}

fn mailbox(app: &App, workspace: WorkspaceId, sink: &Sink, n: usize) -> Connection {
    let server = MailServerSettings {
        host: sink.address.ip().to_string(),
        port: sink.address.port(),
        security: SecurityMode::Plain,
        user: String::new(),
    };
    let password = app.store.seal_secret(workspace, b"none").unwrap();
    Connection {
        id: ConnectionId::new(app.now()),
        workspace,
        address: EmailAddress::parse(&format!("nora{n}@fernhill.example")).unwrap(),
        display_name: "Nora Whitfield".into(),
        kind: Kind::SmtpImap(SmtpImap {
            smtp: server.clone(),
            imap: server,
            ca_pem: None,
            password: Some(password),
            folders: Vec::new(),
        }),
        uses: vec![Use::Outreach],
        state: State::Working,
        pace: Pace { daily_cap: u32::MAX, min_gap_seconds: 0, jitter_seconds: 0, ramp_up: false },
        health: Default::default(),
        made_by: None,
        made_at: app.now(),
    }
}

fn worker(now: UnixMillis) -> Worker {
    Worker {
        id: WorkerId::new(now),
        name: "Robin".into(),
        goal: "Calls with joineries".into(),
        audience_tag: String::new(),
        sequence: None,
        mailbox: None,
        more_mailboxes: Vec::new(),
        review: false,
        calendar: None,
        meeting: Default::default(),
        autonomy: Default::default(),
        limits: Limits { per_day: u32::MAX, per_domain_day: u32::MAX, per_contact: 4, ..Limits::default() },
        hours: Default::default(),
        sender: Sender { name: "Nora Whitfield".into(), ..Sender::default() },
        tone: Default::default(),
        state: WorkerState::Working,
        created_at: now,
        activated_at: Some(now),
        guidelines: Default::default(),
        escalations: Default::default(),
        books_on: None,
        dry_run: None,
        follow_ups: Default::default(),
        reply_tags: Default::default(),
    }
}

/// L: the same mail over kept connections, one after the other, nothing written down.
fn bare_lettre(sink: &Sink, mailboxes: usize, mail: &[u8]) -> f64 {
    let hello = ClientId::Domain("bench.example".into());
    let minute = Some(Duration::from_secs(60));
    let open = |_| Mutex::new(SmtpConnection::connect(sink.address, minute, &hello, None, None).unwrap());
    let lines: Vec<_> = (0..mailboxes).map(open).collect();
    let address = |text: &str| text.parse::<lettre::Address>().unwrap();
    let envelope =
        lettre::address::Envelope::new(Some(address("a@fernhill.example")), vec![address("b@firm.example")]).unwrap();
    store::concurrently(mailboxes, |client, _| {
        lines[client].lock().unwrap().send(&envelope, mail).unwrap();
    })
}
