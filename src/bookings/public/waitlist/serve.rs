//! The line is served: offers that ran out end, and what is free goes to the first whom it suits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::leave::{release, take_off};
use super::letters;
use super::model::{Offer, State, Waiter, MOST_MISSED};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::Span;
use crate::base::{BookingId, EventTypeId, UnixMillis, WaiterId, WorkspaceId};
use crate::bookings::public::asking::Asking;
use crate::bookings::public::commit::{candidates, NotBooked};
use crate::bookings::public::hold::{reserve, Keep};
use crate::bookings::public::token::Held;
use crate::bookings::types::{self, EventType, Facts, SlotQuestion};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::{StoreError, Txn};
use crate::workspaces::{self, WorkspaceState};

const SERVE: &str = "bookings.waitlist";
const END_OFFER: &str = "bookings.waitlist_offer";
/// Calendars free times, too, and tell nobody.
const EVERY: Duration = Duration::from_secs(600);
/// An offer that ends sooner is none.
const SHORTEST: Duration = Duration::from_secs(600);
/// Tries of one round; the next round comes at once, if anything was offered in this one.
const MOST_OFFERS: usize = 50;
/// The same where a visitor waits for their page meanwhile: each try may ask calendars.
const MOST_WHILE_ONE_WAITS: usize = 5;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Payload {
    event: EventTypeId,
    #[serde(default)]
    waiter: Option<WaiterId>,
    #[serde(default)]
    hold: Option<BookingId>,
}

/// Serves the line now, and now and then.
pub(super) fn job(workspace: WorkspaceId, event: EventTypeId, now: UnixMillis) -> NewJob {
    let payload = Payload { event, waiter: None, hold: None };
    // Each try may ask calendars, which steps must not wait for.
    NewJob::new(SERVE, Lane::CalendarSync, workspace, now, &payload)
        .serial(event.0)
        .once(event.to_string())
        .max_attempts(u32::MAX)
}

fn end_job(waiter: &Waiter, (hold, due): (Option<BookingId>, UnixMillis), now: UnixMillis) -> NewJob {
    let payload = Payload { event: waiter.event, waiter: Some(waiter.id), hold };
    NewJob::new(END_OFFER, Lane::Steps, waiter.workspace, now, &payload).due(due).max_attempts(u32::MAX)
}

/// Ends the waiting when the period is over.
pub(super) fn over_job(waiter: &Waiter, now: UnixMillis) -> NewJob {
    end_job(waiter, (None, waiter.within.end), now)
}

/// Something may be free now.
pub(super) fn hurry(app: &App, workspace: WorkspaceId, event: EventTypeId) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| hurry_in(txn, workspace, event, now))
}

/// The same in this transaction.
pub fn hurry_in(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let id = jobs::enqueue(txn, &job(workspace, event, now))?;
    jobs::hurry(txn, id, now)
}

pub struct Serve;

impl Task<App> for Serve {
    fn kind(&self) -> &'static str {
        SERVE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let served = job.payload().and_then(|payload: Payload| serve(app, job.workspace, payload.event, MOST_OFFERS));
        match served {
            Ok(Served::InPart) => Outcome::Again { at: app.now() },
            Ok(Served::ForNow) => Outcome::Again { at: app.now().plus(EVERY) },
            Ok(Served::NoList) => Outcome::Done,
            Err(error) => error.into(),
        }
    }
}

/// Ends an offer that was not taken, or a waiting that is over.
pub struct EndOffer;

impl Task<App> for EndOffer {
    fn kind(&self) -> &'static str {
        END_OFFER
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let ended = job.payload().and_then(|payload: Payload| {
            let Some(id) = payload.waiter else { return Ok(None) };
            let again = end(app, (job.workspace, payload.event, id))?;
            hurry(app, job.workspace, payload.event)?;
            Ok(again)
        });
        match ended {
            Ok(Some(at)) => Outcome::Again { at },
            Ok(None) => Outcome::Done,
            Err(error) => error.into(),
        }
    }
}

/// Ends what has run out of one waiter; gives the time at which more will (the clock was set back).
fn end(
    app: &App,
    (workspace, event, id): (WorkspaceId, EventTypeId, WaiterId),
) -> Result<Option<UnixMillis>, StoreError> {
    let now = app.now();
    app.store.write(|txn| match store::find(txn, workspace, event, id)? {
        Some(waiter) => end_in(txn, &waiter, now),
        None => Ok(None),
    })
}

fn by_itself() -> Who {
    Who::System("waitlist".into())
}

fn end_in(txn: &mut Txn<'_>, before: &Waiter, now: UnixMillis) -> Result<Option<UnixMillis>, StoreError> {
    match before.offer() {
        Some(offer) if offer.until > now => return Ok(Some(offer.until)),
        Some(offer) => {
            let mut after = Waiter { state: State::Waiting, ..before.clone() };
            after.missed.push(offer.start);
            if after.missed.len() < MOST_MISSED && !after.is_for_one_start() && after.within.end > now {
                release(txn, before)?;
                store::put(txn, &after, Some(before))?;
            } else {
                take_off(txn, before, &by_itself(), "Did not take what was offered.", now)?;
            }
        }
        None if before.within.end > now => return Ok(Some(before.within.end)),
        None => take_off(txn, before, &by_itself(), "The time passed.", now)?,
    }
    Ok(None)
}

/// Something was freed: the lines that it may serve are looked at.
pub struct Listener;

impl Subscriber<App> for Listener {
    fn name(&self) -> &'static str {
        "bookings.waitlist"
    }

    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        // A host's time serves all of their event types, so each line is looked at.
        let is_freed = matches!(
            event.what,
            Happened::BookingCancelled { .. } | Happened::BookingMoved { .. } | Happened::BookingFailed { .. }
        );
        if !is_freed {
            return Ok(());
        }
        let all = app.store.read(|txn| types::list(txn, event.workspace))?;
        all.iter().filter(|own| own.waitlist.is_some()).try_for_each(|own| hurry(app, event.workspace, own.id))
    }
}

/// A visitor wants a time of this event type: whoever waits for it comes first.
pub fn before_others(app: &App, event: &EventType) -> Result<(), StoreError> {
    if event.waitlist.is_some() {
        serve(app, event.workspace, event.id, MOST_WHILE_ONE_WAITS)?;
    }
    Ok(())
}

/// How far a round came.
enum Served {
    /// There is no line to come back to.
    NoList,
    ForNow,
    /// More may be free for somebody.
    InPart,
}

/// Whether anything may leave the workspace just now.
pub(super) fn may_send(app: &App, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let home = workspaces::get(&app.store, workspace)?;
    let is_open = home.is_some_and(|home| home.closing.is_none() && home.state == WorkspaceState::Open);
    Ok(is_open && app.sending_held(app.now()).is_none())
}

/// Offers what is free.
fn serve(app: &App, workspace: WorkspaceId, event: EventTypeId, most: usize) -> Result<Served, StoreError> {
    let Some(event) = types::get(&app.store, workspace, event)? else { return Ok(Served::NoList) };
    let later = if event.waitlist.is_some() { Served::ForNow } else { Served::NoList };
    // Nobody must miss what they cannot hear of.
    if !may_send(app, workspace)? {
        return Ok(later);
    }
    let mut line = app.store.read(|txn| store::list(txn, workspace, event.id))?;
    let now = app.now();
    for waiter in line.iter().filter(|waiter| waiter.offer().is_some_and(|offer| offer.until <= now)) {
        end(app, (workspace, event.id, waiter.id))?;
    }
    if event.waitlist.is_none() || !event.is_open {
        return Ok(later);
    }
    let mut offers = 0;
    let (mut not_to_be_had, mut not_to_be_told) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..most {
        line = app.store.read(|txn| store::list(txn, workspace, event.id))?;
        line.retain(|waiter| !not_to_be_told.contains(&waiter.id));
        let Some((waiter, start)) = first_fit(app, &event, &line, &not_to_be_had)? else { return Ok(Served::ForNow) };
        match offer(app, &event, waiter, start, &by_itself())? {
            Offered::Yes => offers += 1,
            Offered::NotThen => {
                not_to_be_had.insert((waiter.id, start));
            }
            Offered::NotThem => {
                not_to_be_told.insert(waiter.id);
            }
            Offered::Unreadable => return Ok(Served::ForNow),
        }
    }
    // Without an offer the next round would try the same again, and so on.
    Ok(if offers > 0 { Served::InPart } else { Served::ForNow })
}

/// The first in line whom something free suits, and the first such start. Nothing is kept for an address that nobody
/// has confirmed: it may be made up.
fn first_fit<'a>(
    app: &App,
    event: &EventType,
    line: &'a [Waiter],
    not_to_be_had: &BTreeSet<(WaiterId, UnixMillis)>,
) -> Result<Option<(&'a Waiter, UnixMillis)>, StoreError> {
    let waiting = || line.iter().filter(|waiter| waiter.state == State::Waiting && waiter.confirmed_at.is_some());
    // One question for each length, however long the line is.
    let mut periods: BTreeMap<u32, Span> = BTreeMap::new();
    for Waiter { minutes, within, .. } in waiting() {
        let whole = periods.entry(*minutes).or_insert(*within);
        *whole = Span::new(whole.start.min(within.start), whole.end.max(within.end));
    }
    let mut free: BTreeMap<u32, Vec<UnixMillis>> = BTreeMap::new();
    for (minutes, period) in periods {
        free.insert(minutes, free_within(app, event, period, minutes)?);
    }
    let mut in_turn: Vec<&Waiter> = waiting().collect();
    in_turn.sort_by_key(|waiter| waiter.missed.len());
    for waiter in in_turn {
        let free = free.get(&waiter.minutes).into_iter().flatten();
        let mut fit = free.filter(|start| waiter.wishes(**start) && !not_to_be_had.contains(&(waiter.id, **start)));
        if let Some(start) = fit.next() {
            return Ok(Some((waiter, *start)));
        }
    }
    Ok(None)
}

/// What is free in a period, and far enough away to be offered.
pub(super) fn free_within(
    app: &App,
    event: &EventType,
    period: Span,
    minutes: u32,
) -> Result<Vec<UnixMillis>, StoreError> {
    let now = app.now();
    let day = |at: UnixMillis| at.in_zone(&TimeZone::UTC).date();
    let (from, to) = (period.start.max(now), period.end);
    if from >= to {
        return Ok(Vec::new());
    }
    let question = SlotQuestion {
        from: day(from),
        to: day(UnixMillis(to.0 - 1)),
        zone: TimeZone::UTC,
        duration: minutes,
        but: None,
        own: None,
    };
    let mut free = types::free_starts(app, event, &question)?;
    free.retain(|start| from <= *start && *start < to && offered_until(event, *start, now).is_some());
    Ok(free)
}

/// Until when a start can be offered: as the owner says, and no longer than it may be booked.
fn offered_until(event: &EventType, start: UnixMillis, now: UnixMillis) -> Option<UnixMillis> {
    let minutes = |count: u32| Duration::from_secs(60 * u64::from(count));
    let until = now.plus(minutes(event.waitlist.unwrap_or_default().offer_minutes));
    let until = until.min(start.minus(minutes(event.notice)));
    (until >= now.plus(SHORTEST)).then_some(until)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Yes,
    /// The time is not to be had.
    NotThen,
    /// They hold an offer, are off the list, or cannot be written to.
    NotThem,
    /// No calendar that it depends on can be read just now; neither can it for the next start.
    Unreadable,
}

/// Offers a start to somebody, with whichever hosts can hold it.
pub(super) fn offer(
    app: &App,
    event: &EventType,
    waiter: &Waiter,
    start: UnixMillis,
    who: &Who,
) -> Result<Offered, StoreError> {
    let now = app.now();
    let Some(until) = offered_until(event, start, now) else { return Ok(Offered::NotThen) };
    let held = Held { event: event.id, id: BookingId::new(now), start, minutes: waiter.minutes, until };
    let question = SlotQuestion::at(start, waiter.minutes, None);
    let facts = types::load_for(app, event, &question)?;
    let (mut is_unreadable, mut is_answered, mut asking) = (false, false, Asking::begin());
    for hosts in candidates(app, &facts, None)? {
        let asked = match asking.one(app, &facts.only(&hosts), &question, held.span()) {
            Ok(asked) => asked,
            Err(NotBooked::Store(error)) => return Err(error),
            Err(NotBooked::Unreadable(_)) => {
                is_unreadable = true;
                continue;
            }
            Err(_) => {
                is_answered = true;
                continue;
            }
        };
        match offer_with(app, &asked, &question, held, (waiter, who)) {
            Ok(()) => return Ok(Offered::Yes),
            Err(NotBooked::Store(error)) => return Err(error),
            Err(NotBooked::Closed) => return Ok(Offered::NotThem),
            Err(_) => is_answered = true,
        }
    }
    Ok(if is_unreadable && !is_answered { Offered::Unreadable } else { Offered::NotThen })
}

fn offer_with(
    app: &App,
    facts: &Facts,
    question: &SlotQuestion,
    held: Held,
    (waiter, who): (&Waiter, &Who),
) -> Result<(), NotBooked> {
    let (event, now) = (&facts.event, facts.now);
    let end = end_job(waiter, (Some(held.id), held.until), now);
    app.store.write(|txn| {
        let before = store::find(txn, waiter.workspace, waiter.event, waiter.id)?.ok_or(NotBooked::Closed)?;
        if before.state != State::Waiting {
            return Err(NotBooked::Closed);
        }
        let kept = reserve(txn, facts, question, held, Keep::ForSomebodyInLine)?;
        let offer = Offer {
            hold: held.id,
            start: held.start,
            until: held.until,
            holder: kept.holder,
            claim: kept.claim,
            resources: kept.resources,
        };
        let after = Waiter { state: State::Offered(offer), ..before.clone() };
        store::put(txn, &after, Some(&before))?;
        if !letters::offered(app, txn, event, &after, now)? {
            return Err(NotBooked::Closed);
        }
        jobs::enqueue(txn, &end)?;
        let what = Happened::WaitlistOffered { event_type: event.id, contact: after.contact, start: held.start };
        events::append(txn, event.workspace, now, what)?;
        let on = format!("waiter {}", after.id);
        Ok(audit::record(txn, event.workspace, now, who, "waitlist.offered", &on, "")?)
    })
}
