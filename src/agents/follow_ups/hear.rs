//! What plans a follow-up, and what ends it. Each reaction looks at what stands, so the same event again changes nothing.

use crate::app::App;
use crate::base::{ContactId, DraftId, MessageId, ReplyId, UnixMillis, WorkerId, WorkspaceId};
use crate::contacts;
use crate::drafts::{self, Draft, DraftState, Intent};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::follow_ups::{self, Ended, FollowUp, NewFollowUp, State, Whom};
use crate::jobs::NewJob;
use crate::messaging::{self, days_after, hours_for, Message, Purpose, Reply};
use crate::store::{StoreError, Txn};
use crate::workers;
use crate::workspaces;

/// Who asked or was interested may be reminded of our answer; nobody else.
pub(super) const FOLLOWED_UP: [&str; 2] = ["interested", "question"];
/// Answers of one contact among which the one is that a mail of ours answers.
const LOOK_BACK: usize = 20;
/// Follow-ups ended in one transaction.
const BATCH: usize = 8;
/// Open ones of a worker that the kill switch looks at.
const MOST_OPEN: usize = 1_000;

pub struct FollowUps;

impl Subscriber<App> for FollowUps {
    fn name(&self) -> &'static str {
        "agents.follow_ups"
    }

    /// A reaction: nobody wants to be reminded of an old answer.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        let over = |contact, reason: &str| end(app, workspace, contact, reason, now);
        match &event.what {
            Happened::MessageSent { message, .. } => sent(app, workspace, *message, now),
            Happened::MessageNotSent { message, contact, reason } => {
                not_sent(app, workspace, *message, *contact, reason, now)
            }
            Happened::MessageRehearsed { message, contact } => rehearsed(app, workspace, *message, *contact, now),
            Happened::DraftDecided { draft, contact, approved } => {
                decided(app, workspace, *draft, *contact, *approved, now)
            }
            Happened::MessageReceived { reply, contact, .. } => {
                match messaging::get_reply(&app.store, workspace, *reply)? {
                    Some(found) if !found.automatic => over(*contact, "They answered."),
                    _ => Ok(()),
                }
            }
            Happened::ReplyClassified { reply, contact, label }
            | Happened::ReplyCorrected { reply, contact, label } => read(app, workspace, *reply, *contact, label, now),
            Happened::BookingConfirmed { contact, .. } => over(*contact, "A meeting was booked."),
            Happened::Unsubscribed { contact: Some(contact), .. } => over(*contact, "They asked not to be written to."),
            Happened::Suppressed { contact: Some(contact), reason, .. } => over(*contact, &format!("{reason}.")),
            Happened::WorkerPaused { worker, reason } if reason == workers::PAUSED_ALL => {
                take_back(app, workspace, *worker, now)
            }
            Happened::WorkerDeleted { worker } => worker_gone(app, workspace, *worker, now),
            _ => Ok(()),
        }
    }
}

/// A mail has left: an answer is followed up, and after a follow-up the next one is planned.
fn sent(app: &App, workspace: WorkspaceId, id: MessageId, now: UnixMillis) -> Result<(), StoreError> {
    let Some(message) = messaging::get_message(&app.store, workspace, id)? else { return Ok(()) };
    let new = NewFollowUp::new(workspace, now);
    match message.purpose {
        Purpose::Answer => app.store.write(|txn| {
            let Some(reply) = answered_by(txn, &message)? else { return Ok(()) };
            // Planned once: the same event again finds it.
            let known = follow_ups::of_contact(txn, workspace, message.contact)?;
            if known.iter().any(|row| row.after == message.id) {
                return Ok(());
            }
            plan_next(txn, &message, &reply, 1, &new, now)
        }),
        Purpose::Outreach => app.store.write(|txn| {
            let Some(open) = follow_ups::open_of_contact(txn, workspace, message.contact)? else { return Ok(()) };
            if open.state != (State::Queued { message: message.id }) {
                return match message.sent_at >= Some(open.made_at) {
                    true => {
                        follow_ups::end_open(txn, workspace, message.contact, "We wrote again since.", now).map(drop)
                    }
                    false => Ok(()),
                };
            }
            follow_ups::turn(txn, &open, State::Sent { message: message.id }, now)?;
            match messaging::find_reply(txn, workspace, open.reply)? {
                Some(reply) => plan_next(txn, &message, &reply, open.number.saturating_add(1), &new, now),
                None => Ok(()),
            }
        }),
        Purpose::Transactional | Purpose::Test => Ok(()),
    }
}

/// The answer of theirs that a mail of ours answers.
fn answered_by(txn: &mut Txn<'_>, message: &Message) -> Result<Option<Reply>, StoreError> {
    let parent = message.in_reply_to.as_deref();
    let newest = messaging::list_replies_of_contact(txn, message.workspace, message.contact, LOOK_BACK)?;
    Ok(newest.into_iter().find(|reply| Some(reply.message_id.as_str()) == parent))
}

fn plan_next(
    txn: &mut Txn<'_>,
    message: &Message,
    reply: &Reply,
    number: u8,
    new: &NewFollowUp,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let workspace = message.workspace;
    let Some(id) = reply.worker else { return Ok(()) };
    let Some(worker) = workers::find(txn, workspace, id)? else { return Ok(()) };
    let rule = &worker.follow_ups;
    if !rule.on || number > rule.most || !is_followed_up(reply) || is_over(txn, message, reply)? {
        return Ok(());
    }
    let Some(contact) = contacts::find(txn, workspace, message.contact)? else { return Ok(()) };
    let Some(home) = workspaces::find(txn, workspace)? else { return Ok(()) };
    let days = if number == 1 { rule.after_days } else { rule.then_days };
    let hours = hours_for(&worker, &contact, &home);
    let due = days_after(message.sent_at.unwrap_or(now), i32::from(days), true, &hours);
    let whom = Whom { workspace, worker: id, contact: contact.id, reply: reply.id, after: message.id };
    follow_ups::plan(txn, new, whom, number, due, now)
}

/// They asked or were interested, and nothing about it is delicate.
pub(super) fn is_followed_up(reply: &Reply) -> bool {
    let Some(reading) = &reply.reading else { return false };
    const DELICATE: [&str; 4] = ["injection", "complaint", "legal", "data_request"];
    let is_delicate = reading.flags.iter().any(|flag| DELICATE.contains(&flag.as_str()));
    FOLLOWED_UP.contains(&reading.label.as_str()) && !reading.undecided && !is_delicate && !reply.automatic
}

/// They have said something newer, or there is a meeting.
pub(super) fn is_over(txn: &mut Txn<'_>, message: &Message, reply: &Reply) -> Result<bool, StoreError> {
    let newest = messaging::list_replies_of_contact(txn, message.workspace, message.contact, LOOK_BACK)?;
    let newer = newest.iter().take_while(|other| other.id != reply.id).any(|other| !other.automatic);
    Ok(newer || has_meeting(txn, reply)?)
}

/// Mails of a contact among which one about a meeting is looked for.
const MAILS: usize = 20;

/// Since their answer a meeting was confirmed to them.
pub(super) fn has_meeting(txn: &mut Txn<'_>, reply: &Reply) -> Result<bool, StoreError> {
    let mails = messaging::find_of_contact(txn, reply.workspace, reply.contact, MAILS)?;
    let tells = |mail: &Message| mail.purpose == Purpose::Transactional && mail.booking.is_some();
    Ok(mails.iter().any(|mail| tells(mail) && mail.queued_at >= reply.received_at))
}

/// Its own mail did not leave: nothing more comes of it.
fn not_sent(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
    contact: ContactId,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let open = follow_ups::open_of_contact(txn, workspace, contact)?;
        match open.filter(|open| open.state == (State::Queued { message })) {
            Some(open) => finish(txn, &open, reason, now),
            None => Ok(()),
        }
    })
}

/// A person decided about its draft, or nobody did in time.
fn decided(
    app: &App,
    workspace: WorkspaceId,
    draft: DraftId,
    contact: ContactId,
    approved: bool,
    now: UnixMillis,
) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let Some(open) = follow_ups::open_of_contact(txn, workspace, contact)? else { return Ok(()) };
        if draft_of(txn, &open)? != Some(draft) {
            return Ok(());
        }
        let Some(draft) = drafts::find(txn, workspace, draft)? else { return Ok(()) };
        match (&draft.state, draft.message) {
            // Taken back meanwhile: it waits for its decision again.
            (DraftState::Pending, _) => Ok(()),
            // It may have left before this was heard; that it did is heard next.
            (DraftState::Scheduled | DraftState::Sent, Some(message)) if approved => {
                follow_ups::turn(txn, &open, State::Queued { message }, now)
            }
            _ => finish(txn, &open, &why(&draft), now),
        }
    })
}

/// In a dry run: an approved draft waits for its decision again, as `agents::follow` sees to, and its follow-up with it.
fn rehearsed(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
    contact: ContactId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let drafted = app.store.write(|txn| {
        let Some(open) = follow_ups::open_of_contact(txn, workspace, contact)? else { return Ok(true) };
        if open.state != (State::Queued { message }) {
            return Ok(false);
        }
        match draft_of(txn, &open)? {
            Some(draft) => follow_ups::turn(txn, &open, State::Drafted { draft }, now).map(|()| true),
            None => Ok(false),
        }
    })?;
    match drafted {
        true => Ok(()),
        false => not_sent(app, workspace, message, contact, messaging::DRY_RUN, now),
    }
}

/// The draft behind one that is open. An approval that was taken back and given anew has another mail.
fn draft_of(txn: &mut Txn<'_>, open: &FollowUp) -> Result<Option<DraftId>, StoreError> {
    Ok(match open.state {
        State::Drafted { draft } => Some(draft),
        State::Queued { message } => {
            messaging::find_message(txn, open.workspace, message)?.and_then(|message| message.draft)
        }
        State::Planned | State::Sent { .. } | State::Ended(_) => None,
    })
}

/// The kill switch (G12): what waits at the gate is taken back. A mail in approved words is put together anew when the
/// worker goes on; an approved draft waits for its decision again, which `agents::follow` sees to.
fn take_back(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    let open = app.store.read(|txn| follow_ups::open_of_worker(txn, workspace, worker, MOST_OPEN))?;
    for row in open.into_iter().filter(|row| matches!(row.state, State::Queued { .. })) {
        let again = follow_ups::due_job(workspace, row.id, now);
        app.store.write(|txn| {
            let Some(row) = follow_ups::find(txn, workspace, row.id)? else { return Ok(()) };
            let State::Queued { message } = row.state else { return Ok(()) };
            match draft_of(txn, &row)? {
                Some(draft) => follow_ups::turn(txn, &row, State::Drafted { draft }, now),
                None if messaging::cancel(txn, workspace, message, workers::PAUSED_ALL)? => {
                    follow_ups::plan_anew(txn, &row, again.clone(), now)
                }
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}

fn why(draft: &Draft) -> String {
    match &draft.state {
        DraftState::Rejected { .. } => "Its draft was rejected.".to_owned(),
        DraftState::Expired => "Nobody decided about its draft in time.".to_owned(),
        DraftState::Withdrawn { reason } | DraftState::NotSent { reason } => reason.clone(),
        DraftState::Pending | DraftState::Scheduled | DraftState::Sent => "Its draft was decided about.".to_owned(),
    }
}

/// How an answer was read: an absence puts off, and one that is no longer a question or interest ends what it began.
fn read(
    app: &App,
    workspace: WorkspaceId,
    id: ReplyId,
    contact: ContactId,
    label: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(reply) = messaging::get_reply(&app.store, workspace, id)? else { return Ok(()) };
    let Some(open) = app.store.read(|txn| follow_ups::open_of_contact(txn, workspace, contact))? else { return Ok(()) };
    let again = follow_ups::due_job(workspace, open.id, now);
    app.store.write(|txn| {
        let Some(open) = follow_ups::find(txn, workspace, open.id)?.filter(|row| row.state.is_open()) else {
            return Ok(());
        };
        if label == "out_of_office" && reply.automatic {
            return put_off(txn, &open, &reply, again.clone(), now);
        }
        if open.reply == id && !is_followed_up(&reply) {
            return finish(txn, &open, "Their answer was read differently since.", now);
        }
        Ok(())
    })
}

/// They are away: it waits until they are back.
pub(super) fn put_off(
    txn: &mut Txn<'_>,
    open: &FollowUp,
    absence: &Reply,
    again: NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if open.state != State::Planned {
        return finish(txn, open, "They are away.", now);
    }
    match back_at(txn, open, absence)? {
        Some(at) if at > open.due => follow_ups::postpone(txn, open, again, at.max(now), now),
        _ => Ok(()),
    }
}

/// When they are back, within the hours of the worker.
pub(super) fn back_at(txn: &mut Txn<'_>, open: &FollowUp, absence: &Reply) -> Result<Option<UnixMillis>, StoreError> {
    let workspace = open.workspace;
    let worker = workers::find(txn, workspace, open.worker)?;
    let contact = contacts::find(txn, workspace, open.contact)?;
    let home = workspaces::find(txn, workspace)?;
    let (Some(worker), Some(contact), Some(home)) = (worker, contact, home) else { return Ok(None) };
    let back = absence.reading.as_ref().and_then(|reading| reading.return_date.clone());
    let hours = hours_for(&worker, &contact, &home);
    Ok(Some(messaging::after_absence(absence.received_at, back.as_deref(), &hours)))
}

fn end(app: &App, workspace: WorkspaceId, contact: ContactId, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    app.store.write(|txn| match follow_ups::open_of_contact(txn, workspace, contact)? {
        Some(open) => finish(txn, &open, reason, now),
        None => Ok(()),
    })
}

/// Ends one, with its draft.
pub(super) fn finish(txn: &mut Txn<'_>, open: &FollowUp, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    follow_ups::end(txn, open, Ended { reason: reason.to_owned(), by_person: false }, now)?;
    if let State::Drafted { draft } = open.state {
        withdraw(txn, open.workspace, draft, reason, now)?;
    }
    Ok(())
}

fn withdraw(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    draft: DraftId,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(draft) = drafts::find(txn, workspace, draft)? else { return Ok(()) };
    if !draft.is_pending() || draft.intent != Intent::FollowUp {
        return Ok(());
    }
    drafts::withdraw_one(txn, draft, reason, now)
}

fn worker_gone(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    loop {
        let count = app.store.write(|txn| {
            let open = follow_ups::open_of_worker(txn, workspace, worker, BATCH)?;
            open.iter().try_for_each(|row| finish(txn, row, "The worker was deleted.", now))?;
            Ok::<_, StoreError>(open.len())
        })?;
        if count < BATCH {
            return Ok(());
        }
    }
}
