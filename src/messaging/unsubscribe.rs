//! Opting out: the link below each mail and the one-click header (RFC 8058).
//!
//! A token names the workspace and the message, and nothing readable: `base64url(workspace 16 | message 16)` and a
//! tag. It never expires: a link in an old mail must work as long as the mail exists.

use data_encoding::BASE64URL_NOPAD;

use super::model::{Message, Purpose, SuppressionReason, Target};
use super::store::find_message;
use super::suppression::suppress;
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{MessageId, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::StoreError;

const PURPOSE: &str = "unsubscribe";

/// The links that stand in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLinks {
    /// For the footer, and by POST for one-click.
    pub unsubscribe: String,
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    pub workspace: WorkspaceId,
    pub message: MessageId,
}

/// The links of a message; transactional messages have none.
pub fn mail_links(app: &App, message: &Message) -> Option<MailLinks> {
    if matches!(message.purpose, Purpose::Transactional) {
        return None;
    }
    Some(MailLinks { unsubscribe: app.url(&format!("/u/{}", token(app, message.workspace, message.id))) })
}

fn token(app: &App, workspace: WorkspaceId, message: MessageId) -> String {
    let bytes = [*workspace.as_bytes(), *message.as_bytes()].concat();
    format!("{}.{}", BASE64URL_NOPAD.encode(&bytes), app.mac.tag(PURPOSE, &bytes))
}

/// Reads a token; one that we did not make opens nothing.
pub fn read_token(app: &App, text: &str) -> Option<Opened> {
    let (id, tag) = text.split_once('.')?;
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    if bytes.len() != 32 || !app.mac.is_tag_of(PURPOSE, &bytes, tag) {
        return None;
    }
    let workspace = WorkspaceId::from_slice(&bytes[..16])?;
    Some(Opened { workspace, message: MessageId::from_slice(&bytes[16..])? })
}

/// Opts the recipient of the message out, at once and for good. Again is harmless. `how` is "one-click" or "page".
/// Returns the address, or `None` when the message is gone (its person was erased).
pub fn unsubscribe(app: &App, opened: Opened, how: &str) -> Result<Option<String>, StoreError> {
    let now = app.now();
    let workspace = opened.workspace;
    app.store.write_reserved(|txn| {
        let Some(message) = find_message(txn, workspace, opened.message)? else { return Ok(None) };
        let target = Target::Address(message.to.clone());
        let contact = (message.purpose != Purpose::Test).then_some(message.contact);
        if suppress(txn, workspace, now, &target, SuppressionReason::Unsubscribed, how, contact)? {
            events::append(txn, workspace, now, Happened::Unsubscribed { contact, how: how.to_owned() })?;
            let on = format!("message {}", message.id);
            audit::record(txn, workspace, now, &Who::Visitor, "unsubscribed", &on, how)?;
        }
        Ok(Some(message.to.display().to_owned()))
    })
}
