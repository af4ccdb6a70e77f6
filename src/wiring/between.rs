//! What one room asks of another, without knowing which it is.

use crate::app::Between;
use crate::bookings;

pub fn between() -> Between {
    Between {
        asked_for: bookings::asked_for,
        count_asked_for: bookings::count_asked_for,
        renew_offer: bookings::renew,
        is_offer_taken: bookings::is_offer_taken,
    }
}
