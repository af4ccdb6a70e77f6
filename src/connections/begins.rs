//! Where work with a newly connected account begins.

use super::error::ConnectError;
use super::model::{Google, Kind, LinkedFolder, MeetingAccount, Microsoft, Use};
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
            (Kind::Microsoft(microsoft), Self::Microsoft { folders }) if microsoft.folders.is_empty() => {
                microsoft.folders.clone_from(folders);
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
    let calendars = match uses.contains(&Use::Calendar) {
        true => in_passing(Calendar(session).list_calendars())?.unwrap_or_default(),
        false => Vec::new(),
    };
    let own = calendars.iter().find(|one| one.primary).or_else(|| calendars.iter().find(|one| one.is_writable()));
    Ok(Begins::Google { history_cursor, calendar: own.cloned() })
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
    if !uses.contains(&Use::Outreach) {
        return Ok(Begins::Microsoft { folders: Vec::new() });
    }
    let mail = Mail(session);
    match in_passing(mail.ping()) {
        Err(ProviderError::NotFound | ProviderError::Rejected { .. }) => {
            let words = "This account has no mailbox at Microsoft 365 that programs may use. Sign in with the one you write from.";
            return Err(ConnectError::Unusable(words.to_owned()));
        }
        other => other?,
    };
    let linked = |name: &str| LinkedFolder { name: name.to_owned(), link: mail.begin(name, now).into() };
    Ok(Begins::Microsoft { folders: FOLDERS.into_iter().map(linked).collect() })
}
