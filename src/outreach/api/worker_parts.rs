//! What a worker is made of, in JSON: its meeting, limits, hours, sender and tone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::api::FieldError;
use crate::meetings::{self, Location};
use crate::workers::{Hours, Limits, Meeting, Sender, Tone};

/// The meeting that a worker offers. What is left out is as for a new worker.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeetingJson {
    title: String,
    /// 5 to 480.
    minutes: u32,
    /// Kept free before.
    buffer_before_minutes: u32,
    /// Kept free after.
    buffer_after_minutes: u32,
    /// At least this long from now.
    notice_minutes: u32,
    /// A place, a phone number or a link. Without `location` it says where the meeting is.
    place: String,
    /// Let the calendar's provider make a video link. Without `location` it says where the meeting is.
    video: bool,
    /// Where the meeting takes place; it counts before `video` and `place`. Left out, those two say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationJson>,
}

/// Where a meeting takes place.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LocationJson {
    /// `unsaid`, `google_meet`, `zoom`, `teams`, `webex`, `goto`, `jitsi`, `link`, `we_call`, `they_call` or `place`.
    kind: String,
    /// The connection whose account holds it, for `zoom`, `teams`, `webex` and `goto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<String>,
    /// The link, the number that guests call, or the address.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl From<&Location> for LocationJson {
    fn from(location: &Location) -> Self {
        Self {
            kind: location.word().to_owned(),
            connection_id: location.host().map(|(_, account)| account.to_string()),
            detail: location.detail().to_owned(),
        }
    }
}

impl LocationJson {
    /// What names no place is a place with an empty address, which is refused like any other.
    fn read(&self) -> Location {
        let value = match &self.connection_id {
            Some(account) => format!("{}:{account}", self.kind),
            None => self.kind.clone(),
        };
        meetings::read_choice(&value, &self.detail).unwrap_or(Location::Place { address: String::new() })
    }
}

impl From<&Meeting> for MeetingJson {
    fn from(meeting: &Meeting) -> Self {
        Self {
            title: meeting.title.clone(),
            minutes: meeting.minutes,
            buffer_before_minutes: meeting.buffer_before,
            buffer_after_minutes: meeting.buffer_after,
            notice_minutes: meeting.notice,
            place: meeting.place.clone(),
            video: meeting.video,
            location: meeting.location.as_ref().map(LocationJson::from),
        }
    }
}

impl Default for MeetingJson {
    fn default() -> Self {
        Self::from(&Meeting::default())
    }
}

impl From<MeetingJson> for Meeting {
    fn from(json: MeetingJson) -> Self {
        let meeting = Self {
            title: json.title.trim().to_owned(),
            minutes: json.minutes,
            buffer_before: json.buffer_before_minutes,
            buffer_after: json.buffer_after_minutes,
            notice: json.notice_minutes,
            place: json.place.trim().to_owned(),
            video: json.video,
            location: None,
        };
        match json.location {
            Some(location) => meeting.at(location.read()),
            None => meeting,
        }
    }
}

/// How much it may send. The operator's hard limits stand above these.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsJson {
    /// Mails a day.
    per_day: u32,
    /// Mails to one recipient domain a day.
    per_domain_day: u32,
    /// Mails to one contact, 1 to 4.
    per_contact: u32,
    /// When somebody of a company answers or meets us, its other leads are left alone.
    stop_company_on_reply: bool,
    /// Percent of each mailbox's day that are kept for follow-ups, 0 to 90.
    follow_up_percent: u32,
}

impl From<&Limits> for LimitsJson {
    fn from(limits: &Limits) -> Self {
        let Limits { per_day, per_domain_day, per_contact, company_stops, follow_up_percent } = *limits;
        Self { per_day, per_domain_day, per_contact, stop_company_on_reply: company_stops, follow_up_percent }
    }
}

impl From<LimitsJson> for Limits {
    fn from(json: LimitsJson) -> Self {
        let LimitsJson { per_day, per_domain_day, per_contact, stop_company_on_reply, follow_up_percent } = json;
        Self { per_day, per_domain_day, per_contact, company_stops: stop_company_on_reply, follow_up_percent }
    }
}

impl Default for LimitsJson {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

/// When its mail may arrive, by the recipient's clock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HoursJson {
    /// Monday is 1, Sunday 7.
    days: Vec<u8>,
    /// HH:MM.
    from: String,
    /// HH:MM; 24:00 is the end of the day.
    to: String,
}

impl From<&Hours> for HoursJson {
    fn from(hours: &Hours) -> Self {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        Self { days: hours.days.clone(), from: clock(hours.from), to: clock(hours.to) }
    }
}

impl Default for HoursJson {
    fn default() -> Self {
        Self::from(&Hours::default())
    }
}

impl HoursJson {
    pub fn read(&self, errors: &mut Vec<FieldError>) -> Hours {
        let mut minute = |name: &str, text: &str| {
            let minute = parse_clock(text);
            if minute.is_none() {
                errors.push(FieldError::at(&format!("/hours/{name}"), "A time of day is HH:MM, for example 09:00."));
            }
            minute.unwrap_or_default()
        };
        Hours { days: self.days.clone(), from: minute("from", &self.from), to: minute("to", &self.to) }
    }
}

/// Minutes after midnight of "09:00".
fn parse_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 || (hours, minutes) == (24, 0)).then_some(hours * 60 + minutes)
}

/// Who signs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SenderJson {
    name: String,
    role: String,
    /// Plain text below each mail.
    signature: String,
}

impl From<&Sender> for SenderJson {
    fn from(sender: &Sender) -> Self {
        Self { name: sender.name.clone(), role: sender.role.clone(), signature: sender.signature.clone() }
    }
}

impl From<SenderJson> for Sender {
    fn from(json: SenderJson) -> Self {
        Self {
            name: json.name.trim().to_owned(),
            role: json.role.trim().to_owned(),
            signature: json.signature.replace("\r\n", "\n").trim().to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToneJson {
    #[default]
    Plain,
    Warm,
    Formal,
}

impl From<Tone> for ToneJson {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Self::Plain,
            Tone::Warm => Self::Warm,
            Tone::Formal => Self::Formal,
        }
    }
}

impl From<ToneJson> for Tone {
    fn from(tone: ToneJson) -> Self {
        match tone {
            ToneJson::Plain => Self::Plain,
            ToneJson::Warm => Self::Warm,
            ToneJson::Formal => Self::Formal,
        }
    }
}
