//! A mail that leaves by our own way, looked at by those who receive it: dkimpy checks its signature, SpamAssassin its
//! words and form. `tests/run` names the program that asks both in `LAUNCHYARD_TEST_JUDGE`.

use std::path::Path;
use std::process::Command;

use launchyard::sandbox::NameServer;
use serde_json::Value;

use super::mail;
use crate::browser::Browser;
use crate::person;
use crate::program::{eventually, Home};
use crate::support::PASSWORD;

const OWNER: &str = "nora@fernhill.example";
const SENDER: &str = "seller@example.test";
const DOMAIN: &str = "example.test";
/// SpamAssassin's own limit for spam is 5.
const MOST: f64 = 1.0;

const TEXT: &str = "Hello {{first_name}},\n\nI saw that your office in Kendal still heats with oil. We put in heat \
    pumps for businesses around the lakes, and most of them pay about a third less for the winter.\n\nWould a short \
    call next week be worth your time? If not, a line is enough and I will not ask again.\n\nKind regards\nNora";

#[test]
fn a_first_mail_through_a_real_server_verifies_covers_the_one_click_and_is_far_from_spam() {
    let (Some(mail), Ok(judge)) = (mail(), std::env::var("LAUNCHYARD_TEST_JUDGE")) else { return };
    let dns = NameServer::start([127, 0, 0, 1].into()).unwrap();
    dns.set(DOMAIN, "TXT", &["v=spf1 ip4:127.0.0.1 -all"]);
    dns.set("leads.test", "MX", &["10 mail.leads.test"]);
    let home = Home::with(&format!(
        "allow_loopback_providers = true\nserver.public_url = \"https://desk.example.test\"\n\
         dns.resolver = \"{}\"\n[outreach]\nmin_gap_seconds = 0\nhard_daily_cap = 100000\n",
        dns.address
    ));
    let owner = home.add_user(OWNER, "fernhill");
    let key = owner["api_key"].as_str().unwrap();
    let lead = format!("anna-{}@leads.test", std::process::id());
    let file = home.write("leads.csv", &format!("email,first_name,tags\n{lead},Anna,judged\n"));
    home.run(&["import", "contacts", "--workspace", "fernhill", &file]).json();
    let server = home.serve();
    let mut browser = Browser::new(&server.url);
    browser.sign_in(OWNER, PASSWORD);
    person::fill_in_business(&mut browser);
    let mailbox = person::connect_mailbox(&mut browser, &mail, SENDER);
    person::lift_pace(&mut browser, &mailbox);

    // Signing: switched on, the record copied from where the page has it, then looked at again.
    browser.get(&format!("/domains/{DOMAIN}"));
    browser.submit(&format!("/domains/{DOMAIN}/signing"), &[("act", "on")]);
    let record = dkim_record(&server.api(key, "GET", &format!("/v1/domains/{DOMAIN}"), None).1);
    let text = |field: &str| record[field].as_str().unwrap().to_owned();
    dns.set(&text("name"), &text("type"), &[&text("value")]);
    let (status, domain) = server.api(key, "POST", &format!("/v1/domains/{DOMAIN}/check"), None);
    assert_eq!((status, domain["signing"]["selector"].is_string()), (200, true), "{domain}");

    let worker = person::make_worker(&mut browser, "judged", [&mailbox, ""], "Heating in Kendal", &[TEXT]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    let leads = || server.api(key, "GET", &format!("/v1/workers/{worker}"), None).1["leads"].clone();
    eventually("the lead to be enrolled", || (leads() == 1).then_some(()));
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    let maildir = Path::new(mail["maildirs"]["leads@example.test"].as_str().unwrap()).join("new");
    let arrived = eventually("the mail to arrive", || find(&maildir, &lead));
    server.stop();

    let record = format!("{}={}", text("name"), text("value"));
    let done = Command::new(&judge).arg(&arrived).arg(record).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let verdict: Value = serde_json::from_slice(&done.stdout).unwrap();
    let signature = &verdict["signatures"][0];
    assert_eq!((signature["valid"].as_bool(), signature["domain"].as_str()), (Some(true), Some(DOMAIN)), "{verdict}");
    let headers: Vec<&str> = signature["headers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in ["from", "subject", "content-type", "list-unsubscribe", "list-unsubscribe-post"] {
        assert!(headers.contains(&name), "{name}: {verdict}");
    }
    assert!(verdict["score"].as_f64().unwrap() < MOST, "{verdict}");
}

fn dkim_record(domain: &Value) -> Value {
    let checks = domain["checks"].as_array().unwrap();
    let dkim = checks.iter().find(|check| check["check"] == "dkim").unwrap();
    assert_eq!(dkim["state"], "missing", "{dkim}");
    dkim["records"][0].clone()
}

/// The file of the mail to this lead.
fn find(maildir: &Path, lead: &str) -> Option<std::path::PathBuf> {
    let entries = std::fs::read_dir(maildir).ok()?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(lead)))
}
