//! Workers: who writes to whom, from which mailbox, into which calendar, within which limits.
//!
//! Always true here:
//! - Nothing leaves for a worker that is not `Working`; the gate out reads that state in the transaction that
//!   writes the intent, so switching a worker off holds from that moment on.
//! - What a worker may do is fixed by its owner here; nothing that arrives in a mail changes it.
//!
//! The room is on the ground floor because sequences, drafts and bookings all ask it; it sends nothing itself.

mod escalation;
mod model;
mod service;
mod store;
mod tags;

pub use escalation::{set_escalations, Answer, Escalation, Guidelines, LABELS, MOST_RULES};
pub use model::{
    signature_of, Autonomy, BooksOn, FollowUps, Hours, Limits, Meeting, Off, Sender, TextApproval, Tone, Worker,
    WorkerState,
};
pub use service::{
    activate, brake, check, create, delete, pause, pause_all, pause_by_itself, pause_restored, resume, resume_all,
    set_automatic, set_dry_run, take_untold, update, writes_without, ActivateError, WorkerError, WorkerForm,
    PAUSED_ALL,
};
pub use store::{find, get, list, list_in, put, TABLES};
pub use tags::{set_reply_tags, TAGGED};
