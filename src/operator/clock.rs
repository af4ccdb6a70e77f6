//! A wall clock that was set back while the server was off.
//!
//! Daily limits, pauses between mails and "is it written to again already?" are all measured by the clock, so a clock
//! that shows an earlier time than the server has seen before would let too much leave. While the server runs the queue
//! notices by itself; at a start the time is held against the latest one that was written down. When it lies further
//! back than a few minutes, nothing is sent until the clock is there again, or the operator says that the time is right.

use std::time::Duration;

use super::health::ReadError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{UnixMillis, INSTANCE};
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree};
use crate::workspaces;

const SEEN: Table<UnixMillis> = Table::sealed(
    0x0f01,
    "clock_seen",
    Tree::Meta,
    Holds::Nothing,
    Retention::Account,
    "The latest time this server has seen, so that a clock which was set back while it was off is noticed.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&SEEN)];

pub const NOTE_TIME: &str = "operator.note_time";
/// The time is written down this often.
const EVERY: Duration = Duration::from_secs(300);
/// Time services correct a clock by less than that.
const TOLERATED: Duration = Duration::from_secs(300);

fn key() -> Key {
    Key::of(&SEEN, INSTANCE)
}

/// The latest time that was written down.
pub fn last_seen(store: &Store) -> Result<Option<UnixMillis>, StoreError> {
    store.get(&SEEN, &key())
}

/// At the start, before anything may leave: holds sending when the clock was set back.
pub fn look_at_the_clock(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    match last_seen(&app.store)? {
        Some(seen) if seen.since(now) > TOLERATED => {
            let back_seconds = seen.since(now).as_secs();
            tracing::error!(back_seconds, "the clock was set back while the server was off; nothing is sent");
            app.hold_sending_until(seen);
            Ok(())
        }
        _ => note_time(app),
    }
}

/// Writes the time down, but not while it is in doubt.
pub fn note_time(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    if app.sending_held(now).is_some() {
        return Ok(());
    }
    app.store.write_reserved(|txn| txn.put(&SEEN, &key(), &now))
}

/// Plans what writes the time down; again is harmless.
pub fn plan(app: &App) -> Result<(), StoreError> {
    let job = NewJob::new(NOTE_TIME, Lane::Housekeeping, INSTANCE, app.now(), &()).once("clock").max_attempts(u32::MAX);
    app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)
}

pub struct NoteTime;

impl Task<App> for NoteTime {
    fn kind(&self) -> &'static str {
        NOTE_TIME
    }

    fn run(&self, app: &App, _: &Job) -> Outcome {
        match note_time(app) {
            Ok(()) => Outcome::Again { at: app.now().plus(EVERY) },
            Err(error) => error.into(),
        }
    }
}

/// The operator has looked: the time is right. What was planned by the other time moves along, and sending goes on.
/// False when nothing was held.
pub fn confirm(app: &App, actor: &Actor) -> Result<bool, ReadError> {
    actor.require(Permission::Operate)?;
    let now = app.now();
    let Some(seen) = app.sending_held(now) else { return Ok(false) };
    let back = seen.since(now);
    jobs::move_all_back(&app.store, now, back)?;
    app.store.write(|txn| {
        txn.put(&SEEN, &key(), &now)?;
        let detail = format!("{} s before the latest time seen", back.as_secs());
        audit::record(txn, INSTANCE, now, &Who::of(actor), "clock.confirmed", "server", &detail)
    })?;
    app.release_sending();
    for workspace in workspaces::list_all(&app.store)? {
        app.store.write(|txn| events::append(txn, workspace.id, now, Happened::SendingResumed))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::{check_now, testing::queue_mail, Gate};
    use crate::testing::{self, TestApp};

    const HOUR: Duration = Duration::from_secs(3600);

    fn operator(test: &TestApp) -> Actor {
        Actor { is_operator: true, ..test.owner.clone() }
    }

    fn gate(test: &TestApp, message: &crate::messaging::Message) -> Gate {
        let (app, now) = (&test.app, test.app.now());
        app.store.read(|txn| check_now(app, txn, message, now)).unwrap_or_else(|error: StoreError| panic!("{error}"))
    }

    fn is_held(test: &TestApp, message: &crate::messaging::Message) -> bool {
        matches!(gate(test, message), Gate::Later { reason, .. } if reason.contains("clock was set back"))
    }

    #[test]
    fn a_clock_that_was_set_back_while_the_server_was_off_holds_sending_until_it_is_there_again() {
        let test = testing::app();
        let message = queue_mail(&test.app, test.workspace, "anna@fellside.example");
        look_at_the_clock(&test.app).unwrap();
        assert!(!is_held(&test, &message), "the first start knows no earlier time");
        let noted = test.app.now();

        test.app.clock.set(noted.minus(TOLERATED));
        look_at_the_clock(&test.app).unwrap();
        assert!(!is_held(&test, &message), "as far as a time service may correct it");
        test.app.clock.set(noted);
        look_at_the_clock(&test.app).unwrap();

        test.app.clock.set(noted.minus(2 * HOUR));
        look_at_the_clock(&test.app).unwrap();
        assert!(is_held(&test, &message), "{:?}", gate(&test, &message));
        note_time(&test.app).unwrap();
        assert_eq!(last_seen(&test.app.store).unwrap(), Some(noted), "a doubtful time is not written down");
        let troubles = super::super::health::report(&test.app, &operator(&test)).unwrap().troubles;
        assert!(troubles.iter().any(|words| words.contains("set back by 2 h")), "{troubles:?}");
        test.app.clock.advance(2 * HOUR);
        assert!(!is_held(&test, &message));
    }

    #[test]
    fn the_operator_may_say_that_the_time_is_right_and_what_was_planned_moves_along() {
        let test = testing::app();
        let (app, noted) = (&test.app, test.app.now());
        let message = queue_mail(app, test.workspace, "anna@fellside.example");
        look_at_the_clock(app).unwrap();
        plan(app).unwrap();
        app.clock.set(noted.minus(9 * HOUR));
        look_at_the_clock(app).unwrap();
        assert!(matches!(confirm(app, &test.owner), Err(ReadError::Denied(_))));
        assert!(is_held(&test, &message));
        assert!(confirm(app, &operator(&test)).unwrap());
        assert!(!is_held(&test, &message));
        assert!(!confirm(app, &operator(&test)).unwrap(), "nothing is held any more");
        assert_eq!(last_seen(&app.store).unwrap(), Some(app.now()));
        let planned = jobs::list_due(&app.store, Lane::Housekeeping, 10).unwrap();
        assert!(planned.iter().all(|job| job.due <= app.now()), "{planned:?}");
        let trail = audit::list(&app.store, INSTANCE, None, 5).unwrap().rows;
        assert_eq!(trail[0].act, "clock.confirmed");
    }
}
