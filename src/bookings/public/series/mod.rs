//! Several dates at once, as the visitor sees them: which they are, which of them cannot be had, and what of them is booked.
//!
//! Always true here:
//! - The dates follow from the first and their number alone, on the clock of the event type's first host.
//! - Nothing is booked that the visitor has not seen: the form says which dates it showed as free, and what cannot be had
//!   is left out only where they say so.

mod dates;
mod form;
mod list;
#[cfg(test)]
mod tests;
mod words;

pub use dates::{judged, starts, Asked, DateOf};
pub use form::{later_of, Refused, SeriesForm};
pub use list::{listed, Listed};
pub use words::{of_repeats, SeriesWords, ENGLISH, FRENCH, GERMAN, HINDI, PORTUGUESE, SPANISH};
