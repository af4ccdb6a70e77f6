use std::sync::Arc;
use std::time::Duration;

use actix_web::test::{call_service, init_service, read_body_json, TestRequest};
use actix_web::{web, App as WebApp};
use serde_json::{json, Value};

use super::*;
use crate::connections::tests::world::{World, OWNER};
use crate::connections::{self, Provider, Use};
use crate::jobs::{Handlers, Runner, Threads};
use crate::providers::meeting::zoom_hook;
use crate::sandbox::ZOOM_HOOK_SECRET;

#[test]
fn every_place_is_read_back_as_it_was_chosen() {
    let account = crate::base::ConnectionId::new(crate::testing::NOW);
    let mut all = vec![
        Location::Unsaid,
        Location::GoogleMeet,
        Location::Jitsi,
        Location::Link { url: "https://robin.example/room".into() },
        Location::WeCall,
        Location::TheyCall { number: "+44 1539 555 0100".into() },
        Location::Place { address: "2 Mill Lane".into() },
    ];
    all.extend(Service::ALL.map(|service| Location::Hosted { service, account }));
    for location in all {
        assert_eq!(read_choice(&value_of(&location), location.detail()).as_ref(), Some(&location));
        assert_eq!(location.mistake(), None, "{location:?}");
        let stored = serde_json::to_value(&location).unwrap();
        assert_eq!(serde_json::from_value::<Location>(stored).unwrap(), location);
    }
    for nobodys in ["skype", "zoom:", "zoom", "zoom:nobody", "place:0"] {
        assert_eq!(read_choice(nobodys, ""), None, "{nobodys}");
    }
}

#[test]
fn a_link_a_number_and_a_place_have_to_be_there() {
    let long = format!("https://a.example/{}", "x".repeat(600));
    for (value, detail) in [
        ("link", ""),
        ("link", "robin.example/room"),
        ("link", "javascript:alert(1)"),
        ("link", long.as_str()),
        ("they_call", "call me"),
        ("place", " "),
    ] {
        assert!(read_choice(value, detail).unwrap().mistake().is_some(), "{value} {detail}");
    }
}

#[test]
fn a_room_at_jitsi_cannot_be_guessed_from_another() {
    let test = crate::testing::app();
    let room = || Location::Jitsi.own_link(&test.app).unwrap();
    let (one, two) = (room(), room());
    assert!(one.starts_with("https://meet.jit.si/") && one != two, "{one} {two}");
    let name = one.rsplit('/').next().unwrap();
    assert!(name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "128 bits: {name}");
}

#[test]
fn only_an_account_of_the_workspace_that_holds_such_meetings_can_be_chosen() {
    let world = World::start();
    let mail = world.connect(&[Use::Outreach, Use::Calendar]);
    let zoom = world.connect_host(Provider::Zoom);
    let app = &world.test.app;
    let accounts = connections::list(&app.store, world.test.workspace).unwrap();
    let offered = choices(&accounts, &Location::Unsaid);
    let labels: Vec<&str> = offered.iter().map(|one| one.label.as_str()).collect();
    assert!(labels.contains(&format!("Zoom: {OWNER}").as_str()) && labels.contains(&"Jitsi"), "{labels:?}");
    assert!(!labels.iter().any(|label| label.starts_with("Webex")), "{labels:?}");
    let fits = |service, account| {
        let location = Location::Hosted { service, account };
        app.store.read(|txn| unfit(txn, world.test.workspace, &location)).unwrap().is_none()
    };
    assert!(fits(Service::Zoom, zoom.id));
    assert!(!fits(Service::Webex, zoom.id) && !fits(Service::Zoom, mail.id) && !fits(Service::Teams, mail.id));
    assert!(!fits(Service::Zoom, crate::base::ConnectionId::new(crate::testing::NOW)));
    connections::disconnect(app, &world.owner, zoom.id).unwrap();
    let gone = Location::Hosted { service: Service::Zoom, account: zoom.id };
    let accounts = connections::list(&app.store, world.test.workspace).unwrap();
    let kept = choices(&accounts, &gone).into_iter().find(|one| one.value == value_of(&gone)).unwrap();
    assert_eq!(kept.label, "Zoom (not connected)");
}

/// Posts an event as it is; the status and the answer.
async fn post(world: &World, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let service = init_service(WebApp::new().app_data(web::Data::from(world.test.app.clone())).configure(routes)).await;
    let request = TestRequest::post().uri("/hooks/zoom").set_payload(body.to_owned());
    let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
    let response = call_service(&service, request.to_request()).await;
    let status = response.status().as_u16();
    if response.headers().get("content-type").is_none_or(|kind| !kind.to_str().unwrap().contains("json")) {
        return (status, Value::Null);
    }
    (status, read_body_json(response).await)
}

fn settle(world: &World) {
    let app = Arc::clone(&world.test.app);
    let handlers = Arc::new(handlers(Handlers::default()));
    let runner = Runner::start(&app.store, &app.clock, Arc::clone(&app), handlers, &Threads::default()).unwrap();
    assert!(runner.settle(Duration::from_secs(20)));
}

#[actix_web::test]
async fn zoom_proves_this_address_with_a_question_that_only_the_secret_answers() {
    let world = World::start();
    let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8"}}).to_string();
    let at = world.test.app.now().as_seconds().to_string();
    let signature = zoom_hook::sign(ZOOM_HOOK_SECRET, &at, body.as_bytes()).unwrap();
    let (status, answer) =
        post(&world, &[(zoom_hook::TIMESTAMP, &at), (zoom_hook::SIGNATURE, &signature)], &body).await;
    assert_eq!((status, &answer["plainToken"]), (200, &json!("qgg8")));
    assert_eq!(answer["encryptedToken"].as_str().unwrap().len(), 64);
    assert_eq!(post(&world, &[], &body).await.0, 401);
}

#[actix_web::test]
async fn who_removes_this_program_at_zoom_is_disconnected_here_and_nobody_else() {
    let world = World::start();
    let zoom = world.connect_host(Provider::Zoom);
    let webex = world.connect_host(Provider::Webex);
    let sealed = match &zoom.kind {
        connections::Kind::Meetings(account) => account.credentials.clone().unwrap().sealed,
        other => panic!("{other:?}"),
    };
    let event = world.ask_control("deauthorise", &json!({"email": OWNER}));
    let header = |name: &str| event["headers"][name].as_str().unwrap().to_owned();
    let (at, signature) = (header(zoom_hook::TIMESTAMP), header(zoom_hook::SIGNATURE));
    let body = event["body"].as_str().unwrap();

    let forged = format!("v0={}", "0".repeat(64));
    assert_eq!(post(&world, &[(zoom_hook::TIMESTAMP, &at), (zoom_hook::SIGNATURE, &forged)], body).await.0, 401);
    settle(&world);
    assert!(!world.stored(&zoom).is_disconnected());

    for _ in 0..2 {
        let told = post(&world, &[(zoom_hook::TIMESTAMP, &at), (zoom_hook::SIGNATURE, &signature)], body).await;
        assert_eq!(told.0, 200, "Zoom says it again where an answer was late");
    }
    world.forget_requests();
    settle(&world);
    assert!(world.stored(&zoom).is_disconnected() && !world.stored(&webex).is_disconnected());
    assert!(world.test.app.store.open_secret(&sealed).is_err(), "the key of the tokens is gone");
    assert_eq!(world.requests(), Vec::<String>::new(), "there is nothing to be told to Zoom");
    world.advance(Duration::from_secs(301));
    let late = post(&world, &[(zoom_hook::TIMESTAMP, &at), (zoom_hook::SIGNATURE, &signature)], body).await;
    assert_eq!(late.0, 401, "an old one is not taken");
}
