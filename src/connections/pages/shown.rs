//! A connection as its pages show it.

use super::times::{Moment, Times};
use crate::connections::model::{Connection, Kind, SecurityMode, SmtpImap, State, Use};
use crate::connections::scopes::permissions;

/// One fact: its words, and the moment it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub words: &'static str,
    pub when: Moment,
}

/// Something the connection may do, and why it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub name: String,
    pub why: String,
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
        icon: if connection.can(Use::Outreach) { "mail" } else { "calendar" },
        address: connection.address.display().to_owned(),
        purpose: purpose_of(connection),
        tone,
        state,
        trouble,
        facts: facts_of(connection, times),
        needs_owner: matches!(connection.state, State::NeedsOwner { .. }),
        is_disconnected: connection.is_disconnected(),
        renew: renew_of(connection),
        renew_words: match connection.kind {
            Kind::Google(_) => "Sign in again",
            Kind::SmtpImap(_) => "Correct the settings",
        },
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
    match connection.kind {
        Kind::Google(_) => format!("/connections/google?use={}&again={}", use_word(&connection.uses), connection.id),
        Kind::SmtpImap(_) => format!("/connections/mailbox?again={}", connection.id),
    }
}

/// The word in addresses.
pub(super) fn use_word(uses: &[Use]) -> &'static str {
    match (uses.contains(&Use::Outreach), uses.contains(&Use::Calendar)) {
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
        _ => None,
    }
}

/// What it may do and why, for its page.
pub(super) fn allowed(connection: &Connection) -> Vec<Allowed> {
    match &connection.kind {
        Kind::Google(_) => permissions(&connection.uses)
            .iter()
            .map(|permission| Allowed { name: permission.name.to_owned(), why: permission.why.to_owned() })
            .collect(),
        Kind::SmtpImap(server) => of_mail_server(server),
    }
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
        },
        Allowed {
            name: format!("Read mail at {}", place(&server.imap)),
            why: "Of new mail only the headers are compared, in memory; opened are answers to mail that we sent, and \
                  reports about its delivery. Nothing is marked as read, and no body is kept."
                .into(),
        },
    ]
}
