//! Faults on request: `POST /control/faults` makes the next matching calls fail as a real provider might.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::wire::{Answer, Request};
use super::{ai, google, meetings, microsoft, oauth, stripe};

/// `{"match":"POST /google/gmail/v1/users/me/messages/send","status":503,"times":2}`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// Method (or `*`) and the beginning of the path, with or without the provider in front. For mail the method is the
    /// protocol and the path a command: `SMTP DATA`, `IMAP LOGIN`.
    #[serde(rename = "match")]
    pub matches: String,
    /// Answer with this status; without it (and without `drop`) the call is only delayed.
    pub status: Option<u16>,
    /// Seconds, sent as `Retry-After`.
    pub retry_after: Option<u64>,
    /// Real milliseconds to wait before anything else happens.
    #[serde(default)]
    pub delay_ms: u64,
    /// Close the connection without an answer.
    #[serde(default)]
    pub drop: bool,
    /// Do the work first, then fail: the client cannot know that it was done.
    #[serde(default)]
    pub after: bool,
    /// Replaces the provider's usual error body.
    pub body: Option<Value>,
    /// How an AI service misbehaves, instead of a status: `refusal`, `truncated`, `invalid_json`, `wrong_shape`,
    /// `spend_limit`, `daily_quota`.
    pub manner: Option<String>,
    /// How many calls it holds for.
    #[serde(default = "once")]
    pub times: u32,
}

/// Endpoints whose errors have the shape of RFC 6749 section 5.2.
fn is_oauth(path: &str) -> bool {
    path.starts_with("/oidc/")
        || ["/google/token", "/google/revoke"].contains(&path)
        || ["/zoom/oauth/token", "/webex/v1/access_token", "/goto/oauth/token"].contains(&path)
        || (path.starts_with("/microsoft/") && path.ends_with("/oauth2/v2.0/token"))
}

fn once() -> u32 {
    1
}

impl Fault {
    /// Whether it does anything that a provider could do; else why not.
    pub fn check(&self) -> Result<(), String> {
        if let Some(manner) = self.manner.as_deref().filter(|manner| !ai::MANNERS.contains(manner)) {
            return Err(format!("manner is one of {}, not {manner}", ai::MANNERS.join(", ")));
        }
        match self.status {
            Some(status) if !(100..=599).contains(&status) => Err(format!("status is 100 to 599, not {status}")),
            // A mail server's "no" needs no number.
            None if !self.drop && self.delay_ms == 0 && self.manner.is_none() && !self.is_mail() => {
                Err("a fault has a status, drop or delay_ms, or for an AI service a manner".to_owned())
            }
            _ if self.matches.trim().is_empty() => Err("match names the calls, as GET /google/gmail".to_owned()),
            _ => Ok(()),
        }
    }

    fn is_mail(&self) -> bool {
        self.matches.starts_with("SMTP ") || self.matches.starts_with("IMAP ")
    }

    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// Blocks for that time: a mail server has a thread for each line.
    pub fn wait(&self) {
        let until = Instant::now() + self.delay();
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
    }

    /// The call is carried out as ever, only late.
    pub fn only_delays(&self) -> bool {
        self.delay_ms > 0 && self.status.is_none() && !self.drop
    }

    /// The answer that replaces the provider's own, if any does.
    pub fn answer(&self, request: &Request) -> Option<Answer> {
        let status = self.status.or_else(|| self.manner.as_ref().map(|_| 200))?;
        let answer = match &self.body {
            Some(body) => Answer::json(status, body),
            None if ai::is_ours(&request.path) => ai::fault_answer(status, self.manner.as_deref(), request),
            None if is_oauth(&request.path) => oauth::fault_answer(status),
            None if request.path.starts_with("/microsoft/") => microsoft::fault_answer(status),
            None => match request.path.split('/').nth(1) {
                Some(service @ ("zoom" | "webex" | "goto")) => meetings::fault_answer(service, status),
                Some("caldav") => Answer::empty(status),
                Some("stripe") => stripe::fault_answer(status),
                _ => google::fault_answer(status),
            },
        };
        Some(match self.retry_after {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        })
    }

    fn is_for(&self, method: &str, path: &str) -> bool {
        let (wanted, prefix) = self.matches.split_once(' ').unwrap_or(("*", &self.matches));
        let below_provider = path.get(1..).and_then(|path| path.find('/')).map_or("", |at| &path[at + 1..]);
        let fits = path.starts_with(prefix) || below_provider.starts_with(prefix);
        fits && (wanted == "*" || wanted.eq_ignore_ascii_case(method))
    }
}

/// Faults in the order they were asked for; the first that matches is used up first.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.0.iter_mut().find(|fault| fault.times > 0 && fault.is_for(method, path))?;
        fault.times -= 1;
        let taken = fault.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(taken)
    }

    /// What those that have not come yet match.
    pub fn waiting(&self) -> Vec<&str> {
        self.0.iter().map(|fault| fault.matches.as_str()).collect()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
