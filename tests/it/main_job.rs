//! From a CSV of leads to a meeting in the calendar, with everything real but the people.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use launchyard::authz::Actor;
use launchyard::base::WorkspaceId;
use launchyard::bookings;
use launchyard::contacts;
use launchyard::http::server::bind;
use launchyard::jobs;
use launchyard::messaging::{self, Delivery, Purpose};
use launchyard::wiring::demo::{start, DemoOptions, RunningDemo};
use launchyard::wiring::personal_data;

use super::browser::{agent, Browser};
use super::support::TestServer;
use super::{google_wire, person};

const DAY: Duration = Duration::from_secs(86_400);

fn demo(people: bool) -> (RunningDemo, WorkspaceId) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let demo = start(&DemoOptions { listen, data: None, people }, bind(listen).unwrap()).unwrap();
    let workspace = WorkspaceId::parse_sid(&demo.way_in.workspace).unwrap();
    (demo, workspace)
}

fn pass(demo: &RunningDemo, time: Duration) {
    (demo.app().demo().unwrap().advance)(time);
}

#[test]
fn leads_become_meetings_and_nobody_gets_a_step_twice() {
    let (demo, workspace) = demo(true);
    pass(&demo, DAY);
    let app = demo.app();

    let mut steps: BTreeMap<String, usize> = BTreeMap::new();
    let sent = messaging::list_recent(&app.store, workspace, None, 500).unwrap().rows;
    for message in sent.iter().filter(|message| message.purpose == Purpose::Outreach) {
        *steps.entry(format!("{} {:?}", message.contact, message.step)).or_default() += 1;
    }
    assert!(steps.len() >= 10, "mails left on the first day: {}", steps.len());
    assert!(steps.values().all(|count| *count == 1), "{steps:?}");
    assert!(sent.iter().any(|message| matches!(message.state, Delivery::Bounced { hard: true, .. })));

    let replies = messaging::list_replies(&app.store, workspace, None, 500).unwrap().rows;
    let read_as = |label: &str| {
        replies.iter().filter(|reply| reply.reading.as_ref().is_some_and(|reading| reading.label == label)).count()
    };
    for label in ["unsubscribe", "meeting_proposed", "out_of_office", "interested", "referral", "later"] {
        assert!(read_as(label) > 0, "nobody was read as {label}");
    }
    for reply in replies.iter().filter(|reply| reply.reading.as_ref().is_some_and(|r| r.label == "unsubscribe")) {
        let stopped =
            app.store.read(|txn| messaging::is_suppressed(txn, workspace, &reply.from, Purpose::Outreach)).unwrap();
        assert!(stopped.is_some(), "{} asked not to be written to", reply.from);
        let transactional = app
            .store
            .read(|txn| messaging::is_suppressed(txn, workspace, &reply.from, Purpose::Transactional))
            .unwrap();
        assert!(transactional.is_none(), "what they ordered may still be confirmed");
    }

    book_what_was_proposed(&demo, workspace);
    pass(&demo, 2 * DAY);
    let totals = jobs::totals(&app.store).unwrap();
    assert_eq!(totals.open(), jobs::count_open(&app.store).unwrap(), "{totals:?}");
    for table in personal_data::tables() {
        assert_eq!(app.store.verify(&table.info).unwrap().unreadable, 0, "{}", table.info.name);
    }
    what_we_asked_of_google_is_what_google_describes(&demo);
    demo.stop();
}

fn what_we_asked_of_google_is_what_google_describes(demo: &RunningDemo) {
    let requests = format!("{}/control/requests", demo.way_in.sandbox_url);
    let lines = agent().get(&requests).call().unwrap().into_body().read_to_string().unwrap();
    let (mistakes, used) = google_wire::check(&lines);
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    for operation in [
        "token",
        "gmail.users.getProfile",
        "gmail.users.messages.send",
        "gmail.users.messages.get",
        "gmail.users.history.list",
        "calendar.calendarList.list",
        "calendar.freebusy.query",
        "calendar.events.insert",
    ] {
        assert!(used.contains(operation), "the run never came to {operation}: {used:?}");
    }
}

/// Presses "Book" on the calendar's page; the event stands in Google's calendar afterwards.
fn book_what_was_proposed(demo: &RunningDemo, workspace: WorkspaceId) {
    let app = demo.app();
    let mut browser = Browser::new(&demo.way_in.url);
    browser.sign_in(&demo.way_in.email, &demo.way_in.password);
    let waiting = bookings::list_waiting(&app.store, workspace, 10).unwrap();
    let proposed = waiting.first().expect("somebody proposed a time");
    browser.get(&format!("/calendar/{}", proposed.id));
    let accept = format!("/calendar/{}/accept", proposed.id);
    let mut page = browser.post(&accept, &[]);
    if page.status == 422 {
        // The day has gone on since they asked: what speaks against it is said, and the person insists.
        let anyway = page.body.split("name=\"anyway\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let anyway = anyway.unwrap_or_else(|| panic!("no way on: {}", page.body)).to_owned();
        page = browser.post(&accept, &[("anyway", &anyway)]);
    }
    assert_eq!(page.status, 303, "{}", page.body);
    pass(demo, Duration::from_secs(600));
    let (status, booking) = super::browser::api(
        &demo.way_in.url,
        &demo.way_in.api_key,
        "GET",
        &format!("/v1/bookings/{}", proposed.id),
        None,
    );
    assert_eq!((status, booking["state"].as_str()), (200, Some("confirmed")), "{booking}");
    assert!(booking["event_id"].is_string(), "{booking}");
}

#[test]
fn the_same_work_is_done_from_a_mailbox_at_microsoft() {
    let server = TestServer::start_with(&[("LAUNCHYARD_JOBS__MAILBOX_POLL_SECONDS", "1800")], true);
    let mut browser = server.owner_browser();
    let consent = browser.get("/connections/microsoft/start?use=outreach").location.unwrap();
    let back = server.sandbox.allow_all(&consent).unwrap();
    let mailbox = browser.get(back.strip_prefix(server.url.as_str()).unwrap()).location.unwrap();
    assert!(mailbox.starts_with("/connections/"), "{mailbox}");
    person::lift_pace(&mut browser, &mailbox);
    let leads: String = server
        .sandbox
        .leads_csv()
        .lines()
        .enumerate()
        .map(|(row, line)| format!("{line},{}\r\n", if row == 0 { "Tags" } else { "hotels" }))
        .collect();
    let actor = Actor::system(server.workspace);
    contacts::import_file(server.app(), &actor, "hotels.csv", leads.as_bytes(), &[], false).unwrap();
    let text = "Hello {{first_name|there}},\n\nwould a short call about your heating help? Which day suits you?";
    let worker = person::make_worker(&mut browser, "hotels", [&mailbox, ""], "Heating without oil", &[text]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    server.settle();
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    server.advance(2 * DAY);

    let sent = messaging::list_recent(&server.app().store, server.workspace, None, 500).unwrap().rows;
    let mut written_to: Vec<_> =
        sent.iter().filter(|mail| mail.purpose == Purpose::Outreach).map(|mail| mail.contact).collect();
    let mails = written_to.len();
    written_to.sort();
    written_to.dedup();
    assert!(mails >= 10, "mails left: {mails}");
    assert_eq!(written_to.len(), mails, "nobody got it twice");
    assert!(sent.iter().any(|message| matches!(message.state, Delivery::Bounced { hard: true, .. })));
    let replies = messaging::list_replies(&server.app().store, server.workspace, None, 500).unwrap().rows;
    for label in ["unsubscribe", "out_of_office", "interested"] {
        let is_one = |reply: &&messaging::Reply| reply.reading.as_ref().is_some_and(|reading| reading.label == label);
        assert!(replies.iter().find(is_one).is_some(), "nobody was read as {label}");
    }
    let requests = agent().get(format!("{}/control/requests", server.sandbox.url)).call().unwrap();
    let requests = requests.into_body().read_to_string().unwrap();
    assert!(requests.contains("/microsoft/v1.0/me/sendMail") && !requests.contains("/google/gmail"), "by Graph alone");
}
