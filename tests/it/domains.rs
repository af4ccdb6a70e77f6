//! The pages of sending domains, as a person without scripts uses them.

use std::net::SocketAddr;
use std::time::Duration;

use launchyard::authz::Role;
use launchyard::sandbox::MAIL_PASSWORD;

use super::browser::Browser;
use super::person;
use super::support::TestServer;

const NORA: &str = "nora@fernhill.example";
const PAGE: &str = "/domains/fernhill.example";

/// A mailbox on a server of its own, whose records are right but for the signature.
fn connect(server: &TestServer) -> (Browser, String) {
    let dns = &server.sandbox.dns;
    dns.set("fernhill.example", "MX", &["10 mail.fernhill.example"]);
    dns.set("mail.fernhill.example", "A", &["127.0.0.1"]);
    dns.set("fernhill.example", "TXT", &["v=spf1 mx -all"]);
    dns.set("1.0.0.127.in-addr.arpa", "PTR", &["mail.fernhill.example"]);
    let port = |address: Option<SocketAddr>| address.unwrap().port().to_string();
    let (smtp, imap) = (port(server.sandbox.smtp), port(server.sandbox.imap));
    let mut browser = server.owner_browser();
    let form = [
        ("address", NORA),
        ("smtp_host", "127.0.0.1"),
        ("smtp_port", &smtp),
        ("smtp_security", "plain"),
        ("imap_host", "127.0.0.1"),
        ("imap_port", &imap),
        ("imap_security", "plain"),
        ("imap_user", NORA),
        ("password", MAIL_PASSWORD),
    ];
    let mailbox = browser.submit("/connections/mailbox", &form);
    server.settle();
    (browser, mailbox)
}

#[test]
fn a_new_mailbox_s_domain_is_looked_at_by_itself_and_shows_what_is_to_mend() {
    let server = TestServer::start();
    let (mut browser, _) = connect(&server);
    assert!(browser.get("/connections").body.contains("href=\"/domains\""), "the way from the connections");
    let list = browser.get("/domains").body;
    assert!(list.contains(PAGE) && list.contains("things to mend"), "{list}");
    let page = browser.get(PAGE).body;
    for words in
        ["Who may send (SPF)", "It needs 1 look-up of 10", "is not signed here", "What was asked", "_dmarc.fernhill"]
    {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let (status, told) = server.api("GET", "/v1/domains/fernhill.example", None);
    assert_eq!(status, 200);
    let state = |check: &str| {
        let all = told["checks"].as_array().unwrap();
        all.iter().find(|one| one["check"] == check).unwrap()["state"].as_str().unwrap().to_owned()
    };
    let expected = [
        ("mx", "found"),
        ("spf", "found"),
        ("dkim", "missing"),
        ("dmarc", "found"),
        ("alignment", "found"),
        ("one_click_unsubscribe", "wrong"),
        ("reverse_dns", "found"),
    ];
    for (check, expected) in expected {
        assert_eq!(state(check), expected, "{check}: {told}");
    }
    assert_eq!(server.api("GET", "/v1/domains", None).1["data"][0], told);
    assert_eq!(server.api("GET", "/v1/domains/elsewhere.example", None).0, 404);
}

#[test]
fn signing_is_switched_on_by_its_record_and_the_key_never_shows() {
    let server = TestServer::start();
    let (mut browser, _) = connect(&server);
    browser.get(PAGE);
    assert_eq!(browser.submit(&format!("{PAGE}/signing"), &[("act", "on")]), PAGE);
    let page = browser.get(PAGE).body;
    assert!(page.contains("Waits for its record") && page.contains("v=DKIM1; k=rsa; p="), "{page}");
    assert!(page.contains("id=\"dkim-0-value\""), "a value to be copied");
    let (_, told) = server.api("GET", "/v1/domains/fernhill.example", None);
    let dkim = told["checks"].as_array().unwrap().iter().find(|one| one["check"] == "dkim").unwrap().clone();
    let record = &dkim["records"][0];
    let text = |field: &str| record[field].as_str().unwrap();
    server.sandbox.dns.set(text("name"), "TXT", &[text("value")]);
    let (status, told) = server.api("POST", "/v1/domains/fernhill.example/check", None);
    assert_eq!((status, told["signing"]["is_on"].as_bool()), (200, Some(true)));
    assert_eq!(told["signing"]["selector"], "ly20261124", "{told}");
    assert!(browser.get(PAGE).body.contains("Make a new key"));
    let refused = browser.post(&format!("{PAGE}/signing"), &[("act", "sideways")]);
    assert_eq!(refused.status, 400);
    let shown = format!("{told}{}", browser.get(PAGE).body);
    assert!(!shown.contains("private"), "{shown}");
}

#[test]
fn what_breaks_overnight_stands_on_today_until_it_is_right_again() {
    let server = TestServer::start();
    connect(&server);
    server.sandbox.dns.set("fernhill.example", "TXT", &[]);
    server.advance(Duration::from_secs(86_400));
    let mut browser = server.owner_browser();
    let today = browser.get("/").body;
    assert!(today.contains("SPF of fernhill.example is not right any more") && today.contains("Mend it"), "{today}");
    assert!(browser.get(PAGE).body.contains("was right before"));
    server.sandbox.dns.set("fernhill.example", "TXT", &["v=spf1 mx -all"]);
    browser.get(PAGE);
    assert_eq!(browser.submit(&format!("{PAGE}/check"), &[]), PAGE);
    let today = browser.get("/").body;
    assert!(!today.contains("Mend it") && today.contains("SPF of fernhill.example is right again"), "{today}");
}

#[test]
fn only_who_may_change_connections_has_a_domain_looked_at() {
    let server = TestServer::start();
    connect(&server);
    server.add_user("vera@fernhill.example", "fernhill", Role::Viewer);
    let mut viewer = server.sign_in("vera@fernhill.example");
    assert_eq!(viewer.get(PAGE).status, 403);
    assert_eq!(viewer.post(&format!("{PAGE}/check"), &[]).status, 403);
    server.add_user("owner@nextdoor.example", "nextdoor", Role::Owner);
    let mut stranger = server.sign_in("owner@nextdoor.example");
    assert_eq!(stranger.get(PAGE).status, 404);
    assert!(stranger.get("/domains").body.contains("No mailbox is connected"), "an empty list says what to do");
}

#[test]
fn the_reasons_why_nothing_happens_name_a_domain_that_receivers_doubt() {
    let server = TestServer::start_with(&[("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000")], false);
    let (mut browser, mailbox) = connect(&server);
    let anna = serde_json::json!({ "addresses": ["anna@fellside.example"], "tags": ["cold"] });
    assert_eq!(server.api("POST", "/v1/contacts", Some(anna)).0, 201);
    let worker = person::make_worker(&mut browser, "cold", [&mailbox, ""], "Heating", &["Would a call help?"]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    server.settle();
    let why = browser.get(&format!("/outreach/{worker}/why")).body;
    assert!(why.contains("may sort out mail from fernhill.example. Not right: DKIM."), "{why}");
    assert!(why.contains(&format!("href=\"{PAGE}\"")), "{why}");
    assert!(browser.get(&mailbox).body.contains(&format!("href=\"{PAGE}\"")), "and the mailbox's page leads there");
}
