//! The page on which the guest pays.

use askama::Template;

use super::check::Refusal;
use super::state::{Books, How, State};
use crate::base::UnixMillis;
use crate::providers::stripe::minor_digits;
use crate::sandbox::wire::{value_of, Answer, Request};

#[derive(Template)]
#[template(path = "sandbox/checkout.html")]
struct CheckoutPage<'a> {
    name: &'a str,
    email: &'a str,
    amount: String,
    action: String,
    back: &'a str,
    is_open: bool,
    is_declined: bool,
}

pub(super) fn page(books: &Books, id: &str) -> Answer {
    shown(books, id, false)
}

fn shown(books: &Books, id: &str, is_declined: bool) -> Answer {
    let session = match books.session(id) {
        Ok(session) => session,
        Err(refusal) => return refusal.answer(),
    };
    let page = CheckoutPage {
        name: &session.new.name,
        email: session.new.email.as_deref().unwrap_or_default(),
        amount: amount(session.new.amount, &session.new.currency),
        action: format!("/stripe/c/pay/{id}"),
        back: &session.new.cancel_url,
        is_open: session.state == State::Open,
        is_declined,
    };
    match page.render() {
        Ok(html) => Answer::new(200, "text/html; charset=utf-8", html).with("cache-control", "no-store"),
        Err(error) => Answer::new(500, "text/plain; charset=utf-8", error.to_string()),
    }
}

/// "49.00 EUR"
fn amount(units: u64, currency: &str) -> String {
    let digits = minor_digits(currency);
    let one = 10_u64.pow(digits);
    let code = currency.to_uppercase();
    match digits {
        0 => format!("{units} {code}"),
        digits => format!("{}.{:0width$} {code}", units / one, units % one, width = digits as usize),
    }
}

/// The guest presses a button; a session that is closed is shown as such.
pub(super) fn pay(books: &mut Books, id: &str, request: &Request, now: UnixMillis) -> Answer {
    let form = request.form();
    let how = match value_of(&form, "how") {
        Some("card") => How::Card,
        Some("bank") => How::Bank,
        Some("bank_fails") => How::BankFails,
        Some("card_declined") => return shown(books, id, true),
        _ => return Refusal::field("how", "card, card_declined, bank or bank_fails").answer(),
    };
    match books.session(id) {
        Ok(session) if session.state == State::Open => {}
        _ => return shown(books, id, false),
    }
    books.pay(id, how, now);
    match books.session(id) {
        Ok(session) => Answer::redirect(session.new.success_url.replace("{CHECKOUT_SESSION_ID}", id))
            .with("cache-control", "no-store"),
        Err(refusal) => refusal.answer(),
    }
}
