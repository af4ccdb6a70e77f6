//! A reply that proposes times: looked at once, answered with a booking, a question to a person, or an offer.

use serde::{Deserialize, Serialize};

use super::calendar;
use super::decide::{decide, Decision, WhyOffer, Wish};
use super::hold::{hold, retire_proposals};
use super::model::{Booking, Source, State};
use super::offer;
use super::situation::Situation;
use super::store;
use super::words::{self, Clocks, Language};
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{self, Claimed, Rules, Span};
use crate::base::{BookingId, ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::connections::{self, Kind};
use crate::contacts::{self, Contact};
use crate::drafts;
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::messaging::{self, Reading, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting, Worker};
use crate::workspaces;

/// The kind of the job that looks at the times of one reply.
pub const CONSIDER: &str = "bookings.consider";
/// The label of replies that name a time.
pub(super) const LABEL: &str = "meeting_proposed";

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    reply: ReplyId,
}

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
                if label == LABEL =>
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
                app.store.write(|txn| availability::schedule_sync(txn, workspace, *connection, now))
            }
            Happened::ConnectionRemoved { connection } => {
                app.store.write(|txn| availability::forget(txn, workspace, *connection))
            }
            _ => Ok(()),
        }
    }
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
    let earlier = store::list_of_contact(txn, workspace, contact, 10)?;
    for before in earlier.into_iter().filter(|own| own.reply == Some(reply) && own.state.is_proposed()) {
        let mut booking = Booking { state: State::Cancelled { reason: REASON.to_owned() }, ..before.clone() };
        booking.note(now, REASON);
        store::put(txn, &booking, Some(&before))?;
    }
    store::forget_considered(txn, workspace, reply)
}

pub struct Consider;

impl Task<App> for Consider {
    fn kind(&self) -> &'static str {
        CONSIDER
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        consider(app, job).unwrap_or_else(Outcome::from)
    }
}

/// Who asks, and who is asked.
struct Case {
    reply: Reply,
    reading: Reading,
    contact: Contact,
    worker: Option<Worker>,
    /// What the contact has agreed on already.
    upcoming: Option<Booking>,
    clocks: Clocks,
    guest_zone: String,
}

fn consider(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { reply } = job.payload()?;
    let Some(case) = load(app, job.workspace, reply)? else { return Ok(Outcome::Done) };
    let meeting = case.worker.as_ref().map(|worker| worker.meeting.clone()).unwrap_or_default();
    let rules = Rules::of(&meeting);
    let calendar = case.worker.as_ref().and_then(|worker| worker.calendar);
    let wished: Vec<UnixMillis> = case.reading.times.iter().map(|time| time.start).collect();
    let situation = Situation::read(app, job.workspace, calendar, rules, &wished, case.upcoming.as_ref())?;
    let wish = Wish {
        times: &case.reading.times,
        confidence: case.reading.confidence,
        may_book: may_book(&case),
        within: situation.range,
        guest: &case.clocks.guest,
    };
    let names_no_time = case.reading.times.is_empty();
    if let Some(upcoming) = case.upcoming.as_ref().filter(|_| names_no_time) {
        let when = words::when(Language::English, upcoming.start, &case.clocks);
        return leave(app, job, &case, format!("No other time is named, and there is a meeting on {when}."));
    }
    match decide(&wish, &situation.diary()) {
        Decision::Leave { note } => leave(app, job, &case, note),
        Decision::Book(span) => book(app, job, &case, &meeting, span),
        Decision::Ask { span, note } => ask(app, job, &case, &meeting, span, note),
        Decision::Offer { free, why } => answer_with(app, job, &case, &free, why),
    }
}

/// Without a person only for a new meeting, by a worker that is on and was allowed to, and never when the mail tried
/// to give orders.
fn may_book(case: &Case) -> bool {
    let allowed = case.worker.as_ref().is_some_and(|worker| {
        worker.state.is_working() && worker.autonomy.automatic.contains_key(LABEL) && worker.calendar.is_some()
    });
    allowed && case.upcoming.is_none() && !case.reading.flags.iter().any(|flag| flag == "injection")
}

fn load(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Case>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        if store::was_considered(txn, workspace, id)? {
            return Ok(None);
        }
        let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(None) };
        if reply.automatic || reply.handled_at.is_some() {
            return Ok(None);
        }
        let Some(reading) = reply.reading.clone().filter(|reading| reading.label == LABEL) else { return Ok(None) };
        let Some(contact) = contacts::find(txn, workspace, reply.contact)? else { return Ok(None) };
        let worker = match reply.worker {
            Some(worker) => workers::find(txn, workspace, worker)?,
            None => None,
        };
        let earlier = store::list_of_contact(txn, workspace, contact.id, 10)?;
        let upcoming = earlier.into_iter().rfind(|booking| booking.state.is_booked() && booking.end > now);
        let ours = availability::find_schedule(txn, workspace)?.zone;
        let home = workspaces::find(txn, workspace)?.map_or_else(|| ours.clone(), |found| found.time_zone);
        let guest_zone = contact.time_zone.clone().unwrap_or(home);
        let clocks = Clocks::of(&guest_zone, &ours);
        Ok(Some(Case { reply, reading, contact, worker, upcoming, clocks, guest_zone }))
    })
}

fn booking(case: &Case, meeting: &Meeting, span: Span, state: State, app: &App, now: UnixMillis) -> Booking {
    let connection = case.worker.as_ref().and_then(|worker| worker.calendar);
    Booking {
        id: BookingId::new(now),
        workspace: case.reply.workspace,
        contact: case.contact.id,
        worker: case.worker.as_ref().map(|worker| worker.id),
        reply: Some(case.reply.id),
        connection,
        calendar_id: connection.map(|id| calendar_id(app, case.reply.workspace, id)).unwrap_or_default(),
        title: title(meeting, &case.contact),
        start: span.start,
        end: span.end,
        claim: Rules::of(meeting).with_buffers(span.start),
        guest_zone: case.guest_zone.clone(),
        language: offer::language_of(&case.reply, &case.contact).tag().to_owned(),
        place: meeting.place.clone(),
        video: meeting.video,
        video_link: None,
        state,
        instead_of: case.upcoming.as_ref().map(|booking| booking.id),
        event_id: None,
        source: Source::Reply,
        created_at: now,
        version: 0,
        written: 0,
        told: 0,
        trouble: None,
        history: Vec::new(),
    }
}

/// "Call with Gwen Hartley", as both see it in their calendars.
pub(super) fn title(meeting: &Meeting, contact: &Contact) -> String {
    let name = Some(contact.name()).filter(|name| !name.is_empty() && !name.contains('@'));
    match name.or(Some(contact.company.clone()).filter(|company| !company.is_empty())) {
        Some(name) => format!("{}: {name}", meeting.title),
        None => meeting.title.clone(),
    }
}

/// The calendar to write to.
pub(super) fn calendar_id(app: &App, workspace: WorkspaceId, id: crate::base::ConnectionId) -> String {
    let connection = connections::get(&app.store, workspace, id).ok().flatten();
    let chosen = connection.and_then(|connection| match connection.kind {
        Kind::Google(google) => google.calendar_id,
        Kind::SmtpImap(_) => None,
    });
    chosen.unwrap_or_else(|| "primary".to_owned())
}

fn book(app: &App, job: &Job, case: &Case, meeting: &Meeting, span: Span) -> Result<Outcome, StoreError> {
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
            audit::record(txn, booking.workspace, now, &who, "booking.made", &on, "")?;
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

fn ask(app: &App, job: &Job, case: &Case, meeting: &Meeting, span: Span, note: String) -> Result<Outcome, StoreError> {
    let now = app.now();
    let note = match &case.upcoming {
        Some(_) => format!("{note} It would move the meeting you have."),
        None => note,
    };
    let mut booking = booking(case, meeting, span, State::Proposed { note: note.clone() }, app, now);
    booking.note(now, format!("{} asks for this time. {note}", case.contact.name()));
    app.store.write(|txn| {
        let (workspace, contact) = (booking.workspace, booking.contact);
        retire_proposals(txn, workspace, contact, None, "They wrote again.", now)?;
        store::put(txn, &booking, None)?;
        events::append(txn, workspace, now, Happened::BookingProposed { booking: booking.id, contact })?;
        store::mark_considered(txn, workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}

fn answer_with(app: &App, job: &Job, case: &Case, free: &[Span], why: WhyOffer) -> Result<Outcome, StoreError> {
    let now = app.now();
    let draft = offer::draft(&case.reply, &case.contact, case.worker.as_ref(), free, why, &case.clocks, now);
    app.store.write(|txn| {
        retire_proposals(txn, job.workspace, case.contact.id, None, "They wrote again.", now)?;
        drafts::propose(app, txn, &draft, now)?;
        if case.reading.times.is_empty() && !case.reading.booking_links.is_empty() {
            store::leave_to_person(txn, &case.reply, "They sent a link to their own calendar.", now)?;
        }
        store::mark_considered(txn, job.workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}

/// Nothing can be offered or asked: the answer waits for a person, with the reason.
fn leave(app: &App, job: &Job, case: &Case, note: String) -> Result<Outcome, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        store::leave_to_person(txn, &case.reply, &note, now)?;
        store::mark_considered(txn, job.workspace, case.reply.id)?;
        jobs::complete(txn, job)
    })?;
    Ok(Outcome::Committed)
}
