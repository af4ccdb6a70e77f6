//! Messages: the one gate out, what came of each, what came back, and who must not be written to.
//!
//! Always true here:
//! - Whatever leaves on any channel was enqueued by `outbox::enqueue` and passed the gate twice: when it was
//!   enqueued and in the transaction that wrote its intent.
//! - A "no" of the gate is a recorded outcome with its reason, never an error.
//! - What a worker on a dry run would send is recorded where it would have left, stays here for good, and counts for
//!   nothing.
//! - After an opt-out nothing but transactional messages leaves, from that commit on.
//! - Of an answer at most 2,000 characters are stored.

mod answered;
pub mod api;
mod days;
mod days_off;
mod errors;
mod fields;
mod gate;
mod holidays;
mod hours;
mod inbound;
mod limits;
mod model;
mod outbox;
mod pages;
mod proof;
mod sheet;
mod store;
mod suppression;
#[cfg(test)]
pub mod testing;
mod unrecorded;
mod unsubscribe;
mod usage;
mod wake;

pub use answered::{answered_since, Answered};
pub use api::{api_routes, openapi};
pub use days::{after_absence, days_after, hours_for};
pub use days_off::{find as find_days_off, get as days_off, set as set_days_off, DaysOff, DaysOffError, Listed};
pub use fields::{is_known_field, Fields, SENDER_FIELDS};
pub use gate::{check_now, daily_cap, explain, is_for_times, room_of, Check, Checked, Gate};
pub use holidays::{country_name, country_named, country_of_zone, holiday};
pub use hours::{next_open, next_working};
pub use inbound::{bounced, complained, note_bounce, receive, Bounce, Incoming, EXCERPT_CHARS};
pub use limits::{first_reached, mailbox_cap, reserve_of, Caps, Reached, Sent as SentInADay};
pub use model::{
    CalendarFile, Delivery, Dress, Message, Noted, ProposedTime, Purpose, Reading, Reply, SendingHours,
    SuggestedContact, Suppression, SuppressionReason, Target, ESCALATED,
};
pub use outbox::{
    ask_gate, cancel, cancel_waiting, enqueue, hold_restored, resolve, rests_until, Channel, Look, NewMessage, Outbox,
    ResolveError, SendOutcome, SentAs, DRY_RUN, SEND,
};
pub use pages::{routes, UNCOUNTED};
pub use proof::seen_on_its_way;
pub use sheet::{Act, Row, Sheet};
#[cfg(test)]
pub use store::set_state;
pub use store::{
    find_by_message_ids, find_by_thread, find_message, find_of_contact, find_reply, get_message, get_reply,
    list_in_doubt, list_of_contact, list_of_enrolment, list_recent, list_replies, list_replies_of_contact,
    list_replies_of_worker, list_waiting_replies, list_would_have_left, may_have_opted_out, page_of_contact,
    replies_of_contact, sweep_excerpts, update_reply,
};
pub use suppression::{
    forget_address, hash_of, is_suppressed, lift, list as list_suppressions, suppress, suppress_by_hand, SuppressError,
};
pub use unrecorded::hand_over_unrecorded;
pub use unsubscribe::{mail_links, read_token, unsubscribe, MailLinks, Opened};
pub use usage::{sent_in_last_day, usage_by_day, window as usage, Counted, Window};

use crate::app::App;
use crate::events::Subscribers;
use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [&store::tables(), suppression::TABLES, usage::TABLES, days_off::TABLES].concat()
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(wake::Wake)]
}
