//! An SMTP submission server (RFC 6409) without TLS, for loopback only. Replies carry enhanced codes (RFC 2034).

use std::io;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use super::stream::Stream;
use super::{sasl_plain, signed_in};
use crate::sandbox::faults::Fault;
use crate::sandbox::world::Shared;

const MOST_BYTES: usize = 25 * 1024 * 1024;
const MOST_RECIPIENTS: usize = 100;

/// One client's session, to its QUIT.
pub(super) fn serve(shared: &Shared, stream: Stream) -> io::Result<()> {
    let mut session = Session { shared, stream, account: None, sender: None, recipients: Vec::new() };
    session.say("220 sandbox.example ESMTP Sandbox")?;
    loop {
        let line = session.stream.line()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        if !session.obey(&line)? {
            return Ok(());
        }
    }
}

struct Session<'a> {
    shared: &'a Shared,
    stream: Stream,
    account: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl Session<'_> {
    /// Carries out one command; false ends the session.
    fn obey(&mut self, line: &str) -> io::Result<bool> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        let fault = {
            let mut world = self.shared.world();
            if let Some(account) = self.account.as_ref().filter(|_| verb != "AUTH") {
                world.record.note_mail("SMTP", account, line);
            }
            world.faults.take("SMTP", &verb)
        };
        fault.iter().for_each(Fault::wait);
        let fault = fault.filter(|fault| !fault.only_delays());
        if let Some(fault) = fault.as_ref().filter(|fault| !fault.after) {
            return self.fail(fault);
        }
        match verb.as_str() {
            "EHLO" => self.say(&format!(
                "250-sandbox.example\r\n250-PIPELINING\r\n250-SIZE {MOST_BYTES}\r\n250-8BITMIME\r\n\
                 250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN"
            ))?,
            "HELO" => self.say("250 sandbox.example")?,
            "AUTH" => self.authenticate(rest)?,
            "MAIL" => self.mail(rest)?,
            "RCPT" => self.recipient(rest)?,
            "DATA" => return self.data(fault),
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 Ok")?;
            }
            "NOOP" => self.say("250 2.0.0 Ok")?,
            "QUIT" => {
                self.say("221 2.0.0 Bye")?;
                return Ok(false);
            }
            "STARTTLS" => self.say("502 5.5.1 No TLS on loopback")?,
            _ => self.say("500 5.5.2 Command not recognised")?,
        }
        Ok(true)
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write(format!("{reply}\r\n"))
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// Fails as told: hangs up, or answers with the status as an SMTP code.
    fn fail(&mut self, fault: &Fault) -> io::Result<bool> {
        if fault.drop {
            self.stream.hang_up()?;
            return Ok(false);
        }
        let status = fault.status.unwrap_or(451);
        self.say(&format!("{status} {}.3.0 Fault on request", status / 100))?;
        Ok(true)
    }

    /// AUTH PLAIN and LOGIN, RFC 4954; LOGIN as clients have always spoken it.
    fn authenticate(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let credentials = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let response = if initial.is_empty() { self.ask("")? } else { decoded(initial) };
                sasl_plain(&response)
            }
            "LOGIN" => {
                let name = if initial.is_empty() { self.ask("VXNlcm5hbWU6")? } else { decoded(initial) };
                let password = self.ask("UGFzc3dvcmQ6")?;
                String::from_utf8(name).ok().zip(String::from_utf8(password).ok())
            }
            _ => return self.say("504 5.5.4 Mechanism not supported"),
        };
        let account = credentials.and_then(|(name, password)| signed_in(&self.shared.world(), &name, &password));
        let reply = if account.is_some() {
            "235 2.7.0 Authentication successful"
        } else {
            "535 5.7.8 Username and password not accepted"
        };
        self.account = account;
        self.say(reply)
    }

    fn ask(&mut self, challenge: &str) -> io::Result<Vec<u8>> {
        self.say(&format!("334 {challenge}"))?;
        Ok(decoded(&String::from_utf8_lossy(&self.stream.line()?)))
    }

    /// Only the account's own address may send (RFC 6409 section 6.1).
    fn mail(&mut self, rest: &str) -> io::Result<()> {
        let Some(account) = self.account.clone() else { return self.say("530 5.7.0 Authentication required") };
        self.forget();
        match path(rest, "FROM:") {
            Some(sender) if sender.eq_ignore_ascii_case(&account) => {
                self.sender = Some(account);
                self.say("250 2.1.0 Ok")
            }
            Some(_) => self.say("553 5.7.1 Sender address rejected: not owned by user"),
            None => self.say("501 5.5.4 Syntax: MAIL FROM:<address>"),
        }
    }

    fn recipient(&mut self, rest: &str) -> io::Result<()> {
        if self.sender.is_none() {
            return self.say("503 5.5.1 Need MAIL before RCPT");
        }
        match path(rest, "TO:") {
            _ if self.recipients.len() >= MOST_RECIPIENTS => self.say("452 4.5.3 Too many recipients"),
            Some(address) if address.contains('@') => {
                self.recipients.push(address.to_lowercase());
                self.say("250 2.1.5 Ok")
            }
            _ => self.say("501 5.1.3 Bad recipient address syntax"),
        }
    }

    fn data(&mut self, fault: Option<Fault>) -> io::Result<bool> {
        if self.sender.is_none() || self.recipients.is_empty() {
            self.say("503 5.5.1 Need RCPT before DATA")?;
            return Ok(true);
        }
        self.say("354 End data with <CR><LF>.<CR><LF>")?;
        let Some(mail) = self.body()? else {
            self.forget();
            self.say("552 5.3.4 Message too big")?;
            return Ok(true);
        };
        let recipients = std::mem::take(&mut self.recipients);
        self.forget();
        self.shared.world().deliver(&mail, &recipients);
        if let Some(fault) = fault {
            return self.fail(&fault);
        }
        self.say("250 2.0.0 Ok: queued")?;
        Ok(true)
    }

    /// The mail up to the lone dot, without dot-stuffing (RFC 5321 section 4.5.2). None when it is too big.
    fn body(&mut self) -> io::Result<Option<Arc<[u8]>>> {
        let mut mail = Vec::new();
        loop {
            let line = self.stream.line()?;
            if line == b"." {
                return Ok((mail.len() <= MOST_BYTES).then(|| mail.into()));
            }
            if mail.len() <= MOST_BYTES {
                mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                mail.extend_from_slice(b"\r\n");
            }
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text.trim()).unwrap_or_default()
}

/// The address in `FROM:<a@b> SIZE=1`.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = rest
        .get(..keyword.len())
        .filter(|start| start.eq_ignore_ascii_case(keyword))
        .map(|_| &rest[keyword.len()..])?;
    let (address, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address)
}
