//! An AI service as a person sets it up, and what it does then: with the real queue, over the wire to the sandbox.

use std::net::SocketAddr;
use std::time::Duration;

use launchyard::authz::Role;
use launchyard::http::server::bind;
use launchyard::sandbox::AI_KEY;
use launchyard::wiring::demo::{start, DemoOptions, RunningDemo};
use serde_json::{json, Value};

use super::browser::{self, agent, Browser};
use super::support::TestServer;

const HERE: &str = "/settings/engines";

fn give_key(browser: &mut Browser, service: &str, key: &str) -> super::browser::Page {
    browser.post("/settings/engines/key", &[("service", service), ("key", key)])
}

fn use_for_everything(browser: &mut Browser, model: &str) {
    let form = [
        ("model_classify", model),
        ("model_times", model),
        ("model_draft", model),
        ("model_answer", model),
        ("price_model", model),
        ("price_input", "3"),
        ("price_output", "15"),
        ("currency", "USD"),
    ];
    let saved = browser.post("/settings/engines/models", &form);
    assert_eq!(saved.status, 303, "{}", saved.body);
}

#[test]
fn without_a_key_the_page_says_that_everything_works_and_what_a_key_would_send_where() {
    let server = TestServer::start();
    let page = server.owner_browser().get(HERE);
    assert_eq!(page.status, 200);
    for words in
        ["The built-in engine does everything", "What leaves this server, and to whom", "at most 2,000 characters"]
    {
        assert!(page.body.contains(words), "{words}");
    }
    let (status, engine) = server.api("GET", "/v1/engine", None);
    assert_eq!((status, engine["service"].as_str()), (200, Some("embedded")));
}

#[test]
fn a_key_is_tried_kept_and_shown_by_its_end_alone() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let wrong = give_key(&mut owner, "anthropic", "sk-ant-of-somebody-else");
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("The key was refused"), "{}", wrong.body);
    assert!(!wrong.body.contains("sk-ant-of-somebody-else"), "a key does not come back");
    assert_eq!(give_key(&mut owner, "anthropic", AI_KEY).status, 303);
    let page = owner.get(HERE);
    assert!(page.body.contains("…7Q2x") && page.body.contains("sandbox-large") && !page.body.contains(AI_KEY));

    let unpriced = owner.post("/settings/engines/models", &[("model_draft", "sandbox-large"), ("currency", "USD")]);
    assert_eq!(unpriced.status, 422);
    assert!(unpriced.body.contains("Give the price of sandbox-large") && unpriced.body.contains("price_input"));
    use_for_everything(&mut owner, "sandbox-large");

    let removed = owner.post("/settings/engines/remove", &[]);
    assert_eq!(removed.status, 303, "{}", removed.body);
    assert!(owner.get(HERE).body.contains("The built-in engine does everything"));
    let audit = owner.get("/settings/audit");
    assert!(audit.body.contains("7Q2x") && !audit.body.contains(AI_KEY));
}

#[test]
fn who_may_not_manage_engines_sees_nothing_of_them() {
    let server = TestServer::start();
    server.add_user("agent@fernhill.example", "fernhill", Role::Agent);
    let mut agent = server.sign_in("agent@fernhill.example");
    assert_eq!(agent.get(HERE).status, 403);
    assert_eq!(agent.get("/settings/engines/transfers").status, 403);
    assert!(!agent.get("/settings").body.contains("AI engines"));
}

/// The sandbox's record of questions to an AI service.
fn questions(demo: &RunningDemo) -> Vec<Value> {
    let url = format!("{}/control/requests", demo.way_in.sandbox_url);
    let text = agent().get(&url).call().unwrap().into_body().with_config().limit(64 << 20).read_to_string().unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|request| request["method"] == "POST" && request["url"].as_str().unwrap().contains("/openai/")).collect()
}

#[test]
fn people_who_answer_are_read_and_answered_by_the_service_that_was_chosen() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let demo = start(&DemoOptions { listen, data: None, people: true }, bind(listen).unwrap()).unwrap();
    let mut owner = Browser::new(&demo.way_in.url);
    owner.sign_in(&demo.way_in.email, &demo.way_in.password);
    assert_eq!(give_key(&mut owner, "openai", AI_KEY).status, 303);
    use_for_everything(&mut owner, "sandbox-small");
    (demo.app().demo().unwrap().advance)(Duration::from_secs(24 * 3600));
    let ask = |path: &str| browser::api(&demo.way_in.url, &demo.way_in.api_key, "GET", path, None).1;
    let asked = questions(&demo);
    assert!(asked.len() > 2, "{}", asked.len());
    for request in &asked {
        assert_eq!(request["body"]["store"], false, "it is told not to keep it");
        assert_eq!(request["body"]["text"]["format"]["strict"], true);
        let data: Value = serde_json::from_str(request["body"]["input"].as_str().unwrap()).unwrap();
        assert!(data["reply"].as_str().unwrap().chars().count() <= 2_000);
    }
    let transfers = ask("/v1/engine/transfers?limit=100");
    let rows = transfers["data"].as_array().unwrap();
    assert_eq!(rows.len(), asked.len().min(100), "each call is on record");
    assert!(rows.iter().all(|row| row["outcome"] == "ok" || row["outcome"] == "policy"), "{rows:?}");
    let replies = ask("/v1/replies?limit=100");
    let engines: Vec<&str> =
        replies["data"].as_array().unwrap().iter().filter_map(|reply| reply["reading"]["engine"].as_str()).collect();
    assert!(engines.contains(&"OpenAI sandbox-small"), "{engines:?}");
    let opt_outs =
        replies["data"].as_array().unwrap().iter().filter(|reply| reply["reading"]["label"] == "unsubscribe");
    assert!(opt_outs.clone().count() > 0 && opt_outs.into_iter().all(|reply| reply["reading"]["engine"] == "embedded"));
    assert_ne!(ask("/v1/engine")["spent_this_month"], json!("0.00"));
    let page = owner.get("/settings/engines/transfers");
    assert!(page.body.contains("Reading replies") && page.body.contains("sandbox-small at 127.0.0.1"), "{}", page.body);
    demo.stop();
}
