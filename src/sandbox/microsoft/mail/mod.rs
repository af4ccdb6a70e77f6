//! Mail of Graph v1.0 (learn.microsoft.com/graph/api/resources/message): the calls that a program makes which sends and
//! looks for answers.

mod changes;
mod send;

use serde_json::{json, Value};

use super::{admit, errors};
use crate::sandbox::mail::mailbox::{Mail, Mailbox};
use crate::sandbox::mail::mime;
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

const READ: [&str; 2] = ["Mail.Read", "Mail.ReadWrite"];
/// The copy of what was sent is there after this many milliseconds, where copies are slow.
const COPY_AFTER_MILLIS: i64 = 60_000;

/// `path` is what follows `/v1.0/me`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    match (request.method.as_str(), path) {
        ("POST", ["sendMail"]) => send::send(world, request),
        ("GET", ["messages"]) => find(world, request),
        ("GET", ["messages", id]) => one(world, request, id),
        ("GET", ["messages", id, "$value"]) => raw(world, request, id),
        ("GET", ["mailFolders", folder]) => {
            admit(world, request, &READ)?;
            let folder = Folder::named(folder)?;
            Ok(Answer::ok(&selected(request, json!({"id": folder.name(), "displayName": folder.name()}))))
        }
        ("GET", ["mailFolders", folder, "messages", "delta"]) => changes::list(world, request, folder),
        _ => Err(errors::error(404, "ResourceNotFound", "Resource could not be discovered.")),
    }
}

/// The folders with well-known names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Inbox,
    Junk,
    Archive,
    Deleted,
    Sent,
}

impl Folder {
    fn named(name: &str) -> Result<Self, Answer> {
        match name.to_ascii_lowercase().as_str() {
            "inbox" => Ok(Self::Inbox),
            "junkemail" => Ok(Self::Junk),
            "archive" => Ok(Self::Archive),
            "deleteditems" => Ok(Self::Deleted),
            "sentitems" => Ok(Self::Sent),
            _ => {
                Err(errors::error(404, "ErrorFolderNotFound", "The specified folder could not be found in the store."))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Junk => "junkemail",
            Self::Archive => "archive",
            Self::Deleted => "deleteditems",
            Self::Sent => "sentitems",
        }
    }

    fn holds(self, mail: &Mail) -> bool {
        let has = |label: &str| mail.labels.contains(label);
        match self {
            Self::Inbox => has("INBOX") && !has("SPAM") && !has("TRASH"),
            Self::Junk => has("SPAM"),
            Self::Archive => !["INBOX", "SPAM", "TRASH", "SENT", "DRAFT"].into_iter().any(has),
            Self::Deleted => has("TRASH") && !has("SPAM"),
            Self::Sent => has("SENT"),
        }
    }
}

fn mailbox<'a>(world: &'a World, access: &Access) -> Result<&'a Mailbox, Answer> {
    world.mailbox_of(&access.email).ok_or_else(errors::no_item)
}

fn id_text(id: u64) -> String {
    format!("AAMkSandbox{id:016x}")
}

fn id_of(text: &str) -> Result<u64, Answer> {
    let digits = text.strip_prefix("AAMkSandbox").unwrap_or_default();
    u64::from_str_radix(digits, 16).map_err(|_| errors::bad_request("ErrorInvalidIdMalformed", "Id is malformed."))
}

/// The properties that `$select` names, and the id always; without it, those that come unasked.
pub(super) fn selected(request: &Request, all: Value) -> Value {
    select(request.param("$select"), all)
}

fn select(asked: Option<&str>, mut all: Value) -> Value {
    let unasked = ["internetMessageHeaders"];
    if let Some(fields) = all.as_object_mut() {
        match asked {
            Some(asked) => fields.retain(|name, _| name == "id" || asked.split(',').any(|one| one.trim() == name)),
            None => fields.retain(|name, _| !unasked.contains(&name.as_str())),
        }
    }
    all
}

/// A message as Graph shows it. Of what was sent from here the header fields are not shown, as in life.
fn shown(mail: &Mail) -> Value {
    let recipient = |name: &str, address: &str| json!({"emailAddress": {"name": name, "address": address}});
    let text = mime::text_of(&mail.raw);
    let mut all = json!({
        "id": id_text(mail.id),
        "internetMessageId": format!("<{}>", mail.head.message_id),
        "conversationId": format!("AAQkSandbox{:016x}", mail.thread),
        "subject": mail.head.subject,
        "from": recipient(&mail.head.from_name, &mail.head.from),
        "toRecipients": mail.head.recipients.iter().map(|to| recipient("", to)).collect::<Vec<_>>(),
        "receivedDateTime": mail.at.to_rfc3339(),
        "isDraft": false,
        "isRead": !mail.labels.contains("UNREAD"),
        "bodyPreview": text.chars().take(255).collect::<String>(),
        "body": {"contentType": "text", "content": text},
    });
    if !mail.labels.contains("SENT") {
        let fields = mime::fields(&mail.raw).into_iter();
        all["internetMessageHeaders"] = fields.map(|(name, value)| json!({"name": name, "value": value})).collect();
    }
    all
}

fn one(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let id = id_of(id)?;
    let mail = mailbox(world, &access)?.find(id).ok_or_else(errors::no_item)?;
    Ok(Answer::ok(&selected(request, shown(mail))))
}

fn raw(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let id = id_of(id)?;
    let mail = mailbox(world, &access)?.find(id).ok_or_else(errors::no_item)?;
    Ok(Answer::new(200, "text/plain", mail.raw.to_vec()))
}

/// By a property of a program's own, or by Message-ID: the two filters that such programs use.
fn find(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let filter = request.param("$filter").unwrap_or_default();
    let quoted: Vec<&str> = filter.split('\'').collect();
    let found: Vec<Value> = match quoted.as_slice() {
        [start, property, _, rest @ ..] if start.starts_with("singleValueExtendedProperties/Any(") => {
            let value = rest.first().copied().unwrap_or_default().to_owned();
            let key = (access.email.clone(), property.to_lowercase(), value);
            let marked = world.microsoft.marks.get(&key).copied();
            let mailbox = mailbox(world, &access)?;
            marked.and_then(|id| mailbox.find(id)).filter(|mail| is_there(world, mail)).map(shown).into_iter().collect()
        }
        ["internetMessageId eq ", id, ""] => {
            let is_it = |mail: &&Mail| format!("<{}>", mail.head.message_id) == *id && is_there(world, mail);
            mailbox(world, &access)?.mails.iter().filter(is_it).map(shown).collect()
        }
        _ => {
            return Err(errors::bad_request(
                "ErrorInvalidUrlQueryFilter",
                "The query filter contains one or more invalid nodes.",
            ))
        }
    };
    let value: Vec<Value> = found.into_iter().map(|one| selected(request, one)).collect();
    Ok(Answer::ok(&json!({"value": value})))
}

/// Whether the copy of what was sent has appeared.
fn is_there(world: &World, mail: &Mail) -> bool {
    let is_slow = world.settings.slow_copies && mail.labels.contains("SENT");
    !is_slow || world.clock.now().0 - mail.at.0 >= COPY_AFTER_MILLIS
}
