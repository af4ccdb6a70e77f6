//! Making, changing and deleting workers.

use super::escalation::Guidelines;
use super::form::WorkerForm;
use super::model::{Autonomy, FollowUps, Hours, Limits, Meeting, Sender, Tone, Worker, WorkerState};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{Mistakes, UnixMillis, WorkerId, WorkspaceId};
use crate::connections::{self, Use};
use crate::events::{self, Happened};
use crate::meetings::{self, Location};
use crate::store::{StoreError, Txn};

#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker")]
    NotFound,
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    #[error("a worker that is working cannot be deleted; switch it off first")]
    StillWorking,
    /// It is off, or stopped by itself: that is for switching on, which looks at everything first.
    #[error("only a worker that a person has paused can go on as it was; switch it on instead")]
    NotPaused,
    #[error("the text was changed since it was read; read it again")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Mailboxes of one worker.
const MOST_MAILBOXES: usize = 20;

/// Makes a worker that is off.
pub fn create(app: &App, actor: &Actor, form: &WorkerForm) -> Result<Worker, WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let wrong = form.mistakes(app.config.outreach.hard_daily_cap);
    let now = app.now();
    let mut worker = Worker {
        id: WorkerId::new(now),
        name: String::new(),
        goal: String::new(),
        audience_tag: String::new(),
        sequence: None,
        mailbox: None,
        more_mailboxes: Vec::new(),
        review: false,
        calendar: None,
        meeting: Meeting::default(),
        books_on: None,
        autonomy: Autonomy::default(),
        limits: Limits::default(),
        hours: Hours::default(),
        sender: Sender::default(),
        tone: Tone::default(),
        guidelines: Guidelines::default(),
        escalations: Vec::new(),
        reply_tags: Default::default(),
        follow_ups: FollowUps::default(),
        dry_run: None,
        state: WorkerState::Off,
        created_at: now,
        activated_at: None,
    };
    form.put_into(&mut worker);
    app.store.write(|txn| {
        check_accounts(txn, actor.workspace, form, None, wrong.clone())?;
        store::put(txn, actor.workspace, &worker)?;
        Ok::<_, WorkerError>(note(txn, actor, now, "worker.created", &worker, "")?)
    })?;
    Ok(worker)
}

/// Everything that would be refused of the form, without saving it.
pub fn check(app: &App, actor: &Actor, id: Option<WorkerId>, form: &WorkerForm) -> Result<(), WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let wrong = form.mistakes(app.config.outreach.hard_daily_cap);
    app.store.read(|txn| {
        let before = match id {
            Some(id) => Some(store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?),
            None => None,
        };
        check_accounts(txn, actor.workspace, form, before.as_ref(), wrong.clone())
    })
}

/// An account that is newly chosen must be one of the workspace's own, and of use. Fails with `wrong` and what is
/// wrong besides.
fn check_accounts(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    form: &WorkerForm,
    before: Option<&Worker>,
    mut wrong: Mistakes,
) -> Result<(), WorkerError> {
    let chosen = [
        ("mailbox", form.mailbox, before.and_then(|worker| worker.mailbox), Use::Outreach),
        ("calendar", form.calendar, before.and_then(|worker| worker.calendar), Use::Calendar),
    ];
    for (field, new, old, wanted) in chosen {
        let Some(id) = new.filter(|_| new != old) else { continue };
        if !connections::find(txn, workspace, id)?.is_some_and(|account| account.can(wanted)) {
            wrong.add(field, format!("There is no connected account here that can be its {field}."));
        }
    }
    let had = before.map(Worker::mailboxes).unwrap_or_default();
    for id in form.more_mailboxes.iter().filter(|id| !had.contains(id)) {
        if !connections::find(txn, workspace, *id)?.is_some_and(|account| account.can(Use::Outreach)) {
            wrong.add("more_mailboxes", "There is no connected account here that can be a mailbox of its.");
        }
    }
    let is_new = |chosen: &&Location| before.is_none_or(|worker| worker.meeting.location() != **chosen);
    if let Some(chosen) = form.meeting.location.as_ref().filter(is_new) {
        if let Some(words) = meetings::unfit(txn, workspace, chosen)? {
            wrong.add(if chosen.host().is_some() { "where" } else { "place" }, words);
        }
    }
    wrong.expect(form.more_mailboxes.len() < MOST_MAILBOXES, "more_mailboxes", "At most 20 mailboxes.");
    Ok(wrong.into_result()?)
}

/// Changes a worker's settings; its state stays.
pub fn update(app: &App, actor: &Actor, id: WorkerId, form: &WorkerForm) -> Result<Worker, WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let wrong = form.mistakes(app.config.outreach.hard_daily_cap);
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        check_accounts(txn, actor.workspace, form, Some(&worker), wrong.clone())?;
        let before = worker.clone();
        form.put_into(&mut worker);
        store::put(txn, actor.workspace, &worker)?;
        note(txn, actor, now, "worker.changed", &worker, "")?;
        if changes_mails(&before, &worker) {
            events::append(txn, actor.workspace, now, Happened::WorkerChanged { worker: id })?;
        }
        Ok(worker)
    })
}

/// What waits to leave would be written, sent or read otherwise now.
fn changes_mails(before: &Worker, after: &Worker) -> bool {
    let of = |worker: &Worker| (worker.review, worker.mailboxes(), worker.sender.clone());
    of(before) != of(after)
}

pub fn delete(app: &App, actor: &Actor, id: WorkerId) -> Result<(), WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        let worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if worker.state.is_working() {
            return Err(WorkerError::StillWorking);
        }
        store::remove(txn, actor.workspace, id)?;
        events::append(txn, actor.workspace, now, Happened::WorkerDeleted { worker: id })?;
        Ok(note(txn, actor, now, "worker.deleted", &worker, "")?)
    })
}

pub(super) fn note(
    txn: &mut Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    worker: &Worker,
    detail: &str,
) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("worker {}", worker.id), detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_worker_has_limits_within_those_of_the_server_and_of_good_manners() {
        let test = testing::app();
        let hard = test.app.config.outreach.hard_daily_cap;
        let limits =
            |per_day, per_domain_day, per_contact| Limits { per_day, per_domain_day, per_contact, ..Limits::default() };
        let cases = [
            (limits(1, 1, 1), None),
            (limits(hard, hard, 4), None),
            (limits(0, 1, 1), Some("per_day")),
            (limits(hard + 1, 1, 1), Some("per_day")),
            (limits(1, 0, 1), Some("per_domain_day")),
            (limits(1, hard + 1, 1), Some("per_domain_day")),
            (limits(1, 1, 0), Some("per_contact")),
            (limits(1, 1, 5), Some("per_contact")),
        ];
        for (limits, refused) in cases {
            let form = WorkerForm { name: "Hotels".into(), limits: limits.clone(), ..WorkerForm::default() };
            let field = match create(&test.app, &test.owner, &form) {
                Ok(_) => None,
                Err(WorkerError::Invalid(mistakes)) => mistakes.fields().next(),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(field, refused, "{limits:?}");
        }
    }
}
