//! What comes back about a message proves that it left: a bounce, a delivery report, an answer. A message that was in
//! doubt is then settled by the fact, so that nobody can have it sent again.

use super::model::{Delivery, Message};
use super::store::{find_by_message_ids, find_message, settle_doubt, update_message};
use crate::app::App;
use crate::base::{MessageId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs;
use crate::store::{StoreError, Txn};

/// Ids of one mail that are looked up: an answer names its parent and perhaps a few before it.
const NAMED: usize = 20;

/// Takes note that something came back about `message`: its state says sent from here on, its job is over. Does
/// nothing where that is known already.
pub(super) fn prove(txn: &mut Txn<'_>, message: &mut Message, now: UnixMillis) -> Result<(), StoreError> {
    if is_proved(message) {
        return Ok(());
    }
    let left_at = jobs::find(txn, message.job)?.and_then(|job| job.intent_at);
    jobs::prove_done(txn, message.job, now)?;
    settle_doubt(txn, message)?;
    message.sent_at = message.sent_at.or(left_at).or(Some(now));
    message.state = Delivery::Sent;
    update_message(txn, message)?;
    let what = Happened::MessageSent { message: message.id, contact: message.contact };
    events::append(txn, message.workspace, now, what).map(|_| ())
}

/// Whether it is certain that the message left.
pub(super) fn is_proved(message: &Message) -> bool {
    matches!(message.state, Delivery::Sent | Delivery::Bounced { .. })
}

/// The same for all messages of ours that a mail names.
pub(super) fn prove_named(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    named: &[String],
    now: UnixMillis,
) -> Result<(), StoreError> {
    for id in named.iter().take(NAMED) {
        if let Some(mut message) = find_by_message_ids(txn, workspace, std::slice::from_ref(id))? {
            prove(txn, &mut message, now)?;
        }
    }
    Ok(())
}

/// A report names the message and says no more than that it is on its way or has arrived.
pub fn seen_on_its_way(app: &App, workspace: WorkspaceId, id: MessageId) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write_reserved(|txn| match find_message(txn, workspace, id)? {
        Some(mut message) => prove(txn, &mut message, now),
        None => Ok(()),
    })
}
