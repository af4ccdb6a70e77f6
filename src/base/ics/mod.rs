//! iCalendar (RFC 5545): written for guests and for calendar servers, read from whoever made it.
//!
//! What is read may be hostile: nothing here takes more time or memory than its limits say, and what cannot be
//! understood is told as such.

mod line;
mod read;
mod rule;
mod write;
mod zone;

pub use line::{clean, escape, lines, unescape, Line};
pub use read::{occurrences, read_entry, Asked, Budget, Occurrence, ReadEntry, Unreadable};
pub use write::{calendar_file, edited, Edit, Entry, Method, Party, Status};
pub use zone::zone_named;
