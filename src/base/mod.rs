//! Values that every room speaks: ids, instants, the clock, e-mail addresses, paging cursors, listed
//! hosts, mistakes in forms.
//!
//! Nothing here does I/O; the only clock of the program is `Clock`, and only `app` hands it out.

mod carried;
mod clock;
mod email;
pub mod ics;
mod ids;
pub mod json_words;
mod language;
mod mail_doubts;
mod mistakes;
mod page;
mod private_host;
mod public_mail;
mod time;
mod words;

pub(crate) use carried::carried;
pub use carried::inflate;
pub use clock::Clock;
pub use email::{EmailAddress, InvalidEmail};
pub use ids::*;
pub use language::Language;
pub use mail_doubts::{doubts, Doubt};
pub use mistakes::Mistakes;
pub use page::{Cursor, InvalidCursor, Page};
pub use private_host::PrivateHost;
pub use public_mail::is_public_mail;
pub use time::{day_words, UnixMillis};
pub use words::{city_of, clock_there, counted, fill, grouped, on_both_clocks};
