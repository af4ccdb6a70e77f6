//! Rows of texts, timing and plans.

use uuid::Uuid;

use super::model::{Kind, Own, Plan, Timing, Versions};
use crate::base::{BookingId, ContactId, WorkspaceId};
use crate::bookings::words::Language;
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const TEXTS: Table<Versions> = Table::sealed(
    0x0e40,
    "booking_messages",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "The owner's own texts of messages about bookings, with their earlier versions.",
);
const TIMING: Table<Timing> = Table::sealed(
    0x0e41,
    "booking_message_timing",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "When messages about bookings are sent, and who sends the invitation.",
);
const OWN: Table<Own> = Table::sealed(
    0x0e42,
    "booking_message_timing_of_one",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Reminders and invitation where the meetings of a worker or an event type have their own.",
);
const PLANS: Table<Plan> = Table::sealed(
    0x0e43,
    "messages_of_bookings",
    Tree::Bookings,
    Holds::Contact,
    Retention::UntilErased,
    "Which messages about a booking were sent to the guest and which are to come.",
);

pub const TABLES: &[Declared] = &[
    Declared::plain(&TEXTS),
    Declared::plain(&TIMING),
    Declared::plain(&OWN),
    Declared::personal(&PLANS, export, erase),
];

fn text_key(workspace: WorkspaceId, kind: Kind, language: Language) -> Key {
    Key::of(&TEXTS, workspace).text(kind.as_str()).text(language.tag())
}

pub fn find_versions(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    kind: Kind,
    language: Language,
) -> Result<Versions, StoreError> {
    Ok(txn.get(&TEXTS, &text_key(workspace, kind, language))?.unwrap_or_default())
}

pub fn put_versions(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    kind: Kind,
    language: Language,
    versions: &Versions,
) -> Result<(), StoreError> {
    txn.put(&TEXTS, &text_key(workspace, kind, language), versions)
}

pub fn find_timing(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Timing, StoreError> {
    Ok(txn.get(&TIMING, &Key::of(&TIMING, workspace))?.unwrap_or_default())
}

pub fn put_timing(txn: &mut Txn<'_>, workspace: WorkspaceId, timing: &Timing) -> Result<(), StoreError> {
    txn.put(&TIMING, &Key::of(&TIMING, workspace), timing)
}

/// `of` is the id of a worker or an event type.
pub fn find_own(txn: &mut Txn<'_>, workspace: WorkspaceId, of: Uuid) -> Result<Own, StoreError> {
    Ok(txn.get(&OWN, &Key::of(&OWN, workspace).id(of))?.unwrap_or_default())
}

pub fn put_own(txn: &mut Txn<'_>, workspace: WorkspaceId, of: Uuid, own: &Own) -> Result<(), StoreError> {
    let key = Key::of(&OWN, workspace).id(of);
    if own.is_empty() {
        return txn.remove(&OWN, &key);
    }
    txn.put(&OWN, &key, own)
}

fn plan_key(workspace: WorkspaceId, contact: ContactId, booking: BookingId) -> Key {
    Key::of(&PLANS, workspace).id(contact.0).id(booking.0)
}

pub fn find_plan(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    booking: BookingId,
) -> Result<Option<Plan>, StoreError> {
    txn.get(&PLANS, &plan_key(workspace, contact, booking))
}

pub fn put_plan(txn: &mut Txn<'_>, plan: &Plan) -> Result<(), StoreError> {
    txn.put(&PLANS, &plan_key(plan.workspace, plan.contact, plan.booking), plan)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    store.export_all(&PLANS, &Key::of(&PLANS, workspace).id(contact.0))
}

/// The jobs of what was to come find their plan gone and end.
fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&PLANS, &Key::of(&PLANS, workspace).id(contact.0))
}
