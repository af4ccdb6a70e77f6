//! The analytics of 100,000 leads: what a page of all figures costs, and the list behind one of them. The leads stand
//! as a version before the analytics left them, so that counting them at the first start is measured too.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use launchyard::app::App;
use launchyard::authz::Actor;
use launchyard::base::{Clock, ContactId, EnrolmentId, MessageId, UnixMillis, WorkspaceId};
use launchyard::contacts;
use launchyard::http::server::bind;
use launchyard::outreach::sequences::create;
use launchyard::outreach::{Enrolment, Sent, Sequence, SequenceForm, State, StepForm};
use launchyard::store::{Holds, Key, Retention, StoreError, Table, Tree};
use launchyard::wiring::Running;
use launchyard::workers::{self, WorkerForm};

use super::list::{open_loop, request_of, sign_in, Line, LIFTED, PER_SECOND};
use super::measure::{size, Samples};
use super::{people, Figure};

const WEEKS: i64 = 26;
const WORKERS: usize = 10;
const PEOPLE: usize = 950;
const BATCH: usize = 50;
const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;
/// The rows of leads, as the program declares them.
const LEADS: Table<Enrolment> =
    Table::sealed(0x0b02, "enrolments", Tree::Outreach, Holds::Contact, Retention::UntilErased, "Leads to be counted.");
const LABELS: [&str; 7] =
    ["not_interested", "question", "interested", "later", "unsubscribe", "meeting_proposed", "other"];

pub fn run() -> Vec<Figure> {
    let leads = size("LAUNCHYARD_BENCH_ROWS", 100_000) as usize;
    let dir = tempfile::tempdir().unwrap();
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let opened = people::open(dir.path(), Clock::system(), &format!("http://{address}"), LIFTED);
    let app = std::sync::Arc::clone(&opened.app);
    let workspace = people::add_business(&app);
    people::import(&app, workspace, &people::csv(PEOPLE));
    write_leads(&app, workspace, leads);
    let began = Instant::now();
    let running = Running::start(opened, listener).unwrap();
    assert!(app.runner().unwrap().settle(Duration::from_secs(1_800)));
    let counting = began.elapsed();

    let cookie = sign_in(address);
    let page = request_of("/outreach/analytics", address, &cookie);
    let text = String::from_utf8(Line::open(address).get(&page)).unwrap();
    assert!(text.contains(&format!(">{}</a>", launchyard::base::grouped(leads as u64))), "{text}");
    let of_all = open_loop(address, &page);
    let rare = request_of("/outreach/analytics/leads?what=label-unsubscribe", address, &cookie);
    let listed = Line::open(address).get(&rare);
    let opted_out = (0..leads).step_by(10).filter(|nth| label_of(*nth) == "unsubscribe").count();
    assert_eq!(String::from_utf8_lossy(&listed).matches("<tr class=\"lead\">").count(), opted_out.min(50));
    let of_list = open_loop(address, &rare);
    running.stop();
    vec![
        figure(format!("analytics of {leads} leads in {WEEKS} weeks, {} bytes, {PER_SECOND}/s", text.len()), &of_all),
        figure("the list behind one of its rarer numbers, 50 rows".to_owned(), &of_list),
        Figure {
            what: format!("{leads} leads of an older version counted at the first start"),
            ours: format!("{:.0} leads/s", leads as f64 / counting.as_secs_f64()),
            limit: "once".into(),
            ratio: None,
            wanted: "pages answer meanwhile".into(),
        },
    ]
}

fn figure(what: String, waits: &Samples) -> Figure {
    Figure {
        what,
        ours: format!("p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms", waits.median(), waits.at(0.99), waits.worst()),
        limit: "25 ms".into(),
        ratio: Some(waits.at(0.99) / 25.0),
        wanted: "p99 under 25 ms".into(),
    }
}

fn write_leads(app: &App, workspace: WorkspaceId, leads: usize) {
    let owner = Actor::system(workspace);
    let step = |wait_days, subject: &str, text: &str| StepForm {
        wait_days,
        subject: subject.into(),
        text: text.into(),
        ..StepForm::default()
    };
    let steps = || vec![step(0, "Heating", "Good morning."), step(3, "", "Did you see it?"), step(7, "", "Last one.")];
    let form = |name: &str| SequenceForm { name: name.into(), steps: steps() };
    let sequences = ["Hotels", "Inns"].map(|name| create(app, &owner, &form(name)).unwrap());
    let worker = |nth: usize| {
        let form = WorkerForm { name: format!("Worker {nth}"), ..WorkerForm::default() };
        workers::create(app, &owner, &form).unwrap().id
    };
    let workers: Vec<_> = (0..WORKERS).map(worker).collect();
    let people = contacts_of(app, workspace);
    let now = app.now();
    for batch in (0..leads).collect::<Vec<_>>().chunks(BATCH) {
        let rows: Vec<Enrolment> = batch
            .iter()
            .map(|nth| {
                let sequence = &sequences[nth / WORKERS % 2];
                lead(*nth, workspace, people[nth % people.len()], (workers[nth % WORKERS], sequence), now)
            })
            .collect();
        let written = app.store.write(|txn| {
            rows.iter().try_for_each(|row| txn.put(&LEADS, &Key::of(&LEADS, workspace).id(row.id.0), row))
        });
        written.unwrap_or_else(|error: StoreError| panic!("{error}"));
    }
}

fn contacts_of(app: &App, workspace: WorkspaceId) -> Vec<ContactId> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = contacts::list_newest(&app.store, workspace, cursor.as_ref(), 100).unwrap();
        all.extend(page.rows.iter().map(|contact| contact.id));
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

/// One in ten answered, one in fifty bounced.
fn lead(
    nth: usize,
    workspace: WorkspaceId,
    contact: ContactId,
    (worker, sequence): (launchyard::base::WorkerId, &Sequence),
    now: UnixMillis,
) -> Enrolment {
    let first = UnixMillis(now.0 - (nth as i64 * 7_919 % WEEKS) * WEEK - HOUR);
    let mails = 1 + nth % 3;
    let sent = sequence.steps.iter().take(mails).map(|step| Sent {
        step: step.id,
        message: MessageId::new(first),
        at: first,
        variant: None,
    });
    let mut lead = Enrolment {
        id: EnrolmentId::new(first),
        workspace,
        contact,
        worker,
        sequence: sequence.id,
        state: State::Finished { at: first, reason: "All steps were sent.".into() },
        sent: sent.collect(),
        passed: Vec::new(),
        next: None,
        okay: None,
        came: Default::default(),
        company: None,
        resumed_at: None,
        counted: None,
        withheld: false,
        enrolled_at: first,
        changed_at: first,
    };
    lead.came.bounced = nth % 50 == 1;
    if nth.is_multiple_of(10) {
        lead.came.label = Some(label_of(nth).to_owned());
    }
    lead
}

/// Of the lead with this number, which answered.
fn label_of(nth: usize) -> &'static str {
    LABELS[nth / 10 % LABELS.len()]
}
