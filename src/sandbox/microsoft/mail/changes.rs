//! What came into a folder since a link: messages/delta (learn.microsoft.com/graph/api/message-delta).

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::{admit, errors, mailbox, select, shown, Folder, READ};
use crate::base::UnixMillis;
use crate::sandbox::mail::mailbox::{ChangeKind, Mail, Mailbox};
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Messages on a page that was not asked to be of another size.
const PAGE: usize = 10;
const MOST: usize = 1_000;

/// A place in a round of changes, as it stands in links. What was asked for at first goes with it.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Place {
    /// Changes after this one count; none: everything that lies in the folder.
    since: Option<u64>,
    /// The newest change when the round began: where the next one begins.
    upto: u64,
    skip: usize,
    select: Option<String>,
    from: i64,
    only_new: bool,
}

pub(super) fn list(world: &mut World, request: &Request, folder: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let folder = Folder::named(folder)?;
    let now = world.clock.now();
    world.mailbox(&access.email).age_history(now);
    let mailbox = mailbox(world, &access)?;
    let place = place_of(request, mailbox)?;
    let found = match place.since {
        None => lying(mailbox, folder, &place),
        Some(since) => changed(mailbox, folder, &place, since)?,
    };
    let most = page_size(request);
    let is_last = place.skip + most >= found.len();
    let page: Vec<Value> = found.into_iter().skip(place.skip).take(most).collect();
    let (name, token, next) = if is_last {
        let since = Some(place.upto);
        ("@odata.deltaLink", "$deltatoken", Place { since, skip: 0, ..place })
    } else {
        ("@odata.nextLink", "$skiptoken", Place { skip: place.skip + most, ..place })
    };
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&next).unwrap_or_default());
    let link =
        format!("{}/microsoft/v1.0/me/mailFolders/{}/messages/delta?{token}={text}", request.origin(), folder.name());
    let mut answer = json!({ "value": page });
    answer[name] = json!(link);
    Ok(Answer::ok(&answer))
}

/// The place that a link names, or the beginning of a round.
fn place_of(request: &Request, mailbox: &Mailbox) -> Result<Place, Answer> {
    if let Some(token) = request.param("$deltatoken").or(request.param("$skiptoken")) {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let mut place: Place = serde_json::from_slice(&bytes)
            .map_err(|_| errors::bad_request("SyncStateInvalid", "The sync state is not valid."))?;
        if place.since.is_some_and(|since| since < mailbox.history_floor || since > mailbox.history) {
            return Err(errors::out_of_step());
        }
        if place.skip == 0 {
            place.upto = mailbox.history;
        }
        return Ok(place);
    }
    let from = match request.param("$filter") {
        None => i64::MIN,
        Some(filter) => {
            let instant = filter.strip_prefix("receivedDateTime ge ").and_then(UnixMillis::parse_rfc3339);
            instant
                .ok_or_else(|| errors::bad_request("ErrorInvalidUrlQueryFilter", "Only receivedDateTime ge is taken."))?
                .0
        }
    };
    Ok(Place {
        since: None,
        upto: mailbox.history,
        skip: 0,
        select: request.param("$select").map(str::to_owned),
        from,
        only_new: request.param("changeType") == Some("created"),
    })
}

fn lying(mailbox: &Mailbox, folder: Folder, place: &Place) -> Vec<Value> {
    let there = mailbox.mails.iter().filter(|mail| folder.holds(mail) && mail.at.0 >= place.from);
    there.map(|mail| select(place.select.as_deref(), shown(mail))).collect()
}

/// Each message once, in the order of its last change.
fn changed(mailbox: &Mailbox, folder: Folder, place: &Place, since: u64) -> Result<Vec<Value>, Answer> {
    let mut seen: Vec<u64> = Vec::new();
    let mut found = Vec::new();
    let in_round = |id: u64| id > since && id <= place.upto;
    for change in mailbox.changes.iter().filter(|change| in_round(change.id)) {
        let Some(mail) = mailbox.find(change.mail).filter(|mail| mail.at.0 >= place.from) else { continue };
        if (place.only_new && !brings_in(&change.kind)) || seen.contains(&mail.id) {
            continue;
        }
        found.extend(told(mail, folder, place));
        seen.push(mail.id);
    }
    Ok(found)
}

fn brings_in(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::Added => true,
        ChangeKind::LabelAdded(label) => ["INBOX", "SPAM", "TRASH"].contains(&label.as_str()),
        // Out of the inbox is into the archive.
        ChangeKind::LabelRemoved(label) => label == "INBOX",
    }
}

fn told(mail: &Mail, folder: Folder, place: &Place) -> Option<Value> {
    if folder.holds(mail) {
        return Some(select(place.select.as_deref(), shown(mail)));
    }
    let removed = json!({"id": super::id_text(mail.id), "@removed": {"reason": "changed"}});
    (!place.only_new).then_some(removed)
}

/// `Prefer: odata.maxpagesize=50`
fn page_size(request: &Request) -> usize {
    let wanted = request.header("prefer").and_then(|prefer| {
        prefer.split(',').find_map(|one| one.trim().strip_prefix("odata.maxpagesize=")?.parse::<usize>().ok())
    });
    wanted.unwrap_or(PAGE).clamp(1, MOST)
}
