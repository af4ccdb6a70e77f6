//! Words to somebody who has no booking yet, in the same dress and by the same ways out.

use super::around::mailbox_for;
use super::letter::Letter;
use super::model::Fate;
use super::send::Post;
use crate::app::App;
use crate::base::{ContactId, EmailAddress, UnixMillis, UserId, WorkspaceId};
use crate::connections::{self, Connection};
use crate::contacts;
use crate::mailer;
use crate::messaging::{Act, Row, Sheet};
use crate::store::{StoreError, Txn};
use crate::workspaces;

/// What is said, and to whom.
pub struct Outside<'a> {
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub to: &'a EmailAddress,
    /// Whose mailbox writes, if they have one.
    pub host: Option<UserId>,
    /// BCP 47.
    pub language: &'a str,
    pub subject: String,
    pub heading: String,
    pub text: String,
    pub rows: Vec<Row>,
    pub button: Option<Act>,
    pub acts: Vec<Act>,
    /// Why they get it; below everything.
    pub reason: String,
    pub useful_until: UnixMillis,
}

/// A mailbox that could write now. What stands in the queue of another is read when it is too late.
fn working_mailbox(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    host: Option<UserId>,
    now: UnixMillis,
) -> Result<Option<Connection>, StoreError> {
    let Some(host) = host else { return Ok(None) };
    let mailbox = mailbox_for(txn, workspace, host)?;
    Ok(mailbox.filter(|mailbox| match &mailbox.state {
        connections::State::Working => true,
        // Its pause is over; the state says so with the next look.
        connections::State::Waiting { until, .. } => *until <= now,
        _ => false,
    }))
}

/// Whether there is any way out for such words.
pub fn can_write(
    app: &App,
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    host: Option<UserId>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    Ok(mailer::is_configured(&app.config) || working_mailbox(txn, workspace, host, now)?.is_some())
}

/// Sends it in this transaction; `false` where it cannot leave.
pub fn write(app: &App, txn: &mut Txn<'_>, outside: Outside<'_>, now: UnixMillis) -> Result<bool, StoreError> {
    let Some(contact) = contacts::find(txn, outside.workspace, outside.contact)? else { return Ok(false) };
    let business = workspaces::find(txn, outside.workspace)?.map(|home| home.name).unwrap_or_default();
    let mailbox = working_mailbox(txn, outside.workspace, outside.host, now)?;
    let rows = outside.rows.iter().map(|row| format!("{}: {}", row.label, row.value));
    let acts = outside.button.iter().chain(&outside.acts).map(|act| format!("{}: {}", act.words, act.href));
    let parts = [outside.text.clone(), rows.collect::<Vec<_>>().join("\n"), acts.collect::<Vec<_>>().join("\n")];
    let parts = parts.into_iter().chain([business.clone()]).filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join("\n\n");
    let sheet = Sheet {
        language: outside.language.to_owned(),
        title: outside.subject.clone(),
        from: business.clone(),
        heading: outside.heading,
        text: outside.text,
        rows: outside.rows,
        button: outside.button,
        before_acts: String::new(),
        acts: outside.acts,
        reason: outside.reason,
        closing: business.clone(),
    };
    let letter = Letter { subject: outside.subject, text, sheet, calendar: None };
    let post = Post {
        workspace: outside.workspace,
        contact: &contact,
        to: outside.to,
        to_name: contact.name(),
        mailbox: mailbox.as_ref(),
        about: None,
        reply: None,
        from_name: &business,
        useful_until: outside.useful_until,
    };
    Ok(matches!(post.send(app, txn, letter, now)?, Fate::Sent { .. }))
}
