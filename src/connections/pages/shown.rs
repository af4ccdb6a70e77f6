//! A connection as its pages show it.

use super::times::{Moment, Times};
use crate::connections::model::{CalDav, Connection, Kind, SecurityMode, SmtpImap, State, Use};
use crate::connections::provider::Provider;
use crate::connections::scopes::{is_same, not_granted, permissions, Permission};

/// One fact: its words, and the moment it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub words: &'static str,
    pub when: Moment,
}

/// Something the connection needs, why, and whether the owner has granted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub name: String,
    pub why: String,
    /// As the provider calls it; empty where there is no such thing.
    pub scope: String,
    pub granted: bool,
}

/// What lists and heads show.
#[derive(Clone, Debug)]
pub struct Shown {
    pub href: String,
    pub icon: &'static str,
    pub address: String,
    pub purpose: String,
    /// ok, warn, bad, off
    pub tone: &'static str,
    pub state: &'static str,
    /// Why it does not work as it should, and what to do; empty when it does.
    pub trouble: String,
    pub facts: Vec<Fact>,
    pub needs_owner: bool,
    pub is_disconnected: bool,
    /// Where the owner puts it right: signing in again, or the form with its settings.
    pub renew: String,
    pub renew_words: &'static str,
}

pub(super) fn shown(connection: &Connection, times: &Times) -> Shown {
    let (tone, state, trouble) = state_of(connection, times);
    Shown {
        href: super::page_of(connection.id),
        icon: icon_of(connection),
        address: connection.address.display().to_owned(),
        purpose: purpose_of(connection),
        tone,
        state,
        trouble,
        facts: facts_of(connection, times),
        needs_owner: matches!(connection.state, State::NeedsOwner { .. }),
        is_disconnected: connection.is_disconnected(),
        renew: renew_of(connection),
        renew_words: match connection.kind.provider() {
            Some(_) => "Sign in again",
            None => "Correct the settings",
        },
    }
}

fn icon_of(connection: &Connection) -> &'static str {
    match (connection.can(Use::Outreach), connection.can(Use::Calendar)) {
        (true, _) => "mail",
        (false, true) => "calendar",
        (false, false) => "video",
    }
}

fn state_of(connection: &Connection, times: &Times) -> (&'static str, &'static str, String) {
    match &connection.state {
        State::Working => ("ok", "Working", String::new()),
        State::Waiting { until, .. } if *until <= times.now => ("ok", "Working", String::new()),
        State::Waiting { until, reason } => {
            ("warn", "Held back", format!("{reason} It goes on {}.", times.moment(*until).words))
        }
        State::NeedsOwner { reason, .. } => ("bad", "Stopped", reason.clone()),
        State::Disconnected { .. } => ("off", "Disconnected", String::new()),
    }
}

fn purpose_of(connection: &Connection) -> String {
    match &connection.kind {
        Kind::Google(_) => match (connection.can(Use::Outreach), connection.can(Use::Calendar)) {
            (true, true) => {
                "Google Mail and Calendar: send, read answers to our own mail, busy times, our own bookings"
            }
            (true, false) => "Google Mail: send, and read answers to our own mail",
            (false, true) => "Google Calendar: busy times, and our own bookings",
            (false, false) => "Google account",
        }
        .to_owned(),
        Kind::Microsoft(_) if connection.can(Use::Meetings) => {
            "Microsoft Teams: meetings of our own bookings".to_owned()
        }
        Kind::Meetings(account) => format!("{}: meetings of our own bookings", account.host.name()),
        Kind::Microsoft(_) => match (connection.can(Use::Outreach), connection.can(Use::Calendar)) {
            (true, true) => {
                "Microsoft 365 mail and calendar: send, read answers to our own mail, busy times, our own bookings"
            }
            (true, false) => "Microsoft 365 mail: send, and read answers to our own mail",
            (false, true) => "Microsoft 365 calendar: busy times, and our own bookings",
            (false, false) => "Microsoft account",
        }
        .to_owned(),
        Kind::CalDav(server) => format!("CalDAV at {}: busy times, and our own bookings", host_of(&server.home)),
        Kind::SmtpImap(server) => format!("SMTP at {}, IMAP at {}", server.smtp.host, server.imap.host),
    }
}

fn facts_of(connection: &Connection, times: &Times) -> Vec<Fact> {
    let health = &connection.health;
    let fact = |words, at: Option<crate::base::UnixMillis>| at.map(|at| Fact { words, when: times.moment(at) });
    [
        fact("Last worked", health.last_success),
        fact("Answers looked for", health.last_poll),
        fact("Busy times read", health.last_busy_read),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn renew_of(connection: &Connection) -> String {
    let id = connection.id;
    match connection.kind.provider() {
        Some(provider) => {
            format!("/connections/{}?use={}&again={id}", provider.word(), use_word(&connection.uses))
        }
        None if matches!(connection.kind, Kind::CalDav(_)) => format!("/connections/caldav?again={id}"),
        None => format!("/connections/mailbox?again={id}"),
    }
}

/// The word in addresses.
pub(super) fn use_word(uses: &[Use]) -> &'static str {
    let has = |wanted| uses.contains(&wanted);
    match (has(Use::Outreach), has(Use::Calendar)) {
        _ if has(Use::Meetings) => "meetings",
        (true, true) => "both",
        (false, true) => "calendar",
        _ => "outreach",
    }
}

pub(super) fn uses_of(word: &str) -> Option<Vec<Use>> {
    match word {
        "outreach" => Some(vec![Use::Outreach]),
        "calendar" => Some(vec![Use::Calendar]),
        "both" => Some(vec![Use::Outreach, Use::Calendar]),
        "meetings" => Some(vec![Use::Meetings]),
        _ => None,
    }
}

/// What it may do and why, for its page.
pub(super) fn allowed(connection: &Connection) -> Vec<Allowed> {
    let provider = match &connection.kind {
        Kind::SmtpImap(server) => return of_mail_server(server),
        Kind::CalDav(server) => return of_calendar_server(server),
        Kind::Google(_) => Provider::Google,
        Kind::Microsoft(_) => Provider::Microsoft,
        Kind::Meetings(account) => account.host,
    };
    let missing = not_granted(provider, connection.kind.scopes(), &connection.uses);
    let row = |permission: &Permission| Allowed {
        name: permission.name.to_owned(),
        why: permission.why.to_owned(),
        scope: permission.scope.to_owned(),
        granted: !missing.contains(permission),
    };
    permissions(provider, &connection.uses).iter().map(row).collect()
}

/// What was granted beyond what its uses need: it stands at the provider, and nothing here makes use of it.
pub(super) fn unused(connection: &Connection) -> Vec<String> {
    let Some(provider) = connection.kind.provider() else { return Vec::new() };
    let needed = permissions(provider, &connection.uses);
    let is_needed = |granted: &&String| needed.iter().any(|permission| is_same(provider, granted, permission.scope));
    connection.kind.scopes().iter().filter(|granted| !is_needed(granted)).cloned().collect()
}

fn host_of(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn of_calendar_server(server: &CalDav) -> Vec<Allowed> {
    vec![Allowed {
        name: "Read and write your calendars".to_owned(),
        why: "So that no meeting is offered or booked over another, and to enter, move and cancel the meetings booked \
              here. Events made by others are never changed."
            .to_owned(),
        scope: format!("CalDAV at {}, as {}", host_of(&server.home), server.user),
        granted: true,
    }]
}

fn of_mail_server(server: &SmtpImap) -> Vec<Allowed> {
    let place = |one: &crate::connections::model::MailServerSettings| {
        let protection = match one.security {
            SecurityMode::Tls => "TLS",
            SecurityMode::StartTls => "STARTTLS",
            SecurityMode::Plain => "no encryption, on this machine only",
        };
        format!("{}, port {}, {protection}", one.host, one.port)
    };
    vec![
        Allowed {
            name: format!("Send mail through {}", place(&server.smtp)),
            why: "A worker writes from this address, and only after you switched it on.".into(),
            scope: String::new(),
            granted: true,
        },
        Allowed {
            name: format!("Read mail at {}", place(&server.imap)),
            why: "Of new mail only the headers are compared, in memory; opened are answers to mail that we sent, and \
                  reports about its delivery. Nothing is marked as read, and no body is kept."
                .into(),
            scope: String::new(),
            granted: true,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ConnectionId;
    use crate::connections::model::Google;
    use crate::messaging::testing::mailbox;
    use crate::providers::google::oauth::scope;
    use crate::testing::NOW;

    #[test]
    fn each_permission_says_whether_it_was_granted_and_what_nobody_uses_is_said_too() {
        let workspace = crate::base::WorkspaceId::new(NOW);
        let granted =
            [scope::OPENID, "https://www.googleapis.com/auth/userinfo.email", scope::GMAIL_SEND, "https://x/y"];
        let scopes = granted.map(str::to_owned).to_vec();
        let google = Google { subject: "1".into(), scopes, ..Google::default() };
        let mut connection = mailbox(workspace, ConnectionId::new(NOW));
        connection.kind = Kind::Google(google);
        connection.uses = vec![Use::Outreach];
        let marks: Vec<_> = allowed(&connection).into_iter().map(|one| (one.name, one.granted)).collect();
        let expected = [
            ("Know that it is you", true),
            ("See your address", true),
            ("Send e-mail on your behalf", true),
            ("Read your e-mail", false),
        ];
        assert_eq!(marks, expected.map(|(name, granted)| (name.to_owned(), granted)));
        assert_eq!(unused(&connection), ["https://x/y"]);
    }
}
