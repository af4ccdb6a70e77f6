//! Workers switched on and off: one by one, all at once, by themselves, and what each may do without a person.

use super::model::{Off, Worker, WorkerState};
use super::service::{note, WorkerError};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, UnixMillis, WorkerId, WorkspaceId};
use crate::connections;
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// What is missing before it can work, each with the page that cures it.
    #[error("not ready: {}", .0.join("; "))]
    NotReady(Vec<String>),
}

impl From<StoreError> for ActivateError {
    fn from(error: StoreError) -> Self {
        Self::Worker(error.into())
    }
}

/// What is lacking before a worker can be switched on, in words.
type Ready<'a> = dyn Fn(&mut Txn<'_>, &Worker) -> Result<Vec<String>, StoreError> + 'a;

/// Switches a worker on. `ready` lists what is lacking (sequence text, mailbox, address), and does, in the same
/// transaction, what switching on entails beside it.
pub fn activate(app: &App, actor: &Actor, id: WorkerId, ready: &Ready<'_>) -> Result<Worker, ActivateError> {
    actor.require(Permission::ActivateWorkers).map_err(WorkerError::from)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        let missing = ready(txn, &worker)?;
        if !missing.is_empty() {
            return Err(ActivateError::NotReady(missing));
        }
        worker.state = WorkerState::Working;
        worker.activated_at = Some(now);
        store::put(txn, actor.workspace, &worker)?;
        note(txn, actor, now, "worker.activated", &worker, "")?;
        events::append(txn, actor.workspace, now, Happened::WorkerActivated { worker: id })?;
        Ok(worker)
    })
}

/// Takes a person's pause back: the worker goes on as it was. Approves no text and releases no brake, which only
/// `activate` does.
pub fn resume(app: &App, actor: &Actor, id: WorkerId) -> Result<Worker, WorkerError> {
    actor.require(Permission::ActivateWorkers)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        match &worker.state {
            WorkerState::Working => return Ok(worker),
            WorkerState::Paused(off) if !off.by_itself && worker.activated_at.is_some() => {}
            WorkerState::Paused(_) | WorkerState::Off => return Err(WorkerError::NotPaused),
        }
        worker.state = WorkerState::Working;
        store::put(txn, actor.workspace, &worker)?;
        note(txn, actor, now, "worker.resumed", &worker, "")?;
        events::append(txn, actor.workspace, now, Happened::WorkerActivated { worker: id })?;
        Ok(worker)
    })
}

/// Pauses a working worker, by a person. What is queued waits; nothing more leaves. One that stopped by itself stays
/// stopped for its own reason.
pub fn pause(app: &App, actor: &Actor, id: WorkerId, reason: &str) -> Result<(), WorkerError> {
    actor.require(Permission::ActivateWorkers)?;
    let now = app.now();
    app.store.write(|txn| {
        let worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if !worker.state.is_working() {
            return Ok(());
        }
        switch_off(txn, actor.workspace, worker, off(now, reason))?;
        let on = format!("worker {id}");
        Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), "worker.paused", &on, reason)?)
    })
}

/// Pauses a worker because something is wrong that its owner hears of elsewhere: a lost connection, a restore. Used
/// by jobs.
pub fn pause_by_itself(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: WorkerId,
    now: UnixMillis,
    reason: &str,
) -> Result<(), StoreError> {
    stop_by_itself(txn, workspace, id, Off { by_itself: true, ..off(now, reason) })
}

/// Pauses a worker because of what came of its mail (G4). Nobody else says so, so a mail is to tell it.
pub fn brake(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: WorkerId,
    now: UnixMillis,
    reason: &str,
) -> Result<(), StoreError> {
    stop_by_itself(txn, workspace, id, Off { by_itself: true, is_untold: true, ..off(now, reason) })
}

/// Has a worker another mailbox that works, so that it goes on without this one? Leads that were written to from the
/// lost one wait for it.
pub fn writes_without(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
    lost: ConnectionId,
) -> Result<bool, StoreError> {
    for id in worker.mailboxes().into_iter().filter(|id| *id != lost) {
        if connections::find(txn, workspace, id)?.is_some_and(|mailbox| mailbox.state.is_working()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes it upon the caller's transaction to tell why a worker stopped; false when that was done before.
pub fn take_untold(txn: &mut Txn<'_>, workspace: WorkspaceId, id: WorkerId) -> Result<bool, StoreError> {
    let Some(mut worker) = store::find(txn, workspace, id)? else { return Ok(false) };
    let WorkerState::Paused(off) = &mut worker.state else { return Ok(false) };
    if !std::mem::take(&mut off.is_untold) {
        return Ok(false);
    }
    store::put(txn, workspace, &worker)?;
    Ok(true)
}

fn stop_by_itself(txn: &mut Txn<'_>, workspace: WorkspaceId, id: WorkerId, off: Off) -> Result<(), StoreError> {
    let Some(worker) = store::find(txn, workspace, id)?.filter(|worker| worker.state.is_working()) else {
        return Ok(());
    };
    let (now, reason) = (off.at, off.reason.clone());
    switch_off(txn, workspace, worker, off)?;
    let who = Who::System("By itself".to_owned());
    audit::record(txn, workspace, now, &who, "worker.paused", &format!("worker {id}"), &reason)
}

fn off(now: UnixMillis, reason: &str) -> Off {
    Off { at: now, reason: reason.to_owned(), by_itself: false, is_untold: false }
}

/// Lets the drafts of `label` that `engine` wrote leave by themselves from now on, or no longer. Whether that is allowed is for the
/// caller to know: the record stands with the drafts.
pub fn set_automatic(
    txn: &mut Txn<'_>,
    actor: &Actor,
    id: WorkerId,
    (label, engine): (&str, &str),
    on: bool,
    now: UnixMillis,
) -> Result<Worker, WorkerError> {
    let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
    if worker.autonomy.since(label, engine).is_some() == on {
        return Ok(worker);
    }
    worker.autonomy.set(label, engine, on.then_some(now));
    store::put(txn, actor.workspace, &worker)?;
    let by = if engine.is_empty() { String::new() } else { format!(" by {engine}") };
    let detail = format!("{label}{by}: {}", if on { "leaves by itself" } else { "a person decides" });
    note(txn, actor, now, "worker.autonomy_changed", &worker, &detail)?;
    Ok(worker)
}

/// Puts a worker on a dry run, or ends it. What waits at the gate is written anew either way, and what was made during
/// a dry run never leaves, also not when it is over.
pub fn set_dry_run(app: &App, actor: &Actor, id: WorkerId, on: bool) -> Result<Worker, WorkerError> {
    actor.require(Permission::ActivateWorkers)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if worker.is_on_dry_run() == on {
            return Ok(worker);
        }
        worker.dry_run = on.then_some(now);
        store::put(txn, actor.workspace, &worker)?;
        let act = if on { "worker.dry_run_began" } else { "worker.dry_run_ended" };
        note(txn, actor, now, act, &worker, "")?;
        events::append(txn, actor.workspace, now, Happened::WorkerChanged { worker: id })?;
        Ok(worker)
    })
}

/// After a restore nobody knows what left since the backup of `made_at`: every worker of the workspace waits for its
/// owner. Again is harmless.
pub fn pause_restored(app: &App, workspace: WorkspaceId, made_at: UnixMillis) -> Result<usize, StoreError> {
    let now = app.now();
    let reason = format!(
        "The data was restored from a backup of {}. What was sent after that is not known here: look through the \
         mailbox's sent mail before you switch it on.",
        made_at.to_rfc3339()
    );
    let pause = |txn: &mut Txn<'_>, worker: Worker| pause_by_itself(txn, workspace, worker.id, now, &reason);
    in_batches(app, workspace, |worker| worker.state.is_working(), pause, |_, _| Ok(()))
}

/// The kill switch (G12): every worker of the workspace stops, and what it has waiting is taken back by its rooms.
pub fn pause_all(app: &App, actor: &Actor) -> Result<usize, WorkerError> {
    actor.require(Permission::ActivateWorkers)?;
    let (workspace, now) = (actor.workspace, app.now());
    let pause = |txn: &mut Txn<'_>, worker: Worker| switch_off(txn, workspace, worker, off(now, PAUSED_ALL));
    let note = |txn: &mut Txn<'_>, count| note_many(txn, actor, now, "workers.paused", count);
    Ok(in_batches(app, workspace, |worker| worker.state.is_working(), pause, note)?)
}

/// Switches those back on that "pause all" had switched off.
pub fn resume_all(app: &App, actor: &Actor) -> Result<usize, WorkerError> {
    actor.require(Permission::ActivateWorkers)?;
    let (workspace, now) = (actor.workspace, app.now());
    let resume = |txn: &mut Txn<'_>, worker: Worker| {
        let id = worker.id;
        store::put(txn, workspace, &Worker { state: WorkerState::Working, ..worker })?;
        events::append(txn, workspace, now, Happened::WorkerActivated { worker: id }).map(|_| ())
    };
    let note = |txn: &mut Txn<'_>, count| note_many(txn, actor, now, "workers.resumed", count);
    Ok(in_batches(app, workspace, Worker::is_stopped_by_the_switch, resume, note)?)
}

fn note_many(txn: &mut Txn<'_>, actor: &Actor, now: UnixMillis, act: &str, count: usize) -> Result<(), StoreError> {
    let detail = if count == 1 { "1 worker".to_owned() } else { format!("{count} workers") };
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, "workspace", &detail)
}

/// Workers switched in one transaction: each costs a row and an event.
const BATCH: usize = 16;

/// Switches every worker of the workspace that is `concerned`, however many there are, and returns how many it were.
/// Each is read in the transaction that writes it: one that changes at this very moment is neither missed nor set
/// back. `note` is called in each transaction with how many it switched.
fn in_batches(
    app: &App,
    workspace: WorkspaceId,
    concerned: impl Fn(&Worker) -> bool,
    switch: impl Fn(&mut Txn<'_>, Worker) -> Result<(), StoreError>,
    note: impl Fn(&mut Txn<'_>, usize) -> Result<(), StoreError>,
) -> Result<usize, StoreError> {
    let (mut switched, mut after) = (0, None);
    loop {
        let page = store::page(&app.store, workspace, after.as_ref(), BATCH)?;
        switched += app.store.write(|txn| {
            let mut count = 0;
            for id in page.rows.iter().map(|worker| worker.id) {
                if let Some(worker) = store::find(txn, workspace, id)?.filter(|worker| concerned(worker)) {
                    switch(txn, worker)?;
                    count += 1;
                }
            }
            if count > 0 {
                note(txn, count)?;
            }
            Ok::<_, StoreError>(count)
        })?;
        after = page.next;
        if after.is_none() {
            return Ok(switched);
        }
    }
}

/// Why a worker stands still after the kill switch. Whoever has mail of its waiting takes it back (G12).
pub const PAUSED_ALL: &str = "Everything was paused.";

impl Worker {
    /// "Pause all" had switched it off, and nothing else since.
    pub fn is_stopped_by_the_switch(&self) -> bool {
        matches!(&self.state, WorkerState::Paused(off) if off.reason == PAUSED_ALL)
    }
}

fn switch_off(txn: &mut Txn<'_>, workspace: WorkspaceId, mut worker: Worker, off: Off) -> Result<(), StoreError> {
    let (now, what) = (off.at, Happened::WorkerPaused { worker: worker.id, reason: off.reason.clone() });
    worker.state = WorkerState::Paused(off);
    store::put(txn, workspace, &worker)?;
    events::append(txn, workspace, now, what).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::workers::{create, WorkerForm};

    #[test]
    fn pausing_everything_reaches_every_worker_however_many_there_are() {
        let test = testing::app();
        let (app, owner) = (&test.app, &test.owner);
        let many = 205;
        for number in 0..many {
            let form = WorkerForm { name: format!("Worker {number}"), ..WorkerForm::default() };
            let made = create(app, owner, &form).unwrap();
            let working = Worker { state: WorkerState::Working, ..made };
            app.store.write(|txn| store::put(txn, owner.workspace, &working)).unwrap();
        }
        let working = || {
            let all = store::list(&app.store, owner.workspace).unwrap();
            (all.len(), all.iter().filter(|worker| worker.state.is_working()).count())
        };
        assert_eq!(working(), (many, many));
        assert_eq!(pause_all(app, owner).unwrap(), many);
        assert_eq!(working(), (many, 0));
        assert_eq!(resume_all(app, owner).unwrap(), many);
        assert_eq!(working(), (many, many));
    }
}
