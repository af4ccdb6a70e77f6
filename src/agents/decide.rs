//! A person decides about a draft: approve, edit, rewrite, reject, take back.

use std::time::Duration;

use super::errors::AgentError;
use super::follow_ups;
use super::words::clock_words;
use super::write::{compose, Style};
use crate::app::{App, Occasion, Renewed};
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{DraftId, Mistakes, UnixMillis, WorkspaceId};
use crate::connections;
use crate::drafts::{self, Decision, Draft, DraftState, Figures, Intent, SourceKind};
use crate::events::{self, Happened};
use crate::language::ground::is_link;
use crate::language::merge;
use crate::messaging::{self, Delivery, Message, NewMessage, Purpose};
use crate::store::{StoreError, Txn};
use crate::workers::PAUSED_ALL;

/// Longer is no answer any more.
const MOST_CHARS: usize = 10_000;
const MOST_SUBJECT_CHARS: usize = 200;

#[cfg(test)]
pub fn approve(app: &App, actor: &Actor, id: DraftId) -> Result<Draft, AgentError> {
    approve_seen(app, actor, id, None)
}

/// Approves a draft: its message is enqueued in the transaction that says so, once. The same person again changes
/// nothing; somebody else hears who was first. `seen` stands for the words that were read ([`words_of`]): others do not
/// leave by it. Without any nothing is compared.
pub fn approve_seen(app: &App, actor: &Actor, id: DraftId, seen: Option<u64>) -> Result<Draft, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    approve_as(app, actor, id, seen, false)
}

/// A number for whom a draft goes to and what it says: where any of it is another, so is the number.
pub fn words_of(draft: &Draft) -> u64 {
    let (to, subject) = (draft.to.display().as_bytes(), draft.final_subject().as_bytes());
    merge::seed(&[to, &[0], subject, &[0], draft.final_text().as_bytes()])
}

/// For so long a person's "send" can be taken back.
const TIME_TO_UNDO: Duration = Duration::from_secs(10);

/// `automatic`: nobody pressed a button, the owner's settings did.
pub(super) fn approve_as(
    app: &App,
    actor: &Actor,
    id: DraftId,
    seen: Option<u64>,
    automatic: bool,
) -> Result<Draft, AgentError> {
    let now = app.now();
    let standing = drafts::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
    if !standing.is_pending() {
        return decided_before(app, actor, standing);
    }
    // What leaves by itself does so as soon as it is written; what has waited for longer is a person's.
    if !automatic {
        times_stand(app, actor.workspace, id)?;
    }
    let message = message_of(app, &standing, now)?;
    let message = if automatic { message } else { message.due(now.plus(TIME_TO_UNDO)) };
    let outcome = app.store.write(|txn| {
        let draft = drafts::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        if !draft.is_pending() {
            return Ok(Err(draft));
        }
        may_leave(&draft, now)?;
        if seen.is_some_and(|seen| seen != words_of(&draft)) {
            return Err(AgentError::Changed("The draft reads differently since you opened it. Read it again.".into()));
        }
        // The text may have been edited since the message was put together.
        let message = message.clone().words(draft.final_subject(), draft.final_text()).offering(&offers(&draft, now));
        schedule(app, txn, actor, draft, &message, automatic, now).map(Ok).map_err(AgentError::from)
    })?;
    outcome.or_else(|draft| decided_before(app, actor, draft))
}

/// Looks at the times that a draft offers once more, in the room that knows them.
pub(super) fn renew(app: &App, workspace: WorkspaceId, id: DraftId, occasion: Occasion) -> Result<Renewed, StoreError> {
    app.between().map_or(Ok(Renewed::Stands), |between| (between.renew_offer)(app, workspace, id, occasion))
}

/// A person wants the offer written anew with times of now; what was changed in it is dropped.
pub fn offer_anew(app: &App, actor: &Actor, id: DraftId) -> Result<(), AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    match renew(app, actor.workspace, id, Occasion::Wanted)? {
        Renewed::Anew => Ok(()),
        Renewed::Stuck(why) => Err(AgentError::Held(why)),
        Renewed::Overtaken => Err(overtaken()),
        Renewed::Stands => {
            let draft = drafts::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
            Err(match draft.is_pending() {
                true => AgentError::Held("There is no other way to put this one.".into()),
                false => AgentError::Decided(outcome_words(app, &draft)?),
            })
        }
    }
}

fn overtaken() -> AgentError {
    AgentError::Changed("It was changed meanwhile. Look at it again.".into())
}

/// What was read with times that no longer stand does not leave with others that nobody has read.
fn times_stand(app: &App, workspace: WorkspaceId, id: DraftId) -> Result<(), AgentError> {
    match renew(app, workspace, id, Occasion::Leaves)? {
        Renewed::Stands => Ok(()),
        Renewed::Stuck(why) => Err(AgentError::Held(why)),
        Renewed::Overtaken => Err(overtaken()),
        Renewed::Anew => {
            let words = "Times that it offered have passed or are taken, so it offers others now. Read it again.";
            Err(AgentError::Changed(words.into()))
        }
    }
}

fn may_leave(draft: &Draft, now: UnixMillis) -> Result<(), AgentError> {
    if draft.is_over(now) {
        return Err(AgentError::Decided("This draft has expired: it was left for more than 72 hours.".into()));
    }
    // Who has changed the words has looked.
    if draft.offered.iter().any(|(start, _)| *start <= now) && !draft.is_edited() {
        let words = "Times that it offers have passed. Change its words, or reject it and answer with others.";
        return Err(AgentError::Held(words.into()));
    }
    let (links, claims): (Vec<&str>, Vec<&str>) = draft.held().into_iter().partition(|claim| is_link(claim));
    if !claims.is_empty() {
        return Err(AgentError::Held(format!("This stands in no source: “{}”.", claims.join("”, “"))));
    }
    if !links.is_empty() {
        let links = links.join("”, “");
        return Err(AgentError::Held(format!("This link is not allowed in Settings, Workspace: “{links}”.")));
    }
    Ok(())
}

fn message_of(app: &App, draft: &Draft, now: UnixMillis) -> Result<NewMessage, AgentError> {
    let connection = connections::get(&app.store, draft.workspace, draft.connection)?;
    let connection = connection.ok_or_else(|| AgentError::Held("The mailbox is no longer connected.".into()))?;
    if draft.intent == Intent::FollowUp {
        return follow_ups::message_of(app, draft, &connection, now);
    }
    let new = NewMessage::new(now, draft.workspace, draft.contact, Purpose::Answer, &connection, &draft.to)
        .to_name(&draft.to_name)
        .draft(draft.id);
    let new = draft.worker.into_iter().fold(new, NewMessage::worker);
    let new = draft.booking.into_iter().fold(new, NewMessage::booking);
    let reply = match draft.reply {
        Some(reply) => messaging::get_reply(&app.store, draft.workspace, reply)?,
        None => None,
    };
    Ok(match reply {
        Some(reply) => new.answering(&reply.message_id, &reply.references, reply.provider_thread.as_deref()),
        None => new,
    })
}

/// What its text offers that is still to come. Of the times that it was written with, a person may have left some out;
/// where none of them can be found again in words of a person's own, all count.
fn offers(draft: &Draft, now: UnixMillis) -> Vec<(UnixMillis, UnixMillis)> {
    let is_edited = draft.final_text() != draft.text;
    let named = Some(draft.named_times()).filter(|named| is_edited && named.contains(&true));
    let is_kept = |at: usize| named.as_ref().is_none_or(|named| named.get(at) == Some(&true));
    let ahead = draft.offered.iter().enumerate().filter(|(at, (start, _))| *start > now && is_kept(*at));
    ahead.map(|(_, time)| *time).collect()
}

fn schedule(
    app: &App,
    txn: &mut Txn<'_>,
    actor: &Actor,
    mut draft: Draft,
    message: &NewMessage,
    automatic: bool,
    now: UnixMillis,
) -> Result<Draft, StoreError> {
    let sent = messaging::enqueue(app, txn, message, now)?;
    draft.message = Some(sent.id);
    draft.state = match sent.state {
        Delivery::NotSent { reason } => DraftState::NotSent { reason },
        _ => DraftState::Scheduled,
    };
    draft.decided = Some(decision(actor, automatic, now));
    drafts::put(txn, &draft)?;
    if !automatic {
        let edited = u32::from(draft.is_edited());
        count(txn, &draft, |figures| {
            figures.approved += 1;
            figures.edited += edited;
        })?;
    }
    mark_handled(txn, &draft, Some(now))?;
    let how = match (automatic, draft.is_edited()) {
        (true, _) => "by itself, as the owner allowed",
        (false, true) => "edited before",
        (false, false) => "as written",
    };
    note(txn, actor, now, "draft.approved", &draft, how)?;
    decided(txn, &draft, true, now)?;
    Ok(draft)
}

/// Somebody was first. For who decided the same way before (a form sent twice) that is no news.
fn decided_before(app: &App, actor: &Actor, draft: Draft) -> Result<Draft, AgentError> {
    let approved = draft.message.is_some();
    if approved && draft.decided.as_ref().is_some_and(|decision| decision.by == Who::of(actor)) {
        return Ok(draft);
    }
    Err(AgentError::Decided(outcome_words(app, &draft)?))
}

/// "Sam Okafor approved it at 10:02."
pub fn outcome_words(app: &App, draft: &Draft) -> Result<String, StoreError> {
    let done = match &draft.state {
        DraftState::Pending => return Ok("It waits for a decision.".into()),
        DraftState::Expired => return Ok("This draft has expired: it was left for more than 72 hours.".into()),
        DraftState::Withdrawn { reason } => {
            return Ok(format!("{reason} So this draft was withdrawn.").trim().to_owned())
        }
        DraftState::Rejected { .. } => "rejected",
        DraftState::Scheduled | DraftState::Sent | DraftState::NotSent { .. } => "approved",
    };
    let Some(decision) = &draft.decided else { return Ok(format!("It was {done}.")) };
    let at = clock_words(app, draft.workspace, decision.at)?;
    Ok(format!("{} {done} it at {at}.", decision.name))
}

pub fn reject(app: &App, actor: &Actor, id: DraftId, reason: &str) -> Result<Draft, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    let reason: String = reason.trim().chars().take(500).collect();
    let outcome = app.store.write(|txn| {
        let mut draft = drafts::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        if !draft.is_pending() {
            return Ok::<_, AgentError>(Err(draft));
        }
        draft.state = DraftState::Rejected { reason: reason.clone() };
        draft.decided = Some(decision(actor, false, now));
        drafts::put(txn, &draft)?;
        count(txn, &draft, |figures| figures.rejected += 1)?;
        note(txn, actor, now, "draft.rejected", &draft, "")?;
        decided(txn, &draft, false, now)?;
        Ok(Ok(draft))
    })?;
    match outcome {
        Ok(draft) => Ok(draft),
        Err(draft) if matches!(draft.state, DraftState::Rejected { .. }) => Ok(draft),
        Err(draft) => Err(AgentError::Decided(outcome_words(app, &draft)?)),
    }
}

/// Takes the last decision back: an approval while its message still waits, a rejection any time before the end.
pub fn undo(app: &App, actor: &Actor, id: DraftId) -> Result<Draft, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut draft = drafts::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        match (&draft.state, draft.message) {
            (DraftState::Pending, _) => return Ok(draft),
            (DraftState::Scheduled, Some(message)) => {
                if !messaging::cancel(txn, actor.workspace, message, "Taken back before it left.")? {
                    return Err(AgentError::Decided("It is leaving or has left; it cannot be taken back.".into()));
                }
                uncount_approval(txn, &draft, true)?;
            }
            (DraftState::Rejected { .. }, _) => {
                count(txn, &draft, |figures| figures.rejected = figures.rejected.saturating_sub(1))?;
            }
            _ => return Err(AgentError::Decided("There is nothing to take back any more.".into())),
        }
        if draft.is_over(now) {
            return Err(AgentError::Decided("Its 72 hours are over; it cannot come back.".into()));
        }
        draft.state = DraftState::Pending;
        draft.message = None;
        draft.decided = None;
        drafts::put(txn, &draft)?;
        note(txn, actor, now, "draft.taken_back", &draft, "")?;
        returned(txn, &draft, now)?;
        Ok(draft)
    })
}

/// Everything was paused: an approved answer that has not left waits for its decision again; one that is too old by
/// now is over.
pub(super) fn recall(app: &App, workspace: WorkspaceId, id: DraftId) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(mut draft) = drafts::find(txn, workspace, id)? else { return Ok(()) };
        let (DraftState::Scheduled, Some(message)) = (&draft.state, draft.message) else { return Ok(()) };
        if !messaging::cancel(txn, workspace, message, PAUSED_ALL)? {
            return Ok(());
        }
        uncount_approval(txn, &draft, false)?;
        if draft.is_over(now) {
            draft.state = DraftState::NotSent { reason: PAUSED_ALL.to_owned() };
        } else {
            (draft.state, draft.message, draft.decided) = (DraftState::Pending, None, None);
        }
        drafts::put(txn, &draft)?;
        note(txn, &Actor::system(workspace), now, "draft.taken_back", &draft, PAUSED_ALL)?;
        returned(txn, &draft, now)
    })
}

/// Its message did not leave, as a dry run kept it here or times that it offers have passed or are taken: the draft waits
/// for a decision again, or is over when it is too old by now.
pub(super) fn bring_back(app: &App, workspace: WorkspaceId, message: &Message) -> Result<(), StoreError> {
    let (Some(id), now) = (message.draft, app.now()) else { return Ok(()) };
    app.store.write(|txn| {
        let Some(mut draft) = drafts::find(txn, workspace, id)? else { return Ok(()) };
        if draft.state != DraftState::Scheduled || draft.message != Some(message.id) {
            return Ok(());
        }
        uncount_approval(txn, &draft, false)?;
        draft.would_have_left = message.noted.would_have_left;
        let act = if draft.would_have_left.is_some() { "draft.rehearsed" } else { "draft.taken_back" };
        if draft.is_over(now) {
            let reason = if let Delivery::NotSent { reason } = &message.state { reason.as_str() } else { "" };
            draft.state = DraftState::NotSent { reason: reason.to_owned() };
        } else {
            (draft.state, draft.message, draft.decided) = (DraftState::Pending, None, None);
        }
        drafts::put(txn, &draft)?;
        note(txn, &Actor::system(workspace), now, act, &draft, "")?;
        returned(txn, &draft, now)
    })
}

/// The approval did not come to pass: its reply is open again, and a person's decision counts for nothing.
fn uncount_approval(txn: &mut Txn<'_>, draft: &Draft, by_person: bool) -> Result<(), StoreError> {
    mark_handled(txn, draft, None)?;
    if draft.decided.as_ref().is_some_and(|decision| decision.automatic) {
        // A person who takes back what the worker did alone tells against it; the kill switch does not.
        return if by_person { count(txn, draft, |figures| figures.taken_back += 1) } else { Ok(()) };
    }
    let edited = u32::from(draft.is_edited());
    count(txn, draft, |figures| {
        figures.approved = figures.approved.saturating_sub(1);
        figures.edited = figures.edited.saturating_sub(edited);
    })
}

/// Said of an answer that holds a merge field.
pub(super) const NO_FIELDS: &str =
    "“{{” would be read by them as it stands: an answer has no fields. Write the word itself.";

/// Keeps a person's own wording; the engine's stays beside it on record.
pub fn edit(app: &App, actor: &Actor, id: DraftId, subject: &str, text: &str) -> Result<Draft, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let (subject, text, now) = (subject.trim(), text.trim().replace("\r\n", "\n"), app.now());
    let mut wrong = Mistakes::default();
    let has_subject =
        !subject.is_empty() && subject.chars().count() <= MOST_SUBJECT_CHARS && !subject.contains(['\r', '\n']);
    wrong.expect(has_subject, "subject", "A subject has one line of 1 to 200 characters.");
    wrong.expect(!text.is_empty(), "text", "Write the answer, or reject the draft.");
    wrong.expect(text.chars().count() <= MOST_CHARS, "text", "At most 10,000 characters.");
    for (field, typed) in [("subject", subject), ("text", text.as_str())] {
        wrong.expect(!typed.contains("{{"), field, NO_FIELDS);
    }
    wrong.into_result()?;
    change(app, actor, id, "draft.edited", |app, txn, draft| {
        draft.edited_text = Some(text.clone()).filter(|text| *text != draft.text);
        draft.edited_subject = Some(subject.to_owned()).filter(|subject| *subject != draft.subject);
        draft.edited_at = draft.is_edited().then_some(now);
        draft.ungrounded = drafts::ground(app, txn, draft)?;
        Ok(())
    })
}

/// Writes the draft again in another style; what a person had changed in it is dropped.
pub fn rewrite(app: &App, actor: &Actor, id: DraftId, style: Style) -> Result<Draft, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let standing = drafts::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
    let no_other = || AgentError::Held("There is no other way to put this one.".into());
    let reply = match standing.reply.filter(|_| standing.intent != Intent::Meeting) {
        Some(reply) => messaging::get_reply(&app.store, actor.workspace, reply)?.ok_or_else(no_other)?,
        None => return Err(no_other()),
    };
    let composed = compose(app, &reply, standing.intent, style)?.ok_or_else(no_other)?;
    change(app, actor, id, "draft.rewritten", |app, txn, draft| {
        draft.text = composed.text.body.clone();
        draft.edited_text = None;
        if !draft.engine.is_empty() {
            // It rests on what the built-in engine found, no longer on what a service had.
            draft.sources.retain(|source| source.kind == SourceKind::Template);
            draft.sources.extend(composed.sources.iter().cloned());
            draft.engine = String::new();
            draft.needs_person = String::new();
        }
        let template = draft.sources.iter_mut().find(|source| source.kind == SourceKind::Template);
        if let Some(template) = template {
            template.words = composed.text.template.clone();
        }
        draft.ungrounded = drafts::ground(app, txn, draft)?;
        Ok(())
    })
}

fn change(
    app: &App,
    actor: &Actor,
    id: DraftId,
    act: &str,
    mut change: impl FnMut(&App, &mut Txn<'_>, &mut Draft) -> Result<(), StoreError>,
) -> Result<Draft, AgentError> {
    let now = app.now();
    let outcome = app.store.write(|txn| {
        let mut draft = drafts::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        if !draft.is_pending() || draft.is_over(now) {
            return Ok::<_, AgentError>(Err(draft));
        }
        change(app, txn, &mut draft)?;
        drafts::put(txn, &draft)?;
        note(txn, actor, now, act, &draft, "")?;
        Ok(Ok(draft))
    })?;
    match outcome {
        Ok(draft) => Ok(draft),
        Err(draft) if draft.is_pending() => Err(AgentError::Decided("This draft has expired.".into())),
        Err(draft) => Err(AgentError::Decided(outcome_words(app, &draft)?)),
    }
}

fn decision(actor: &Actor, automatic: bool, at: UnixMillis) -> Decision {
    Decision { by: Who::of(actor), name: actor.display.clone(), at, automatic }
}

fn count(txn: &mut Txn<'_>, draft: &Draft, change: impl FnOnce(&mut Figures)) -> Result<(), StoreError> {
    match draft.worker {
        Some(worker) => drafts::count_decision(txn, draft.workspace, worker, (&draft.label, &draft.engine), change),
        None => Ok(()),
    }
}

/// A reply is dealt with once its answer is on its way.
fn mark_handled(txn: &mut Txn<'_>, draft: &Draft, at: Option<UnixMillis>) -> Result<(), StoreError> {
    let Some(reply) = draft.reply else { return Ok(()) };
    let Some(mut reply) = messaging::find_reply(txn, draft.workspace, reply)? else { return Ok(()) };
    reply.handled_at = at;
    messaging::update_reply(txn, &reply)
}

fn decided(txn: &mut Txn<'_>, draft: &Draft, approved: bool, now: UnixMillis) -> Result<(), StoreError> {
    let what = Happened::DraftDecided { draft: draft.id, contact: draft.contact, approved };
    events::append(txn, draft.workspace, now, what).map(|_| ())
}

/// Open pages hear that it waits again, where it does.
fn returned(txn: &mut Txn<'_>, draft: &Draft, now: UnixMillis) -> Result<(), StoreError> {
    if !draft.is_pending() {
        return Ok(());
    }
    let what = Happened::DraftReturned { draft: draft.id, contact: draft.contact };
    events::append(txn, draft.workspace, now, what).map(|_| ())
}

fn note(
    txn: &mut Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    draft: &Draft,
    detail: &str,
) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("draft {}", draft.id), detail)
}
