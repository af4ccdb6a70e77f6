//! What a visitor booked is agreed: the calendar and the service that holds the meeting have their turn.

use super::model::{Booking, State};
use super::tell::tell;
use super::{calendar, group, host};
use crate::app::App;
use crate::base::UnixMillis;
use crate::events::{self, Happened};
use crate::jobs::NewJob;
use crate::store::{StoreError, Txn};

/// Without a calendar there is nothing to wait for: it stands at once. The caller writes the booking.
pub fn agree(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &mut Booking,
    job: &NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    group::join(txn, booking, now)?;
    (booking.state, booking.version) = (State::Held, booking.version + 1);
    if !calendar::plan(txn, booking, job)? {
        booking.state = State::Confirmed;
        booking.written = booking.version;
        let what = Happened::BookingConfirmed { booking: booking.id, contact: booking.contact };
        events::append(txn, booking.workspace, now, what)?;
        tell(app, txn, booking, now)?;
    }
    host::plan(txn, booking, now)
}
