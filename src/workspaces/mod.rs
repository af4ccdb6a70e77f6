//! Workspaces: tenants with members, roles, invitations and keys for programs.
//!
//! Always true here:
//! - a workspace has at least one owner;
//! - nobody gives a role above their own, and only owners make owners;
//! - secrets of invitations and keys are shown once and stored as hashes; an invitation works once;
//! - a workspace that is being closed can be read and taken back, and nothing else.

mod authenticate;
mod closing;
mod create;
mod error;
mod invitations;
mod keys;
mod members;
mod model;
pub mod pages;
mod routing;
mod rows;
mod settings;
mod setup;
mod store;
#[cfg(test)]
mod tests;
mod warning;

pub use authenticate::authenticate;
pub use closing::{
    close, closed_of, goes_on, list_closed, may_close, remove, remove_again, take_back, CLOSED_DAYS, GRACE_DAYS,
};
pub use create::create;
pub use error::WorkspaceError;
#[cfg(test)]
pub use invitations::invite;
pub use invitations::INVITATION_DAYS;
pub use keys::find_by_secret as find_program;
pub use members::{list as list_members, owners_and_admins, who_may};
pub use model::{ApiKey, Closed, Closing, Invitation, Member, Workspace, WorkspaceState};
pub use pages::routes;
pub use routing::{reaches, Routing};
pub use rows::{find_member, sweep_closed, sweep_invitations, workspaces_of, TABLES};
pub use settings::{of_user, set_postal_address};
pub use setup::{add_user, owner_link, AddUser, AddedUser, SetupError};
pub use store::{find, find_by_slug, find_routing, get, list_all, put};
pub use warning::Warning;

/// A name as it is kept: trimmed, one line, at most 80 characters.
fn checked_name(raw: &str) -> Result<String, &'static str> {
    let name = raw.trim();
    if name.is_empty() {
        return Err("Write a name, so that others know it.");
    }
    if name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err("Use at most 80 characters on one line.");
    }
    Ok(name.to_owned())
}
