//! Teams meetings that stand in no calendar (<https://learn.microsoft.com/graph/api/resources/onlinemeeting>).

use serde_json::{json, Value};

use super::{admit, errors};
use crate::base::UnixMillis;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

const SCOPE: [&str; 1] = ["OnlineMeetings.ReadWrite"];

/// By id.
pub(in crate::sandbox) type Meetings = std::collections::BTreeMap<String, Meeting>;

pub(in crate::sandbox) struct Meeting {
    owner: String,
    external: Option<String>,
    body: Value,
}

/// `path` is what follows `/me/onlineMeetings`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    let access = admit(world, request, &SCOPE)?;
    if world.settings.personal_account {
        return Err(errors::error(403, "Forbidden", "Personal accounts hold no online meetings."));
    }
    world.microsoft.serial += 1;
    let serial = world.microsoft.serial;
    let meetings = &mut world.microsoft.meetings;
    match (request.method.as_str(), path) {
        ("POST", []) => {
            let body = checked(request)?;
            Ok(Answer::json(201, &make(meetings, serial, &access.email, None, body)))
        }
        ("POST", ["createOrGet"]) => {
            let body = checked(request)?;
            let key = body["externalId"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
            let key = key.ok_or_else(|| errors::bad_request("InvalidArgument", "externalId must have a value."))?;
            let is_it = |one: &&Meeting| one.owner == access.email && one.external.as_ref() == Some(&key);
            if let Some(known) = meetings.values().find(is_it) {
                return Ok(Answer::ok(&known.body));
            }
            Ok(Answer::json(201, &make(meetings, serial, &access.email, Some(key), body)))
        }
        (method, [id]) => {
            let own = meetings.get_mut(*id).filter(|one| one.owner == access.email);
            let meeting = own.ok_or_else(errors::no_item)?;
            match method {
                "GET" => Ok(Answer::ok(&meeting.body)),
                "PATCH" => {
                    for (name, value) in checked(request)?.as_object().into_iter().flatten() {
                        meeting.body[name.as_str()] = value.clone();
                    }
                    Ok(Answer::ok(&meeting.body))
                }
                "DELETE" => {
                    meetings.remove(*id);
                    Ok(Answer::empty(204))
                }
                _ => Err(errors::error(405, "MethodNotAllowed", "Not allowed here.")),
            }
        }
        _ => Err(errors::error(404, "ResourceNotFound", "Resource could not be discovered.")),
    }
}

fn make(meetings: &mut Meetings, serial: u64, owner: &str, external: Option<String>, mut body: Value) -> Value {
    let id = format!("MSo{serial:04}");
    body["id"] = json!(id);
    body["joinWebUrl"] = json!(format!("https://teams.microsoft.example/l/meetup-join/{id}"));
    let shown = body.clone();
    meetings.insert(id, Meeting { owner: owner.to_owned(), external, body });
    shown
}

/// Start and end come together or not at all.
fn checked(request: &Request) -> Result<Value, Answer> {
    let body =
        request.json().ok_or_else(|| errors::bad_request("BadRequest", "Unable to read JSON request payload."))?;
    let at = |name: &str| body[name].as_str().map(UnixMillis::parse_rfc3339);
    match (at("startDateTime"), at("endDateTime")) {
        (None, None) => Ok(body),
        (Some(Some(start)), Some(Some(end))) if start < end => Ok(body),
        _ => Err(errors::bad_request("InvalidArgument", "startDateTime and endDateTime are given together, in order.")),
    }
}

/// Every meeting that stands, for whoever looks from outside.
pub(in crate::sandbox) fn shown(meetings: &Meetings) -> Value {
    let each = meetings.iter().map(|(id, one)| {
        json!({"id": id, "owner": one.owner, "start": one.body["startDateTime"], "end": one.body["endDateTime"],
               "body": one.body})
    });
    Value::Array(each.collect())
}
