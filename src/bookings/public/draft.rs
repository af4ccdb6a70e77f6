//! What is written when somebody books: the booking, and the contact of somebody who was never here.

use std::collections::BTreeSet;

use super::commit::{Guest, NotBooked, Wanted};
use super::hold::with_buffers;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::Span;
use crate::base::{BookingId, ContactId, UnixMillis, WorkspaceId};
use crate::bookings::hosted::Hosted;
use crate::bookings::kept::Kept;
use crate::bookings::model::{Booking, Details, State};
use crate::bookings::types::{Facts, Location};
use crate::contacts::{self, Contact};
use crate::events::{self, Happened};
use crate::store::Txn;

/// The booking of a date as it is wanted, with whoever `facts` has left as its hosts.
pub fn draft(app: &App, facts: &Facts, span: Span, wanted: &Wanted, contact: ContactId) -> Booking {
    let (event, now, guest) = (&facts.event, facts.now, &wanted.guest);
    let write_to = facts.hosts.iter().find_map(|host| host.write_to().cloned());
    let place = match &event.location {
        Location::WeCall => guest.phone.clone(),
        location => location.place(),
    };
    let state = match event.needs_approval {
        true => State::Proposed { note: "The time is kept until you decide.".to_owned() },
        false => State::Held,
    };
    let mut booking = Booking {
        id: wanted.hold.unwrap_or_else(|| BookingId::new(now)),
        workspace: event.workspace,
        contact,
        worker: None,
        reply: None,
        connection: write_to.as_ref().map(|calendar| calendar.connection),
        calendar_id: write_to.map(|calendar| calendar.calendar).unwrap_or_default(),
        title: format!("{}: {}", event.name, guest.name),
        start: span.start,
        end: span.end,
        claim: with_buffers(event, span),
        guest_zone: guest.zone.clone(),
        language: guest.language.clone(),
        place,
        video: event.location == Location::GoogleMeet,
        video_link: event.location.own_link(app),
        location: Some(event.location.clone()),
        hosted: Hosted::default(),
        version: 0,
        state,
        instead_of: None,
        event_id: None,
        ical_uid: None,
        source: wanted.source,
        created_at: now,
        written: 0,
        told: 0,
        trouble: None,
        history: Vec::new(),
        details: Details {
            event_type: Some(event.id),
            name: guest.name.clone(),
            email: Some(guest.email.clone()),
            phone: guest.phone.clone(),
            guests: companions(guest),
            answers: wanted.answers.clone(),
            came_from: wanted.came_from.clone(),
            ..Details::default()
        },
        kept: Kept::default(),
    };
    let asked = if event.needs_approval { "Asked for" } else { "Booked" };
    booking.note(now, format!("{asked} by {} on “{}”.", guest.name, event.name));
    booking
}

/// Each of them once, and not the visitor.
fn companions(guest: &Guest) -> Vec<String> {
    let mut known = BTreeSet::from([guest.email.compare()]);
    let others = guest.others.iter().filter(|other| known.insert(other.compare()));
    others.map(|other| other.display().to_owned()).collect()
}

/// Makes the contact of a visitor if nobody has the address. Somebody who is known stays as they are: a stranger who
/// types an address changes nothing about its person.
pub fn add_contact(
    txn: &mut Txn<'_>,
    (workspace, id): (WorkspaceId, ContactId),
    guest: &Guest,
    now: UnixMillis,
) -> Result<(), NotBooked> {
    if let Some(known) = contacts::find_by_address(txn, workspace, &guest.email)? {
        return if known.id == id { Ok(()) } else { Err(NotBooked::Taken) };
    }
    let (first_name, last_name) = guest.name.split_once(' ').unwrap_or((&guest.name, ""));
    let contact = Contact {
        id,
        workspace,
        first_name: first_name.to_owned(),
        last_name: last_name.trim().to_owned(),
        addresses: vec![guest.email.clone()],
        company: String::new(),
        job_title: String::new(),
        phone: guest.phone.clone(),
        website: String::new(),
        time_zone: Some(guest.zone.clone()),
        locale: Some(guest.language.clone()),
        custom: std::collections::BTreeMap::new(),
        tags: Vec::new(),
        source: contacts::Source::Booked,
        created_at: now,
        changed_at: now,
        restricted: false,
    };
    contacts::put(txn, &contact, None)?;
    events::append(txn, workspace, now, Happened::ContactCreated { contact: contact.id })?;
    let on = format!("contact {}", contact.id);
    Ok(audit::record(txn, workspace, now, &Who::Visitor, "contact.created", &on, "")?)
}
