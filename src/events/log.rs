//! The rows of the log.

use super::deliver::DELIVER;
use super::model::{Event, Happened};
use super::trouble::STUCK;
use crate::base::{ContactId, Cursor, Page, UnixMillis, WorkspaceId};
use crate::jobs::{self, Lane, NewJob};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const EVENTS: Table<Event> = Table::sealed(
    0x0301,
    "events",
    Tree::Events,
    Holds::Contact,
    Retention::Days(400),
    "What happened in the workspace, by ids, so that its rooms can react and its owner can look back.",
);
const NUMBERS: Table<u64> = Table::sealed(
    0x0302,
    "event_numbers",
    Tree::Events,
    Holds::Nothing,
    Retention::Account,
    "The number of a workspace's newest event, kept when the event itself is swept.",
);
const BY_CONTACT: Table<()> =
    Table::index_in(0x0303, "events_by_contact", Tree::Events, "Events of one contact, for the timeline.");
pub(super) const CURSORS: Table<u64> = Table::sealed(
    0x0304,
    "event_cursors",
    Tree::Events,
    Holds::Nothing,
    Retention::Account,
    "How far each part of the program has read the log.",
);

pub const TABLES: &[Declared] = &[
    Declared::personal(&EVENTS, export_contact, erase_contact),
    Declared::plain(&NUMBERS),
    Declared::plain(&BY_CONTACT),
    Declared::plain(&CURSORS),
    Declared::plain(&STUCK),
];

/// Parts of the program that ever read the log.
const MOST_SUBSCRIBERS: usize = 500;

fn event_key(workspace: WorkspaceId, number: u64) -> Key {
    Key::of(&EVENTS, workspace).u64(number)
}

fn contact_prefix(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&BY_CONTACT, workspace).id(contact.0)
}

/// Appends an event in this transaction and plans its delivery. Returns its number.
pub fn append(txn: &mut Txn<'_>, workspace: WorkspaceId, now: UnixMillis, what: Happened) -> Result<u64, StoreError> {
    let number = newest(txn, workspace)? + 1;
    if let Some(contact) = what.contact() {
        txn.mark(&BY_CONTACT, &contact_prefix(workspace, contact).u64(number))?;
    }
    txn.put_fresh(&EVENTS, &event_key(workspace, number), &Event { number, workspace, at: now, what })?;
    // One delivery job per workspace; the id of a further one is dropped by its `once` key.
    let job = NewJob::new(DELIVER, Lane::Steps, workspace, now, &()).once("deliver").max_attempts(u32::MAX);
    let open = jobs::enqueue(txn, &job)?;
    if open != job.id() {
        // It may wait for one part of the program that failed; the others hear of this at once all the same.
        jobs::hurry(txn, open, now)?;
    }
    Ok(number)
}

pub(super) fn newest(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let last = txn.keys(&EVENTS, &Key::of(&EVENTS, workspace), Dir::Backward, 1)?;
    match last.first().and_then(|key| read_number(key.rest())) {
        Some(number) => Ok(number),
        None => Ok(txn.get(&NUMBERS, &Key::of(&NUMBERS, workspace))?.unwrap_or(0)),
    }
}

/// The furthest that anybody has read the workspace's log; 0 in a new workspace.
pub(super) fn told_so_far(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let cursors = txn.list(&CURSORS, &Key::of(&CURSORS, workspace), Dir::Forward, MOST_SUBSCRIBERS)?;
    Ok(cursors.into_iter().map(|(_, read)| read).max().unwrap_or(0))
}

pub(super) fn after(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    number: u64,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let mut range = Key::of(&EVENTS, workspace).as_prefix();
    range.start = event_key(workspace, number.saturating_add(1)).as_bytes().to_vec();
    let rows = txn.list_range(&EVENTS, &range, Dir::Forward, limit)?;
    Ok(rows.into_iter().map(|(_, event)| event).collect())
}

/// The log from its beginning, in order.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Event>, StoreError> {
    let page = store.page(&EVENTS, &Key::of(&EVENTS, workspace), after, Dir::Forward, limit)?;
    Ok(page.map(|(_, event)| event))
}

/// Where `list_newest` of a workspace goes on behind the event of this number.
pub fn before(number: u64) -> Cursor {
    Cursor(number.to_be_bytes().to_vec())
}

/// Newest first; of one contact, or of the workspace.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    contact: Option<ContactId>,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Event>, StoreError> {
    let Some(contact) = contact else {
        let page = store.page(&EVENTS, &Key::of(&EVENTS, workspace), before, Dir::Backward, limit)?;
        return Ok(page.map(|(_, event)| event));
    };
    let keys = store.key_page(&BY_CONTACT, &contact_prefix(workspace, contact), before, Dir::Backward, limit)?;
    let rows = store.read(|txn| {
        let numbers = keys.rows.iter().filter_map(number_of);
        numbers.filter_map(|number| txn.get(&EVENTS, &event_key(workspace, number)).transpose()).collect()
    });
    Ok(Page { rows: rows.map_err(|error: StoreError| error)?, next: keys.next })
}

fn number_of(key: &Key) -> Option<u64> {
    key.rest().get(16..).and_then(read_number)
}

fn read_number(bytes: &[u8]) -> Option<u64> {
    bytes.get(..8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes)
}

/// Removes events from before then, the oldest first, with their rows in timelines. Returns how many, at most `limit`.
pub fn sweep(store: &Store, workspace: WorkspaceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let rows = txn.list(&EVENTS, &Key::of(&EVENTS, workspace), Dir::Forward, limit)?;
        // Numbers go on where they were, also when nothing of the log is left.
        let newest = newest(txn, workspace)?;
        if rows.last().is_some_and(|(_, event)| event.number == newest) {
            txn.put(&NUMBERS, &Key::of(&NUMBERS, workspace), &newest)?;
        }
        let mut gone = 0;
        for (key, event) in rows.into_iter().take_while(|(_, event)| event.at < before) {
            txn.remove(&EVENTS, &key)?;
            if let Some(contact) = event.what.contact() {
                txn.remove(&BY_CONTACT, &contact_prefix(workspace, contact).u64(event.number))?;
            }
            gone += 1;
        }
        Ok(gone)
    })
}

fn export_contact(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let page = list_newest(store, workspace, Some(contact), cursor.as_ref(), 200)?;
        rows.extend(page.rows.iter().filter_map(|event| serde_json::to_value(event).ok()));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// The events stay as facts of the workspace, without the person: a number in the log must not go missing.
fn erase_contact(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let keys = txn.keys(&BY_CONTACT, &contact_prefix(workspace, contact), Dir::Forward, 100)?;
            for key in &keys {
                txn.remove(&BY_CONTACT, key)?;
                let Some(number) = number_of(key) else { continue };
                let place = event_key(workspace, number);
                if let Some(event) = txn.get(&EVENTS, &place)? {
                    txn.put(&EVENTS, &place, &Event { what: Happened::Unknown, ..event })?;
                }
            }
            Ok::<_, StoreError>(keys.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
