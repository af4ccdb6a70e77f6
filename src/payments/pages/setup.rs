//! `/settings/payments`: the account at Stripe.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{Moment, Times};
use crate::app::App;
use crate::authz::Actor;
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::payments::account::{self, Shown};
use crate::payments::error::words_of;
use crate::payments::model::AccountState;
use crate::payments::PayError;
use crate::providers::stripe::EVENTS;

const HERE: &str = "/settings/payments";

#[derive(Template)]
#[template(path = "payments/setup.html")]
struct SetupPage {
    layout: Layout,
    tabs: Vec<Tab>,
    set: Option<SetPart>,
    /// Where Stripe is to tell what happens, and what.
    webhook_url: String,
    events: &'static [&'static str],
    /// Stripe tells nobody whose address is not https.
    is_reachable: bool,
    /// In the demo: what the simulated Stripe takes as a key.
    demo_key: &'static str,
    errors: FieldErrors,
}

struct SetPart {
    mode: &'static str,
    key_ends: String,
    /// Why it is not used, in words; empty while it works.
    reason: String,
    made: Moment,
    listens: bool,
    last_notice: Option<Moment>,
    calls: Vec<CallRow>,
}

struct CallRow {
    when: Moment,
    what: String,
    status: String,
    took: String,
}

fn page(app: &App, actor: &Actor, frame: &Frame, errors: FieldErrors) -> Result<SetupPage, PayError> {
    let shown = account::get(app, actor)?;
    let times = Times::of(app, actor.workspace)?;
    let demo = app.demo();
    Ok(SetupPage {
        layout: frame.layout("Payments"),
        tabs: settings_tabs(actor, HERE),
        set: shown.map(|shown| part(&shown, &times)),
        webhook_url: account::webhook_url(app, actor.workspace),
        events: EVENTS,
        is_reachable: app.public_url.starts_with("https://") || demo.is_some(),
        demo_key: demo.map_or("", |demo| demo.stripe_key),
        errors,
    })
}

fn part(shown: &Shown, times: &Times) -> SetPart {
    let account = &shown.account;
    let reason = match &account.state {
        AccountState::Working => String::new(),
        AccountState::NeedsOwner { reason, .. } => reason.clone(),
    };
    let row = |call: &crate::payments::store::Called| CallRow {
        when: times.moment(call.at),
        what: format!("{} {}", call.method, call.url),
        status: call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
        took: format!("{} ms", call.took_millis),
    };
    SetPart {
        mode: account.mode.words(),
        key_ends: account.key_ends.clone(),
        reason,
        made: times.moment(account.made_at),
        listens: account.webhook.is_some(),
        last_notice: account.webhook.as_ref().and_then(|hook| hook.last_notice).map(|at| times.moment(at)),
        calls: shown.calls.iter().map(row).collect(),
    }
}

/// GET /settings/payments
pub async fn show(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    html(StatusCode::OK, &run(move || page(&app, &actor, &frame, FieldErrors::default())).await??)
}

/// Does `work`; 303 back with `said`, or 422 with the page where a field is wrong.
async fn act(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    said: &'static str,
    work: impl FnOnce(&App, &Actor) -> Result<(), PayError> + Send + 'static,
) -> Result<HttpResponse, PageError> {
    let again = run(move || match work(&app, &actor) {
        Ok(()) => Ok(None),
        Err(PayError::Invalid(mistakes)) => page(&app, &actor, &frame, mistakes.into()).map(Some),
        Err(error) => Err(error),
    });
    match again.await?? {
        None => Ok(with_toast(see_other(HERE), &cookies, &Toast::new(said))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

#[derive(Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    key: String,
}

/// POST /settings/payments/key
pub async fn connect(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<KeyForm>,
) -> Result<HttpResponse, PageError> {
    let key = form.into_inner().key;
    let work = move |app: &App, actor: &Actor| account::connect(app, actor, &key).map(drop);
    act(app, actor, frame, cookies, "Connected. Event types may have a price now.", work).await
}

#[derive(Deserialize)]
pub struct HookForm {
    #[serde(default)]
    secret: String,
}

/// POST /settings/payments/notices
pub async fn set_hook(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<HookForm>,
) -> Result<HttpResponse, PageError> {
    let secret = form.into_inner().secret;
    let work = move |app: &App, actor: &Actor| account::set_hook(app, actor, &secret);
    act(app, actor, frame, cookies, "Saved. Stripe’s notices are heard now.", work).await
}

/// POST /settings/payments/listen
pub async fn listen(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    let work = |app: &App, actor: &Actor| match account::listen(app, actor) {
        Err(PayError::Test(error)) => Err(crate::base::Mistakes::one("secret", words_of(&error)).into()),
        done => done,
    };
    act(app, actor, frame, cookies, "Stripe tells us from now on.", work).await
}

/// GET /settings/payments/disconnect
pub async fn ask_disconnect(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    run(move || account::get(&app, &actor)?.ok_or(PayError::NotFound)).await??;
    let page = ConfirmPage {
        layout: frame.layout("Disconnect Stripe"),
        question: "Disconnect Stripe?".to_owned(),
        consequence: "The key is erased at once, and no guest can pay here any more. What was paid stays on record; money \
                      is given back at Stripe, or here after connecting again. The endpoint for notices stays at Stripe \
                      until you remove it there."
            .to_owned(),
        button: "Disconnect".to_owned(),
        action: format!("{HERE}/disconnect"),
        fields: Vec::new(),
        back: HERE.to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/payments/disconnect
pub async fn disconnect(app: Data<App>, actor: Actor, cookies: Data<Cookies>) -> Result<HttpResponse, PageError> {
    run(move || account::disconnect(&app, &actor)).await??;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("Disconnected. The key is erased.")))
}
