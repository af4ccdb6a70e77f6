//! Tells open pages what changed. Pages name their parts by these ids (`data-src` of each says how to fetch it).

use actix_web::{web, HttpResponse};

use crate::agents;
use crate::app::App;
use crate::authz::Actor;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::http::{LiveEvent, PageError};
use crate::store::StoreError;

pub struct Live;

impl Subscriber<App> for Live {
    fn name(&self) -> &'static str {
        "live"
    }

    /// Tells pages that are open now.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let ids = parts(&event.what);
        app.live.publish(event.workspace, &LiveEvent::new("changed", ids.join("\n")));
        if ids.contains(&"queue") {
            let waiting = agents::count_waiting(app, event.workspace)?;
            app.live.publish(event.workspace, &LiveEvent::new("count", format!("/approvals {waiting}")));
        }
        Ok(())
    }
}

/// The parts of pages that an event changes.
fn parts(what: &Happened) -> Vec<&'static str> {
    use Happened as H;
    let mut ids = vec!["feed", "activity"];
    ids.extend::<&[&str]>(match what {
        H::MessageQueued { .. } | H::MessageSent { .. } | H::MessageNotSent { .. } | H::MessageRehearsed { .. } => {
            &["outgoing", "leads", "figures", "today-sending", "frame-sending"]
        }
        H::MeetingLeft { .. } => &["needs-you"],
        H::MessageInDoubt { .. } => &["needs-you", "leads"],
        H::MessageReceived { .. } | H::ReplyClassified { .. } | H::ReplyCorrected { .. } => {
            &["needs-you", "came-in", "replies", "leads", "figures"]
        }
        H::DraftWritten { .. } | H::DraftDecided { .. } | H::DraftReturned { .. } => &["needs-you", "queue"],
        H::BookingProposed { .. }
        | H::BookingConfirmed { .. }
        | H::BookingMoved { .. }
        | H::BookingCancelled { .. }
        | H::BookingNoShow { .. }
        | H::BookingCompleted { .. }
        | H::BookingOutcomeTakenBack { .. }
        | H::BookingFailed { .. } => {
            &["needs-you", "queue", "agenda", "calendar", "figures", "booking", "booking-history"]
        }
        H::WaitlistJoined { .. } | H::WaitlistOffered { .. } | H::WaitlistLeft { .. } => &["waitlist", "calendar"],
        H::PaymentReceived { .. } | H::PaymentEnded { .. } | H::PaymentReturned { .. } => {
            &["payments", "payment", "booking", "calendar"]
        }
        H::MessageBounced { .. } | H::Complained { .. } | H::Unsubscribed { .. } => &["leads", "figures"],
        H::WorkerActivated { .. } | H::WorkerChanged { .. } | H::WorkerPaused { .. } | H::WorkerDeleted { .. } => {
            &["outgoing", "workers", "frame-sending"]
        }
        H::ConnectionLost { .. } | H::ConnectionMade { .. } | H::ConnectionRemoved { .. } => {
            &["connections", "needs-you"]
        }
        H::SendingDomainBroken { .. } | H::SendingDomainMended { .. } => &["needs-you"],
        H::FollowUpDue { .. } | H::TaskOpened { .. } => &["needs-you", "leads"],
        H::AnswerFollowUpPlanned { .. } | H::AnswerFollowUpEnded { .. } => &["leads", "follow-ups"],
        H::Enrolled { .. } | H::EnrolmentEnded { .. } => &["leads", "figures"],
        _ => &[],
    });
    ids
}

/// GET /live: the event stream of the person's workspace.
pub async fn stream(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, PageError> {
    Ok(app.live.subscribe(actor.workspace)?.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ContactId, DraftId};
    use crate::testing::NOW;

    #[test]
    fn whatever_comes_into_the_queue_or_leaves_it_changes_the_queue() {
        let (draft, contact) = (DraftId::new(NOW), ContactId::new(NOW));
        let all = [
            Happened::DraftWritten { draft, contact },
            Happened::DraftDecided { draft, contact, approved: true },
            Happened::DraftReturned { draft, contact },
        ];
        assert!(all.iter().all(|what| parts(what).contains(&"queue")));
    }
}
