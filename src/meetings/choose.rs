//! Choosing where a meeting takes place: what can be chosen, and what was chosen in a form.

use super::{Location, Service};
use crate::base::{ConnectionId, WorkspaceId};
use crate::connections::{self, Connection, Provider, Use};
use crate::http::ui::Choice;
use crate::store::{StoreError, Txn};

/// Everything that may be chosen in a workspace; a service stands there once for each account. `chosen` stays in the
/// list whatever became of its account.
pub fn choices(accounts: &[Connection], chosen: &Location) -> Vec<Choice> {
    let by_calendar = Choice { label: call_of_calendar(accounts).to_owned(), ..plain(&Location::GoogleMeet) };
    let mut all = vec![plain(&Location::Unsaid), by_calendar];
    for account in accounts {
        let Some(location) = held_with(account).filter(|_| account.state.is_working()) else { continue };
        all.push(Choice { label: format!("{}: {}", location.words(), account.address.display()), ..plain(&location) });
    }
    let empty = String::new;
    all.extend(
        [
            Location::Jitsi,
            Location::Link { url: empty() },
            Location::WeCall,
            Location::TheyCall { number: empty() },
            Location::Place { address: empty() },
        ]
        .iter()
        .map(plain),
    );
    let value = value_of(chosen);
    if !all.iter().any(|choice| choice.value == value) {
        all.push(Choice { label: format!("{} (not connected)", chosen.words()), value });
    }
    all
}

/// The link that comes with the event: whose it is depends on the calendar.
fn call_of_calendar(accounts: &[Connection]) -> &'static str {
    let has = |provider| {
        let fits = |one: &&Connection| one.kind.provider() == Some(provider) && one.can(Use::Calendar);
        accounts.iter().filter(fits).any(|one| one.state.is_working())
    };
    match (has(Provider::Google), has(Provider::Microsoft)) {
        (_, false) => Location::GoogleMeet.words(),
        (false, true) => "Teams, with the event in Outlook",
        (true, true) => "Google Meet, or Teams where the calendar is Outlook’s",
    }
}

fn plain(location: &Location) -> Choice {
    Choice { value: value_of(location), label: location.words().to_owned() }
}

/// The value of a choice in a form: the word, for a service with its account.
pub fn value_of(location: &Location) -> String {
    match location.host() {
        Some((service, account)) => format!("{}:{account}", service.word()),
        None => location.word().to_owned(),
    }
}

fn held_with(account: &Connection) -> Option<Location> {
    let service = account.kind.provider()?.meeting_service().filter(|_| account.can(Use::Meetings))?;
    Some(Location::Hosted { service, account: account.id })
}

/// What a form says: the value of the choice, and what was typed beside it. `None` for a value that nobody offered.
pub fn read_choice(value: &str, detail: &str) -> Option<Location> {
    let detail = || detail.trim().to_owned();
    Some(match value {
        "" | "unsaid" => Location::Unsaid,
        "google_meet" => Location::GoogleMeet,
        "jitsi" => Location::Jitsi,
        "link" => Location::Link { url: detail() },
        "we_call" => Location::WeCall,
        "they_call" => Location::TheyCall { number: detail() },
        "place" => Location::Place { address: detail() },
        hosted => {
            let (word, account) = hosted.split_once(':')?;
            let service = Service::ALL.into_iter().find(|service| service.word() == word)?;
            Location::Hosted { service, account: account.parse::<ConnectionId>().ok()? }
        }
    })
}

/// Why this place cannot be chosen in the workspace, in words.
pub fn unfit(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    location: &Location,
) -> Result<Option<&'static str>, StoreError> {
    let Some((_, account)) = location.host() else { return Ok(location.mistake()) };
    let found = connections::find(txn, workspace, account)?;
    let holds = found.and_then(|account| held_with(&account)).as_ref() == Some(location);
    Ok((!holds).then_some("There is no connected account here that holds such meetings."))
}
