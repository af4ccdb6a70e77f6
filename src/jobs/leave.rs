//! A workspace that is closed takes its jobs with it.

use super::model::State;
use super::rows::{close, find, given_up_key, job_key, look_key, GIVEN_UP, JOBS, LOOK};
use crate::base::{JobId, WorkspaceId, INSTANCE};
use crate::store::{Key, Store, StoreError, Txn};

/// Gives up whatever is planned for a workspace, and removes the records of all its jobs. Returns how many are in the
/// hand of a serial's thread at this moment and stay: ask again later. A task in any other hand finds its job gone.
/// Before the threads run (`threads_run` false) a hand is what an earlier process left behind, and nothing stays.
pub fn leave(store: &Store, workspace: WorkspaceId, threads_run: bool) -> Result<usize, StoreError> {
    let mut own = Vec::new();
    store.each(&JOBS, &Key::of(&JOBS, INSTANCE), |_, job| {
        own.extend((job.workspace == workspace).then_some(job.id));
        Ok::<_, StoreError>(())
    })?;
    let mut in_hand = 0;
    for id in own {
        in_hand += usize::from(!store.write_reserved(|txn| forget(txn, id, threads_run))?);
    }
    Ok(in_hand)
}

/// Removes the record of a job; false when a thread has it in hand.
fn forget(txn: &mut Txn<'_>, id: JobId, threads_run: bool) -> Result<bool, StoreError> {
    let Some(job) = find(txn, id)? else { return Ok(true) };
    if threads_run && job.serial.is_some() && matches!(job.state, State::Leased | State::Intent) {
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

#[cfg(test)]
mod tests {
    use super::super::rows::{lift, take_in_hand};
    use super::super::{enqueue, totals, Lane, NewJob};
    use super::*;
    use crate::base::ConnectionId;
    use crate::testing::{self, NOW};

    #[test]
    fn work_in_a_thread_s_hand_stays_while_threads_run_and_a_hand_of_an_earlier_process_holds_nothing() {
        let test = testing::app();
        let store = &test.app.store;
        let serial = ConnectionId::new(NOW).0;
        let job = NewJob::new("outreach.send", Lane::MailOut, test.workspace, NOW, &()).serial(serial);
        store.write(|txn| enqueue(txn, &job)).unwrap();
        let id = job.id();
        store
            .write(|txn| {
                let held = find(txn, id)?.ok_or(StoreError::Exists)?;
                lift(txn, &held)?;
                take_in_hand(txn, &held, Some(NOW))
            })
            .unwrap();
        assert_eq!(leave(store, test.workspace, true).unwrap(), 1);
        assert!(store.read(|txn| find(txn, id)).unwrap().is_some());
        assert_eq!(leave(store, test.workspace, false).unwrap(), 0);
        assert_eq!(store.read(|txn| find(txn, id)).unwrap(), None);
        assert_eq!(totals(store).unwrap().open(), 0);
    }
}
