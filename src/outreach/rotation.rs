//! Which of a worker's mailboxes a mail leaves from. Whoever was written to hears from the same mailbox again; a new
//! lead is written to from the one with the most room left in its day.

use super::model::{Enrolment, Hold, Why};
use super::step::BACKLOG;
use super::store;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, State as Link, Use};
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers::Worker;

/// The mailbox for the next mail of a lead, or why it waits.
pub(super) fn choose(
    app: &App,
    txn: &mut Txn<'_>,
    worker: &Worker,
    lead: &Enrolment,
    now: UnixMillis,
) -> Result<Result<Connection, Hold>, StoreError> {
    let workspace = lead.workspace;
    if let Some(own) = of_thread(txn, worker, lead)? {
        return match usable(txn, workspace, own)? {
            // First mails that wait for their share of the day leave the follow-ups room behind them.
            Ok(mailbox) if store::count_queued(txn, workspace, own, 2 * BACKLOG)? >= 2 * BACKLOG => {
                Ok(Err(full(&mailbox)))
            }
            Ok(mailbox) => Ok(Ok(mailbox)),
            Err(words) => Ok(Err(Hold { why: Why::Worker, words })),
        };
    }
    let all = match all_usable(txn, workspace, worker)? {
        Ok(all) => all,
        Err(words) => return Ok(Err(Hold { why: Why::Worker, words })),
    };
    let mut roomiest: Option<(i64, &Connection)> = None;
    for mailbox in &all {
        let queued = store::count_queued(txn, workspace, mailbox.id, BACKLOG)?;
        let room = i64::from(messaging::room_of(app, txn, mailbox, now)?) - queued as i64;
        if queued < BACKLOG && roomiest.is_none_or(|(most, _)| room > most) {
            roomiest = Some((room, mailbox));
        }
    }
    Ok(match (roomiest, all.first()) {
        (Some((_, mailbox)), _) => Ok(mailbox.clone()),
        (None, Some(first)) => Err(full(first)),
        (None, None) => Err(Hold { why: Why::Worker, words: no_mailbox(worker) }),
    })
}

fn full(mailbox: &Connection) -> Hold {
    let words = format!("{BACKLOG} mails wait for {} already. This one follows them.", mailbox.address);
    Hold { why: Why::Backlog, words }
}

fn no_mailbox(worker: &Worker) -> String {
    format!("{} has no mailbox to write from.", worker.name)
}

/// The mailbox that wrote to the lead last. Where it is gone for good, or no longer one of the worker's, another one
/// goes on.
pub(super) fn of_thread(
    txn: &mut Txn<'_>,
    worker: &Worker,
    lead: &Enrolment,
) -> Result<Option<ConnectionId>, StoreError> {
    let Some(sent) = lead.last_sent() else { return Ok(None) };
    let Some(message) = messaging::find_message(txn, lead.workspace, sent.message)? else { return Ok(None) };
    if !worker.mailboxes().contains(&message.connection) {
        return Ok(None);
    }
    let found = connections::find(txn, lead.workspace, message.connection)?;
    Ok(found.filter(|mailbox| !mailbox.is_disconnected()).map(|mailbox| mailbox.id))
}

/// The mailboxes that a worker can write from now, in its order; or what is wrong with the first.
pub(super) fn all_usable(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
) -> Result<Result<Vec<Connection>, String>, StoreError> {
    let (mut all, mut trouble) = (Vec::new(), None);
    for id in worker.mailboxes() {
        match usable(txn, workspace, id)? {
            Ok(mailbox) => all.push(mailbox),
            Err(words) => trouble = trouble.or(Some(words)),
        }
    }
    Ok(if all.is_empty() { Err(trouble.unwrap_or_else(|| no_mailbox(worker))) } else { Ok(all) })
}

/// One that can be written from, the first of the worker's; or what is wrong.
pub(super) fn any_usable(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
) -> Result<Result<Connection, String>, StoreError> {
    let all = all_usable(txn, workspace, worker)?;
    Ok(all.and_then(|all| all.into_iter().next().ok_or_else(|| no_mailbox(worker))))
}

/// The mailbox, or what is wrong with it. A pause that the provider asked for is no reason to hold the step: the
/// message waits at the gate.
fn usable(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ConnectionId,
) -> Result<Result<Connection, String>, StoreError> {
    Ok(match connections::find(txn, workspace, id)? {
        None => Err("The mailbox is no longer connected.".into()),
        Some(mailbox) if !mailbox.can(Use::Outreach) => Err(format!("{} may not send.", mailbox.address)),
        Some(mailbox) => match &mailbox.state {
            Link::Disconnected { .. } => Err(format!("{} was disconnected.", mailbox.address)),
            Link::NeedsOwner { reason, .. } => Err(format!("{} needs its owner: {reason}", mailbox.address)),
            Link::Working | Link::Waiting { .. } => Ok(mailbox),
        },
    })
}
