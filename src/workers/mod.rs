//! Workers: who writes to whom, from which mailbox, into which calendar, within which limits.
//!
//! Always true here:
//! - Nothing leaves for a worker that is not `Working`; the gate out reads that state in the transaction that
//!   writes the intent, so switching a worker off holds from that moment on.
//! - What a worker may do is fixed by its owner here; nothing that arrives in a mail changes it.
//!
//! The room is on the ground floor because sequences, drafts and bookings all ask it; it sends nothing itself.

mod escalation;
mod form;
mod model;
mod service;
mod store;
mod switch;
mod tags;

pub use escalation::{set_escalations, Answer, Escalation, Guidelines, LABELS, LOCKED, MOST_RULES};
pub use form::WorkerForm;
pub use model::{
    signature_of, Autonomy, BooksOn, FollowUps, Hours, Limits, Meeting, Off, Sender, TextApproval, Tone, Worker,
    WorkerState,
};
pub use service::{check, create, delete, update, WorkerError};
pub use store::{find, get, list, list_in, put, TABLES};
pub use switch::{
    activate, brake, pause, pause_all, pause_by_itself, pause_restored, resume, resume_all, set_automatic, set_dry_run,
    take_untold, writes_without, ActivateError, PAUSED_ALL,
};
pub use tags::{set_reply_tags, TAGGED};
