//! Events: what we write, what Google answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{json, Map, Value};

use crate::base::UnixMillis;
use jiff::tz::TimeZone;

use crate::providers::calendar::{short, Attendee, Busy, Changed, Event, EventPatch, MeetLink, NewEvent, Taken, When};

/// The body of `events.insert`.
pub(super) fn new_event_body(event: &NewEvent) -> Value {
    let mut body = json!({
        "id": event.id,
        "summary": event.summary,
        "description": event.description,
        "location": event.location,
        "start": time_body(event.start, &event.time_zone),
        "end": time_body(event.end, &event.time_zone),
        "attendees": attendees_body(&event.attendees),
        "extendedProperties": { "private": event.private },
    });
    if let Some(request_id) = &event.meet_request_id {
        let key = json!({ "type": "hangoutsMeet" });
        body["conferenceData"] = json!({ "createRequest": { "requestId": request_id, "conferenceSolutionKey": key } });
    }
    body
}

/// The body of `events.patch`: only what changes.
pub(super) fn patch_body(patch: &EventPatch) -> Value {
    let mut body = Map::new();
    for (name, value) in
        [("summary", &patch.summary), ("description", &patch.description), ("location", &patch.location)]
    {
        if let Some(value) = value {
            body.insert(name.to_owned(), value.as_str().into());
        }
    }
    if let Some((start, end, zone)) = &patch.time {
        body.insert("start".into(), time_body(*start, zone));
        body.insert("end".into(), time_body(*end, zone));
    }
    if let Some(attendees) = &patch.attendees {
        body.insert("attendees".into(), attendees_body(attendees));
    }
    body.into()
}

fn time_body(instant: UnixMillis, zone: &str) -> Value {
    json!({ "dateTime": instant.to_rfc3339(), "timeZone": zone })
}

fn attendees_body(attendees: &[Attendee]) -> Value {
    let one = |attendee: &Attendee| match &attendee.name {
        Some(name) => json!({ "email": attendee.email, "displayName": name }),
        None => json!({ "email": attendee.email }),
    };
    attendees.iter().map(one).collect()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventAnswer {
    id: String,
    etag: String,
    status: String,
    #[serde(rename = "iCalUID")]
    ical_uid: String,
    html_link: String,
    hangout_link: Option<String>,
    start: Option<TimeAnswer>,
    end: Option<TimeAnswer>,
    extended_properties: Properties,
    conference_data: Option<Conference>,
}

/// What is asked for of events that are none of ours.
pub(super) const TAKEN_FIELDS: &str =
    "nextPageToken,nextSyncToken,timeZone,items(id,status,transparency,start,end,attendees(self,responseStatus))";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TakenAnswer {
    id: String,
    status: String,
    transparency: String,
    start: Option<TimeAnswer>,
    end: Option<TimeAnswer>,
    attendees: Vec<AttendeeAnswer>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AttendeeAnswer {
    #[serde(rename = "self")]
    is_self: bool,
    response_status: String,
}

impl TakenAnswer {
    pub fn taken(self) -> Option<Taken> {
        let declined = self.attendees.iter().any(|guest| guest.is_self && guest.response_status == "declined");
        let free = self.status == "cancelled" || self.transparency == "transparent" || declined;
        let (start, end) = (self.start.and_then(When::of), self.end.and_then(When::of));
        (!free).then_some(Taken { id: self.id, start, end })
    }
}

/// No zone is further east or west than this; a day that cannot be placed exactly counts for all it may be.
const EASTMOST: Duration = Duration::from_secs(14 * 3600);
const WESTMOST: Duration = Duration::from_secs(12 * 3600);

/// What changed of an event: `None` when its times cannot be read. Without the calendar's zone whole days are widened.
pub(super) fn changed(answer: TakenAnswer, zone: Option<&TimeZone>) -> Option<Changed> {
    let key = short(&answer.id);
    let Some(taken) = answer.taken() else { return Some(Changed { key, ..Changed::default() }) };
    let (start, end) = (taken.start?, taken.end?);
    let (earliest, latest) = (placed(&start, zone)?, placed(&end, zone)?);
    let start = if is_unplaced(&start, zone) { earliest.minus(EASTMOST) } else { earliest };
    let end = if is_unplaced(&end, zone) { latest.plus(WESTMOST) } else { latest };
    Some(Changed { key, tag: 0, busy: vec![Busy { start, end }] })
}

fn placed(time: &When, zone: Option<&TimeZone>) -> Option<UnixMillis> {
    time.instant(zone.unwrap_or(&TimeZone::UTC))
}

fn is_unplaced(time: &When, zone: Option<&TimeZone>) -> bool {
    zone.is_none() && matches!(time, When::Day(_))
}

impl When {
    fn of(time: TimeAnswer) -> Option<Self> {
        match (time.date_time, time.date) {
            (Some(instant), _) => UnixMillis::parse_rfc3339(&instant).map(Self::At),
            (None, day) => day.map(Self::Day),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeAnswer {
    date_time: Option<String>,
    date: Option<String>,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    private: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conference {
    #[serde(default)]
    entry_points: Vec<EntryPoint>,
    create_request: Option<CreateRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryPoint {
    #[serde(default)]
    entry_point_type: String,
    #[serde(default)]
    uri: String,
}

#[derive(Deserialize)]
struct CreateRequest {
    status: Option<CreateStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateStatus {
    #[serde(default)]
    status_code: String,
}

impl From<EventAnswer> for Event {
    fn from(answer: EventAnswer) -> Self {
        let meet = meet_link(&answer);
        Self {
            is_cancelled: answer.status == "cancelled",
            start: answer.start.and_then(When::of),
            end: answer.end.and_then(When::of),
            private: answer.extended_properties.private,
            id: answer.id,
            etag: answer.etag,
            ical_uid: answer.ical_uid,
            html_link: answer.html_link,
            meet,
        }
    }
}

fn meet_link(answer: &EventAnswer) -> MeetLink {
    let conference = answer.conference_data.as_ref();
    let video = conference.and_then(|data| data.entry_points.iter().find(|entry| entry.entry_point_type == "video"));
    if let Some(link) = video.map(|entry| &entry.uri).or(answer.hangout_link.as_ref()) {
        return MeetLink::Ready(link.clone());
    }
    let status = conference.and_then(|data| data.create_request.as_ref()?.status.as_ref());
    match status.map(|status| status.status_code.as_str()) {
        Some("pending") => MeetLink::Pending,
        Some("failure") => MeetLink::Failed,
        _ => MeetLink::None,
    }
}
