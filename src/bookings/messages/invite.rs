//! The invitation: who sends it, and ours in the form of iMIP (RFC 6047).
//!
//! Always true here: either the provider of the host's calendar mails the guest or we do, never both; the UID is the
//! same for the life of a booking, SEQUENCE grows with its version, and REQUEST and CANCEL name the same organizer.

use super::letter::Occasion;
use super::links::Links;
use super::model::{Invitation, Inviter, Kind, Plan, Timing};
use super::{fields, store, visitor};
use crate::app::App;
use crate::base::ics::{calendar_file, Entry, Method, Party, Status};
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::shared_event::unreadable;
use crate::bookings::words::Language;
use crate::connections;
use crate::messaging::CalendarFile;
use crate::providers::calendar::{Attendee, SendUpdates};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// The timing of a booking: that of the workspace, with what its worker or event type has of its own.
pub fn timing_of(txn: &mut Txn<'_>, booking: &Booking) -> Result<Timing, StoreError> {
    let all = store::find_timing(txn, booking.workspace)?;
    let of = visitor::event_type(booking).or(booking.worker.map(|worker| worker.0));
    match of {
        Some(of) => Ok(store::find_own(txn, booking.workspace, of)?.over(all)),
        None => Ok(all.sorted()),
    }
}

/// Who invites, as the guest first hears of the booking. A provider that could not write the event invites nobody.
pub fn decide(txn: &mut Txn<'_>, booking: &Booking) -> Result<Inviter, StoreError> {
    let choice = timing_of(txn, booking)?.invitation;
    let mails = provider_mails(txn, booking)? && booking.event_id.is_some();
    Ok(match (choice, mails) {
        (Invitation::None, _) => Inviter::Nobody,
        // The provider would tell each guest of a group who else comes.
        _ if booking.details.session.is_some() => Inviter::Us,
        (Invitation::Provider, true) => Inviter::Provider,
        (Invitation::Provider | Invitation::Mail, _) => Inviter::Us,
    })
}

/// The calendar is one whose provider mails guests by itself.
fn provider_mails(txn: &mut Txn<'_>, booking: &Booking) -> Result<bool, StoreError> {
    let Some(calendar) = booking.connection else { return Ok(false) };
    let found = connections::find(txn, booking.workspace, calendar)?;
    Ok(found.is_some_and(|connection| connection.kind.provider().is_some()))
}

/// What is said to the calendar about the guest when the event is written.
pub struct Told {
    pub updates: SendUpdates,
    /// Their name stands in the event.
    pub names_guest: bool,
}

/// Asked before each write of an event.
pub fn told_to_calendar(app: &App, booking: &Booking) -> Result<Told, ProviderError> {
    let inviter = app.store.read(|txn| {
        let plan = store::find_plan(txn, booking.workspace, booking.contact, booking.id)?;
        let mails = provider_mails(txn, booking)?;
        let inviter = match (plan.and_then(|plan| plan.inviter), timing_of(txn, booking)?.invitation) {
            (Some(decided), _) => decided,
            (None, Invitation::None) => Inviter::Nobody,
            (None, Invitation::Provider) if mails => Inviter::Provider,
            (None, Invitation::Provider | Invitation::Mail) => Inviter::Us,
        };
        Ok::<_, StoreError>((inviter, mails))
    });
    let (inviter, mails) = inviter.map_err(unreadable)?;
    Ok(match inviter {
        Inviter::Provider => Told { updates: SendUpdates::All, names_guest: true },
        // A server that does not mail by itself may know who comes; one that does would mail as soon as it knew.
        Inviter::Us => Told { updates: SendUpdates::None, names_guest: !mails },
        Inviter::Nobody => Told { updates: SendUpdates::None, names_guest: false },
    })
}

impl Told {
    /// Those of the guests who stand in the event.
    pub fn guests(&self, guests: Vec<Attendee>) -> Vec<Attendee> {
        if self.names_guest {
            guests
        } else {
            Vec::new()
        }
    }
}

/// Notes in the plan who invites and in whose name, the first time.
pub fn settle(
    txn: &mut Txn<'_>,
    plan: &mut Plan,
    booking: &Booking,
    organizer: (String, String),
) -> Result<(), StoreError> {
    if plan.inviter.is_none() {
        plan.inviter = Some(decide(txn, booking)?);
    }
    if plan.organizer.is_none() {
        plan.organizer = Some(organizer);
    }
    Ok(())
}

/// Who invites to each of the dates that a message is about, as their own plans say; to the booking of `plan` where it is
/// about that alone.
pub fn inviters(txn: &mut Txn<'_>, plan: &Plan, with: &[Booking]) -> Result<Vec<Inviter>, StoreError> {
    if with.is_empty() {
        return Ok(vec![plan.inviter.unwrap_or(Inviter::Nobody)]);
    }
    let mut inviters = Vec::new();
    for one in with {
        let inviter = match one.id == plan.booking {
            true => plan.inviter,
            false => store::find_plan(txn, one.workspace, one.contact, one.id)?.and_then(|plan| plan.inviter),
        };
        inviters.push(inviter.unwrap_or(Inviter::Nobody));
    }
    Ok(inviters)
}

/// Our invitation or its end, where this message carries one, of the dates to which we invite. A REQUEST or CANCEL holds
/// one UID (RFC 5546 sections 3.2.2 and 3.2.5), so the dates of a series, each with its own, are published together.
pub fn file(app: &App, occasion: &Occasion<'_>, links: &Links, now: UnixMillis) -> Option<CalendarFile> {
    let method = match occasion.kind {
        Kind::Confirmation | Kind::Moved | Kind::Link => Method::Request,
        Kind::Cancelled => Method::Cancel,
        _ => return None,
    };
    if !occasion.inviters.contains(&Inviter::Us) {
        return None;
    }
    let entry_of = |booking: &Booking, links: &Links, is_off| entry(occasion, (booking, links), is_off, now);
    let is_off = method == Method::Cancel;
    let (method, entries) = match occasion.with {
        [] => (method, vec![entry_of(occasion.booking, links, is_off)?]),
        all => {
            let ours = all.iter().zip(&occasion.inviters).filter(|(_, inviter)| **inviter == Inviter::Us);
            let published = ours.filter_map(|(booking, _)| {
                let own = if occasion.around.companion.is_some() { Links::default() } else { Links::of(app, booking) };
                Some(Entry { attendees: Vec::new(), ..entry_of(booking, &own, is_off)? })
            });
            (Method::Publish, published.collect())
        }
    };
    Some(CalendarFile { method: method.as_str().to_owned(), ics: calendar_file(Some(method), None, &entries) })
}

fn entry(
    occasion: &Occasion<'_>,
    (booking, links): (&Booking, &Links),
    is_off: bool,
    now: UnixMillis,
) -> Option<Entry> {
    let around = occasion.around;
    let (name, email) = occasion.organizer?.clone();
    let language = Language::of(&booking.language);
    let (place, _) = around.place_words(booking, language);
    let guest = Party { name: around.contact.name(), email: around.guest()?.display().to_owned() };
    let others = visitor::others(booking).iter().map(|email| Party { name: String::new(), email: email.clone() });
    Some(Entry {
        uid: booking.ics_uid(),
        sequence: booking.version.saturating_sub(1),
        stamp: now,
        start: booking.start,
        end: booking.end,
        summary: fields::title(booking),
        description: links.change.clone().unwrap_or_default(),
        location: place,
        url: booking.video_link.clone().unwrap_or_default(),
        status: if is_off { Status::Cancelled } else { Status::Confirmed },
        organizer: Some(Party { name, email }),
        attendees: std::iter::once(guest).chain(others).collect(),
        // SCHEDULE-AGENT stands in what a server stores, never in what is mailed (RFC 6638 section 7.1).
        we_invite: false,
        marks: Vec::new(),
    })
}
