//! SMTP submission (RFC 6409): hand a finished mail to the owner's own server, and know what came of it.
//!
//! What matters most is the final dot. Before it has left, a broken line means "not sent" and the mail may be
//! tried again. After it, the server may have the mail, and SMTP offers no way to ask: that is `Unknown`.

mod pool;
mod reply;
mod session;
mod wire;

use std::time::Duration;

use lettre::address::Envelope;

use super::mail_server::{MailServer, Step, StepName};
use super::outbound::{ConnectStep, Outbound};
use session::{OpenError, Session};

pub use pool::SmtpPool;

/// What came of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken responsibility. `response` is what it said, often with its queue id.
    Accepted { response: String },
    /// Not sent; later may be better (4xx, 421, 454, no connection, a line broken before the final dot).
    Retry { phase: Phase, code: Option<u16>, enhanced: Option<String>, reason: String },
    /// Not sent, and the same mail will not be. The phase tells whose fault it is.
    Rejected { phase: Phase, code: Option<u16>, enhanced: Option<String>, reason: String },
    /// Not sent, and nothing will be from this mailbox until its settings are changed.
    Unusable { step: StepName, reason: String },
    /// The whole mail left, and no answer came. It may have arrived: never repeat it by itself.
    Unknown { reason: String },
}

/// Where in the conversation a refusal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Connect,
    /// MAIL FROM: the sender's address or the mailbox's own limits.
    Sender,
    /// RCPT TO: this recipient.
    Recipient,
    /// DATA or after it: policy, content, size.
    Data,
    /// The mail needs what the server does not offer (size, 8-bit, international addresses).
    Message,
}

impl Outcome {
    fn lost(reason: String) -> Self {
        Self::Retry { phase: Phase::Connect, code: None, enhanced: None, reason }
    }

    /// The reply code, where there was a reply.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Accepted { .. } => Some(250),
            Self::Retry { code, .. } | Self::Rejected { code, .. } => *code,
            Self::Unusable { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// How long each part may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    pub command: Duration,
    /// For the message and the answer after the final dot. RFC 5321 section 4.5.3.2.6 asks for ten
    /// minutes: servers scan mails while the line waits, and giving up early makes doubles.
    pub data_answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(15), command: seconds(60), data_answer: seconds(600) }
    }
}

/// A mail ready to leave: envelope and RFC 5322 bytes, signed if at all.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    pub envelope: &'a Envelope,
    pub message: &'a [u8],
}

/// Tries the settings as far as the login and sends nothing. The last step is the one that failed, or `Login`.
pub fn test(outbound: &Outbound, server: &MailServer, hello: &str) -> Vec<Step> {
    let timeouts = Timeouts { command: Duration::from_secs(15), ..Timeouts::default() };
    let opened = Session::connect(outbound, server, hello, timeouts);
    let mut session = match opened {
        Ok(session) => session,
        Err(error) => return failed_steps(error, server),
    };
    let mut steps = Step::connected(server);
    steps.push(match session.login(&server.login) {
        Ok(()) => Step::ok(StepName::Login, "Signed in."),
        Err(error) => login_step(&error),
    });
    session.quit();
    steps
}

fn failed_steps(error: OpenError, server: &MailServer) -> Vec<Step> {
    match error {
        OpenError::Connect(error) => Step::up_to(&error),
        OpenError::Greeting(said, _) => {
            let port = server.port;
            let words =
                format!("Port {port} answers, but not as a mail server should: {said}. Check port and encryption.");
            vec![Step::ok(StepName::Dns, "The server's name was found."), Step::failed(StepName::Tcp, words)]
        }
        OpenError::Login(_) | OpenError::LoginLater(_) => {
            let mut steps = Step::connected(server);
            steps.push(login_step(&error));
            steps
        }
    }
}

fn login_step(error: &OpenError) -> Step {
    let words = match error {
        OpenError::Login(said) => format!(
            "The server refuses this user name and password. Many providers want an app password here. It said: {said}"
        ),
        OpenError::LoginLater(said) => {
            format!("The server cannot check logins just now. Try again later. It said: {said}")
        }
        OpenError::Greeting(said, _) => format!("The login broke off: {said}."),
        OpenError::Connect(error) => error.words.clone(),
    };
    Step::failed(StepName::Login, words)
}

fn outcome_of(error: OpenError) -> Outcome {
    let later = |reason| Outcome::lost(reason);
    match error {
        OpenError::Connect(error) if error.may_pass => later(error.to_string()),
        OpenError::Connect(error) => Outcome::Unusable { step: error.step.into(), reason: error.words },
        OpenError::Greeting(reason, true) | OpenError::LoginLater(reason) => later(reason),
        OpenError::Greeting(reason, false) => Outcome::Unusable { step: ConnectStep::Tcp.into(), reason },
        OpenError::Login(reason) => Outcome::Unusable { step: StepName::Login, reason },
    }
}

#[cfg(test)]
mod tests;
