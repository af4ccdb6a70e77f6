//! `/v1` where programs go wrong: things changed meanwhile, cursors of elsewhere, requests sent twice.

use std::collections::BTreeSet;
use std::time::Duration;

use launchyard::authz::Role;
use serde_json::{json, Value};

use super::browser::api_with;
use super::support::TestServer;
use super::v1::Program;
use super::world::World;

const DAY: Duration = Duration::from_secs(86_400);

/// The worker that is at work, and the sequence it sends.
fn at_work(program: &Program) -> (Value, Value) {
    let workers = program.all("/v1/workers", 100);
    let worker = workers.into_iter().find(|worker| worker["state"] == "working").expect("nobody works");
    let sequence = program.get(&format!("/v1/sequences/{}", worker["sequence"].as_str().unwrap())).json;
    (worker, sequence)
}

#[test]
fn a_working_worker_keeps_its_last_step_and_nobody_is_told_that_all_was_sent() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    program.ask("POST", "/v1/sending/resume", &[], None);
    let (worker, sequence) = at_work(&program);
    let path = format!("/v1/sequences/{}", sequence["id"].as_str().unwrap());
    let name = worker["name"].as_str().unwrap();
    let emptied = json!({ "name": sequence["name"], "steps": [], "in_flight": true });

    let refused = program.send("PUT", &path, emptied.clone());
    assert_eq!(refused.status, 409, "{}", refused.json);
    assert!(refused.json["detail"].as_str().unwrap().contains(name), "it names the worker: {}", refused.json);
    assert_eq!(program.get(&path).json, sequence, "nothing was changed");
    let mut owner = world.browser_of(world.member(Role::Owner));
    let page = owner.post(&path.replace("/v1/", "/outreach/"), &[("name", "Renamed meanwhile"), ("act", "save")]);
    assert_eq!(page.status, 409);
    assert!(page.body.contains(name) && page.body.contains("Renamed meanwhile"), "{}", page.body);

    // Of a worker that rests it may be emptied; its leads wait, and go on when there is a step again.
    let worker = worker["id"].as_str().unwrap();
    let ended = || {
        let leads = program.all(&format!("/v1/workers/{worker}/enrolments"), 100);
        leads.iter().filter(|lead| lead["state"] == "finished").count()
    };
    let before = ended();
    program.ask("POST", &format!("/v1/workers/{worker}/pause"), &[], None);
    assert_eq!(program.send("PUT", &path, emptied).status, 200);
    assert_eq!(program.ask("POST", &format!("/v1/workers/{worker}/resume"), &[], None).status, 200);
    (world.demo.app().demo().unwrap().advance)(10 * DAY);
    assert_eq!(ended(), before);
    let leads = program.all(&format!("/v1/workers/{worker}/enrolments?group=held"), 100);
    assert!(leads.iter().any(|lead| lead["reason"].as_str().unwrap().contains("has no step")), "{leads:?}");
}

#[test]
fn nobody_writes_over_what_they_have_not_read() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let step = |text: &str| json!([{ "subject": "Hello", "text": text }]);
    let first = program.post("/v1/sequences", json!({ "name": "Inns", "steps": step("One.") }));
    let path = format!("/v1/sequences/{}", first.id());
    let put = |text: &str, version: Option<u64>| {
        program.send("PUT", &path, json!({ "name": "Inns", "steps": step(text), "version": version }))
    };
    let read = first.json["version"].as_u64();
    let theirs = put("Theirs.", read);
    assert_eq!(theirs.status, 200, "{}", theirs.json);
    let ours = put("Ours.", read);
    assert_eq!((ours.status, &ours.json["code"]), (409, &json!("changed_since")), "{}", ours.json);
    assert_eq!(program.get(&path).json["steps"][0]["text"], "Theirs.");
    assert_eq!(put("Ours.", theirs.json["version"].as_u64()).status, 200);
    assert_eq!(put("Whatever stands there.", None).status, 200, "without a version nothing is compared");

    // The page, opened before somebody else saved: what was typed is kept, and saving again is a decision.
    let mut owner = server.owner_browser();
    let page = path.replace("/v1/", "/outreach/");
    let opened = owner.get(&page).attribute_after("name=\"version\"", "value").unwrap().to_owned();
    put("Saved meanwhile.", None);
    let form = |version: &str| {
        [("name", "Inns"), ("act", "save"), ("version", version), ("text-1", "Typed."), ("subject-1", "Hello")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut save = |version: &str| {
        let fields = form(version);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        owner.post(&page, &fields)
    };
    let refused = save(&opened);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("Somebody changed this sequence") && refused.body.contains("Typed."));
    assert_eq!(program.get(&path).json["steps"][0]["text"], "Saved meanwhile.");
    let newest = refused.attribute_after("name=\"version\"", "value").unwrap();
    assert_eq!(save(newest).status, 303);
    assert_eq!(program.get(&path).json["steps"][0]["text"], "Typed.");
}

#[test]
fn a_cursor_of_elsewhere_is_refused() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    let stranger = Program::with(world.url(), &world.stranger.key);
    let cursor = |path: &str| program.get(path).json["next_cursor"].as_str().unwrap().to_owned();
    let given = cursor("/v1/messages?limit=1");
    assert_eq!(program.get(&format!("/v1/messages?limit=2&cursor={given}")).status, 200);
    let lists = ["contacts", "sequences", "workers", "connections", "drafts", "replies", "suppressions", "bookings"];
    for list in lists.iter().chain(&["events", "tags", "enrolments"]) {
        for text in [given.as_str(), "AAAA", "nonsense", &given[..given.len() - 1]] {
            let answer = program.get(&format!("/v1/{list}?cursor={text}"));
            assert_eq!((answer.status, answer.places()), (422, vec!["?cursor"]), "{list} {text}: {}", answer.json);
        }
    }
    assert_eq!(stranger.get(&format!("/v1/messages?cursor={given}")).status, 422, "of another workspace");
    let contact = world.id("contact");
    assert_eq!(program.get(&format!("/v1/messages?contact={contact}&cursor={given}")).status, 422, "another filter");
}

#[test]
fn a_program_follows_the_log_without_hearing_anything_twice() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let add = |name: &str| program.post("/v1/contacts", json!({ "addresses": [format!("{name}@quill.example")] }));
    (0..5).for_each(|number| assert_eq!(add(&format!("p{number}")).status, 201));
    let mut heard = Vec::new();
    let mut after = 0;
    for turn in 0..3 {
        let mut at = format!("/v1/events?after={after}&limit=2");
        loop {
            let page = program.get(&at);
            assert_eq!(page.status, 200, "{}", page.json);
            heard.extend(page.json["data"].as_array().unwrap().iter().map(|event| event["number"].as_u64().unwrap()));
            after = page.json["last"].as_u64().unwrap();
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            at =
                format!("/v1/events?after=0&limit=2&cursor={next}").replace("after=0", &format!("after={}", from(&at)));
        }
        if turn < 2 {
            assert_eq!(add(&format!("later{turn}")).status, 201);
        }
    }
    let once: BTreeSet<u64> = heard.iter().copied().collect();
    assert_eq!(heard.len(), once.len(), "{heard:?}");
    assert_eq!(heard.len(), program.all("/v1/events", 100).len());
    // What was left out counts as read.
    let filtered = program.get("/v1/events?type=no_such_thing").json;
    assert_eq!((filtered["data"].as_array().unwrap().len(), filtered["last"].as_u64()), (0, Some(after)));
    assert_eq!(program.get("/v1/events?after=yesterday").places(), ["?after"]);
    assert_eq!(program.get(&format!("/v1/events?after={}", u64::MAX)).status, 200);
}

/// The number in `?after=`.
fn from(address: &str) -> &str {
    address.split("after=").nth(1).unwrap().split('&').next().unwrap()
}

#[test]
fn leads_of_all_workers_are_one_list() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    let ids = |path: &str| -> BTreeSet<String> {
        program.all(path, 7).iter().map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids("/v1/enrolments");
    let workers = program.all("/v1/workers", 100);
    let under: BTreeSet<String> = workers
        .iter()
        .flat_map(|worker| ids(&format!("/v1/workers/{}/enrolments", worker["id"].as_str().unwrap())))
        .collect();
    assert!(all.len() > 7 && all == under, "{} and {}", all.len(), under.len());
    let lead = program.get(&format!("/v1/enrolments/{}", world.id("enrolment"))).json;
    for of in ["worker", "sequence", "contact"] {
        let found = ids(&format!("/v1/enrolments?{of}={}", lead[of].as_str().unwrap()));
        assert!(found.contains(lead["id"].as_str().unwrap()) && found.is_subset(&all), "{of}");
        assert_eq!(ids(&format!("/v1/enrolments?{of}=0199a2b7d0007000800000000000000f")).len(), 0, "{of}");
        assert_eq!(program.get(&format!("/v1/enrolments?{of}=x")).places(), [format!("?{of}")]);
    }
}

#[test]
fn a_body_of_which_everything_may_be_left_out_may_be_left_out() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    let bare = |method: &str, path: &str| {
        let page = api_with(world.url(), &world.member(Role::Owner).key, method, path, &[], None);
        (page.status, serde_json::from_str(&page.body).unwrap_or(Value::Null))
    };
    let draft = program.all("/v1/drafts?state=pending", 100).remove(0);
    let (status, rejected) = bare("POST", &format!("/v1/drafts/{}/reject", draft["id"].as_str().unwrap()));
    assert_eq!((status, &rejected["state"]), (200, &json!("rejected")), "{rejected}");
    let kept = program.post("/v1/suppressions", json!({ "target": "mistake@quill.example" }));
    assert_eq!(bare("DELETE", &format!("/v1/suppressions/{}", kept.id())).0, 204);
    let bookings = program.all("/v1/bookings", 100);
    let proposed = bookings.iter().find(|row| row["state"] == "proposed").expect("the day brings a proposal");
    let path = format!("/v1/bookings/{}", proposed["id"].as_str().unwrap());
    assert_eq!(bare("POST", &format!("{path}/accept")).0, 200);
    world.settle();
    let booked = program.get(&path).json;

    // What is taken is told with what is free, for people and for programs.
    let same =
        json!({ "contact_id": booked["contact_id"], "worker_id": booked["worker_id"], "start": booked["start"] });
    let taken = program.post("/v1/bookings", same.clone());
    assert_eq!((taken.status, &taken.json["code"]), (409, &json!("not_free")), "{}", taken.json);
    let free = taken.json["free_times"].as_array().unwrap();
    let words = taken.json["detail"].as_str().unwrap();
    assert!(!free.is_empty(), "{}", taken.json);
    for time in free {
        assert!(words.contains(time["start"].as_str().unwrap()) && time["end"].is_string(), "{time} {words}");
    }
    for start in ["1999-12-31T10:00:00Z", "2200-01-01T00:00:00Z", "9999-12-31T10:00:00Z", "half ten"] {
        let mut far = same.clone();
        far["start"] = json!(start);
        let far = program.post("/v1/bookings", far);
        assert_eq!((far.status, far.places()), (422, vec!["#/start"]), "{start}: {}", far.json);
        assert!(far.json["detail"].as_str().unwrap().contains("from 2000-01-01 to 2199-12-31"), "{}", far.json);
    }
    let (status, cancelled) = bare("POST", &format!("{path}/cancel"));
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")), "{cancelled}");
}

#[test]
fn what_was_given_may_be_sent_back_and_null_takes_away() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let made = program.post(
        "/v1/contacts",
        json!({ "addresses": ["iris@quill.example"], "time_zone": "Europe/Paris", "locale": "fr", "company": "Quill" }),
    );
    let path = format!("/v1/contacts/{}", made.id());
    let cleared = program.send("PATCH", &path, json!({ "time_zone": null, "locale": null }));
    assert_eq!((&cleared.json["time_zone"], &cleared.json["locale"]), (&Value::Null, &Value::Null));
    assert_eq!(cleared.json["company"], "Quill", "what is absent stays");

    let worker = program.post("/v1/workers", json!({ "name": "Inns", "goal": "Invite them." }));
    let mut changed = worker.json.clone();
    changed["name"] = json!("Small inns");
    let put = program.send("PUT", &format!("/v1/workers/{}", worker.id()), changed.clone());
    assert_eq!((put.status, &put.json), (200, &changed), "{}", put.json);

    let unknown = "0199a2b7d0007000800000000000000f";
    let tagged = program.post("/v1/tags/vip/contacts", json!({ "contacts": [made.id(), unknown] }));
    assert_eq!(tagged.json, json!({ "changed": 1, "unknown": [unknown] }));
    let untagged = program.send("DELETE", "/v1/tags/vip/contacts", json!({ "contacts": [unknown] }));
    assert_eq!(untagged.json, json!({ "changed": 0, "unknown": [unknown] }));
    let wrong = program.send("DELETE", "/v1/tags/vip/contacts", json!({ "contacts": ["x"] }));
    assert_eq!((wrong.status, wrong.places()), (422, vec!["#/contacts/0"]));
}

#[test]
fn a_refusal_names_field_and_cure_and_nothing_of_the_programs_own() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let cases = [
        ("{\"addresses\": \"a@b.example\"}", 422, "a list is wanted"),
        ("{\"addresses\": [], \"custom\": []}", 422, "an object is wanted"),
        ("{\"addresses\": [7]}", 422, "text in quotes is wanted"),
        ("{\"nick\": 1}", 422, "\"nick\" is not a field here"),
        ("{\"nick\": 1", 400, "ends too early"),
        ("{\"addresses\": 7,}", 400, "the last comma"),
        ("7", 422, "an object is wanted"),
        ("nonsense", 400, "not JSON"),
    ];
    for (body, status, words) in cases {
        let answer = program.ask("POST", "/v1/contacts", &[], Some(body));
        let detail = answer.json["detail"].as_str().unwrap();
        assert_eq!(answer.status, status, "{body}: {detail}");
        assert!(detail.contains(words), "{body}: {detail}");
        for own in ["struct", "NewContactBody", "u32", "expected", "ident", "EOF", "`"] {
            assert!(!detail.contains(own), "{body}: {detail}");
        }
    }
}
