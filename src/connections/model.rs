//! A connection: whose account, for what, in which state.

use serde::{Deserialize, Serialize};

use super::provider::Provider;
use crate::base::{ConnectionId, EmailAddress, UnixMillis, UserId, WorkspaceId};
use crate::store::SealedSecret;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub workspace: WorkspaceId,
    /// The account as its owner knows it.
    pub address: EmailAddress,
    /// Name on the From line of what leaves here.
    #[serde(default)]
    pub display_name: String,
    pub kind: Kind,
    pub uses: Vec<Use>,
    pub state: State,
    /// Limits of this mailbox (G2).
    #[serde(default)]
    pub pace: Pace,
    #[serde(default)]
    pub health: Health,
    pub made_by: Option<UserId>,
    pub made_at: UnixMillis,
}

/// What the owner agreed to. A mailbox used as an inbox channel would be another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Send outreach, read answers to it.
    Outreach,
    /// Read busy times, write our own events.
    Calendar,
    /// Hold the meetings booked here.
    Meetings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Google(Google),
    Microsoft(Microsoft),
    SmtpImap(SmtpImap),
    /// An account that is for meetings alone.
    Meetings(MeetingAccount),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Google {
    /// The account's stable id at Google (`sub`).
    pub subject: String,
    pub scopes: Vec<String>,
    /// Absent once disconnected.
    pub credentials: Option<Credentials>,
    /// Where reading the mailbox goes on (Gmail `historyId`, kept as the text it is).
    #[serde(default)]
    pub history_cursor: Option<String>,
    /// A long list that is read in parts, because the cursor had expired.
    #[serde(default)]
    pub relisting: Option<Relisting>,
    /// The calendar to write to; its busy times and those of `busy_calendars` are read.
    #[serde(default)]
    pub calendar_id: Option<String>,
    #[serde(default)]
    pub busy_calendars: Vec<String>,
    /// IANA zone of the calendar.
    #[serde(default)]
    pub calendar_zone: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Microsoft {
    /// The person within the tenant: `tenant:person`, both ids stable.
    pub subject: String,
    pub scopes: Vec<String>,
    /// Absent once disconnected.
    pub credentials: Option<Credentials>,
    /// Folders looked at for answers, each with how far it was read.
    #[serde(default)]
    pub folders: Vec<LinkedFolder>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeetingAccount {
    /// Zoom, Webex or GoTo.
    pub host: Provider,
    /// The account's stable id there.
    pub subject: String,
    pub scopes: Vec<String>,
    /// Absent once disconnected.
    pub credentials: Option<Credentials>,
    /// Its person removed this program there: all that came from the account has to go here, too.
    #[serde(default)]
    pub is_withdrawn: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedFolder {
    /// Its well-known name at Graph.
    pub name: String,
    /// Where reading goes on: the link of the last answer, as it came.
    pub link: String,
}

/// How far the mails since the last look are listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relisting {
    /// The search, as Gmail writes it. It must not change between pages.
    pub query: String,
    /// Absent: from the beginning.
    pub page: Option<String>,
    /// Where reading goes on when the list has come to its end.
    pub cursor: String,
}

/// Which calendars of an account are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendars {
    /// What bookings are written to.
    #[serde(default)]
    pub write_to: Option<String>,
    /// IANA zone of that one.
    #[serde(default)]
    pub zone: Option<String>,
    /// Those whose busy times count; the one written to always does.
    #[serde(default)]
    pub busy: Vec<String>,
}

impl Calendars {
    /// All that are read, each once.
    pub fn counted(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.busy.iter().chain(&self.write_to).cloned().collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

/// Sealed `TokenJson` (access and refresh token) with its expiry in the clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    pub sealed: SealedSecret,
    pub expires_at: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmtpImap {
    pub smtp: MailServerSettings,
    pub imap: MailServerSettings,
    /// One more CA to trust, in PEM.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// The password, sealed; absent once disconnected.
    pub password: Option<SealedSecret>,
    /// Folders looked at for answers, each with how far it was read.
    #[serde(default)]
    pub folders: Vec<ImapFolder>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServerSettings {
    pub host: String,
    pub port: u16,
    pub security: SecurityMode,
    pub user: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityMode {
    Tls,
    StartTls,
    /// Only with servers on this machine, where the operator allows it.
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImapFolder {
    pub name: String,
    pub uid_validity: u32,
    pub last_uid: u32,
}

/// Everything a mailbox may be asked to do in a day, whatever the workers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    pub daily_cap: u32,
    /// Shortest pause between two mails, in seconds.
    pub min_gap_seconds: u32,
    /// A random part up to this is added to the pause.
    pub jitter_seconds: u32,
    /// The cap begins at 10 and grows by 5 each day of sending until `daily_cap`.
    #[serde(default)]
    pub ramp_up: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { daily_cap: 30, min_gap_seconds: 90, jitter_seconds: 210, ramp_up: true }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Working,
    /// The owner must act: sign in again, tick a permission, correct a password.
    NeedsOwner {
        since: UnixMillis,
        reason: String,
    },
    /// The provider asked us to wait.
    Waiting {
        until: UnixMillis,
        reason: String,
    },
    /// Erased here; the row stays for history.
    Disconnected {
        at: UnixMillis,
    },
}

impl State {
    pub fn is_working(&self) -> bool {
        matches!(self, State::Working | State::Waiting { .. })
    }
}

/// What the connection's page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(default)]
    pub last_success: Option<UnixMillis>,
    /// When those who answer for the workspace were last told that it needs them.
    #[serde(default)]
    pub told_at: Option<UnixMillis>,
    #[serde(default)]
    pub last_error: Option<(UnixMillis, String)>,
    /// The last time the mailbox was read to its end.
    #[serde(default)]
    pub last_poll: Option<UnixMillis>,
    /// The last time busy times were read.
    #[serde(default)]
    pub last_busy_read: Option<UnixMillis>,
    /// Delivery reports that referred to no mail of ours: they changed nothing.
    #[serde(default)]
    pub unmatched_reports: u32,
}

impl Connection {
    /// Erased here; only the history stands.
    pub fn is_disconnected(&self) -> bool {
        matches!(self.state, State::Disconnected { .. })
    }

    pub fn can(&self, r#use: Use) -> bool {
        self.uses.contains(&r#use)
    }

    /// Its calendars, where it may be asked about them. `None`: it has none, or none any more.
    pub fn calendars(&self) -> Option<Calendars> {
        if !self.can(Use::Calendar) || self.is_disconnected() || self.kind.secret().is_none() {
            return None;
        }
        match &self.kind {
            Kind::Google(google) => Some(Calendars {
                write_to: Some(google.calendar_id.clone().unwrap_or_else(|| "primary".to_owned())),
                zone: google.calendar_zone.clone(),
                busy: google.busy_calendars.clone(),
            }),
            Kind::Microsoft(_) | Kind::SmtpImap(_) | Kind::Meetings(_) => None,
        }
    }

    /// Sets which calendars are used. An account without any is left as it is.
    pub(super) fn set_calendars(&mut self, chosen: Calendars) {
        match &mut self.kind {
            Kind::Google(google) => {
                google.calendar_id = chosen.write_to;
                google.calendar_zone = chosen.zone;
                google.busy_calendars = chosen.busy;
            }
            Kind::Microsoft(_) | Kind::SmtpImap(_) | Kind::Meetings(_) => {}
        }
    }

    /// In words: "Google", "Mail server".
    pub fn kind_words(&self) -> &'static str {
        self.kind.provider().map_or("Mail server", Provider::name)
    }
}

impl Kind {
    /// Whose account it is; `None` for a mail server.
    pub fn provider(&self) -> Option<Provider> {
        match self {
            Self::Google(_) => Some(Provider::Google),
            Self::Microsoft(_) => Some(Provider::Microsoft),
            Self::Meetings(account) => Some(account.host),
            Self::SmtpImap(_) => None,
        }
    }

    /// The account's stable id at its provider.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Google(google) => &google.subject,
            Self::Microsoft(microsoft) => &microsoft.subject,
            Self::Meetings(account) => &account.subject,
            Self::SmtpImap(_) => "",
        }
    }

    /// What its provider was allowed to give.
    pub(super) fn scopes(&self) -> &[String] {
        match self {
            Self::Google(google) => &google.scopes,
            Self::Microsoft(microsoft) => &microsoft.scopes,
            Self::Meetings(account) => &account.scopes,
            Self::SmtpImap(_) => &[],
        }
    }

    pub(super) fn set_scopes(&mut self, granted: &[String]) {
        match self {
            Self::Google(google) => google.scopes = granted.to_vec(),
            Self::Microsoft(microsoft) => microsoft.scopes = granted.to_vec(),
            Self::Meetings(account) => account.scopes = granted.to_vec(),
            Self::SmtpImap(_) => {}
        }
    }

    pub(super) fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Google(google) => google.credentials.as_ref(),
            Self::Microsoft(microsoft) => microsoft.credentials.as_ref(),
            Self::Meetings(account) => account.credentials.as_ref(),
            Self::SmtpImap(_) => None,
        }
    }

    /// Replaces the access and gives the one before. A mail server has none.
    pub(super) fn replace_credentials(&mut self, new: Option<Credentials>) -> Option<Credentials> {
        match self {
            Self::Google(google) => std::mem::replace(&mut google.credentials, new),
            Self::Microsoft(microsoft) => std::mem::replace(&mut microsoft.credentials, new),
            Self::Meetings(account) => std::mem::replace(&mut account.credentials, new),
            Self::SmtpImap(_) => None,
        }
    }

    /// What is sealed of it: tokens or a password.
    pub(super) fn secret(&self) -> Option<&SealedSecret> {
        match self {
            Self::SmtpImap(server) => server.password.as_ref(),
            _ => self.credentials().map(|credentials| &credentials.sealed),
        }
    }

    /// Forgets what was sealed.
    pub(super) fn forget_secret(&mut self) {
        match self {
            Self::SmtpImap(server) => server.password = None,
            _ => drop(self.replace_credentials(None)),
        }
    }
}
