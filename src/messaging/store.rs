//! Rows of messages and replies.

use super::model::{Message, Reply};
use crate::base::{
    ConnectionId, ContactId, Cursor, EnrolmentId, MessageId, Page, ReplyId, UnixMillis, WorkerId, WorkspaceId,
};
use crate::store::{
    successor, Declared, Dir, Holds, Key, KeyRange, Person, Retention, Store, StoreError, Table, Tree, Txn,
};

const MESSAGES: Table<Message> = Table::sealed(
    0x0a01,
    "messages",
    Tree::Messages,
    Holds::Contact,
    Retention::UntilErased,
    "What was sent to whom, when and from which mailbox, so that answers can be matched and nothing is sent twice.",
);
const BY_CONTACT: Table<()> = Table::index(0x0a02, "messages_by_contact", "Messages of one contact, by time.");
const BY_MESSAGE_ID: Table<MessageId> = Table::sealed(
    0x0a03,
    "messages_by_message_id",
    Tree::Index,
    Holds::Nothing,
    Retention::UntilErased,
    "Which message has a Message-ID, by keyed hash, so that an answer is matched without keeping a list of mail.",
);
const BY_THREAD: Table<MessageId> = Table::sealed(
    0x0a04,
    "messages_by_thread",
    Tree::Index,
    Holds::Nothing,
    Retention::UntilErased,
    "The first message of ours in a provider's conversation, by keyed hash.",
);
const BY_ENROLMENT: Table<()> = Table::index(0x0a05, "messages_by_enrolment", "Messages of one enrolment, by time.");
const RECENT: Table<()> = Table::index(0x0a06, "messages_recent", "Messages of a workspace, by time.");
const IN_DOUBT: Table<()> =
    Table::index(0x0a07, "messages_in_doubt", "Messages that may have left and wait for a person's word, by time.");
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

const REPLIES_BY_WORKER: Table<()> = Table::index(0x0a16, "replies_by_worker", "Replies to one worker, by time.");
const BY_WORKER_FILLED: Table<()> =
    Table::index(0x0a17, "replies_by_worker_filled", "Workspaces whose older replies stand in the index by worker.");

const WOULD_HAVE_LEFT: Table<()> =
    Table::index(0x0a18, "messages_would_have_left", "Mails that a worker on a dry run would have sent, by time.");

pub(super) const TABLES: &[Declared] = &[
    Declared::personal(&MESSAGES, export_messages, erase_messages),
    Declared::plain(&BY_CONTACT),
    Declared::plain(&BY_MESSAGE_ID),
    Declared::plain(&BY_THREAD),
    Declared::plain(&BY_ENROLMENT),
    Declared::plain(&RECENT),
    Declared::plain(&IN_DOUBT),
    Declared::personal(&REPLIES, export_replies, erase_replies),
    Declared::plain(&REPLIES_BY_CONTACT),
    Declared::plain(&REPLIES_RECENT),
    Declared::plain(&REPLY_SEEN),
    Declared::plain(&SWEPT),
    Declared::plain(&REPLIES_WAITING),
    Declared::plain(&REPLIES_BY_WORKER),
    Declared::plain(&BY_WORKER_FILLED),
    Declared::plain(&WOULD_HAVE_LEFT),
];

/// Rows of one person read in one go for an export.
const EXPORTED: usize = 200;

/// Answers of one person that are looked at.
const LOOK_BACK: usize = 20;

fn message_key(workspace: WorkspaceId, id: MessageId) -> Key {
    Key::of(&MESSAGES, workspace).id(id.0)
}

fn reply_key(workspace: WorkspaceId, id: ReplyId) -> Key {
    Key::of(&REPLIES, workspace).id(id.0)
}

fn message_id_key(txn: &Txn<'_>, workspace: WorkspaceId, message_id: &str) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "message id", &normal_message_id(message_id))?;
    Ok(Key::of(&BY_MESSAGE_ID, workspace).bytes(&hash))
}

fn thread_key(txn: &Txn<'_>, workspace: WorkspaceId, on: ConnectionId, thread: &str) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "provider thread", &format!("{on}|{thread}"))?;
    Ok(Key::of(&BY_THREAD, workspace).bytes(&hash))
}

/// Some mailers change the case of the domain part; brackets and blanks are never part of the id.
fn normal_message_id(raw: &str) -> String {
    raw.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase()
}

pub fn find_message(txn: &mut Txn<'_>, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
    txn.get(&MESSAGES, &message_key(workspace, id))
}

pub fn get_message(store: &Store, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
    store.get(&MESSAGES, &message_key(workspace, id))
}

/// Writes a new message with its index rows.
pub(super) fn insert_message(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    let workspace = message.workspace;
    let (at, id) = (message.queued_at, message.id.0);
    txn.mark(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(message.contact.0).time(at).id(id))?;
    txn.mark(&RECENT, &Key::of(&RECENT, workspace).time(at).id(id))?;
    if let Some(enrolment) = message.enrolment {
        txn.mark(&BY_ENROLMENT, &Key::of(&BY_ENROLMENT, workspace).id(enrolment.0).time(at).id(id))?;
    }
    index_ids(txn, message)?;
    update_message(txn, message)
}

/// Writes a changed message. Where the ids that answers are matched by have changed, call `index_ids` too.
pub(super) fn update_message(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.put(&MESSAGES, &message_key(message.workspace, message.id), message)
}

/// Writes what answers to a message are matched by: its Message-ID, and the provider's conversation.
pub(super) fn index_ids(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    let by_id = message_id_key(txn, message.workspace, &message.message_id)?;
    txn.put(&BY_MESSAGE_ID, &by_id, &message.id)?;
    if let Some(thread) = &message.provider_thread {
        let by_thread = thread_key(txn, message.workspace, message.connection, thread)?;
        if !txn.exists(&BY_THREAD, &by_thread)? {
            txn.put(&BY_THREAD, &by_thread, &message.id)?;
        }
    }
    Ok(())
}

fn doubt_key(message: &Message) -> Key {
    Key::of(&IN_DOUBT, message.workspace).time(message.queued_at).id(message.id.0)
}

/// A person must say what became of it.
pub(super) fn put_in_doubt(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.mark(&IN_DOUBT, &doubt_key(message))
}

/// It is known (or decided) what became of it.
pub(super) fn settle_doubt(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.remove(&IN_DOUBT, &doubt_key(message))
}

fn dry_key(message: &Message) -> Option<Key> {
    let (at, worker) = (message.noted.would_have_left?, message.worker?);
    Some(Key::of(&WOULD_HAVE_LEFT, message.workspace).id(worker.0).time(at).id(message.id.0))
}

/// It stays here for a dry run: listed with its worker.
pub(super) fn put_in_dry_run(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    dry_key(message).map_or(Ok(()), |key| txn.mark(&WOULD_HAVE_LEFT, &key))
}

/// What a worker on a dry run would have sent, newest first.
pub fn list_would_have_left(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    let prefix = Key::of(&WOULD_HAVE_LEFT, workspace).id(worker.0);
    page_of(store, workspace, &WOULD_HAVE_LEFT, &prefix, before, limit)
}

/// Messages that may have left and wait for a person's word, newest first.
pub fn list_in_doubt(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    page_of(store, workspace, &IN_DOUBT, &Key::of(&IN_DOUBT, workspace), before, limit)
}

/// For tests of other rooms: puts a message into a state as if its job had.
#[cfg(test)]
pub fn set_state(
    app: &crate::app::App,
    workspace: WorkspaceId,
    id: MessageId,
    state: super::model::Delivery,
) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(()) };
        message.state = state.clone();
        match state {
            super::model::Delivery::NeedsHuman { .. } => put_in_doubt(txn, &message)?,
            _ => settle_doubt(txn, &message)?,
        }
        update_message(txn, &message)
    })
}

/// Our message with one of these Message-IDs; the first that is ours counts.
pub fn find_by_message_ids(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    message_ids: &[String],
) -> Result<Option<Message>, StoreError> {
    for message_id in message_ids {
        let place = message_id_key(txn, workspace, message_id)?;
        if let Some(id) = txn.get(&BY_MESSAGE_ID, &place)? {
            if let Some(message) = find_message(txn, workspace, id)? {
                return Ok(Some(message));
            }
        }
    }
    Ok(None)
}

/// The message with which we began a provider's conversation.
pub fn find_by_thread(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    thread: &str,
) -> Result<Option<Message>, StoreError> {
    let place = thread_key(txn, workspace, connection, thread)?;
    match txn.get(&BY_THREAD, &place)? {
        Some(id) => find_message(txn, workspace, id),
        None => Ok(None),
    }
}

/// Messages of a contact, newest first.
pub fn list_of_contact(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    store.read(|txn| messages_of(txn, workspace, &BY_CONTACT, &prefix, limit))
}

/// Messages of a contact page by page, newest first.
pub fn page_of_contact(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    page_of(store, workspace, &BY_CONTACT, &prefix, before, limit)
}

/// Messages of a contact, newest first, inside a transaction.
pub fn find_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    messages_of(txn, workspace, &BY_CONTACT, &prefix, limit)
}

/// Messages of an enrolment, newest first.
pub fn list_of_enrolment(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    enrolment: EnrolmentId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let prefix = Key::of(&BY_ENROLMENT, workspace).id(enrolment.0);
    messages_of(txn, workspace, &BY_ENROLMENT, &prefix, limit)
}

/// Messages of the workspace, newest first.
pub fn list_recent(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    page_of(store, workspace, &RECENT, &Key::of(&RECENT, workspace), before, limit)
}

/// One page of the messages that an index names, newest first.
fn page_of(
    store: &Store,
    workspace: WorkspaceId,
    index: &Table<()>,
    prefix: &Key,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    let keys = store.key_page(index, prefix, before, Dir::Backward, limit)?;
    let ids = keys.rows.iter().filter_map(Key::last_id).map(MessageId);
    let rows = store.read(|txn| ids.clone().filter_map(|id| find_message(txn, workspace, id).transpose()).collect())?;
    Ok(Page { rows, next: keys.next })
}

fn messages_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    index: &Table<()>,
    prefix: &Key,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let keys = txn.keys(index, prefix, Dir::Backward, limit)?;
    let ids = keys.iter().filter_map(Key::last_id).map(MessageId);
    ids.filter_map(|id| find_message(txn, workspace, id).transpose()).collect()
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
pub(super) fn insert_reply(txn: &mut Txn<'_>, reply: &Reply) -> Result<bool, StoreError> {
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

fn by_worker_key(reply: &Reply) -> Option<Key> {
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
    page_of_replies(store, workspace, &REPLIES_BY_WORKER, &prefix, before, limit)
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
    page_of_replies(store, workspace, &REPLIES_RECENT, &prefix, before, limit)
}

fn page_of_replies(
    store: &Store,
    workspace: WorkspaceId,
    index: &Table<()>,
    prefix: &Key,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Reply>, StoreError> {
    let keys = store.key_page(index, prefix, before, Dir::Backward, limit)?;
    let ids = keys.rows.iter().filter_map(Key::last_id).map(ReplyId);
    let rows = store.read(|txn| ids.clone().filter_map(|id| find_reply(txn, workspace, id).transpose()).collect())?;
    Ok(Page { rows, next: keys.next })
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
    page_of_replies(store, workspace, &REPLIES_BY_CONTACT, &prefix, before, limit)
}

/// Replies that a person is to look at, newest first.
pub fn list_waiting_replies(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Reply>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&REPLIES_WAITING, &Key::of(&REPLIES_WAITING, workspace), Dir::Backward, limit)?;
        let ids = keys.iter().filter_map(Key::last_id).map(ReplyId);
        ids.filter_map(|id| find_reply(txn, workspace, id).transpose()).collect()
    })
}

/// Replies of a contact, newest first.
pub fn list_replies_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Reply>, StoreError> {
    let prefix = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0);
    let keys = txn.keys(&REPLIES_BY_CONTACT, &prefix, Dir::Backward, limit)?;
    let ids = keys.iter().filter_map(Key::last_id).map(ReplyId);
    ids.filter_map(|id| find_reply(txn, workspace, id).transpose()).collect()
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

fn export_messages(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = page_of(store, workspace, &BY_CONTACT, &prefix, before.as_ref(), EXPORTED)?;
        rows.extend(page.rows.iter().filter_map(|message| serde_json::to_value(message).ok()));
        before = page.next;
        if before.is_none() {
            return Ok(rows);
        }
    }
}

fn erase_messages(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let messages = messages_of(txn, workspace, &BY_CONTACT, &prefix, 50)?;
            for message in &messages {
                remove_message(txn, message)?;
            }
            Ok::<_, StoreError>(messages.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}

fn remove_message(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    let workspace = message.workspace;
    let (at, id) = (message.queued_at, message.id.0);
    txn.remove(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(message.contact.0).time(at).id(id))?;
    txn.remove(&RECENT, &Key::of(&RECENT, workspace).time(at).id(id))?;
    settle_doubt(txn, message)?;
    if let Some(key) = dry_key(message) {
        txn.remove(&WOULD_HAVE_LEFT, &key)?;
    }
    if let Some(enrolment) = message.enrolment {
        txn.remove(&BY_ENROLMENT, &Key::of(&BY_ENROLMENT, workspace).id(enrolment.0).time(at).id(id))?;
    }
    let by_id = message_id_key(txn, workspace, &message.message_id)?;
    txn.remove(&BY_MESSAGE_ID, &by_id)?;
    if let Some(thread) = &message.provider_thread {
        let by_thread = thread_key(txn, workspace, message.connection, thread)?;
        txn.remove(&BY_THREAD, &by_thread)?;
    }
    txn.remove(&MESSAGES, &message_key(workspace, message.id))
}

fn export_replies(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&REPLIES_BY_CONTACT, workspace).id(contact.0);
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = page_of_replies(store, workspace, &REPLIES_BY_CONTACT, &prefix, before.as_ref(), EXPORTED)?;
        rows.extend(page.rows.iter().filter_map(|reply| serde_json::to_value(reply).ok()));
        before = page.next;
        if before.is_none() {
            return Ok(rows);
        }
    }
}

fn erase_replies(store: &Store, person: Person) -> Result<usize, StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::testing::queue_mail;
    use crate::testing;

    fn reply_to(first: &Message, nth: u32) -> Reply {
        Reply {
            id: ReplyId::new(first.queued_at),
            workspace: first.workspace,
            contact: first.contact,
            message: first.id,
            connection: first.connection,
            worker: None,
            enrolment: None,
            from: first.to.clone(),
            from_name: String::new(),
            received_at: first.queued_at,
            sent_at: first.queued_at,
            subject: String::new(),
            excerpt: "Yes.".into(),
            message_id: format!("a{nth}@fellside.example"),
            references: vec![],
            provider_thread: None,
            header_facts: vec![],
            automatic: false,
            reading: None,
            handled_at: None,
        }
    }

    #[test]
    fn an_export_holds_all_messages_and_replies_however_many() {
        let test = testing::app();
        let (store, workspace) = (&test.app.store, test.workspace);
        let first = queue_mail(&test.app, workspace, "anna@fellside.example");
        let reply = |nth: u32| reply_to(&first, nth);
        let message = |nth: u32| Message {
            id: MessageId::new(first.queued_at),
            message_id: format!("m{nth}@fernhill.example"),
            ..first.clone()
        };
        let numbers: Vec<u32> = (0..1010).collect();
        for batch in numbers.chunks(10) {
            let rows: Vec<_> = batch.iter().map(|nth| (message(*nth), reply(*nth))).collect();
            let written = store.write::<_, StoreError>(|txn| {
                for (message, reply) in &rows {
                    insert_message(txn, message)?;
                    insert_reply(txn, reply)?;
                }
                Ok(())
            });
            written.unwrap();
        }
        let person = Person::Contact(workspace, first.contact);
        assert_eq!(export_messages(store, person).unwrap().len(), 1011);
        assert_eq!(export_replies(store, person).unwrap().len(), 1010);
    }

    #[test]
    fn the_replies_to_a_worker_are_found_however_many_others_came_since_and_who_is_erased_is_not() {
        let test = testing::app();
        let (store, workspace) = (&test.app.store, test.workspace);
        let first = queue_mail(&test.app, workspace, "anna@fellside.example");
        let (own, other) = (WorkerId::new(first.queued_at), WorkerId::new(first.queued_at));
        let reply = |nth: u32, worker| Reply { worker: Some(worker), ..reply_to(&first, nth) };
        for nth in 0..3 {
            store.write(|txn| insert_reply(txn, &reply(nth, own))).unwrap();
        }
        for nth in 3..250 {
            store.write(|txn| insert_reply(txn, &reply(nth, other))).unwrap();
        }
        let count = |worker| list_replies_of_worker(store, workspace, worker, None, 300).unwrap().rows.len();
        assert_eq!((count(own), count(other)), (3, 247));
        let page = list_replies_of_worker(store, workspace, own, None, 2).unwrap();
        let rest = list_replies_of_worker(store, workspace, own, page.next.as_ref(), 2).unwrap();
        assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 1, None));

        // As an older version left it: no reply stands in the index.
        for (worker, all) in [(own, 3), (other, 247)] {
            for row in list_replies_of_worker(store, workspace, worker, None, 300).unwrap().rows {
                store.write(|txn| txn.remove(&REPLIES_BY_WORKER, &by_worker_key(&row).unwrap())).unwrap();
            }
            assert_eq!(count(worker), 0);
            store.write(|txn| txn.remove(&BY_WORKER_FILLED, &Key::of(&BY_WORKER_FILLED, workspace))).unwrap();
            assert_eq!(count(worker), all);
        }
        erase_replies(store, Person::Contact(workspace, first.contact)).unwrap();
        let keys = store.key_page(&REPLIES_BY_WORKER, &Key::of(&REPLIES_BY_WORKER, workspace), None, Dir::Forward, 9);
        assert_eq!(keys.unwrap().rows.len(), 0);
    }
}
