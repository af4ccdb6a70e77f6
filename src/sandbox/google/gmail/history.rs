//! history.list: what changed since a cursor.

use serde_json::{json, Value};

use super::list::page_start;
use super::{errors, hex, mailbox, message, Call, Cost, READ};
use crate::sandbox::mail::mailbox::{Change, ChangeKind, Mail};
use crate::sandbox::wire::Answer;
use crate::sandbox::world::World;

/// Ascending; `historyId` is the newest of the box, also on a page that is not the last. A cursor that has expired,
/// or that never was one, is 404.
pub(super) fn list(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let access = call.admit(world, &READ, Cost::ListHistory)?;
    let now = world.clock.now();
    world.mailbox(&access.email).age_history(now);
    let mailbox = mailbox(world, &access)?;
    let start = call.request.param("startHistoryId").ok_or_else(|| errors::bad_request("Missing startHistoryId"))?;
    let start: u64 = start.parse().map_err(|_| errors::bad_request("Invalid startHistoryId"))?;
    if start < mailbox.history_floor || start > mailbox.history {
        return Err(errors::not_found());
    }
    let kinds: Vec<&str> = call.request.params("historyTypes").collect();
    let label = call.request.param("labelId");
    let records: Vec<Value> = mailbox
        .changes
        .iter()
        .filter(|change| change.id > start)
        .filter(|change| kinds.is_empty() || kinds.contains(&kind_name(&change.kind)))
        .filter_map(|change| Some((change, mailbox.find(change.mail)?)))
        .filter(|(_, mail)| label.is_none_or(|label| mail.labels.contains(label)))
        .map(|(change, mail)| record(change, mail))
        .collect();
    let from = page_start(call)?;
    let most = call.request.limit("maxResults", 100, 500);
    let more = from + most < records.len();
    let page: Vec<Value> = records.into_iter().skip(from).take(most).collect();
    let mut answer = json!({"historyId": mailbox.history.to_string()});
    if !page.is_empty() {
        answer["history"] = Value::Array(page);
    }
    if more {
        answer["nextPageToken"] = json!((from + most).to_string());
    }
    Ok(Answer::ok(&answer))
}

fn kind_name(kind: &ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "messageAdded",
        ChangeKind::LabelAdded(_) => "labelAdded",
        ChangeKind::LabelRemoved(_) => "labelRemoved",
    }
}

fn record(change: &Change, mail: &Mail) -> Value {
    let mut record = json!({
        "id": change.id.to_string(),
        "messages": [{"id": hex(mail.id), "threadId": hex(mail.thread)}],
    });
    let mut entry = json!({"message": message::stub(mail)});
    let list = match &change.kind {
        ChangeKind::Added => "messagesAdded",
        ChangeKind::LabelAdded(label) => {
            entry["labelIds"] = json!([label]);
            "labelsAdded"
        }
        ChangeKind::LabelRemoved(label) => {
            entry["labelIds"] = json!([label]);
            "labelsRemoved"
        }
    };
    record[list] = json!([entry]);
    record
}
