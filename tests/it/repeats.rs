//! `Idempotency-Key` at every POST of `/v1`: the same request is answered again, another one under the same key refused.

use actix_web::dev::Payload;
use actix_web::test::TestRequest;
use actix_web::{FromRequest, HttpMessage};
use launchyard::authz::Role;
use launchyard::http::idempotency::{ApiAnswer, Fingerprint, IdempotencyKey, IdempotencyStore};
use launchyard::wiring::idempotency::Answers;
use serde_json::json;

use super::browser;
use super::endpoints::{as_key, body, of_the_api};
use super::world::World;

/// Read `{}` where nothing is sent: they have no body in the walk of all routes.
const MAY_HAVE_A_BODY: &[&str] =
    &["/v1/enrolments/{enrolment}/skip", "/v1/enrolments/{enrolment}/done", "/v1/contacts/{id}/page"];

/// Each route is asked with a key under which an answer is kept, as though the same address had been asked before
/// without a body: whoever has no body is given that answer, whoever has one sends another request.
#[test]
fn a_key_at_any_post_repeats_the_same_request_and_refuses_another_body() {
    let world = World::open();
    let owner = world.member(Role::Owner);
    let app = world.demo.app();
    let answers = Answers::new(app.store.clone(), app.clock.clone());
    let mut wrong = Vec::new();
    let mut with_body = 0;
    for route in of_the_api().filter(|route| route.method == "POST") {
        let path = world.filled(route.path);
        let before = TestRequest::post().uri(&path).insert_header(("idempotency-key", "walk")).to_http_request();
        before.extensions_mut().insert(as_key(&owner.actor));
        let key = IdempotencyKey::from_request(&before, &mut Payload::None).into_inner().unwrap().0.unwrap();
        let kept = ApiAnswer::json(actix_web::http::StatusCode::OK, &json!({ "kept": true })).unwrap();
        answers.begin(world.home, key, Fingerprint::of(&before, b"")).unwrap();
        answers.finish(world.home, key, &kept).unwrap();
        let sent = match body(&route, &world) {
            Some(body) => Some(body.to_string()),
            None => MAY_HAVE_A_BODY.contains(&route.path).then(|| "{}".to_owned()),
        };
        let headers = [("idempotency-key", "walk")];
        let answer = browser::api_with(world.url(), &owner.key, "POST", &path, &headers, sent.as_deref());
        with_body += usize::from(sent.is_some());
        let expected = if sent.is_some() { (422, "idempotency_mismatch") } else { (200, "kept") };
        if answer.status != expected.0 || !answer.body.contains(expected.1) {
            wrong.push(format!("{}: {} {}", route.path, answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(with_body > 15, "{with_body} routes read a body");
}
