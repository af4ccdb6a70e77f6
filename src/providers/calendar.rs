//! What every calendar provider can do, in one shape: list calendars, tell busy times, keep events of ours.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ProviderError;
use crate::base::UnixMillis;

/// The calendars of one account.
///
/// Always true of each implementation: an event is made at most once, however often `insert_event` is repeated with the
/// same id; a calendar of which anything could not be read is `BusyTimes::Unknown`.
pub trait CalendarClient {
    /// All calendars that at least their busy times can be read of.
    fn list_calendars(&self) -> Result<Vec<CalendarEntry>, ProviderError>;

    /// Busy times of each calendar between two instants, recurring events expanded.
    fn free_busy(
        &self,
        calendars: &[&str],
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<BTreeMap<String, BusyTimes>, ProviderError>;

    /// What changed in a calendar since an earlier reading of the same window, and where to go on. Without an earlier one
    /// it begins: all that stands between the two instants. `Gone` when the provider knows the earlier one no longer:
    /// begin anew. `None` where it cannot say what changes.
    fn changes(
        &self,
        calendar: &str,
        since: Option<Since<'_>>,
        window: (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError>;

    /// The single events between two instants that take time: not deleted, not shown as free, not declined by the
    /// account's owner. Without what they are about.
    fn list_taken(&self, calendar: &str, from: UnixMillis, to: UnixMillis) -> Result<Vec<Taken>, ProviderError>;

    /// Writes a new event. May be repeated: when the id is taken by the same event of ours, that one is returned;
    /// `Conflict` when it is another's or was deleted meanwhile.
    fn insert_event(&self, calendar: &str, event: &NewEvent, send_updates: SendUpdates)
        -> Result<Event, ProviderError>;

    /// By the provider's own id.
    fn get_event(&self, calendar: &str, id: &str) -> Result<Event, ProviderError>;

    /// By the id that we chose, where it is not known whether an insert was carried out.
    /// `time` is when it would be.
    fn find_event(
        &self,
        calendar: &str,
        our_id: &str,
        time: (UnixMillis, UnixMillis),
    ) -> Result<Option<Event>, ProviderError>;

    /// Changes an event of ours. With an etag, `Changed` when somebody else was faster.
    fn patch_event(
        &self,
        calendar: &str,
        id: &str,
        patch: &EventPatch,
        etag: Option<&str>,
        send_updates: SendUpdates,
    ) -> Result<Event, ProviderError>;

    /// Deletes an event of ours; one that is gone already is a success.
    fn delete_event(&self, calendar: &str, id: &str, send_updates: SendUpdates) -> Result<(), ProviderError>;

    /// Asks to be told of changes for a while; `before` is what this takes the place of. `None` where nobody tells.
    fn watch(
        &self,
        _calendar: &str,
        _wanted: &NewWatch,
        _before: Option<&Watching>,
    ) -> Result<Option<Watching>, ProviderError> {
        Ok(None)
    }

    /// Asks not to be told any more; what has ended already is a success.
    fn unwatch(&self, _watching: &Watching) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// What is asked for where changes are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWatch {
    /// Ours, new for each request: at most 64 letters, digits and dashes.
    pub id: String,
    /// Where to tell: https, and reachable from outside.
    pub address: String,
    /// Comes back with each notice; at most 128 characters.
    pub word: String,
    /// Providers may choose an earlier end.
    pub until: UnixMillis,
}

/// What was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    pub id: String,
    /// What Google wants to hear besides the id; empty at others.
    pub resource: String,
    pub until: UnixMillis,
}

/// A calendar of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarEntry {
    pub id: String,
    pub summary: String,
    pub primary: bool,
    /// Events may be written to it.
    pub may_write: bool,
    /// IANA name; empty where the provider does not say.
    pub time_zone: String,
}

impl CalendarEntry {
    pub fn is_writable(&self) -> bool {
        self.may_write
    }
}

/// Whether the provider mails the guests. Either the provider does or we do; never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendUpdates {
    All,
    ExternalOnly,
    None,
}

impl SendUpdates {
    /// As Google writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ExternalOnly => "externalOnly",
            Self::None => "none",
        }
    }
}

/// A stretch of time that is taken; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Busy {
    pub start: UnixMillis,
    pub end: UnixMillis,
}

/// What is known of one calendar. Unknown is not free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusyTimes {
    /// In order, without overlaps.
    Known(Vec<Busy>),
    Unknown {
        reason: String,
    },
}

/// Where an earlier reading ended.
#[derive(Clone, Copy, Debug)]
pub struct Since<'a> {
    pub cursor: &'a str,
    /// The tags of what was found by then, by key.
    pub tags: &'a BTreeMap<u64, u64>,
}

/// What was found to have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Where the next reading goes on: opaque, and the provider's own.
    pub cursor: String,
    /// What is listed here is all there is, and takes the place of all that was known.
    pub is_whole: bool,
    pub events: Vec<Changed>,
}

/// One event of a calendar, without what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Made of its id.
    pub key: u64,
    /// Made of its version where the provider tells changes apart by those alone; else 0.
    pub tag: u64,
    /// When it takes time; empty for what is deleted, free, or lies elsewhere.
    pub busy: Vec<Busy>,
}

impl Changes {
    /// Everything is as it was.
    pub fn is_nothing(&self) -> bool {
        !self.is_whole && self.events.is_empty()
    }
}

/// A short word for an id or a version: the same for the same text.
pub fn short(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// In order; what touches or overlaps is one stretch.
pub fn joined(mut all: Vec<Busy>) -> Vec<Busy> {
    all.sort();
    all.dedup_by(|next, previous| {
        let touches = next.start <= previous.end;
        if touches {
            previous.end = previous.end.max(next.end);
        }
        touches
    });
    all
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    pub email: String,
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Ours, the same at each try: a repeat finds what an earlier one made.
    pub id: String,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub start: UnixMillis,
    pub end: UnixMillis,
    /// IANA name of the zone it is shown in.
    pub time_zone: String,
    pub attendees: Vec<Attendee>,
    /// Marks the event as ours; what does not carry it is never touched.
    pub private: BTreeMap<String, String>,
    /// Asks for a video link of the provider. The id must be new for each request; a repeated one is ignored.
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

/// Start or end: an instant, or a day without a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    At(UnixMillis),
    /// `YYYY-MM-DD` in the calendar's zone.
    Day(String),
}

impl When {
    /// A day begins on the calendar's own clock.
    pub fn instant(&self, zone: &TimeZone) -> Option<UnixMillis> {
        match self {
            Self::At(instant) => Some(*instant),
            Self::Day(text) => {
                let day: jiff::civil::Date = text.parse().ok()?;
                Some(day.to_zoned(zone.clone()).ok()?.timestamp().into())
            }
        }
    }
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
    /// Deleted; some providers show such events for a while.
    pub is_cancelled: bool,
    /// UID to use in calendar files of our own, or guests get two entries.
    pub ical_uid: String,
    pub html_link: String,
    pub start: Option<When>,
    pub end: Option<When>,
    pub private: BTreeMap<String, String>,
    pub meet: MeetLink,
}

/// An event that takes time, without what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub id: String,
    pub start: Option<When>,
    pub end: Option<When>,
}

/// What was asked for and is not there is no error.
pub fn if_there<T>(asked: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(ProviderError::NotFound | ProviderError::Gone) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Being told of changes is a help only: a permission that is missing for it is a no, and nothing that the owner has to act
/// upon.
pub(super) fn only_refused(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::MissingScope { reason } => ProviderError::Rejected { reason },
        other => other,
    }
}

/// An id of ours for an event, the same for the same booking. In the letters that Google takes (base32hex in lower case);
/// the others take any.
pub fn client_event_id(id: &[u8; 16]) -> String {
    data_encoding::BASE32_DNSSEC.encode(id)
}
