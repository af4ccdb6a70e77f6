//! The times of an event type, as a worker offers and takes them: those of its public page and no others.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::model::Booking;
use super::public::{is_free_now, Asking, NotBooked};
use super::situation::around;
use super::types::{self, EventType, Facts, Location, OwnersRule, SlotQuestion, Standing};
use crate::app::App;
use crate::availability::engine::Rule;
use crate::availability::{FreeTimes, Span, WhyNot};
use crate::base::{UnixMillis, WorkspaceId};
use crate::contacts::Contact;
use crate::store::{StoreError, Txn};
use crate::workers::{Meeting, Worker};

/// The longest horizon that an event type may have.
const HORIZON: Duration = Duration::from_secs(731 * 86_400);

/// What can be booked around some wished starts.
pub struct Slots {
    length: Duration,
    facts: Facts,
    standing: Standing,
    question: SlotQuestion,
    /// Ascending.
    free: Vec<UnixMillis>,
    /// What the calendars said just now about wished starts that seemed free.
    refused: Vec<(UnixMillis, WhyNot)>,
    /// Around which other times are looked for.
    pub range: Span,
}

/// The event type on which a worker books. `None`: its own meeting and hours; `Err`: why nothing can be booked on it.
pub fn event_of(
    app: &App,
    workspace: WorkspaceId,
    worker: Option<&Worker>,
) -> Result<Option<Result<EventType, String>>, StoreError> {
    app.store.read(|txn| find_event_of(txn, workspace, worker))
}

/// The same inside a transaction.
pub fn find_event_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: Option<&Worker>,
) -> Result<Option<Result<EventType, String>>, StoreError> {
    let Some(id) = worker.and_then(Worker::event_type) else { return Ok(None) };
    Ok(Some(match types::find(txn, workspace, id)? {
        None => Err("The event type that this worker books on is gone.".to_owned()),
        Some(event) => match unfit(&event) {
            None => Ok(event),
            Some(words) => Err(words),
        },
    }))
}

/// Why no worker can book on an event type; `None`: it can.
pub fn unfit(event: &EventType) -> Option<String> {
    if !event.is_open {
        return Some(format!("The event type “{}” is switched off.", event.name));
    }
    None
}

/// Only the guest can book it, on its page: they pay for it, or it needs what we do not know of them.
pub fn needs_guest(event: &EventType, contact: &Contact) -> bool {
    let asks = event.questions.iter().any(|question| question.required);
    event.price.is_some() || asks || (event.location == Location::WeCall && contact.phone.is_empty())
}

/// The meeting that an event type is, for a length that it has.
pub fn meeting_of(event: &EventType, asked: Option<u32>) -> Meeting {
    let meeting = Meeting {
        title: event.name.clone(),
        minutes: event.duration(asked),
        buffer_before: event.buffer_before,
        buffer_after: event.buffer_after,
        notice: event.notice,
        ..Meeting::default()
    };
    meeting.at(event.location.clone())
}

/// What a rule of the engine says, to members.
pub fn why(rule: Rule) -> WhyNot {
    match rule {
        Rule::MinimumNotice { .. } => WhyNot::TooSoon,
        Rule::Hours => WhyNot::OutsideHours,
        Rule::Busy { .. } => WhyNot::Busy,
        rule => WhyNot::NotOffered { rule: rule.name(), why: rule.words() },
    }
}

/// A start that cannot be had: its seats are taken, or something stands there.
fn taken(facts: &Facts, standing: &Standing, question: &SlotQuestion, start: UnixMillis) -> WhyNot {
    let full = types::full_sitting(facts, standing, question, start);
    full.map_or(WhyNot::Busy, |seats| WhyNot::Full { seats })
}

/// All that speaks against a start, calendars as last read: what is taken by itself, else every rule of the owner's.
/// `but` is a booking that is about to move, with its hosts.
pub fn objections(
    app: &App,
    event: &EventType,
    start: UnixMillis,
    minutes: u32,
    but: Option<&Booking>,
) -> Result<Vec<WhyNot>, StoreError> {
    app.store.read(|txn| find_objections(app, txn, event, start, minutes, but))
}

/// The same inside a transaction.
pub fn find_objections(
    app: &App,
    txn: &mut Txn<'_>,
    event: &EventType,
    start: UnixMillis,
    minutes: u32,
    but: Option<&Booking>,
) -> Result<Vec<WhyNot>, StoreError> {
    let question = SlotQuestion::at(start, minutes, but.map(|booking| booking.id));
    let mut facts = types::find_for(app, txn, event, &question)?;
    if let Some(booking) = but {
        facts = in_nobodys_way(facts, booking);
    }
    if start <= facts.now {
        return Ok(vec![WhyNot::Past]);
    }
    let span = Span::lasting(start, Duration::from_secs(60 * u64::from(minutes)));
    let standing = types::taken_in(txn, &facts, span)?;
    let objects = |facts: &Facts| types::why_not(facts, &standing, &question, start);
    if objects(&facts).is_none() {
        return Ok(Vec::new());
    }
    if objects(&facts.with_rules(&[])).is_some() {
        return Ok(vec![taken(&facts, &standing, &question, start)]);
    }
    let by_rules = OwnersRule::ALL.iter().filter_map(|rule| objects(&facts.with_rules(&[*rule])).map(why));
    let unknown = facts.unknown().into_iter().next().map(|reason| WhyNot::Unknown { reason });
    Ok(by_rules.chain(unknown).collect())
}

/// What is known of a booking's own hosts, its own time free. A date of a series may move beyond the horizon.
fn in_nobodys_way(facts: Facts, booking: &Booking) -> Facts {
    let hosts = &booking.details.hosts;
    let facts = hosts.iter().fold(facts.only(hosts), |facts, host| facts.freed(*host, booking.span()));
    match booking.details.series {
        Some(_) => facts.beyond_horizon(),
        None => facts,
    }
}

impl Slots {
    /// Reads what stands around `wished`; each of those that seems free is asked of the calendars anew. `but` is a
    /// booking that is about to move.
    pub fn read(
        app: &App,
        event: &EventType,
        minutes: u32,
        wished: &[UnixMillis],
        guest: &TimeZone,
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        let mut slots = Self::known(app, event, minutes, wished, guest, but)?;
        slots.ask(app, wished)?;
        Ok(slots)
    }

    /// Asks the calendars anew about each of `starts` that seems free; all of the asking together has an end.
    pub fn ask(&mut self, app: &App, starts: &[UnixMillis]) -> Result<(), StoreError> {
        if self.question.but.is_some() {
            return Ok(());
        }
        let mut asking = Asking::begin();
        for start in starts.iter().filter(|start| self.free.contains(start)) {
            match is_free_now(app, &self.facts, *start, self.question.duration, &mut asking) {
                Ok(()) => {}
                Err(NotBooked::Store(error)) => return Err(error),
                Err(NotBooked::Unreadable(reason)) => self.refused.push((*start, WhyNot::Unknown { reason })),
                Err(_) => self.refused.push((*start, WhyNot::Busy)),
            }
        }
        Ok(())
    }

    /// The same, calendars as last read.
    pub fn known(
        app: &App,
        event: &EventType,
        minutes: u32,
        wished: &[UnixMillis],
        guest: &TimeZone,
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        let now = app.now();
        let but = but.filter(|booking| booking.details.event_type == Some(event.id));
        let notice = now.plus(Duration::from_secs(60 * u64::from(event.notice)));
        let looked = if wished.is_empty() { vec![notice] } else { wished.to_vec() };
        let range = around(&looked, now, HORIZON);
        let question = SlotQuestion {
            from: range.start.in_zone(guest).date(),
            to: range.end.in_zone(guest).date(),
            zone: guest.clone(),
            duration: minutes,
            but: but.map(|booking| booking.id),
            own: but.map(Booking::span),
        };
        let mut facts = types::load_for(app, event, &question)?;
        if let Some(booking) = but {
            facts = in_nobodys_way(facts, booking);
        }
        let standing = app.store.read(|txn| types::standing(txn, &facts, &question))?;
        let free = if facts.can_be_held() { types::free_of(&facts, &standing, &question) } else { Vec::new() };
        let length = Duration::from_secs(60 * u64::from(minutes));
        Ok(Self { length, facts, standing, question, free, refused: Vec::new(), range })
    }
}

impl FreeTimes for Slots {
    /// Only a time of the page will do: all else is answered with those near it.
    fn check(&self, start: UnixMillis) -> Result<Span, WhyNot> {
        if start <= self.facts.now {
            return Err(WhyNot::Past);
        }
        if let Some((_, why)) = self.refused.iter().find(|(refused, _)| *refused == start) {
            return Err(why.clone());
        }
        if self.free.binary_search(&start).is_ok() {
            return Ok(self.span(start));
        }
        if let Some(unknown) = self.unknown() {
            return Err(unknown);
        }
        Err(match types::why_not(&self.facts, &self.standing, &self.question, start) {
            Some(Rule::Busy { .. }) | None => taken(&self.facts, &self.standing, &self.question, start),
            Some(rule) => why(rule),
        })
    }

    fn span(&self, start: UnixMillis) -> Span {
        Span::lasting(start, self.length)
    }

    fn unknown(&self) -> Option<WhyNot> {
        let unknown = self.facts.unknown();
        let all = !unknown.is_empty() && self.free.is_empty();
        unknown.into_iter().next().filter(|_| all).map(|reason| WhyNot::Unknown { reason })
    }

    fn free_slots(&self, window: Span, limit: usize) -> Vec<Span> {
        // Where a booking is already, it cannot move.
        let is_refused = |start: &UnixMillis| {
            self.question.own.is_some_and(|own| own.start == *start)
                || self.refused.iter().any(|(refused, _)| refused == start)
        };
        let wanted = self.free.iter().filter(|start| window.start <= **start && **start < window.end);
        wanted.filter(|start| !is_refused(start)).take(limit).map(|start| self.span(*start)).collect()
    }
}
