//! Events: what we write, what Google answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{json, Map, Value};

use crate::base::UnixMillis;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    pub email: String,
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// From `client_event_id`.
    pub id: String,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub start: UnixMillis,
    pub end: UnixMillis,
    /// IANA name of the zone it is shown in.
    pub time_zone: String,
    pub attendees: Vec<Attendee>,
    /// Marks the event as ours; found again with `list_by_private`.
    pub private: BTreeMap<String, String>,
    /// Asks for a Meet link. The id must be new for each request; a repeated one is ignored.
    pub meet_request_id: Option<String>,
}

/// What to change; absent fields stay. Attendees are replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPatch {
    pub summary: Option<String>,
    pub description: Option<String>,
    pub location: Option<String>,
    /// Start, end and IANA zone.
    pub time: Option<(UnixMillis, UnixMillis, String)>,
    pub attendees: Option<Vec<Attendee>>,
}

/// Start or end as Google gives it: an instant, or a day without a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    At(UnixMillis),
    /// `YYYY-MM-DD` in the calendar's zone.
    Day(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetLink {
    None,
    /// Being made: read the event again in a few seconds.
    Pending,
    Ready(String),
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub etag: String,
    /// `status: cancelled`: deleted.
    pub is_cancelled: bool,
    /// UID to use in calendar files of our own, or guests get two entries.
    pub ical_uid: String,
    pub html_link: String,
    pub start: Option<When>,
    pub end: Option<When>,
    pub private: BTreeMap<String, String>,
    pub meet: MeetLink,
}

/// An id that Google takes (base32hex in lower case), the same for the same booking.
pub fn client_event_id(id: &[u8; 16]) -> String {
    data_encoding::BASE32_DNSSEC.encode(id)
}

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

/// An event that takes time, without what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub id: String,
    pub start: Option<When>,
    pub end: Option<When>,
}

/// What is asked for of events that are none of ours.
pub(super) const TAKEN_FIELDS: &str =
    "nextPageToken,items(id,status,transparency,start,end,attendees(self,responseStatus))";

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
