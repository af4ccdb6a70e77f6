//! `/settings/team`: members, roles, invitations.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{parse_role, role_choices, role_name};
use crate::app::App;
use crate::authz::{Actor, Permission, Role};
use crate::base::{EmailAddress, InvitationId, UserId};
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::identity::SignedIn;
use crate::mailer;
use crate::workspaces::{invitations, members, WorkspaceError};

const HERE: &str = "/settings/team";

#[derive(Template)]
#[template(path = "workspaces/team.html")]
struct TeamPage {
    layout: Layout,
    tabs: Vec<Tab>,
    members: Vec<MemberRow>,
    invitations: Vec<InvitationRow>,
    roles: Vec<Choice>,
    role_words: Vec<(&'static str, &'static str)>,
    may_manage: bool,
    sends_mail: bool,
    form: InviteForm,
    errors: FieldErrors,
    /// The link of the invitation just made, shown once.
    link: Option<InviteLink>,
}

struct MemberRow {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    role_name: &'static str,
    joined: String,
    is_self: bool,
    may_change: bool,
}

struct InvitationRow {
    id: String,
    email: String,
    role: &'static str,
    until: String,
}

struct InviteLink {
    email: String,
    link: String,
    mailed: bool,
}

#[derive(Clone, Default, Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

#[derive(Deserialize)]
pub struct RoleForm {
    #[serde(default)]
    role: String,
}

/// GET /settings/team
pub async fn show(app: Data<App>, actor: Actor, signed_in: SignedIn, frame: Frame) -> Result<HttpResponse, PageError> {
    let form = InviteForm { email: String::new(), role: Role::Agent.as_str().to_owned() };
    let work = move || page(&app, &actor, &signed_in, &frame, form, FieldErrors::default(), None);
    html(StatusCode::OK, &run(work).await??)
}

fn page(
    app: &App,
    actor: &Actor,
    signed_in: &SignedIn,
    frame: &Frame,
    form: InviteForm,
    errors: FieldErrors,
    link: Option<InviteLink>,
) -> Result<TeamPage, WorkspaceError> {
    let may_manage = actor.may(Permission::ManageTeam);
    let waiting = if may_manage { invitations::list(app, actor)? } else { Vec::new() };
    let members = members::list(app, actor)?.into_iter().map(|(member, user)| MemberRow {
        id: user.id.to_string(),
        role: member.role.as_str(),
        role_name: role_name(member.role),
        joined: signed_in.day_words(member.joined_at),
        is_self: actor.user == Some(user.id),
        may_change: may_manage && (member.role != Role::Owner || actor.may(Permission::GrantOwner)),
        email: user.email.display().to_owned(),
        name: user.name,
    });
    let invitations = waiting.into_iter().map(|invitation| InvitationRow {
        id: invitation.id.to_string(),
        email: invitation.email.display().to_owned(),
        role: role_name(invitation.role),
        until: signed_in.time_words(invitation.ends_at),
    });
    Ok(TeamPage {
        layout: frame.layout("Team"),
        tabs: settings_tabs(actor, HERE),
        members: members.collect(),
        invitations: invitations.collect(),
        roles: role_choices(actor),
        role_words: Role::ALL.into_iter().map(|role| (role_name(role), role.words())).collect(),
        may_manage,
        sends_mail: mailer::is_configured(&app.config),
        form,
        errors,
        link,
    })
}

/// POST /settings/team/invitations: the page with the link, shown once; 422 with the form when it does not parse.
pub async fn invite(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    form: Form<InviteForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let role = parse_role(&form.role)?;
    let work = move || {
        let (form, errors, link) = match try_invite(&app, &actor, &form, role)? {
            Ok(link) => (InviteForm { email: String::new(), ..form }, FieldErrors::default(), Some(link)),
            Err(errors) => (form, errors, None),
        };
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        page(&app, &actor, &signed_in, &frame, form, errors, link).map(|page| (status, page))
    };
    let (status, page) = run(work).await??;
    html(status, &page)
}

fn try_invite(
    app: &App,
    actor: &Actor,
    form: &InviteForm,
    role: Role,
) -> Result<Result<InviteLink, FieldErrors>, WorkspaceError> {
    let mut errors = FieldErrors::default();
    let email = match EmailAddress::parse(&form.email) {
        Ok(email) => email,
        Err(error) => {
            errors.add("email", error.to_string());
            return Ok(Err(errors));
        }
    };
    match invitations::invite(app, actor, &email, role) {
        Ok(invited) => {
            let email = invited.invitation.email.display().to_owned();
            Ok(Ok(InviteLink { email, link: invited.link, mailed: invited.mailed }))
        }
        Err(WorkspaceError::AlreadyMember(email)) => {
            errors.add("email", format!("{email} is a member already."));
            Ok(Err(errors))
        }
        Err(error) => Err(error),
    }
}

/// POST /settings/team/invitations/<id>/withdraw
pub async fn withdraw(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let id: InvitationId = id.parse().map_err(|_| PageError::NotFound)?;
    run(move || invitations::withdraw(&app, &actor, id)).await??;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The invitation is taken back. Its link no longer works.")))
}

/// POST /settings/team/<user>/role
pub async fn change_role(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    user: Path<String>,
    form: Form<RoleForm>,
) -> Result<HttpResponse, PageError> {
    let user: UserId = user.parse().map_err(|_| PageError::NotFound)?;
    let role = parse_role(&form.role)?;
    run(move || members::change_role(&app, &actor, user, role)).await??;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The role is changed.")))
}

/// GET /settings/team/<user>/remove: asks first.
pub async fn ask_remove(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    user: Path<String>,
) -> Result<HttpResponse, PageError> {
    let user: UserId = user.parse().map_err(|_| PageError::NotFound)?;
    let leaves = actor.user == Some(user);
    if !leaves {
        actor.require(Permission::ManageTeam)?;
    }
    let members = run(move || members::list(&app, &actor)).await??;
    let (_, person) = members.into_iter().find(|(member, _)| member.user == user).ok_or(PageError::NotFound)?;
    let (question, button) = if leaves {
        ("Leave this workspace?".to_owned(), "Leave")
    } else {
        (format!("Take {} out of the team?", person.name), "Take out")
    };
    let page = ConfirmPage {
        layout: frame.layout("Team"),
        question,
        consequence: "The workspace closes for this account at once. What was done stays, with the name in the audit trail. A new invitation brings the account back.".to_owned(),
        button: button.to_owned(),
        action: format!("/settings/team/{user}/remove"),
        fields: Vec::new(),
        back: HERE.to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/team/<user>/remove
pub async fn remove(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    user: Path<String>,
) -> Result<HttpResponse, PageError> {
    let user: UserId = user.parse().map_err(|_| PageError::NotFound)?;
    let leaves = actor.user == Some(user);
    run(move || members::remove(&app, &actor, user)).await??;
    let (to, words) = if leaves { ("/", "You have left the workspace.") } else { (HERE, "Taken out of the team.") };
    Ok(with_toast(see_other(to), &cookies, &Toast::new(words)))
}
