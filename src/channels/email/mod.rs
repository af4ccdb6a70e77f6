//! The e-mail channel: what leaves is composed here, what arrives is understood here.
//!
//! Always true in this room: nothing here does I/O or reads the clock; any bytes may be given to
//! `inspect`, which is bounded and never fails; no header is ever built from a value with a line break.

mod address;
mod header_block;
mod html_text;
mod invisible;
mod mime;
mod reply_text;

pub mod compose;
pub mod inbound;
pub mod inspect;

pub use html_text::visible_text;
pub use inspect::{inspect, to_json_line, BounceClass, Concerned, Inspection, MailKind};
pub use invisible::strip_invisible;
pub use reply_text::{excerpt, reply_text, EXCERPT_CHARS};
