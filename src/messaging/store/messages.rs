//! Rows of messages, found by contact, enrolment, conversation and Message-ID.

use super::{export, newest, normal_message_id, page, Find};
use crate::base::{ConnectionId, ContactId, Cursor, EnrolmentId, MessageId, Page, WorkerId, WorkspaceId};
use crate::messaging::model::Message;
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

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
    Declared::plain(&WOULD_HAVE_LEFT),
];

const FIND: Find<Message> = |txn, workspace, id| find_message(txn, workspace, MessageId(id));

fn message_key(workspace: WorkspaceId, id: MessageId) -> Key {
    Key::of(&MESSAGES, workspace).id(id.0)
}

fn message_id_key(txn: &Txn<'_>, workspace: WorkspaceId, message_id: &str) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "message id", &normal_message_id(message_id))?;
    Ok(Key::of(&BY_MESSAGE_ID, workspace).bytes(&hash))
}

fn thread_key(txn: &Txn<'_>, workspace: WorkspaceId, on: ConnectionId, thread: &str) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "provider thread", &format!("{on}|{thread}"))?;
    Ok(Key::of(&BY_THREAD, workspace).bytes(&hash))
}

pub fn find_message(txn: &mut Txn<'_>, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
    txn.get(&MESSAGES, &message_key(workspace, id))
}

pub fn get_message(store: &Store, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
    store.get(&MESSAGES, &message_key(workspace, id))
}

/// Writes a new message with its index rows.
pub(in crate::messaging) fn insert_message(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
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
pub(in crate::messaging) fn update_message(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.put(&MESSAGES, &message_key(message.workspace, message.id), message)
}

/// Writes what answers to a message are matched by: its Message-ID, and the provider's conversation.
pub(in crate::messaging) fn index_ids(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
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
pub(in crate::messaging) fn put_in_doubt(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.mark(&IN_DOUBT, &doubt_key(message))
}

/// It is known (or decided) what became of it.
pub(in crate::messaging) fn settle_doubt(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
    txn.remove(&IN_DOUBT, &doubt_key(message))
}

fn dry_key(message: &Message) -> Option<Key> {
    let (at, worker) = (message.noted.would_have_left?, message.worker?);
    Some(Key::of(&WOULD_HAVE_LEFT, message.workspace).id(worker.0).time(at).id(message.id.0))
}

/// It stays here for a dry run: listed with its worker.
pub(in crate::messaging) fn put_in_dry_run(txn: &mut Txn<'_>, message: &Message) -> Result<(), StoreError> {
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
    page(store, workspace, (&WOULD_HAVE_LEFT, &prefix), before, limit, FIND)
}

/// Messages that may have left and wait for a person's word, newest first.
pub fn list_in_doubt(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    page(store, workspace, (&IN_DOUBT, &Key::of(&IN_DOUBT, workspace)), before, limit, FIND)
}

/// For tests of other rooms: puts a message into a state as if its job had.
#[cfg(test)]
pub fn set_state(
    app: &crate::app::App,
    workspace: WorkspaceId,
    id: MessageId,
    state: crate::messaging::model::Delivery,
) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(()) };
        message.state = state.clone();
        match state {
            crate::messaging::model::Delivery::NeedsHuman { .. } => put_in_doubt(txn, &message)?,
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
    store.read(|txn| newest(txn, workspace, (&BY_CONTACT, &prefix), limit, FIND))
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
    page(store, workspace, (&BY_CONTACT, &prefix), before, limit, FIND)
}

/// Messages of a contact, newest first, inside a transaction.
pub fn find_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    newest(txn, workspace, (&BY_CONTACT, &prefix), limit, FIND)
}

/// Messages of an enrolment, newest first.
pub fn list_of_enrolment(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    enrolment: EnrolmentId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let prefix = Key::of(&BY_ENROLMENT, workspace).id(enrolment.0);
    newest(txn, workspace, (&BY_ENROLMENT, &prefix), limit, FIND)
}

/// Messages of the workspace, newest first.
pub fn list_recent(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Message>, StoreError> {
    page(store, workspace, (&RECENT, &Key::of(&RECENT, workspace)), before, limit, FIND)
}

pub(super) fn export_messages(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    export(store, workspace, (&BY_CONTACT, &prefix), FIND)
}

fn erase_messages(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let messages = newest(txn, workspace, (&BY_CONTACT, &prefix), 50, FIND)?;
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
