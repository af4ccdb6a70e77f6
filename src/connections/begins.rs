//! Where work with a newly connected account begins.

use super::error::ConnectError;
use super::model::{Calendars, Google, Kind, LinkedFolder, MeetingAccount, Microsoft, Use};
use super::provider::Provider;
use crate::base::UnixMillis;
use crate::providers::calendar::{CalendarClient, CalendarEntry};
use crate::providers::google::calendar::Calendar;
use crate::providers::google::gmail::Gmail;
use crate::providers::microsoft::mail::{Mail, FOLDERS};
use crate::providers::microsoft::meetings::PERSONAL_TENANT;
use crate::providers::{google, microsoft, ProviderError};

/// Nothing that came in before is ever looked at.
pub(super) enum Begins {
    Google {
        history_cursor: Option<String>,
        calendar: Option<CalendarEntry>,
    },
    Microsoft {
        folders: Vec<LinkedFolder>,
        calendar: Option<CalendarEntry>,
    },
    /// There is nothing to be read.
    Meetings(Provider),
}

impl Begins {
    pub fn provider(&self) -> Provider {
        match self {
            Self::Google { .. } => Provider::Google,
            Self::Microsoft { .. } => Provider::Microsoft,
            Self::Meetings(host) => *host,
        }
    }

    /// Of an account that was not known.
    pub fn new_kind(&self, subject: &str) -> Kind {
        let subject = subject.to_owned();
        match self {
            Self::Google { .. } => Kind::Google(Google { subject, ..Google::default() }),
            Self::Microsoft { .. } => Kind::Microsoft(Microsoft { subject, ..Microsoft::default() }),
            Self::Meetings(host) => {
                Kind::Meetings(MeetingAccount { host: *host, subject, ..MeetingAccount::default() })
            }
        }
    }

    /// Where the account was read to before, it goes on from there.
    pub fn set_out(&self, kind: &mut Kind) {
        match (kind, self) {
            (Kind::Google(google), Self::Google { history_cursor, calendar }) => {
                google.history_cursor = google.history_cursor.take().or_else(|| history_cursor.clone());
                if let (None, Some(calendar)) = (&google.calendar_id, calendar) {
                    google.calendar_id = Some(calendar.id.clone());
                    google.busy_calendars = vec![calendar.id.clone()];
                    google.calendar_zone = Some(calendar.time_zone.clone());
                }
            }
            (Kind::Microsoft(microsoft), Self::Microsoft { folders, calendar }) => {
                if microsoft.folders.is_empty() {
                    microsoft.folders.clone_from(folders);
                }
                if let (None, Some(calendar)) = (&microsoft.calendars.write_to, calendar) {
                    microsoft.calendars =
                        Calendars { write_to: Some(calendar.id.clone()), zone: None, busy: vec![calendar.id.clone()] };
                }
            }
            (Kind::Meetings(account), Self::Meetings(_)) => account.is_withdrawn = false,
            _ => {}
        }
    }
}

/// A fault that passes is no reason to refuse; the first poll asks again.
fn in_passing<T>(asked: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(ProviderError::Retry { .. } | ProviderError::Quota { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub fn at_google(session: google::Session<'_>, uses: &[Use]) -> Result<Begins, ConnectError> {
    let history_cursor = match uses.contains(&Use::Outreach) {
        true => in_passing(Gmail(session).start_cursor())?.map(|cursor| cursor.as_str().to_owned()),
        false => None,
    };
    let calendar = own_calendar(&Calendar(session), uses)?;
    Ok(Begins::Google { history_cursor, calendar })
}

/// The calendar that bookings are written to until somebody chooses another.
fn own_calendar(client: &dyn CalendarClient, uses: &[Use]) -> Result<Option<CalendarEntry>, ProviderError> {
    if !uses.contains(&Use::Calendar) {
        return Ok(None);
    }
    let all = in_passing(client.list_calendars())?.unwrap_or_default();
    let own =
        all.iter().find(|one| one.primary && one.is_writable()).or_else(|| all.iter().find(|one| one.is_writable()));
    Ok(own.cloned())
}

/// Accounts without a mailbox can sign in, too: guests, administrators, those without a licence.
pub fn at_microsoft(
    session: microsoft::Session<'_>,
    uses: &[Use],
    subject: &str,
    now: UnixMillis,
) -> Result<Begins, ConnectError> {
    if uses.contains(&Use::Meetings) && subject.starts_with(PERSONAL_TENANT) {
        let words = "Teams meetings need a work or school account; this one is personal.";
        return Err(ConnectError::Unusable(words.to_owned()));
    }
    let mail = Mail(session);
    let begun = match uses.contains(&Use::Outreach) {
        true => in_passing(mail.ping()).map(drop),
        false => Ok(()),
    };
    let calendar = begun.and_then(|()| own_calendar(&microsoft::calendar::Calendar(session), uses));
    let calendar = calendar.map_err(|error| match error {
        ProviderError::NotFound | ProviderError::Rejected { .. } => {
            let words = "This account has no mailbox at Microsoft 365 that programs may use. Sign in with the one you write from.";
            ConnectError::Unusable(words.to_owned())
        }
        other => other.into(),
    })?;
    let linked = |name: &str| LinkedFolder { name: name.to_owned(), link: mail.begin(name, now).into() };
    let folders = match uses.contains(&Use::Outreach) {
        true => FOLDERS.into_iter().map(linked).collect(),
        false => Vec::new(),
    };
    Ok(Begins::Microsoft { folders, calendar })
}
