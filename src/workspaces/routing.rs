//! How surely a reply must be read before the program acts on it without a person.
//!
//! Each figure has a range that no owner can leave. Only the opt-out may be made more eager: writing once more to
//! somebody who said no is the worse mistake.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Least confidence for each act, in whole percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routing {
    /// Taking somebody off the list for good.
    pub opt_out: u8,
    /// Pausing a sequence for an absence that no header marks.
    pub absence: u8,
    /// Writing again by itself on the day that a deferral names.
    pub snooze: u8,
    /// Letting a draft leave by itself, where its label is switched to automatic.
    pub send: u8,
    /// Booking a time by itself.
    pub book: u8,
}

impl Default for Routing {
    fn default() -> Self {
        Self { opt_out: 50, absence: 70, snooze: 80, send: 90, book: 90 }
    }
}

impl Routing {
    pub const OPT_OUT: RangeInclusive<u8> = 30..=70;
    pub const ABSENCE: RangeInclusive<u8> = 70..=99;
    pub const SNOOZE: RangeInclusive<u8> = 80..=99;
    pub const SEND: RangeInclusive<u8> = 90..=99;
    pub const BOOK: RangeInclusive<u8> = 90..=99;
}

/// A reading of this `confidence` (0 to 1) reaches `percent`.
pub fn reaches(confidence: f32, percent: u8) -> bool {
    confidence * 100.0 >= f32::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_reached_at_its_own_figure() {
        for percent in 1..=100 {
            let own = f32::from(percent) / 100.0;
            assert!(reaches(own, percent), "{percent}");
            assert!(!reaches(own - 0.001, percent), "{percent}");
        }
    }

    #[test]
    fn what_holds_unasked_lies_in_its_range() {
        let unasked = Routing::default();
        let all = [
            (unasked.opt_out, Routing::OPT_OUT),
            (unasked.absence, Routing::ABSENCE),
            (unasked.snooze, Routing::SNOOZE),
            (unasked.send, Routing::SEND),
            (unasked.book, Routing::BOOK),
        ];
        assert!(all.iter().all(|(percent, range)| range.contains(percent)), "{unasked:?}");
    }
}
