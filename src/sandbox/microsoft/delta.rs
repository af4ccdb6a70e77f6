//! What changed in a calendar's view since a link was given out (learn.microsoft.com/graph/delta-query-events).
//!
//! Links carry their state: the window, the calendar's version when the round began, and how far it was paged.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde_json::{json, Value};

use super::calendar::{calendar, shown, window, READ};
use super::{admit, errors};
use crate::base::UnixMillis;
use crate::sandbox::google::calendar::{Calendar, Event, TOKEN_LIFE};
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// One round: the changes from `since` (0: everything) up to `version`.
struct Round {
    since: u64,
    version: u64,
    given: UnixMillis,
    from: UnixMillis,
    until: UnixMillis,
    skip: usize,
}

pub(super) fn answer(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let now = world.clock.now();
    let calendar = calendar(world, &access, id)?;
    let round = match (request.param("$skiptoken"), request.param("$deltatoken")) {
        (Some(token), _) => Round::read(token, calendar, now)?,
        (None, Some(token)) => {
            let before = Round::read(token, calendar, now)?;
            Round { since: before.version, version: calendar.version, skip: 0, given: now, ..before }
        }
        (None, None) => begun(request, calendar, now)?,
    };
    let found: Vec<&Event> = calendar.events.iter().filter(|event| round.tells(event)).collect();
    let most = page_size(request);
    let page: Vec<Value> = found.iter().skip(round.skip).take(most).map(|event| round.told(event)).collect();
    let link = |name: &str, token: String| format!("{}{}?{name}={token}", request.origin(), request.path);
    let (name, to) = match found.len() > round.skip + most {
        true => ("@odata.nextLink", link("$skiptoken", round.token(round.skip + most))),
        false => ("@odata.deltaLink", link("$deltatoken", round.token(0))),
    };
    Ok(Answer::ok(&json!({"value": page, name: to})))
}

/// A view's properties cannot be chosen.
fn begun(request: &Request, calendar: &Calendar, now: UnixMillis) -> Result<Round, Answer> {
    if let Some((name, _)) = request.query.iter().find(|(name, _)| name.starts_with('$')) {
        let words = format!("The query parameter {name} is not supported by change tracking over a calendar view.");
        return Err(errors::bad_request("ErrorInvalidUrlQuery", &words));
    }
    let (from, until) = window(request)?;
    Ok(Round { since: 0, version: calendar.version, given: now, from, until, skip: 0 })
}

/// `Prefer: odata.maxpagesize=50`; ten without it.
fn page_size(request: &Request) -> usize {
    let prefer = request.header("prefer").unwrap_or_default();
    let size = prefer.split(',').find_map(|part| part.trim().strip_prefix("odata.maxpagesize="));
    size.and_then(|text| text.parse().ok()).unwrap_or(10).clamp(1, 1_000)
}

impl Round {
    fn is_there(&self, event: &Event) -> bool {
        !event.is_cancelled() && event.end > self.from && event.start < self.until
    }

    /// At the beginning of all there is, later of what has changed.
    fn tells(&self, event: &Event) -> bool {
        let is_news = event.version > self.since && event.version <= self.version;
        is_news && (self.since > 0 || self.is_there(event))
    }

    /// What is gone, or has left the window, is told by its id alone.
    fn told(&self, event: &Event) -> Value {
        match self.is_there(event) {
            true => shown(event),
            false => json!({"@removed": {"reason": "deleted"}, "id": event.id}),
        }
    }

    fn token(&self, skip: usize) -> String {
        let numbers = [self.given.0, self.from.0, self.until.0].map(|number| number.to_string()).join(" ");
        URL_SAFE_NO_PAD.encode(format!("{} {} {skip} {numbers}", self.since, self.version))
    }

    fn read(token: &str, calendar: &Calendar, now: UnixMillis) -> Result<Self, Answer> {
        let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let numbers: Option<Vec<i64>> = text.and_then(|text| text.split(' ').map(|word| word.parse().ok()).collect());
        let Some([since, version, skip, given, from, until]) = numbers.as_deref() else {
            return Err(errors::bad_request("SyncStateInvalid", "The sync state is invalid."));
        };
        let (since, version, skip) = (since.unsigned_abs(), version.unsigned_abs(), skip.unsigned_abs());
        let given = UnixMillis(*given);
        if version < calendar.sync_floor || version > calendar.version || given.plus(TOKEN_LIFE) < now {
            return Err(errors::out_of_step());
        }
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(Self { since, version, given, from: UnixMillis(*from), until: UnixMillis(*until), skip })
    }
}
