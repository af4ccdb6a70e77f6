//! messages.list and threads.get.

use serde_json::{json, Value};

use super::message::{self, Format};
use super::query::Query;
use super::{errors, hex, id_of, is_metadata_only, mailbox, Call, Cost, READ};
use crate::sandbox::mail::mailbox::Mail;
use crate::sandbox::wire::Answer;
use crate::sandbox::world::World;

/// Newest first; `id` and `threadId` only.
pub(super) fn messages(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let access = call.admit(world, &READ, Cost::ListMessages)?;
    let now = world.clock.now();
    let query = call.request.param("q").unwrap_or_default();
    if !query.is_empty() && is_metadata_only(&access) {
        let message = "Metadata scope does not support 'q' parameter";
        return Err(errors::error(403, "global", "forbidden", message));
    }
    let query = Query::parse(query, now);
    let labels: Vec<&str> = call.request.params("labelIds").collect();
    let hidden = |mail: &Mail| mail.labels.contains("SPAM") || mail.labels.contains("TRASH");
    let all_places = call.request.param("includeSpamTrash") == Some("true");
    let found: Vec<&Mail> = mailbox(world, &access)?
        .mails
        .iter()
        .rev()
        .filter(|mail| all_places || !hidden(mail))
        .filter(|mail| labels.iter().all(|label| mail.labels.contains(*label)))
        .filter(|mail| query.fits(mail))
        .collect();
    let start = page_start(call)?;
    let most = call.request.limit("maxResults", 100, 500);
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(most)
        .map(|mail| json!({"id": hex(mail.id), "threadId": hex(mail.thread)}))
        .collect();
    let mut answer = json!({"resultSizeEstimate": found.len()});
    if !page.is_empty() {
        answer["messages"] = Value::Array(page);
    }
    if start + most < found.len() {
        answer["nextPageToken"] = json!((start + most).to_string());
    }
    Ok(Answer::ok(&answer))
}

pub(super) fn thread(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let access = call.admit(world, &READ, Cost::GetThread)?;
    let format = Format::asked(call)?;
    if matches!(format, Format::Raw) {
        return Err(errors::bad_request("Invalid value at 'format': \"raw\""));
    }
    if is_metadata_only(&access) && matches!(format, Format::Full) {
        return Err(errors::error(403, "global", "forbidden", "Metadata scope doesn't allow format FULL"));
    }
    let id = id_of(id)?;
    let mails: Vec<&Mail> = mailbox(world, &access)?.in_thread(id).collect();
    let newest = mails.iter().map(|mail| mail.history).max().ok_or_else(errors::not_found)?;
    let shown: Vec<Value> = mails.into_iter().map(|mail| message::shown(mail, &format)).collect();
    Ok(Answer::ok(&json!({"id": hex(id), "historyId": newest.to_string(), "messages": shown})))
}

/// Page tokens are offsets; nothing else is taken for one.
pub(super) fn page_start(call: &Call) -> Result<usize, Answer> {
    match call.request.param("pageToken") {
        None => Ok(0),
        Some(token) => token.parse().map_err(|_| errors::bad_request("Invalid pageToken")),
    }
}
