//! What a person can still do about it.

use super::doing::Way;
use super::whose::Row;
use crate::authz::{Actor, Permission};
use crate::drafts::{Draft, DraftState};
use crate::events::Happened;
use crate::messaging::{Delivery, Message};
use crate::outreach::{Enrolment, State};

/// The way to put it right; `None` where there is none any more, or where it is not this person's to do.
pub fn way_of(actor: &Actor, what: &Happened, row: &Row) -> Option<Way> {
    match row {
        Row::Reply(reply) => Some(Way::page("Read or correct it", format!("/replies/{}", reply.id))),
        Row::Draft(draft) => way_of_draft(actor, draft),
        Row::Booking(booking) => Some(Way::page("Move or cancel it", format!("/calendar/{}", booking.id))),
        Row::Enrolment(enrolment) => way_of_lead(actor, enrolment),
        Row::Message(message) => way_of_message(actor, message),
        Row::None => match what {
            Happened::Unsubscribed { .. } if actor.may(Permission::ViewSuppressions) => {
                Some(Way::page("See the opt-outs", "/suppressions".to_owned()))
            }
            _ => None,
        },
    }
}

fn way_of_draft(actor: &Actor, draft: &Draft) -> Option<Way> {
    if !actor.may(Permission::ApproveDrafts) {
        return None;
    }
    match draft.state {
        DraftState::Pending => Some(Way::page("Decide", format!("/approvals/{}", draft.id))),
        // Its message waits for its turn.
        DraftState::Scheduled => Some(Way::act("Take it back", format!("/approvals/{}/undo", draft.id))),
        _ => draft.reply.map(|reply| Way::page("Their answer", format!("/replies/{reply}"))),
    }
}

fn way_of_lead(actor: &Actor, enrolment: &Enrolment) -> Option<Way> {
    let ended = matches!(enrolment.state, State::Stopped { .. });
    let may = actor.may(Permission::EditOutreach) && ended && !enrolment.came.opted_out && !enrolment.came.bounced;
    let act = || format!("/outreach/{}/leads/{}/resume", enrolment.worker, enrolment.id);
    may.then(|| Way::act("Go on with the sequence", act()))
}

fn way_of_message(actor: &Actor, message: &Message) -> Option<Way> {
    match message.state {
        Delivery::NeedsHuman { .. } if actor.may(Permission::EditOutreach) => {
            Some(Way::page("Say what became of it", "/needs-a-look".to_owned()))
        }
        _ => None,
    }
}
