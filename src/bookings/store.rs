//! Rows of bookings and their indexes.

use serde::{Deserialize, Serialize};

use super::figures;
use super::group;
use super::hold::give_back;
use super::model::Booking;
use crate::availability::Span;
use crate::base::{BookingId, ContactId, Cursor, Page, ReplyId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::messaging::{self, Reply};
use crate::store::{
    successor, Declared, Dir, Holds, Key, KeyRange, Person, Retention, Store, StoreError, Table, Tree, Txn,
};

const BOOKINGS: Table<Booking> = Table::sealed(
    0x0e01,
    "bookings",
    Tree::Bookings,
    Holds::Contact,
    Retention::UntilErased,
    "Meetings with contacts: asked for, agreed, moved and cancelled.",
);
const BY_TIME: Table<()> = Table::index(0x0e02, "bookings_by_time", "Bookings in the order of their start.");
pub(super) const BY_CONTACT: Table<()> = Table::index(0x0e03, "bookings_by_contact", "Bookings of one contact.");
pub(super) const WAITING: Table<()> =
    Table::index(0x0e04, "bookings_waiting", "Times that a person has to decide about.");
const CONSIDERED: Table<()> = Table::index(0x0e05, "replies_considered", "Answers whose times were looked at.");

const TROUBLED: Table<()> =
    Table::index(0x0e07, "bookings_in_trouble", "Bookings that the calendar does not show as they were agreed.");
const LEFT: Table<Left> = Table::sealed(
    0x0e06,
    "meetings_left_to_a_person",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "Answers about a meeting that nothing could be offered to, with the reason.",
);

pub const TABLES: &[Declared] = &[
    Declared::personal(&BOOKINGS, export, erase),
    Declared::plain(&BY_TIME),
    Declared::plain(&BY_CONTACT),
    Declared::plain(&WAITING),
    Declared::plain(&CONSIDERED),
    Declared::plain(&LEFT),
    Declared::plain(&TROUBLED),
];

/// Bookings that one list of a person's may show.
const MOST: usize = 500;
/// Bookings of one range, and those looked at for one page of a list that leaves some out.
pub const MOST_BETWEEN: usize = 5_000;
const MOST_READ: usize = 10_000;
const ROWS_AT_ONCE: usize = 250;

fn key(workspace: WorkspaceId, id: BookingId) -> Key {
    Key::of(&BOOKINGS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: BookingId) -> Result<Option<Booking>, StoreError> {
    txn.get(&BOOKINGS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: BookingId) -> Result<Option<Booking>, StoreError> {
    store.get(&BOOKINGS, &key(workspace, id))
}

/// Writes a booking with its index rows; `before` is the row it replaces.
pub fn put(txn: &mut Txn<'_>, booking: &Booking, before: Option<&Booking>) -> Result<(), StoreError> {
    if let Some(before) = before {
        unindex(txn, before)?;
    }
    let (workspace, start, id) = (booking.workspace, booking.start, booking.id.0);
    txn.mark(&BY_TIME, &Key::of(&BY_TIME, workspace).time(start).id(id))?;
    txn.mark(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(booking.contact.0).time(start).id(id))?;
    if booking.waits() {
        txn.mark(&WAITING, &Key::of(&WAITING, workspace).time(start).id(id))?;
    }
    if booking.needs_help() {
        txn.mark(&TROUBLED, &Key::of(&TROUBLED, workspace).time(start).id(id))?;
    }
    figures::count(txn, booking)?;
    txn.put(&BOOKINGS, &key(workspace, booking.id), booking)
}

fn unindex(txn: &mut Txn<'_>, booking: &Booking) -> Result<(), StoreError> {
    let (workspace, start, id) = (booking.workspace, booking.start, booking.id.0);
    txn.remove(&BY_TIME, &Key::of(&BY_TIME, workspace).time(start).id(id))?;
    txn.remove(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(booking.contact.0).time(start).id(id))?;
    txn.remove(&WAITING, &Key::of(&WAITING, workspace).time(start).id(id))?;
    txn.remove(&TROUBLED, &Key::of(&TROUBLED, workspace).time(start).id(id))
}

/// Whether the times of this answer were looked at before.
pub fn was_considered(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId) -> Result<bool, StoreError> {
    txn.exists(&CONSIDERED, &Key::of(&CONSIDERED, workspace).id(reply.0))
}

pub fn mark_considered(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId) -> Result<(), StoreError> {
    txn.mark(&CONSIDERED, &Key::of(&CONSIDERED, workspace).id(reply.0))
}

/// The answer proposes no meeting after all: its times may be looked at anew, and it waits for nobody here.
pub fn forget_considered(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId) -> Result<(), StoreError> {
    txn.remove(&LEFT, &Key::of(&LEFT, workspace).id(reply.0))?;
    txn.remove(&CONSIDERED, &Key::of(&CONSIDERED, workspace).id(reply.0))
}

/// Why an answer about a meeting waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub reason: String,
}

/// Leaves an answer about a meeting to a person.
pub fn leave_to_person(txn: &mut Txn<'_>, reply: &Reply, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    let workspace = reply.workspace;
    txn.put(&LEFT, &Key::of(&LEFT, workspace).id(reply.id.0), &Left { reason: reason.to_owned() })?;
    let what = Happened::MeetingLeft { reply: reply.id, contact: reply.contact, reason: reason.to_owned() };
    events::append(txn, workspace, now, what).map(|_| ())
}

/// Answers about a meeting that wait for a person, the newest first; those that somebody has dealt with since are
/// not among them.
pub fn list_left(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<(Reply, Left)>, StoreError> {
    store.read(|txn| {
        let rows = txn.list(&LEFT, &Key::of(&LEFT, workspace), Dir::Backward, MOST)?;
        let mut open = Vec::new();
        for (key, left) in rows {
            let Some(reply) = key.last_id() else { continue };
            let reply = messaging::find_reply(txn, workspace, ReplyId(reply))?;
            open.extend(reply.filter(|reply| reply.handled_at.is_none()).map(|reply| (reply, left)));
            if open.len() == limit {
                break;
            }
        }
        Ok(open)
    })
}

/// Bookings that begin in `range`, in order, whatever became of them; the first 5,000.
pub fn list_between(store: &Store, workspace: WorkspaceId, range: Span) -> Result<Vec<Booking>, StoreError> {
    let wanted = Wanted { within: Some(range), after: None, limit: MOST_BETWEEN };
    Ok(find_all(store, workspace, &wanted, |_, _| Ok(true))?.rows)
}

/// Which bookings are wanted, and how many.
pub struct Wanted<'a> {
    /// Those that begin in it, in order; without it all, the last made first.
    pub within: Option<Span>,
    /// Those behind this place in the order.
    pub after: Option<&'a Cursor>,
    pub limit: usize,
}

/// The wanted bookings that `keep` lets through. Where few of many are kept the page may hold less than its limit and
/// still lead on, so that no question reads without end.
pub fn find_all(
    store: &Store,
    workspace: WorkspaceId,
    wanted: &Wanted<'_>,
    keep: impl Fn(&mut Txn<'_>, &Booking) -> Result<bool, StoreError>,
) -> Result<Page<Booking>, StoreError> {
    let (prefix, mut range, dir) = match wanted.within {
        Some(span) => {
            let prefix = Key::of(&BY_TIME, workspace);
            let at = |instant: UnixMillis| prefix.clone().time(instant).as_bytes().to_vec();
            let range = KeyRange { start: at(span.start), end: at(span.end) };
            (prefix, range, Dir::Forward)
        }
        None => {
            let prefix = Key::of(&BOOKINGS, workspace);
            (prefix.clone(), prefix.as_prefix(), Dir::Backward)
        }
    };
    // What a cursor names only narrows the range, so it cannot lead out of the workspace.
    let pass = |range: &mut KeyRange, key: &Key| match dir {
        Dir::Forward => range.start = successor(key.as_bytes()).max(std::mem::take(&mut range.start)),
        Dir::Backward => range.end = key.as_bytes().to_vec().min(std::mem::take(&mut range.end)),
    };
    if let Some(Cursor(rest)) = wanted.after {
        pass(&mut range, &prefix.clone().bytes(rest));
    }
    let mut page = Page { rows: Vec::new(), next: None };
    let mut read = 0;
    while !range.is_empty() {
        let room = wanted.limit.saturating_sub(page.rows.len());
        let (rows, last, is_all) = store.read(|txn| {
            let keys = match dir {
                Dir::Forward => txn.keys_range(&BY_TIME, &range, dir, ROWS_AT_ONCE)?,
                Dir::Backward => txn.keys_range(&BOOKINGS, &range, dir, ROWS_AT_ONCE)?,
            };
            let (mut rows, mut last) = (Vec::new(), None);
            let mut left = keys.iter();
            for key in left.by_ref() {
                last = Some(key.clone());
                let booking = key.last_id().map(|id| find(txn, workspace, BookingId(id))).transpose()?.flatten();
                if let Some(booking) = booking {
                    if keep(txn, &booking)? {
                        rows.push(booking);
                    }
                }
                if rows.len() >= room {
                    break;
                }
            }
            Ok::<_, StoreError>((rows, last, keys.len() < ROWS_AT_ONCE && left.next().is_none()))
        })?;
        page.rows.extend(rows);
        read += ROWS_AT_ONCE;
        let Some(last) = last.filter(|_| !is_all) else { break };
        if page.rows.len() >= wanted.limit || read >= MOST_READ {
            page.next = Some(Cursor(last.rest().to_vec()));
            break;
        }
        pass(&mut range, &last);
    }
    Ok(page)
}

/// Times that wait for a person, the next first.
pub fn list_waiting(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Booking>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&WAITING, &Key::of(&WAITING, workspace), Dir::Forward, limit)?;
        rows(txn, workspace, &keys)
    })
}

/// How many of them begin after `now`, at most 100.
pub fn count_waiting(store: &Store, workspace: WorkspaceId, now: UnixMillis) -> Result<u32, StoreError> {
    const MOST_COUNTED: usize = 100;
    store.read(|txn| {
        let mut range = Key::of(&WAITING, workspace).as_prefix();
        range.start = successor(Key::of(&WAITING, workspace).time(now).as_bytes());
        let keys = txn.keys_range(&WAITING, &range, Dir::Forward, MOST_COUNTED)?;
        Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
    })
}

/// Bookings that the calendar does not show as they were agreed, the next first.
pub fn list_troubled(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Booking>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&TROUBLED, &Key::of(&TROUBLED, workspace), Dir::Forward, limit)?;
        rows(txn, workspace, &keys)
    })
}

/// Bookings of a contact, the latest start first.
pub fn list_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Booking>, StoreError> {
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let keys = txn.keys(&BY_CONTACT, &prefix, Dir::Backward, limit)?;
    rows(txn, workspace, &keys)
}

/// All bookings, the last made first.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Booking>, StoreError> {
    let page = store.page(&BOOKINGS, &Key::of(&BOOKINGS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, booking)| booking))
}

fn rows(txn: &mut Txn<'_>, workspace: WorkspaceId, keys: &[Key]) -> Result<Vec<Booking>, StoreError> {
    let ids = keys.iter().filter_map(Key::last_id).map(BookingId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let bookings = store.read(|txn| list_of_contact(txn, workspace, contact, MOST))?;
    Ok(bookings.iter().filter_map(|booking| serde_json::to_value(booking).ok()).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            // A booking touches some dozen rows, with several hosts more, and a transaction stays small.
            let bookings = list_of_contact(txn, workspace, contact, 3)?;
            for booking in &bookings {
                if booking.state.is_booked() || booking.is_pending() {
                    give_back(txn, booking)?;
                    // Their name goes from the event that they shared, too.
                    group::leave(txn, booking, booking.created_at)?;
                }
                unindex(txn, booking)?;
                figures::forget(txn, workspace, booking.id)?;
                txn.remove(&BOOKINGS, &key(workspace, booking.id))?;
            }
            Ok::<_, StoreError>(bookings.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
