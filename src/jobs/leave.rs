//! A workspace that is closed takes its jobs with it.

use super::model::State;
use super::rows::{close, find, given_up_key, job_key, look_key, GIVEN_UP, JOBS, LOOK};
use crate::base::{JobId, WorkspaceId, INSTANCE};
use crate::store::{Key, Store, StoreError, Txn};

/// Gives up whatever is planned for a workspace, and removes the records of all its jobs. Returns how many are in the
/// hand of a serial's thread at this moment and stay: ask again later. A task in any other hand finds its job gone.
pub fn leave(store: &Store, workspace: WorkspaceId) -> Result<usize, StoreError> {
    let mut own = Vec::new();
    store.each(&JOBS, &Key::of(&JOBS, INSTANCE), |_, job| {
        own.extend((job.workspace == workspace).then_some(job.id));
        Ok::<_, StoreError>(())
    })?;
    let mut in_hand = 0;
    for id in own {
        in_hand += usize::from(!store.write_reserved(|txn| forget(txn, id))?);
    }
    Ok(in_hand)
}

/// Removes the record of a job; false when a thread has it in hand.
fn forget(txn: &mut Txn<'_>, id: JobId) -> Result<bool, StoreError> {
    let Some(job) = find(txn, id)? else { return Ok(true) };
    if job.serial.is_some() && matches!(job.state, State::Leased | State::Intent) {
        return Ok(false);
    }
    if job.state.is_open() {
        close(txn, job.clone(), State::Dead)?;
    }
    txn.remove(&LOOK, &look_key(id))?;
    txn.remove(&GIVEN_UP, &given_up_key(&job))?;
    txn.remove(&JOBS, &job_key(id))?;
    Ok(true)
}
