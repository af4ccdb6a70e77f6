//! Work that stopped because only a person can know what to do. Of messages the operator sees that there are some;
//! what becomes of them the workspace's own people decide, who know whom it was written to.

use super::health::ReadError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{JobId, UnixMillis, WorkspaceId, INSTANCE};
use crate::events::{self, Act, Stuck};
use crate::jobs::{self, Job, State, Verdict};
use crate::messaging;
use crate::store::StoreError;
use crate::workspaces;

const SHOWN: usize = 200;

#[derive(Debug)]
pub struct Stopped {
    pub id: JobId,
    pub kind: String,
    pub workspace: WorkspaceId,
    pub state: State,
    pub reason: String,
    pub since: UnixMillis,
    pub is_message: bool,
}

/// Parts of the program that fail at an event, over all workspaces.
pub fn list_stuck(app: &App, actor: &Actor) -> Result<Vec<Stuck>, ReadError> {
    actor.require(Permission::Operate)?;
    Ok(all_stuck(app)?)
}

pub(super) fn all_stuck(app: &App) -> Result<Vec<Stuck>, StoreError> {
    let mut found = Vec::new();
    for workspace in workspaces::list_all(&app.store)? {
        found.extend(events::list_stuck(&app.store, workspace.id)?);
    }
    Ok(found)
}

/// Tries the event again now, or has the part of the program skip it for good.
pub fn decide_event(
    app: &App,
    actor: &Actor,
    workspace: WorkspaceId,
    subscriber: &str,
    number: u64,
    act: Act,
) -> Result<(), DecideError> {
    actor.require(Permission::Operate)?;
    let (now, who) = (app.now(), Who::of(actor));
    let name = match act {
        Act::TryAgain => "event.tried_again",
        Act::Skip => "event.skipped",
    };
    app.store.write(|txn| {
        if !events::decide(txn, workspace, subscriber, number, act, now)? {
            return Err(DecideError::NotWaiting);
        }
        for owner in [INSTANCE, workspace] {
            audit::record(txn, owner, now, &who, name, &format!("event {number}"), subscriber)?;
        }
        Ok(())
    })
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Decided meanwhile, or a message, which is not the operator's to decide.
    #[error("this job does not wait for the operator")]
    NotWaiting,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub fn list(app: &App, actor: &Actor) -> Result<Vec<Stopped>, ReadError> {
    actor.require(Permission::Operate)?;
    let jobs = jobs::list_needing_a_look(&app.store, SHOWN)?;
    Ok(jobs.into_iter().map(Stopped::from).collect())
}

impl From<Job> for Stopped {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            is_message: job.kind == messaging::SEND,
            kind: job.kind,
            workspace: job.workspace,
            state: job.state,
            reason: job.reason.unwrap_or_default(),
            since: job.intent_at.unwrap_or(job.due),
        }
    }
}

/// Carries out the operator's decision about a job that is no message.
pub fn decide(app: &App, actor: &Actor, id: JobId, verdict: Verdict) -> Result<(), DecideError> {
    actor.require(Permission::Operate)?;
    let now = app.now();
    let act = match verdict {
        Verdict::Arrived => "job.happened",
        Verdict::DoAgain => "job.done_again",
        Verdict::GiveUp => "job.given_up",
    };
    app.store.write(|txn| {
        let job = jobs::find(txn, id)?.filter(|job| job.kind != messaging::SEND).ok_or(DecideError::NotWaiting)?;
        jobs::decide(txn, id, verdict, now)?.ok_or(DecideError::NotWaiting)?;
        let on = format!("job {id}");
        audit::record(txn, INSTANCE, now, &Who::of(actor), act, &on, &job.kind)?;
        if job.workspace != INSTANCE {
            audit::record(txn, job.workspace, now, &Who::of(actor), act, &on, &job.kind)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::jobs::{Handlers, Lane, NewJob, Outcome, Runner, Task, Threads};

    struct Fails(&'static str);

    impl Task<()> for Fails {
        fn kind(&self) -> &'static str {
            self.0
        }
        fn run(&self, (): &(), _: &Job) -> Outcome {
            Outcome::Retry { after: None, reason: "the calendar did not answer".into() }
        }
    }

    /// A job of this kind that was given up.
    fn give_up(test: &crate::testing::TestApp, kind: &'static str) -> JobId {
        let job = NewJob::new(kind, Lane::Steps, test.workspace, test.app.now(), &()).max_attempts(1);
        let planned: Result<JobId, StoreError> = test.app.store.write(|txn| jobs::enqueue(txn, &job));
        planned.unwrap()
    }

    #[test]
    fn the_operator_decides_about_work_but_not_about_messages() {
        let test = crate::testing::app();
        let operator = Actor { is_operator: true, ..test.owner.clone() };
        let (other, message) = (give_up(&test, "calendar.write"), give_up(&test, messaging::SEND));
        let handlers = Handlers::default().task(Fails("calendar.write")).task(Fails(messaging::SEND));
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner = Runner::start(store, clock, Arc::new(()), Arc::new(handlers), &Threads::default()).unwrap();
        assert!(runner.settle(Duration::from_secs(20)));
        runner.stop(Duration::from_secs(5));

        let listed = list(&test.app, &operator).unwrap();
        assert_eq!(listed.iter().filter(|job| job.is_message).count(), 1);
        assert!(matches!(list(&test.app, &test.owner), Err(ReadError::Denied(_))));
        assert!(matches!(decide(&test.app, &test.owner, other, Verdict::GiveUp), Err(DecideError::Denied(_))));
        assert!(matches!(decide(&test.app, &operator, message, Verdict::DoAgain), Err(DecideError::NotWaiting)));

        decide(&test.app, &operator, other, Verdict::DoAgain).unwrap();
        assert!(matches!(decide(&test.app, &operator, other, Verdict::DoAgain), Err(DecideError::NotWaiting)));
        let trail = audit::list(&test.app.store, test.workspace, None, 5).unwrap();
        assert_eq!(trail.rows[0].act, "job.done_again");
    }

    /// Fails at whatever happens.
    struct Broken;

    impl crate::events::Subscriber<App> for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn start(&self) -> crate::events::Start {
            crate::events::Start::First
        }
        fn on(&self, _: &App, _: &crate::events::Event) -> Result<(), StoreError> {
            Err(StoreError::Engine("a record cannot be read".into()))
        }
    }

    #[test]
    fn an_event_that_fails_again_and_again_stands_before_the_operator_who_may_skip_it() {
        let test = crate::testing::app();
        let (store, clock) = (&test.app.store, &test.app.clock);
        let operator = Actor { is_operator: true, ..test.owner.clone() };
        let what = events::Happened::SendingResumed;
        let number = store.write(|txn| events::append(txn, test.workspace, clock.now(), what.clone())).unwrap();
        let deliver = events::Deliver::new(store.clone(), clock.clone(), vec![Box::new(Broken)]);
        let handlers = Arc::new(Handlers::default().task(deliver));
        let runner = Runner::start(store, clock, Arc::clone(&test.app), handlers, &Threads::default()).unwrap();
        for _ in 0..events::SHOWN_AFTER {
            assert!(runner.settle(Duration::from_secs(20)));
            clock.advance(Duration::from_secs(7200));
        }
        assert!(matches!(list_stuck(&test.app, &test.owner), Err(ReadError::Denied(_))));
        let stuck = list_stuck(&test.app, &operator).unwrap();
        assert_eq!(
            stuck.iter().map(|one| (one.subscriber.as_str(), one.number)).collect::<Vec<_>>(),
            [("broken", number)]
        );
        assert_eq!(super::super::health::report(&test.app, &operator).unwrap().to_look_at, 1);
        let decide = |actor: &Actor, act| decide_event(&test.app, actor, test.workspace, "broken", number, act);
        assert!(matches!(decide(&test.owner, Act::Skip), Err(DecideError::Denied(_))));
        decide(&operator, Act::TryAgain).unwrap();
        decide(&operator, Act::Skip).unwrap();
        assert!(matches!(decide(&operator, Act::Skip), Err(DecideError::NotWaiting)));
        assert!(runner.settle(Duration::from_secs(20)));
        assert_eq!(list_stuck(&test.app, &operator).unwrap(), []);
        for owner in [INSTANCE, test.workspace] {
            let mut acts: Vec<String> =
                audit::list(store, owner, None, 2).unwrap().rows.into_iter().map(|row| row.act).collect();
            // Both were written at the same moment.
            acts.sort();
            assert_eq!(acts, ["event.skipped", "event.tried_again"]);
        }
    }
}
