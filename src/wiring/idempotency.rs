//! Where answers under an `Idempotency-Key` are kept: one sealed row per workspace and key, for a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Clock, UnixMillis, WorkspaceId};
use crate::http::idempotency::{ApiAnswer, Begin, Fingerprint, IdempotencyStore, ScopedKey, StoreFault};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree};

const ANSWERS: Table<Kept> = Table::sealed(
    0x1001,
    "api_answers",
    Tree::Meta,
    Holds::Nothing,
    Retention::Days(1),
    "Answers to programs that may repeat a request after a cut line.",
);
const BY_AGE: Table<()> = Table::index(0x1002, "api_answers_by_age", "Kept answers by time, for housekeeping.");

pub const TABLES: &[Declared] = &[Declared::plain(&ANSWERS), Declared::plain(&BY_AGE)];

/// A mark of a request that never ended (a crash) runs out after this.
const IN_FLIGHT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    fingerprint: Fingerprint,
    at: UnixMillis,
    /// Absent while the first request is at work.
    answer: Option<ApiAnswer>,
}

pub struct Answers {
    pub store: Store,
    pub clock: Clock,
}

fn key(workspace: WorkspaceId, key: ScopedKey) -> Key {
    Key::of(&ANSWERS, workspace).bytes(&key.0)
}

fn age_key(at: UnixMillis, row: &Key) -> Key {
    Key::of(&BY_AGE, crate::base::INSTANCE).time(at).bytes(row.as_bytes())
}

impl IdempotencyStore for Answers {
    fn begin(&self, workspace: WorkspaceId, scoped: ScopedKey, fingerprint: Fingerprint) -> Result<Begin, StoreFault> {
        let now = self.clock.now();
        let row = key(workspace, scoped);
        let begun = self.store.write(|txn| {
            match txn.get(&ANSWERS, &row)? {
                Some(kept) if kept.fingerprint != fingerprint => return Ok(Begin::Mismatch),
                Some(Kept { answer: Some(answer), .. }) => return Ok(Begin::Replay(answer)),
                Some(kept) if now.since(kept.at) < IN_FLIGHT => return Ok(Begin::InFlight),
                _ => {}
            }
            txn.put(&ANSWERS, &row, &Kept { fingerprint, at: now, answer: None })?;
            txn.mark(&BY_AGE, &age_key(now, &row))?;
            Ok::<_, StoreError>(Begin::Fresh)
        });
        begun.map_err(Into::into)
    }

    fn finish(&self, workspace: WorkspaceId, scoped: ScopedKey, answer: &ApiAnswer) -> Result<(), StoreFault> {
        let row = key(workspace, scoped);
        let kept = self.store.write(|txn| {
            let Some(mut kept) = txn.get(&ANSWERS, &row)? else { return Ok(()) };
            kept.answer = Some(answer.clone());
            txn.put(&ANSWERS, &row, &kept)
        });
        kept.map_err(Into::into)
    }

    fn abandon(&self, workspace: WorkspaceId, scoped: ScopedKey) -> Result<(), StoreFault> {
        self.store.write(|txn| txn.remove(&ANSWERS, &key(workspace, scoped))).map_err(|error: StoreError| error.into())
    }
}

/// Removes answers kept since before `before`; at most `limit` in one go.
pub fn sweep(store: &Store, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let prefix = Key::of(&BY_AGE, crate::base::INSTANCE);
        let mut range = prefix.as_prefix();
        range.end = prefix.clone().time(before).as_bytes().to_vec();
        let keys = txn.keys_range(&BY_AGE, &range, Dir::Forward, limit)?;
        for age in &keys {
            let row = age.as_bytes()[prefix.as_bytes().len() + 8..].to_vec();
            let row = Key::from_bytes(row);
            // A key that was used again after a refusal has a younger answer, with an age row of its own.
            if txn.get(&ANSWERS, &row)?.is_some_and(|kept| kept.at < before) {
                txn.remove(&ANSWERS, &row)?;
            }
            txn.remove(&BY_AGE, age)?;
        }
        Ok(keys.len())
    })
}
