//! `launchyard inspect-mail`: one JSON object a file.

use serde_json::{json, Value};

use super::Inspection;

/// The command's line: `file, kind, reply_text, recipients, status, message_ids`.
pub fn to_json_line(file: &str, inspection: &Inspection) -> Value {
    let recipients: Vec<&str> = inspection.recipients.iter().map(|one| one.address.as_str()).collect();
    json!({
        "file": file,
        "kind": inspection.kind.as_str(),
        "reply_text": inspection.reply_text,
        "recipients": recipients,
        "status": inspection.status,
        "message_ids": inspection.message_ids,
    })
}
