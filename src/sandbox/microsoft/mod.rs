//! The simulated Microsoft 365: one organisation with its accounts and consent; mail, calendars and Teams meetings by
//! Microsoft Graph.
//!
//! | real | sandbox |
//! |---|---|
//! | `https://login.microsoftonline.com/<tenant>/oauth2/v2.0/{authorize,token}` | `<sandbox>/microsoft/<tenant>/oauth2/v2.0/…` |
//! | `https://graph.microsoft.com/v1.0/…` | `<sandbox>/microsoft/v1.0/…` |

mod calendar;
mod consent;
mod delta;
mod errors;
mod mail;
mod subscriptions;
mod teams;

pub(super) use errors::fault_answer;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::google::calendar::Calendars;
use super::oauth::{self, Access, Dialect, Exchange, Grants, Realm};
use super::quota::{Allowance, Quota};
use super::wire::{Answer, Request};
use super::world::World;

/// Requests that one program may make of one mailbox (learn.microsoft.com/graph/throttling-limits).
const REQUESTS: Allowance = Allowance { service: "graph", units: 10_000, within: Duration::from_secs(600) };

#[derive(Default)]
pub(super) struct Microsoft {
    pub grants: Grants,
    quota: Quota,
    pub calendars: Calendars,
    /// Properties by which programs know their mails again: account, property and value, to the mail's id.
    marks: BTreeMap<(String, String, String), u64>,
    meetings: teams::Meetings,
    subscriptions: Vec<subscriptions::Subscription>,
    serial: u64,
}

impl Microsoft {
    /// The Teams meetings that stand, for whoever looks from outside.
    pub fn meetings_shown(&self) -> serde_json::Value {
        teams::shown(&self.meetings)
    }
}

/// `path` is what follows `/microsoft`, decoded.
pub(super) fn answer(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET" | "POST", [_, "oauth2", "v2.0", "authorize"]) => consent::authorise(world, request),
        ("POST", [_, "oauth2", "v2.0", "token"]) => consent::token(world, request),
        ("GET", ["style.css"] | [_, "style.css"]) => super::stylesheet(),
        ("GET", ["v1.0", "me"]) => or_error(me(world, request)),
        (_, ["v1.0", "subscriptions", rest @ ..]) => or_error(subscriptions::answer(world, request, rest)),
        (_, ["v1.0", "me", "onlineMeetings", rest @ ..]) => or_error(teams::answer(world, request, rest)),
        (_, ["v1.0", "me", rest @ ..]) => {
            let answer = calendar::answer(world, request, rest);
            or_error(answer.unwrap_or_else(|| mail::answer(world, request, rest)))
        }
        _ => errors::error(404, "ResourceNotFound", "Resource could not be discovered."),
    }
}

/// Notices of calendars that have changed.
pub(super) fn tell(world: &mut World) {
    subscriptions::tell(world);
}

fn or_error(answer: Result<Answer, Answer>) -> Answer {
    answer.unwrap_or_else(|error| error)
}

/// Checks token, quota and scope, in the order in which Graph finds fault. Any one of `scopes` is enough.
fn admit(world: &mut World, request: &Request, scopes: &[&str]) -> Result<Access, Answer> {
    let now = world.clock.now();
    let token = request.bearer().ok_or_else(errors::bad_token)?;
    let access = world.microsoft.grants.access(token, now).ok_or_else(errors::bad_token)?.clone();
    world.microsoft.quota.spend(REQUESTS, &access.email, 1, now).map_err(errors::throttled)?;
    if !access.allows(scopes) {
        return Err(errors::access_denied());
    }
    Ok(access)
}

/// Needs `User.Read`; the properties that are asked for, or all.
fn me(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &["User.Read"])?;
    let account = world.account(&access.email).ok_or_else(errors::bad_token)?;
    let all = json!({
        "id": account.subject,
        "displayName": account.name,
        "mail": account.email,
        "userPrincipalName": account.email,
    });
    Ok(Answer::ok(&mail::selected(request, all)))
}
