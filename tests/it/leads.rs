//! Where leads come from and what is known about them, from outside.

use launchyard::authz::Role;
use serde_json::{json, Value};

use super::browser;
use super::world::World;

fn ask(world: &World, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    browser::api(world.url(), &world.member(Role::Owner).key, method, path, body)
}

fn id_of(answer: &Value) -> &str {
    answer["id"].as_str().unwrap()
}

#[test]
fn a_lead_that_is_posted_is_checked_scored_and_shown_with_everything() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(Role::Owner));
    owner.get("/hook");
    let made = owner.post("/hook", &[]);
    let from = made.body.find("/in/").expect("the address is shown");
    let address: String = made.body[from..].chars().take_while(|c| *c != '<' && *c != '"').collect();
    assert!(!owner.get("/hook").body.contains(&address), "it is shown once");

    let mut form = browser::Browser::new(world.url());
    let json = [("content-type", "application/json"), ("origin", "https://shop.example")];
    let lead = r#"{"email":"info@quayside.example","name":"Ina Quay","company":"Quayside"}"#;
    let posted = form.send_raw("POST", &address, &json, lead);
    assert_eq!((posted.status, posted.body.as_str()), (202, r#"{"result":"taken"}"#), "a stranger learns no more");
    assert_eq!(form.send_raw("POST", &format!("{address}x"), &json, lead).status, 404);
    assert_eq!(form.send_raw("POST", &address, &json, &"x".repeat(70_000)).status, 413);
    world.settle();

    let (_, found) = ask(&world, "GET", "/v1/contacts?q=quayside", None);
    let contact = found["data"][0]["id"].as_str().unwrap().to_owned();
    let page = owner.get(&format!("/contacts/{contact}")).body;
    for expected in
        ["Takes mail, with a doubt", "is an office, not a person", "The company is known.", "From their page"]
    {
        assert!(page.contains(expected), "{expected}");
    }
    let (status, score) = ask(&world, "GET", &format!("/v1/contacts/{contact}/score"), None);
    assert_eq!(
        (status, score["score"].as_i64()),
        (200, Some(10)),
        "name 5, company 10, address 10, office -15: {score}"
    );
    let (_, leads) = ask(&world, "GET", "/v1/leads?limit=100", None);
    let scores: Vec<i64> = leads["data"].as_array().unwrap().iter().map(|row| row["score"].as_i64().unwrap()).collect();
    assert!(scores.len() > 10 && scores.windows(2).all(|pair| pair[0] >= pair[1]), "{scores:?}");
    assert!(owner.get("/leads").body.contains("Mostly because"));
}

#[test]
fn leads_leave_as_a_file_with_score_and_facts_and_to_an_address_that_is_told_of_changes() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(Role::Owner));
    let file = owner.get("/leads/export.csv");
    assert_eq!(file.status, 200);
    let mut lines = file.body.lines();
    let columns = lines.next().unwrap();
    assert!(columns.contains("E-mail") && columns.contains("Score,Score terms,Page: company"), "{columns}");
    assert!(lines.clone().count() > 10, "all of them");
    assert!(lines.any(|line| line.contains("company +")), "each with the terms of its score");

    let first = owner.get("/webhook").body;
    assert!(first.contains("Webhook") && !first.contains("Send a test"), "there is nothing to test yet");
    let made = owner.post("/webhook", &[("url", "https://127.0.0.2/leads"), ("contacts", "on")]);
    assert!(made.status == 200 && made.body.contains("whsec_"), "{}", made.body);
    let page = owner.get("/webhook").body;
    assert!(page.contains("Send a test") && !page.contains("whsec_"), "the key is shown once");
    assert_eq!(owner.post("/webhook/test", &[]).status, 303);
    assert!(owner.get("/webhook").body.contains("Given up"), "the server's own network is not called");
    let wrong = owner.post("/webhook", &[("url", "https://name:word@hooks.example/"), ("contacts", "on")]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("name:word@hooks.example"), "what was typed is kept");
}

#[test]
fn a_domain_that_takes_no_mail_keeps_its_lead_out_of_a_sequence_and_says_what_to_do() {
    let world = World::open();
    let (status, lead) = ask(&world, "POST", "/v1/contacts", Some(json!({ "addresses": ["tom@nowhere.invalid"] })));
    assert_eq!(status, 201, "{lead}");
    world.settle();
    let (_, checked) = ask(&world, "GET", &format!("/v1/contacts/{}/addresses", id_of(&lead)), None);
    assert_eq!(checked["addresses"][0]["takes_mail"], "nowhere");
    let path = format!("/v1/workers/{}/enrolments", world.id("worker"));
    let (_, tally) = ask(&world, "POST", &path, Some(json!({ "contacts": [id_of(&lead)] })));
    assert_eq!((tally["added"].as_u64(), tally["skipped"]["takes_no_mail"].as_u64()), (Some(0), Some(1)), "{tally}");
    let page = world.browser_of(world.member(Role::Owner)).get(&format!("/contacts/{}", id_of(&lead))).body;
    assert!(page.contains("has no mail server. Correct the address"), "the cure is named");
}

#[test]
fn a_companys_page_is_read_and_forgotten_over_the_api() {
    let world = World::open();
    let sandbox = &world.demo.way_in.sandbox_url;
    let body =
        json!({ "addresses": ["x@ashdown-lettings.example"], "website": format!("{sandbox}/web/ashdown-lettings") });
    let (_, lead) = ask(&world, "POST", "/v1/contacts", Some(body));
    let path = format!("/v1/contacts/{}/page", id_of(&lead));
    assert_eq!(ask(&world, "GET", &path, None).0, 404);
    assert_eq!(ask(&world, "POST", &path, Some(json!({ "url": "http://fellside.example/" }))).0, 422);
    assert_eq!(ask(&world, "POST", &path, None).1["state"], "waiting");
    for _ in 0..4 {
        (world.demo.app().demo().unwrap().advance)(std::time::Duration::from_secs(20));
    }
    let (_, reading) = ask(&world, "GET", &path, None);
    assert_eq!(reading["state"], "read", "{reading}");
    let fact = reading["facts"].as_array().unwrap().iter().find(|fact| fact["kind"] == "description").unwrap();
    assert!(fact["source"].as_str().unwrap().ends_with("/web/ashdown-lettings"));
    let forget = json!({ "kind": fact["kind"], "value": fact["value"] });
    let (_, left) = ask(&world, "POST", &format!("{path}/forget"), Some(forget));
    assert!(left["facts"].as_array().unwrap().iter().all(|fact| fact["kind"] != "description"));
}

#[test]
fn a_customer_system_is_connected_looked_at_and_pulled_on_its_page() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(Role::Owner));
    for vendor in ["hubspot", "pipedrive"] {
        owner.get(&format!("/crm/{vendor}"));
        let refused = owner.post(&format!("/crm/{vendor}/connect"), &[("token", "wrong")]);
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("refused this token (signing in)"), "{}", refused.body);
        let token = world.demo.app().demo().unwrap().crm_token;
        assert_eq!(owner.post(&format!("/crm/{vendor}/connect"), &[("token", token)]).status, 303);
        assert_eq!(owner.post(&format!("/crm/{vendor}/look"), &[]).status, 303);
        let page = owner.get(&format!("/crm/{vendor}")).body;
        assert!(page.contains("Pulling would do this"), "{vendor}");
        assert_eq!(owner.post(&format!("/crm/{vendor}/pull"), &[]).status, 303);
        world.settle();
        let (_, found) = ask(&world, "GET", "/v1/contacts?q=jonas", None);
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{vendor}: {found}");
        let (_, systems) = ask(&world, "GET", "/v1/crm", None);
        assert!(systems.to_string().contains(vendor) && !systems.to_string().contains(token), "{systems}");
        assert_eq!(owner.post(&format!("/crm/{vendor}/disconnect"), &[]).status, 303);
    }
}
