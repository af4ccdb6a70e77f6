//! Drafts: text that an engine wrote and a person decides about (G1).
//!
//! Always true here:
//! - A draft is proposed in the transaction of what caused it; for one reply and label there is one draft.
//! - It passes the grounding gate when it is proposed, and again whenever its text changes.
//! - Nothing here sends: an approval (`crate::agents`) enqueues the message in the transaction that marks the draft.
//! - A label's drafts leave without a person only while it is switched on for what wrote them, the record of just that
//!   engine allows it, and it is not locked.
//! - A draft that nobody decided about within 72 hours expires and can no longer be approved.
//!
//! The room is on the ground floor because answers to questions, bookings and sequences all propose drafts.

mod alone;
mod autonomy;
mod expire;
mod figures;
mod model;
mod propose;
mod store;
mod withdraw;

pub use alone::{may_act_alone, why_not_alone, Asked, NotAlone};
pub use autonomy::{autonomy_of, is_locked, switch_label, LabelAutonomy, Standing, SwitchError};
pub use expire::{ExpireDraft, EXPIRE};
pub use figures::{count_decision, figures_of, Figures, ENOUGH};
pub use model::{Decision, Draft, DraftState, Intent, Source, SourceKind, LIFETIME};
pub use propose::{claims_of, ground, propose, rehearse, NewDraft};
pub use store::{
    count_pending, find, get, list_newest, list_of_reply, list_pending, next_pending, page_of_pending, put,
};
pub use withdraw::{withdraw, withdraw_of_reply, withdraw_one, Older};

use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, figures::TABLES].concat()
}
