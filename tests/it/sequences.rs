//! Sequences with wordings, tasks and branches, from the page to `/v1`, with plain forms.

use launchyard::outreach::{self, Group};
use serde_json::{json, Value};

use super::browser::{api, Browser};
use super::person;
use super::support::TestServer;

const STEPS: &[(&str, &str)] = &[
    ("name", "Ways"),
    ("subject-1", "Heating"),
    ("text-1", "Hello {{first_name|there}}, may I ask who looks after the heating of your house these days?"),
    ("id-1-2", ""),
    ("subject-1-2", "Your heating"),
    (
        "text-1-2",
        "Good morning {{first_name|there}}, who looks after the heating of your house these days, if I may ask?",
    ),
    ("kind-2", "branch"),
    ("wait-2", "0"),
    ("when-2", "replied-interested"),
    ("then-2", "5"),
    ("wait-3", "3"),
    ("text-3", "Did you see my mail?"),
    ("kind-4", "branch"),
    ("when-4", "always"),
    ("then-4", "end"),
    ("kind-5", "task"),
    ("wait-5", "0"),
    ("subject-5", "Call {{first_name|them}}"),
    ("text-5", "They are interested."),
];

fn with<'a>(steps: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = steps.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes).copied().collect()
}

#[test]
fn a_sequence_with_branches_is_written_with_plain_forms_and_read_by_programs() {
    let server = TestServer::start();
    let key = server.owner.api_key.clone().unwrap();
    let mut browser = server.owner_browser();
    let page = browser.submit("/outreach/sequences", &[("name", "Ways")]);
    browser.get(&page);
    let shown = browser.post(&page, &with(STEPS, &[("act", "add-branch")]));
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("they answered: Interested") && shown.body.contains("Wording B"), "{}", shown.body);
    let endless = browser.post(&page, &with(STEPS, &[("then-4", "1"), ("act", "save")]));
    assert_eq!(endless.status, 422);
    assert!(endless.body.contains("goes back to step 1") && endless.body.contains("Did you see my mail?"));
    browser.get(&page);
    browser.submit(&page, &with(STEPS, &[("act", "save")]));

    let id = page.rsplit('/').next().unwrap();
    let path = format!("/v1/sequences/{id}");
    let (status, sequence) = api(&server.url, &key, "GET", &path, None);
    assert_eq!(status, 200);
    let branch = json!({ "when": "replied", "label": "interested", "go_to": 5 });
    assert_eq!((&sequence["steps"][1]["kind"], &sequence["steps"][1]["branch"]), (&json!("branch"), &branch));
    assert_eq!(sequence["steps"][0]["variants"].as_array().map(Vec::len), Some(1));
    assert!(sequence["steps"][0]["kind"].is_null(), "a mail looks as it always did: {sequence}");
    let (status, again) = api(&server.url, &key, "PUT", &path, Some(sequence.clone()));
    assert_eq!((status, &again["version"]), (200, &sequence["version"]), "what was read can be sent back: {again}");
    let mut wrong = sequence.clone();
    wrong["steps"][1]["branch"]["go_to"] = json!(3);
    let (status, problem) = api(&server.url, &key, "PUT", &path, Some(wrong));
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "#/steps/1/branch/go_to", "{problem}");
    let (status, found) = api(&server.url, &key, "GET", &format!("{path}/checks"), None);
    assert_eq!(status, 200, "{found}");
    let blocking: Vec<&Value> =
        found["data"].as_array().unwrap().iter().filter(|one| one["is_blocking"] == true).collect();
    assert!(blocking.is_empty(), "{blocking:?}");
}

#[test]
fn a_change_of_a_live_sequence_and_the_mails_to_be_read_are_asked_on_their_pages() {
    let server = TestServer::start_with(&[("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000")], false);
    let mut browser = server.owner_browser();
    let worker = working(&server, &mut browser);
    let page = format!("/outreach/{worker}/sequence");
    let form = browser.get(&page);
    let id = form.body.split("name=\"id-1\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let text = "Hello, may I ask once more who looks after the heating of your house these days, please?";
    let changed = [("name", "Mails"), ("id-1", id.as_str()), ("subject-1", "Heating"), ("text-1", text)];
    let asked = browser.post(&page, &with(&changed, &[("act", "save")]));
    assert_eq!(asked.status, 422);
    assert!(asked.body.contains("For whom is this change?") && asked.body.contains("save-new"), "{}", asked.body);
    assert_eq!(browser.post(&page, &with(&changed, &[("act", "save-new")])).status, 303);
    server.settle();

    let waiting = |server: &TestServer| {
        let worker = worker.parse().unwrap();
        outreach::figures(&server.app().store, server.workspace, worker).unwrap().of(Group::Review)
    };
    assert_eq!(waiting(&server), 2, "each mail of this worker is read first");
    let today = browser.get("/").body;
    assert!(today.contains("2 mails wait to be read"), "{today}");
    let review = browser.get(&format!("/outreach/{worker}/review")).body;
    let mails: Vec<&str> =
        review.split("name=\"mail\" value=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    assert_eq!(mails.len(), 2, "{review}");
    browser.submit(&format!("/outreach/{worker}/review"), &[("mail", mails[0]), ("mail", "nobody:1")]);
    server.advance(std::time::Duration::from_secs(3600));
    assert_eq!(waiting(&server), 1);

    let forecast = browser.get("/outreach/forecast");
    assert_eq!(forecast.status, 200);
    assert!(forecast.body.contains("1 lead waits for a person"), "{}", forecast.body);
    let wrong = browser.post("/outreach/days-off", &[("listed", "Christmas")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Line 1: Begin with a day") && wrong.body.contains("Christmas"));
    browser.submit("/outreach/days-off", &[("public_holidays", "on"), ("listed", "2026-12-24 Christmas Eve")]);
    assert!(browser.get("/outreach/days-off").body.contains("2026-12-24 Christmas Eve"));
}

/// A worker of two leads whose mails are read first, switched on.
fn working(server: &TestServer, browser: &mut Browser) -> String {
    let consent = browser.get("/connections/google/start?use=both").location.unwrap();
    let back = server.sandbox.allow_all(&consent).unwrap();
    let choice = browser.get(back.strip_prefix(server.url.as_str()).unwrap()).location.unwrap();
    let connection = choice.trim_end_matches("/calendars");
    let key = server.owner.api_key.clone().unwrap();
    let text = "Hello, may I ask who looks after the heating of your house these days, if I may?";
    let worker = person::make_worker(browser, "read", [connection; 2], "Heating", &[text]);
    let path = format!("/v1/workers/{worker}");
    let (status, answer) = api(&server.url, &key, "PATCH", &path, Some(json!({ "review": true })));
    assert_eq!((status, &answer["review"]), (200, &json!(true)), "{answer}");
    for lead in ["one@larkfield.example", "two@larkfield.example"] {
        let contact = json!({ "addresses": [lead], "tags": ["read"] });
        let (status, made) = api(&server.url, &key, "POST", "/v1/contacts", Some(contact));
        assert_eq!(status, 201, "{made}");
    }
    server.settle();
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    server.settle();
    worker
}
