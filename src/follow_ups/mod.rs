//! Follow-ups: somebody asked or was interested, was answered, and went quiet. What is planned, and what became of it.
//!
//! Always true here:
//! - At most one follow-up of a contact is open at a time; whatever the person says or does ends it.
//! - It stays in the conversation and on the mailbox of the answer that it follows.
//! - Nothing here sends or writes: `agents` puts it together when its day has come, from a text that a person approved or
//!   as a draft, and the gate out lets it go as any other mail that nobody asked for.
//! - What a worker may do stands with the worker; switching it off holds from that moment on.
//!
//! The room is on the ground floor because answers are followed up, the forecast counts what is planned, and people
//! cancel it where they see it.

mod model;
mod plan;
mod rule;
mod store;

pub use model::{Ended, FollowUp, State};
pub use plan::{
    cancel, due_job, end, end_open, of_contact, plan, plan_anew, postpone, turn, FollowUpError, NewFollowUp, Payload,
    Whom, FOLLOW_UP,
};
pub use rule::{approve_text, set_rule, words_of, written, RuleForm};
pub use store::{find, get, list_of_worker, open_of_contact, open_of_worker, TABLES};
