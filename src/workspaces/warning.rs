//! The mail to a workspace's owners and admins when something needs one of them.

use std::time::Duration;

use askama::Template;

use super::{owners_and_admins, store};
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::identity;
use crate::mailer::{self, Posting};
use crate::store::StoreError;

/// After that the pages alone say it.
const USEFUL: Duration = Duration::from_secs(7 * 86_400);

/// What such a mail says.
#[derive(Clone, Copy, Debug)]
pub struct Warning<'a> {
    /// A clause without a full stop; it is the subject, too.
    pub title: &'a str,
    /// One or more sentences.
    pub reason: &'a str,
    /// What holds until somebody acts.
    pub meanwhile: &'a str,
    /// The page on which it is mended.
    pub path: &'a str,
    /// What the button says.
    pub go: &'a str,
}

#[derive(Template)]
#[template(path = "email/warning.html")]
struct Html<'a> {
    name: &'a str,
    warning: Warning<'a>,
    workspace: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/warning.txt")]
struct Text<'a> {
    name: &'a str,
    warning: Warning<'a>,
    workspace: &'a str,
    link: &'a str,
}

impl Warning<'_> {
    /// One letter for each of them; none without `[mail]`. Made outside the transaction that queues them.
    pub fn letters(&self, app: &App, id: WorkspaceId, now: UnixMillis) -> Result<Vec<Posting>, StoreError> {
        if !mailer::is_configured(&app.config) {
            return Ok(Vec::new());
        }
        let Some(workspace) = store::get(&app.store, id)? else { return Ok(Vec::new()) };
        let (warning, workspace, link) = (*self, workspace.name.as_str(), app.url(self.path));
        let people = owners_and_admins(app, id)?;
        let each = people.iter().map(|person| {
            let (name, link) = (person.name.as_str(), link.as_str());
            let pair = (&Html { name, warning, workspace, link }, &Text { name, warning, workspace, link });
            let letter = identity::letter(Some(person), &person.email, self.title, pair, now.plus(USEFUL))?;
            Ok(Posting::new(letter, now))
        });
        each.collect()
    }
}
