//! The mail to a workspace's owners and admins when a connection needs them.

use std::time::Duration;

use askama::Template;

use super::model::Connection;
use crate::app::App;
use crate::base::UnixMillis;
use crate::identity;
use crate::mailer::{self, Posting};
use crate::store::StoreError;
use crate::workspaces;

/// After that the page says it as well.
const USEFUL: Duration = Duration::from_secs(7 * 86_400);

#[derive(Template)]
#[template(path = "email/connection_lost.html")]
struct LostHtml<'a> {
    name: &'a str,
    account: &'a str,
    reason: &'a str,
    workspace: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/connection_lost.txt")]
struct LostText<'a> {
    name: &'a str,
    account: &'a str,
    reason: &'a str,
    workspace: &'a str,
    link: &'a str,
}

/// One letter for each of them; none without `[mail]`. Made outside the transaction that queues them.
pub(super) fn lost(
    app: &App,
    connection: &Connection,
    reason: &str,
    now: UnixMillis,
) -> Result<Vec<Posting>, StoreError> {
    if !mailer::is_configured(&app.config) {
        return Ok(Vec::new());
    }
    let Some(workspace) = workspaces::get(&app.store, connection.workspace)? else { return Ok(Vec::new()) };
    let (account, link) = (connection.address.to_string(), app.url(&format!("/connections/{}", connection.id)));
    let subject = format!("{account} needs you: its workers stand still");
    let people = workspaces::owners_and_admins(app, workspace.id)?;
    let each = people.iter().map(|person| {
        let (name, account, workspace, link) =
            (person.name.as_str(), account.as_str(), workspace.name.as_str(), link.as_str());
        let pair = (
            &LostHtml { name, account, reason, workspace, link },
            &LostText { name, account, reason, workspace, link },
        );
        let letter = identity::letter(Some(person), &person.email, &subject, pair, now.plus(USEFUL))?;
        Ok(Posting::new(letter, now))
    });
    each.collect()
}
