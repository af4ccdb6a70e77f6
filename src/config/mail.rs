//! `[mail]`: how the server itself sends sign-in links, invitations and alerts.

use std::path::PathBuf;

use crate::base::EmailAddress;

use super::source::Section;
use super::Secret;

/// Present when `[mail] host` is set. Without it, such mail stands on the operator's page instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemMail {
    pub from: EmailAddress,
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    pub login: Option<MailLogin>,
    /// PEM file of a private certificate authority.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLogin {
    pub user: String,
    pub password: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS is asked for after the greeting and required (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314 section 3.3).
    Tls,
    /// No TLS, for a relay on this machine.
    Plain,
}

impl SystemMail {
    pub(super) fn read(from: &mut Section<'_>) -> Option<Self> {
        let sender = read_sender(from);
        let host = from.optional("host");
        let port = from.number("port", 587, 1..=65_535);
        let security = from.parsed("security", MailSecurity::StartTls, "\"starttls\", \"tls\" or \"plain\"");
        let login = read_login(from);
        let ca_file = from.path("ca_file");
        let host = host?;
        if security == MailSecurity::Plain && (login.is_some() || !is_this_machine(&host)) {
            from.mistake("security", "may be \"plain\" only for a relay on this machine that asks for no password");
        }
        let Some(sender) = sender else {
            from.mistake("host", "needs mail.from beside it");
            return None;
        };
        let port = u16::try_from(port).unwrap_or(587);
        Some(Self { from: sender, host, port, security, login, ca_file })
    }
}

fn read_sender(from: &mut Section<'_>) -> Option<EmailAddress> {
    let written = from.optional("from")?;
    let parsed = EmailAddress::parse(&written);
    if let Err(cure) = &parsed {
        from.mistake("from", format_args!("is {written:?}. {cure}"));
    }
    parsed.ok()
}

fn read_login(from: &mut Section<'_>) -> Option<MailLogin> {
    match (from.optional("user"), from.secret("password")) {
        (Some(user), Some(password)) => Some(MailLogin { user, password }),
        (None, None) => None,
        (Some(_), None) => {
            from.mistake("user", "needs mail.password beside it");
            None
        }
        (None, Some(_)) => {
            from.mistake("password", "needs mail.user beside it");
            None
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

impl std::str::FromStr for MailSecurity {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "plain" => Ok(Self::Plain),
            _ => Err(()),
        }
    }
}
