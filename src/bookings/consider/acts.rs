//! What comes of an answer about a meeting: a booking, a question to a person, an offer, or a word why nothing does.

use super::case::Case;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{Claimed, Span, WhyNot};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::calendar;
use crate::bookings::decide::WhyOffer;
use crate::bookings::hold::{handled, hold, retire_proposals};
use crate::bookings::lapse;
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::offer;
use crate::bookings::own_meeting::OwnMeeting;
use crate::bookings::public::{self, Guest, Lead, NotBooked};
use crate::bookings::store;
use crate::bookings::types::EventType;
use crate::connections;
use crate::drafts;
use crate::events::{self, Happened};
use crate::http::ui::reading_words;
use crate::jobs::{self, Job, Outcome};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting};

fn booking(case: &Case, meeting: &Meeting, span: Span, state: State, app: &App, now: UnixMillis) -> Booking {
    let own = OwnMeeting {
        contact: &case.contact,
        worker: case.worker.as_ref(),
        meeting,
        start: span.start,
        guest_zone: &case.guest_zone,
        language: offer::language_of(&case.reply, &case.contact),
        source: Source::Reply,
    };
    let (reply, instead_of) = (Some(case.reply.id), case.upcoming.as_ref().map(|booking| booking.id));
    Booking { reply, instead_of, state, end: span.end, ..own.booking(app, case.reply.workspace, now) }
}

pub(super) fn book(app: &App, job: &Job, case: &Case, meeting: &Meeting, span: Span) -> Result<Outcome, StoreError> {
    let now = app.now();
    let mut booking = booking(case, meeting, span, State::Held, app, now);
    booking.note(now, "Booked by the worker: one clear time, and it was free.");
    let Some(connection) = booking.connection else { return Ok(Outcome::Done) };
    let write = calendar::job(&booking, connection, now);
    let claimed = app.store.write(|txn| {
        let claimed = hold(txn, None, &booking, &write, now)?;
        if claimed == Claimed::Yes {
            let who = Who::System("a worker that may book".to_owned());
            let on = format!("booking {}", booking.id);
            let detail = record(case, "booked: one clear time, and it was free");
            audit::record(txn, booking.workspace, now, &who, "booking.made", &on, &detail)?;
            store::mark_considered(txn, booking.workspace, case.reply.id)?;
            jobs::complete(txn, job)?;
        }
        Ok::<_, StoreError>(claimed)
    })?;
    match claimed {
        Claimed::Yes => Ok(Outcome::Committed),
        // Another reply was quicker: look again, with its claim in sight.
        Claimed::Taken(_) => Ok(Outcome::Again { at: now }),
    }
}

/// The same on the worker's event type, by its rules and with whichever of its hosts is free.
pub(super) fn book_on(
    app: &App,
    job: &Job,
    case: &Case,
    (event, meeting): (&EventType, &Meeting),
    span: Span,
) -> Result<Outcome, StoreError> {
    let (workspace, now) = (case.reply.workspace, app.now());
    let language = offer::language_of(&case.reply, &case.contact);
    let guest = Guest::known(&case.contact, &case.reply.from, &case.guest_zone, language);
    let wanted = guest.wants(span.start, meeting.minutes, Source::Reply);
    let lead = Lead {
        contact: case.contact.id,
        worker: case.worker.as_ref().map(|worker| worker.id),
        reply: Some(case.reply.id),
        proposal: None,
        once: true,
        agreed: false,
        insists: false,
        who: Who::System("a worker that may book".to_owned()),
        how: "Booked by the worker: one clear time, and it was free.".to_owned(),
        detail: record(case, "booked: one clear time, and it was free"),
    };
    let considered = |txn: &mut Txn<'_>| store::mark_considered(txn, workspace, case.reply.id);
    match public::book_for(app, event, &wanted, Some(&lead), &considered) {
        Ok(booking) if booking.reply == Some(case.reply.id) => Ok(Outcome::Done),
        Ok(there) if !there.state.is_booked() => {
            let note = "They have asked for a time already: it waits for a decision, or for their payment.";
            leave(app, job, case, note.to_owned())
        }
        // They clicked a link meanwhile, or another was quicker: look again.
        Ok(_) | Err(NotBooked::Taken) => Ok(Outcome::Again { at: now }),
        Err(NotBooked::Unreadable(reason)) => {
            let note = WhyNot::Unknown { reason }.words();
            ask(app, job, case, meeting, span, note)
        }
        Err(error @ (NotBooked::Closed | NotBooked::TooLate)) => leave(app, job, case, format!("Not booked: {error}.")),
        Err(NotBooked::Store(error)) => Err(error),
    }
}

fn reader() -> Who {
    Who::System("Looks at proposed times".to_owned())
}

/// The record of a decision (G13): how surely the answer was read, how many times were found in it, what came of it.
fn record(case: &Case, outcome: &str) -> String {
    let (reading, engine) = (&case.reading, env!("CARGO_PKG_VERSION"));
    let times = match reading.times.len() {
        1 => "1 time".to_owned(),
        many => format!("{many} times"),
    };
    let read = reading_words(&reading.label, reading.confidence);
    format!("{read}, {times}: {}. (Engine embedded {engine}, reply {}.)", outcome.trim_end_matches('.'), case.reply.id)
}

pub(super) fn ask(
    app: &App,
    job: &Job,
    case: &Case,
    meeting: &Meeting,
    span: Span,
    note: String,
) -> Result<Outcome, StoreError> {
    let now = app.now();
    let note = match &case.upcoming {
        Some(_) => format!("{note} It would move the meeting you have."),
        None => note,
    };
    let mut booking = booking(case, meeting, span, State::Proposed { note: note.clone() }, app, now);
    booking.note(now, format!("{} asks for this time. {note}", case.contact.name()));
    let lapse = lapse::job(&booking, now);
    app.store.write(|txn| {
        let (workspace, contact) = (booking.workspace, booking.contact);
        retire_proposals(txn, workspace, contact, None, "They wrote again.", now)?;
        store::put(txn, &booking, None)?;
        jobs::enqueue(txn, &lapse)?;
        events::append(txn, workspace, now, Happened::BookingProposed { booking: booking.id, contact })?;
        let (on, detail) = (format!("booking {}", booking.id), record(case, &format!("left to a person. {note}")));
        audit::record(txn, workspace, now, &reader(), "booking.proposed", &on, &detail)?;
        store::mark_considered(txn, workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}

/// The draft that offers these times in answer to it.
pub(in crate::bookings) fn offer_of(
    app: &App,
    case: &Case,
    event: Option<&EventType>,
    (free, why): (&[Span], WhyOffer),
    now: UnixMillis,
) -> Result<drafts::NewDraft, StoreError> {
    let links = event.map(|event| public::links(app, &case.reply, event, free)).unwrap_or_default();
    let mailbox = connections::get(&app.store, case.reply.workspace, case.reply.connection)?;
    let signature = workers::signature_of(case.worker.as_ref(), mailbox.as_ref());
    Ok(offer::draft(&case.reply, &case.contact, &signature, (free, &links), why, &case.clocks, now))
}

pub(super) fn answer_with(
    app: &App,
    job: &Job,
    case: &Case,
    event: Option<&EventType>,
    (free, why): (&[Span], WhyOffer),
) -> Result<Outcome, StoreError> {
    let now = app.now();
    let draft = offer_of(app, case, event, (free, why), now)?;
    app.store.write(|txn| {
        retire_proposals(txn, job.workspace, case.contact.id, None, "They wrote again.", now)?;
        drafts::propose(app, txn, &draft, now)?;
        if case.reading.times.is_empty() && !case.reading.booking_links.is_empty() {
            store::leave_to_person(txn, &case.reply, "They sent a link to their own calendar.", now)?;
        }
        let (on, detail) =
            (format!("reply {}", case.reply.id), record(case, &format!("{} free times offered", free.len())));
        audit::record(txn, job.workspace, now, &reader(), "times.offered", &on, &detail)?;
        store::mark_considered(txn, job.workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}

/// They say yes to what stands already: there is nothing to move and nothing to ask.
pub(super) fn confirmed(app: &App, job: &Job, case: &Case, agreed: BookingId) -> Result<Outcome, StoreError> {
    let (workspace, now) = (job.workspace, app.now());
    app.store.write(|txn| {
        retire_proposals(txn, workspace, case.contact.id, None, "They wrote again.", now)?;
        if let Some(before) = store::find(txn, workspace, agreed)? {
            let mut booking = before.clone();
            booking.note(now, format!("{} confirmed the time.", case.contact.name()));
            store::put(txn, &booking, Some(&before))?;
        }
        handled(txn, workspace, case.reply.id, now)?;
        let (on, detail) = (format!("booking {agreed}"), record(case, "the time that is booked already"));
        audit::record(txn, workspace, now, &reader(), "booking.confirmed", &on, &detail)?;
        store::mark_considered(txn, workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}

/// Nothing can be offered or asked: the answer waits for a person, with the reason.
pub(super) fn leave(app: &App, job: &Job, case: &Case, note: String) -> Result<Outcome, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        store::leave_to_person(txn, &case.reply, &note, now)?;
        let (on, detail) = (format!("reply {}", case.reply.id), record(case, &format!("left to a person. {note}")));
        audit::record(txn, job.workspace, now, &reader(), "meeting.left", &on, &detail)?;
        store::mark_considered(txn, job.workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}
