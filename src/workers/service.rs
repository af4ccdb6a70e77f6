//! Making, changing and switching workers.

use super::escalation::Guidelines;
use super::model::{Autonomy, FollowUps, Hours, Limits, Meeting, Off, Sender, Tone, Worker, WorkerState};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ConnectionId, Mistakes, SequenceId, UnixMillis, WorkerId, WorkspaceId};
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

/// Minutes kept free around a meeting, and between now and the first one.
const LONGEST_BUFFER: u32 = 480;
const LONGEST_NOTICE: u32 = 60 * 24 * 60;

/// Mailboxes of one worker.
const MOST_MAILBOXES: usize = 20;

/// What a person may set.
#[derive(Clone, Debug, Default)]
pub struct WorkerForm {
    pub name: String,
    pub goal: String,
    pub audience_tag: String,
    pub sequence: Option<SequenceId>,
    pub mailbox: Option<ConnectionId>,
    pub more_mailboxes: Vec<ConnectionId>,
    pub review: bool,
    pub calendar: Option<ConnectionId>,
    pub meeting: Meeting,
    pub limits: Limits,
    pub hours: Hours,
    pub sender: Sender,
    pub tone: Tone,
}

impl WorkerForm {
    /// A new worker's form: it is signed by whoever makes it.
    pub fn fresh(signed_by: &str) -> Self {
        Self { sender: Sender { name: signed_by.to_owned(), ..Sender::default() }, ..Self::default() }
    }

    /// The form as it stands for a worker.
    pub fn of(worker: &Worker) -> Self {
        Self {
            name: worker.name.clone(),
            goal: worker.goal.clone(),
            audience_tag: worker.audience_tag.clone(),
            sequence: worker.sequence,
            mailbox: worker.mailbox,
            more_mailboxes: worker.more_mailboxes.clone(),
            review: worker.review,
            calendar: worker.calendar,
            meeting: worker.meeting.clone(),
            limits: worker.limits.clone(),
            hours: worker.hours.clone(),
            sender: worker.sender.clone(),
            tone: worker.tone,
        }
    }

    /// Everything that is wrong with the form itself, in its order.
    fn mistakes(&self, hard_daily_cap: u32) -> Mistakes {
        let mut wrong = Mistakes::default();
        wrong.expect(!self.name.trim().is_empty(), "name", "Write a name, so that you know it in lists.");
        wrong.expect(self.name.chars().count() <= 80, "name", "A name has at most 80 characters.");
        wrong.expect(self.goal.chars().count() <= 2000, "goal", "Say it in at most 2,000 characters.");
        for (field, text, longest) in self.texts() {
            wrong.expect(text.chars().count() <= longest, field, format!("At most {longest} characters."));
        }
        let meeting = &self.meeting;
        wrong.expect((5..=480).contains(&meeting.minutes), "meeting_minutes", "A meeting has 5 to 480 minutes.");
        wrong.expect(meeting.buffer_before <= LONGEST_BUFFER, "buffer_before", "At most 480 minutes.");
        wrong.expect(meeting.buffer_after <= LONGEST_BUFFER, "buffer_after", "At most 480 minutes.");
        wrong.expect(meeting.notice <= LONGEST_NOTICE, "notice", "At most 60 days.");
        for (field, number) in [("per_day", self.limits.per_day), ("per_domain_day", self.limits.per_domain_day)] {
            let words = format!("Between 1 and {hard_daily_cap}, the limit of this server.");
            wrong.expect((1..=hard_daily_cap).contains(&number), field, words);
        }
        let most = Limits::MOST_PER_CONTACT;
        let words = format!("Between 1 and {most} mails to one contact.");
        wrong.expect((1..=most).contains(&self.limits.per_contact), "per_contact", words);
        let most = Limits::MOST_FOLLOW_UP_PERCENT;
        let words = format!("Between 0 and {most} %.");
        wrong.expect(self.limits.follow_up_percent <= most, "follow_up_percent", words);
        let days = &self.hours.days;
        wrong.expect(!days.is_empty(), "days", "Choose at least one day.");
        wrong.expect(days.iter().all(|day| (1..=7).contains(day)), "days", "Days are 1 (Monday) to 7 (Sunday).");
        let ends_later = self.hours.from < self.hours.to && self.hours.to <= 24 * 60;
        wrong.expect(ends_later, "hours", "The end must be later than the beginning.");
        wrong
    }

    /// Texts that stand in mails or on pages, with the most characters of each.
    fn texts(&self) -> [(&'static str, &str, usize); 6] {
        [
            ("audience_tag", &self.audience_tag, 40),
            ("meeting_title", &self.meeting.title, 120),
            ("place", &self.meeting.place, 500),
            ("sender_name", &self.sender.name, 120),
            ("sender_role", &self.sender.role, 120),
            ("signature", &self.sender.signature, 2000),
        ]
    }

    fn put_into(&self, worker: &mut Worker) {
        worker.name = self.name.trim().to_owned();
        worker.goal = self.goal.trim().to_owned();
        worker.audience_tag = self.audience_tag.trim().to_owned();
        worker.sequence = self.sequence;
        // The first of several is the mailbox; the others follow.
        let mut all = self.mailbox.into_iter().chain(self.more_mailboxes.iter().copied());
        worker.mailbox = all.next();
        worker.more_mailboxes = all.filter(|id| Some(*id) != worker.mailbox).collect();
        worker.review = self.review;
        worker.calendar = self.calendar;
        worker.meeting = self.meeting.clone();
        worker.limits = self.limits.clone();
        worker.hours = self.hours.clone();
        worker.hours.days.sort_unstable();
        worker.hours.days.dedup();
        worker.sender = self.sender.clone();
        worker.tone = self.tone;
    }
}

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
        Ok(audit::record(txn, actor.workspace, now, &who(actor), "worker.paused", &on, reason)?)
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
    audit::record(txn, actor.workspace, now, &who(actor), act, "workspace", &detail)
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

pub(super) fn note(
    txn: &mut Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    worker: &Worker,
    detail: &str,
) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &who(actor), act, &format!("worker {}", worker.id), detail)
}

fn who(actor: &Actor) -> Who {
    Who::of(actor)
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
