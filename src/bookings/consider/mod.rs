//! A reply that proposes times: looked at once, answered with a booking, a question to a person, or an offer.

mod acts;
mod case;
mod listener;

pub(super) use acts::offer_of;
pub(super) use case::{case_again, proposes, Case};
pub use listener::Listener;

use serde::{Deserialize, Serialize};

use self::acts::{answer_with, ask, book, book_on, confirmed, leave};
use self::case::{case_of, load};
use crate::app::App;
use crate::availability::{FreeTimes, Rules};
use crate::base::{counted, BookingId, ReplyId, UnixMillis};
use crate::bookings::decide::{decide, Decision, WhyOffer, Wish};
use crate::bookings::situation::Situation;
use crate::bookings::slots::{self, Slots};
use crate::bookings::types::EventType;
use crate::bookings::words::{self, Language};
use crate::contacts::Contact;
use crate::drafts;
use crate::jobs::{Job, Outcome, Task};
use crate::messaging::Reply;
use crate::store::StoreError;
use crate::workers::{Meeting, Worker};

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

pub struct Consider;

impl Task<App> for Consider {
    fn kind(&self) -> &'static str {
        CONSIDER
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        consider(app, job).unwrap_or_else(Outcome::from)
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
