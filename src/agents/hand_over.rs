//! What the owner's rules keep for a person.

use crate::contacts;
use crate::language::classify::Label;
use crate::messaging::{Reading, Reply, ESCALATED};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Answer};

/// The reading, handed to a person where one of the worker's rules says so. An opt-out holds at once whatever the
/// rules say, and a machine's words are nobody's to answer.
pub fn escalate(txn: &mut Txn<'_>, reply: &Reply, mut reading: Reading) -> Result<Reading, StoreError> {
    let is_ours = reply.automatic || reading.label == Label::Unsubscribe.as_str();
    let Some(worker) = reply.worker.filter(|_| !is_ours) else { return Ok(reading) };
    let Some(worker) = workers::find(txn, reply.workspace, worker)? else { return Ok(reading) };
    if worker.escalations.is_empty() {
        return Ok(reading);
    }
    let contact = contacts::find(txn, reply.workspace, reply.contact)?;
    let tags = contact.map(|contact| contact.tags).unwrap_or_default();
    let answer = Answer { words: &reply.excerpt, label: &reading.label, tags: &tags, domain: reply.from.domain() };
    if let Some(why) = worker.hands_over(&answer) {
        reading.flags.push(ESCALATED.to_owned());
        reading.escalation = why;
    }
    Ok(reading)
}
