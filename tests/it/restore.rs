//! A backup is older than the world: what left after it was made must not leave again.

use std::net::SocketAddr;
use std::time::Duration;

use launchyard::base::Clock;
use launchyard::sandbox::{OwnerAccount, Sandbox, SandboxOptions, MAIL_PASSWORD};
use serde_json::{json, Value};

use super::browser::{api, Browser};
use super::person;
use super::program::{eventually, pause, Home, Served};
use super::support::PASSWORD;

const NORA: &str = "nora@fernhill.example";
const LEADS: usize = 5;

fn address(lead: usize) -> String {
    format!("lead{lead}@larkfield.example")
}

fn sandbox() -> Sandbox {
    let owner = OwnerAccount { email: NORA.into(), name: "Nora Whitfield".into(), zone: "Europe/London".into() };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let clock = Clock::system();
    Sandbox::start(SandboxOptions { clock, listen, people: false, owner, advance: None, smtp_imap: true, memory: None })
        .unwrap()
}

fn connect(browser: &mut Browser, sandbox: &Sandbox) -> String {
    let port = |address: Option<SocketAddr>| address.unwrap().port().to_string();
    let (smtp, imap) = (port(sandbox.smtp), port(sandbox.imap));
    let form = [
        ("address", NORA),
        ("display_name", "Nora"),
        ("smtp_host", "127.0.0.1"),
        ("smtp_port", &smtp),
        ("smtp_security", "plain"),
        ("smtp_user", NORA),
        ("imap_host", "127.0.0.1"),
        ("imap_port", &imap),
        ("imap_security", "plain"),
        ("imap_user", NORA),
        ("password", MAIL_PASSWORD),
    ];
    browser.submit("/connections/mailbox", &form)
}

/// How many mails each lead has.
fn arrived(sandbox: &Sandbox) -> Vec<usize> {
    let of = |lead| {
        let (status, mailbox) = api(&sandbox.url, "", "GET", &format!("/control/mailboxes/{}", address(lead)), None);
        assert_eq!(status, 200, "{mailbox}");
        mailbox["mails"].as_array().unwrap().len()
    };
    (0..LEADS).map(of).collect()
}

fn messages(server: &Served, key: &str) -> Vec<Value> {
    let (status, page) = server.api(key, "GET", "/v1/messages", None);
    assert_eq!(status, 200, "{page}");
    page["data"].as_array().unwrap().clone()
}

fn count(messages: &[Value], state: &str) -> usize {
    messages.iter().filter(|message| message["state"] == state).count()
}

#[test]
fn after_a_restore_nothing_that_may_have_left_leaves_by_itself() {
    let sandbox = sandbox();
    let settings = "allow_loopback_providers = true\noutreach.min_gap_seconds = 0\noutreach.hard_daily_cap = 100000\n\
                    limits.api_requests_per_minute = 100000\n";
    let home = Home::with(settings);
    let key = home.add_user(NORA, "fernhill")["api_key"].as_str().unwrap().to_owned();
    let rows: String = (0..LEADS).map(|lead| format!("{},Lead,all\n", address(lead))).collect();
    let file = home.write("leads.csv", &format!("email,first_name,tags\n{rows}"));
    home.run(&["import", "contacts", "--workspace", "fernhill", &file]).json();
    let server = home.serve();
    let mut browser = Browser::new(&server.url);
    browser.sign_in(NORA, PASSWORD);
    person::fill_in_business(&mut browser);
    let mailbox = connect(&mut browser, &sandbox);
    person::lift_pace(&mut browser, &mailbox);
    let worker = person::make_worker(&mut browser, "all", [&mailbox, ""], "A question", &["Hello, a call?"]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    let path = format!("/v1/workers/{worker}");
    let worker_of = |server: &Served| server.api(&key, "GET", &path, None).1;
    eventually("the leads", || (worker_of(&server)["leads"] == LEADS).then_some(()));

    // The backup is made while the first mail hangs on the line and the others wait behind it.
    let fault = json!({ "match": "SMTP DATA", "delay_ms": 4000 });
    assert_eq!(api(&sandbox.url, "", "POST", "/control/faults", Some(fault)).0, 200);
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    eventually("a mail on the line and the others behind it", || {
        let all = messages(&server, &key);
        (count(&all, "leaving") == 1 && count(&all, "queued") == LEADS - 1).then_some(())
    });
    let backup = home.path("mid.backup").display().to_string();
    home.run(&["backup", &backup]).json();
    eventually("all mails to leave", || (count(&messages(&server, &key), "sent") == LEADS).then_some(()));
    assert_eq!(arrived(&sandbox), vec![1; LEADS]);
    server.stop();

    let other = Home::with(settings);
    other.put_key(&std::fs::read_to_string(home.path("master.key")).unwrap());
    other.run(&["restore", &backup]).json();
    let server = other.serve();
    eventually("the mail that was on the line to be put before a person", || {
        (count(&messages(&server, &key), "needs_human") == 1).then_some(())
    });
    let worker = worker_of(&server);
    assert_eq!(worker["state"], "paused", "{worker}");
    assert!(worker["reason"].as_str().unwrap().contains("restored from a backup"), "{worker}");
    // Time enough for whatever would leave by itself: all five mails took less.
    pause(Duration::from_secs(3));
    let all = messages(&server, &key);
    assert_eq!(count(&all, "queued"), LEADS - 1, "{all:?}");
    assert_eq!(arrived(&sandbox), vec![1; LEADS]);

    let mut browser = Browser::new(&server.url);
    browser.sign_in(NORA, PASSWORD);
    let doubtful = all.iter().find(|message| message["state"] == "needs_human").unwrap();
    let id = doubtful["id"].as_str().unwrap();
    let today = browser.get("/").body;
    assert!(today.contains(&format!("/needs-a-look/{id}/arrived")) && today.contains("restored from a backup"));
    browser.submit(&format!("/needs-a-look/{id}/arrived"), &[]);
    assert_eq!(count(&messages(&server, &key), "sent"), 1);
    server.stop();
    let again = other.serve();
    assert_eq!(worker_of(&again)["state"], "paused", "a further start switches nothing on");
    assert_eq!(arrived(&sandbox), vec![1; LEADS]);
    again.stop();
}
