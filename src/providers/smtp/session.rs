//! One connection to a submission server, command by command.
//!
//! lettre's own connection hides whether the final dot had left when a line broke, sets no TCP_NODELAY and
//! connects to addresses nobody has judged. So its commands and addresses are used, on a line of ours.

use std::io::{self, BufReader, Write};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};

use super::reply::Reply;
use super::wire::{wire_form, Features};
use super::{Outcome, Phase, Timeouts};
use crate::providers::mail_server::{no_starttls, Encryption, Login, MailServer, StepName};
use crate::providers::outbound::{ConnectError, ConnectStep, Line, Outbound};

/// Bytes a server may send in answer to one command.
const REPLY_BYTES: u64 = 128 * 1024;

/// Why no session came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    Connect(ConnectError),
    /// The server answered, but not with what RFC 5321 has there; it may be better later when `true`.
    Greeting(String, bool),
    /// The login was refused.
    Login(String),
    /// The server cannot check logins just now (454).
    LoginLater(String),
}

pub(super) struct Session {
    reader: BufReader<Line>,
    features: Features,
    timeouts: Timeouts,
}

/// What came of one try, and whether the session can carry another mail.
pub(super) struct Sent {
    pub outcome: Outcome,
    pub usable: bool,
    /// The line broke, or the server took its leave, before the mail was begun: a kept connection had died.
    pub died_early: bool,
}

impl Session {
    /// Connects, greets, encrypts and signs in.
    pub fn open(outbound: &Outbound, server: &MailServer, hello: &str, timeouts: Timeouts) -> Result<Self, OpenError> {
        let mut session = Self::connect(outbound, server, hello, timeouts)?;
        session.login(&server.login)?;
        Ok(session)
    }

    /// Everything up to the login.
    pub fn connect(
        outbound: &Outbound,
        server: &MailServer,
        hello: &str,
        timeouts: Timeouts,
    ) -> Result<Self, OpenError> {
        let line = server.dial(outbound, timeouts.connect, REPLY_BYTES).map_err(OpenError::Connect)?;
        let mut session = Self { reader: BufReader::new(line), features: Features::default(), timeouts };
        session.grant(timeouts.command);
        let greeting = Reply::read(&mut session.reader).map_err(not_smtp)?;
        if !greeting.is_positive() {
            return Err(OpenError::Greeting(greeting.words(), true));
        }
        session.hello(hello)?;
        if server.encryption == Encryption::StartTls {
            session = session.starttls(outbound, server)?;
            // RFC 3207 section 4.2: what was learnt before encryption is forgotten.
            session.hello(hello)?;
        }
        Ok(session)
    }

    fn hello(&mut self, name: &str) -> Result<(), OpenError> {
        let reply = self.command(Ehlo::new(ClientId::Domain(name.to_owned()))).map_err(not_smtp)?;
        if !reply.is_positive() {
            return Err(OpenError::Greeting(reply.words(), reply.is_transient()));
        }
        self.features = Features::read(&reply);
        Ok(())
    }

    fn starttls(mut self, outbound: &Outbound, server: &MailServer) -> Result<Self, OpenError> {
        if !self.features.starttls {
            return Err(OpenError::Connect(no_starttls()));
        }
        let reply = self.command(Starttls).map_err(not_smtp)?;
        if !reply.is_positive() {
            return Err(OpenError::Greeting(reply.words(), reply.is_transient()));
        }
        // Bytes sent ahead of the handshake are an injection: they would count as said under encryption.
        if !self.reader.buffer().is_empty() {
            let words = "The server sent more than it should before the encryption began.".into();
            return Err(OpenError::Connect(ConnectError { step: ConnectStep::Tls, words, may_pass: false }));
        }
        let line = server.encrypt(outbound, self.reader.into_inner()).map_err(OpenError::Connect)?;
        Ok(Self { reader: BufReader::new(line), ..self })
    }

    pub fn login(&mut self, login: &Login) -> Result<(), OpenError> {
        let (credentials, wanted): (Credentials, &[Mechanism]) = match login {
            Login::None => return Ok(()),
            Login::Password { user, password } => {
                (Credentials::new(user.clone(), password.expose().to_owned()), &[Mechanism::Plain, Mechanism::Login])
            }
            Login::OAuth { user, access_token } => {
                (Credentials::new(user.clone(), access_token.expose().to_owned()), &[Mechanism::Xoauth2])
            }
        };
        let offered = wanted.iter().find(|mechanism| self.features.mechanisms.contains(mechanism));
        let Some(mechanism) = offered.copied() else {
            return Err(OpenError::Login("The server offers no way to sign in that we know.".into()));
        };
        let reply = self.authenticate(mechanism, &credentials)?;
        match reply.code {
            200..=299 => Ok(()),
            400..=499 => Err(OpenError::LoginLater(reply.words())),
            _ => Err(OpenError::Login(reply.words())),
        }
    }

    fn authenticate(&mut self, mechanism: Mechanism, credentials: &Credentials) -> Result<Reply, OpenError> {
        let unfit = |error: lettre::transport::smtp::Error| OpenError::Login(error.to_string());
        let first = Auth::new(mechanism, credentials.clone(), None).map_err(unfit)?;
        let mut reply = self.command(first).map_err(not_smtp)?;
        // LOGIN asks for name and password; XOAUTH2 tells its error in a challenge that wants an empty answer.
        for prompt in ["Username:", "Password:"] {
            if reply.code != 334 {
                break;
            }
            let answer = match mechanism {
                Mechanism::Login => mechanism.response(credentials, Some(prompt)).map_err(unfit)?,
                _ => String::new(),
            };
            reply =
                self.command(format!("{}\r\n", data_encoding::BASE64.encode(answer.as_bytes()))).map_err(not_smtp)?;
        }
        Ok(reply)
    }

    /// Sends one mail to all of its recipients, or to none of them.
    pub fn send(&mut self, envelope: &Envelope, message: &[u8]) -> Sent {
        match self.prepare(envelope, message) {
            Ok(()) => self.deliver(message),
            Err(sent) => sent,
        }
    }

    /// MAIL and RCPT. The error is what came of it: nothing was sent.
    fn prepare(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), Sent> {
        let parameters = self.mail_parameters(envelope, message).map_err(|reason| Sent {
            outcome: Outcome::Rejected { phase: Phase::Message, code: None, enhanced: None, reason },
            usable: true,
            died_early: false,
        })?;
        let mut commands = vec![Mail::new(envelope.from().cloned(), parameters).to_string()];
        commands.extend(envelope.to().iter().map(|to| Rcpt::new(to.clone(), vec![]).to_string()));
        let replies = self.run_all(&commands).map_err(|error| early(&error))?;
        // The first refusal counts: after a refused MAIL every RCPT is refused too.
        let refused = replies.iter().enumerate().find(|(_, reply)| !reply.is_positive());
        let Some((index, reply)) = refused else { return Ok(()) };
        let phase = if index == 0 { Phase::Sender } else { Phase::Recipient };
        let leaving = reply.code == 421;
        let usable = !leaving && self.command(Rset).is_ok_and(|reply| reply.is_positive());
        Err(Sent { outcome: refusal(phase, reply), usable, died_early: leaving && index == 0 })
    }

    fn mail_parameters(&self, envelope: &Envelope, message: &[u8]) -> Result<Vec<MailParameter>, String> {
        let mut parameters = vec![];
        let mut addresses = envelope.from().into_iter().chain(envelope.to());
        if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !self.features.utf8 {
                return Err("The mail server cannot write to addresses with letters beyond ASCII.".into());
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            if !self.features.eight_bit {
                return Err("The mail server takes 7-bit messages only.".into());
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if let Some(limit) = self.features.size.filter(|limit| message.len() > *limit) {
            return Err(format!("The mail server takes messages of up to {limit} bytes."));
        }
        if self.features.announces_size {
            parameters.push(MailParameter::Size(message.len()));
        }
        Ok(parameters)
    }

    /// DATA, the message, the dot, and the answer to it.
    fn deliver(&mut self, message: &[u8]) -> Sent {
        let go = match self.command(Data) {
            Ok(reply) => reply,
            Err(error) => return early(&error),
        };
        if go.code != 354 {
            let usable = go.code != 421 && self.command(Rset).is_ok_and(|reply| reply.is_positive());
            return Sent { outcome: refusal(Phase::Data, &go), usable, died_early: false };
        }
        self.grant(self.timeouts.data_answer);
        // The dot is the last byte but two. As long as the kernel has not taken everything, the server cannot
        // have seen the end (with TLS: the last record is not whole), and without it accepts nothing.
        if let Err(error) = self.write(&wire_form(message)) {
            let reason = format!("the line broke before the end of the mail: {error}");
            return Sent { outcome: Outcome::lost(reason), usable: false, died_early: false };
        }
        match Reply::read(&mut self.reader) {
            Ok(reply) if (200..300).contains(&reply.code) => {
                Sent { outcome: Outcome::Accepted { response: reply.words() }, usable: true, died_early: false }
            }
            Ok(reply) if reply.code >= 400 => {
                Sent { outcome: refusal(Phase::Data, &reply), usable: reply.code != 421, died_early: false }
            }
            Ok(reply) => unknown(format!("an answer that means nothing here: {}", reply.words())),
            Err(error) => unknown(format!("the line broke before the answer: {error}")),
        }
    }

    /// Runs commands in one write where the server allows it (RFC 2920), otherwise one by one up to the first refusal.
    fn run_all(&mut self, commands: &[String]) -> io::Result<Vec<Reply>> {
        if self.features.pipelining {
            self.grant(self.timeouts.command);
            self.write(commands.concat().as_bytes())?;
            return commands.iter().map(|_| Reply::read(&mut self.reader)).collect();
        }
        let mut replies: Vec<Reply> = vec![];
        for command in commands {
            replies.push(self.command(command)?);
            if replies.last().is_some_and(|reply| !reply.is_positive()) {
                break;
            }
        }
        Ok(replies)
    }

    fn command(&mut self, command: impl std::fmt::Display) -> io::Result<Reply> {
        self.grant(self.timeouts.command);
        self.write(command.to_string().as_bytes())?;
        Reply::read(&mut self.reader)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let line = self.reader.get_mut();
        line.write_all(bytes)?;
        line.flush()
    }

    fn grant(&self, time: Duration) {
        self.reader.get_ref().allowance().grant(time, REPLY_BYTES);
    }

    /// Takes leave without waiting for the answer.
    pub fn quit(mut self) {
        self.grant(Duration::from_secs(1));
        let _ = self.write(Quit.to_string().as_bytes());
    }
}

fn not_smtp(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::TimedOut => {
            OpenError::Greeting("it says nothing; perhaps it expects TLS from the first byte".into(), true)
        }
        io::ErrorKind::InvalidData => OpenError::Greeting("what answers there is not a mail server".into(), false),
        _ => OpenError::Greeting(format!("the server hung up: {error}"), true),
    }
}

/// The line broke before the mail was begun.
fn early(error: &io::Error) -> Sent {
    Sent { outcome: Outcome::lost(format!("the line broke: {error}")), usable: false, died_early: true }
}

fn unknown(reason: String) -> Sent {
    Sent { outcome: Outcome::Unknown { reason }, usable: false, died_early: false }
}

fn refusal(phase: Phase, reply: &Reply) -> Outcome {
    let (code, enhanced, reason) = (Some(reply.code), reply.enhanced(), reply.words());
    match reply.code {
        // A login is wanted (RFC 4954 section 6): no mail will leave like this.
        530 | 535 => Outcome::Unusable { step: StepName::Login, reason },
        500.. => Outcome::Rejected { phase, code, enhanced, reason },
        _ => Outcome::Retry { phase, code, enhanced, reason },
    }
}
