//! Rows of messages and replies.

mod messages;
mod replies;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub use messages::set_state;
pub use messages::{
    find_by_message_ids, find_by_thread, find_message, find_of_contact, get_message, list_in_doubt, list_of_contact,
    list_of_enrolment, list_recent, list_would_have_left, page_of_contact,
};
pub(super) use messages::{index_ids, insert_message, put_in_doubt, put_in_dry_run, settle_doubt, update_message};
pub(super) use replies::insert_reply;
pub use replies::{
    find_reply, get_reply, list_replies, list_replies_of_contact, list_replies_of_worker, list_waiting_replies,
    may_have_opted_out, replies_of_contact, sweep_excerpts, update_reply,
};

use crate::store::Declared;

/// Rows of one person read in one go for an export.
const EXPORTED: usize = 200;

pub(super) fn tables() -> Vec<Declared> {
    [messages::TABLES, replies::TABLES].concat()
}

/// Some mailers change the case of the domain part; brackets and blanks are never part of the id.
fn normal_message_id(raw: &str) -> String {
    raw.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase()
}
