//! When a provider no longer plays along, seen from outside.

use std::net::SocketAddr;
use std::time::Duration;

use launchyard::authz::Actor;
use launchyard::base::WorkspaceId;
use launchyard::connections::{self, Connection, State, Use};
use launchyard::contacts;
use launchyard::http::server::bind;
use launchyard::messaging::{self, Delivery, Message};
use launchyard::wiring::demo::{start, DemoOptions, RunningDemo};
use launchyard::workers::{self, WorkerState};
use serde_json::{json, Value};

use super::browser::{agent, api, Browser};
use super::person;
use super::support::TestServer;

const HOUR: Duration = Duration::from_secs(3600);

fn demo() -> (RunningDemo, WorkspaceId) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let demo = start(&DemoOptions { listen, data: None, people: false }, bind(listen).unwrap()).unwrap();
    let workspace = WorkspaceId::parse_sid(&demo.way_in.workspace).unwrap();
    (demo, workspace)
}

fn pass(demo: &RunningDemo, time: Duration) {
    (demo.app().demo().unwrap().advance)(time);
}

fn control(demo: &RunningDemo, what: &str, body: &Value) {
    let url = format!("{}/control/{what}", demo.way_in.sandbox_url);
    assert_eq!(agent().post(&url).send_json(body).unwrap().status().as_u16(), 200, "{what}");
}

fn sandbox(server: &TestServer, what: &str, body: Value) {
    let (status, answer) = api(&server.sandbox.url, "", "POST", &format!("/control/{what}"), Some(body));
    assert_eq!(status, 200, "{what}: {answer}");
}

/// Connects the owner's Google account and lets a worker write to so many leads, who do not answer by themselves.
fn write_to_leads(server: &TestServer, leads: usize) -> (Vec<Message>, Connection) {
    let mut browser = server.owner_browser();
    let consent = browser.get("/connections/google/start?use=both").location.unwrap();
    let back = server.sandbox.allow_all(&consent).unwrap();
    let choice = browser.get(back.strip_prefix(server.url.as_str()).unwrap()).location.unwrap();
    let connection = choice.trim_end_matches("/calendars");
    let rows: String = (0..leads).map(|lead| format!("lead{lead}@larkfield.example,aged\n")).collect();
    let file = format!("email,tags\n{rows}");
    contacts::import_file(server.app(), &Actor::system(server.workspace), "leads.csv", file.as_bytes(), &[], false)
        .unwrap();
    let worker = person::make_worker(&mut browser, "aged", [connection; 2], "Heating", &["Would a call help?"]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    server.settle();
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    server.advance(HOUR);
    let mut sent = messaging::list_recent(&server.app().store, server.workspace, None, 500).unwrap().rows;
    sent.retain(|message| message.state == Delivery::Sent);
    assert_eq!(sent.len(), leads);
    let mailbox = connections::list(&server.app().store, server.workspace).unwrap().remove(0);
    (sent, mailbox)
}

fn sent(demo: &RunningDemo, workspace: WorkspaceId) -> usize {
    let all = messaging::list_recent(&demo.app().store, workspace, None, 500).unwrap().rows;
    all.iter().filter(|message| message.state == Delivery::Sent).count()
}

#[test]
fn a_revoked_access_marks_the_mailbox_pauses_its_workers_tells_the_owner_and_keeps_the_history() {
    let (demo, workspace) = demo();
    pass(&demo, 2 * HOUR);
    let app = demo.app();
    let mailbox = || {
        let all = connections::list(&app.store, workspace).unwrap();
        all.into_iter().find(|connection| connection.can(Use::Outreach)).unwrap()
    };
    let before = sent(&demo, workspace);
    assert!(before > 0, "mails left before");

    control(&demo, "revoke", &json!({"email": mailbox().address.display()}));
    pass(&demo, 2 * HOUR);
    assert!(matches!(mailbox().state, State::NeedsOwner { .. }), "{:?}", mailbox().state);
    for worker in workers::list(&app.store, workspace).unwrap() {
        assert!(matches!(worker.state, WorkerState::Paused(ref off) if off.by_itself), "{:?}", worker.state);
    }
    let after = sent(&demo, workspace);
    pass(&demo, 24 * HOUR);
    assert_eq!(sent(&demo, workspace), after, "nothing leaves, and what left is still on record");
    assert!(after >= before);

    let mut browser = Browser::new(&demo.way_in.url);
    browser.sign_in(&demo.way_in.email, &demo.way_in.password);
    let today = browser.get("/");
    let words = format!("{} stands still", mailbox().address.display());
    assert!(today.body.contains(&words), "Today does not say: {words}");
    let page = browser.get(&format!("/connections/{}", mailbox().id));
    assert_eq!(page.status, 200);
    demo.stop();
}

#[test]
fn a_mailbox_that_is_throttled_for_an_hour_loses_no_lead_and_writes_to_nobody_twice() {
    let (demo, workspace) = demo();
    for retry_after in [600, 300, 900] {
        let fault = json!({"match": "POST /google/gmail/v1/users/me/messages/send", "status": 429,
            "retry_after": retry_after, "times": 2});
        control(&demo, "faults", &fault);
    }
    pass(&demo, 26 * HOUR);
    let all = messaging::list_recent(&demo.app().store, workspace, None, 500).unwrap().rows;
    assert!(sent(&demo, workspace) >= 10, "{} left", sent(&demo, workspace));
    let lost: Vec<_> = all.iter().filter(|message| matches!(message.state, Delivery::NotSent { .. })).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let mut steps: Vec<_> = all.iter().map(|message| (message.enrolment, message.step)).collect();
    let planned = steps.len();
    steps.sort_unstable();
    steps.dedup();
    assert_eq!(steps.len(), planned, "no lead has a step twice");
    demo.stop();
}

#[test]
fn a_mailbox_whose_history_has_aged_away_loses_no_answer_and_takes_none_in_twice() {
    let server = TestServer::start_with(&[("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000")], false);
    let app = server.app();
    let (sent, connection) = write_to_leads(&server, 3);
    let owner = connection.address.display();
    let answer = |message: &Message, nth: usize| {
        let raw = format!(
            "From: {}\nTo: {owner}\nSubject: Re: {}\nMessage-ID: <answer-{nth}-{}@larkfield.example>\nIn-Reply-To: <{}>\n\n\
             Tell me more, please.\n",
            message.to.display(),
            message.subject,
            message.id,
            message.message_id,
        );
        sandbox(&server, "mail", json!({ "to": owner, "raw": raw }));
    };
    let replies = || messaging::list_replies(&app.store, server.workspace, None, 500).unwrap().rows.len();
    answer(&sent[0], 1);
    server.advance(HOUR);
    assert_eq!(replies(), 1);
    for age in 0..3 {
        // More than one page of other people's mail lies above the answer when the cursor is refused.
        answer(&sent[age % 3], 2 + age);
        for number in 0..120 {
            let raw =
                format!("From: news@shop.example\nSubject: Sale\nMessage-ID: <{age}-{number}@shop.example>\n\nBuy.\n");
            sandbox(&server, "mail", json!({ "to": owner, "raw": raw }));
        }
        sandbox(&server, "expire", json!({ "what": "history", "email": owner }));
        server.advance(HOUR);
        assert_eq!(replies(), 2 + age);
    }
    answer(&sent[1], 9);
    server.advance(HOUR);
    assert_eq!(replies(), 5, "the new cursor stands");
}

#[test]
fn who_came_by_once_is_forgotten_by_the_hourly_round() {
    let server = TestServer::start();
    assert_eq!(server.browser().get("/signin").status, 200);
    let limits = || &server.app().limits.by_address;
    assert!(!limits().is_empty(), "a stranger's requests are counted");
    server.advance(2 * HOUR);
    assert!(limits().is_empty());
}
