//! `/settings/workspace`: name, zone, and what stands below outreach mails.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::field_errors;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::{settings_tabs, zone_choices};
use crate::workspaces::settings::{self, SettingsForm};
use crate::workspaces::{store, Workspace, WorkspaceError};

const HERE: &str = "/settings/workspace";

#[derive(Template)]
#[template(path = "workspaces/settings.html")]
struct SettingsPage {
    layout: Layout,
    tabs: Vec<Tab>,
    sid: String,
    form: SettingsFields,
    zones: Vec<Choice>,
    errors: FieldErrors,
}

#[derive(Clone, Default, Deserialize)]
pub struct SettingsFields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    postal_address: String,
    #[serde(default)]
    discloses_ai: Option<String>,
    #[serde(default)]
    link_hosts: Option<String>,
}

impl SettingsFields {
    fn links(&self) -> &str {
        self.link_hosts.as_deref().unwrap_or_default()
    }
}

impl From<Workspace> for SettingsFields {
    fn from(workspace: Workspace) -> Self {
        Self {
            name: workspace.name,
            slug: workspace.slug,
            time_zone: workspace.time_zone,
            postal_address: workspace.postal_address,
            discloses_ai: workspace.discloses_ai.then(|| "on".to_owned()),
            link_hosts: Some(workspace.link_hosts.join("\n")),
        }
    }
}

/// GET /settings/workspace
pub async fn show(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageWorkspace)?;
    let id = actor.workspace;
    let found = run(move || store::get(&app.store, id)).await?.map_err(WorkspaceError::Store)?;
    let workspace = found.ok_or(PageError::NotFound)?;
    html(StatusCode::OK, &page(&actor, &frame, workspace.into(), FieldErrors::default()))
}

fn page(actor: &Actor, frame: &Frame, form: SettingsFields, errors: FieldErrors) -> SettingsPage {
    SettingsPage {
        layout: frame.layout("Workspace"),
        tabs: settings_tabs(actor, HERE),
        sid: actor.workspace.sid(),
        form,
        zones: zone_choices(""),
        errors,
    }
}

/// POST /settings/workspace: 303 back; 422 with the form when it does not parse.
pub async fn submit(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    frame: Frame,
    form: Form<SettingsFields>,
) -> Result<HttpResponse, PageError> {
    let fields = form.into_inner();
    let wanted = SettingsForm {
        name: fields.name.clone(),
        slug: fields.slug.clone(),
        time_zone: fields.time_zone.clone(),
        postal_address: fields.postal_address.clone(),
        discloses_ai: fields.discloses_ai.is_some(),
        link_hosts: fields.link_hosts.clone(),
    };
    let by = actor.clone();
    match run(move || settings::change(&app, &by, &wanted)).await? {
        Ok(_) => Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The settings are saved."))),
        Err(error) => {
            let errors = field_errors(error)?;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page(&actor, &frame, fields, errors))
        }
    }
}
