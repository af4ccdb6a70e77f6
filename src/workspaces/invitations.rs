//! Invitations: a link for one person, for a week and one use. GET never accepts: mail scanners look too.

use std::time::Duration;

use askama::Template;

use super::members::may_touch;
use super::model::{Invitation, Workspace};
use super::{create, rows, store, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission, Role};
use crate::base::{EmailAddress, InvitationId, UserId};
use crate::identity::{self, hash_secret, AccountError, Client, HandedSecret, NewAccount, NewSession, User};
use crate::mailer::{self, Posting};
use crate::store::{StoreError, Txn};

pub const INVITATION_DAYS: u32 = 7;
pub const LINK_HOLDS: Duration = Duration::from_secs(INVITATION_DAYS as u64 * 24 * 3600);

#[derive(Template)]
#[template(path = "email/invitation.html")]
struct InvitationHtml<'a> {
    inviter: &'a str,
    workspace: &'a str,
    role: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/invitation.txt")]
struct InvitationText<'a> {
    inviter: &'a str,
    workspace: &'a str,
    role: &'a str,
    link: &'a str,
}

/// What the inviter gets: the link is shown once, to be passed on by hand where the server sends no mail.
#[derive(Clone, Debug)]
pub struct Invited {
    pub invitation: Invitation,
    pub link: String,
    pub mailed: bool,
}

/// What somebody with a link sees before they accept.
#[derive(Clone, Debug)]
pub struct Offer {
    pub invitation: Invitation,
    pub workspace: Workspace,
    /// Somebody has the invited address already.
    pub has_account: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The invited address has an account: its owner signs in first.
    #[error("sign in first")]
    SignInFirst,
    /// Signed in with another address than the one invited.
    #[error("the invitation is for another address")]
    OtherAddress,
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        Self::Workspace(error.into())
    }
}

/// Invites an address. An earlier invitation to the same address ends.
pub fn invite(app: &App, actor: &Actor, email: &EmailAddress, role: Role) -> Result<Invited, WorkspaceError> {
    actor.require(Permission::ManageTeam)?;
    may_touch(actor, role)?;
    let (secret, now) = (HandedSecret::fresh(), app.now());
    let workspace = store::get(&app.store, actor.workspace)?.ok_or(WorkspaceError::NotFound)?;
    let link = app.url(&format!("/invite/{}", secret.expose()));
    let invitation = Invitation {
        id: InvitationId::new(now),
        workspace: workspace.id,
        email: email.clone(),
        role,
        invited_by: actor.user,
        secret_hash: secret.hash(),
        created_at: now,
        ends_at: now.plus(LINK_HOLDS),
    };
    let mail = mailer::is_configured(&app.config).then(|| letter(actor, &invitation, &workspace, &link)).transpose()?;
    app.store.write(|txn| {
        if let Some(user) = identity::find_by_login(txn, email.compare())? {
            if rows::find_member(txn, workspace.id, user.id)?.is_some() {
                return Err(WorkspaceError::AlreadyMember(email.clone()));
            }
        }
        for earlier in rows::list_invitations(txn, workspace.id)?.iter().filter(|row| row.email == *email) {
            rows::remove_invitation(txn, earlier)?;
        }
        rows::insert_invitation(txn, &invitation)?;
        let detail = format!("{email}, {role}");
        audit::record(txn, workspace.id, now, &Who::of(actor), "member.invited", "invitation", &detail)?;
        if let Some(mail) = &mail {
            mailer::queue(txn, mail)?;
        }
        Ok(())
    })?;
    Ok(Invited { invitation, link, mailed: mail.is_some() })
}

fn letter(actor: &Actor, invitation: &Invitation, workspace: &Workspace, link: &str) -> Result<Posting, StoreError> {
    let (inviter, workspace, role) = (actor.display.as_str(), workspace.name.as_str(), invitation.role.as_str());
    let html = InvitationHtml { inviter, workspace, role, link };
    let text = InvitationText { inviter, workspace, role, link };
    let subject = format!("{inviter} invites you to {workspace}");
    let letter = identity::letter(None, &invitation.email, &subject, (&html, &text), invitation.ends_at)?;
    Ok(Posting::new(letter, invitation.created_at))
}

/// Invitations that still hold.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<Invitation>, WorkspaceError> {
    actor.require(Permission::ManageTeam)?;
    let now = app.now();
    let mut rows = app.store.read(|txn| rows::list_invitations(txn, actor.workspace))?;
    rows.retain(|invitation| invitation.ends_at > now);
    Ok(rows)
}

/// Takes an invitation back.
pub fn withdraw(app: &App, actor: &Actor, id: InvitationId) -> Result<(), WorkspaceError> {
    actor.require(Permission::ManageTeam)?;
    let now = app.now();
    app.store.write(|txn| {
        let invitation = rows::find_invitation(txn, actor.workspace, id)?.ok_or(WorkspaceError::NotFound)?;
        rows::remove_invitation(txn, &invitation)?;
        let detail = invitation.email.display();
        audit::record(txn, actor.workspace, now, &Who::of(actor), "invitation.withdrawn", "invitation", detail)?;
        Ok(())
    })
}

/// What the link offers. Looking does not use it up.
pub fn look(app: &App, secret: &str) -> Result<Offer, WorkspaceError> {
    let hash = hash_secret(secret);
    app.store.read(|txn| {
        let invitation = holding(app, txn, &hash)?;
        let workspace = store::find(txn, invitation.workspace)?.ok_or(WorkspaceError::LinkEnded)?;
        let has_account = identity::find_by_login(txn, invitation.email.compare())?.is_some();
        Ok(Offer { invitation, workspace, has_account })
    })
}

fn holding(app: &App, txn: &mut Txn<'_>, hash: &identity::SecretHash) -> Result<Invitation, WorkspaceError> {
    let found = rows::find_invitation_by_secret(txn, hash)?;
    found.filter(|invitation| invitation.ends_at > app.now()).ok_or(WorkspaceError::LinkEnded)
}

/// Accepts as somebody who is signed in. The invitation is for one address, so that a link that goes astray
/// admits nobody else who has an account.
pub fn accept(app: &App, user: &User, secret: &str) -> Result<Workspace, AcceptError> {
    let hash = hash_secret(secret);
    app.store.write(|txn| {
        let invitation = holding(app, txn, &hash)?;
        if invitation.email != user.email {
            return Err(AcceptError::OtherAddress);
        }
        enter(app, txn, &invitation, user.id)
    })
}

/// Accepts with a new account for the invited address, which the link proves to be theirs.
pub fn accept_as_new(
    app: &App,
    secret: &str,
    name: &str,
    password: &str,
    client: &Client,
) -> Result<(NewSession, Workspace), AcceptError> {
    let offer = look(app, secret)?;
    if offer.has_account {
        return Err(AcceptError::SignInFirst);
    }
    let new = NewAccount {
        name: name.to_owned(),
        email: offer.invitation.email.clone(),
        password: Some(password.to_owned()),
    };
    let account = identity::prepare(&new, &[&offer.workspace.name], app.now())?;
    let (session, row) = identity::prepare_in(app, account.user.id, client, offer.workspace.id);
    let hash = hash_secret(secret);
    app.store.write(|txn| {
        let invitation = holding(app, txn, &hash)?;
        let user = match identity::insert(txn, &account) {
            Err(StoreError::Exists) => return Err(AcceptError::SignInFirst),
            made => made?,
        };
        let workspace = enter(app, txn, &invitation, user.id)?;
        identity::begin(txn, &row, "invitation")?;
        Ok((session.clone(), workspace))
    })
}

/// The invited becomes a member and the invitation is used up, together.
fn enter(app: &App, txn: &mut Txn<'_>, invitation: &Invitation, user: UserId) -> Result<Workspace, AcceptError> {
    let workspace = store::find(txn, invitation.workspace)?.ok_or(WorkspaceError::LinkEnded)?;
    rows::remove_invitation(txn, invitation)?;
    if rows::find_member(txn, workspace.id, user)?.is_none() {
        create::join(txn, &workspace, user, invitation.role, &Who::User(user), app.now())?;
    }
    Ok(workspace)
}
