//! Tags: short words that owners put on people, with how many have each.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::model::Contact;
use super::service::ContactError;
use super::store::{self, Writer};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor, Page, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const BY_TAG: Table<()> = Table::index(0x0803, "contacts_by_tag", "Contacts of a tag, by keyed hash.");
const TAGS: Table<TagCount> = Table::sealed(
    0x0806,
    "contact_tags",
    Tree::Contacts,
    Holds::Nothing,
    Retention::UntilErased,
    "Which tags there are and how many contacts have each.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&BY_TAG), Declared::plain(&TAGS)];

/// Characters of a tag.
pub(super) const LONGEST_TAG: usize = 40;
/// Tags of one contact.
pub(super) const MAX_TAGS: usize = 50;
/// Contacts changed in one transaction by an act on many.
const BATCH: usize = 20;

/// A tag and how many contacts have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TagCount {
    pub name: String,
    pub contacts: u64,
}

/// A tag as it is stored: lower case, inner white space as one space. `None` when nothing is left or it is too long.
pub fn parse_tag(raw: &str) -> Option<String> {
    let clean: String = raw.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let tag = clean.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    (!tag.is_empty() && tag.chars().count() <= LONGEST_TAG).then_some(tag)
}

/// Tags written in one field, separated by commas or semicolons.
pub(super) fn split_tags(raw: &str) -> Vec<&str> {
    raw.split([',', ';', '|']).map(str::trim).filter(|tag| !tag.is_empty()).collect()
}

fn tag_hash(txn: &Txn<'_>, workspace: WorkspaceId, tag: &str) -> Result<[u8; 16], StoreError> {
    txn.blind(workspace, "contact tag", tag)
}

fn mark_key(txn: &Txn<'_>, workspace: WorkspaceId, tag: &str, id: ContactId) -> Result<Key, StoreError> {
    Ok(Key::of(&BY_TAG, workspace).bytes(&tag_hash(txn, workspace, tag)?).id(id.0))
}

pub(super) fn mark(txn: &mut Txn<'_>, workspace: WorkspaceId, tag: &str, id: ContactId) -> Result<(), StoreError> {
    let place = mark_key(txn, workspace, tag, id)?;
    txn.mark(&BY_TAG, &place)
}

pub(super) fn unmark(txn: &mut Txn<'_>, workspace: WorkspaceId, tag: &str, id: ContactId) -> Result<(), StoreError> {
    let place = mark_key(txn, workspace, tag, id)?;
    txn.remove(&BY_TAG, &place)
}

/// Adds `change` to a tag's count; a tag that nobody has is no longer one.
pub(super) fn count(txn: &mut Txn<'_>, workspace: WorkspaceId, tag: &str, change: i64) -> Result<(), StoreError> {
    if change == 0 {
        return Ok(());
    }
    let place = Key::of(&TAGS, workspace).bytes(&tag_hash(txn, workspace, tag)?);
    let before = txn.get(&TAGS, &place)?.map_or(0, |tag| tag.contacts);
    match before.saturating_add_signed(change) {
        0 => txn.remove(&TAGS, &place),
        contacts => txn.put(&TAGS, &place, &TagCount { name: tag.to_owned(), contacts }),
    }
}

/// All tags of a workspace, the most used first.
pub fn list_tags(store: &Store, workspace: WorkspaceId) -> Result<Vec<TagCount>, StoreError> {
    store.read(|txn| all(txn, workspace))
}

pub(super) fn all(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<TagCount>, StoreError> {
    let rows = txn.list(&TAGS, &Key::of(&TAGS, workspace), Dir::Forward, 1000)?;
    let mut tags: Vec<TagCount> = rows.into_iter().map(|(_, tag)| tag).collect();
    tags.sort_by(|a, b| b.contacts.cmp(&a.contacts).then_with(|| a.name.cmp(&b.name)));
    Ok(tags)
}

/// Ids of the contacts that have a tag, newest first.
pub fn list_of_tag(
    store: &Store,
    workspace: WorkspaceId,
    tag: &str,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<ContactId>, StoreError> {
    let hash = store.blind(workspace, "contact tag", &tag.to_lowercase())?;
    let prefix = Key::of(&BY_TAG, workspace).bytes(&hash);
    let page = store.key_page(&BY_TAG, &prefix, before, Dir::Backward, limit)?;
    let ids = page.rows.iter().filter_map(Key::last_id).map(ContactId).collect();
    Ok(Page { rows: ids, next: page.next })
}

/// Contacts that have a tag, newest first.
pub(super) fn page(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    tag: &str,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let prefix = Key::of(&BY_TAG, workspace).bytes(&tag_hash(txn, workspace, tag)?);
    let mut keys = txn.keys_range(&BY_TAG, &store::before_cursor(&prefix, before), Dir::Backward, limit + 1)?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = keys.last().filter(|_| more).map(|key| Cursor(key.as_bytes()[prefix.as_bytes().len()..].to_vec()));
    let ids = keys.iter().filter_map(Key::last_id).map(ContactId);
    let rows = ids.filter_map(|id| store::find(txn, workspace, id).transpose()).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

/// Puts a tag on contacts. Returns how many did not have it before; restricted and unknown ones are left alone.
pub fn tag_all(app: &App, actor: &Actor, ids: &[ContactId], tag: &str) -> Result<usize, ContactError> {
    change_all(app, actor, ids, tag, |tags, tag| tags.insert(tag.to_owned()), "contacts.tagged")
}

/// Takes a tag off contacts. Returns how many had it.
pub fn untag_all(app: &App, actor: &Actor, ids: &[ContactId], tag: &str) -> Result<usize, ContactError> {
    change_all(app, actor, ids, tag, |tags, tag| tags.remove(tag), "contacts.untagged")
}

fn change_all(
    app: &App,
    actor: &Actor,
    ids: &[ContactId],
    tag: &str,
    change: impl Fn(&mut BTreeSet<String>, &str) -> bool,
    act: &str,
) -> Result<usize, ContactError> {
    actor.require(Permission::EditContacts)?;
    let tag = parse_tag(tag).ok_or_else(|| ContactError::field("tag", wrong_tag()))?;
    let (now, workspace) = (app.now(), actor.workspace);
    let mut changed = 0;
    for batch in ids.chunks(BATCH) {
        changed += app.store.write(|txn| {
            let mut writer = Writer::open(txn, workspace)?;
            let mut changed = 0;
            for id in batch {
                let Some(before) = store::find(txn, workspace, *id)? else { continue };
                let mut tags: BTreeSet<String> = before.tags.iter().cloned().collect();
                if before.restricted || !change(&mut tags, &tag) || tags.len() > MAX_TAGS {
                    continue;
                }
                let after = Contact { tags: tags.into_iter().collect(), changed_at: now, ..before.clone() };
                writer.put(txn, &after, Some(&before))?;
                events::append(txn, workspace, now, Happened::ContactChanged { contact: *id })?;
                changed += 1;
            }
            writer.finish(txn)?;
            if changed > 0 {
                audit::record(txn, workspace, now, &Who::of(actor), act, "contacts", &format!("{changed}"))?;
            }
            Ok::<usize, StoreError>(changed)
        })?;
    }
    Ok(changed)
}

pub(super) fn wrong_tag() -> String {
    format!("A tag has 1 to {LONGEST_TAG} characters, for example “hotel”.")
}
