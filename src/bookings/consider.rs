//! A reply that proposes times: looked at once, answered with a booking, a question to a person, or an offer.

use serde::{Deserialize, Serialize};

use super::calendar;
use super::decide::{decide, Decision, WhyOffer, Wish};
use super::feed;
use super::forget_account;
use super::hold::{handled, hold, retire_proposals};
use super::host;
use super::hosted::Hosted;
use super::kept::Became;
use super::lapse;
use super::messages;
use super::model::{Booking, Details, Source, State};
use super::of_contact::{next_ahead, waiting_of_contact};
use super::offer;
use super::public::{self, Guest, Lead, NotBooked};
use super::situation::Situation;
use super::slots::{self, Slots};
use super::store;
use super::types::EventType;
use super::words::{self, Clocks, Language};
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{self, Claimed, FreeTimes, Rules, Span, WhyNot};
use crate::base::{counted, BookingId, ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::connections;
use crate::contacts::{self, Contact};
use crate::drafts::{self, Asked};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::http::ui::reading_words;
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::meetings::Location;
use crate::messaging::{self, Reading, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting, Worker};
use crate::workspaces;

/// The kind of the job that looks at the times of one reply.
pub const CONSIDER: &str = "bookings.consider";
/// The label of replies that name a time.
pub(super) const LABEL: &str = "meeting_proposed";
/// Minutes that a guest may ask for; what is shorter or longer is read wrongly or needs a word first.
const LENGTHS: std::ops::RangeInclusive<u32> = 10..=120;

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
pub(super) struct Case {
    reply: Reply,
    reading: Reading,
    contact: Contact,
    pub(super) worker: Option<Worker>,
    /// Nobody has to be asked about this answer.
    is_trusted: bool,
    /// What the contact has agreed on already.
    pub(super) upcoming: Option<Booking>,
    pub(super) clocks: Clocks,
    guest_zone: String,
    /// The length that they ask for, or that of the offered time which they take.
    asked_minutes: Option<u32>,
}

impl Case {
    /// The meeting that there is, when the answer names its time and no other.
    fn agreed(&self) -> Option<&Booking> {
        let times = &self.reading.times;
        let same = |booking: &&Booking| !times.is_empty() && times.iter().all(|time| time.start == booking.start);
        self.upcoming.as_ref().filter(same)
    }
}

fn consider(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { reply } = job.payload()?;
    let Some(case) = load(app, job.workspace, reply)? else { return Ok(Outcome::Done) };
    let Weighed { meeting, event, verdict } = weigh(app, &case)?;
    let event = event.as_ref();
    match verdict {
        Verdict::Nothing => Ok(Outcome::Done),
        Verdict::Agreed(booking) => confirmed(app, job, &case, booking),
        Verdict::Decided(Decision::Leave { note }) => leave(app, job, &case, note),
        Verdict::Decided(Decision::Book(span)) => match event {
            Some(event) => book_on(app, job, &case, (event, &meeting), span),
            None => book(app, job, &case, &meeting, span),
        },
        Verdict::Decided(Decision::Ask { span, note }) => ask(app, job, &case, &meeting, span, note),
        Verdict::Decided(Decision::Offer { free, why }) => answer_with(app, job, &case, event, (&free, why)),
    }
}

/// What is to be done about the times of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nobody waits for a word about it.
    Nothing,
    /// They say yes to the meeting that there is.
    Agreed(BookingId),
    Decided(Decision),
}

/// What was decided, and on which meeting.
struct Weighed {
    meeting: Meeting,
    /// The event type on which the worker books, where it books on one.
    event: Option<EventType>,
    verdict: Verdict,
}

/// Looks at everything and decides; nothing is written.
fn weigh(app: &App, case: &Case) -> Result<Weighed, StoreError> {
    let asked_for = case.asked_minutes;
    let (event, closed) = match slots::event_of(app, case.reply.workspace, case.worker.as_ref())? {
        Some(Ok(event)) => (Some(event), None),
        Some(Err(words)) => (None, Some(words)),
        None => (None, None),
    };
    let planned = match &event {
        Some(event) => slots::meeting_of(event, None),
        None => case.worker.as_ref().map(|worker| worker.meeting.clone()).unwrap_or_default(),
    };
    let minutes = match &event {
        Some(event) => event.duration(asked_for),
        None => length(asked_for, planned.minutes),
    };
    let meeting = Meeting { minutes, ..planned.clone() };
    let verdict = match closed {
        _ if case.agreed().is_some() => case.agreed().map_or(Verdict::Nothing, |agreed| Verdict::Agreed(agreed.id)),
        _ if !case.reading.escalation.is_empty() => left(format!("Handed over because {}.", case.reading.escalation)),
        Some(words) => left(words),
        None => weigh_times(app, case, (&planned, &meeting), event.as_ref())?,
    };
    Ok(Weighed { meeting, event, verdict })
}

fn left(note: String) -> Verdict {
    Verdict::Decided(Decision::Leave { note })
}

fn weigh_times(
    app: &App,
    case: &Case,
    (planned, meeting): (&Meeting, &Meeting),
    event: Option<&EventType>,
) -> Result<Verdict, StoreError> {
    let names_no_time = case.reading.times.is_empty();
    if names_no_time && (case.reply.automatic || case.reply.handled_at.is_some()) {
        return Ok(Verdict::Nothing);
    }
    if let Some(upcoming) = case.upcoming.as_ref().filter(|_| names_no_time) {
        let when = words::when(Language::English, upcoming.start, &case.clocks);
        return Ok(left(format!("No other time is named, and there is a meeting on {when}.")));
    }
    let wished: Vec<UnixMillis> = case.reading.times.iter().map(|time| time.start).collect();
    let wish = |within| Wish {
        times: &case.reading.times,
        confidence: case.reading.confidence,
        // A longer meeting than the owner planned is a person's to agree to; an event type has its lengths.
        may_book: may_book(case) && (event.is_some() || meeting.minutes <= planned.minutes),
        within,
        guest: &case.clocks.guest,
    };
    let upcoming = case.upcoming.as_ref();
    let decision = match event {
        Some(event) => {
            let slots = Slots::read(app, event, meeting.minutes, &wished, &case.clocks.guest, upcoming)?;
            match decide(&wish(slots.range), &slots) {
                Decision::Book(span) | Decision::Ask { span, .. }
                    if upcoming.is_none()
                        && slots::needs_guest(event, &case.contact)
                        && slots.check(span.start).is_ok() =>
                {
                    Decision::Offer { free: vec![span], why: WhyOffer::ToConfirm }
                }
                decision => decision,
            }
        }
        None => {
            let calendar = case.worker.as_ref().and_then(|worker| worker.calendar);
            let rules = Rules::of(meeting);
            let situation = Situation::read(app, case.reply.workspace, calendar, rules, &wished, upcoming)?;
            decide(&wish(situation.range), &situation.diary())
        }
    };
    Ok(Verdict::Decided(match decision {
        Decision::Ask { span, note } => {
            Decision::Ask { span, note: format!("{note}{}", length_note(case.asked_minutes, planned, meeting)) }
        }
        // Nothing is agreed upon in a dry run: a person sees what it would have done.
        Decision::Book(span) if case.worker.as_ref().is_some_and(Worker::is_on_dry_run) => {
            Decision::Ask { span, note: "Dry run: it would have been booked by itself.".to_owned() }
        }
        decision => decision,
    }))
}

/// The length that the guest asks for, within reason; else the planned one.
fn length(asked_for: Option<u32>, planned: u32) -> u32 {
    asked_for.filter(|minutes| LENGTHS.contains(minutes)).unwrap_or(planned)
}

/// What a person should know about the length before agreeing; empty when it is the planned one.
fn length_note(asked_for: Option<u32>, planned: &Meeting, meeting: &Meeting) -> String {
    match asked_for {
        Some(minutes) if minutes != planned.minutes && minutes == meeting.minutes => {
            format!(" They ask for {}, not {}.", counted(u64::from(minutes), "minute", "minutes"), planned.minutes)
        }
        Some(minutes) if minutes != planned.minutes => {
            format!(
                " They ask for {}; it would be {}.",
                counted(u64::from(minutes), "minute", "minutes"),
                planned.minutes
            )
        }
        _ => String::new(),
    }
}

/// Without a person only for a new meeting, by a worker that may act alone here and has a calendar.
fn may_book(case: &Case) -> bool {
    case.is_trusted && case.upcoming.is_none() && case.worker.as_ref().is_some_and(Worker::can_offer_times)
}

fn load(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Case>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        if store::was_considered(txn, workspace, id)? {
            return Ok(None);
        }
        let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(None) };
        let Some(contact) = contacts::find(txn, workspace, reply.contact)? else { return Ok(None) };
        case_of(txn, reply, contact, now)
    })
}

/// An answer whose times were looked at before, as it stands now.
pub(super) fn case_again(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Case>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(None) };
        let Some(contact) = contacts::find(txn, workspace, reply.contact)? else { return Ok(None) };
        case_of(txn, reply, contact, now)
    })
}

/// Somebody wants to meet, or to hear our times.
pub(super) fn proposes(reading: &Reading) -> bool {
    reading.label == LABEL || reading.wants_our_times()
}

/// Everything about an answer that asks for a meeting; `None` for one that does not.
fn case_of(txn: &mut Txn<'_>, reply: Reply, contact: Contact, now: UnixMillis) -> Result<Option<Case>, StoreError> {
    let workspace = reply.workspace;
    let Some(reading) = reply.reading.clone().filter(proposes) else { return Ok(None) };
    let worker = match reply.worker {
        Some(worker) => workers::find(txn, workspace, worker)?,
        None => None,
    };
    let upcoming = next_ahead(txn, workspace, contact.id, now, |booking| booking.state.is_booked())?;
    let ours = availability::find_schedule(txn, workspace)?.zone;
    let home = workspaces::find(txn, workspace)?.map_or_else(|| ours.clone(), |found| found.time_zone);
    let guest_zone = contact.time_zone.clone().unwrap_or(home);
    let clocks = Clocks::of(&guest_zone, &ours);
    let offered = messaging::find_message(txn, workspace, reply.message)?.map(|message| message.offered);
    let asked_minutes = reading.duration_minutes.or(length_of_choice(&reading, &offered.unwrap_or_default()));
    let asked = Asked {
        label: LABEL,
        engine: "",
        confidence: reading.confidence,
        at_least: workspaces::find_routing(txn, workspace)?.book,
        flags: &reading.flags,
        words: &reply.excerpt,
    };
    let is_trusted = match &worker {
        Some(worker) => drafts::may_act_alone(txn, workspace, worker, &asked)?,
        None => false,
    };
    Ok(Some(Case { is_trusted, reply, reading, contact, worker, upcoming, clocks, guest_zone, asked_minutes }))
}

/// The length of the one offered time that was taken.
fn length_of_choice(reading: &Reading, offered: &[(UnixMillis, UnixMillis)]) -> Option<u32> {
    let [time] = &reading.times[..] else { return None };
    let (start, end) = offered.iter().find(|(start, _)| *start == time.start)?;
    u32::try_from(end.since(*start).as_secs() / 60).ok()
}

/// What the worker would do about the times of an answer that need not exist.
#[derive(Debug)]
pub enum Rehearsed {
    /// They say yes to the meeting that there is.
    Agreed,
    /// A person decides, and why.
    Left(String),
    /// Booked by itself.
    Books { start: UnixMillis, end: UnixMillis },
    /// Put before a person as a meeting to accept.
    Asks { start: UnixMillis, end: UnixMillis, note: String },
    /// Free times are offered, in a draft.
    Offers { times: Vec<(UnixMillis, UnixMillis)>, draft: Box<drafts::NewDraft> },
}

/// The very decision of the job behind a real answer; the calendar is read, nothing is written. `None`: the answer is
/// not about a meeting.
pub fn rehearse(app: &App, reply: &Reply, contact: &Contact) -> Result<Option<Rehearsed>, StoreError> {
    let now = app.now();
    let Some(case) = app.store.read(|txn| case_of(txn, reply.clone(), contact.clone(), now))? else { return Ok(None) };
    let Weighed { event, verdict, .. } = weigh(app, &case)?;
    let decision = match verdict {
        Verdict::Nothing => return Ok(None),
        Verdict::Agreed(_) => return Ok(Some(Rehearsed::Agreed)),
        Verdict::Decided(decision) => decision,
    };
    Ok(Some(match decision {
        Decision::Leave { note } => Rehearsed::Left(note),
        Decision::Book(span) => Rehearsed::Books { start: span.start, end: span.end },
        Decision::Ask { span, note } => Rehearsed::Asks { start: span.start, end: span.end, note },
        Decision::Offer { free, why } => Rehearsed::Offers {
            times: free.iter().map(|span| (span.start, span.end)).collect(),
            draft: Box::new(offer_of(app, &case, event.as_ref(), (&free, why), now)?),
        },
    }))
}

fn booking(case: &Case, meeting: &Meeting, span: Span, state: State, app: &App, now: UnixMillis) -> Booking {
    let connection = case.worker.as_ref().and_then(|worker| worker.calendar);
    let location = meeting.location();
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
        place: location.place(),
        video: location == Location::GoogleMeet,
        video_link: location.own_link(app),
        location: Some(location),
        hosted: Hosted::default(),
        state,
        instead_of: case.upcoming.as_ref().map(|booking| booking.id),
        event_id: None,
        ical_uid: None,
        source: Source::Reply,
        created_at: now,
        version: 0,
        written: 0,
        told: 0,
        trouble: None,
        history: Vec::new(),
        details: Details::default(),
        kept: Default::default(),
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
    let chosen = connection.and_then(|connection| connection.calendars());
    chosen.and_then(|calendars| calendars.write_to).unwrap_or_else(|| "primary".to_owned())
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
fn book_on(
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

fn ask(app: &App, job: &Job, case: &Case, meeting: &Meeting, span: Span, note: String) -> Result<Outcome, StoreError> {
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
pub(super) fn offer_of(
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

fn answer_with(
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
fn confirmed(app: &App, job: &Job, case: &Case, agreed: BookingId) -> Result<Outcome, StoreError> {
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
fn leave(app: &App, job: &Job, case: &Case, note: String) -> Result<Outcome, StoreError> {
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
