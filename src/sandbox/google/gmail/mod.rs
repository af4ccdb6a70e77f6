//! Gmail API v1, after its discovery document (revision 20261005).

mod history;
mod list;
mod message;
mod query;
mod send;

use std::time::Duration;

use serde_json::{json, Value};

use super::{authorised, errors};
use crate::sandbox::mail::mailbox::Mailbox;
use crate::sandbox::oauth::Access;
use crate::sandbox::quota::Allowance;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

pub(super) use send::upload;

const FULL: &str = "https://mail.google.com/";
const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";

/// Scopes that may see mails, the last of them without bodies.
const READ: [&str; 4] = [FULL, MODIFY, READONLY, METADATA];

/// Quota units a call costs, by the table in force since May 2026.
#[derive(Clone, Copy)]
enum Cost {
    Send = 100,
    GetMessage = 20,
    GetThread = 40,
    ListMessages = 5,
    ListHistory = 2,
    Other = 1,
}

/// `path` is what follows `/gmail/v1/users/{user}`.
pub(super) fn answer(world: &mut World, request: &Request, user: &str, path: &[&str]) -> Result<Answer, Answer> {
    let call = Call { request, user };
    match (request.method.as_str(), path) {
        ("GET", ["profile"]) => profile(world, &call),
        ("GET", ["labels"]) => labels(world, &call),
        ("GET", ["messages"]) => list::messages(world, &call),
        ("POST", ["messages", "send"]) => send::send(world, &call),
        ("GET", ["messages", id]) => message::get(world, &call, id),
        ("GET", ["messages", id, "attachments", part]) => message::attachment(world, &call, id, part),
        ("POST", ["messages", id, "modify"]) => modify(world, &call, id),
        ("GET", ["threads", id]) => list::thread(world, &call, id),
        ("GET", ["history"]) => history::list(world, &call),
        _ => Err(errors::not_found()),
    }
}

/// One call on behalf of the `userId` in its path.
struct Call<'a> {
    request: &'a Request,
    user: &'a str,
}

impl Call<'_> {
    /// Checks token, scope, user and quota, in the order in which Google finds fault.
    fn admit(&self, world: &mut World, scopes: &[&str], cost: Cost) -> Result<Access, Answer> {
        let access = authorised(world, self.request, scopes)?;
        if self.user != "me" && !self.user.eq_ignore_ascii_case(&access.email) {
            return Err(errors::error(403, "global", "forbidden", &format!("Delegation denied for {}", access.email)));
        }
        let units = world.settings.units_per_minute;
        let allowance = Allowance { service: "gmail", units, within: Duration::from_secs(60) };
        let now = world.clock.now();
        let spent = world.google.quota.spend(allowance, &access.email, cost as u32, now);
        spent.map(|()| access).map_err(|_| errors::gmail_quota())
    }
}

/// The token sees headers and labels only.
fn is_metadata_only(access: &Access) -> bool {
    !access.allows(&[FULL, MODIFY, READONLY])
}

fn hex(id: u64) -> String {
    format!("{id:016x}")
}

fn id_of(text: &str) -> Result<u64, Answer> {
    u64::from_str_radix(text, 16).map_err(|_| errors::bad_request("Invalid id value"))
}

fn mailbox<'a>(world: &'a World, access: &Access) -> Result<&'a Mailbox, Answer> {
    world.mailbox_of(&access.email).ok_or_else(errors::not_found)
}

fn profile(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let access = call.admit(world, &[FULL, MODIFY, READONLY, METADATA, COMPOSE], Cost::Other)?;
    let mailbox = mailbox(world, &access)?;
    let threads: std::collections::BTreeSet<u64> = mailbox.mails.iter().map(|mail| mail.thread).collect();
    Ok(Answer::ok(&json!({
        "emailAddress": access.email,
        "messagesTotal": mailbox.mails.len(),
        "threadsTotal": threads.len(),
        "historyId": mailbox.history.to_string(),
    })))
}

fn labels(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    call.admit(world, &[FULL, MODIFY, READONLY, METADATA, LABELS], Cost::Other)?;
    let system = ["INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT"];
    let shown: Vec<Value> = system.iter().map(|name| json!({"id": name, "name": name, "type": "system"})).collect();
    Ok(Answer::ok(&json!({"labels": shown})))
}

/// `{"addLabelIds":[…],"removeLabelIds":[…]}`
fn modify(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let access = call.admit(world, &[FULL, MODIFY], Cost::ListMessages)?;
    let id = id_of(id)?;
    let body = call.request.json().ok_or_else(|| errors::bad_request("Invalid JSON payload received."))?;
    let mailbox = world.mailbox(&access.email);
    for (list, present) in [("addLabelIds", true), ("removeLabelIds", false)] {
        for label in body[list].as_array().into_iter().flatten().filter_map(Value::as_str) {
            mailbox.set_label(id, label, present);
        }
    }
    let mail = mailbox.find(id).ok_or_else(errors::not_found)?;
    Ok(Answer::ok(&message::stub(mail)))
}
