//! The mail to a workspace's owners and admins when a connection needs them.

use super::model::{Connection, Use};
use crate::app::App;
use crate::base::UnixMillis;
use crate::mailer::Posting;
use crate::store::StoreError;
use crate::workspaces::Warning;

/// Made outside the transaction that queues them.
pub(super) fn lost(
    app: &App,
    connection: &Connection,
    reason: &str,
    now: UnixMillis,
) -> Result<Vec<Posting>, StoreError> {
    let warning = Warning {
        title: &format!("{} needs you", connection.address),
        reason,
        meanwhile: match connection.can(Use::Meetings) {
            true => "Bookings go on without it: their guests get the link once the account works again.",
            false => "Its workers stand still. Nothing is lost: what waits goes on once the account works again.",
        },
        path: &format!("/connections/{}", connection.id),
        go: "Mend it",
    };
    warning.letters(app, connection.workspace, now)
}
