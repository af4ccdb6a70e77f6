//! The mail to a workspace's owners and admins when something about a domain is not right any more.

use super::model::{Broken, SendingDomain};
use super::store;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::mailer::{self, Posting};
use crate::store::StoreError;
use crate::workspaces::Warning;

/// A letter goes to each of them about what nobody was told of yet. Again is harmless. Without `[mail]` the pages
/// alone say it.
pub(super) fn tell(app: &App, workspace: WorkspaceId, domain: &str) -> Result<(), StoreError> {
    let Some(row) = store::get(&app.store, workspace, domain)?.filter(|_| mailer::is_configured(&app.config)) else {
        return Ok(());
    };
    let letters = letters(app, &row, app.now())?;
    app.store.write(|txn| {
        let Some(mut row) = store::find(txn, workspace, domain)? else { return Ok(()) };
        let untold = row.broken.iter_mut().filter(|broken| broken.is_untold);
        if untold.map(|broken| broken.is_untold = false).count() == 0 {
            return Ok(());
        }
        store::put(txn, &row)?;
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))
    })
}

fn letters(app: &App, row: &SendingDomain, now: UnixMillis) -> Result<Vec<Posting>, StoreError> {
    let untold: Vec<&Broken> = row.broken.iter().filter(|broken| broken.is_untold).collect();
    let names: Vec<&str> = untold.iter().map(|broken| broken.what.short()).collect();
    let reasons: Vec<&str> = untold.iter().map(|broken| broken.words.as_str()).collect();
    let warning = Warning {
        title: &format!("{} of {} is not right any more", names.join(", "), row.domain),
        reason: &reasons.join(" "),
        meanwhile: "Mail still leaves, but receivers may put it aside or refuse it until the records are right again.",
        path: &format!("/domains/{}", row.domain),
        go: "See what to set",
    };
    warning.letters(app, row.workspace, now)
}
