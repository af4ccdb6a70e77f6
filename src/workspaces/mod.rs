//! Workspaces: tenants with members, roles, invitations and keys for programs.
//!
//! Always true here: a workspace has at least one owner; a key's secret is shown once and stored as a hash.

mod model;
mod store;

pub use model::{Workspace, WorkspaceState};
pub use store::{find, find_by_slug, get, list_all, put, TABLES};
