//! Pages of workspaces: first start, invitations, switching, and the workspace's part of the settings.

mod audit;
mod choose;
mod invite;
mod keys;
mod settings;
mod setup;
mod team;
#[cfg(test)]
mod tests;

use actix_web::web::{self, ServiceConfig};

use super::WorkspaceError;
use crate::authz::{Actor, Permission, Role};
use crate::http::ui::{Choice, FieldErrors};
use crate::http::PageError;

/// Pages of this room that carry a secret in their address: they tell nobody where the reader came from.
pub const TOKEN_PREFIXES: &[&str] = &["/setup", "/invite"];

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/setup/{secret}").get(setup::show).post(setup::submit))
        .service(web::resource("/invite/{secret}").get(invite::show).post(invite::accept))
        .service(web::resource("/invite/{secret}/account").post(invite::accept_as_new))
        .service(web::resource("/workspaces").get(choose::show))
        .service(web::resource("/workspaces/new").get(choose::show_new).post(choose::create))
        .service(web::resource("/switch").post(choose::switch))
        .configure(settings_routes);
}

fn settings_routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/settings{path}"));
    config
        .service(at("/workspace").get(settings::show).post(settings::submit))
        .service(at("/team").get(team::show))
        .service(at("/team/invitations").post(team::invite))
        .service(at("/team/invitations/{id}/withdraw").post(team::withdraw))
        .service(at("/team/{user}/role").post(team::change_role))
        .service(at("/team/{user}/remove").get(team::ask_remove).post(team::remove))
        .service(at("/keys").get(keys::show).post(keys::make))
        .service(at("/keys/{key}/end").get(keys::ask_end).post(keys::end))
        .service(at("/audit").get(audit::show));
}

/// What a form shows for a field that does not parse; `Err` for everything else.
fn field_errors(error: WorkspaceError) -> Result<FieldErrors, PageError> {
    match error {
        WorkspaceError::Invalid(mistakes) => Ok(mistakes.into()),
        error => Err(error.into()),
    }
}

/// The roles that the actor may give, from the most to the least trusted.
fn role_choices(actor: &Actor) -> Vec<Choice> {
    let may_give = |role: &Role| *role != Role::Owner || actor.may(Permission::GrantOwner);
    let choice = |role: Role| Choice { value: role.as_str().to_owned(), label: role_name(role).to_owned() };
    Role::ALL.into_iter().filter(may_give).map(choice).collect()
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Agent => "Agent",
        Role::Viewer => "Viewer",
    }
}

/// A page's form names one of the roles; anything else was not sent by it.
fn parse_role(raw: &str) -> Result<Role, PageError> {
    raw.parse().map_err(|_| PageError::bad_request("There is no such role.", "Choose one of the list."))
}
