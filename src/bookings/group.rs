//! A group: those who booked the same time of an event type with seats. They share one event in the calendar and one
//! meeting. Each has a booking of their own and hears by our mail only, so that nobody learns who else comes.
//!
//! Event and meeting belong to the sitting, not to a booking: both are found again by the group's id, stay where they are
//! when somebody moves away, and go with the last.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Booking, State};
use super::public::kept_for;
use super::store::{self, Wanted};
use super::tend;
use super::types;
use crate::app::App;
use crate::availability::{self, Claimed, Span, READ_AHEAD};
use crate::base::{counted, BookingId, ConnectionId, EventTypeId, UnixMillis, WorkspaceId};
use crate::connections;
use crate::contacts;
use crate::meetings::{Location, Service};
use crate::store::{StoreError, Txn};

/// One time at which a group sits, with what it has there. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    pub session: BookingId,
    event: EventTypeId,
    pub start: UnixMillis,
    pub end: UnixMillis,
    pub connection: Option<ConnectionId>,
    pub calendar_id: String,
    /// As far as the booking knew them.
    pub event_id: Option<String>,
    pub meeting: Option<String>,
    pub host: Option<(Service, ConnectionId)>,
    pub video: bool,
}

impl Sitting {
    /// `None` of a booking that is in no group.
    pub fn of(booking: &Booking) -> Option<Self> {
        Some(Self {
            session: booking.details.session?,
            event: booking.details.event_type?,
            start: booking.start,
            end: booking.end,
            connection: booking.connection,
            calendar_id: booking.calendar_id.clone(),
            event_id: booking.event_id.clone(),
            meeting: booking.hosted.id.clone(),
            host: booking.host(),
            video: booking.video,
        })
    }

    /// The same time of the same group: an answer about another says nothing of this one.
    pub fn is_where(&self, booking: &Booking) -> bool {
        (Some(self.session), self.start) == (booking.details.session, booking.start)
    }

    /// Whether an answer about the time `start` of the group `session` says nothing of a booking of a group any more: it
    /// has moved away meanwhile, and the move has a job of its own.
    pub fn has_left(booking: &Booking, session: Option<BookingId>, start: UnixMillis) -> bool {
        booking.details.session.is_some() && (session, start) != (booking.details.session, booking.start)
    }

    /// The same group where it sits by now: since this was noted, its host may have moved all of it. A group whose seats
    /// are all given back stays where it was.
    pub fn relocated(mut self, app: &App, workspace: WorkspaceId) -> Result<Self, StoreError> {
        if !app.store.read(|txn| self.members(txn, workspace))?.is_empty() {
            return Ok(self);
        }
        let wanted = Wanted { within: Some(Span::lasting(app.now(), READ_AHEAD)), after: None, limit: 1 };
        let is_member = |booking: &Booking| booking.state.is_booked() && booking.details.session == Some(self.session);
        let found = store::find_all(&app.store, workspace, &wanted, |_, booking| Ok(is_member(booking)))?;
        if let Some(member) = found.rows.first() {
            (self.start, self.end) = (member.start, member.end);
        }
        Ok(self)
    }

    /// All who sit there for good, in the order in which they booked.
    pub fn members(&self, txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Booking>, StoreError> {
        let mut all = Vec::new();
        for id in types::sitting_in(txn, workspace, self.event, self.session, self.start)? {
            let found = store::find(txn, workspace, id)?;
            all.extend(found.filter(|one| one.state.is_booked() && self.is_where(one)));
        }
        Ok(all)
    }

    /// Those whom its event in this calendar is for.
    pub fn in_calendar(&self, txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Booking>, StoreError> {
        let mut all = self.members(txn, workspace)?;
        all.retain(|one| (one.connection, &one.calendar_id) == (self.connection, &self.calendar_id));
        Ok(all)
    }

    /// Those who meet at this service.
    pub fn at_service(&self, txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Booking>, StoreError> {
        let mut all = self.members(txn, workspace)?;
        all.retain(|one| one.host() == self.host);
        Ok(all)
    }
}

/// The others who meet at a booking's service.
pub fn others_at_service(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<Booking>, StoreError> {
    let Some(sitting) = Sitting::of(booking) else { return Ok(Vec::new()) };
    let mut all = sitting.at_service(txn, booking.workspace)?;
    all.retain(|one| one.id != booking.id);
    Ok(all)
}

/// Whether others of its group, wherever that sits by now, still meet at the service of a booking that is over.
pub fn goes_on(app: &App, booking: &Booking) -> Result<bool, StoreError> {
    let Some(sitting) = Sitting::of(booking) else { return Ok(false) };
    let sitting = sitting.relocated(app, booking.workspace)?;
    let there = app.store.read(|txn| sitting.at_service(txn, booking.workspace))?;
    Ok(there.iter().any(|one| one.id != booking.id))
}

/// The others who sit with a booking, and how many seats there are; `None` of a booking that is in no group.
pub fn read(app: &App, booking: &Booking) -> Result<Option<(Vec<Booking>, u32)>, StoreError> {
    let Some(sitting) = Sitting::of(booking) else { return Ok(None) };
    app.store.read(|txn| {
        let mut all = sitting.members(txn, booking.workspace)?;
        all.retain(|one| one.id != booking.id);
        let seats = types::find(txn, booking.workspace, sitting.event)?.and_then(|event| event.seats);
        Ok(Some((all, seats.unwrap_or(1))))
    })
}

/// How the shared event reads in the host's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// "Yoga for beginners: 3 guests".
    pub title: String,
    /// A line for each guest.
    pub guests: String,
    /// Where they meet.
    pub place: String,
}

/// For everybody who sits there; `None` where nobody does.
pub fn words(txn: &mut Txn<'_>, all: &[Booking]) -> Result<Option<Words>, StoreError> {
    let Some(first) = all.first() else { return Ok(None) };
    let name = name(txn, first)?.unwrap_or_else(|| first.title.clone());
    let title = format!("{name}: {}", counted(all.len() as u64, "guest", "guests"));
    let mut lines = Vec::new();
    for one in all {
        let address = match &one.details.email {
            Some(email) => Some(email.display().to_owned()),
            None => {
                let contact = contacts::find(txn, one.workspace, one.contact)?;
                contact.and_then(|contact| Some(contact.address()?.display().to_owned()))
            }
        };
        lines.push(format!("{} {}", one.details.name, address.unwrap_or_default()).trim().to_owned());
    }
    let place = all.iter().find(|one| one.video_link.is_some()).unwrap_or(first).whereabouts();
    Ok(Some(Words { title, guests: lines.join("\n"), place }))
}

/// What the group comes for: the event type's name; `None` of a booking that is in no group.
pub fn name(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<String>, StoreError> {
    let Some(event) = booking.details.event_type.filter(|_| booking.details.session.is_some()) else { return Ok(None) };
    let found = types::find(txn, booking.workspace, event)?;
    Ok(Some(found.map_or_else(|| booking.title.clone(), |event| event.name)))
}

/// Everybody of a group gets the same room, made of its id.
pub fn share_room(app: &App, txn: &mut Txn<'_>, booking: &mut Booking) -> Result<(), StoreError> {
    if let (Some(Location::Jitsi), Some(session)) = (&booking.location, booking.details.session) {
        let room = txn.blind(booking.workspace, "jitsi room", &session.to_string())?;
        booking.video_link = Some(Location::room(app, &room));
    }
    Ok(())
}

/// Whoever joins a group is written where its event stands, as long as that calendar can be written: their host may have
/// chosen another one since. Time of it that is not the group's yet is claimed with the rest.
pub fn join(txn: &mut Txn<'_>, booking: &mut Booking, now: UnixMillis) -> Result<(), StoreError> {
    let Some(sitting) = Sitting::of(booking) else { return Ok(()) };
    let workspace = booking.workspace;
    for one in sitting.members(txn, workspace)?.into_iter().filter(|one| one.id != booking.id) {
        // What the calendar did not take has no event there, and will have none.
        let Some(calendar) = one.connection.filter(|_| one.event_id.is_some() || one.is_unwritten()) else { continue };
        let account = connections::find(txn, workspace, calendar)?;
        if !account.is_some_and(|account| account.state.is_working() && account.calendars().is_some()) {
            continue;
        }
        if !booking.details.resources.contains(&calendar.0) {
            let claimed = availability::claim(txn, workspace, calendar.0, booking.claim, sitting.session, now)?;
            if claimed != Claimed::Yes {
                continue;
            }
            booking.details.resources.push(calendar.0);
        }
        (booking.connection, booking.calendar_id) = (one.connection, one.calendar_id);
        return Ok(());
    }
    Ok(())
}

/// A booking that is to join its group in a calendar that is gone, where its host's meetings are written today; `None` of
/// one that stands in a calendar, or that is written there already.
pub fn elsewhere(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<Booking>, StoreError> {
    let waits = booking.state == State::Held && booking.event_id.is_none() && booking.details.session.is_some();
    if !waits {
        return Ok(None);
    }
    for host in &booking.details.hosts {
        let Some(own) = availability::find_calendars(txn, booking.workspace, *host)?.write_to else { continue };
        let is_there = (Some(own.connection), &own.calendar) == (booking.connection, &booking.calendar_id);
        let (connection, calendar_id) = (Some(own.connection), own.calendar);
        return Ok((!is_there).then(|| Booking { connection, calendar_id, ..booking.clone() }));
    }
    Ok(None)
}

/// What those hold who still sit where a booking sat, or for whom a seat is kept there: hosts, calendars and rooms.
pub fn held_by_others(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<Uuid>, StoreError> {
    let (Some(event), Some(session)) = (booking.details.event_type, booking.details.session) else {
        return Ok(Vec::new());
    };
    let mut held = Vec::new();
    let seats = types::seats_in(txn, booking.workspace, event, session, booking.start)?;
    for seat in seats.into_iter().filter(|seat| seat.booking != booking.id) {
        match store::find(txn, booking.workspace, seat.booking)? {
            Some(other) => held.extend(other.details.resources),
            None => held.extend(kept_for(txn, booking.workspace, seat.booking)?),
        }
    }
    Ok(held)
}

/// A booking of a group has moved, and leaves event and meeting to those who stay; where nobody does, they go.
pub fn part(
    app: &App,
    txn: &mut Txn<'_>,
    before: &Booking,
    moved: &mut Booking,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if before.details.session.is_none() {
        return Ok(());
    }
    (moved.event_id, moved.ical_uid) = (None, None);
    (moved.hosted.id, moved.hosted.passcode, moved.hosted.was_asked) = (None, None, false);
    if moved.video || moved.host().is_some() {
        moved.video_link = None;
    }
    share_room(app, txn, moved)?;
    leave(txn, before, now)
}

/// Somebody is no longer where they sat: what the group has there is brought to those who are.
pub fn leave(txn: &mut Txn<'_>, before: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    match Sitting::of(before).filter(|_| before.state.is_booked()) {
        Some(sitting) => tend::plan(txn, before.workspace, &sitting, now),
        None => Ok(()),
    }
}
