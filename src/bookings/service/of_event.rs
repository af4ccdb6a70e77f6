//! What a worker books on an event type: by hand, by a program, or because a person says yes to what a guest asked for.

use super::{Anyway, BookError};
use crate::app::App;
use crate::audit::Who;
use crate::authz::Actor;
use crate::availability::{FreeTimes, Span, WhyNot};
use crate::base::{ContactId, UnixMillis, WorkerId, WorkspaceId};
use crate::bookings::consider::LABEL;
use crate::bookings::decide::OFFERS;
use crate::bookings::model::Booking;
use crate::bookings::public::{book_for, Lead, NotBooked, Wanted};
use crate::bookings::slots::{self, Slots};
use crate::bookings::types::EventType;
use crate::bookings::words::Clocks;
use crate::drafts;
use crate::store::Txn;
use crate::workers;

/// The event type on which a worker books; `None`: its own meeting.
pub(super) fn event_for(
    app: &App,
    workspace: WorkspaceId,
    worker: Option<WorkerId>,
) -> Result<Option<EventType>, BookError> {
    let worker = match worker {
        Some(id) => workers::get(&app.store, workspace, id)?,
        None => None,
    };
    slots::event_of(app, workspace, worker.as_ref())?.transpose().map_err(BookError::NotOffered)
}

pub(super) fn minutes_of(booking: &Booking) -> u32 {
    u32::try_from(booking.span().length().as_secs() / 60).unwrap_or_default()
}

/// For whom a person books.
pub(super) struct Taking<'a> {
    pub contact: ContactId,
    pub worker: Option<WorkerId>,
    /// The proposal that this says yes to.
    pub before: Option<&'a Booking>,
    pub anyway: &'a Anyway,
}

/// A start that a person wants, and what moves there.
pub(super) struct Asked<'a> {
    pub event: &'a EventType,
    pub start: UnixMillis,
    pub minutes: u32,
    /// The guest's.
    pub zone: &'a str,
    pub but: Option<&'a Booking>,
}

/// The objections that the person sets aside; an error where there is one that they do not or cannot.
pub(super) fn set_aside(app: &App, asked: &Asked<'_>, anyway: &Anyway) -> Result<Vec<WhyNot>, BookError> {
    let why = slots::objections(app, asked.event, asked.start, asked.minutes, asked.but)?;
    if let Some(no) = why.iter().find(|why| !why.is_warning()) {
        return Err(BookError::NotFree { why: no.clone(), free: near(app, asked)? });
    }
    if !why.iter().all(|why| anyway.covers(why)) {
        return Err(BookError::Unsure { why, free: near(app, asked)? });
    }
    Ok(why)
}

/// Books a start of an event type for a contact; free ones near it where it will not do.
pub(super) fn book_on(
    app: &App,
    actor: &Actor,
    event: &EventType,
    wanted: &Wanted,
    taking: &Taking<'_>,
) -> Result<Booking, BookError> {
    if event.price.is_some() {
        let words = format!("Guests pay for “{}”, so only they can book it, on its page.", event.name);
        return Err(BookError::NotOffered(words));
    }
    let asked = Asked { event, start: wanted.start, minutes: wanted.minutes, zone: &wanted.guest.zone, but: None };
    let why = set_aside(app, &asked, taking.anyway)?;
    let unread = WhyNot::Unknown { reason: String::new() };
    let lead = Lead {
        contact: taking.contact,
        worker: taking.worker,
        reply: taking.before.and_then(|before| before.reply),
        proposal: taking.before.map(|before| before.id),
        once: true,
        agreed: true,
        // What is known of a calendar now may not be there to be read in a moment.
        insists: !why.is_empty() || taking.anyway.covers(&unread),
        who: Who::of(actor),
        how: format!("Booked by {}.", actor.display),
        detail: String::new(),
    };
    let counted = |txn: &mut Txn<'_>| match (taking.before, taking.worker) {
        // Saying yes to what the program read out of a mail is an approval like that of a draft.
        (Some(_), Some(worker)) => {
            drafts::count_decision(txn, actor.workspace, worker, (LABEL, ""), |figures| figures.approved += 1)
        }
        _ => Ok(()),
    };
    let refused = |why, free| BookError::NotFree { why, free };
    match book_for(app, event, wanted, Some(&lead), &counted) {
        Ok(booking) if !booking.state.is_booked() => Err(BookError::NotOpen(booking.state.words())),
        Ok(booking) if booking.start == wanted.start => Ok(booking),
        Ok(_) => {
            let why = "They have another meeting by now.".to_owned();
            Err(refused(WhyNot::NotOffered { rule: "has_one", why }, Vec::new()))
        }
        Err(NotBooked::Taken) => Err(refused(WhyNot::Busy, near(app, &asked)?)),
        // Not known beforehand, so nobody was warned of it.
        Err(NotBooked::Unreadable(reason)) => {
            Err(BookError::Unsure { why: vec![WhyNot::Unknown { reason }], free: near(app, &asked)? })
        }
        Err(error) => Err(error.into_book_error()),
    }
}

/// Free starts near the one that is wanted.
fn near(app: &App, asked: &Asked<'_>) -> Result<Vec<Span>, BookError> {
    let guest = Clocks::of(asked.zone, "UTC").guest;
    let slots = Slots::known(app, asked.event, asked.minutes, &[asked.start], &guest, asked.but)?;
    Ok(slots.others_near(asked.start, slots.range, &guest, OFFERS))
}
