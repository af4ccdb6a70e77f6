//! A visitor books: the calendars are asked about exactly this time, and one transaction takes it.

use std::time::Duration;

use super::asking::{Asking, Dated, Gone};
use super::draft::{add_contact, draft};
use super::hold::with_buffers;
use super::waitlist;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{self, Claimed, Span, WhyNot};
use crate::base::{BookingId, ContactId, EmailAddress, ReplyId, SeriesId, UnixMillis, UserId, WorkerId};
use crate::bookings::agree::agree;
use crate::bookings::group;
use crate::bookings::hold::{handled, retire_proposals};
use crate::bookings::lapse;
use crate::bookings::messages::{self, Kind};
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::paid;
use crate::bookings::promised;
use crate::bookings::series;
use crate::bookings::service::BookError;
use crate::bookings::types::{self, Answer, Assignment, Entry, EventType, Facts, SlotQuestion};
use crate::bookings::words::Language;
use crate::bookings::{calendar, store};
use crate::contacts::{self, Contact};
use crate::events::{self, Happened};
use crate::jobs;
use crate::store::{StoreError, Txn};

#[derive(Debug, thiserror::Error)]
pub enum NotBooked {
    /// Nothing is booked here any more.
    #[error("this event type is not open")]
    Closed,
    #[error("the time is not free any more")]
    Taken,
    /// Unknown is not free.
    #[error("a calendar could not be read: {0}")]
    Unreadable(String),
    /// It is too near, or not to be changed.
    #[error("the visitor may not change it any more")]
    TooLate,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NotBooked {
    /// For members, who do the same by hand.
    pub fn into_book_error(self) -> BookError {
        let not_free = |why| BookError::NotFree { why, free: Vec::new() };
        match self {
            Self::Closed | Self::TooLate => BookError::NotOpen("not open"),
            Self::Taken => not_free(WhyNot::Busy),
            Self::Unreadable(reason) => not_free(WhyNot::Unknown { reason }),
            Self::Store(error) => BookError::Store(error),
        }
    }
}

/// Who books.
#[derive(Clone, Debug)]
pub struct Guest {
    pub name: String,
    pub email: EmailAddress,
    pub phone: String,
    /// IANA name.
    pub zone: String,
    /// BCP 47.
    pub language: String,
    /// Addresses of those who come along.
    pub others: Vec<EmailAddress>,
}

impl Guest {
    /// Somebody of whom we know all of it, written to at `email`.
    pub fn known(contact: &Contact, email: &EmailAddress, zone: &str, language: Language) -> Self {
        let name = Some(contact.name()).filter(|name| !name.is_empty() && !name.contains('@'));
        Self {
            name: name.unwrap_or_else(|| email.display().to_owned()),
            email: email.clone(),
            phone: contact.phone.clone(),
            zone: zone.to_owned(),
            language: language.tag().to_owned(),
            others: Vec::new(),
        }
    }

    /// Wants a time and says no more.
    pub fn wants(self, start: UnixMillis, minutes: u32, source: Source) -> Wanted {
        Wanted { start, minutes, guest: self, answers: Vec::new(), hold: None, came_from: String::new(), source }
    }
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub start: UnixMillis,
    pub minutes: u32,
    pub guest: Guest,
    pub answers: Vec<Answer>,
    /// The time was kept under this id; it becomes the booking's.
    pub hold: Option<BookingId>,
    pub came_from: String,
    pub source: Source,
}

/// A lead of a worker, who takes a time that was offered or named one.
#[derive(Clone, Debug)]
pub struct Lead {
    pub contact: ContactId,
    pub worker: Option<WorkerId>,
    /// The answer that the meeting comes from; it needs nobody any more.
    pub reply: Option<ReplyId>,
    /// The proposal that becomes the booking.
    pub proposal: Option<BookingId>,
    /// A time that they were offered or that they named leads to one meeting; a person may make another.
    pub once: bool,
    pub who: Who,
    /// A member books it, so nobody has to agree to it.
    pub agreed: bool,
    /// A member sets the owner's rules aside, and what cannot be read.
    pub insists: bool,
    /// For the history, in words.
    pub how: String,
    /// For the audit trail.
    pub detail: String,
}

/// Books a start of an event type, with whichever of its hosts can take it.
pub fn book(app: &App, event: &EventType, wanted: &Wanted) -> Result<Booking, NotBooked> {
    book_for(app, event, wanted, None, &|_| Ok(()))
}

/// What else happens in the transaction that books.
pub type Also<'a> = dyn Fn(&mut Txn<'_>) -> Result<(), StoreError> + 'a;

/// The same for a lead of a worker, whose meeting is closed with it as by any other agreement. The meeting that they
/// have already is the answer where they may have one only.
pub fn book_for(
    app: &App,
    event: &EventType,
    wanted: &Wanted,
    lead: Option<&Lead>,
    also: &Also<'_>,
) -> Result<Booking, NotBooked> {
    book_dates(app, event, (wanted, &[]), lead, also, &mut Vec::new())
}

/// Books a start and the `later` dates of its series, which the caller has counted from it: all of them with the same
/// hosts, or none. `gone` tells which of them could not be had.
pub fn book_series(
    app: &App,
    event: &EventType,
    wanted: &Wanted,
    later: &[UnixMillis],
    gone: &mut Vec<Gone>,
) -> Result<Booking, NotBooked> {
    if event.repeats.is_none() {
        return Err(NotBooked::Closed);
    }
    book_dates(app, event, (wanted, later), None, &|_| Ok(()), gone)
}

fn book_dates(
    app: &App,
    event: &EventType,
    (wanted, later): (&Wanted, &[UnixMillis]),
    lead: Option<&Lead>,
    also: &Also<'_>,
    gone: &mut Vec<Gone>,
) -> Result<Booking, NotBooked> {
    gone.clear();
    if !event.is_open {
        return Err(NotBooked::Closed);
    }
    let minutes = event.duration(Some(wanted.minutes));
    // Sent twice: the first one is the answer.
    if let Some(booking) = made(app, event, wanted)? {
        return Ok(booking);
    }
    if !keeps_already(app, event, wanted)? {
        waitlist::before_others(app, event)?;
    }
    let insists = lead.is_some_and(|lead| lead.insists);
    let mut dates = Vec::new();
    for (nth, start) in std::iter::once(&wanted.start).chain(later).enumerate() {
        let question = SlotQuestion::at(*start, minutes, wanted.hold.filter(|_| nth == 0));
        let facts = types::load_for(app, event, &question)?;
        let facts = match (nth, insists) {
            (0, true) => facts.with_rules(&[]),
            (0, false) => facts,
            _ => facts.for_later(),
        };
        dates.push(Dated { facts, question, span: lasting(*start, minutes) });
    }
    let Some(facts) = dates.first().map(|date| date.facts.clone()) else { return Err(NotBooked::Taken) };
    let (mut unreadable, mut asking) = (None, Asking::begin());
    for hosts in candidates(app, &facts, wanted.hold.map(|held| (held, wanted.start)))? {
        let mut lacks = Vec::new();
        let asked = match asking.all(app, &dates, &hosts, insists, &mut lacks) {
            Ok(asked) => asked,
            Err(error @ (NotBooked::Taken | NotBooked::Unreadable(_))) => {
                keep_nearest(gone, lacks, wanted.start);
                if let NotBooked::Unreadable(reason) = error {
                    unreadable = Some(reason);
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        match take(app, &asked, (wanted, lead), also) {
            Err(NotBooked::Taken) => {}
            answer => return answer,
        }
    }
    // They may have taken it themselves, a moment ago: the same form sent twice, whose first is done by now.
    if let Some(booking) = made(app, event, wanted)? {
        return Ok(booking);
    }
    if let Some(lead) = lead {
        if let Some(there) = app.store.read(|txn| before_lead(txn, event, lead, facts.now))? {
            return Ok(there);
        }
    }
    Err(unreadable.map_or(NotBooked::Taken, NotBooked::Unreadable))
}

/// What was booked with this hold.
fn made(app: &App, event: &EventType, wanted: &Wanted) -> Result<Option<Booking>, StoreError> {
    wanted.hold.map_or(Ok(None), |held| store::get(&app.store, event.workspace, held))
}

/// Of several hosts of whom one would do, the visitor hears about the one who could hold most: the first date, which is
/// kept, before all others.
fn keep_nearest(gone: &mut Vec<Gone>, lacks: Vec<Gone>, first: UnixMillis) {
    let distance = |gone: &[Gone]| (gone.iter().any(|one| one.start == first), gone.len());
    if gone.is_empty() || distance(&lacks) < distance(gone) {
        *gone = lacks;
    }
}

/// Whether the time is kept for whoever wants it, so that nobody in line is passed over. An id alone, or a hold that ran
/// out, keeps nothing.
fn keeps_already(app: &App, event: &EventType, wanted: &Wanted) -> Result<bool, StoreError> {
    let Some(held) = wanted.hold else { return Ok(false) };
    let entry = app.store.read(|txn| types::find_entry(txn, event.workspace, event.id, held, wanted.start))?;
    Ok(entry.is_some_and(|entry| entry.stands(app.now())))
}

/// Asks the calendars whether somebody could hold a start, as booking it would. Nothing is written. Several starts of
/// one question share its `asking`.
pub fn is_free_now(
    app: &App,
    facts: &Facts,
    start: UnixMillis,
    minutes: u32,
    asking: &mut Asking,
) -> Result<(), NotBooked> {
    let (span, question) = (lasting(start, minutes), SlotQuestion::at(start, minutes, None));
    let mut unreadable = None;
    for hosts in candidates(app, facts, None)? {
        match asking.one(app, &facts.only(&hosts), &question, span) {
            Err(NotBooked::Unreadable(reason)) => unreadable = Some(reason),
            Err(NotBooked::Taken) => {}
            answer => return answer.map(drop),
        }
    }
    Err(unreadable.map_or(NotBooked::Taken, NotBooked::Unreadable))
}

fn lasting(start: UnixMillis, minutes: u32) -> Span {
    Span::lasting(start, Duration::from_secs(60 * u64::from(minutes)))
}

/// Who could hold it, in the order in which they are asked: all together, or one after the other in turn, whoever keeps
/// the time already first.
pub fn candidates(
    app: &App,
    facts: &Facts,
    held: Option<(BookingId, UnixMillis)>,
) -> Result<Vec<Vec<UserId>>, StoreError> {
    let event = &facts.event;
    if !facts.can_be_held() {
        return Ok(Vec::new());
    }
    if event.assignment == Assignment::Collective {
        return Ok(vec![facts.hosts.iter().map(|host| host.user).collect()]);
    }
    app.store.read(|txn| {
        let mut turn = types::in_turn(txn, event.workspace, event.id, &event.hosts)?;
        if let Some((held, start)) = held {
            let entry = types::find_entry(txn, event.workspace, event.id, held, start)?;
            let keeps = |user: &UserId| !entry.as_ref().is_some_and(|entry| entry.hosts.contains(user));
            turn.sort_by_key(keeps);
        }
        Ok(turn.into_iter().map(|user| vec![user]).collect())
    })
}

/// The transaction that makes the booking, or those of a series: all of them or none. Gives the first.
fn take(
    app: &App,
    dates: &[Dated],
    (wanted, lead): (&Wanted, Option<&Lead>),
    also: &Also<'_>,
) -> Result<Booking, NotBooked> {
    let Some(Dated { facts, .. }) = dates.first() else { return Err(NotBooked::Taken) };
    let (event, now) = (&facts.event, facts.now);
    let email = &wanted.guest.email;
    let known = app.store.read(|txn| contacts::find_by_address(txn, event.workspace, email))?;
    let contact = known.map_or(ContactId::new(now), |known| known.id);
    let contact = lead.map_or(contact, |lead| lead.contact);
    let series = SeriesId::new(now);
    let mut drafts = Vec::new();
    for date in dates {
        let mut draft = draft(app, &date.facts, date.span, wanted, contact);
        if !drafts.is_empty() {
            draft.id = BookingId::new(now);
        }
        if let Some(lead) = lead {
            (draft.worker, draft.reply) = (lead.worker, lead.reply);
            draft.id = lead.proposal.unwrap_or(draft.id);
            draft.note(now, lead.how.clone());
            if lead.agreed {
                draft.state = State::Held;
            }
        }
        drafts.push(draft);
    }
    let Some(draft) = drafts.first() else { return Err(NotBooked::Taken) };
    let jobs = drafts.iter().map(|draft| (calendar::job_anywhere(draft, now), lapse::job(draft, now)));
    let jobs: Vec<_> = jobs.collect();
    let asked = paid::asked(app, event, &drafts, wanted.guest.email.display(), now);
    app.store.write(|txn| {
        let current = types::find(txn, event.workspace, event.id)?.ok_or(NotBooked::Closed)?;
        let before = store::find(txn, event.workspace, draft.id)?;
        let is_proposal = |there: &Booking| lead.is_some() && there.state.is_proposed() && !there.is_request();
        if let Some(there) = before.as_ref().filter(|there| !is_proposal(there)) {
            // Sent twice in the same moment: the first one is the answer.
            return Ok(there.clone());
        }
        if !current.is_open {
            return Err(NotBooked::Closed);
        }
        // With other rules by now the page shows other times.
        if current.changed_at != event.changed_at {
            return Err(NotBooked::Taken);
        }
        if let Some(lead) = lead {
            if let Some(there) = before_lead(txn, event, lead, now)? {
                return Ok(there);
            }
        }
        let mut all = drafts.clone();
        if let (Some(before), Some(booking)) = (&before, all.first_mut()) {
            booking.history = [before.history.as_slice(), &draft.history].concat();
            (booking.created_at, booking.kept) = (before.created_at, before.kept.clone());
        }
        // Each sees those before it, so that limits and overlaps count within a series, too.
        for (booking, date) in all.iter_mut().zip(dates) {
            let own = booking.id;
            seat(txn, &date.facts, &date.question, booking, own)?;
            group::share_room(app, txn, booking)?;
            if let (Assignment::RoundRobin, [host]) = (current.assignment, &date.facts.hosts[..]) {
                types::took_turn(txn, event.workspace, event.id, &current.hosts, host.user, now)?;
            }
        }
        // The same person twice in the same moment: the second try finds the contact.
        if lead.is_none() {
            add_contact(txn, (event.workspace, contact), &wanted.guest, now)?;
        }
        waitlist::booked(txn, (event.workspace, event.id), contact, draft.id)?;
        series::join(txn, &mut all, (series, contact), now)?;
        if let Some(asked) = &asked {
            if !paid::begin(txn, asked, now)? {
                return Err(NotBooked::Unreadable("payments cannot be taken just now".to_owned()));
            }
            all.iter_mut().for_each(|booking| paid::wait(booking, asked, now));
        }
        if all.len() > 1 {
            // The first message about a series is written from the rows of all its dates.
            all.iter().try_for_each(|booking| store::put(txn, booking, None))?;
        }
        for (nth, (booking, (job, lapse))) in all.iter_mut().zip(&jobs).enumerate() {
            if booking.state.is_proposed() {
                jobs::enqueue(txn, lapse)?;
                let what = Happened::BookingProposed { booking: booking.id, contact };
                events::append(txn, booking.workspace, now, what)?;
                if booking.details.series.is_none() {
                    messages::tell(app, txn, booking, Kind::Requested, "", now)?;
                }
            } else if booking.state != State::Unpaid {
                agree(app, txn, booking, job, now)?;
            }
            store::put(txn, booking, before.as_ref().filter(|_| nth == 0))?;
            let (who, detail) = lead.map_or((&Who::Visitor, ""), |lead| (&lead.who, &lead.detail));
            let on = format!("booking {}", booking.id);
            audit::record(txn, booking.workspace, now, who, "booking.made", &on, detail)?;
        }
        if all.len() > 1 && asked.is_none() && draft.state.is_proposed() {
            series::asked(app, txn, &all, now)?;
        }
        let booking = all.swap_remove(0);
        if let Some(lead) = lead {
            after_lead(txn, &booking, lead, now)?;
        }
        also(txn)?;
        Ok(booking)
    })
}

/// The lead must still be there; gives the meeting that they have, where they may have one only.
fn before_lead(
    txn: &mut Txn<'_>,
    event: &EventType,
    lead: &Lead,
    now: UnixMillis,
) -> Result<Option<Booking>, NotBooked> {
    let contact = contacts::find(txn, event.workspace, lead.contact)?;
    if contact.is_none_or(|contact| contact.restricted) {
        return Err(NotBooked::Closed);
    }
    match lead.reply.filter(|_| lead.once) {
        Some(reply) => Ok(promised::meeting(txn, event.workspace, lead.contact, reply, now)?),
        None => Ok(None),
    }
}

/// What was proposed before ends, and the answer needs nobody any more.
fn after_lead(txn: &mut Txn<'_>, booking: &Booking, lead: &Lead, now: UnixMillis) -> Result<(), StoreError> {
    retire_proposals(txn, booking.workspace, booking.contact, Some(booking.id), "A time was agreed.", now)?;
    if let Some(reply) = lead.reply {
        handled(txn, booking.workspace, reply, now)?;
        promised::keep(txn, booking, reply)?;
    }
    Ok(())
}

/// Takes a time in this transaction, if the engine still offers it: the claims of hosts, calendars and rooms, and the
/// entry in the ledger. A group that begins with it has the id `fresh`. Of many who want it, as many get it as there are seats.
pub fn seat(
    txn: &mut Txn<'_>,
    facts: &Facts,
    question: &SlotQuestion,
    booking: &mut Booking,
    fresh: BookingId,
) -> Result<(), NotBooked> {
    let (event, now, span) = (&facts.event, facts.now, booking.span());
    let standing = types::taken_in(txn, facts, span)?;
    if types::why_not(facts, &standing, question, booking.start).is_some() {
        return Err(NotBooked::Taken);
    }
    let first = facts.hosts.first().map(|host| host.user);
    let sits = first.and_then(|host| standing.session_at(span, host, now));
    booking.details.session = event.is_group().then(|| sits.unwrap_or(fresh));
    booking.details.hosts = facts.hosts.iter().map(|host| host.user).collect();
    booking.details.resources = facts.claimable();
    booking.claim = with_buffers(event, span);
    for resource in &booking.details.resources {
        let holder = booking.holder();
        let claimed = availability::claim(txn, event.workspace, *resource, booking.claim, holder, now)?;
        if claimed != Claimed::Yes {
            return Err(NotBooked::Taken);
        }
    }
    let entry = Entry {
        booking: booking.id,
        span,
        before: event.buffer_before,
        after: event.buffer_after,
        hosts: booking.details.hosts.clone(),
        session: booking.details.session,
        until: None,
    };
    Ok(types::put_entry(txn, event.workspace, event.id, entry, now)?)
}
