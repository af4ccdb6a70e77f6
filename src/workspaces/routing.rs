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
    /// Each figure with the name of its field and its range.
    pub fn fields(&self) -> [(&'static str, u8, RangeInclusive<u8>); 5] {
        [
            ("opt_out", self.opt_out, 30..=70),
            ("absence", self.absence, 70..=99),
            ("snooze", self.snooze, 80..=99),
            ("send", self.send, 90..=99),
            ("book", self.book, 90..=99),
        ]
    }

    /// The fields that lie outside their range, each with the range.
    pub fn outside(&self) -> Vec<(&'static str, RangeInclusive<u8>)> {
        let fields = self.fields().into_iter();
        fields.filter(|(_, percent, range)| !range.contains(percent)).map(|(name, _, range)| (name, range)).collect()
    }
}

/// A reading of this `confidence` (0 to 1) reaches `percent`.
pub fn reaches(confidence: f32, percent: u8) -> bool {
    confidence >= f32::from(percent) / 100.0
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
        assert_eq!(Routing::default().outside(), []);
        assert_eq!(Routing { send: 89, ..Routing::default() }.outside(), [("send", 90..=99)]);
    }
}
