//! One connection to an IMAP server: connect, encrypt, sign in, run commands.

use std::io::{self, BufReader, Write};
use std::time::Duration;

use data_encoding::BASE64;

use super::wire::{quote, Answer};
use crate::providers::error::one_line;
use crate::providers::mail_server::{no_starttls, Encryption, Login, MailServer};
use crate::providers::outbound::{ConnectError, ConnectStep, Line, Outbound};

const CONNECT: Duration = Duration::from_secs(15);
/// Bytes a server may send in answer to one command, unless more was asked for.
pub(super) const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// Why a command came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Connect(ConnectError),
    /// The login was refused, or cannot be tried.
    Login(String),
    /// `NO`: not carried out. The text may begin with a code such as `[UNAVAILABLE]`.
    No(String),
    /// `BAD`, or an answer that is none.
    Protocol(String),
    /// `BYE`, end of line, time-out.
    Lost(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => {
                Self::Lost("the server says nothing; perhaps it expects TLS from the first byte".into())
            }
            _ => Self::Lost(format!("the line broke: {error}")),
        }
    }
}

pub(super) struct Session {
    reader: BufReader<Line>,
    capabilities: Vec<String>,
    tag: u32,
    /// For one command with its answer.
    patience: Duration,
}

impl Session {
    /// Connects and encrypts; no name or password has been said.
    pub fn connect(outbound: &Outbound, server: &MailServer) -> Result<Self, Failure> {
        let line = server.dial(outbound, CONNECT, ANSWER_BYTES).map_err(Failure::Connect)?;
        let patience = outbound.timeout();
        let mut session = Self { reader: BufReader::new(line), capabilities: vec![], tag: 0, patience };
        let greeting = Answer::read(&mut session.reader)?.line();
        if !greeting.starts_with("* OK") && !greeting.starts_with("* PREAUTH") {
            let bye = greeting.starts_with("* BYE");
            let said = one_line(&greeting);
            return Err(if bye { Failure::Lost(said) } else { Failure::Protocol(said) });
        }
        session.ask_capabilities()?;
        if server.encryption == Encryption::StartTls {
            session = session.starttls(outbound, server)?;
            session.ask_capabilities()?;
        }
        Ok(session)
    }

    fn ask_capabilities(&mut self) -> Result<(), Failure> {
        let answers = self.command("CAPABILITY", ANSWER_BYTES)?;
        let lines = answers.iter().map(Answer::line);
        let said = lines.filter_map(|line| line.strip_prefix("* CAPABILITY ").map(str::to_ascii_uppercase));
        self.capabilities = said.flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
        Ok(())
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|said| said == capability)
    }

    fn starttls(mut self, outbound: &Outbound, server: &MailServer) -> Result<Self, Failure> {
        if !self.can("STARTTLS") {
            return Err(Failure::Connect(no_starttls()));
        }
        self.command("STARTTLS", ANSWER_BYTES)?;
        // Bytes sent ahead of the handshake are an injection: they would count as said under encryption.
        if !self.reader.buffer().is_empty() {
            let words = "The server sent more than it should before the encryption began.".into();
            return Err(Failure::Connect(ConnectError { step: ConnectStep::Tls, words, may_pass: false }));
        }
        let line = server.encrypt(outbound, self.reader.into_inner()).map_err(Failure::Connect)?;
        Ok(Self { reader: BufReader::new(line), ..self })
    }

    pub fn login(&mut self, login: &Login) -> Result<(), Failure> {
        let result = match login {
            Login::None => return Ok(()),
            Login::OAuth { user, access_token } => {
                self.authenticate("XOAUTH2", &format!("user={user}\x01auth=Bearer {}\x01\x01", access_token.expose()))
            }
            // Carries any character; LOGIN only what can be quoted.
            Login::Password { user, password } if self.can("AUTH=PLAIN") => {
                self.authenticate("PLAIN", &format!("\0{user}\0{}", password.expose()))
            }
            Login::Password { .. } if self.can("LOGINDISABLED") => {
                return Err(Failure::Login("The server allows no password login on this connection.".into()));
            }
            Login::Password { user, password } => match (quote(user), quote(password.expose())) {
                (Some(user), Some(password)) => self.command(&format!("LOGIN {user} {password}"), ANSWER_BYTES),
                _ => {
                    return Err(Failure::Login("The server takes only plain letters in user name and password.".into()))
                }
            },
        };
        match result {
            Ok(_) => Ok(()),
            Err(Failure::No(said)) if !passes(&said) => Err(Failure::Login(said)),
            Err(other) => Err(other),
        }
    }

    fn authenticate(&mut self, mechanism: &str, response: &str) -> Result<Vec<Answer>, Failure> {
        self.reader.get_ref().allowance().grant(self.patience, ANSWER_BYTES);
        let tag = self.send(&format!("AUTHENTICATE {mechanism}"))?;
        let mut response = Some(BASE64.encode(response.as_bytes()));
        loop {
            let answer = Answer::read(&mut self.reader)?;
            let line = answer.line();
            if line.starts_with('+') {
                // A second prompt is XOAUTH2's way to tell an error; it wants an empty line.
                self.write(&format!("{}\r\n", response.take().unwrap_or_default()))?;
            } else if let Some(done) = finished(&line, &tag) {
                return done.map(|()| vec![]);
            }
        }
    }

    /// Runs one command and returns the untagged answers. `bytes` limits their size.
    pub fn command(&mut self, command: &str, bytes: u64) -> Result<Vec<Answer>, Failure> {
        self.reader.get_ref().allowance().grant(self.patience, bytes);
        let tag = self.send(command)?;
        let mut untagged = Vec::new();
        loop {
            let answer = Answer::read(&mut self.reader)?;
            let line = answer.line();
            if let Some(done) = finished(&line, &tag) {
                return done.map(|()| untagged);
            }
            if line.starts_with("* BYE") {
                return Err(Failure::Lost(one_line(&line)));
            }
            if !line.starts_with("* ") {
                return Err(Failure::Protocol(one_line(&line)));
            }
            untagged.push(answer);
        }
    }

    fn send(&mut self, command: &str) -> Result<String, Failure> {
        self.tag += 1;
        let tag = format!("a{}", self.tag);
        self.write(&format!("{tag} {command}\r\n"))?;
        Ok(tag)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let line = self.reader.get_mut();
        line.write_all(text.as_bytes())?;
        Ok(line.flush()?)
    }

    /// Takes leave without waiting for the answer.
    pub fn logout(mut self) {
        self.reader.get_ref().allowance().grant(Duration::from_secs(1), ANSWER_BYTES);
        let _ = self.send("LOGOUT");
    }
}

/// What a tagged line says; `None` when it is not the answer to `tag`.
fn finished(line: &str, tag: &str) -> Option<Result<(), Failure>> {
    let rest = line.strip_prefix(tag)?.strip_prefix(' ')?;
    let (status, said) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(match status.to_ascii_uppercase().as_str() {
        "OK" => Ok(()),
        "NO" => Err(Failure::No(one_line(said))),
        _ => Err(Failure::Protocol(one_line(rest))),
    })
}

/// Response codes of a refusal that says nothing about the login or the folder (RFC 5530).
pub(super) fn passes(said: &str) -> bool {
    let said = said.to_ascii_uppercase();
    ["[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[LIMIT]"].iter().any(|code| said.starts_with(code))
}
