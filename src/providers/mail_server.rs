//! What SMTP and IMAP share: a mail server's settings, connecting to it, and a test in plain words.

use std::time::Duration;

use super::outbound::{ConnectError, ConnectStep, Line, Outbound};
use super::Secret;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte (ports 465 and 993); preferred by RFC 8314.
    Implicit,
    /// Plain greeting, then STARTTLS (ports 587 and 143); without it nothing is said.
    StartTls,
    /// None at all: only with a server on this machine, when the operator allows loopback.
    Plain,
}

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The server needs none (a relay on this machine).
    None,
    Password {
        user: String,
        password: Secret,
    },
    /// SASL XOAUTH2 with an access token.
    OAuth {
        user: String,
        access_token: Secret,
    },
}

/// A mail server as its owner described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub login: Login,
    /// One more CA to trust, in PEM.
    pub ca_pem: Option<String>,
}

/// One part of a connection test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: StepName,
    pub ok: bool,
    /// What was found; on failure what to do.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepName {
    Dns,
    Tcp,
    Tls,
    Login,
    Folder,
}

impl From<ConnectStep> for StepName {
    fn from(step: ConnectStep) -> Self {
        match step {
            ConnectStep::Dns => Self::Dns,
            ConnectStep::Tcp => Self::Tcp,
            ConnectStep::Tls => Self::Tls,
        }
    }
}

impl Step {
    pub(super) fn ok(name: StepName, words: impl Into<String>) -> Self {
        Self { name, ok: true, words: words.into() }
    }

    pub(super) fn failed(name: StepName, words: impl Into<String>) -> Self {
        Self { name, ok: false, words: words.into() }
    }

    /// The steps that went well before `error`, and the one that failed.
    pub(super) fn up_to(error: &ConnectError) -> Vec<Self> {
        let passed: &[StepName] = match error.step {
            ConnectStep::Dns => &[],
            ConnectStep::Tcp => &[StepName::Dns],
            ConnectStep::Tls => &[StepName::Dns, StepName::Tcp],
        };
        let mut steps: Vec<Self> = passed.iter().map(|name| Self::ok(*name, passed_words(*name))).collect();
        steps.push(Self::failed(error.step.into(), error.words.clone()));
        steps
    }

    /// All steps of connecting, done.
    pub(super) fn connected(server: &MailServer) -> Vec<Self> {
        let tls = match server.encryption {
            Encryption::Plain => "Not encrypted; the server is this machine.",
            _ => passed_words(StepName::Tls),
        };
        let (dns, tcp) = (passed_words(StepName::Dns), passed_words(StepName::Tcp));
        vec![Self::ok(StepName::Dns, dns), Self::ok(StepName::Tcp, tcp), Self::ok(StepName::Tls, tls)]
    }
}

fn passed_words(name: StepName) -> &'static str {
    match name {
        StepName::Dns => "The server's name was found.",
        StepName::Tcp => "The server answers.",
        StepName::Tls => "The connection is encrypted and the certificate is valid.",
        StepName::Login => "Signed in.",
        StepName::Folder => "The folder can be read.",
    }
}

impl MailServer {
    /// A connection, encrypted already with `Implicit`; greeting and STARTTLS are the protocol's business.
    pub(super) fn dial(&self, outbound: &Outbound, limit: Duration, bytes: u64) -> Result<Line, ConnectError> {
        if self.encryption == Encryption::Plain && !outbound.may_speak_plain(&self.host) {
            return Err(ConnectError {
                step: ConnectStep::Tls,
                words: "Only a server on this machine may be used without encryption. Choose TLS or STARTTLS.".into(),
                may_pass: false,
            });
        }
        let tcp = outbound.connect_tcp(&self.host, self.port, limit)?;
        let line = Line::new(tcp, limit, bytes);
        match self.encryption {
            Encryption::Implicit => self.encrypt(outbound, line),
            Encryption::StartTls | Encryption::Plain => Ok(line),
        }
    }

    pub(super) fn encrypt(&self, outbound: &Outbound, line: Line) -> Result<Line, ConnectError> {
        line.encrypt(&self.host, outbound.mail_tls(self.ca_pem.as_deref())?)
    }
}

/// The answer when STARTTLS was asked for and is not there. Going on without would show the password.
pub(super) fn no_starttls() -> ConnectError {
    ConnectError {
        step: ConnectStep::Tls,
        words: "The server offers no STARTTLS on this port. Use implicit TLS (465 for SMTP, 993 for IMAP).".into(),
        may_pass: false,
    }
}
