//! Meeting rooms that Calendar makes on request, at once or when the event is read again.

use serde_json::{json, Value};

use super::errors;
use crate::sandbox::wire::Answer;

/// A conference that was asked for and does not exist yet.
pub(super) fn requested(data: Value) -> Result<Value, Answer> {
    if data.is_null() || data["createRequest"].is_null() {
        return Ok(data);
    }
    let request = &data["createRequest"];
    let kind = request["conferenceSolutionKey"]["type"].as_str();
    if request["requestId"].as_str().is_none_or(str::is_empty) || kind != Some("hangoutsMeet") {
        return Err(errors::error(400, "global", "invalid", "Invalid conference type value."));
    }
    let mut data = data.clone();
    data["createRequest"]["status"] = json!({"statusCode": "pending"});
    Ok(data)
}

/// Turns a pending request into a meeting room. The code is made from the event's id.
pub(super) fn settle(event: &mut Value) {
    if event["conferenceData"]["createRequest"]["status"]["statusCode"] != "pending" {
        return;
    }
    let id = event["id"].as_str().unwrap_or_default();
    let seed = id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    let letters: Vec<char> = (0..10).map(|at| char::from(b'a' + (seed >> (at * 6)) as u8 % 26)).collect();
    let part = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
    let code = format!("{}-{}-{}", part(0..3), part(3..7), part(7..10));
    let link = format!("https://meet.google.example/{code}");
    let data = &mut event["conferenceData"];
    data["createRequest"]["status"]["statusCode"] = json!("success");
    data["conferenceId"] = json!(code);
    data["conferenceSolution"] = json!({"key": {"type": "hangoutsMeet"}, "name": "Google Meet"});
    data["entryPoints"] = json!([{"entryPointType": "video", "uri": link, "label": link}]);
    event["hangoutLink"] = json!(link);
}
