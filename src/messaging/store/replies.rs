//! Rows of replies: each is taken in once, and those that wait for a person stand in an index of their own.

use super::{export, newest, normal_message_id, page, Find};
use crate::base::{ContactId, Cursor, Page, ReplyId, UnixMillis, WorkerId, WorkspaceId};
use crate::messaging::model::Reply;
use crate::store::{
    successor, Declared, Dir, Holds, Key, KeyRange, Person, Retention, Store, StoreError, Table, Tree, Txn,
};

const REPLIES: Table<Reply> = Table::sealed(
    0x0a10,
    "replies",
    Tree::Messages,
    Holds::Contact,
    Retention::UntilErased,
    "Answers to what was sent: who, when, how it was read and why, and at most 2,000 characters of it.",
);
const REPLIES_BY_CONTACT: Table<()> = Table::index(0x0a11, "replies_by_contact", "Replies of one contact, by time.");
const REPLIES_RECENT: Table<()> = Table::index(0x0a12, "replies_recent", "Replies of a workspace, by time.");
const REPLY_SEEN: Table<ReplyId> = Table::sealed(
    0x0a13,
    "replies_seen",
    Tree::Index,
    Holds::Nothing,
    Retention::UntilErased,
    "Which answers were read already, by keyed hash of their Message-ID, so that none is acted on twice.",
);
const SWEPT: Table<Vec<u8>> = Table::sealed(
    0x0a14,
    "replies_swept",
    Tree::Messages,
    Holds::Nothing,
    Retention::Account,
    "Up to which answer the words were taken out because they had grown old.",
);
const REPLIES_WAITING: Table<()> =
    Table::index(0x0a15, "replies_waiting", "Replies that a person is to look at, by time.");
pub(super) const REPLIES_BY_WORKER: Table<()> =
    Table::index(0x0a16, "replies_by_worker", "Replies to one worker, by time.");
pub(super) const BY_WORKER_FILLED: Table<()> =
    Table::index(0x0a17, "replies_by_worker_filled", "Workspaces whose older replies stand in the index by worker.");

pub(super) const TABLES: &[Declared] = &[
    Declared::personal(&REPLIES, export_replies, erase_replies),
    Declared::plain(&REPLIES_BY_CONTACT),
    Declared::plain(&REPLIES_RECENT),
    Declared::plain(&REPLY_SEEN),
    Declared::plain(&SWEPT),
    Declared::plain(&REPLIES_WAITING),
    Declared::plain(&REPLIES_BY_WORKER),
    Declared::plain(&BY_WORKER_FILLED),
];

/// Answers of one person that are looked at.
const LOOK_BACK: usize = 20;

const FIND: Find<Reply> = |txn, workspace, id| find_reply(txn, workspace, ReplyId(id));

fn reply_key(workspace: WorkspaceId, id: ReplyId) -> Key {
    Key::of(&REPLIES, workspace).id(id.0)
}

pub fn find_reply(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Reply>, StoreError> {
    txn.get(&REPLIES, &reply_key(workspace, id))
}

pub fn get_reply(store: &Store, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Reply>, StoreError> {
    store.get(&REPLIES, &reply_key(workspace, id))
}

fn seen_key(txn: &Txn<'_>, reply: &Reply) -> Result<Key, StoreError> {
    let hash = txn.blind(reply.workspace, "reply seen", &normal_message_id(&reply.message_id))?;
    Ok(Key::of(&REPLY_SEEN, reply.workspace).bytes(&hash))
}

/// Writes a new reply; false when one with the same Message-ID was taken in before.
pub(in crate::messaging) fn insert_reply(txn: &mut Txn<'_>, reply: &Reply) -> Result<bool, StoreError> {
    let workspace = reply.workspace;
    let seen = seen_key(txn, reply)?;
    if txn.exists(&REPLY_SEEN, &seen)? {
        return Ok(false);
    }
    txn.put(&REPLY_SEEN, &seen, &reply.id)?;
    let (at, id) = (reply.received_at, reply.id.0);
    txn.mark(&REPLIES_BY_CONTACT, &Key::of(&REPLIES_BY_CONTACT, workspace).id(reply.contact.0).time(at).id(id))?;
    txn.mark(&REPLIES_RECENT, &Key::of(&REPLIES_RECENT, workspace).time(at).id(id))?;
    put_reply(txn, reply)?;
    Ok(true)
}

/// Writes a changed reply. One that was erased meanwhile stays erased.
pub fn update_reply(txn: &mut Txn<'_>, reply: &Reply) -> Result<(), StoreError> {
    if txn.exists(&REPLIES, &reply_key(reply.workspace, reply.id))? {
        put_reply(txn, reply)?;
    }
    Ok(())
}

fn waiting_key(reply: &Reply) -> Key {
    Key::of(&REPLIES_WAITING, reply.workspace).time(reply.received_at).id(reply.id.0)
}

fn put_reply(txn: &mut Txn<'_>, reply: &Reply) -> Result<(), StoreError> {
    if reply.waits() {
        txn.mark(&REPLIES_WAITING, &waiting_key(reply))?;
    } else {
        txn.remove(&REPLIES_WAITING, &waiting_key(reply))?;
    }
    mark_by_worker(txn, reply)?;
    txn.put(&REPLIES, &reply_key(reply.workspace, reply.id), reply)
}

pub(super) fn by_worker_key(reply: &Reply) -> Option<Key> {
    let prefix = Key::of(&REPLIES_BY_WORKER, reply.workspace).id(reply.worker?.0);
    Some(prefix.time(reply.received_at).id(reply.id.0))
}

fn mark_by_worker(txn: &mut Txn<'_>, reply: &Reply) -> Result<(), StoreError> {
    by_worker_key(reply).map_or(Ok(()), |key| txn.mark(&REPLIES_BY_WORKER, &key))
}

/// Replies to the mails of a worker, newest first.
pub fn list_replies_of_worker(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Reply>, StoreError> {
    fill_by_worker(store, workspace)?;
    let prefix = Key::of(&REPLIES_BY_WORKER, workspace).id(worker.0);
    page(store, workspace, (&REPLIES_BY_WORKER, &prefix), before, limit, FIND)
}

/// Replies marked in one transaction.
const FILL_BATCH: usize = 50;

/// Replies that an older version has written do not stand in the index; they are added once, and in any order.
fn fill_by_worker(store: &Store, workspace: WorkspaceId) -> Result<(), StoreError> {
    let filled = Key::of(&BY_WORKER_FILLED, workspace);
    if store.read(|txn| txn.exists(&BY_WORKER_FILLED, &filled))? {
        return Ok(());
    }
    let mut cursor = None;
    loop {
        let page = list_replies(store, workspace, cursor.as_ref(), FILL_BATCH)?;
        store.write(|txn| page.rows.iter().try_for_each(|reply| mark_by_worker(txn, reply)))?;
        cursor = page.next;
        if cursor.is_none() {
            return store.write(|txn| txn.mark(&BY_WORKER_FILLED, &filled));
        }
    }
}

/// Replies of the workspace, newest first.
pub fn list_replies(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Reply>, StoreError> {
    let prefix = Key::of(&REPLIES_RECENT, workspace);
    page(store, workspace, (&REPLIES_RECENT, &prefix), before, limit, FIND)
}

/// Replies of a contact page by page, newest first.
pub fn replies_of_contact(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Reply>, StoreError> {
    let prefix = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0);
    page(store, workspace, (&REPLIES_BY_CONTACT, &prefix), before, limit, FIND)
}

/// Replies that a person is to look at, newest first.
pub fn list_waiting_replies(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Reply>, StoreError> {
    let prefix = Key::of(&REPLIES_WAITING, workspace);
    store.read(|txn| newest(txn, workspace, (&REPLIES_WAITING, &prefix), limit, FIND))
}

/// Replies of a contact, newest first.
pub fn list_replies_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Reply>, StoreError> {
    let prefix = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0);
    newest(txn, workspace, (&REPLIES_BY_CONTACT, &prefix), limit, FIND)
}

/// Takes the words out of answers that came before then, the oldest first; who answered, when and how it was read
/// stays. Returns how many were looked at, at most `limit`.
pub fn sweep_excerpts(
    store: &Store,
    workspace: WorkspaceId,
    before: UnixMillis,
    limit: usize,
) -> Result<usize, StoreError> {
    let (place, prefix) = (Key::of(&SWEPT, workspace), Key::of(&REPLIES_RECENT, workspace));
    store.write_reserved(|txn| {
        let swept = txn.get(&SWEPT, &place)?;
        let start = swept.map_or(prefix.as_prefix().start, |last| successor(&last));
        let end = prefix.clone().time(before).0;
        if start >= end {
            return Ok(0);
        }
        let keys = txn.keys_range(&REPLIES_RECENT, &KeyRange { start, end }, Dir::Forward, limit)?;
        for id in keys.iter().filter_map(Key::last_id).map(ReplyId) {
            if let Some(reply) = find_reply(txn, workspace, id)? {
                put_reply(txn, &without_words(reply))?;
            }
        }
        if let Some(last) = keys.last() {
            txn.put(&SWEPT, &place, &last.as_bytes().to_vec())?;
        }
        Ok(keys.len())
    })
}

fn without_words(mut reply: Reply) -> Reply {
    reply.excerpt.clear();
    if let Some(reading) = &mut reply.reading {
        reading.booking_links.clear();
        reading.suggested.clear();
        reading.times.iter_mut().for_each(|time| time.source_text.clear());
    }
    reply
}

/// The contact has perhaps asked not to be written to, and nobody has said yet whether that is so.
pub fn may_have_opted_out(txn: &mut Txn<'_>, workspace: WorkspaceId, contact: ContactId) -> Result<bool, StoreError> {
    let newest = list_replies_of_contact(txn, workspace, contact, LOOK_BACK)?;
    Ok(newest.iter().any(|reply| reply.reading.as_ref().is_some_and(|reading| reading.undecided)))
}

pub(super) fn export_replies(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0);
    export(store, workspace, (&REPLIES_BY_CONTACT, &prefix), FIND)
}

pub(super) fn erase_replies(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let replies = list_replies_of_contact(txn, workspace, contact, 50)?;
            for reply in &replies {
                let (at, id) = (reply.received_at, reply.id.0);
                let by_contact = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0).time(at).id(id);
                txn.remove(&REPLIES_BY_CONTACT, &by_contact)?;
                txn.remove(&REPLIES_RECENT, &Key::of(&REPLIES_RECENT, workspace).time(at).id(id))?;
                txn.remove(&REPLIES_WAITING, &waiting_key(reply))?;
                if let Some(key) = by_worker_key(reply) {
                    txn.remove(&REPLIES_BY_WORKER, &key)?;
                }
                // Nothing can come of seeing it again: the message that it answers is erased as well.
                let seen = seen_key(txn, reply)?;
                txn.remove(&REPLY_SEEN, &seen)?;
                txn.remove(&REPLIES, &reply_key(workspace, reply.id))?;
            }
            Ok::<_, StoreError>(replies.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
