//! The e-mail channel: what leaves is composed here, what arrives is understood here.
//!
//! Always true in this room:
//! - Any bytes may be given to `inspect`, which is bounded and never fails, and which does no I/O and reads no
//!   clock, like `compose`, `inbound` and `reply_text`.
//! - No header is ever built from a value with a line break.
//! - Of a mailbox, heads of new mail are compared in memory; opened are answers to mail of ours and machines'
//!   reports, nothing else. A body is never stored.
//! - A report changes something only when it refers to a mail that we sent from that mailbox.

mod address;
mod channel;
mod gmail_box;
mod graph_box;
mod header_block;
mod html_text;
mod imap_box;
mod invisible;
mod jobs;
mod letter;
mod mime;
mod outcome;
mod poll;
mod read;
mod reply_text;
mod send;
mod wording;

#[cfg(test)]
mod tests;

pub mod compose;
pub mod inbound;
pub mod inspect;

/// Said of a connection that is for something else.
const NO_MAILBOX: &str = "This account has no mailbox.";

pub use channel::EmailChannel;
pub use html_text::visible_text;
pub use inspect::{inspect, to_json_line, BounceClass, Concerned, Inspection, MailKind};
pub use invisible::strip_invisible;
pub use jobs::PollTask;
pub use poll::{poll_now, PollError, PollReport};
pub use reply_text::{excerpt, reply_text, EXCERPT_CHARS};
