//! A made-up booking, for seeing how a message reads before there is a real one.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::around::Around;
use crate::app::App;
use crate::authz::Actor;
use crate::availability::{self, Span};
use crate::base::{BookingId, ContactId, EmailAddress, UnixMillis};
use crate::bookings::model::{Booking, Details, Source, State};
use crate::contacts::{self, Contact};
use crate::store::StoreError;
use crate::workspaces;

pub const REASON: &str = "I have to be with a customer that day.";
const LENGTH: Duration = Duration::from_secs(1800);

/// Half an hour in two days, with a guest whose clock is another one.
pub fn of(app: &App, actor: &Actor) -> Result<(Booking, Around), StoreError> {
    let now = app.now();
    let (home, host_zone) = app.store.read(|txn| {
        let home = workspaces::find(txn, actor.workspace)?;
        Ok::<_, StoreError>((home, availability::find_schedule(txn, actor.workspace)?.zone))
    })?;
    let guest_zone = if host_zone == "Europe/Berlin" { "Europe/London" } else { "Europe/Berlin" };
    let business = home.map(|home| home.name).unwrap_or_default();
    let start = in_two_days(now, &host_zone);
    let span = Span::new(start, start.plus(LENGTH));
    let booking = Booking {
        id: BookingId::new(now),
        workspace: actor.workspace,
        contact: ContactId::new(now),
        worker: None,
        reply: None,
        connection: None,
        calendar_id: String::new(),
        title: "First call".into(),
        start,
        end: span.end,
        claim: span,
        guest_zone: guest_zone.into(),
        language: String::new(),
        place: String::new(),
        video: true,
        video_link: Some("https://meet.example/first-call".into()),
        location: None,
        hosted: Default::default(),
        state: State::Confirmed,
        instead_of: None,
        event_id: None,
        ical_uid: None,
        source: Source::ByHand,
        created_at: now,
        version: 1,
        written: 1,
        told: 0,
        trouble: None,
        history: Vec::new(),
        details: Details::default(),
        kept: Default::default(),
    };
    let around = Around {
        typed: None,
        companion: None,
        contact: guest(actor, booking.contact, now),
        reply: None,
        mailbox: None,
        host_name: actor.display.clone(),
        host_zone,
        signature: actor.display.clone(),
        business,
        paid: None,
    };
    Ok((booking, around))
}

/// At ten on the host's clock.
fn in_two_days(now: UnixMillis, zone: &str) -> UnixMillis {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let day = now.in_zone(&zone).date().saturating_add(2.days());
    day.at(10, 0, 0, 0).to_zoned(zone).map_or(now, |at| UnixMillis::from(at.timestamp()))
}

fn guest(actor: &Actor, id: ContactId, now: UnixMillis) -> Contact {
    Contact {
        id,
        workspace: actor.workspace,
        first_name: "Gwen".into(),
        last_name: "Hartley".into(),
        addresses: EmailAddress::parse("gwen@oldmill.example").into_iter().collect(),
        company: "Old Mill".into(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: Vec::new(),
        source: contacts::Source::ByHand,
        created_at: now,
        changed_at: now,
        restricted: false,
    }
}
