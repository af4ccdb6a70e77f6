//! What an offer of times led to. A lead clicks a link and answers in words, clicks twice, or clicks in two mails: one
//! meeting comes of it. The row is read and written in the transaction that books, so that of two at once one sees it.

use serde::{Deserialize, Serialize};

use super::model::Booking;
use super::of_contact::next_ahead;
use super::store;
use crate::base::{BookingId, ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const MEETINGS: Table<Promised> = Table::sealed(
    0x0e70,
    "meetings_of_offers",
    Tree::Bookings,
    Holds::Contact,
    Retention::UntilErased,
    "Which meeting an offer of times to a contact led to, so that it leads to one only.",
);

pub const TABLES: &[Declared] = &[Declared::personal(&MEETINGS, export, erase)];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Promised {
    /// The answer to which the times were offered, or which named one.
    reply: ReplyId,
    booking: BookingId,
}

fn of_contact(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&MEETINGS, workspace).id(contact.0)
}

fn key(workspace: WorkspaceId, contact: ContactId, reply: ReplyId) -> Key {
    of_contact(workspace, contact).id(reply.0)
}

/// The meeting that there is already: what this offer led to, whatever became of it, or the next that is not over.
pub fn meeting(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    reply: ReplyId,
    now: UnixMillis,
) -> Result<Option<Booking>, StoreError> {
    if let Some(row) = txn.get(&MEETINGS, &key(workspace, contact, reply))? {
        if let Some(booking) = store::find(txn, workspace, row.booking)? {
            return Ok(Some(booking));
        }
    }
    // By another offer, by hand, or on a public page.
    next_ahead(txn, workspace, contact, now, stands)
}

fn stands(booking: &Booking) -> bool {
    booking.state.is_booked() || booking.is_pending()
}

/// The offer led to this meeting.
pub fn keep(txn: &mut Txn<'_>, booking: &Booking, reply: ReplyId) -> Result<(), StoreError> {
    let row = Promised { reply, booking: booking.id };
    txn.put(&MEETINGS, &key(booking.workspace, booking.contact, reply), &row)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    store.export_all(&MEETINGS, &of_contact(workspace, contact))
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&MEETINGS, &of_contact(workspace, contact))
}
