//! The simulated account's books.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::check::{NewRefund, NewSession, NewWebhook, Refusal};
use super::events::{Delivery, Listener};
use crate::base::UnixMillis;

/// How the guest pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Card,
    /// The money comes an hour later.
    Bank,
    /// It does not come.
    BankFails,
}

const HOUR: i64 = 3_600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Paid,
    /// By bank: decided then, and how.
    OnItsWay {
        at: UnixMillis,
        comes: bool,
    },
    Unpaid,
    Expired,
}

pub(super) struct Session {
    pub id: String,
    pub intent: String,
    pub new: NewSession,
    pub url: String,
    pub state: State,
    pub made_at: UnixMillis,
}

impl Session {
    pub fn json(&self) -> Value {
        let is_complete = !matches!(self.state, State::Open | State::Expired);
        let status = match self.state {
            State::Open => "open",
            State::Expired => "expired",
            _ => "complete",
        };
        json!({
            "id": self.id,
            "object": "checkout.session",
            "mode": "payment",
            "status": status,
            "payment_status": if self.state == State::Paid { "paid" } else { "unpaid" },
            "url": (self.state == State::Open).then_some(self.url.as_str()),
            "payment_intent": is_complete.then_some(self.intent.as_str()),
            "amount_total": self.new.amount,
            "currency": self.new.currency,
            "client_reference_id": self.new.reference,
            "customer_email": self.new.email,
            "metadata": self.new.metadata,
            "success_url": self.new.success_url,
            "cancel_url": self.new.cancel_url,
            "expires_at": self.new.expires_at.0 / 1000,
            "created": self.made_at.0 / 1000,
            "livemode": false,
        })
    }
}

impl Session {
    /// With the payment in place of its id.
    pub fn expanded(&self) -> Value {
        let status = match self.state {
            State::Paid => "succeeded",
            State::OnItsWay { .. } => "processing",
            _ => "requires_payment_method",
        };
        let mut shown = self.json();
        if !shown["payment_intent"].is_null() {
            shown["payment_intent"] = json!({ "id": self.intent, "object": "payment_intent", "status": status });
        }
        shown
    }
}

pub(super) struct Refund {
    metadata: Value,
    id: String,
    intent: String,
    amount: u64,
    made_at: UnixMillis,
}

impl Refund {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "payment_intent": self.intent,
            "metadata": self.metadata,
            "status": "succeeded",
            "created": self.made_at.0 / 1000,
        })
    }
}

/// Everything that the account knows.
#[derive(Default)]
pub(in crate::sandbox) struct Books {
    pub(super) sessions: Vec<Session>,
    refunds: Vec<Refund>,
    /// By idempotency key: what was asked, and the answer.
    pub(super) answers: BTreeMap<String, (String, u16, Value)>,
    pub(super) listeners: Vec<Listener>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) serial: u64,
}

impl Books {
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}_test_{:06}", self.serial)
    }

    pub(super) fn session(&self, id: &str) -> Result<&Session, Refusal> {
        self.sessions.iter().find(|one| one.id == id).ok_or_else(|| Refusal::missing("checkout.session", id))
    }

    pub(super) fn open(&mut self, new: NewSession, origin: &str, now: UnixMillis) -> &Session {
        let (id, intent) = (self.next("cs"), self.next("pi"));
        let url = format!("{origin}/stripe/c/pay/{id}");
        self.sessions.push(Session { id, intent, new, url, state: State::Open, made_at: now });
        &self.sessions[self.sessions.len() - 1]
    }

    pub(super) fn expire(&mut self, id: &str, now: UnixMillis) -> Result<Value, Refusal> {
        if self.session(id)?.state != State::Open {
            let message = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
            return Err(Refusal::with_code("", message));
        }
        Ok(self.turn(id, State::Expired, now))
    }

    /// The guest has chosen how to pay.
    pub(super) fn pay(&mut self, id: &str, how: How, now: UnixMillis) {
        let later = UnixMillis(now.0 + HOUR);
        let state = match how {
            How::Card => State::Paid,
            How::Bank => State::OnItsWay { at: later, comes: true },
            How::BankFails => State::OnItsWay { at: later, comes: false },
        };
        self.turn(id, state, now);
    }

    /// Brings a session to a state and tells whoever listens.
    fn turn(&mut self, id: &str, state: State, now: UnixMillis) -> Value {
        let Some(session) = self.sessions.iter_mut().find(|one| one.id == id) else { return Value::Null };
        let kind = match (session.state, state) {
            (_, State::Expired) => "checkout.session.expired",
            (State::OnItsWay { .. }, State::Paid) => "checkout.session.async_payment_succeeded",
            (State::OnItsWay { .. }, _) => "checkout.session.async_payment_failed",
            _ => "checkout.session.completed",
        };
        session.state = state;
        let shown = session.json();
        self.tell(kind, &shown, now);
        shown
    }

    /// What time alone ends: sessions that run out, transfers that arrive or do not.
    pub(super) fn end_what_is_over(&mut self, now: UnixMillis) {
        let over: Vec<(String, State)> = self
            .sessions
            .iter()
            .filter_map(|one| {
                let state = match one.state {
                    State::Open if one.new.expires_at <= now => State::Expired,
                    State::OnItsWay { at, comes } if at <= now => {
                        if comes {
                            State::Paid
                        } else {
                            State::Unpaid
                        }
                    }
                    _ => return None,
                };
                Some((one.id.clone(), state))
            })
            .collect();
        for (id, state) in over {
            self.turn(&id, state, now);
        }
    }

    /// When time alone ends something next.
    pub(super) fn next_end(&self) -> Option<UnixMillis> {
        let end = |one: &Session| match one.state {
            State::Open => Some(one.new.expires_at),
            State::OnItsWay { at, .. } => Some(at),
            _ => None,
        };
        self.sessions.iter().filter_map(end).min()
    }

    pub(super) fn refund(&mut self, new: &NewRefund, now: UnixMillis) -> Result<Value, Refusal> {
        let paid = self.sessions.iter().find(|one| one.intent == new.intent && one.state == State::Paid);
        let Some(paid) = paid.map(|one| one.new.amount) else {
            return Err(Refusal::missing("payment_intent", &new.intent));
        };
        let given: u64 = self.refunds.iter().filter(|one| one.intent == new.intent).map(|one| one.amount).sum();
        let left = paid - given;
        if left == 0 {
            return Err(Refusal::with_code("charge_already_refunded", "Charge has already been refunded."));
        }
        let amount = new.amount.unwrap_or(left);
        if amount > left {
            return Err(Refusal::field("amount", "Refund amount is greater than unrefunded amount on charge."));
        }
        let (id, metadata) = (self.next("re"), new.metadata.clone());
        let refund = Refund { metadata, id, intent: new.intent.clone(), amount, made_at: now };
        let shown = refund.json();
        self.refunds.push(refund);
        self.tell("refund.created", &shown, now);
        Ok(shown)
    }

    /// The newest first.
    pub(super) fn refunds_of(&self, intent: Option<&str>, most: usize) -> Value {
        let wanted = self.refunds.iter().rev().filter(|one| intent.is_none_or(|intent| one.intent == intent));
        let rows: Vec<Value> = wanted.take(most).map(Refund::json).collect();
        json!({ "object": "list", "url": "/v1/refunds", "has_more": false, "data": rows })
    }

    pub(super) fn find_refund(&self, id: &str) -> Result<Value, Refusal> {
        let found = self.refunds.iter().find(|one| one.id == id).map(Refund::json);
        found.ok_or_else(|| Refusal::missing("refund", id))
    }

    pub(super) fn listen(&mut self, new: NewWebhook) -> Value {
        let id = self.next("we");
        let secret = format!("whsec_sandbox{:06}", self.serial);
        let shown =
            json!({ "id": id, "object": "webhook_endpoint", "url": new.url, "secret": secret, "status": "enabled" });
        self.listeners.push(Listener { url: new.url, events: new.events, secret });
        shown
    }
}
