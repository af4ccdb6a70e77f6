//! What people have corrected, kept as training rows of their workspace: label and hashed features, never words. Each
//! goes with its reply's person, and when the correction is taken back.

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use crate::base::{ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::language::classify::Lesson;
use crate::messaging::Reply;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// A row: what was learnt, from which reply, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Taught {
    contact: ContactId,
    reply: ReplyId,
    at: UnixMillis,
    lesson: Lesson,
}

const LESSONS: Table<Taught> = Table::sealed(
    0x0c20,
    "reply_lessons",
    Tree::Agents,
    Holds::Contact,
    Retention::UntilErased,
    "What replies were corrected to, with numbers made of their words instead of the words, so that similar ones are read \
     so from then on.",
);

pub const TABLES: &[Declared] = &[Declared::personal(&LESSONS, export, erase)];

/// More are compared with no reply; the one of the contact known longest gives way.
const MOST: usize = 300;

fn key(workspace: WorkspaceId, contact: ContactId, reply: ReplyId) -> Key {
    Key::of(&LESSONS, workspace).id(contact.0).id(reply.0)
}

/// Keeps what a reply was corrected to, in place of what was kept of it before.
pub(super) fn keep(txn: &mut Txn<'_>, reply: &Reply, lesson: &Lesson, now: UnixMillis) -> Result<(), StoreError> {
    let (workspace, contact) = (reply.workspace, reply.contact);
    let keys = txn.keys(&LESSONS, &Key::of(&LESSONS, workspace), Dir::Forward, MOST)?;
    let own = key(workspace, contact, reply.id);
    if keys.len() == MOST && !keys.contains(&own) {
        txn.remove(&LESSONS, &keys[0])?;
    }
    txn.put(&LESSONS, &own, &Taught { contact, reply: reply.id, at: now, lesson: lesson.clone() })
}

pub(super) fn forget(txn: &mut Txn<'_>, reply: &Reply) -> Result<(), StoreError> {
    txn.remove(&LESSONS, &key(reply.workspace, reply.contact, reply.id))
}

/// What was learnt from all replies but this one.
pub(super) fn of_others(store: &Store, reply: &Reply) -> Result<Vec<Lesson>, StoreError> {
    let prefix = Key::of(&LESSONS, reply.workspace);
    let rows = store.read(|txn| txn.list(&LESSONS, &prefix, Dir::Forward, MOST))?;
    let others = rows.into_iter().filter(|(_, taught)| taught.reply != reply.id);
    Ok(others.map(|(_, taught)| taught.lesson).collect())
}

/// A person can read when which of their answers was corrected to what; the numbers say nothing to anybody.
fn export(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&LESSONS, workspace).id(contact.0);
    let rows = store.read(|txn| txn.list(&LESSONS, &prefix, Dir::Forward, MOST))?;
    let told = |taught: Taught| json!({ "reply": taught.reply.to_string(), "at": taught.at.to_rfc3339(), "label": taught.lesson.label.as_str() });
    Ok(rows.into_iter().map(|(_, taught)| told(taught)).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&LESSONS, &Key::of(&LESSONS, workspace).id(contact.0))
}
