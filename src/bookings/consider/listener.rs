//! Which events let the times of an answer be looked at.

use super::{Payload, CONSIDER, LABEL};
use crate::app::App;
use crate::availability;
use crate::base::{ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::bookings::feed;
use crate::bookings::forget_account;
use crate::bookings::host;
use crate::bookings::kept::Became;
use crate::bookings::messages;
use crate::bookings::model::{Booking, State};
use crate::bookings::of_contact::waiting_of_contact;
use crate::bookings::store;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, Lane, NewJob};
use crate::messaging::{self, Reading};
use crate::store::{StoreError, Txn};
use crate::workers;

/// Plans what an event asks for. The work itself asks the calendar, so it waits in a lane of its own.
pub struct Listener;

impl Subscriber<App> for Listener {
    fn name(&self) -> &'static str {
        "bookings"
    }

    /// A reaction: nobody wants an old proposal acted upon.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        match &event.what {
            Happened::ReplyClassified { reply, label, .. } | Happened::ReplyCorrected { reply, label, .. }
                if label == LABEL || asks_for_times(app, workspace, *reply)? =>
            {
                let job = NewJob::new(CONSIDER, Lane::CalendarSync, workspace, now, &Payload { reply: *reply })
                    .once(reply.to_string());
                app.store.write(|txn| {
                    if store::was_considered(txn, workspace, *reply)? {
                        return Ok(());
                    }
                    jobs::enqueue(txn, &job).map(|_| ())
                })
            }
            Happened::ReplyCorrected { reply, contact, .. } => {
                app.store.write(|txn| no_meeting(txn, workspace, *reply, *contact, now))
            }
            Happened::ConnectionMade { connection } => {
                host::begin_anew(app, workspace, *connection)?;
                app.store.write(|txn| availability::schedule_sync(txn, workspace, *connection, now))
            }
            Happened::MemberLeft { user } => app.store.write(|txn| {
                feed::forget_member(txn, workspace, *user)?;
                availability::forget_member(txn, workspace, *user)
            }),
            Happened::BookingNoShow { booking, .. } => {
                app.store.write(|txn| match store::find(txn, workspace, *booking)? {
                    // Unless it was taken back before it was heard.
                    Some(booking) if booking.kept.became() == Some(Became::NoShow) => {
                        messages::no_show(app, txn, &booking, now)
                    }
                    _ => Ok(()),
                })
            }
            Happened::ConnectionRemoved { connection } => {
                forget_account::plan(app, workspace, *connection)?;
                app.store.write(|txn| availability::forget(txn, workspace, *connection))
            }
            _ => Ok(()),
        }
    }
}

/// The reply wants us to name times, and there is a calendar to name them from.
fn asks_for_times(app: &App, workspace: WorkspaceId, reply: ReplyId) -> Result<bool, StoreError> {
    app.store.read(|txn| {
        let Some(reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(false) };
        if !reply.reading.as_ref().is_some_and(Reading::wants_our_times) {
            return Ok(false);
        }
        let Some(worker) = reply.worker else { return Ok(false) };
        Ok(workers::find(txn, workspace, worker)?.is_some_and(|worker| worker.can_offer_times()))
    })
}

/// A person said that the answer proposes no meeting: what was proposed from it ends, and should they change their
/// mind, its times are looked at anew.
fn no_meeting(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reply: ReplyId,
    contact: ContactId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    const REASON: &str = "The answer was read differently.";
    let waiting = waiting_of_contact(txn, workspace, contact, now)?;
    // What the lead asked for on an event type is theirs: a person says yes or no to it.
    let ends = |own: &Booking| own.reply == Some(reply) && !own.is_request();
    for before in waiting.into_iter().filter(ends) {
        let mut booking = Booking { state: State::Cancelled { reason: REASON.to_owned() }, ..before.clone() };
        booking.note(now, REASON);
        store::put(txn, &booking, Some(&before))?;
    }
    store::forget_considered(txn, workspace, reply)
}
