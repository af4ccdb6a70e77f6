//! Rows of payments and their indexes.

use serde::{Deserialize, Serialize};

use super::model::{Account, Payment};
use super::orphan;
use crate::base::{BookingId, ContactId, Cursor, Page, PaymentId, UnixMillis, WorkspaceId};
use crate::providers::outbound::CallRecord;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const ACCOUNTS: Table<Account> = Table::sealed(
    0x1501,
    "stripe_accounts",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "The workspace's account at Stripe: its sealed key and how it stands.",
);
const PAYMENTS: Table<Payment> = Table::sealed(
    0x1502,
    "payments",
    Tree::Bookings,
    Holds::Contact,
    Retention::UntilErased,
    "What guests were asked to pay, what they paid and what was given back. No card.",
);
const BY_BOOKING: Table<()> = Table::index(0x1503, "payments_by_booking", "The payments of one booking.");
const BY_CONTACT: Table<()> = Table::index(0x1504, "payments_by_contact", "The payments of one contact.");
const LEFT: Table<()> =
    Table::index(0x1506, "payments_left", "Payments of which something could not be given back: a person settles it.");
const CALLS: Table<Vec<Called>> = Table::sealed(
    0x1505,
    "stripe_calls",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "The last calls made to Stripe, without their content.",
);

pub const TABLES: &[Declared] = &[
    Declared::plain(&ACCOUNTS),
    Declared::personal(&PAYMENTS, export, erase),
    Declared::plain(&BY_BOOKING),
    Declared::plain(&BY_CONTACT),
    Declared::plain(&LEFT),
    Declared::plain(&CALLS),
];

const CALLS_KEPT: usize = 30;
const MOST: usize = 500;

/// One call, as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Called {
    pub at: UnixMillis,
    pub method: String,
    pub url: String,
    pub status: Option<u16>,
    pub took_millis: u64,
}

pub fn find_account(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Option<Account>, StoreError> {
    txn.get(&ACCOUNTS, &Key::of(&ACCOUNTS, workspace))
}

pub fn get_account(store: &Store, workspace: WorkspaceId) -> Result<Option<Account>, StoreError> {
    store.get(&ACCOUNTS, &Key::of(&ACCOUNTS, workspace))
}

pub fn put_account(txn: &mut Txn<'_>, account: &Account) -> Result<(), StoreError> {
    txn.put(&ACCOUNTS, &Key::of(&ACCOUNTS, account.workspace), account)
}

/// The account and the record of its calls; payments stay.
pub fn remove_account(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<(), StoreError> {
    txn.remove(&ACCOUNTS, &Key::of(&ACCOUNTS, workspace))?;
    txn.remove(&CALLS, &Key::of(&CALLS, workspace))
}

fn key(workspace: WorkspaceId, id: PaymentId) -> Key {
    Key::of(&PAYMENTS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    txn.get(&PAYMENTS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    store.get(&PAYMENTS, &key(workspace, id))
}

pub fn put(txn: &mut Txn<'_>, payment: &Payment) -> Result<(), StoreError> {
    let (workspace, id) = (payment.workspace, payment.id.0);
    txn.mark(&BY_BOOKING, &Key::of(&BY_BOOKING, workspace).id(payment.booking.0).id(id))?;
    txn.mark(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(payment.contact.0).id(id))?;
    match payment.needs_person().is_some() {
        true => txn.mark(&LEFT, &left_key(workspace, payment.id))?,
        false => txn.remove(&LEFT, &left_key(workspace, payment.id))?,
    }
    txn.put(&PAYMENTS, &key(workspace, payment.id), payment)
}

fn left_key(workspace: WorkspaceId, id: PaymentId) -> Key {
    Key::of(&LEFT, workspace).id(id.0)
}

/// Payments that a person has to settle, the newest first.
pub fn list_left(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Payment>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&LEFT, &Key::of(&LEFT, workspace), Dir::Backward, limit)?;
        let ids = keys.iter().filter_map(Key::last_id).map(PaymentId);
        ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
    })
}

/// The newest payment of a booking.
pub fn find_of_booking(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    booking: BookingId,
) -> Result<Option<Payment>, StoreError> {
    let keys = txn.keys(&BY_BOOKING, &Key::of(&BY_BOOKING, workspace).id(booking.0), Dir::Backward, 1)?;
    match keys.first().and_then(Key::last_id) {
        Some(id) => find(txn, workspace, PaymentId(id)),
        None => Ok(None),
    }
}

/// The newest first.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Payment>, StoreError> {
    let page = store.page(&PAYMENTS, &Key::of(&PAYMENTS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, payment)| payment))
}

pub fn calls(store: &Store, workspace: WorkspaceId) -> Result<Vec<Called>, StoreError> {
    Ok(store.get(&CALLS, &Key::of(&CALLS, workspace))?.unwrap_or_default())
}

/// Puts calls in front of those before them; without an account nothing is kept.
pub fn note_calls(store: &Store, workspace: WorkspaceId, new: &[CallRecord]) -> Result<(), StoreError> {
    let called = |call: &CallRecord| Called {
        at: call.at,
        method: call.method.clone(),
        url: call.url.clone(),
        status: call.status,
        took_millis: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
    };
    let place = Key::of(&CALLS, workspace);
    store.write(|txn| {
        if find_account(txn, workspace)?.is_none() {
            return Ok(());
        }
        let before = txn.get(&CALLS, &place)?.unwrap_or_default();
        let all: Vec<Called> = new.iter().rev().map(called).chain(before).take(CALLS_KEPT).collect();
        txn.put(&CALLS, &place, &all)
    })
}

fn of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Payment>, StoreError> {
    let keys = txn.keys(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(contact.0), Dir::Backward, limit)?;
    let ids = keys.iter().filter_map(Key::last_id).map(PaymentId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let payments = store.read(|txn| of_contact(txn, workspace, contact, MOST))?;
    Ok(payments.iter().filter_map(|payment| serde_json::to_value(payment).ok()).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let payments = of_contact(txn, workspace, contact, 10)?;
            for payment in &payments {
                let id = payment.id.0;
                orphan::plan(txn, payment)?;
                txn.remove(&BY_BOOKING, &Key::of(&BY_BOOKING, workspace).id(payment.booking.0).id(id))?;
                txn.remove(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(contact.0).id(id))?;
                txn.remove(&LEFT, &left_key(workspace, payment.id))?;
                txn.remove(&PAYMENTS, &key(workspace, payment.id))?;
            }
            Ok::<_, StoreError>(payments.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
