//! Where answers under an `Idempotency-Key` are kept: one sealed row per workspace and key, for a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::authz::Role;
use crate::base::{Clock, UnixMillis, WorkspaceId};
use crate::http::idempotency::{ApiAnswer, Begin, Fingerprint, IdempotencyStore, ScopedKey, StoreFault};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree};

const ANSWERS: Table<Kept> = Table::sealed(
    0x1001,
    "api_answers",
    Tree::Meta,
    Holds::Contact,
    Retention::Days(1),
    "Answers to programs that may repeat a request after a cut line.",
);
const BY_AGE: Table<()> = Table::index(0x1002, "api_answers_by_age", "Kept answers by time, for housekeeping.");

pub const TABLES: &[Declared] = &[Declared::personal(&ANSWERS, export, erase), Declared::plain(&BY_AGE)];

/// A mark of a request that never ended runs out after this. One that a program left which was killed since counts for
/// nothing at once.
const IN_FLIGHT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    fingerprint: Fingerprint,
    /// What the first caller was. An answer that was kept before this was noted is told to owners.
    #[serde(default = "owner")]
    role: Role,
    at: UnixMillis,
    /// When the key came first, where that was before `at`: a try that never ended may have done its work.
    #[serde(default)]
    since: Option<UnixMillis>,
    /// Of which run of the program the mark is.
    #[serde(default)]
    run: u64,
    /// Absent while the first request is at work.
    answer: Option<ApiAnswer>,
}

fn owner() -> Role {
    Role::Owner
}

pub struct Answers {
    store: Store,
    clock: Clock,
    /// Tells the marks of this run of the program from those of one that was killed.
    run: u64,
}

impl Answers {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, run: rand::random() }
    }
}

fn key(workspace: WorkspaceId, key: ScopedKey) -> Key {
    Key::of(&ANSWERS, workspace).bytes(&key.digest)
}

fn age_key(at: UnixMillis, row: &Key) -> Key {
    Key::of(&BY_AGE, crate::base::INSTANCE).time(at).bytes(row.as_bytes())
}

impl IdempotencyStore for Answers {
    fn begin(&self, workspace: WorkspaceId, scoped: ScopedKey, fingerprint: Fingerprint) -> Result<Begin, StoreFault> {
        let now = self.clock.now();
        let row = key(workspace, scoped);
        let begun = self.store.write(|txn| {
            let since = match txn.get(&ANSWERS, &row)? {
                Some(kept) if kept.fingerprint != fingerprint => return Ok(Begin::Mismatch),
                Some(kept) if scoped.role < kept.role => return Ok(Begin::Above),
                Some(Kept { answer: Some(answer), .. }) => return Ok(Begin::Replay(answer)),
                Some(kept) if kept.run == self.run && now.since(kept.at) < IN_FLIGHT => return Ok(Begin::InFlight),
                Some(kept) => Some(kept.since.unwrap_or(kept.at)),
                None => None,
            };
            let kept = Kept { fingerprint, role: scoped.role, at: now, since, run: self.run, answer: None };
            txn.put(&ANSWERS, &row, &kept)?;
            txn.mark(&BY_AGE, &age_key(now, &row))?;
            Ok::<_, StoreError>(Begin::Fresh { since: since.unwrap_or(now) })
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

/// Rows removed in one transaction.
const BATCH: usize = 32;

/// Answers that name the contact. Whatever `/v1` says about a person, it says with the contact's id.
fn about(store: &Store, person: Person) -> Result<Vec<(Key, ApiAnswer)>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let (id, mut found) = (contact.to_string(), Vec::new());
    store.each(&ANSWERS, &Key::of(&ANSWERS, workspace), |key, kept| {
        let names_them = |answer: &ApiAnswer| String::from_utf8_lossy(&answer.body).contains(&id);
        found.extend(kept.answer.filter(names_them).map(|answer| (key, answer)));
        Ok::<_, StoreError>(())
    })?;
    Ok(found)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let answers = about(store, person)?;
    Ok(answers.iter().filter_map(|(_, answer)| serde_json::from_slice(&answer.body).ok()).collect())
}

/// The request can be sent again with its key, and is then carried out anew: there is nobody left for it.
fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let rows = about(store, person)?;
    for batch in rows.chunks(BATCH) {
        store.write(|txn| batch.iter().try_for_each(|(key, _)| txn.remove(&ANSWERS, key)))?;
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ContactId;
    use crate::testing;

    #[test]
    fn what_was_answered_about_a_person_is_exported_and_erased_and_nothing_else() {
        let test = testing::app();
        let (app, workspace) = (&test.app, test.workspace);
        let answers = Answers::new(app.store.clone(), app.clock.clone());
        let people: Vec<ContactId> = (0..2).map(|_| ContactId::new(app.now())).collect();
        let scoped = |place: usize| ScopedKey { digest: [u8::try_from(place).unwrap(); 32], role: Role::Owner };
        for (place, id) in people.iter().enumerate() {
            let body = serde_json::json!({ "id": id.to_string(), "addresses": [format!("{place}@lead.example")] });
            let answer = ApiAnswer::created("/v1/contacts", &body).unwrap();
            answers.begin(workspace, scoped(place), Fingerprint([7; 32])).unwrap();
            answers.finish(workspace, scoped(place), &answer).unwrap();
        }
        let first = Person::Contact(workspace, people[0]);
        let exported = export(&app.store, first).unwrap();
        assert_eq!(exported.len(), 1);
        assert_eq!(exported[0]["addresses"][0], "0@lead.example");
        assert_eq!(erase(&app.store, first), Ok(1));
        assert_eq!(erase(&app.store, first), Ok(0));
        assert_eq!(
            answers.begin(workspace, scoped(0), Fingerprint([7; 32])).unwrap(),
            Begin::Fresh { since: app.now() }
        );
        let other = answers.begin(workspace, scoped(1), Fingerprint([7; 32])).unwrap();
        assert!(matches!(other, Begin::Replay(_)), "{other:?}");
    }

    #[test]
    fn a_mark_of_a_program_that_was_killed_counts_for_nothing_and_the_next_try_knows_since_when() {
        let test = testing::app();
        let (app, workspace) = (&test.app, test.workspace);
        let began = app.now();
        let run = || Answers::new(app.store.clone(), app.clock.clone());
        let (killed, scoped) = (run(), ScopedKey { digest: [3; 32], role: Role::Owner });
        let begin = |answers: &Answers| answers.begin(workspace, scoped, Fingerprint([7; 32])).unwrap();
        assert_eq!(begin(&killed), Begin::Fresh { since: began });
        assert_eq!(begin(&killed), Begin::InFlight);
        app.clock.advance(Duration::from_secs(5));
        let next = run();
        assert_eq!(begin(&next), Begin::Fresh { since: began }, "what was begun then may be done");
        app.clock.advance(Duration::from_secs(61));
        assert_eq!(begin(&next), Begin::Fresh { since: began }, "one that hangs runs out");
        next.abandon(workspace, scoped).unwrap();
        assert_eq!(begin(&next), Begin::Fresh { since: app.now() }, "what was refused did nothing");
    }
}
