//! Reading a mailbox over IMAP (RFC 9051, RFC 3501): which mails are new, their headers, single bodies.
//!
//! Nothing is ever changed: folders are opened with EXAMINE and read with PEEK, so no mail becomes "seen".

mod session;
mod wire;

use std::time::Instant;

use super::error::ProviderError;
use super::mail_server::{Login, MailServer, Step, StepName};
use super::outbound::{CallLog, CallRecord, Outbound};
use crate::base::UnixMillis;
use session::{passes, Failure, Session, ANSWER_BYTES};
use wire::{quote, Answer, Token};

/// A folder as the server names it (in modified UTF-7, RFC 3501 section 5.1.3); give it back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub name: String,
    /// False for a name that only holds other folders.
    pub selectable: bool,
    pub special: Option<SpecialUse>,
}

/// What a folder is for (RFC 6154), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialUse {
    Inbox,
    /// Answers do land here.
    Junk,
    Sent,
}

/// A mail is known by folder, `uid_validity` and UID together: when `uid_validity` changes, all UIDs are void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderState {
    pub uid_validity: u32,
    /// The UID that the next mail will get; 0 when the server does not say.
    pub uid_next: u32,
    pub messages: u32,
}

/// Some header fields of one mail, as bytes of RFC 5322, possibly cut at the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderBlock {
    pub uid: u32,
    pub bytes: Vec<u8>,
}

/// What is read of new mails in one go.
#[derive(Clone, Copy, Debug)]
pub struct HeaderQuery<'a> {
    /// Only mails with a greater UID.
    pub after_uid: u32,
    pub fields: &'a [&'a str],
    pub max_messages: usize,
    pub max_bytes_each: u32,
}

/// A mailbox open for reading. The folder of the last `examine` is the one read from.
pub trait MailboxReader {
    fn folders(&mut self) -> Result<Vec<Folder>, ProviderError>;

    /// Opens a folder without the right to change it. `NotFound` when there is none of that name.
    fn examine(&mut self, folder: &str) -> Result<FolderState, ProviderError>;

    /// Header fields of new mails, lowest UID first. Ask again from the last UID until none come.
    fn headers(&mut self, query: HeaderQuery<'_>) -> Result<Vec<HeaderBlock>, ProviderError>;

    /// UIDs of mails that arrived on that day (UTC) or later, in order: to start over after `uid_validity` changed.
    fn uids_since(&mut self, day: UnixMillis) -> Result<Vec<u32>, ProviderError>;

    /// The first `max_bytes` of a mail. `NotFound` when it is gone.
    fn message(&mut self, uid: u32, max_bytes: u32) -> Result<Vec<u8>, ProviderError>;
}

/// A signed-in IMAP connection; each command is noted in the log.
pub struct ImapMailbox<'a> {
    session: Session,
    outbound: &'a Outbound,
    log: &'a dyn CallLog,
    base: String,
    folder: String,
}

impl<'a> ImapMailbox<'a> {
    /// Connects and signs in. `Reconnect` when the settings or the password have to be changed, `TokenRefused`
    /// when an access token has to be refreshed.
    pub fn open(outbound: &'a Outbound, server: &MailServer, log: &'a dyn CallLog) -> Result<Self, ProviderError> {
        let mut session = Session::connect(outbound, server).map_err(provider_error)?;
        session.login(&server.login).map_err(|failure| match (&failure, &server.login) {
            (Failure::Login(_), Login::OAuth { .. }) => ProviderError::TokenRefused,
            _ => provider_error(failure),
        })?;
        let base = format!("imap://{}:{}", server.host, server.port);
        Ok(Self { session, outbound, log, base, folder: String::new() })
    }

    pub fn close(self) {
        self.session.logout();
    }

    fn run(&mut self, name: &str, command: &str, bytes: u64) -> Result<Vec<Answer>, Failure> {
        let (at, begun) = (self.outbound.clock().now(), Instant::now());
        let result = self.session.command(command, bytes);
        let received = result.as_ref().map_or(0, |answers| answers.iter().map(Answer::size).sum());
        self.log.record(CallRecord {
            at,
            method: format!("IMAP {name}"),
            url: format!("{}/{}", self.base, self.folder),
            status: None,
            took: begun.elapsed(),
            sent_bytes: command.len() as u64,
            received_bytes: received,
        });
        result
    }

    fn search(&mut self, criteria: &str) -> Result<Vec<u32>, ProviderError> {
        let answers = self.run("SEARCH", &format!("UID SEARCH {criteria}"), ANSWER_BYTES).map_err(provider_error)?;
        let mut uids: Vec<u32> = answers
            .iter()
            .filter_map(|answer| answer.line().strip_prefix("* SEARCH").map(str::to_owned))
            .flat_map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
            .collect();
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }
}

impl MailboxReader for ImapMailbox<'_> {
    fn folders(&mut self) -> Result<Vec<Folder>, ProviderError> {
        let answers = self.run("LIST", "LIST \"\" \"*\"", ANSWER_BYTES).map_err(provider_error)?;
        Ok(answers.into_iter().filter_map(folder).collect())
    }

    fn examine(&mut self, folder: &str) -> Result<FolderState, ProviderError> {
        let Some(name) = quote(folder) else { return Err(ProviderError::NotFound) };
        self.folder = folder.to_owned();
        let answers = match self.run("EXAMINE", &format!("EXAMINE {name}"), ANSWER_BYTES) {
            Err(Failure::No(said)) if !passes(&said) => return Err(ProviderError::NotFound),
            other => other.map_err(provider_error)?,
        };
        let lines: Vec<String> = answers.iter().map(Answer::line).collect();
        let uid_validity = code_number(&lines, "UIDVALIDITY").ok_or_else(|| ProviderError::Rejected {
            reason: "the server gives mails no lasting numbers (UIDVALIDITY)".into(),
        })?;
        let exists = lines.iter().find_map(|line| line.strip_prefix("* ")?.strip_suffix(" EXISTS")?.parse().ok());
        Ok(FolderState {
            uid_validity,
            uid_next: code_number(&lines, "UIDNEXT").unwrap_or(0),
            messages: exists.unwrap_or(0),
        })
    }

    fn headers(&mut self, query: HeaderQuery<'_>) -> Result<Vec<HeaderBlock>, ProviderError> {
        let uids = self.search(&format!("UID {}:*", query.after_uid.saturating_add(1)))?;
        // `n:*` names the last mail even when its UID is below n.
        let new = uids.into_iter().filter(|uid| *uid > query.after_uid).take(query.max_messages);
        let wanted: Vec<String> = new.map(|uid| uid.to_string()).collect();
        if wanted.is_empty() {
            return Ok(vec![]);
        }
        let (set, fields, each) = (wanted.join(","), query.fields.join(" "), query.max_bytes_each);
        let command = format!("UID FETCH {set} (UID BODY.PEEK[HEADER.FIELDS ({fields})]<0.{each}>)");
        let bytes = (u64::from(each) + 4096).saturating_mul(wanted.len() as u64);
        let answers = self.run("FETCH headers", &command, bytes).map_err(provider_error)?;
        let mut blocks: Vec<HeaderBlock> =
            answers.into_iter().filter_map(fetched).filter(|block| block.uid > query.after_uid).collect();
        blocks.iter_mut().for_each(|block| block.bytes.truncate(each as usize));
        blocks.sort_by_key(|block| block.uid);
        Ok(blocks)
    }

    fn uids_since(&mut self, day: UnixMillis) -> Result<Vec<u32>, ProviderError> {
        let day = day.in_zone(&jiff::tz::TimeZone::UTC).strftime("%-d-%b-%Y").to_string();
        self.search(&format!("SINCE {day}"))
    }

    fn message(&mut self, uid: u32, max_bytes: u32) -> Result<Vec<u8>, ProviderError> {
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{max_bytes}>)");
        let answers = self.run("FETCH message", &command, u64::from(max_bytes) + 64 * 1024).map_err(provider_error)?;
        let found = answers.into_iter().filter_map(fetched).find(|block| block.uid == uid);
        let mut bytes = found.ok_or(ProviderError::NotFound)?.bytes;
        bytes.truncate(max_bytes as usize);
        Ok(bytes)
    }
}

/// `* LIST (\HasNoChildren \Junk) "/" "Spam"`
fn folder(answer: Answer) -> Option<Folder> {
    let tokens = answer.tokens();
    let [Token::Atom(star), Token::Atom(list), Token::Open, rest @ ..] = tokens.as_slice() else { return None };
    if star != "*" || !list.eq_ignore_ascii_case("LIST") {
        return None;
    }
    let end = rest.iter().position(|token| *token == Token::Close)?;
    let has = |flag: &str| rest[..end].iter().any(|t| matches!(t, Token::Atom(a) if a.eq_ignore_ascii_case(flag)));
    let name = match rest.get(end + 2)? {
        Token::Atom(name) => name.clone(),
        Token::Text(bytes) => String::from_utf8(bytes.clone()).ok()?,
        Token::Open | Token::Close => return None,
    };
    let special = match () {
        () if name.eq_ignore_ascii_case("INBOX") => Some(SpecialUse::Inbox),
        () if has("\\Junk") => Some(SpecialUse::Junk),
        () if has("\\Sent") => Some(SpecialUse::Sent),
        () => None,
    };
    Some(Folder { selectable: !has("\\Noselect") && !has("\\NonExistent"), special, name })
}

/// `* 1 FETCH (UID 7 BODY[…]<0> {5}…)`, its parts in any order.
fn fetched(answer: Answer) -> Option<HeaderBlock> {
    let (mut uid, mut body) = (None, None);
    let mut tokens = answer.tokens().into_iter();
    while let Some(token) = tokens.next() {
        let Token::Atom(name) = token else { continue };
        let name = name.to_ascii_uppercase();
        if name == "UID" {
            if let Some(Token::Atom(number)) = tokens.next() {
                uid = number.parse().ok();
            }
        } else if name.starts_with("BODY[") {
            // NIL: the part is empty.
            body = Some(match tokens.next() {
                Some(Token::Text(bytes)) => bytes,
                _ => vec![],
            });
        }
    }
    Some(HeaderBlock { uid: uid?, bytes: body? })
}

/// The number in `* OK [NAME 123] …`.
fn code_number(lines: &[String], name: &str) -> Option<u32> {
    let start = format!("* OK [{name} ");
    let found = lines.iter().find(|line| line.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(&start)))?;
    found[start.len()..].split(']').next()?.trim().parse().ok()
}

fn provider_error(failure: Failure) -> ProviderError {
    match failure {
        Failure::Connect(error) if error.may_pass => ProviderError::Retry { after: None, reason: error.to_string() },
        Failure::Connect(error) => ProviderError::Reconnect { reason: error.words },
        Failure::Login(reason) => ProviderError::Reconnect { reason },
        Failure::No(reason) | Failure::Lost(reason) => ProviderError::Retry { after: None, reason },
        Failure::Protocol(reason) => ProviderError::Rejected { reason },
    }
}

/// Tries the settings up to reading `folder`, and changes nothing. The last step is the one that failed, or `Folder`.
pub fn test(outbound: &Outbound, server: &MailServer, folder: &str, log: &dyn CallLog) -> Vec<Step> {
    let mut session = match Session::connect(outbound, server) {
        Ok(session) => session,
        Err(Failure::Connect(error)) => return Step::up_to(&error),
        Err(failure) => {
            let words = format!(
                "Port {} answers, but not as an IMAP server should: {}. Check port and encryption.",
                server.port,
                words(&failure)
            );
            return vec![Step::ok(StepName::Dns, "The server's name was found."), Step::failed(StepName::Tcp, words)];
        }
    };
    let mut steps = Step::connected(server);
    if let Err(failure) = session.login(&server.login) {
        steps.push(Step::failed(StepName::Login, login_words(&failure, &server.login)));
        return steps;
    }
    steps.push(Step::ok(StepName::Login, "Signed in."));
    let base = format!("imap://{}:{}", server.host, server.port);
    let mut mailbox = ImapMailbox { session, outbound, log, base, folder: String::new() };
    steps.push(match mailbox.examine(folder) {
        Ok(state) => Step::ok(StepName::Folder, format!("{folder} can be read; it holds {} mails.", state.messages)),
        Err(ProviderError::NotFound) => {
            Step::failed(StepName::Folder, format!("There is no folder named {folder}. Choose another."))
        }
        Err(error) => Step::failed(StepName::Folder, format!("{folder} cannot be read: {error}.")),
    });
    mailbox.close();
    steps
}

fn login_words(failure: &Failure, login: &Login) -> String {
    let cure = match login {
        Login::OAuth { .. } => "Connect the account again.",
        _ => "Many providers want an app password here.",
    };
    match failure {
        Failure::Login(said) => format!("The server refuses this login. {cure} It said: {said}"),
        other => format!("The login broke off: {}. Try again later.", words(other)),
    }
}

fn words(failure: &Failure) -> &str {
    match failure {
        Failure::Connect(error) => &error.words,
        Failure::Login(said) | Failure::No(said) | Failure::Protocol(said) | Failure::Lost(said) => said,
    }
}

#[cfg(test)]
mod tests;
