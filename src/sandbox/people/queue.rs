//! Who does what when: a mail comes in, and what its reader will do about it is decided and queued.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Weekday;

use super::cast;
use super::compose::{hash, zone_of};
use super::offers::{offered, Offer};
use super::script::{Act, Character, Cue, MOST_ACCEPTS};
use crate::base::UnixMillis;
use crate::sandbox::mail::mime;
use crate::sandbox::OwnerAccount;

const OFFICE_HOURS: (i8, i8) = (8, 18);
/// Machines answer at once, or nearly.
const MACHINE_DELAY: Duration = Duration::from_secs(40);

pub(in crate::sandbox) struct People {
    persons: Vec<Person>,
    /// By due time, then by the order in which they were decided.
    deeds: BTreeMap<(UnixMillis, u64), Deed>,
    decided: u64,
}

struct Person {
    character: &'static Character,
    turn: usize,
    heard: u32,
    accepted: u32,
    /// The last mail of the conversation, which thanks go to.
    last: Option<Arc<[u8]>>,
    is_invited: bool,
}

/// Something decided and not yet done.
pub(super) struct Deed {
    person: usize,
    /// The mail that led to it.
    pub mail: Arc<[u8]>,
    pub what: What,
}

pub(super) enum What {
    Act(Act, Option<Offer>),
    /// Accepts the event of this UID in the calendar, and thanks for the first.
    AcceptInvitation {
        uid: String,
        thanks: bool,
    },
}

impl People {
    /// Everybody but whoever shares an address with the owner.
    pub fn cast(owner: &OwnerAccount) -> Self {
        let others = cast::all().filter(|one| !one.email.eq_ignore_ascii_case(&owner.email));
        let person = |character| Person { character, turn: 0, heard: 0, accepted: 0, last: None, is_invited: false };
        Self { persons: others.map(person).collect(), ..Self::nobody() }
    }

    pub fn nobody() -> Self {
        Self { persons: Vec::new(), deeds: BTreeMap::new(), decided: 0 }
    }

    pub fn next_due(&self) -> Option<UnixMillis> {
        self.deeds.keys().next().map(|(due, _)| *due)
    }

    /// A mail reaches an address. If a person lives there, what they will do about it is decided now.
    pub fn hear(&mut self, address: &str, mail: &Arc<[u8]>, now: UnixMillis) {
        let at = self.persons.iter().position(|person| person.character.email.eq_ignore_ascii_case(address));
        let Some((person, index)) = at.map(|index| (&mut self.persons[index], index)) else { return };
        person.heard += 1;
        let Some(what) = person.decide(mail) else { return };
        let due = person.due(&what, now);
        self.decided += 1;
        self.deeds.insert((due, self.decided), Deed { person: index, mail: mail.clone(), what });
    }

    /// Who does a deed, and the last mail of their conversation with us.
    pub(super) fn doer(&self, deed: &Deed) -> (&'static Character, Option<Arc<[u8]>>) {
        let person = &self.persons[deed.person];
        (person.character, person.last.clone())
    }

    /// Takes the first deed that is due.
    pub(super) fn take_due(&mut self, now: UnixMillis) -> Option<(UnixMillis, Deed)> {
        let first = self.deeds.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some((first.key().0, first.remove()))
    }
}

impl Person {
    fn decide(&mut self, mail: &Arc<[u8]>) -> Option<What> {
        if let Some(uid) = invitation_in(mail) {
            let thanks = !std::mem::replace(&mut self.is_invited, true);
            return Some(What::AcceptInvitation { uid, thanks });
        }
        self.last = Some(mail.clone());
        let turn = self.character.turns.get(self.turn)?;
        let offers = offered(&mime::text_of(mail));
        if turn.cue == Cue::Offer && (offers.len() < 2 || self.accepted >= MOST_ACCEPTS) {
            return None;
        }
        let chosen = match turn.act {
            Act::Accept(which, _) | Act::Click(which, _) => {
                self.accepted += 1;
                offers.get(which).or(offers.last()).cloned()
            }
            _ => {
                self.turn += 1;
                None
            }
        };
        match turn.act {
            Act::Ignore => None,
            act => Some(What::Act(act, chosen)),
        }
    }

    /// Machines act at once; people take their time, and in office hours.
    fn due(&self, what: &What, now: UnixMillis) -> UnixMillis {
        if matches!(what, What::Act(Act::OutOfOffice(..) | Act::Bounce(_), _)) {
            return now.plus(MACHINE_DELAY);
        }
        let (least, most) = self.character.delay;
        let chance = hash(&[self.character.email, &self.heard.to_string()]);
        let minutes = u64::from(least) + chance % u64::from(most - least + 1);
        at_work(self.character, now.plus(Duration::from_secs(minutes * 60 + chance % 60)), chance)
    }
}

/// The instant itself, or the next morning of work after it, not on the stroke of eight.
fn at_work(character: &Character, instant: UnixMillis, chance: u64) -> UnixMillis {
    let wall = instant.in_zone(&zone_of(character));
    let weekend = |day: Weekday| matches!(day, Weekday::Saturday | Weekday::Sunday);
    let (opens, closes) = OFFICE_HOURS;
    if !weekend(wall.weekday()) && (opens..closes).contains(&wall.hour()) {
        return instant;
    }
    let mut day = if wall.hour() < opens { wall.date() } else { wall.date().saturating_add(jiff::Span::new().days(1)) };
    while weekend(day.weekday()) {
        day = day.saturating_add(jiff::Span::new().days(1));
    }
    let minute = i8::try_from(chance % 50).unwrap_or(0);
    let morning = day.at(opens, minute, 0, 0).to_zoned(zone_of(character));
    morning.map_or(instant, |morning| morning.timestamp().into())
}

/// The UID of the event that a mail invites to.
fn invitation_in(mail: &[u8]) -> Option<String> {
    let parsed = mail_parser::MessageParser::default().parse(mail)?;
    let text =
        parsed.parts.iter().filter_map(|part| part.text_contents()).find(|text| text.contains("BEGIN:VCALENDAR"))?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    (field("METHOD:") == Some("REQUEST")).then(|| field("UID:").map(str::to_owned))?
}
