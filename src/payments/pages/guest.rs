//! GET /pay/{token}: leads the guest to Stripe, or says what became of it. Nobody is signed in here; the token is the
//! proof, and it shows no more than what is paid for.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::{html, run, see_other, PageError};
use crate::payments::model::{Payment, State};
use crate::payments::{amount, ask, link, store};
use crate::store::StoreError;
use crate::workspaces;

/// Shows the page again by itself, also with scripts off.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

#[derive(Deserialize)]
pub struct Back {
    /// `paid` or `left`: how the guest came back from Stripe.
    #[serde(default)]
    back: String,
}

#[derive(Template)]
#[template(path = "payments/guest.html")]
struct GuestPage {
    layout: PublicLayout,
    business: String,
    name: String,
    amount: String,
    view: View,
    back: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    /// Stripe's page is being made, or asked what became of it.
    Wait,
    /// Where to pay.
    Pay {
        url: String,
    },
    Processing,
    Paid {
        returned: String,
    },
    Over {
        reason: &'static str,
    },
}

pub async fn show(app: Data<App>, token: Path<String>, query: Query<Back>) -> Result<HttpResponse, PageError> {
    let (workspace, id) = link::read(&app, &token).ok_or(PageError::NotFound)?;
    let came_back = query.back.clone();
    let asks = came_back == "paid";
    let found = run(move || {
        if workspaces::get(&app.store, workspace)?.is_none() {
            return Ok(None);
        }
        let found = store::get(&app.store, workspace, id)?;
        if asks && found.as_ref().is_some_and(|payment| payment.state.is_open()) {
            ask::hurry(&app, workspace, id)?;
        }
        let business = workspaces::get(&app.store, workspace)?.map(|business| business.name).unwrap_or_default();
        Ok::<_, StoreError>(found.map(|payment| (payment, business)))
    });
    let found = found.await?.map_err(|error| PageError::internal("could not open the payment", &error))?;
    let (payment, business) = found.ok_or(PageError::NotFound)?;
    let view = view(&payment, asks);
    if matches!(view, View::Paid { ref returned } if returned.is_empty()) && !payment.back.is_empty() {
        return Ok(see_other(&payment.back));
    }
    let refresh = match &view {
        View::Wait => Some("2".to_owned()),
        // Straight on to Stripe, except for somebody who has just come back from there. Not a redirect: the form that led
        // here may not lead to another site (`form-action 'self'`).
        View::Pay { url } if came_back.is_empty() => Some(format!("0; url={url}")),
        _ => None,
    };
    let mut answer = html(StatusCode::OK, &page(&payment, business, view))?;
    if let Some(value) = refresh.and_then(|text| HeaderValue::from_str(&text).ok()) {
        answer.headers_mut().insert(REFRESH, value);
    }
    Ok(answer)
}

fn view(payment: &Payment, asks: bool) -> View {
    match &payment.state {
        State::Opening => View::Wait,
        State::Open { .. } if asks => View::Wait,
        State::Open { url } => View::Pay { url: url.clone() },
        State::Processing => View::Processing,
        State::Paid => {
            let given: u64 = payment.refunds.iter().map(|refund| refund.amount).sum();
            let returned = if given == 0 { String::new() } else { amount::words(given, &payment.currency) };
            View::Paid { returned }
        }
        State::Expired => View::Over { reason: "The time to pay is over, and nothing was paid." },
        State::Failed { .. } => View::Over { reason: "It could not be paid, and nothing was taken." },
        State::Withdrawn => View::Over { reason: "It is no longer wanted, and nothing was paid." },
    }
}

fn page(payment: &Payment, business: String, view: View) -> GuestPage {
    let layout =
        PublicLayout { title: "Payment".to_owned(), lang: "en".to_owned(), no_index: true, ..PublicLayout::default() };
    GuestPage {
        layout,
        business,
        name: payment.name.clone(),
        amount: amount::words(payment.amount, &payment.currency),
        view,
        back: payment.back.clone(),
    }
}
