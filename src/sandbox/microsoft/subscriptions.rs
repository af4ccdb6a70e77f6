//! Subscriptions to calendars, and the notices that come of them
//! (learn.microsoft.com/graph/api/resources/subscription). Before one stands, the address is asked for an echo.

use std::time::Duration;

use serde_json::{json, Value};

use super::calendar::READ;
use super::{admit, errors};
use crate::base::UnixMillis;
use crate::sandbox::notices::{may_be_told, Notice};
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Of events without their content.
const LONGEST: Duration = Duration::from_secs(10_080 * 60);

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    id: String,
    email: String,
    calendar: String,
    address: String,
    state: String,
    until: UnixMillis,
    /// The calendar's version of which it has told.
    told: u64,
}

/// `path` is what follows `/v1.0/subscriptions`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    match (request.method.as_str(), path) {
        ("POST", []) => create(world, request, &access),
        ("PATCH", [id]) => prolong(world, request, &access, id),
        ("DELETE", [id]) => {
            let at = place(world, &access, id)?;
            world.microsoft.subscriptions.remove(at);
            Ok(Answer::empty(204))
        }
        _ => Err(errors::error(405, "UnsupportedMethod", "The method is not supported.")),
    }
}

fn create(world: &mut World, request: &Request, access: &Access) -> Result<Answer, Answer> {
    let body = request.json().ok_or_else(|| errors::bad_request("RequestBodyRead", "The body is not JSON."))?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let refused = |message: &str| errors::bad_request("ValidationError", message);
    let (address, state) = (text("notificationUrl"), text("clientState"));
    if !may_be_told(&address) {
        return Err(refused("Subscription validation request failed. Notification endpoint must be HTTPS."));
    }
    if state.len() > 128 || text("changeType").is_empty() {
        return Err(refused("clientState is longer than 128 characters, or changeType is missing."));
    }
    let resource = text("resource");
    let calendar = match resource.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["me", "events"] => "primary",
        ["me", "calendars", id, "events"] => id,
        _ => return Err(refused("Resource is not supported.")),
    };
    let version = super::calendar::calendar(world, access, calendar)?.version;
    let until = until(&body, world.clock.now())?;
    world.microsoft.serial += 1;
    let made = Subscription {
        id: format!("00000000-0000-4000-9000-{:012}", world.microsoft.serial),
        email: access.email.clone(),
        calendar: calendar.to_owned(),
        address: address.clone(),
        state,
        until,
        told: version,
    };
    let echo = format!("Validation: Testing client application reachability <{}> & more", made.id);
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("validationToken", &echo).finish();
    let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
    world.notices.push(Notice { url: format!("{address}?{query}"), headers, body: String::new() });
    let answer = made.shown(&resource);
    world.microsoft.subscriptions.push(made);
    Ok(Answer::json(201, &answer))
}

fn prolong(world: &mut World, request: &Request, access: &Access, id: &str) -> Result<Answer, Answer> {
    let body = request.json().ok_or_else(|| errors::bad_request("RequestBodyRead", "The body is not JSON."))?;
    let at = place(world, access, id)?;
    let until = until(&body, world.clock.now())?;
    let one = &mut world.microsoft.subscriptions[at];
    one.until = until;
    Ok(Answer::ok(&one.shown("")))
}

fn until(body: &Value, now: UnixMillis) -> Result<UnixMillis, Answer> {
    let until = body["expirationDateTime"].as_str().and_then(UnixMillis::parse_rfc3339);
    until.filter(|until| *until > now && *until <= now.plus(LONGEST)).ok_or_else(|| {
        let message = "Subscription expiration can only be 10080 minutes in the future.";
        errors::bad_request("ValidationError", message)
    })
}

fn place(world: &World, access: &Access, id: &str) -> Result<usize, Answer> {
    let now = world.clock.now();
    let is_it = |one: &Subscription| one.id == id && one.email == access.email && one.until > now;
    let at = world.microsoft.subscriptions.iter().position(is_it);
    at.ok_or_else(|| errors::error(404, "ResourceNotFound", "The object was not found."))
}

/// Tells of what changed since the last notice of each subscription.
pub(super) fn tell(world: &mut World) {
    let now = world.clock.now();
    let microsoft = &mut world.microsoft;
    microsoft.subscriptions.retain(|one| one.until > now);
    for one in &mut microsoft.subscriptions {
        let version = microsoft.calendars.find(&one.email, &one.calendar).map_or(0, |calendar| calendar.version);
        if version > one.told {
            one.told = version;
            let value = json!({
                "subscriptionId": one.id, "clientState": one.state, "changeType": "updated",
                "subscriptionExpirationDateTime": one.until.to_rfc3339(), "resource": "Users/1/Events/2",
            });
            let headers = vec![("content-type", "application/json".to_owned())];
            let body = json!({ "value": [value] }).to_string();
            world.notices.push(Notice { url: one.address.clone(), headers, body });
        }
    }
}

impl Subscription {
    fn shown(&self, resource: &str) -> Value {
        json!({
            "id": self.id, "resource": resource, "changeType": "created,updated,deleted",
            "notificationUrl": self.address, "expirationDateTime": self.until.to_rfc3339(),
        })
    }
}
