//! Drafts that lost their occasion before anybody decided about them.

use super::model::{Draft, DraftState};
use super::store;
use crate::base::{ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// Drafts of one contact that are looked at, the newest first.
const LOOKED_AT: usize = 12;

/// Which of a contact's drafts: those written no later than `than`, but none that answers `but`.
#[derive(Clone, Copy, Debug)]
pub struct Older {
    pub than: UnixMillis,
    pub but: Option<ReplyId>,
}

/// Withdraws what waits for approval and is older than a newer word. Again changes nothing.
pub fn withdraw(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    older: Older,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let of_contact = store::newest_of_contact(txn, workspace, contact, LOOKED_AT)?;
    let is_older = |draft: &Draft| draft.created_at <= older.than && (older.but.is_none() || draft.reply != older.but);
    end(txn, of_contact.into_iter().filter(is_older), reason, now)
}

/// Withdraws what waits for approval as an answer to `reply`.
pub fn withdraw_of_reply(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reply: ReplyId,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let drafts = store::list_of_reply(txn, workspace, reply)?;
    end(txn, drafts.into_iter(), reason, now)
}

fn end(
    txn: &mut Txn<'_>,
    drafts: impl Iterator<Item = Draft>,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for draft in drafts.filter(Draft::is_pending) {
        withdraw_one(txn, draft, reason, now)?;
    }
    Ok(())
}

/// Withdraws one that waits for approval.
pub fn withdraw_one(txn: &mut Txn<'_>, mut draft: Draft, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    draft.state = DraftState::Withdrawn { reason: reason.to_owned() };
    store::put(txn, &draft)?;
    let what = Happened::DraftDecided { draft: draft.id, contact: draft.contact, approved: false };
    events::append(txn, draft.workspace, now, what).map(|_| ())
}
