//! The simulated Stripe: Checkout sessions, the page on which the guest pays, refunds, webhooks.
//!
//! | real | sandbox |
//! |---|---|
//! | `https://api.stripe.com/v1/…` | `<sandbox>/stripe/v1/…` |
//! | `https://checkout.stripe.com/c/pay/…` | `<sandbox>/stripe/c/pay/…` |
//!
//! What the real one enforces: the secret key `STRIPE_KEY`, fields by name, `mode`, at least one line, a session that
//! ends in 30 minutes to 24 hours, the least amount, ids that exist, no refund beyond what was paid, and idempotency: the
//! same key gives the first answer again, with other fields it is an error. Without `Stripe-Version` it refuses, which
//! the real one does not: a version that is not named is one that changes by itself.

mod check;
mod checkout;
mod events;
mod state;

pub(super) use events::{next_due, run_due};
pub(super) use state::Books;

use serde_json::{json, Value};

use self::check::Refusal;
use self::state::Session;
use super::wire::{Answer, Request};
use super::world::World;

/// What the simulated Stripe takes as a secret key.
pub const STRIPE_KEY: &str = "sk_test_sandbox";

/// `path` is what follows `/stripe`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let now = world.clock.now();
    world.stripe.end_what_is_over(now);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["style.css"]) => super::stylesheet(),
        ("GET", ["c", "pay", id]) => checkout::page(&world.stripe, id),
        ("POST", ["c", "pay", id]) => checkout::pay(&mut world.stripe, id, request, now),
        (_, ["v1", rest @ ..]) => match check::caller(request) {
            Ok(()) => call(world, request, rest),
            Err(refusal) => refusal.answer(),
        },
        _ => Refusal::no_path(request).answer(),
    }
}

/// A call of the API, its answer kept under its key.
fn call(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    let Some(key) = request.header("idempotency-key").filter(|_| request.method == "POST") else {
        return carry_out(world, request, path);
    };
    if key.len() > 255 {
        return Refusal::field("Idempotency-Key", "Keys have at most 255 characters.").answer();
    }
    let print = format!("{} {:?}", request.path, request.form());
    if let Some((before, status, body)) = world.stripe.answers.get(key) {
        if *before != print {
            return Refusal::other_fields().answer();
        }
        return Answer::json(*status, body).with("idempotent-replayed", "true");
    }
    let answer = carry_out(world, request, path);
    // A refusal of the fields is not kept: nothing had begun.
    if answer.status == 200 || answer.status >= 500 {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        world.stripe.answers.insert(key.to_owned(), (print, answer.status, body));
    }
    answer
}

fn carry_out(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    let now = world.clock.now();
    let form = request.form();
    let books = &mut world.stripe;
    let done = match (request.method.as_str(), path) {
        ("GET", ["checkout", "sessions"]) => {
            let most = request.limit("limit", 10, 100);
            let rows: Vec<Value> = books.sessions.iter().rev().take(most).map(Session::json).collect();
            Ok(json!({ "object": "list", "url": "/v1/checkout/sessions", "has_more": false, "data": rows }))
        }
        ("POST", ["checkout", "sessions"]) => check::new_session(&form, now).map(|new| {
            let origin = request.origin().to_owned();
            books.open(new, &origin, now).json()
        }),
        ("GET", ["checkout", "sessions", id]) if request.param("expand[]") == Some("payment_intent") => {
            books.session(id).map(Session::expanded)
        }
        ("GET", ["checkout", "sessions", id]) => books.session(id).map(Session::json),
        ("POST", ["checkout", "sessions", id, "expire"]) => books.expire(id, now),
        ("POST", ["refunds"]) => check::new_refund(&form).and_then(|new| books.refund(&new, now)),
        ("GET", ["refunds"]) => Ok(books.refunds_of(request.param("payment_intent"), request.limit("limit", 10, 100))),
        ("GET", ["refunds", id]) => books.find_refund(id),
        ("POST", ["webhook_endpoints"]) => check::new_webhook(&form).map(|new| books.listen(new)),
        _ => Err(Refusal::no_path(request)),
    };
    match done {
        Ok(body) => Answer::ok(&body),
        Err(refusal) => refusal.answer(),
    }
}

/// The usual error body of a status that was asked for.
pub(super) fn fault_answer(status: u16) -> Answer {
    let (kind, code) = match status {
        401 => ("invalid_request_error", "api_key_expired"),
        429 => ("invalid_request_error", "rate_limit"),
        409 => ("idempotency_error", "idempotency_key_in_use"),
        _ => ("api_error", "server_error"),
    };
    Answer::json(status, &json!({ "error": { "type": kind, "code": code, "message": "An error of the sandbox's." } }))
}
