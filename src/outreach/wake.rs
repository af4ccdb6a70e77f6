//! Leads that were held back go on as soon as what held them is gone: nobody waits for the next look.

use super::figures::Group;
use super::model::{Enrolment, State};
use super::step::BACKLOG;
use super::store;
use crate::app::App;
use crate::base::{ConnectionId, ContactId, MessageId, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::jobs::{self, Lane};
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers;

/// Leads woken in one transaction.
const BATCH: usize = 12;

/// A worker was switched on: its held steps and its waiting mails are looked at now.
pub(super) fn worker(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    for group in [Group::Queued, Group::Held, Group::Backlog] {
        wake_group(app, workspace, worker, group, now)?;
    }
    Ok(())
}

/// A worker was changed: what waited for a mailbox, or for somebody to read it, may wait no longer.
pub(super) fn changed(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    for group in [Group::Held, Group::Review, Group::Backlog] {
        wake_group(app, workspace, worker, group, now)?;
    }
    Ok(())
}

/// The workspace may send again.
pub(super) fn workspace(app: &App, workspace: WorkspaceId, now: UnixMillis) -> Result<(), StoreError> {
    let all = workers::list(&app.store, workspace)?;
    all.iter().try_for_each(|found| worker(app, workspace, found.id, now))
}

/// A mailbox works again: nothing it put off waits any longer.
pub(super) fn mailbox(
    app: &App,
    workspace: WorkspaceId,
    mailbox: ConnectionId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    app.store.write(|txn| jobs::lift_pace(txn, Lane::MailOut, mailbox.0))?;
    for found in workers::list(&app.store, workspace)? {
        if found.mailboxes().contains(&mailbox) {
            worker(app, workspace, found.id, now)?;
        }
    }
    Ok(())
}

/// A sequence was changed or approved.
pub(super) fn sequence(
    app: &App,
    workspace: WorkspaceId,
    sequence: SequenceId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for worker in workers::list(&app.store, workspace)? {
        if worker.sequence == Some(sequence) {
            wake_group(app, workspace, worker.id, Group::Held, now)?;
        }
    }
    Ok(())
}

/// A contact was changed: perhaps the missing field is there.
pub(super) fn contact(
    app: &App,
    workspace: WorkspaceId,
    contact: ContactId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let active = app.store.read(|txn| store::find_active(txn, workspace, contact))?;
    match active {
        Some(Enrolment { state: State::Waiting { job, waits_for: Some(_), .. }, .. }) => {
            app.store.write(|txn| jobs::reschedule(txn, job, now)).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// A mail has left a mailbox: when half its backlog is gone, those behind it move up.
pub(super) fn backlog_of(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(message) = messaging::get_message(&app.store, workspace, message)? else { return Ok(()) };
    if message.step.is_none() {
        return Ok(());
    }
    let mailbox = message.connection;
    let waiting = app.store.read(|txn| store::count_queued(txn, workspace, mailbox, BACKLOG))?;
    if waiting > BACKLOG / 2 {
        return Ok(());
    }
    for worker in workers::list(&app.store, workspace)? {
        if worker.mailboxes().contains(&mailbox) {
            app.store.write(|txn| {
                let behind = store::first_of_group(txn, workspace, worker.id, Group::Backlog, BATCH)?;
                behind.iter().try_for_each(|enrolment| wake(txn, enrolment, now))
            })?;
        }
    }
    Ok(())
}

fn wake_group(
    app: &App,
    workspace: WorkspaceId,
    worker: WorkerId,
    group: Group,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut cursor = None;
    loop {
        let page = store::list_group(&app.store, workspace, worker, group, cursor.as_ref(), BATCH)?;
        app.store.write(|txn| page.rows.iter().try_for_each(|enrolment| wake(txn, enrolment, now)))?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn wake(txn: &mut Txn<'_>, enrolment: &Enrolment, now: UnixMillis) -> Result<(), StoreError> {
    let job = match &enrolment.state {
        State::Queued { message, .. } => {
            messaging::find_message(txn, enrolment.workspace, *message)?.map(|message| message.job)
        }
        state => state.job(),
    };
    match job {
        Some(job) => jobs::reschedule(txn, job, now).map(|_| ()),
        None => Ok(()),
    }
}
