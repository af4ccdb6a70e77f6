//! A workspace's own settings.

use super::model::Workspace;
use super::routing::Routing;
use super::{create, rows, store, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Entry, Who};
use crate::authz::{Actor, Permission, Role};
use crate::base::{Cursor, Mistakes, Page, UserId, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::StoreError;

/// What the settings page changes.
#[derive(Clone, Debug, Default)]
pub struct SettingsForm {
    pub name: String,
    pub slug: String,
    pub time_zone: String,
    pub postal_address: String,
    pub discloses_ai: bool,
    /// Hosts that links in answers may lead to, one on each line. `None`: as they are.
    pub link_hosts: Option<String>,
    /// How surely replies must be read. `None`: as it is.
    pub routing: Option<Routing>,
}

const MOST_ADDRESS_CHARS: usize = 400;
const MOST_LINK_HOSTS: usize = 50;

/// Changes the settings; the audit trail names which.
pub fn change(app: &App, actor: &Actor, form: &SettingsForm) -> Result<Workspace, WorkspaceError> {
    actor.require(Permission::ManageWorkspace)?;
    let checked = check(app, form)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(WorkspaceError::NotFound)?;
        let Checked { name, slug, time_zone, postal_address, link_hosts } = checked.clone();
        let after = Workspace {
            name,
            slug,
            time_zone,
            postal_address,
            discloses_ai: form.discloses_ai,
            link_hosts: link_hosts.unwrap_or_else(|| before.link_hosts.clone()),
            routing: form.routing.unwrap_or(before.routing),
            ..before.clone()
        };
        if after == before {
            return Ok(after);
        }
        match store::put(txn, &after, Some(&before)) {
            Err(StoreError::Exists) => {
                return Err(WorkspaceError::invalid("slug", "Another workspace here has this short name."));
            }
            done => done?,
        }
        let detail = changed_fields(&before, &after).join(", ");
        audit::record(txn, after.id, now, &Who::of(actor), "workspace.changed", &after.id.sid(), &detail)?;
        if before.postal_address.is_empty() && !after.postal_address.is_empty() {
            events::append(txn, after.id, now, Happened::SendingResumed)?;
        }
        Ok(after)
    })
}

/// The fields of the form as they are kept.
#[derive(Clone, Default)]
struct Checked {
    name: String,
    slug: String,
    time_zone: String,
    postal_address: String,
    link_hosts: Option<Vec<String>>,
}

/// Everything that is wrong with the form, without saving it.
pub fn mistakes(app: &App, form: &SettingsForm) -> Mistakes {
    check(app, form).err().unwrap_or_default()
}

fn check(app: &App, form: &SettingsForm) -> Result<Checked, Mistakes> {
    let mut wrong = Mistakes::default();
    let checked = Checked {
        name: wrong.keep("name", super::checked_name(&form.name)).unwrap_or_default(),
        slug: wrong.keep("slug", create::checked_slug(&form.slug)).unwrap_or_default(),
        time_zone: wrong
            .keep("time_zone", create::zone_or_default(app, &form.time_zone))
            .map_or_else(String::new, str::to_owned),
        postal_address: wrong.keep("postal_address", checked_address(&form.postal_address)).unwrap_or_default(),
        link_hosts: form.link_hosts.as_deref().and_then(|hosts| wrong.keep("link_hosts", checked_hosts(hosts))),
    };
    for (field, range) in form.routing.iter().flat_map(Routing::outside) {
        wrong.add(field, format!("Between {} and {} percent.", range.start(), range.end()));
    }
    wrong.into_result().map(|()| checked)
}

/// Changes the postal address alone, as the guide to the first mail asks for it; an empty one is refused there.
pub fn set_postal_address(app: &App, actor: &Actor, address: &str) -> Result<Workspace, WorkspaceError> {
    if address.trim().is_empty() {
        let words = "Write street, place and country, as on a letter to you.";
        return Err(WorkspaceError::invalid("postal_address", words));
    }
    let known = store::get(&app.store, actor.workspace)?.ok_or(WorkspaceError::NotFound)?;
    let form = SettingsForm {
        name: known.name,
        slug: known.slug,
        time_zone: known.time_zone,
        postal_address: address.to_owned(),
        discloses_ai: known.discloses_ai,
        link_hosts: None,
        routing: None,
    };
    change(app, actor, &form)
}

fn checked_address(raw: &str) -> Result<String, &'static str> {
    let lines: Vec<&str> = raw.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let address = lines.join("\n");
    if address.chars().count() > MOST_ADDRESS_CHARS || address.chars().any(|c| c.is_control() && c != '\n') {
        return Err("Use at most 400 characters.");
    }
    Ok(address)
}

/// Hosts as they are compared, each once; what was typed may be a whole address.
fn checked_hosts(raw: &str) -> Result<Vec<String>, String> {
    let mut hosts: Vec<String> = Vec::new();
    for typed in raw.split([',', '\n']).map(str::trim).filter(|typed| !typed.is_empty()) {
        let host = host_of(typed).unwrap_or_default();
        let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
        let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
        if !host.contains('.') || !host.split('.').all(is_label) {
            return Err(format!("“{typed}” is no host. Write for example fernhill.example, one on each line."));
        }
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.len() > MOST_LINK_HOSTS {
        return Err("Name at most 50 hosts.".to_owned());
    }
    Ok(hosts)
}

/// The host of a web address, written with or without its scheme and path.
fn host_of(link: &str) -> Option<String> {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim_end_matches('.').to_lowercase();
    (!host.is_empty()).then_some(host)
}

fn changed_fields(before: &Workspace, after: &Workspace) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("short name", before.slug != after.slug),
        ("time zone", before.time_zone != after.time_zone),
        ("postal address", before.postal_address != after.postal_address),
        ("AI note", before.discloses_ai != after.discloses_ai),
        ("links", before.link_hosts != after.link_hosts),
        ("how surely replies are read", before.routing != after.routing),
    ];
    fields.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

/// The workspaces of a person with their roles, oldest first.
pub fn of_user(app: &App, user: UserId) -> Result<Vec<(Workspace, Role)>, StoreError> {
    app.store.read(|txn| {
        let mut found = Vec::new();
        for id in rows::workspaces_of(txn, user)? {
            if let (Some(workspace), Some(member)) = (store::find(txn, id)?, rows::find_member(txn, id, user)?) {
                found.push((workspace, member.role));
            }
        }
        Ok(found)
    })
}

/// Is the person a member? For switching: what is not theirs is not there.
pub fn is_member(app: &App, user: UserId, workspace: WorkspaceId) -> Result<bool, StoreError> {
    app.store.read(|txn| Ok(rows::find_member(txn, workspace, user)?.is_some()))
}

/// The audit trail, newest first.
pub fn audit_trail(app: &App, actor: &Actor, before: Option<&Cursor>) -> Result<Page<Entry>, WorkspaceError> {
    actor.require(Permission::ViewAudit)?;
    Ok(audit::list(&app.store, actor.workspace, before, 50)?)
}
