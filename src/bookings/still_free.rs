//! Whether times that a mail offers are still to be had in the moment in which it would leave: by what is known here, as
//! the transaction that lets it leave waits for nobody. Whatever is found taken here, `renew` finds taken as well, so
//! what comes back for it is written anew.

use super::model::Booking;
use super::of_contact::next_ahead;
use super::situation::Situation;
use super::slots;
use crate::app::{App, Offer};
use crate::availability::{Rules, WhyNot};
use crate::base::UnixMillis;
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting, Worker};

/// Whether somebody or something else has one of the times by now, or the event type of all of them cannot be booked any
/// more. What is not known takes nothing away.
pub fn is_offer_taken(app: &App, txn: &mut Txn<'_>, offer: &Offer<'_>) -> Result<bool, StoreError> {
    let (workspace, now) = (offer.workspace, app.now());
    let worker = offer.worker.map(|id| workers::find(txn, workspace, id)).transpose()?.flatten();
    // The meeting that they have would move, and stands in nobody's way.
    let upcoming = next_ahead(txn, workspace, offer.contact, now, |booking| booking.state.is_booked())?;
    let event = match slots::find_event_of(txn, workspace, worker.as_ref())? {
        Some(Err(_)) => return Ok(true),
        Some(Ok(event)) => Some(event),
        None => None,
    };
    for (start, end) in offer.times {
        let minutes = minutes_between(*start, *end);
        let why = match &event {
            Some(event) => slots::find_objections(app, txn, event, *start, minutes, upcoming.as_ref())?,
            None => in_diary(app, txn, offer, worker.as_ref(), (*start, minutes), upcoming.as_ref())?,
        };
        if why.iter().any(is_taken) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn minutes_between(start: UnixMillis, end: UnixMillis) -> u32 {
    u32::try_from(end.since(start).as_secs() / 60).unwrap_or_default()
}

/// What stands at a time in the calendar of a worker that books on none of our event types.
fn in_diary(
    app: &App,
    txn: &mut Txn<'_>,
    offer: &Offer<'_>,
    worker: Option<&Worker>,
    (start, minutes): (UnixMillis, u32),
    upcoming: Option<&Booking>,
) -> Result<Vec<WhyNot>, StoreError> {
    let Some((worker, calendar)) = worker.and_then(|worker| Some((worker, worker.calendar?))) else {
        return Ok(Vec::new());
    };
    let rules = Rules::of(&Meeting { minutes, ..worker.meeting.clone() });
    let at = (offer.workspace, calendar);
    let situation = Situation::at(app, txn, at, rules, start, upcoming)?;
    let taken = situation.diary().not_taken(start);
    Ok(taken.err().into_iter().collect())
}

/// Not by a rule of the owner's, which a person has set aside by approving.
fn is_taken(why: &WhyNot) -> bool {
    matches!(why, WhyNot::Busy | WhyNot::Claimed | WhyNot::Full { .. })
}
