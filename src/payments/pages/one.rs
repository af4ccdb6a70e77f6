//! `/payments/{payment}`: one payment, and giving money back.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{Moment, Times};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::PaymentId;
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::payments::model::{Payment, Refund, State};
use crate::payments::refund::{self, Wanted};
use crate::payments::settle::{self, Verdict};
use crate::payments::{amount, link, service, PayError};
use crate::providers::stripe::Mode;

#[derive(Template)]
#[template(path = "payments/one.html")]
struct OnePage {
    layout: Layout,
    id: String,
    amount: String,
    name: String,
    tone: &'static str,
    state: &'static str,
    is_test: bool,
    trouble: String,
    /// Name and address of the contact's page.
    guest: (String, String),
    booking: String,
    paid: Option<Moment>,
    ends: Option<Moment>,
    /// At Stripe: session and payment.
    ids: Vec<String>,
    /// What the guest opens while it is not paid; empty otherwise.
    link: String,
    refunds: Vec<RefundRow>,
    history: Vec<(Moment, String)>,
    /// What may still be given back, as a form shows it and in words; empty where nothing may.
    left: String,
    left_words: String,
    typed: Typed,
    errors: FieldErrors,
}

struct RefundRow {
    number: usize,
    /// A person says what became of it, or has it tried again.
    is_settled_by_hand: bool,
    amount: String,
    reason: String,
    status: &'static str,
    when: Moment,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    amount: String,
    #[serde(default)]
    reason: String,
}

/// GET /payments/{payment}
pub async fn show(app: Data<App>, actor: Actor, frame: Frame, id: Path<PaymentId>) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *id, Typed::default(), FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

/// POST /payments/{payment}/refund: 303, or 422 with what was typed.
pub async fn refund(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<PaymentId>,
    form: Form<Typed>,
) -> Result<HttpResponse, PageError> {
    let (id, typed) = (id.into_inner(), form.into_inner());
    let again = run(move || match refund::by_hand(&app, &actor, id, Wanted::typed(&typed.amount), &typed.reason) {
        Ok(_) => Ok(None),
        Err(PayError::Invalid(mistakes)) => page(&app, &actor, &frame, id, typed, mistakes.into()).map(Some),
        Err(error) => Err(error),
    });
    match again.await?? {
        None => Ok(with_toast(see_other(&format!("/payments/{id}")), &cookies, &Toast::new("It is given back now."))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// What a person says of a refund that does not go on by itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Said {
    #[serde(default)]
    number: usize,
    #[serde(default)]
    how: String,
}

/// POST /payments/{payment}/refund/settle: 303; 409 where the refund waits for nobody.
pub async fn settle_refund(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<PaymentId>,
    form: Form<Said>,
) -> Result<HttpResponse, PageError> {
    let (id, Said { number, how }) = (id.into_inner(), form.into_inner());
    actor.require(Permission::RefundPayments)?;
    let verdict = Verdict::parse(&how)
        .ok_or_else(|| PageError::bad_request("Nothing was chosen.", "Go back and press one of the buttons."))?;
    run(move || settle::settle(&app, &actor, id, number, verdict)).await??;
    let words = match verdict {
        Verdict::Given => "It counts as given back.",
        Verdict::Again => "It is tried again now.",
    };
    Ok(with_toast(see_other(&format!("/payments/{id}")), &cookies, &Toast::new(words)))
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: PaymentId,
    typed: Typed,
    errors: FieldErrors,
) -> Result<OnePage, PayError> {
    let payment = service::open(app, actor, id)?;
    let times = Times::of(app, actor.workspace)?;
    let contact = contacts::get(&app.store, actor.workspace, payment.contact)?;
    let (tone, state) = payment.state.shown();
    let left = payment.refundable();
    let may = left > 0 && !payment.has_open_refund() && actor.may(Permission::RefundPayments);
    let guest = contact.map(|contact| (contact.name(), format!("/contacts/{}", contact.id))).unwrap_or_default();
    let waits = matches!(payment.state, State::Opening | State::Open { .. });
    Ok(OnePage {
        layout: frame.live_layout("Payment"),
        id: id.to_string(),
        amount: amount::words(payment.amount, &payment.currency),
        name: payment.name.clone(),
        tone,
        state,
        is_test: payment.mode == Mode::Test,
        trouble: payment.trouble.clone().or_else(|| payment.needs_person()).unwrap_or_default(),
        guest,
        booking: format!("/calendar/{}", payment.booking),
        paid: payment.paid_at.map(|at| times.moment(at)),
        ends: waits.then(|| times.moment(payment.expires_at)),
        ids: [&payment.session, &payment.intent].into_iter().flatten().cloned().collect(),
        link: if waits { app.url(&link::path(app, &payment)) } else { String::new() },
        refunds: refunds(&payment, &times, actor.may(Permission::RefundPayments)),
        history: payment.history.iter().rev().map(|note| (times.moment(note.at), note.words.clone())).collect(),
        left: if may { amount::figure(left, &payment.currency) } else { String::new() },
        left_words: amount::words(left, &payment.currency),
        typed,
        errors,
    })
}

fn refunds(payment: &Payment, times: &Times, may: bool) -> Vec<RefundRow> {
    let row = |(number, refund): (usize, &Refund)| RefundRow {
        number,
        is_settled_by_hand: may && refund.waits_for_a_person(),
        amount: amount::words(refund.amount, &payment.currency),
        reason: refund.reason.clone(),
        status: refund.status.words(),
        when: times.moment(refund.at),
    };
    payment.refunds.iter().enumerate().map(row).collect()
}
