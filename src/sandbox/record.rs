//! The record of requests received: what `GET /control/requests` shows, so that a test or a curious
//! owner can see every call a client made. Nothing is hidden: the tokens are the sandbox's own, only this machine can
//! ask, and a program takes them from here to see whether they were withdrawn.

use std::collections::VecDeque;

use serde_json::{json, Value};

use super::wire::Request;

const MOST_REQUESTS: usize = 20_000;
/// Large mails must not turn a long run into a memory leak; the oldest entries go first.
const MOST_BYTES: usize = 64 * 1024 * 1024;
#[derive(Default)]
pub(super) struct Record {
    requests: Lines,
    mail: Lines,
}

/// The newest lines, within both limits.
#[derive(Default)]
struct Lines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Lines {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > MOST_REQUESTS || self.bytes > MOST_BYTES {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl Record {
    pub fn note(&mut self, request: &Request) {
        let headers: serde_json::Map<String, Value> =
            request.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
        let line = json!({
            "method": request.method,
            "url": request.url,
            "headers": headers,
            "body": shown_body(request),
        })
        .to_string();
        self.requests.push(line);
    }

    /// A command of a signed-in mail client, so that a test can see which mails were opened.
    pub fn note_mail(&mut self, protocol: &str, account: &str, command: &str) {
        self.mail.push(json!({"protocol": protocol, "account": account, "command": command}).to_string());
    }

    /// One JSON object a line: `protocol`, `account`, `command`.
    pub fn mail_lines(&self) -> String {
        self.mail.text()
    }

    /// One JSON object a line: `method`, `url`, `headers`, `body`.
    pub fn json_lines(&self) -> String {
        self.requests.text()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// JSON as JSON, a form as an object, an empty body as null, anything else as text.
fn shown_body(request: &Request) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    let kind = request.header("content-type").unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Value::Object(request.form().into_iter().map(|(name, value)| (name, Value::from(value))).collect());
    }
    match request.json() {
        Some(value) if kind.starts_with("application/json") => value,
        _ => Value::from(String::from_utf8_lossy(&request.body).into_owned()),
    }
}
