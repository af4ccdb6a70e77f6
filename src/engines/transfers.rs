//! The record of transfers, for the workspace's owners and admins.

use super::error::EngineError;
use super::model::Transfer;
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, Page};

/// Newest first.
pub fn list(app: &App, actor: &Actor, after: Option<&Cursor>, limit: usize) -> Result<Page<Transfer>, EngineError> {
    actor.require(Permission::ManageEngines)?;
    Ok(store::list_transfers(&app.store, actor.workspace, after, limit)?)
}
