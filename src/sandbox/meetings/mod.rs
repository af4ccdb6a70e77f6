//! The simulated Zoom, Webex and GoTo: their consent, their meetings, their limits. (Teams is Microsoft's.)
//!
//! | real | sandbox |
//! |---|---|
//! | `https://zoom.us/oauth/{authorize,token,revoke}` | `<sandbox>/zoom/oauth/…` |
//! | `https://api.zoom.us/v2/…` | `<sandbox>/zoom/v2/…` |
//! | `https://webexapis.com/v1/…` | `<sandbox>/webex/v1/…` |
//! | `https://authentication.logmeininc.com/oauth/{authorize,token}` | `<sandbox>/goto/oauth/…` |
//! | `https://api.getgo.com/G2M/rest/…` | `<sandbox>/goto/G2M/rest/…` |

mod goto;
mod webex;
mod zoom;

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::oauth::{self, Access, Dialect, Exchange, Grants, Realm};
use super::quota::{Allowance, Quota};
use super::wire::{Answer, Request};
use super::world::World;
use crate::base::UnixMillis;

/// With which the simulated Zoom signs its events.
pub const ZOOM_HOOK_SECRET: &str = "sandbox-zoom-hook";

/// Everything these services have in memory.
#[derive(Default)]
pub(super) struct Meetings {
    pub zoom: Host,
    pub webex: Host,
    pub goto: Host,
}

/// One service: who let the program in, what was spent, which meetings stand.
#[derive(Default)]
pub(super) struct Host {
    pub grants: Grants,
    quota: Quota,
    held: BTreeMap<u64, Held>,
    serial: u64,
}

/// A meeting as its service keeps it.
struct Held {
    owner: String,
    start: UnixMillis,
    end: UnixMillis,
    /// As it was sent, with what the service added.
    body: Value,
}

impl Host {
    fn next(&mut self) -> u64 {
        self.serial += 1;
        81_000_000_000 + self.serial * 7_919
    }

    /// The account behind the token, once the call is paid for. `refuse` makes the service's own words of a bad token.
    fn admit(&self, request: &Request, now: UnixMillis, refuse: impl Fn() -> Answer) -> Result<Access, Answer> {
        let access = request.bearer().and_then(|token| self.grants.access(token, now));
        access.cloned().ok_or_else(refuse)
    }

    fn spend(&mut self, allowance: Allowance, of: &str, now: UnixMillis) -> Result<(), u64> {
        self.quota.spend(allowance, of, 1, now).map_err(|wait| wait.as_secs().max(1))
    }

    /// A person's own meeting; that of anybody else is not there.
    fn own(&mut self, access: &Access, id: &str) -> Option<&mut Held> {
        self.held.get_mut(&id.parse().ok()?).filter(|held| held.owner == access.email)
    }

    /// What still is to come of a person's, in order.
    fn upcoming(&self, access: &Access, now: UnixMillis) -> Vec<(&u64, &Held)> {
        let mut all: Vec<_> =
            self.held.iter().filter(|(_, held)| held.owner == access.email && held.end > now).collect();
        all.sort_by_key(|(_, held)| held.start);
        all
    }

    /// Every meeting that stands, for whoever looks from outside.
    pub fn shown(&self) -> Value {
        let each = self.held.iter().map(|(id, held)| {
            json!({"id": id.to_string(), "owner": held.owner, "start": held.start.to_rfc3339(),
                   "end": held.end.to_rfc3339(), "body": held.body})
        });
        Value::Array(each.collect())
    }
}

/// `service` is the first part of the path, `path` what follows it, decoded.
pub(super) fn answer(world: &mut World, request: &Request, service: &str, path: &[String]) -> Answer {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method.as_str(), service, segments.as_slice()) {
        ("GET" | "POST", "zoom", ["oauth", "authorize"])
        | ("GET" | "POST", "webex", ["v1", "authorize"])
        | ("GET" | "POST", "goto", ["oauth", "authorize"]) => consent(world, request, service),
        ("POST", "zoom", ["oauth", "token"])
        | ("POST", "webex", ["v1", "access_token"])
        | ("POST", "goto", ["oauth", "token"]) => token(world, request, service),
        ("POST", "zoom", ["oauth", "revoke"]) => {
            let now = world.clock.now();
            oauth::revoke(&mut world.meetings.zoom.grants, request, now)
        }
        ("GET", _, ["style.css"]) => super::stylesheet(),
        (_, "zoom", ["v2", rest @ ..]) => or_error(zoom::answer(world, request, rest)),
        (_, "webex", ["v1", rest @ ..]) => or_error(webex::answer(world, request, rest)),
        (_, "goto", ["G2M", "rest", rest @ ..]) => or_error(goto::answer(world, request, rest)),
        _ => Answer::json(404, &json!({"message": "not found"})),
    }
}

fn or_error(answer: Result<Answer, Answer>) -> Answer {
    answer.unwrap_or_else(|error| error)
}

fn host<'a>(world: &'a mut Meetings, service: &str) -> &'a mut Host {
    match service {
        "zoom" => &mut world.zoom,
        "webex" => &mut world.webex,
        _ => &mut world.goto,
    }
}

fn realm(service: &str) -> Realm {
    match service {
        "zoom" => Realm {
            name: "Zoom",
            path: "/zoom",
            authorise_path: "/oauth/authorize",
            token_path: "/oauth/token",
            dialect: Dialect::Zoom,
        },
        "webex" => Realm {
            name: "Webex",
            path: "/webex",
            authorise_path: "/v1/authorize",
            token_path: "/v1/access_token",
            dialect: Dialect::Webex,
        },
        _ => Realm {
            name: "GoTo",
            path: "/goto",
            authorise_path: "/oauth/authorize",
            token_path: "/oauth/token",
            dialect: Dialect::Goto,
        },
    }
}

fn consent(world: &mut World, request: &Request, service: &str) -> Answer {
    let now = world.clock.now();
    let grants = &mut host(&mut world.meetings, service).grants;
    oauth::authorise(&realm(service), grants, &world.accounts, &world.redirects, request, now)
}

fn token(world: &mut World, request: &Request, service: &str) -> Answer {
    let now = world.clock.now();
    let rotate_refresh = service == "zoom" || world.settings.rotate_refresh;
    let grants = &mut host(&mut world.meetings, service).grants;
    let (accounts, testing_mode, is_personal) = (&world.accounts, false, false);
    let realm = realm(service);
    Exchange { realm: &realm, grants, accounts, request, now, testing_mode, rotate_refresh, is_personal }.answer()
}

/// A time with its zone; one without is read in `zone`, or in UTC.
fn time(text: &str, zone: Option<&str>) -> Option<UnixMillis> {
    if let Some(at) = UnixMillis::parse_rfc3339(text) {
        return Some(at);
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = local.in_tz(zone.unwrap_or("UTC")).ok()?;
    Some(UnixMillis::from(zoned.timestamp()))
}

/// What these services answer when a status is asked for by `/control/faults`.
pub(super) fn fault_answer(service: &str, status: u16) -> Answer {
    match service {
        "zoom" => zoom::fault(status),
        "webex" => webex::fault(status),
        _ => goto::fault(status),
    }
}
