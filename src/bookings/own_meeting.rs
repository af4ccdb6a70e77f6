//! A worker's own meeting, which belongs to no event type: the booking as it is before its time is taken.

use super::hosted::Hosted;
use super::kept::Kept;
use super::model::{Booking, Details, Source, State};
use super::words::Language;
use crate::app::App;
use crate::availability::Rules;
use crate::base::{BookingId, ConnectionId, UnixMillis, WorkspaceId};
use crate::connections;
use crate::contacts::Contact;
use crate::meetings::Location;
use crate::workers::{Meeting, Worker};

/// Who meets, when and for what.
pub struct OwnMeeting<'a> {
    pub contact: &'a Contact,
    pub worker: Option<&'a Worker>,
    pub meeting: &'a Meeting,
    pub start: UnixMillis,
    /// IANA name.
    pub guest_zone: &'a str,
    pub language: Language,
    pub source: Source,
}

impl OwnMeeting<'_> {
    /// Held, in the calendar of its worker.
    pub fn booking(&self, app: &App, workspace: WorkspaceId, now: UnixMillis) -> Booking {
        let rules = Rules::of(self.meeting);
        let (span, location) = (rules.span(self.start), self.meeting.location());
        let connection = self.worker.and_then(|worker| worker.calendar);
        Booking {
            id: BookingId::new(now),
            workspace,
            contact: self.contact.id,
            worker: self.worker.map(|worker| worker.id),
            reply: None,
            connection,
            calendar_id: connection.map(|id| calendar_id(app, workspace, id)).unwrap_or_default(),
            title: title(self.meeting, self.contact),
            start: span.start,
            end: span.end,
            claim: rules.with_buffers(span.start),
            guest_zone: self.guest_zone.to_owned(),
            language: self.language.tag().to_owned(),
            place: location.place(),
            video: location == Location::GoogleMeet,
            video_link: location.own_link(app),
            location: Some(location),
            hosted: Hosted::default(),
            state: State::Held,
            instead_of: None,
            event_id: None,
            ical_uid: None,
            source: self.source,
            created_at: now,
            version: 0,
            written: 0,
            told: 0,
            trouble: None,
            history: Vec::new(),
            details: Details::default(),
            kept: Kept::default(),
        }
    }
}

/// "Call with Gwen Hartley", as both see it in their calendars.
fn title(meeting: &Meeting, contact: &Contact) -> String {
    let name = Some(contact.name()).filter(|name| !name.is_empty() && !name.contains('@'));
    match name.or(Some(contact.company.clone()).filter(|company| !company.is_empty())) {
        Some(name) => format!("{}: {name}", meeting.title),
        None => meeting.title.clone(),
    }
}

/// The calendar to write to.
pub fn calendar_id(app: &App, workspace: WorkspaceId, id: ConnectionId) -> String {
    let connection = connections::get(&app.store, workspace, id).ok().flatten();
    let chosen = connection.and_then(|connection| connection.calendars());
    chosen.and_then(|calendars| calendars.write_to).unwrap_or_else(|| "primary".to_owned())
}
