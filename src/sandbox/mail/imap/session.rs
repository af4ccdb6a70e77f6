//! One client's session: signing in, choosing a folder, reading it, waiting for news.

use std::io;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use super::super::mailbox::{Mail, Mailbox};
use super::super::stream::Stream;
use super::super::{sasl_plain, signed_in};
use super::command::{self, Command, Token};
use super::fetch::{self, Item};
use super::search::{self, Place};
use super::set::Set;
use super::{in_folder, label_of, FOLDERS};
use crate::sandbox::faults::Fault;
use crate::sandbox::world::Shared;

const CAPABILITIES: &str = "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN IDLE SPECIAL-USE UNSELECT";
/// How often a waiting client's folder is looked at.
const IDLE_STEP: Duration = Duration::from_millis(200);

pub(in crate::sandbox::mail) fn serve(shared: &Shared, stream: Stream) -> io::Result<()> {
    let mut session = Session { shared, stream, account: None, folder: None };
    session.say(&format!("* OK [CAPABILITY {CAPABILITIES}] Sandbox ready"))?;
    loop {
        let command = command::read(&mut session.stream)?;
        let reply = session.obey(&command)?;
        session.say(&format!("{} {reply}", command.tag))?;
        if command.verb == "LOGOUT" {
            return Ok(());
        }
    }
}

struct Session<'a> {
    shared: &'a Shared,
    stream: Stream,
    account: Option<String>,
    folder: Option<Folder>,
}

struct Folder {
    label: &'static str,
    is_read_only: bool,
    /// How many mails the client knows of.
    told: usize,
}

impl Session<'_> {
    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write(format!("{line}\r\n"))
    }

    /// Carries out a command; the tagged reply without its tag.
    fn obey(&mut self, command: &Command) -> io::Result<String> {
        let arguments = command.arguments.as_slice();
        let fault = self.shared.world().faults.take("IMAP", &command.verb);
        fault.iter().for_each(Fault::wait);
        if let Some(fault) = fault.filter(|fault| !fault.only_delays()) {
            if fault.drop {
                self.stream.hang_up()?;
            }
            return Ok("NO [UNAVAILABLE] fault on request".into());
        }
        match command.verb.as_str() {
            "CAPABILITY" => {
                self.say(&format!("* CAPABILITY {CAPABILITIES}"))?;
                return Ok("OK done".into());
            }
            "LOGOUT" => {
                self.say("* BYE")?;
                return Ok("OK done".into());
            }
            "LOGIN" => return Ok(self.login(arguments)),
            "AUTHENTICATE" => return self.authenticate(arguments),
            "NOOP" => return self.tell_news().map(|()| "OK done".into()),
            _ => {}
        }
        let Some(account) = self.account.clone() else { return Ok("BAD log in first".into()) };
        self.shared.world().record.note_mail("IMAP", &account, &command.shown());
        match (command.verb.as_str(), self.folder.is_some()) {
            ("LIST" | "LSUB", _) => self.list(),
            ("SELECT", _) => self.select(&account, arguments, false),
            ("EXAMINE", _) => self.select(&account, arguments, true),
            ("STATUS", _) => self.status(&account, arguments),
            ("APPEND", _) => Ok(self.append(&account, arguments)),
            ("CLOSE" | "UNSELECT", true) => {
                self.folder = None;
                Ok("OK done".into())
            }
            ("IDLE", true) => self.idle(),
            ("FETCH", true) => self.fetch(&account, arguments, false),
            ("UID FETCH", true) => self.fetch(&account, arguments, true),
            ("SEARCH", true) => self.search(&account, arguments, false),
            ("UID SEARCH", true) => self.search(&account, arguments, true),
            ("UID STORE", true) => Ok(self.store(&account, arguments)),
            _ => Ok("BAD not known here, or no folder selected".into()),
        }
    }

    fn login(&mut self, arguments: &[Token]) -> String {
        let [name, password] = arguments else { return "BAD LOGIN name password".into() };
        self.sign_in(Some((name.text(), password.text())))
    }

    fn authenticate(&mut self, arguments: &[Token]) -> io::Result<String> {
        let mut words = arguments.iter().map(Token::text);
        if !words.next().is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("PLAIN")) {
            return Ok("NO mechanism not supported".into());
        }
        let response = match words.next() {
            Some(initial) => initial,
            None => {
                self.say("+ ")?;
                String::from_utf8_lossy(&self.stream.line()?).into_owned()
            }
        };
        let credentials = STANDARD.decode(response.trim()).ok().and_then(|bytes| sasl_plain(&bytes));
        Ok(self.sign_in(credentials))
    }

    fn sign_in(&mut self, credentials: Option<(String, String)>) -> String {
        self.account = credentials.and_then(|(name, password)| signed_in(&self.shared.world(), &name, &password));
        match self.account {
            Some(_) => "OK signed in".into(),
            None => "NO [AUTHENTICATIONFAILED] Invalid credentials".into(),
        }
    }

    fn list(&mut self) -> io::Result<String> {
        for (name, _, special) in FOLDERS {
            self.say(&format!("* LIST ({}) \"/\" {name}", format!("\\HasNoChildren {special}").trim_end()))?;
        }
        Ok("OK done".into())
    }

    fn select(&mut self, account: &str, arguments: &[Token], is_read_only: bool) -> io::Result<String> {
        let label = arguments.first().and_then(|name| label_of(&name.text()));
        let Some(label) = label else {
            self.folder = None;
            return Ok("NO [NONEXISTENT] no such folder".into());
        };
        let (count, validity, next) = self.with_mailbox(account, |mailbox| {
            (in_folder(mailbox, label).len(), mailbox.uid_validity, next_uid(mailbox))
        });
        self.folder = Some(Folder { label, is_read_only, told: count });
        self.say("* FLAGS (\\Seen)")?;
        self.say(&format!("* {count} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {validity}] fixed"))?;
        self.say(&format!("* OK [UIDNEXT {next}] next\r\n* OK [PERMANENTFLAGS (\\Seen)] kept"))?;
        Ok(format!("OK [READ-{}] done", if is_read_only { "ONLY" } else { "WRITE" }))
    }

    fn status(&mut self, account: &str, arguments: &[Token]) -> io::Result<String> {
        let Some((name, label)) = arguments.first().and_then(|name| Some((name.text(), label_of(&name.text())?)))
        else {
            return Ok("NO [NONEXISTENT] no such folder".into());
        };
        let line = self.with_mailbox(account, |mailbox| {
            let mails = in_folder(mailbox, label);
            let unseen = mails.iter().filter(|mail| mail.labels.contains("UNREAD")).count();
            let (count, next, validity) = (mails.len(), next_uid(mailbox), mailbox.uid_validity);
            format!("* STATUS {name} (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity} UNSEEN {unseen})")
        });
        self.say(&line)?;
        Ok("OK done".into())
    }

    fn append(&mut self, account: &str, arguments: &[Token]) -> String {
        let label = arguments.first().and_then(|name| label_of(&name.text()));
        let (Some(label), Some(Token::Text(raw))) = (label, arguments.last()) else {
            return "NO [TRYCREATE] no such folder, or no mail".into();
        };
        let mut world = self.shared.world();
        let (id, now) = (world.next_mail_id(), world.clock.now());
        world.mailbox(account).file(id, raw.clone().into(), &[label], now, None);
        "OK done".into()
    }

    fn fetch(&mut self, account: &str, arguments: &[Token], by_uid: bool) -> io::Result<String> {
        let set = arguments.first().and_then(|set| Set::parse(&set.text()));
        let (Some(set), Some(mut items)) = (set, fetch::parse(arguments.get(1..).unwrap_or_default())) else {
            return Ok("BAD not understood".into());
        };
        if by_uid && !items.iter().any(|item| matches!(item, Item::Uid)) {
            items.insert(0, Item::Uid);
        }
        let marks =
            items.iter().any(Item::marks_seen) && !self.folder.as_ref().is_some_and(|folder| folder.is_read_only);
        let (answer, seen) = self.with_folder(account, |mails| {
            let mut answer = Vec::new();
            let mut seen = Vec::new();
            for (mail, place) in mails {
                let (number, last) =
                    if by_uid { (mail.uid, place.last_uid) } else { (place.sequence, place.last_sequence) };
                if set.holds(number, last) {
                    write_fetch(mail, place.sequence, &items, &mut answer);
                    seen.push(mail.id);
                }
            }
            (answer, seen)
        });
        if marks {
            let mut world = self.shared.world();
            seen.into_iter().for_each(|id| world.mailbox(account).set_label(id, "UNREAD", false));
        }
        self.stream.write(answer)?;
        Ok("OK done".into())
    }

    fn search(&mut self, account: &str, arguments: &[Token], by_uid: bool) -> io::Result<String> {
        let Some(key) = search::parse(arguments) else { return Ok("BAD not understood".into()) };
        let found = self.with_folder(account, |mails| {
            let fitting = mails.iter().filter(|(mail, place)| key.fits(mail, place));
            fitting
                .map(|(mail, place)| format!(" {}", if by_uid { mail.uid } else { place.sequence }))
                .collect::<String>()
        });
        self.say(&format!("* SEARCH{found}"))?;
        Ok("OK done".into())
    }

    /// Only `\Seen` is kept.
    fn store(&mut self, account: &str, arguments: &[Token]) -> String {
        let set = arguments.first().and_then(|set| Set::parse(&set.text()));
        let sign = arguments.get(1).map(Token::text).unwrap_or_default();
        let seen = arguments.iter().any(|token| token.text().eq_ignore_ascii_case("\\Seen"));
        let (Some(set), true) = (set, seen) else { return "BAD not understood".into() };
        let ids: Vec<u64> = self.with_folder(account, |mails| {
            mails.iter().filter(|(mail, place)| set.holds(mail.uid, place.last_uid)).map(|(mail, _)| mail.id).collect()
        });
        let mut world = self.shared.world();
        ids.into_iter().for_each(|id| world.mailbox(account).set_label(id, "UNREAD", sign.starts_with('-')));
        "OK done".into()
    }

    /// Waits and tells of new mail until the client says DONE (RFC 2177).
    fn idle(&mut self) -> io::Result<String> {
        self.say("+ idling")?;
        loop {
            match self.stream.line_within(IDLE_STEP)? {
                Some(line) if line.eq_ignore_ascii_case(b"DONE") => return Ok("OK done".into()),
                Some(_) => return Ok("BAD expected DONE".into()),
                None => self.tell_news()?,
            }
        }
    }

    fn tell_news(&mut self) -> io::Result<()> {
        let (Some(account), Some(label)) = (self.account.clone(), self.folder.as_ref().map(|folder| folder.label))
        else {
            return Ok(());
        };
        let count = self.with_mailbox(&account, |mailbox| in_folder(mailbox, label).len());
        match &mut self.folder {
            Some(folder) if folder.told != count => folder.told = count,
            _ => return Ok(()),
        }
        self.say(&format!("* {count} EXISTS"))
    }

    fn with_mailbox<T>(&self, account: &str, look: impl FnOnce(&Mailbox) -> T) -> T {
        look(self.shared.world().mailbox(account))
    }

    /// Looks at the selected folder's mails, each with its place.
    fn with_folder<T>(&self, account: &str, look: impl FnOnce(&[(&Mail, Place)]) -> T) -> T {
        let label = self.folder.as_ref().map_or("INBOX", |folder| folder.label);
        self.with_mailbox(account, |mailbox| {
            let mails = in_folder(mailbox, label);
            let last_uid = mails.last().map_or(0, |mail| mail.uid);
            let last_sequence = u32::try_from(mails.len()).unwrap_or(u32::MAX);
            let placed: Vec<(&Mail, Place)> = mails
                .into_iter()
                .zip(1..)
                .map(|(mail, sequence)| (mail, Place { sequence, last_sequence, last_uid }))
                .collect();
            look(&placed)
        })
    }
}

fn next_uid(mailbox: &Mailbox) -> u32 {
    mailbox.mails.last().map_or(1, |last| last.uid + 1)
}

fn write_fetch(mail: &Mail, sequence: u32, items: &[Item], to: &mut Vec<u8>) {
    to.extend(format!("* {sequence} FETCH (").bytes());
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            to.push(b' ');
        }
        item.write(mail, to);
    }
    to.extend_from_slice(b")\r\n");
}
