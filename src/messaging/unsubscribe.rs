//! Opting out: the link below each mail and the one-click header (RFC 8058).
//!
//! A token names the workspace, the message and the recipient, and nothing readable: `base64url(workspace 16 |
//! message 16 | keyed hash of the address 16)` and a tag. It never expires, and it opts out also when nothing else is
//! held about its person any more. Tokens of earlier versions have no hash.

use data_encoding::BASE64URL_NOPAD;

use super::model::{Message, Purpose, SuppressionReason, Target};
use super::store::find_message;
use super::suppression::{hash_of, suppress};
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{MessageId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};
use crate::workspaces;

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
    /// Keyed, as suppressions are looked up by.
    pub address: Option<[u8; 16]>,
}

/// The links of a message; transactional messages have none.
pub fn mail_links(app: &App, message: &Message) -> Option<MailLinks> {
    if matches!(message.purpose, Purpose::Transactional) {
        return None;
    }
    Some(MailLinks { unsubscribe: app.url(&format!("/u/{}", token(app, message))) })
}

fn token(app: &App, message: &Message) -> String {
    let mut bytes = [*message.workspace.as_bytes(), *message.id.as_bytes()].concat();
    // Without it the link still works as long as the message is there.
    match hash_of(&app.store, message.workspace, &message.to) {
        Ok(hash) => bytes.extend_from_slice(&hash),
        Err(error) => tracing::error!(%error, "an unsubscribe link could not be bound to its address"),
    }
    format!("{}.{}", BASE64URL_NOPAD.encode(&bytes), app.mac.tag(PURPOSE, &bytes))
}

/// Reads a token; one that we did not make opens nothing.
pub fn read_token(app: &App, text: &str) -> Option<Opened> {
    let (id, tag) = text.split_once('.')?;
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    if !matches!(bytes.len(), 32 | 48) || !app.mac.is_tag_of(PURPOSE, &bytes, tag) {
        return None;
    }
    let workspace = WorkspaceId::from_slice(&bytes[..16])?;
    let address = bytes[32..].try_into().ok();
    Some(Opened { workspace, message: MessageId::from_slice(&bytes[16..32])?, address })
}

/// Opts the recipient of the message out, at once and for good. Again is harmless. `how` is "one-click" or "page".
/// Returns the address, or `None` when the message is gone (its person was erased): then its hash is suppressed.
pub fn unsubscribe(app: &App, opened: Opened, how: &str) -> Result<Option<String>, StoreError> {
    let now = app.now();
    let workspace = opened.workspace;
    app.store.write_reserved(|txn| {
        if workspaces::find(txn, workspace)?.is_none() {
            // The workspace was closed and erased, keys and all: nobody is left who could write.
            return Ok(None);
        }
        let Some(message) = find_message(txn, workspace, opened.message)? else {
            if let Some(hash) = opened.address {
                opt_out_unknown(txn, workspace, hash, how, now)?;
            }
            return Ok(None);
        };
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

/// Somebody of whom nothing is held but the link in an old mail.
fn opt_out_unknown(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    hash: [u8; 16],
    how: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if suppress(txn, workspace, now, &Target::Erased(hash), SuppressionReason::Unsubscribed, how, None)? {
        events::append(txn, workspace, now, Happened::Unsubscribed { contact: None, how: how.to_owned() })?;
        audit::record(txn, workspace, now, &Who::Visitor, "unsubscribed", "an erased message", how)?;
    }
    Ok(())
}
