//! `/settings`: profile, and `/reauth`, which asks again who is there.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::sign_in::{issuer_buttons, IssuerButton};
use super::{account_refusal, public_layout, refusal, settings_tabs, wait_words};
use crate::app::App;
use crate::authz::Actor;
use crate::base::UserId;
use crate::http::cookies::{self, Theme};
use crate::http::layout::{Layout, PublicLayout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, CsrfToken, Frame, PageError, Toast};
use crate::identity::account::{self, AccountError, ProfileForm, LOCALES};
use crate::identity::{new_address, sign_in, store, Client, Profile, SignedIn, Username};
use crate::mailer;

#[derive(Template)]
#[template(path = "identity/profile.html")]
struct ProfilePage {
    layout: Layout,
    tabs: Vec<Tab>,
    form: ProfileFields,
    zones: Vec<Choice>,
    locales: Vec<Choice>,
    themes: Vec<Choice>,
    /// The address whose link was not opened yet; empty when none waits.
    waiting: String,
    sends_mail: bool,
    /// Another address was typed, and it is some time since the person proved who they are.
    asks_password: bool,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "identity/reauth.html")]
struct ReauthPage {
    layout: PublicLayout,
    login: String,
    next: String,
    error: String,
    has_password: bool,
    issuers: Vec<IssuerButton>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct ProfileFields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    locale: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    keys_on: Option<String>,
    /// The current one, where another address needs a fresh proof. Never sent back.
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
pub struct ReauthQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct ReauthForm {
    #[serde(default)]
    next: String,
    #[serde(default)]
    password: String,
}

/// GET /settings
pub async fn show(app: Data<App>, actor: Actor, signed_in: SignedIn, frame: Frame) -> Result<HttpResponse, PageError> {
    let user = signed_in.user;
    let form = ProfileFields {
        name: user.name.clone(),
        email: user.email.display().to_owned(),
        username: user.username.as_ref().map_or_else(String::new, |name| Username::as_str(name).to_owned()),
        time_zone: user.profile.time_zone.clone(),
        locale: user.profile.locale.clone(),
        theme: user.profile.theme.as_str().to_owned(),
        keys_on: (!user.profile.keys_off).then(|| "on".to_owned()),
        password: String::new(),
    };
    let page = run(move || page(&app, &actor, &frame, user.id, form, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    user: UserId,
    form: ProfileFields,
    errors: FieldErrors,
) -> Result<ProfilePage, PageError> {
    let waiting = new_address::waiting(app, user)
        .map_err(|error| PageError::internal("could not read which address waits", &error))?;
    Ok(ProfilePage {
        layout: frame.layout("Profile"),
        tabs: settings_tabs(actor, "/settings"),
        form,
        zones: zone_choices("As the workspace"),
        locales: locale_choices(),
        themes: theme_choices(),
        waiting: waiting.map(|email| email.display().to_owned()).unwrap_or_default(),
        sends_mail: mailer::is_configured(&app.config),
        asks_password: !errors.of("password").is_empty(),
        errors,
    })
}

/// POST /settings: 303 back; 422 with the form when it does not parse. Another address needs a fresh proof: the form
/// comes back with what was typed and a field for the password; whoever has none goes to `/reauth`.
pub async fn submit(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    client: Client,
    form: Form<ProfileFields>,
) -> Result<HttpResponse, PageError> {
    let fields = form.into_inner();
    let wanted = ProfileForm {
        name: fields.name.clone(),
        email: fields.email.clone(),
        username: fields.username.clone(),
        profile: Profile {
            time_zone: fields.time_zone.clone(),
            locale: fields.locale.clone(),
            theme: Theme::parse(&fields.theme),
            keys_off: fields.keys_on.is_none(),
        },
    };
    let (user, session) = (signed_in.user.id, signed_in.session.id);
    let saved = {
        let (app, password, before) = (app.clone(), fields.password.clone(), signed_in.user);
        run(move || {
            if !password.is_empty() {
                if let Err(error) = sign_in::prove_again(&app, user, session, &password, &client) {
                    return Ok(Err((error, account::profile_mistakes(&before, &wanted))));
                }
            }
            account::change_profile(&app, user, session, &wanted, &client).map(Ok)
        })
        .await?
    };
    let saved = match saved {
        Ok(Ok(saved)) => Ok(saved),
        Ok(Err((error, others))) => {
            let (status, words) = refusal(error, "That is not your password.")?;
            let mut errors = FieldErrors::from(others);
            errors.add("password", words);
            let page = run(move || page(&app, &actor, &frame, user, fields, errors)).await??;
            return html(status, &page);
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(saved) => {
            let words = match &saved.asked {
                Some(email) => format!("Saved. The address changes once you open the link that went to {email}."),
                None => "Your profile is saved.".to_owned(),
            };
            let mut response = with_toast(see_other("/settings"), &cookies, &Toast::new(words));
            cookies::add(&mut response, &cookies.theme(saved.user.profile.theme));
            Ok(response)
        }
        Err(AccountError::ProofNeeded) => {
            let known = {
                let app = app.clone();
                run(move || store::get_credentials(&app.store, user)).await?
            };
            let known = known.map_err(|error| PageError::internal("could not read how a person signs in", &error))?;
            if known.password.is_none() {
                return Ok(see_other("/reauth?next=%2Fsettings"));
            }
            let mut errors = FieldErrors::default();
            errors.add("password", "Type your password: another address changes who can get in.");
            let page = run(move || page(&app, &actor, &frame, user, fields, errors)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => {
            let (status, errors) = profile_refusal(error)?;
            let page = run(move || page(&app, &actor, &frame, user, fields, errors)).await??;
            html(status, &page)
        }
    }
}

/// Too many mails is a matter of the address here; there is no password in this form.
fn profile_refusal(error: AccountError) -> Result<(StatusCode, FieldErrors), PageError> {
    let AccountError::TooMany(wait) = error else { return account_refusal(error) };
    let mut errors = FieldErrors::default();
    errors.add("email", format!("Too many mails were asked for from here. Try again in {}.", wait_words(wait)));
    Ok((StatusCode::TOO_MANY_REQUESTS, errors))
}

/// Every zone of the database by its IANA name. `first` stands for none.
pub fn zone_choices(first: &str) -> Vec<Choice> {
    let none = Choice { value: String::new(), label: first.to_owned() };
    let mut choices = if first.is_empty() { Vec::new() } else { vec![none] };
    let names = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    let mut names: Vec<String> =
        names.filter(|name| name.contains('/') && !name.starts_with("Etc/") || name == "UTC").collect();
    names.sort();
    names.dedup();
    choices.extend(names.into_iter().map(|name| Choice { label: name.replace('_', " "), value: name }));
    choices
}

fn locale_choices() -> Vec<Choice> {
    let follow = Choice { value: String::new(), label: "As the workspace".to_owned() };
    let each = LOCALES.iter().map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() });
    std::iter::once(follow).chain(each).collect()
}

fn theme_choices() -> Vec<Choice> {
    let choice = |theme: Theme, label: &str| Choice { value: theme.as_str().to_owned(), label: label.to_owned() };
    vec![choice(Theme::System, "As the device"), choice(Theme::Light, "Light"), choice(Theme::Dark, "Dark")]
}

/// GET /reauth?next=…: asks for the password again before a sensitive act.
pub async fn show_reauth(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    signed_in: SignedIn,
    query: Query<ReauthQuery>,
) -> Result<HttpResponse, PageError> {
    let layout = public_layout(&request, &cookies, &csrf, "Is it you?");
    let next = query.into_inner().next;
    let page = run(move || reauth_page(&app, layout, &signed_in, next, String::new())).await??;
    html(StatusCode::OK, &page)
}

fn reauth_page(
    app: &App,
    layout: PublicLayout,
    signed_in: &SignedIn,
    next: String,
    error: String,
) -> Result<ReauthPage, PageError> {
    let known = store::get_credentials(&app.store, signed_in.user.id)
        .map_err(|error| PageError::internal("could not read how a person signs in", &error))?;
    let issuers = if known.links.is_empty() { Vec::new() } else { issuer_buttons(app, &next, "prove") };
    let login = signed_in.user.email.display().to_owned();
    Ok(ReauthPage { layout, login, next, error, has_password: known.password.is_some(), issuers })
}

/// POST /reauth: 303 to where the person was going.
pub async fn submit_reauth(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    signed_in: SignedIn,
    form: Form<ReauthForm>,
) -> Result<HttpResponse, PageError> {
    let ReauthForm { next, password } = form.into_inner();
    let (user, session) = (signed_in.user.id, signed_in.session.id);
    let proved = {
        let app = app.clone();
        run(move || sign_in::prove_again(&app, user, session, &password, &client)).await?
    };
    match proved {
        Ok(()) => Ok(see_other(if next.is_empty() { "/" } else { &next })),
        Err(error) => {
            let (status, error) = refusal(error, "That is not your password.")?;
            let layout = public_layout(&request, &cookies, &csrf, "Is it you?");
            let page = run(move || reauth_page(&app, layout, &signed_in, next, error)).await??;
            html(status, &page)
        }
    }
}
