//! Telling the guest, once for each version of a booking: booked, moved, the link that followed, cancelled.

use super::messages::{self, Kind};
use super::model::{Booking, State};
use super::series;
use crate::app::App;
use crate::base::UnixMillis;
use crate::store::{StoreError, Txn};

/// Enqueues what the guest does not know yet and marks the version as told. The caller writes the booking.
pub fn tell(app: &App, txn: &mut Txn<'_>, booking: &mut Booking, now: UnixMillis) -> Result<(), StoreError> {
    if booking.told >= booking.version {
        return Ok(());
    }
    let first = booking.told == 0;
    booking.told = booking.version;
    let is_of_series = booking.details.series.is_some() && first;
    if is_of_series && booking.state == State::Confirmed {
        note_told(booking);
        return series::confirmed(app, txn, booking, now);
    }
    let (kind, reason) = match (&booking.state, first) {
        (State::Confirmed, true) => (Kind::Confirmation, ""),
        (State::Confirmed, false) if booking.hosted.told_start == Some(booking.start) => match &booking.video_link {
            link @ Some(_) if *link != booking.hosted.told_link => (Kind::Link, ""),
            _ => return messages::keep_up(txn, booking, now),
        },
        (State::Confirmed, false) => (Kind::Moved, ""),
        (State::Cancelled { reason }, false) => (Kind::Cancelled, reason.as_str()),
        // Who never heard of a meeting needs no word that it is off, but for those who asked for it.
        (State::Cancelled { reason }, true) if messages::was_asked(txn, booking)? => (Kind::Declined, reason.as_str()),
        // A visitor saw on the page that it was booked.
        (State::Cancelled { reason }, true) if booking.details.event_type.is_some() => {
            (Kind::Cancelled, reason.as_str())
        }
        _ => return Ok(()),
    };
    messages::tell(app, txn, booking, kind, reason, now)?;
    note_told(booking);
    match is_of_series {
        // The others may have waited for this one only.
        true => series::settled(app, txn, booking, now),
        false => Ok(()),
    }
}

fn note_told(booking: &mut Booking) {
    if booking.host().is_some() || (booking.video && booking.details.session.is_some()) {
        booking.hosted.told_start = Some(booking.start);
        booking.hosted.told_link.clone_from(&booking.video_link);
    }
}
