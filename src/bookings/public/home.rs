//! Where a guest goes on from a page that cannot be shown: to what the same business offers.

use super::offered;
use super::token::{read_booking, read_waiter};
use super::visit::is_open;
use crate::app::App;
use crate::base::WorkspaceId;
use crate::payments;
use crate::workspaces;

/// The list of event types of the workspace that a guest's address is of. `None` where the address names none, or one
/// that lets no visitors in.
pub fn home(app: &App, path: &str) -> Option<String> {
    let mut parts = path.trim_start_matches('/').split('/');
    let workspace = match (parts.next()?, parts.next()?) {
        ("b", slug) => app.store.read(|txn| workspaces::find_by_slug(txn, slug)).ok()?,
        ("booking", "at") => by_id(app, offered::workspace_of(app, parts.next()?)?),
        ("booking", token) => by_id(app, read_booking(app, token)?.0),
        ("waiting", token) => by_id(app, read_waiter(app, token)?.0),
        ("pay", token) => by_id(app, payments::workspace_of_link(app, token)?),
        _ => None,
    };
    workspace.filter(is_open).map(|workspace| format!("/b/{}", workspace.slug))
}

fn by_id(app: &App, id: WorkspaceId) -> Option<workspaces::Workspace> {
    workspaces::get(&app.store, id).ok()?
}
