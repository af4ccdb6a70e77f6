//! `/workspaces`, `/workspaces/new` and `/switch`: which workspace a browser looks at.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{field_errors, role_name};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkspaceId;
use crate::http::layout::PublicLayout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, CsrfToken, PageError, Toast};
use crate::identity::pages::{public_layout, zone_choices};
use crate::identity::{self, SignedIn};
use crate::store::StoreError;
use crate::workspaces::{self, settings, Closed};

#[derive(Template)]
#[template(path = "workspaces/choose.html")]
struct ChoosePage {
    layout: PublicLayout,
    workspaces: Vec<Row>,
    /// What became of those that are gone.
    closed: Vec<ClosedRow>,
    /// There is one to go back to.
    has_current: bool,
}

struct ClosedRow {
    name: String,
    words: String,
}

struct Row {
    sid: String,
    name: String,
    role: &'static str,
    current: bool,
}

#[derive(Template)]
#[template(path = "workspaces/new.html")]
struct NewPage {
    layout: PublicLayout,
    form: NewForm,
    zones: Vec<Choice>,
    errors: FieldErrors,
    /// The person belongs to no workspace, so there is nothing to go back to.
    first: bool,
}

#[derive(Clone, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    time_zone: String,
}

#[derive(Deserialize)]
pub struct SwitchForm {
    #[serde(default)]
    workspace: String,
}

/// GET /workspaces: all of the person, with a button each.
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    signed_in: SignedIn,
    actor: Option<Actor>,
) -> Result<HttpResponse, PageError> {
    let me = signed_in.clone();
    let work = move || Ok((settings::of_user(&app, me.user.id)?, workspaces::closed_of(&app, me.user.id)?));
    let (mine, gone) = run(work).await?.map_err(internal)?;
    let closed = gone.into_iter().map(|closed| closed_row(closed, &signed_in)).collect();
    let current = actor.map(|actor| actor.workspace);
    let workspaces = mine.into_iter().map(|(workspace, role)| Row {
        sid: workspace.id.sid(),
        name: workspace.name,
        role: role_name(role),
        current: Some(workspace.id) == current,
    });
    let layout = public_layout(&request, &cookies, &csrf, "Your workspaces");
    let (workspaces, has_current) = (workspaces.collect(), current.is_some());
    html(StatusCode::OK, &ChoosePage { layout, workspaces, closed, has_current })
}

fn closed_row(closed: Closed, me: &SignedIn) -> ClosedRow {
    let who = if closed.asked_by == Some(me.user.id) { "you" } else { "an owner" };
    let words = format!(
        "Closed by {who} on {}, erased on {}. Nothing of it is left here, and it cannot be brought back.",
        me.day_words(closed.asked_at),
        me.day_words(closed.at)
    );
    ClosedRow { name: closed.name, words }
}

/// POST /switch: 303 to the start page of the other workspace. One the person does not belong to is not there.
pub async fn switch(app: Data<App>, signed_in: SignedIn, form: Form<SwitchForm>) -> Result<HttpResponse, PageError> {
    let workspace = WorkspaceId::parse_sid(&form.workspace).ok_or(PageError::NotFound)?;
    let switched = run(move || {
        let is_member = settings::is_member(&app, signed_in.user.id, workspace)?;
        if is_member {
            identity::look_at(&app, signed_in.user.id, signed_in.session.id, workspace)?;
        }
        Ok(is_member)
    });
    if switched.await?.map_err(internal)? {
        Ok(see_other("/"))
    } else {
        Err(PageError::NotFound)
    }
}

/// GET /workspaces/new
pub async fn show_new(
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    signed_in: SignedIn,
    actor: Option<Actor>,
) -> Result<HttpResponse, PageError> {
    let form = NewForm { name: String::new(), time_zone: signed_in.zone.iana_name().unwrap_or("UTC").to_owned() };
    let layout = public_layout(&request, &cookies, &csrf, "A new workspace");
    let (zones, errors) = (zone_choices(""), FieldErrors::default());
    html(StatusCode::OK, &NewPage { layout, form, zones, errors, first: actor.is_none() })
}

/// POST /workspaces/new: 303 to the new workspace; 422 with the form when it does not parse.
pub async fn create(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    signed_in: SignedIn,
    actor: Option<Actor>,
    form: Form<NewForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let created = {
        let form = form.clone();
        run(move || {
            let workspace = workspaces::create(&app, signed_in.user.id, &form.name, &form.time_zone)?;
            identity::look_at(&app, signed_in.user.id, signed_in.session.id, workspace.id)?;
            Ok(workspace)
        })
        .await?
    };
    match created {
        Ok(workspace) => {
            let toast = Toast::new(format!("{} is ready.", workspace.name));
            Ok(with_toast(see_other("/"), &cookies, &toast))
        }
        Err(error) => {
            let errors = field_errors(error)?;
            let layout = public_layout(&request, &cookies, &csrf, "A new workspace");
            let page = NewPage { layout, form, zones: zone_choices(""), errors, first: actor.is_none() };
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn internal(error: StoreError) -> PageError {
    PageError::internal("could not read or switch workspaces", &error)
}
