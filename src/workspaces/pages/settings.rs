//! `/settings/workspace`: name, zone, and what stands below outreach mails.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::field_errors;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::Mistakes;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::{settings_tabs, zone_choices};
use crate::workspaces::settings::{self, SettingsForm};
use crate::workspaces::{store, Routing, Workspace, WorkspaceError};

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
    may_close: bool,
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
    /// Whole percent, as typed; all of them or none.
    #[serde(default)]
    opt_out: Option<String>,
    #[serde(default)]
    absence: Option<String>,
    #[serde(default)]
    snooze: Option<String>,
    #[serde(default)]
    send: Option<String>,
    #[serde(default)]
    book: Option<String>,
}

impl SettingsFields {
    /// The figures as typed; `None` when the form had none. What is no number is a mistake, and stands as it is unasked.
    fn routing(&self) -> (Option<Routing>, Mistakes) {
        let mut wrong = Mistakes::default();
        if [&self.opt_out, &self.absence, &self.snooze, &self.send, &self.book].iter().all(|typed| typed.is_none()) {
            return (None, wrong);
        }
        let unasked = Routing::default();
        let mut read = |name: &'static str, typed: &Option<String>, unasked: u8| {
            let typed = typed.as_deref().unwrap_or_default().trim().trim_end_matches('%').trim_end();
            let number = typed.parse::<u8>().map_err(|_| "Write a whole number, for example 90.");
            wrong.keep(name, number).unwrap_or(unasked)
        };
        let routing = Routing {
            opt_out: read("opt_out", &self.opt_out, unasked.opt_out),
            absence: read("absence", &self.absence, unasked.absence),
            snooze: read("snooze", &self.snooze, unasked.snooze),
            send: read("send", &self.send, unasked.send),
            book: read("book", &self.book, unasked.book),
        };
        (Some(routing), wrong)
    }

    /// What stands in the fields, each with what it is for.
    fn thresholds(&self) -> [(&'static str, &'static str, &str, &'static str); 5] {
        fn typed(field: &Option<String>) -> &str {
            field.as_deref().unwrap_or_default()
        }
        [
            (
                "opt_out",
                "Take somebody off the list",
                typed(&self.opt_out),
                "30 to 70. Below it a person decides, and nobody is written to until then.",
            ),
            (
                "absence",
                "Pause for an absence",
                typed(&self.absence),
                "70 to 99. Below it the answer stops the sequence.",
            ),
            (
                "snooze",
                "Go on by itself on the day they named",
                typed(&self.snooze),
                "80 to 99. Below it you are reminded on that day.",
            ),
            (
                "send",
                "Let a draft leave by itself",
                typed(&self.send),
                "90 to 99, and only for what a worker may send on its own.",
            ),
            (
                "book",
                "Book a time by itself",
                typed(&self.book),
                "90 to 99, and only where a worker may book on its own.",
            ),
        ]
    }

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
            opt_out: Some(workspace.routing.opt_out.to_string()),
            absence: Some(workspace.routing.absence.to_string()),
            snooze: Some(workspace.routing.snooze.to_string()),
            send: Some(workspace.routing.send.to_string()),
            book: Some(workspace.routing.book.to_string()),
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
        may_close: actor.may(Permission::CloseWorkspace),
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
    let (routing, unread) = fields.routing();
    let wanted = SettingsForm {
        name: fields.name.clone(),
        slug: fields.slug.clone(),
        time_zone: fields.time_zone.clone(),
        postal_address: fields.postal_address.clone(),
        discloses_ai: fields.discloses_ai.is_some(),
        link_hosts: fields.link_hosts.clone(),
        routing,
    };
    if !unread.is_empty() {
        let mut errors = FieldErrors::from(unread);
        errors.add_mistakes(run(move || settings::mistakes(&app, &wanted)).await?);
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page(&actor, &frame, fields, errors));
    }
    let by = actor.clone();
    match run(move || settings::change(&app, &by, &wanted)).await? {
        Ok(_) => Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The settings are saved."))),
        Err(error) => {
            let errors = field_errors(error)?;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page(&actor, &frame, fields, errors))
        }
    }
}
