//! The sandbox's whole state, in memory, behind one lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::caldav::Server as CalendarServer;
use super::crm::Crms;
use super::faults::{Fault, Faults};
use super::google::Google;
use super::mail::mailbox::Mailbox;
use super::meetings::Meetings;
use super::microsoft::Microsoft;
use super::notices::Notice;
use super::oauth::{Grants, Redirects};
use super::oidc::Issuer;
use super::people::People;
use super::record::Record;
use super::stripe::Books;
use super::wire::Request;
use super::OwnerAccount;
use crate::base::{Clock, UnixMillis};

/// Moves the product's clock and the sandbox's together; answers with the new time.
pub type Advance = Arc<dyn Fn(Duration) -> UnixMillis + Send + Sync>;

/// An account that a person can sign in to: at the simulated Google, at the issuer, by SMTP and IMAP.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub email: String,
    pub name: String,
    /// The stable subject that id tokens carry.
    pub subject: String,
}

/// What `POST /control/settings` can change.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Mails an account may send in 24 hours.
    pub daily_sends: usize,
    /// Gmail quota units per user and minute.
    pub units_per_minute: u32,
    /// Refresh tokens end after 7 days, as with a consent screen left in "testing".
    pub testing_mode: bool,
    /// Gmail replaces the Message-ID of what it sends.
    pub replace_message_ids: bool,
    /// Each use of a refresh token gives a new one and ends the old.
    pub rotate_refresh: bool,
    /// Recipients that an Exchange mailbox may write to in 24 hours.
    pub daily_recipients: usize,
    /// The Microsoft organisation lets an administrator decide which programs its people may use.
    pub admin_consent: bool,
    /// The copy of what Exchange sent appears a minute later.
    pub slow_copies: bool,
    /// A Meet link is made only when the event is read again, not at once.
    pub slow_conferences: bool,
    /// The account at Microsoft is a person's own, in no organisation.
    pub personal_account: bool,
    /// The calendar server makes no `sync-collection` reports.
    pub caldav_without_sync: bool,
    /// Members that it puts into one such report.
    pub caldav_page: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            daily_sends: 2_000,
            units_per_minute: 6_000,
            testing_mode: false,
            replace_message_ids: false,
            rotate_refresh: false,
            slow_conferences: false,
            personal_account: false,
            caldav_without_sync: false,
            caldav_page: 100,
            daily_recipients: 10_000,
            admin_consent: false,
            slow_copies: false,
        }
    }
}

pub(super) struct World {
    pub clock: Clock,
    pub accounts: Vec<Account>,
    /// Every address that was ever written to, and every account, by address in lower case.
    pub mailboxes: BTreeMap<String, Mailbox>,
    pub google: Google,
    pub caldav: CalendarServer,
    pub crms: Crms,
    pub microsoft: Microsoft,
    pub stripe: Books,
    pub meetings: Meetings,
    pub oidc: Issuer,
    /// Of the one client, at every provider.
    pub redirects: Redirects,
    pub people: People,
    pub record: Record,
    /// What is told to programs, and not yet carried there.
    pub notices: Vec<Notice>,
    pub faults: Faults,
    pub settings: Settings,
    serial: u64,
    /// Where grants are kept over the end of the process, if they are.
    memory: Option<PathBuf>,
}

/// What is kept of the world.
#[derive(Deserialize)]
struct Remembered {
    google: Grants,
    microsoft: Grants,
    #[serde(default)]
    zoom: Grants,
    #[serde(default)]
    webex: Grants,
    #[serde(default)]
    goto: Grants,
}

impl World {
    pub fn new(clock: Clock, owner: &OwnerAccount, with_people: bool) -> Self {
        let people = if with_people { People::cast(owner) } else { People::nobody() };
        let mut world = Self {
            accounts: Vec::new(),
            mailboxes: BTreeMap::new(),
            google: Google::default(),
            caldav: CalendarServer::default(),
            crms: Crms::default(),
            microsoft: Microsoft::default(),
            stripe: Books::default(),
            meetings: Meetings::default(),
            oidc: Issuer::default(),
            redirects: Redirects::default(),
            people,
            record: Record::default(),
            notices: Vec::new(),
            faults: Faults::default(),
            settings: Settings::default(),
            serial: 0,
            memory: None,
            clock,
        };
        world.add_account(&owner.email, &owner.name, &owner.zone);
        let domain = owner.email.rsplit_once('@').map_or("example.com", |(_, domain)| domain);
        let team = format!("team@{domain}");
        if !team.eq_ignore_ascii_case(&owner.email) {
            world.add_account(&team, "Team mailbox", &owner.zone);
        }
        super::crm::seed(&mut world.crms, world.clock.now());
        let now = world.clock.now();
        world.google.calendars.seed(&owner.email.to_lowercase(), &owner.zone, now);
        world.microsoft.calendars.seed(&owner.email.to_lowercase(), &owner.zone, now);
        world.caldav.seed(&owner.email.to_lowercase(), &owner.zone, now);
        world
    }

    /// From now on grants are kept in this file; those of an earlier process hold again. A file that cannot be read is as
    /// good as none: people are asked anew.
    pub fn recall(&mut self, file: &Path) {
        let kept = std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
        if let Some(kept) = kept {
            (self.google.grants, self.microsoft.grants) = (kept.google, kept.microsoft);
            let meetings = &mut self.meetings;
            (meetings.zoom.grants, meetings.webex.grants, meetings.goto.grants) = (kept.zoom, kept.webex, kept.goto);
        }
        self.memory = Some(file.to_owned());
    }

    /// Writes the grants down, whole or not at all.
    pub fn remember(&self) {
        let Some(file) = &self.memory else { return };
        let meetings = &self.meetings;
        let kept = json!({
            "google": self.google.grants,
            "microsoft": self.microsoft.grants,
            "zoom": meetings.zoom.grants,
            "webex": meetings.webex.grants,
            "goto": meetings.goto.grants,
        })
        .to_string();
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        let written = std::fs::write(&beside, kept).and_then(|()| std::fs::rename(&beside, file));
        if let Err(error) = written {
            tracing::warn!(%error, file = %file.display(), "the sandbox could not keep its grants");
        }
    }

    pub fn add_account(&mut self, email: &str, name: &str, zone: &str) {
        let email = email.to_lowercase();
        if self.account(&email).is_some() {
            return;
        }
        let subject = format!("1{:020}", self.next_serial());
        self.mailbox(&email);
        self.google.calendars.open(&email, zone);
        self.microsoft.calendars.open(&email, zone);
        self.caldav.open(&email, zone);
        self.accounts.push(Account { email, name: name.to_owned(), subject });
    }

    pub fn account(&self, email: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.email.eq_ignore_ascii_case(email))
    }

    pub fn mailbox(&mut self, address: &str) -> &mut Mailbox {
        let validity = u32::try_from(self.mailboxes.len()).unwrap_or(0) + 1_000;
        self.mailboxes.entry(address.to_lowercase()).or_insert_with(|| Mailbox::new(validity))
    }

    /// The mailbox of someone who is known to have one.
    pub fn mailbox_of(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.get(&address.to_lowercase())
    }

    /// Ids in the shape of Gmail's: they grow, so that sorting by id sorts by arrival.
    pub fn next_mail_id(&mut self) -> u64 {
        0x19a0_0000_0000_0000 + self.next_serial() * 0x1f3
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Carries a mail to each recipient: into the box, and before the eyes of the person who lives there.
    pub fn deliver(&mut self, raw: &Arc<[u8]>, recipients: &[String]) {
        let now = self.clock.now();
        for recipient in recipients {
            let id = self.next_mail_id();
            self.mailbox(recipient).file(id, raw.clone(), &["INBOX", "UNREAD"], now, None);
            self.people.hear(recipient, raw, now);
        }
    }

    /// Notes a provider request and takes the fault that waits for it, if one does.
    pub fn admit(&mut self, request: &Request) -> Option<Fault> {
        self.record.note(request);
        self.faults.take(&request.method, &request.path)
    }
}

/// The world, and what must work while nobody holds it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    advance: Mutex<Option<Advance>>,
    owner: OwnerAccount,
    people: bool,
}

impl Shared {
    pub fn new(world: World, owner: OwnerAccount, people: bool, advance: Option<Advance>) -> Self {
        Self(Arc::new(Inner { world: Mutex::new(world), advance: Mutex::new(advance), owner, people }))
    }

    /// A panic in one request must not end the sandbox for all others, so a poisoned lock is taken all the same.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn advance_hook(&self) -> Option<Advance> {
        self.0.advance.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_advance(&self, advance: Advance) {
        *self.0.advance.lock().unwrap_or_else(PoisonError::into_inner) = Some(advance);
    }

    /// Everything as on the first day; only the clock keeps its time, and the client what is registered for it.
    pub fn start_over(&self) {
        let mut world = self.world();
        let redirects = std::mem::take(&mut world.redirects);
        let memory = world.memory.take();
        *world = World { redirects, memory, ..World::new(world.clock.clone(), &self.0.owner, self.0.people) };
        world.remember();
    }
}
