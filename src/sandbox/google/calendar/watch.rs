//! Push channels: events.watch, channels.stop, and the notices that come of them
//! (developers.google.com/workspace/calendar/api/guides/push).

use std::time::Duration;

use serde_json::json;

use super::{admit, errors, reachable, READ};
use crate::base::UnixMillis;
use crate::sandbox::notices::{may_be_told, Notice};
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// A channel lasts no longer, whatever is asked for, and so long where nothing is.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
const USUAL: Duration = Duration::from_secs(7 * 86_400);

#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Channel {
    id: String,
    resource: String,
    token: String,
    address: String,
    email: String,
    calendar: String,
    until: UnixMillis,
    /// The calendar's version of which it has told.
    told: u64,
    /// Of its notices.
    number: u64,
}

pub(super) fn open(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let now = world.clock.now();
    let body = request.json().ok_or_else(|| errors::bad_request("The body is not JSON."))?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let refused = |reason: &str, message: &str| errors::error(400, "global", reason, message);
    let calendar = reachable(world, &access, id, &READ)?;
    if calendar.id.contains('#') {
        // A calendar of Google's own making.
        let message = "Push notifications are not supported by this resource.";
        return Err(refused("pushNotSupportedForRequestedResource", message));
    }
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_+/=".contains(letter);
    let channel = text("id");
    if channel.is_empty() || channel.len() > 64 || !channel.chars().all(fits) || text("token").len() > 256 {
        return Err(refused("channelIdInvalid", "The channel id or token is not valid."));
    }
    if body["type"] != "web_hook" || !may_be_told(&text("address")) {
        return Err(refused("push.webhookUrlNotHttps", "WebHook callback must be HTTPS."));
    }
    let (resource, version, calendar) = (format!("resource-{}", calendar.id), calendar.version, calendar.id.clone());
    if world.google.channels.iter().any(|one| one.id == channel) {
        return Err(refused("channelIdNotUnique", "Channel id not unique"));
    }
    let wanted = text("expiration").parse().ok().map_or(now.plus(USUAL), UnixMillis);
    let opened = Channel {
        id: channel,
        resource,
        token: text("token"),
        address: text("address"),
        email: access.email.clone(),
        calendar,
        until: wanted.min(now.plus(LONGEST)),
        told: version,
        number: 1,
    };
    world.notices.push(opened.notice("sync"));
    let answer = json!({
        "kind": "api#channel",
        "id": opened.id,
        "resourceId": opened.resource,
        "resourceUri": format!("{}{}", request.origin(), request.path.trim_end_matches("/watch")),
        "token": opened.token,
        "expiration": opened.until.0.to_string(),
    });
    world.google.channels.push(opened);
    Ok(Answer::ok(&answer))
}

pub(super) fn stop(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let body = request.json().ok_or_else(|| errors::bad_request("The body is not JSON."))?;
    let is_it = |one: &Channel| one.email == access.email && body["id"] == one.id && body["resourceId"] == one.resource;
    let at = world.google.channels.iter().position(is_it);
    let at = at.ok_or_else(|| errors::error(404, "global", "notFound", "Channel not found"))?;
    world.google.channels.remove(at);
    Ok(Answer::empty(204))
}

/// Tells of what changed since the last notice of each channel.
pub(in crate::sandbox) fn tell(world: &mut World) {
    let now = world.clock.now();
    let google = &mut world.google;
    google.channels.retain(|channel| channel.until > now);
    for channel in &mut google.channels {
        let version = google.calendars.find(&channel.email, &channel.calendar).map_or(0, |calendar| calendar.version);
        if version > channel.told {
            channel.told = version;
            channel.number += 1;
            world.notices.push(channel.notice("exists"));
        }
    }
}

impl Channel {
    fn notice(&self, state: &str) -> Notice {
        let headers = vec![
            ("x-goog-channel-id", self.id.clone()),
            ("x-goog-channel-token", self.token.clone()),
            ("x-goog-resource-id", self.resource.clone()),
            ("x-goog-resource-state", state.to_owned()),
            ("x-goog-message-number", self.number.to_string()),
        ];
        Notice { url: self.address.clone(), headers, body: String::new() }
    }
}
