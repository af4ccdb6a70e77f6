//! Agents: what a worker makes of an answer. Replies are read, drafts written, and a person decides.
//!
//! Always true here:
//! - A reply is read once; its label, reasons and times are written in the transaction that announces them.
//! - Inbound text is data: it can raise a flag, never a permission. Recipients and links are ours alone.
//! - Engine-written text leaves only after a person approved it, or where the owner switched that label to
//!   automatic, the figures allow it, and nothing about the reply or the text is delicate.
//! - An approval sends at most once, whoever presses how often.

mod errors;
mod opt_out;
mod read;

pub use errors::AgentError;
pub use read::{read_reply, Reader};

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod testing;
