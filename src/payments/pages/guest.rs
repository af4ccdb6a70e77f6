//! GET /pay/{token}: leads the guest to Stripe, or says what became of it. Nobody is signed in here; the token is the
//! proof, and it shows no more than what is paid for.

use actix_web::http::header::{HeaderName, HeaderValue, ACCEPT_LANGUAGE};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::guest_words::{self, GuestWords};
use crate::app::App;
use crate::base::Language;
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
    words: &'static GuestWords,
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

pub async fn show(
    app: Data<App>,
    request: HttpRequest,
    token: Path<String>,
    query: Query<Back>,
) -> Result<HttpResponse, PageError> {
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
    let language = language(&payment, &request);
    let view = view(&payment, asks, language);
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
    let mut answer = html(StatusCode::OK, &page(&payment, business, view, language))?;
    if let Some(value) = refresh.and_then(|text| HeaderValue::from_str(&text).ok()) {
        answer.headers_mut().insert(REFRESH, value);
    }
    Ok(answer)
}

/// The language in which it was booked, else what the browser prefers.
fn language(payment: &Payment, request: &HttpRequest) -> Language {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    Language::spoken(&payment.language).unwrap_or_else(|| Language::accepted(accepted.unwrap_or_default()))
}

fn view(payment: &Payment, asks: bool, language: Language) -> View {
    let words = guest_words::of(language);
    match &payment.state {
        State::Opening => View::Wait,
        State::Open { .. } if asks => View::Wait,
        State::Open { url } => View::Pay { url: url.clone() },
        State::Processing => View::Processing,
        State::Paid => {
            let given = payment.given_back();
            let returned = if given == 0 { String::new() } else { amount::said(given, &payment.currency, language) };
            View::Paid { returned }
        }
        State::Expired => View::Over { reason: words.expired },
        State::Failed { .. } => View::Over { reason: words.failed },
        State::Withdrawn => View::Over { reason: words.withdrawn },
    }
}

fn page(payment: &Payment, business: String, view: View, language: Language) -> GuestPage {
    let words = guest_words::of(language);
    let (title, lang) = (words.title.to_owned(), language.tag().to_owned());
    GuestPage {
        layout: PublicLayout { title, lang, no_index: true, ..PublicLayout::default() },
        words,
        business,
        name: payment.name.clone(),
        amount: amount::said(payment.amount, &payment.currency, language),
        view,
        back: payment.back.clone(),
    }
}
