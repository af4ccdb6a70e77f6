//! Rows of series: which bookings were made together.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::base::{BookingId, ContactId, SeriesId, UnixMillis, WorkspaceId};
use crate::bookings::model::{Booking, Part};
use crate::bookings::store as bookings;
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const SERIES: Table<Series> = Table::sealed(
    0x0e78,
    "series_of_bookings",
    Tree::Bookings,
    Holds::Contact,
    Retention::UntilErased,
    "Which bookings of a contact were made together, and whether they were told of all of them.",
);

pub const TABLES: &[Declared] = &[Declared::personal(&SERIES, export, erase)];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    pub id: SeriesId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    /// In the order in which they were booked.
    pub bookings: Vec<BookingId>,
    pub made_at: UnixMillis,
    /// The guest has the confirmation with all dates.
    #[serde(default)]
    pub is_told: bool,
}

fn of_contact(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&SERIES, workspace).id(contact.0)
}

fn key(workspace: WorkspaceId, contact: ContactId, id: SeriesId) -> Key {
    of_contact(workspace, contact).id(id.0)
}

/// Of what is booked together, each gets its number; one alone is no series.
pub fn join(
    txn: &mut Txn<'_>,
    all: &mut [Booking],
    (id, contact): (SeriesId, ContactId),
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(workspace) = all.first().map(|booking| booking.workspace).filter(|_| all.len() > 1) else { return Ok(()) };
    let of = u32::try_from(all.len()).unwrap_or(u32::MAX);
    for (number, booking) in (1..).zip(all.iter_mut()) {
        booking.details.series = Some(Part { id, number, of });
    }
    let bookings = all.iter().map(|booking| booking.id).collect();
    let row = Series { id, workspace, contact, bookings, made_at: now, is_told: false };
    txn.put(&SERIES, &key(workspace, contact, id), &row)
}

pub(super) fn find(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<Series>, StoreError> {
    match booking.details.series {
        Some(part) => txn.get(&SERIES, &key(booking.workspace, booking.contact, part.id)),
        None => Ok(None),
    }
}

pub(super) fn put(txn: &mut Txn<'_>, row: &Series) -> Result<(), StoreError> {
    txn.put(&SERIES, &key(row.workspace, row.contact, row.id), row)
}

/// All dates of the series that a booking belongs to, in their order; it alone where it belongs to none.
pub fn bookings_of(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<Booking>, StoreError> {
    let Some(row) = find(txn, booking)? else { return Ok(vec![booking.clone()]) };
    let ids = row.bookings.into_iter();
    ids.filter_map(|id| bookings::find(txn, booking.workspace, id).transpose()).collect()
}

/// The same outside of a transaction; none where it belongs to no series.
pub fn read(app: &App, booking: &Booking) -> Result<Vec<Booking>, StoreError> {
    if booking.details.series.is_none() {
        return Ok(Vec::new());
    }
    app.store.read(|txn| bookings_of(txn, booking))
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    store.export_all(&SERIES, &of_contact(workspace, contact))
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&SERIES, &of_contact(workspace, contact))
}
