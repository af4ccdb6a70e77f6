//! A worker's settings and state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::escalation::{Escalation, Guidelines};
use crate::base::{ConnectionId, EventTypeId, SequenceId, UnixMillis, WorkerId};
use crate::meetings::Location;

/// An event type, with what a mail says of it. Written anew whenever the event type is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksOn {
    pub event_type: EventTypeId,
    pub title: String,
    pub minutes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    pub id: WorkerId,
    pub name: String,
    /// Whom it writes to and why, in the owner's words.
    pub goal: String,
    /// The tag whose contacts are its leads; empty: leads are added by hand or by import.
    #[serde(default)]
    pub audience_tag: String,
    pub sequence: Option<SequenceId>,
    pub mailbox: Option<ConnectionId>,
    /// Further mailboxes to write from. New leads are spread over all; each hears from one only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_mailboxes: Vec<ConnectionId>,
    /// Each mail waits until a person has read it.
    #[serde(default)]
    pub review: bool,
    pub calendar: Option<ConnectionId>,
    #[serde(default)]
    pub meeting: Meeting,
    /// Where its meetings are booked, by rules and with hosts of their own; absent: `meeting` and `calendar` say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub books_on: Option<BooksOn>,
    #[serde(default)]
    pub autonomy: Autonomy,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub hours: Hours,
    #[serde(default)]
    pub sender: Sender,
    #[serde(default)]
    pub tone: Tone,
    /// How answers should sound.
    #[serde(default)]
    pub guidelines: Guidelines,
    /// What is handed to a person whatever else is switched on.
    #[serde(default)]
    pub escalations: Vec<Escalation>,
    /// The tag that a lead gets whose answer was read as a label, by the label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reply_tags: BTreeMap<String, String>,
    /// What follows when somebody goes quiet after an answer of ours.
    #[serde(default)]
    pub follow_ups: FollowUps,
    /// Since when it is on a dry run: it decides everything, and nothing of its mail leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<UnixMillis>,
    pub state: WorkerState,
    pub created_at: UnixMillis,
    #[serde(default)]
    pub activated_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    Off,
    Working,
    Paused(Off),
}

/// Why a worker does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Off {
    pub at: UnixMillis,
    /// In words for the owner, with the cure.
    pub reason: String,
    /// Only a person may switch it on again (a brake, a lost connection).
    #[serde(default)]
    pub by_itself: bool,
    /// A mail about it is still to be written to those who answer for the workspace.
    #[serde(default)]
    pub is_untold: bool,
}

impl WorkerState {
    pub fn is_working(&self) -> bool {
        matches!(self, WorkerState::Working)
    }
}

impl Worker {
    pub fn is_on_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }

    /// There is something to offer times from.
    pub fn can_offer_times(&self) -> bool {
        self.calendar.is_some() || self.books_on.is_some()
    }

    pub fn event_type(&self) -> Option<EventTypeId> {
        self.books_on.as_ref().map(|on| on.event_type)
    }

    /// What its meeting is called, and how many minutes it lasts.
    pub fn meets_for(&self) -> (&str, u32) {
        match &self.books_on {
            Some(on) => (&on.title, on.minutes),
            None => (&self.meeting.title, self.meeting.minutes),
        }
    }

    /// Every mailbox it writes from, in order, each once.
    pub fn mailboxes(&self) -> Vec<ConnectionId> {
        let mut all: Vec<ConnectionId> = Vec::new();
        for id in self.mailbox.iter().chain(&self.more_mailboxes) {
            if !all.contains(id) {
                all.push(*id);
            }
        }
        all
    }
}

/// Follow-ups to people who asked or were interested, were answered, and went quiet. Off until a person switches them on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowUps {
    pub on: bool,
    /// Days of sending between our answer and the first.
    pub after_days: u16,
    /// Between two of them.
    pub then_days: u16,
    /// At most so many after one answer.
    pub most: u8,
    /// What they say, with fields; empty: the built-in engine writes a draft each time.
    pub text: String,
    /// Who approved just this text; without it each follow-up waits as a draft.
    pub approved: Option<TextApproval>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextApproval {
    /// As the audit trail names them.
    pub by: String,
    pub at: UnixMillis,
}

impl FollowUps {
    /// More would be pestering.
    pub const MOST: u8 = 3;
    pub const MOST_DAYS: u16 = 60;

    /// They leave without a draft: a person approved the words.
    pub fn is_approved(&self) -> bool {
        !self.text.trim().is_empty() && self.approved.is_some()
    }
}

impl Default for FollowUps {
    fn default() -> Self {
        Self { on: false, after_days: 4, then_days: 7, most: 1, text: String::new(), approved: None }
    }
}

/// The meeting it offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    pub title: String,
    pub minutes: u32,
    /// Kept free before and after, in minutes.
    pub buffer_before: u32,
    pub buffer_after: u32,
    /// At least this long from now, in minutes.
    pub notice: u32,
    /// A place, a phone number or a link; empty with `video`.
    #[serde(default)]
    pub place: String,
    /// Let the calendar's provider make a video link.
    #[serde(default)]
    pub video: bool,
    /// Where it takes place. Absent on workers from before there was a choice: `video` and `place` say it.
    #[serde(default)]
    pub location: Option<Location>,
}

impl Meeting {
    pub fn location(&self) -> Location {
        match &self.location {
            Some(location) => location.clone(),
            None if self.video => Location::GoogleMeet,
            None if !self.place.is_empty() => Location::Place { address: self.place.clone() },
            None => Location::Unsaid,
        }
    }

    /// Takes place there from now on; what older readers look at follows.
    pub fn at(mut self, location: Location) -> Self {
        self.video = location == Location::GoogleMeet;
        self.place = location.place();
        self.location = Some(location);
        self
    }
}

/// What stands below a text: the worker's signature, else its sender's name, else the mailbox's own name.
pub fn signature_of(worker: Option<&Worker>, mailbox: Option<&crate::connections::Connection>) -> String {
    let sender = worker.map(|worker| &worker.sender);
    let own = sender.map(|sender| if sender.signature.trim().is_empty() { &sender.name } else { &sender.signature });
    let own = own.filter(|own| !own.trim().is_empty());
    let words = own.or(mailbox.map(|mailbox| &mailbox.display_name));
    words.map(|words| words.trim().to_owned()).unwrap_or_default()
}

impl Default for Meeting {
    fn default() -> Self {
        Self {
            title: "Call".into(),
            minutes: 30,
            buffer_before: 0,
            buffer_after: 10,
            notice: 120,
            place: String::new(),
            video: true,
            location: None,
        }
    }
}

/// What may leave without a person: off by default, and never for everything (G1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autonomy {
    /// Labels whose drafts leave by themselves, since when.
    #[serde(default)]
    pub automatic: BTreeMap<String, UnixMillis>,
    /// The same for drafts that an AI service wrote, by the service and its model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_service: BTreeMap<String, BTreeMap<String, UnixMillis>>,
}

impl Autonomy {
    /// Since when the drafts of a label leave by themselves that `engine` wrote; empty is the built-in one.
    pub fn since(&self, label: &str, engine: &str) -> Option<UnixMillis> {
        self.labels_of(engine).and_then(|labels| labels.get(label)).copied()
    }

    fn labels_of(&self, engine: &str) -> Option<&BTreeMap<String, UnixMillis>> {
        if engine.is_empty() {
            Some(&self.automatic)
        } else {
            self.by_service.get(engine)
        }
    }

    /// Switches a label for one engine on from then on, or off.
    pub fn set(&mut self, label: &str, engine: &str, since: Option<UnixMillis>) {
        let labels = match engine {
            "" => &mut self.automatic,
            service => self.by_service.entry(service.to_owned()).or_default(),
        };
        match since {
            Some(at) => drop(labels.insert(label.to_owned(), at)),
            None => drop(labels.remove(label)),
        }
        self.by_service.retain(|_, labels| !labels.is_empty());
    }

    /// Labels that leave by themselves with any engine, each once.
    pub fn labels(&self) -> std::collections::BTreeSet<&str> {
        let of_services = self.by_service.values().flat_map(BTreeMap::keys);
        self.automatic.keys().chain(of_services).map(String::as_str).collect()
    }
}

/// G2. The operator's hard limits stand above these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Mails of this worker a day; the mailbox has a cap of its own.
    pub per_day: u32,
    /// Mails to one recipient domain a day.
    pub per_domain_day: u32,
    /// Mails to one contact in one sequence.
    pub per_contact: u32,
    /// When somebody of a company answers or meets us, its other leads are left alone.
    #[serde(default)]
    pub company_stops: bool,
    /// Of each mailbox's day so much is kept for follow-ups, in percent: new leads never take the place of those who
    /// were promised a second mail.
    #[serde(default)]
    pub follow_up_percent: u32,
}

impl Limits {
    /// More than this, and hardly anybody new would be written to.
    pub const MOST_FOLLOW_UP_PERCENT: u32 = 90;

    /// Nobody is written to more often in one sequence (G2).
    pub const MOST_PER_CONTACT: u32 = 4;

    /// Mails to one contact, also for a worker that was set up before the limit was as it is.
    pub fn mails_per_contact(&self) -> u32 {
        self.per_contact.clamp(1, Self::MOST_PER_CONTACT)
    }

    /// Mails to one domain a day; none at all would hold a mail for ever.
    pub fn mails_per_domain(&self) -> u32 {
        self.per_domain_day.max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_day: 30, per_domain_day: 3, per_contact: 4, company_stops: true, follow_up_percent: 30 }
    }
}

/// When mail may arrive, in the recipient's own zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Monday = 1 to Sunday = 7.
    pub days: Vec<u8>,
    /// Minutes after midnight.
    pub from: u16,
    pub to: u16,
}

impl Default for Hours {
    fn default() -> Self {
        Self { days: vec![1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60 }
    }
}

/// Who signs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    pub name: String,
    #[serde(default)]
    pub role: String,
    /// Plain text below each mail.
    #[serde(default)]
    pub signature: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    #[default]
    Plain,
    Warm,
    Formal,
}
