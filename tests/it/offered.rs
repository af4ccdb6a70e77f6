//! A worker offers times of its event type in a mail, and a lead takes one by its link: over HTTP, with everything real
//! but the people.

use std::net::SocketAddr;
use std::time::Duration;

use launchyard::http::server::bind;
use launchyard::wiring::demo::{start, DemoOptions, RunningDemo};
use serde_json::{json, Value};

use super::browser::{self, Browser};

const HOUR: Duration = Duration::from_secs(3_600);
const PRIYA: &str = "priya.raman@lakeview-school.example";
const MARCHAL: &str = "e.marchal@marchal-syndic.example";

fn demo() -> RunningDemo {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    start(&DemoOptions { listen, data: None, people: true }, bind(listen).unwrap()).unwrap()
}

fn pass(demo: &RunningDemo, time: Duration) {
    (demo.app().demo().unwrap().advance)(time);
}

fn api(demo: &RunningDemo, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    browser::api(&demo.way_in.url, &demo.way_in.api_key, method, path, body)
}

/// The draft that offers times to somebody, once they have asked for some.
fn offer_to(demo: &RunningDemo, address: &str) -> Value {
    for _ in 0..48 {
        let (_, drafts) = api(demo, "GET", "/v1/drafts?limit=100", None);
        let found = drafts["data"].as_array().unwrap().iter().find(|draft| {
            draft["to"] == address && draft["state"] == "pending" && draft["text"].as_str().unwrap().contains("/at/")
        });
        if let Some(draft) = found {
            return draft.clone();
        }
        pass(demo, HOUR);
    }
    panic!("nothing was offered to {address}");
}

fn links(draft: &Value) -> Vec<String> {
    let words = draft["text"].as_str().unwrap().split_whitespace();
    words.filter_map(|word| word.split_once("/booking/at/")).map(|(_, token)| format!("/booking/at/{token}")).collect()
}

fn bookings_of(demo: &RunningDemo, draft: &Value) -> Vec<Value> {
    let contact = draft["contact_id"].as_str().unwrap();
    let (status, page) = api(demo, "GET", &format!("/v1/bookings?contact_id={contact}"), None);
    assert_eq!(status, 200, "{page}");
    page["data"].as_array().unwrap().clone()
}

#[test]
fn a_lead_clicks_an_offered_time_and_it_is_a_meeting_of_the_worker() {
    let demo = demo();
    let draft = offer_to(&demo, PRIYA);
    assert_eq!(links(&draft).len(), 3, "{draft}");
    let approve = format!("/v1/drafts/{}/approve", draft["id"].as_str().unwrap());
    let approved = api(&demo, "POST", &approve, None);
    assert!(approved.0 < 300, "{}", approved.1);
    // Her mail program looks at every link; then she opens the second and presses its button.
    pass(&demo, 30 * HOUR);
    let [booking] = &bookings_of(&demo, &draft)[..] else { panic!("{:?}", bookings_of(&demo, &draft)) };
    assert_eq!((booking["state"].as_str(), booking["source"].as_str()), (Some("confirmed"), Some("reply")));
    assert_eq!(booking["worker_id"], draft["worker_id"]);
    assert_eq!(booking["reply_id"], draft["reply_id"]);
    assert!(booking["event_type_id"].is_string() && booking["event_id"].is_string(), "{booking}");
    // The sequence has ended for her, and the worker has a meeting to its name.
    let mut owner = Browser::new(&demo.way_in.url);
    owner.sign_in(&demo.way_in.email, &demo.way_in.password);
    let worker = draft["worker_id"].as_str().unwrap();
    let (_, leads) = api(&demo, "GET", &format!("/v1/workers/{worker}/enrolments?limit=100"), None);
    let lead = leads["data"].as_array().unwrap().iter().find(|lead| lead["contact"] == draft["contact_id"]);
    assert!(lead.is_some_and(|lead| lead["state"] == "finished" || lead["state"] == "stopped"), "{lead:?}");
    let mail = sent_to(&demo, PRIYA).into_iter().find(|raw| raw.contains("/booking/at/")).expect("the offer left");
    assert_eq!(mail.matches("/booking/at/").count(), 6, "each in the plain part and in the other: {mail}");
    assert!(mail.contains("text/plain") && mail.contains("- <a href=3D"), "{mail}");
    // Whatever is clicked now leads to that meeting.
    let mut stranger = Browser::new(&demo.way_in.url);
    for link in links(&draft) {
        let page = stranger.get(&link);
        assert_eq!(page.status, 303, "{}", page.body);
        assert!(page.location.as_deref().unwrap().starts_with("/booking/"), "{:?}", page.location);
        let again = stranger.post_as_stranger(&link, &[("name", "Priya Raman")]);
        assert_eq!((again.status, again.location), (303, page.location));
    }
    assert_eq!(bookings_of(&demo, &draft).len(), 1);
    demo.stop();
}

/// The mails that left for somebody, their long lines put together again.
fn sent_to(demo: &RunningDemo, address: &str) -> Vec<String> {
    let url = format!("{}/control/mailboxes/{}", demo.way_in.sandbox_url, demo.way_in.email);
    let text = browser::agent().get(&url).call().unwrap().into_body().read_to_string().unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    let mails = answer["mails"].as_array().unwrap().iter().filter(|mail| mail["to"].to_string().contains(address));
    mails.map(|mail| mail["raw"].as_str().unwrap().replace("=\r\n", "")).collect()
}

#[test]
fn opening_a_link_books_nothing_and_a_time_that_was_taken_meanwhile_shows_others() {
    let demo = demo();
    let draft = offer_to(&demo, MARCHAL);
    let links = links(&draft);
    let mut visitor = Browser::new(&demo.way_in.url);
    let mut free = Vec::new();
    for (number, link) in links.iter().enumerate() {
        for _ in 0..2 {
            let page = visitor.get(link);
            assert_eq!(page.status, 200, "{}", page.body);
            let is_free = page.body.contains("Rien n’est encore réservé.");
            // Other leads go on answering, and may have been quicker.
            assert!(is_free || page.body.contains("vient d’être pris"), "{}", page.body);
            assert!(page.body.contains("lang=\"fr\""), "{}", page.body);
            free.extend(is_free.then_some(number));
            assert!(page.header("set-cookie").is_none(), "no cookie is needed");
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "the link proves who they are");
        }
    }
    assert!(bookings_of(&demo, &draft).is_empty());
    let first = *free.first().expect("one of the offered times is free");
    let link = &links[first];
    let unnamed = visitor.post_as_stranger(link, &[("name", " ")]);
    assert_eq!(unnamed.status, 422);
    assert!(unnamed.body.contains("<form") && unnamed.body.contains("aria-invalid"), "{}", unnamed.body);

    // Somebody is quicker on the public page.
    let (_, types) = api(&demo, "GET", "/v1/event-types", None);
    let event = &types["data"][0];
    let start = start_of(&demo, &draft, first);
    let taken = json!({ "start": start, "name": "Pat Hill", "email": "pat@elsewhere.example" });
    let (status, made) =
        api(&demo, "POST", &format!("/v1/event-types/{}/bookings", event["id"].as_str().unwrap()), Some(taken));
    assert!(status < 300, "{made}");
    let late = visitor.post_as_stranger(link, &[("name", "Étienne Marchal")]);
    assert_eq!(late.status, 409, "{}", late.body);
    assert!(late.body.contains("Ces heures proches sont libres"), "{}", late.body);
    let other = late.body.split("/booking/at/").nth(1).unwrap().split('"').next().unwrap();
    let booked = visitor.post_as_stranger(&format!("/booking/at/{other}"), &[("name", "Étienne Marchal")]);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let [booking] = &bookings_of(&demo, &draft)[..] else { panic!("one meeting") };
    assert_eq!(booking["worker_id"], draft["worker_id"]);
    for wrong in ["/booking/at/nonsense", "/booking/at/AAAA.AAAA"] {
        assert_eq!(visitor.get(wrong).status, 404);
        assert_eq!(visitor.post_as_stranger(wrong, &[("name", "X")]).status, 404);
    }
    demo.stop();
}

/// When an offered time begins.
fn start_of(demo: &RunningDemo, draft: &Value, number: usize) -> String {
    let id = draft["id"].as_str().unwrap().parse().unwrap();
    let app = demo.app();
    let workspace = launchyard::base::WorkspaceId::parse_sid(&demo.way_in.workspace).unwrap();
    let draft = launchyard::drafts::get(&app.store, workspace, id).unwrap().unwrap();
    draft.offered[number].0.to_rfc3339()
}

#[test]
fn the_worker_s_owner_chooses_the_event_type_on_its_page_and_by_key() {
    let demo = demo();
    let (_, workers) = api(&demo, "GET", "/v1/workers", None);
    let worker = workers["data"][0]["id"].as_str().unwrap().to_owned();
    let by_key = format!("/v1/workers/{worker}/booking");
    let (status, chosen) = api(&demo, "GET", &by_key, None);
    assert_eq!(status, 200, "{chosen}");
    let event = chosen["event_type_id"].as_str().unwrap().to_owned();

    let mut owner = Browser::new(&demo.way_in.url);
    owner.sign_in(&demo.way_in.email, &demo.way_in.password);
    let page = format!("/outreach/{worker}/booking");
    assert!(owner.get(&format!("/outreach/{worker}/settings")).body.contains(&page), "the settings lead there");
    let shown = owner.get(&page);
    assert!(shown.body.contains(&format!("value=\"{event}\" selected")), "{}", shown.body);
    assert_eq!(owner.post(&page, &[("event_type", "")]).status, 303);
    assert_eq!(api(&demo, "GET", &by_key, None).1, json!({ "event_type_id": null }));
    for wrong in ["nonsense", "0199a2b7d0007000800000000000000f"] {
        let refused = owner.post(&page, &[("event_type", wrong)]);
        assert_eq!(refused.status, 422, "{wrong}");
        let (status, problem) = api(&demo, "PUT", &by_key, Some(json!({ "event_type_id": wrong })));
        assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (422, Some("#/event_type_id")), "{problem}");
    }
    let (status, now) = api(&demo, "PUT", &by_key, Some(json!({ "event_type_id": event })));
    assert_eq!((status, now["event_type_id"].as_str()), (200, Some(event.as_str())));
    demo.stop();
}
