//! A person says what became of a message that may or may not have left.

use super::super::store::{find_message, list_recent, put_in_doubt, settle_doubt, update_message};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{MessageId, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Verdict};
use crate::messaging::model::{Delivery, Message, Purpose};
use crate::store::StoreError;

/// After a restore: what waits and no worker holds back (a confirmation, an answer by hand) may have left after the
/// backup was made, so a person says. Returns how many; again is harmless.
pub fn hold_restored(app: &App, workspace: WorkspaceId) -> Result<usize, StoreError> {
    const REASON: &str = "The data was restored from a backup; this may have been sent after it was made.";
    let (mut held, mut before) = (0, None);
    loop {
        let page = list_recent(&app.store, workspace, before.as_ref(), 50)?;
        // What is worker's is held by the worker, which a restore switches off; words about a booking are not.
        let is_free = |message: &&Message| message.worker.is_none() || message.purpose == Purpose::Transactional;
        let waiting = page.rows.iter().filter(|message| message.state.is_waiting()).filter(is_free);
        for id in waiting.map(|message| message.id) {
            let changed = app.store.write::<_, StoreError>(|txn| {
                let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(false) };
                if !message.state.is_waiting() || !jobs::needs_look(txn, message.job, REASON)? {
                    return Ok(false);
                }
                message.state = Delivery::NeedsHuman { reason: REASON.to_owned() };
                put_in_doubt(txn, &message)?;
                update_message(txn, &message)?;
                Ok(true)
            })?;
            held += usize::from(changed);
        }
        before = page.next;
        if before.is_none() {
            return Ok(held);
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such message")]
    NotFound,
    /// Somebody else decided first, or it was found meanwhile.
    #[error("this message does not wait for a decision any more")]
    NotWaiting,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person says what became of a message that may or may not have left.
pub fn resolve(app: &App, actor: &Actor, id: MessageId, verdict: Verdict) -> Result<Message, ResolveError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut message = find_message(txn, actor.workspace, id)?.ok_or(ResolveError::NotFound)?;
        // One that was taken back or refused is over: only what may have left is a person's to decide.
        if !matches!(message.state, Delivery::NeedsHuman { .. }) {
            return Err(ResolveError::NotWaiting);
        }
        jobs::decide(txn, message.job, verdict, now)?.ok_or(ResolveError::NotWaiting)?;
        let (act, state) = match verdict {
            Verdict::Arrived => ("message.arrived", Delivery::Sent),
            Verdict::DoAgain => ("message.sent_again", Delivery::Queued { waits_for: None }),
            Verdict::GiveUp => ("message.given_up", Delivery::NotSent { reason: "Decided by a person.".into() }),
        };
        settle_doubt(txn, &message)?;
        message.state = state;
        message.noted.failing_since = None;
        if verdict == Verdict::GiveUp {
            // A person's word, no longer that of what had taken it back.
            message.noted.withdrawn = None;
            let reason = "Decided by a person.".to_owned();
            let what = Happened::MessageNotSent { message: id, contact: message.contact, reason };
            events::append(txn, actor.workspace, now, what)?;
        }
        if verdict == Verdict::Arrived {
            message.sent_at = message.sent_at.or(Some(now));
            let what = Happened::MessageSent { message: id, contact: message.contact };
            events::append(txn, actor.workspace, now, what)?;
        }
        update_message(txn, &message)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("message {id}"), "")?;
        Ok(message)
    })
}
