//! `/settings/keys`: keys for programs.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{field_errors, parse_role, role_choices, role_name};
use crate::app::App;
use crate::authz::{allows, Actor, Permission, Role};
use crate::base::ApiKeyId;
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::identity::SignedIn;
use crate::workspaces::keys::{self, Listed};
use crate::workspaces::WorkspaceError;

const HERE: &str = "/settings/keys";

#[derive(Template)]
#[template(path = "workspaces/keys.html")]
struct KeysPage {
    layout: Layout,
    tabs: Vec<Tab>,
    keys: Vec<KeyRow>,
    roles: Vec<Choice>,
    form: KeyForm,
    errors: FieldErrors,
    /// The key just made with its secret, shown once.
    made: Option<(String, String)>,
}

struct KeyRow {
    sid: String,
    name: String,
    role: &'static str,
    facts: String,
    /// What holds it back, in words; empty when it may do all that its role says.
    limit: String,
}

#[derive(Clone, Default, Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

/// GET /settings/keys; what was typed before the proof of who is there comes back as `name` and `role`.
pub async fn show(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    typed: Query<KeyForm>,
) -> Result<HttpResponse, PageError> {
    let KeyForm { name, role } = typed.into_inner();
    let form = KeyForm { name, role: role.parse().unwrap_or(Role::Agent).as_str().to_owned() };
    let work = move || page(&app, &actor, &signed_in, &frame, form, FieldErrors::default(), None);
    html(StatusCode::OK, &run(work).await??)
}

fn page(
    app: &App,
    actor: &Actor,
    signed_in: &SignedIn,
    frame: &Frame,
    form: KeyForm,
    errors: FieldErrors,
    made: Option<(String, String)>,
) -> Result<KeysPage, WorkspaceError> {
    let keys = keys::list(app, actor)?;
    Ok(KeysPage {
        layout: frame.layout("API keys"),
        tabs: settings_tabs(actor, HERE),
        keys: keys.into_iter().map(|key| row(key, signed_in)).collect(),
        roles: role_choices(actor),
        form,
        errors,
        made,
    })
}

fn row(listed: Listed, signed_in: &SignedIn) -> KeyRow {
    let Listed { key, maker } = listed;
    let used = match key.used_at {
        Some(at) => format!("last used {}", signed_in.time_words(at)),
        None => "never used".to_owned(),
    };
    let by = match (&maker, key.made_by) {
        (Some((person, _)), _) => format!(" by {}", person.name),
        (None, Some(_)) => " by somebody who has left".to_owned(),
        (None, None) => " on the command line".to_owned(),
    };
    let facts = format!("Made{by} on {}, {used}", signed_in.day_words(key.created_at));
    let limit = match (&maker, key.made_by) {
        (Some((person, role)), _) if !reaches_all(*role, key.role) => {
            format!("{} is {} {} now, and a key never does more than its maker.", person.name, article(*role), role)
        }
        (None, Some(_)) => "It is refused: whoever made it is no member any more.".to_owned(),
        _ => String::new(),
    };
    KeyRow { sid: key.id.sid(), name: key.name, role: role_name(key.role), facts, limit }
}

/// May `maker` do everything that `key` may?
fn reaches_all(maker: Role, key: Role) -> bool {
    Permission::ALL.iter().all(|permission| !allows(key, *permission) || allows(maker, *permission))
}

fn article(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a",
        Role::Agent | Role::Admin | Role::Owner => "an",
    }
}

/// POST /settings/keys: the page with the secret, shown once; 422 with the form when it does not parse.
pub async fn make(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    form: Form<KeyForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let role = parse_role(&form.role)?;
    let made = {
        let (app, actor, name) = (app.clone(), actor.clone(), form.name.clone());
        run(move || keys::make(&app, &actor, &name, role)).await?
    };
    let (status, form, errors, made) = match made {
        Ok((key, secret)) => {
            let form = KeyForm { name: String::new(), ..form };
            (StatusCode::OK, form, FieldErrors::default(), Some((key.name, secret)))
        }
        Err(WorkspaceError::ProofNeeded) => return Ok(see_other(&prove_and_come_back(&form))),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, form, field_errors(error)?, None),
    };
    let work = move || page(&app, &actor, &signed_in, &frame, form, errors, made);
    html(status, &run(work).await??)
}

/// Through the proof of who is there, with what was typed.
fn prove_and_come_back(form: &KeyForm) -> String {
    let query =
        |pairs: [(&str, &str); 2]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let next = format!("{HERE}?{}", query([("name", &form.name), ("role", &form.role)]));
    let to = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    format!("/reauth?{to}")
}

/// GET /settings/keys/<sid>/end: asks first.
pub async fn ask_end(app: Data<App>, actor: Actor, frame: Frame, key: Path<String>) -> Result<HttpResponse, PageError> {
    let id = ApiKeyId::parse_sid(&key).ok_or(PageError::NotFound)?;
    let keys = run(move || keys::list(&app, &actor)).await??;
    let Listed { key, .. } = keys.into_iter().find(|listed| listed.key.id == id).ok_or(PageError::NotFound)?;
    let page = ConfirmPage {
        layout: frame.layout("API keys"),
        question: format!("End the key \"{}\"?", key.name),
        consequence:
            "Programs that use it are refused from their next request on. A key that was ended does not come back."
                .to_owned(),
        button: "End the key".to_owned(),
        action: format!("/settings/keys/{}/end", id.sid()),
        fields: Vec::new(),
        back: HERE.to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/keys/<sid>/end
pub async fn end(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    key: Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = ApiKeyId::parse_sid(&key).ok_or(PageError::NotFound)?;
    run(move || keys::end(&app, &actor, id)).await??;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The key is ended.")))
}
