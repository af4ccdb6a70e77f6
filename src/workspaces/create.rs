//! Making a workspace: its keys first, then its row, its first owner and the event, together.

use super::model::{Member, Workspace, WorkspaceState};
use super::routing::Routing;
use super::{rows, store, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::Role;
use crate::base::{Mistakes, UnixMillis, UserId, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// A workspace ready to be written.
#[derive(Clone, Debug)]
pub(super) struct NewWorkspace {
    row: Workspace,
}

impl NewWorkspace {
    pub(super) fn id(&self) -> WorkspaceId {
        self.row.id
    }
}

/// Names tried when others have the short name already: `fernhill`, `fernhill-2`, …
const SLUG_TRIES: u32 = 50;
const SLUG_CHARS: usize = 40;

/// A workspace for a person who is signed in: they own it.
pub fn create(app: &App, user: UserId, name: &str, time_zone: &str) -> Result<Workspace, WorkspaceError> {
    let mut wrong = Mistakes::default();
    let name = wrong.keep("name", super::checked_name(name)).unwrap_or_default();
    let zone = wrong.keep("time_zone", zone_or_default(app, time_zone)).unwrap_or_default();
    wrong.into_result()?;
    let new = prepare(app, &name, None, zone)?;
    let made = app.store.write(|txn| {
        let workspace = insert(txn, &new, &Who::User(user))?;
        join(txn, &workspace, user, Role::Owner, &Who::User(user), app.now())?;
        Ok::<_, WorkspaceError>(workspace)
    })?;
    Ok(made)
}

/// Makes the keys of a workspace, which are outside the store's transactions. `slug` when it is wanted as it is.
pub(super) fn prepare(
    app: &App,
    name: &str,
    slug: Option<&str>,
    time_zone: &str,
) -> Result<NewWorkspace, WorkspaceError> {
    let id = WorkspaceId::new(app.now());
    app.store.keys().add_owner(id)?;
    let row = Workspace {
        id,
        name: name.to_owned(),
        slug: slug.map_or_else(|| slug_of(name), str::to_owned),
        state: WorkspaceState::Open,
        postal_address: String::new(),
        time_zone: time_zone.to_owned(),
        locale: "en-GB".to_owned(),
        discloses_ai: false,
        routing: Routing::default(),
        link_hosts: Vec::new(),
        closing: None,
        created_at: app.now(),
    };
    Ok(NewWorkspace { row })
}

/// Writes the workspace under the first free short name.
pub(super) fn insert(txn: &mut Txn<'_>, new: &NewWorkspace, who: &Who) -> Result<Workspace, WorkspaceError> {
    let mut row = new.row.clone();
    for number in 2..=SLUG_TRIES {
        if store::find_by_slug(txn, &row.slug)?.is_none() {
            break;
        }
        row.slug = format!("{}-{number}", new.row.slug);
    }
    match store::put(txn, &row, None) {
        Err(StoreError::Exists) => {
            return Err(WorkspaceError::invalid("name", "Take another name; this one is taken."))
        }
        done => done?,
    }
    audit::record(txn, row.id, row.created_at, who, "workspace.created", &row.id.sid(), &row.name)?;
    events::append(txn, row.id, row.created_at, Happened::WorkspaceCreated)?;
    Ok(row)
}

/// Makes a person a member, with the entry and the event that belong to it.
pub(super) fn join(
    txn: &mut Txn<'_>,
    workspace: &Workspace,
    user: UserId,
    role: Role,
    who: &Who,
    now: UnixMillis,
) -> Result<(), StoreError> {
    rows::put_member(txn, &Member { workspace: workspace.id, user, role, joined_at: now })?;
    audit::record(txn, workspace.id, now, who, "member.joined", &format!("user {user}"), role.as_str())?;
    events::append(txn, workspace.id, now, Happened::MemberJoined { user }).map(drop)
}

/// The zone chosen, or the server's own for those who choose none.
pub(super) fn zone_or_default<'a>(app: &'a App, raw: &'a str) -> Result<&'a str, &'static str> {
    match raw.trim() {
        "" => Ok(&app.config.outreach.default_time_zone),
        chosen => checked_zone(chosen),
    }
}

fn checked_zone(raw: &str) -> Result<&str, &'static str> {
    let zone = raw.trim();
    match jiff::tz::TimeZone::get(zone) {
        Ok(_) => Ok(zone),
        Err(_) => Err("Choose a time zone of the list, for example Europe/London."),
    }
}

/// A short name for addresses: lower-case ASCII letters and digits, hyphens between words.
pub(super) fn slug_of(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let plain = name.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect::<String>();
    let mut slug = String::new();
    for word in plain.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() >= SLUG_CHARS {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() {
        "workspace".to_owned()
    } else {
        slug
    }
}

/// A short name as a person types it.
pub(super) fn checked_slug(raw: &str) -> Result<String, &'static str> {
    let slug = raw.trim().to_lowercase();
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && (2..=SLUG_CHARS + 4).contains(&slug.len()) && !slug.starts_with('-') && !slug.ends_with('-') {
        return Ok(slug);
    }
    Err("Use 2 to 44 small letters, digits and hyphens, such as fernhill-heat.")
}
