//! Guests pay, through the whole server and over the wire.

use std::time::Duration;

use launchyard::authz::Role;
use launchyard::payments::WEBHOOK_PATH;
use serde_json::{json, Value};

use super::browser::{self, Browser};
use super::world::World;

fn ask(world: &World, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    browser::api(world.url(), &world.member(Role::Owner).key, method, path, body)
}

fn newest(world: &World) -> Value {
    ask(world, "GET", "/v1/payments?limit=1", None).1["data"][0].clone()
}

#[test]
fn a_signed_notice_confirms_a_payment_in_the_moment_and_the_guest_is_led_on() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(Role::Owner));
    owner.get("/settings/payments");
    assert_eq!(owner.post("/settings/payments/listen", &[]).status, 303);
    let link = world.begin_payment(&world.rows("bookings")[0]);
    world.settle();
    let mut guest = Browser::new(world.url());
    let page = guest.get(&link);
    assert!(page.body.contains("€49.00") && page.body.contains("Go on to Stripe"), "{}", page.body);
    // Whoever has just come back is not sent there again.
    let back = guest.get(&format!("{link}?back=left"));
    assert_eq!((back.status, back.header("refresh")), (200, None));
    world.pay(&link, "card");
    assert_eq!(newest(&world)["state"], "open", "nothing was said yet");
    (world.demo.app().demo().unwrap().advance)(Duration::from_secs(2));
    world.settle();
    let paid = newest(&world);
    assert_eq!((paid["state"].as_str(), paid["is_test"].as_bool()), (Some("paid"), Some(true)), "{paid}");
    assert!(guest.get(&link).body.contains("Paid. Thank you."));
    assert!(owner.get("/settings/payments").body.contains("Last one"));

    let path = format!("/v1/payments/{}/refund", paid["id"].as_str().unwrap());
    let (status, refunded) = ask(&world, "POST", &path, Some(json!({ "amount": 1000, "reason": "late" })));
    assert_eq!((status, refunded["refundable"].as_u64()), (200, Some(3_900)), "{refunded}");
    let (status, problem) = ask(&world, "POST", &path, Some(json!({ "amount": 99_999 })));
    assert!(status == 422 || status == 409, "{problem}");
    world.settle();
    assert_eq!(newest(&world)["refunds"][0]["status"], "succeeded");
    assert!(guest.get(&link).body.contains("€10.00 goes back to you"));
}

#[test]
fn a_notice_that_nobody_signed_changes_nothing() {
    let world = World::open();
    let mut stranger = Browser::new(world.url());
    let body = r#"{"id":"evt_1","type":"checkout.session.completed","livemode":false,"data":{"object":{"id":"cs_1"}}}"#;
    let json = [("content-type", "application/json"), ("stripe-signature", "t=1,v1=00")];
    let mut post =
        |sid: &str, body: &str| stranger.send_raw("POST", &format!("{WEBHOOK_PATH}/{sid}"), &json, body).status;
    let sid = world.home.sid();
    assert_eq!(post(&sid, body), 404, "nobody listens yet");
    let mut owner = world.browser_of(world.member(Role::Owner));
    owner.get("/settings/payments");
    owner.post("/settings/payments/notices", &[("secret", "whsec_of_the_endpoint")]);
    assert_eq!(post(&sid, body), 400);
    assert_eq!(post(&world.next_door.sid(), body), 404);
    assert_eq!(post("AC0", body), 404);
    assert_eq!(post(&sid, &"x".repeat(300_000)), 413);
}

#[test]
fn without_an_account_the_pages_say_what_to_do() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(Role::Owner));
    owner.get("/settings/payments/disconnect");
    assert_eq!(owner.post("/settings/payments/disconnect", &[]).status, 303);
    assert!(owner.get("/settings/payments").body.contains("Connect Stripe"));
    assert_eq!(owner.get("/settings/payments/disconnect").status, 404);
    let wrong = owner.post("/settings/payments/key", &[("key", "pk_live_1")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("publishable"));
}
