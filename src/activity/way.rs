//! What a person can still do about it.

use super::doing::Way;
use super::whose::Row;
use crate::authz::{Actor, Permission};
use crate::base::UnixMillis;
use crate::drafts::{Draft, DraftState};
use crate::events::Happened;
use crate::follow_ups::FollowUp;
use crate::messaging::{Delivery, Message, Reply};
use crate::outreach::{Enrolment, State};
use crate::workers::{Worker, WorkerState};

/// The way to put it right; `None` where there is none any more, or where it is not this person's to do.
pub fn way_of(actor: &Actor, what: &Happened, row: &Row, now: UnixMillis) -> Option<Way> {
    match row {
        Row::Reply(reply) => Some(way_of_reply(actor, what, reply)),
        Row::Draft(draft) => way_of_draft(actor, draft, now),
        Row::Booking(booking) => Some(Way::page("Move or cancel it", format!("/calendar/{}", booking.id))),
        Row::Enrolment(enrolment) => way_of_lead(actor, enrolment),
        Row::FollowUp(follow_up) => way_of_follow_up(actor, follow_up),
        Row::Worker(worker) => way_of_worker(actor, what, worker),
        Row::Message(message) => way_of_message(actor, message),
        Row::None => match what {
            Happened::Unsubscribed { .. } if actor.may(Permission::ViewSuppressions) => {
                Some(Way::page("See the opt-outs", "/suppressions".to_owned()))
            }
            _ => None,
        },
    }
}

/// A correction that stands is taken back with a button, unless it was to an opt-out: that is lifted with a reason, on
/// the answer's own page.
fn way_of_reply(actor: &Actor, what: &Happened, reply: &Reply) -> Way {
    let page = format!("/replies/{}", reply.id);
    let reading = reply.reading.as_ref();
    let stands = match what {
        Happened::ReplyCorrected { label, .. } => reading.is_some_and(|reading| {
            reading.label == *label && reading.corrected_from.is_some() && label != "unsubscribe"
        }),
        _ => false,
    };
    if let Happened::LeadTagged { tag, .. } = what {
        let has = reading.is_some_and(|reading| reading.tagged.as_ref() == Some(tag));
        if has && actor.may(Permission::EditContacts) {
            return Way::act("Take the tag off", format!("{page}/untag"));
        }
    }
    match what {
        _ if stands && actor.may(Permission::HandleReplies) => {
            Way::act("Take the correction back", format!("{page}/uncorrect"))
        }
        Happened::Unsubscribed { .. } => Way::page("Look at it, or undo it", page),
        _ => Way::page("Read or correct it", page),
    }
}

fn way_of_draft(actor: &Actor, draft: &Draft, now: UnixMillis) -> Option<Way> {
    if !actor.may(Permission::ApproveDrafts) {
        return None;
    }
    let undo = || format!("/approvals/{}/undo", draft.id);
    match draft.state {
        DraftState::Pending => Some(Way::page("Decide", format!("/approvals/{}", draft.id))),
        // Its message waits for its turn.
        DraftState::Scheduled => Some(Way::act("Take it back", undo())),
        DraftState::Rejected { .. } if !draft.is_over(now) => Some(Way::act("Open it again", undo())),
        _ => draft.reply.map(|reply| Way::page("Their answer", format!("/replies/{reply}"))),
    }
}

fn way_of_lead(actor: &Actor, enrolment: &Enrolment) -> Option<Way> {
    let ended = matches!(enrolment.state, State::Stopped { .. });
    let may = actor.may(Permission::EditOutreach) && ended && !enrolment.came.opted_out && !enrolment.came.bounced;
    let act = || format!("/outreach/{}/leads/{}/resume", enrolment.worker, enrolment.id);
    may.then(|| Way::act("Go on with the sequence", act()))
}

fn way_of_follow_up(actor: &Actor, follow_up: &FollowUp) -> Option<Way> {
    let may = follow_up.state.is_open() && actor.may(Permission::HandleReplies);
    may.then(|| Way::act("Cancel it", format!("/follow-ups/{}/cancel", follow_up.id)))
}

/// Only the newest switch has a way back: what stands tells which that is.
fn way_of_worker(actor: &Actor, what: &Happened, worker: &Worker) -> Option<Way> {
    if !actor.may(Permission::ActivateWorkers) {
        return None;
    }
    let at = |act: &str| format!("/outreach/{}/{act}", worker.id);
    match (what, &worker.state) {
        (Happened::WorkerPaused { .. }, WorkerState::Paused(off)) if off.by_itself => {
            Some(Way::page("See why, and switch it on", at("why")))
        }
        (Happened::WorkerPaused { reason, .. }, WorkerState::Paused(off)) if off.reason == *reason => {
            worker.activated_at.map(|_| Way::act("Let it go on", at("resume")))
        }
        (Happened::WorkerActivated { .. }, WorkerState::Working) => Some(Way::act("Pause it", at("pause"))),
        _ => None,
    }
}

fn way_of_message(actor: &Actor, message: &Message) -> Option<Way> {
    match message.state {
        Delivery::NeedsHuman { .. } if actor.may(Permission::EditOutreach) => {
            Some(Way::page("Say what became of it", "/needs-a-look".to_owned()))
        }
        _ => None,
    }
}
