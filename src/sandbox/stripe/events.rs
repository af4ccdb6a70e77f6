//! Telling what happened: signed events, tried again for as long as nobody takes them.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{json, Value};
use sha2::Sha256;
use url::Url;

use super::state::Books;
use crate::base::UnixMillis;
use crate::providers::stripe::VERSION;
use crate::sandbox::wire::is_loopback;
use crate::sandbox::world::Shared;

const PATIENCE: Duration = Duration::from_secs(5);
/// Tries of one event; the pause doubles from a minute.
const TRIES: u32 = 8;

pub(super) struct Listener {
    pub url: String,
    pub events: Vec<String>,
    pub secret: String,
}

#[derive(Clone)]
pub(super) struct Delivery {
    url: Url,
    secret: String,
    body: String,
    due: UnixMillis,
    tries: u32,
}

impl Books {
    pub(super) fn tell(&mut self, kind: &str, object: &Value, now: UnixMillis) {
        let id = self.next("evt");
        let event = json!({
            "id": id,
            "object": "event",
            "type": kind,
            "api_version": VERSION,
            "created": now.0 / 1000,
            "livemode": false,
            "data": { "object": object },
        });
        let wants = |one: &&super::events::Listener| one.events.iter().any(|event| event == kind || event == "*");
        let new: Vec<Delivery> = self
            .listeners
            .iter()
            .filter(wants)
            .filter_map(|one| {
                let url = Url::parse(&one.url).ok().filter(is_loopback)?;
                Some(Delivery { url, secret: one.secret.clone(), body: event.to_string(), due: now, tries: 0 })
            })
            .collect();
        self.deliveries.extend(new);
    }

    fn take_due(&mut self, now: UnixMillis) -> Option<Delivery> {
        let at = self.deliveries.iter().position(|one| one.due <= now)?;
        Some(self.deliveries.remove(at))
    }
}

/// When something ends by itself, or is to be told.
pub(in crate::sandbox) fn next_due(books: &Books) -> Option<UnixMillis> {
    books.deliveries.iter().map(|one| one.due).chain(books.next_end()).min()
}

/// Ends what is over and tells what is due; returns how much was taken. The world is free while somebody is called.
pub(in crate::sandbox) fn run_due(shared: &Shared, now: UnixMillis) -> usize {
    let mut taken = 0;
    loop {
        let delivery = {
            let books = &mut shared.world().stripe;
            books.end_what_is_over(now);
            books.take_due(now)
        };
        let Some(delivery) = delivery else { return taken };
        if send(&delivery, now) {
            taken += 1;
        } else if delivery.tries + 1 < TRIES {
            let pause = Duration::from_secs(60 << delivery.tries);
            let again = Delivery { due: now.plus(pause), tries: delivery.tries + 1, ..delivery };
            shared.world().stripe.deliveries.push(again);
        }
    }
}

fn signature(secret: &str, body: &str, now: UnixMillis) -> String {
    let at = now.0 / 1000;
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn send(delivery: &Delivery, now: UnixMillis) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let sent = agent
        .post(delivery.url.as_str())
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature(&delivery.secret, &delivery.body, now))
        .send(&delivery.body);
    sent.is_ok_and(|answer| answer.status().is_success())
}
