//! Calendars and events as Graph writes them. <https://learn.microsoft.com/graph/api/resources/event>

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{json, Map, Value};

use crate::base::ics::zone_named;
use crate::base::UnixMillis;
use crate::providers::calendar::{
    short, Attendee, Busy, CalendarEntry, Changed, Event, EventPatch, MeetLink, NewEvent, SendUpdates, Taken, When,
};

/// What is asked for of events that may be anybody's: neither titles nor guests nor places.
pub(super) const VIEWED: &str =
    "id,isCancelled,start,end,isAllDay,originalStartTimeZone,transactionId,showAs,responseStatus";

/// An event of ours carries this in front of the booking it stands for, in its `transactionId`.
const OURS: &str = "launchyard";
/// No zone is further east or west than this; what cannot be placed exactly counts for all it may be.
const EASTMOST: Duration = Duration::from_secs(14 * 3600);
const WESTMOST: Duration = Duration::from_secs(12 * 3600);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CalendarAnswer {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    can_edit: bool,
    #[serde(default)]
    is_default_calendar: bool,
}

impl From<CalendarAnswer> for CalendarEntry {
    fn from(answer: CalendarAnswer) -> Self {
        Self {
            id: answer.id,
            summary: answer.name,
            primary: answer.is_default_calendar,
            may_write: answer.can_edit,
            time_zone: String::new(),
        }
    }
}

/// `launchyard.<booking>.<our id>`: stays with the event, and a repeated create with the same one makes no second.
pub(super) fn transaction_id(event: &NewEvent) -> String {
    let booking = event.private.get("booking").map_or("", String::as_str);
    format!("{OURS}.{booking}.{}", event.id)
}

/// The body of a create.
pub(super) fn new_event_body(event: &NewEvent, send_updates: SendUpdates) -> Value {
    let guests: &[Attendee] = if send_updates == SendUpdates::None { &[] } else { &event.attendees };
    let mut body = json!({
        "subject": event.summary,
        "body": { "contentType": "text", "content": event.description },
        "start": time_body(event.start),
        "end": time_body(event.end),
        "location": { "displayName": event.location },
        "attendees": attendees_body(guests),
        "transactionId": transaction_id(event),
        "allowNewTimeProposals": false,
    });
    if event.meet_request_id.is_some() {
        body["isOnlineMeeting"] = json!(true);
        body["onlineMeetingProvider"] = json!("teamsForBusiness");
    }
    body
}

/// The body of a change: only what changes. The text stays out where it does not, since the link of an online meeting
/// stands in it.
pub(super) fn patch_body(patch: &EventPatch) -> Value {
    let mut body = Map::new();
    if let Some(subject) = &patch.summary {
        body.insert("subject".into(), subject.as_str().into());
    }
    if let Some(text) = &patch.description {
        body.insert("body".into(), json!({ "contentType": "text", "content": text }));
    }
    if let Some(place) = &patch.location {
        body.insert("location".into(), json!({ "displayName": place }));
    }
    if let Some((start, end, _)) = &patch.time {
        body.insert("start".into(), time_body(*start));
        body.insert("end".into(), time_body(*end));
    }
    if let Some(attendees) = &patch.attendees {
        body.insert("attendees".into(), attendees_body(attendees));
    }
    body.into()
}

fn time_body(instant: UnixMillis) -> Value {
    let text = instant.in_zone(&TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    json!({ "dateTime": text, "timeZone": "UTC" })
}

fn attendees_body(attendees: &[Attendee]) -> Value {
    let one = |attendee: &Attendee| {
        let name = attendee.name.as_deref().unwrap_or(&attendee.email);
        json!({ "emailAddress": { "address": attendee.email, "name": name }, "type": "required" })
    };
    attendees.iter().map(one).collect()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventAnswer {
    id: String,
    #[serde(rename = "@odata.etag")]
    etag: String,
    #[serde(rename = "iCalUId")]
    ical_uid: String,
    is_cancelled: bool,
    is_all_day: bool,
    start: Option<TimeAnswer>,
    end: Option<TimeAnswer>,
    original_start_time_zone: Option<String>,
    web_link: String,
    transaction_id: Option<String>,
    is_online_meeting: bool,
    online_meeting: Option<OnlineMeeting>,
    show_as: String,
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeAnswer {
    /// `2026-11-24T10:30:00.0000000`
    date_time: String,
    #[serde(default)]
    time_zone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnlineMeeting {
    join_url: Option<String>,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    response: Option<String>,
}

impl TimeAnswer {
    fn civil(&self) -> Option<DateTime> {
        self.date_time.trim_end_matches('Z').parse().ok()
    }

    fn instant(&self) -> Option<UnixMillis> {
        let zone = if self.time_zone.is_empty() { TimeZone::UTC } else { zone_named(&self.time_zone)? };
        Some(self.civil()?.to_zoned(zone).ok()?.timestamp().into())
    }
}

impl EventAnswer {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn is_transaction(&self, our_id: &str) -> bool {
        let ours = self.transaction_id.as_deref().and_then(|text| text.strip_prefix(OURS));
        ours.and_then(|rest| rest.rsplit_once('.')).is_some_and(|(_, id)| id == our_id)
    }

    /// Not deleted, not shown as free or as work from another place, not declined by the calendar's owner.
    pub fn takes_time(&self) -> bool {
        let declined = self.response_status.as_ref().and_then(|status| status.response.as_deref()) == Some("declined");
        !self.is_cancelled && !declined && !matches!(self.show_as.as_str(), "free" | "workingElsewhere")
    }

    /// When it is. Whole days are days of the zone that the event was made in, although they are written as midnights in
    /// UTC; where that zone is not known, they count for all that they may be.
    pub fn stretch(&self) -> Option<Busy> {
        let (start, end) = (self.start.as_ref()?, self.end.as_ref()?);
        if !self.is_all_day {
            return Some(Busy { start: start.instant()?, end: end.instant()? });
        }
        let (from, until) = (start.civil()?, end.civil()?);
        let at =
            |civil: DateTime, zone: &TimeZone| Some(UnixMillis::from(civil.to_zoned(zone.clone()).ok()?.timestamp()));
        match self.original_start_time_zone.as_deref().and_then(zone_named) {
            Some(zone) => Some(Busy { start: at(from, &zone)?, end: at(until, &zone)? }),
            None => Some(Busy {
                start: at(from, &TimeZone::UTC)?.minus(EASTMOST),
                end: at(until, &TimeZone::UTC)?.plus(WESTMOST),
            }),
        }
    }

    /// As it stands in a view; `None` when its times cannot be read.
    pub fn changed(&self) -> Option<Changed> {
        let busy = if self.takes_time() { vec![self.stretch()?] } else { Vec::new() };
        Some(Changed { key: short(&self.id), tag: 0, busy })
    }

    pub fn taken(self) -> Option<Taken> {
        if !self.takes_time() {
            return None;
        }
        let (start, end) = self.times();
        Some(Taken { id: self.id, start, end })
    }

    fn times(&self) -> (Option<When>, Option<When>) {
        let day = |time: &Option<TimeAnswer>| {
            time.as_ref().and_then(TimeAnswer::civil).map(|civil| When::Day(civil.date().to_string()))
        };
        let at = |time: &Option<TimeAnswer>| time.as_ref().and_then(TimeAnswer::instant).map(When::At);
        match self.is_all_day {
            true => (day(&self.start), day(&self.end)),
            false => (at(&self.start), at(&self.end)),
        }
    }

    /// The marks that a booking looks for, read out of the transaction.
    fn marks(&self) -> BTreeMap<String, String> {
        let text = self.transaction_id.as_deref().unwrap_or_default();
        let mut parts = text.splitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(OURS), Some(booking), Some(_)) => {
                [("app".to_owned(), OURS.to_owned()), ("booking".to_owned(), booking.to_owned())].into()
            }
            _ => BTreeMap::new(),
        }
    }

    fn meet(&self) -> MeetLink {
        match self.online_meeting.as_ref().and_then(|meeting| meeting.join_url.clone()) {
            Some(link) => MeetLink::Ready(link),
            None if self.is_online_meeting => MeetLink::Pending,
            None => MeetLink::None,
        }
    }
}

impl From<EventAnswer> for Event {
    fn from(answer: EventAnswer) -> Self {
        let (start, end) = answer.times();
        let (private, meet) = (answer.marks(), answer.meet());
        Self {
            is_cancelled: answer.is_cancelled,
            id: answer.id,
            etag: answer.etag,
            ical_uid: answer.ical_uid,
            html_link: answer.web_link,
            start,
            end,
            private,
            meet,
        }
    }
}
