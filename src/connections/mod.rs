//! A workspace's grants to outside accounts: what they are for, how they are, what was done with them.
//!
//! Always true here:
//! - Tokens and passwords are sealed, each with a key of its own; disconnecting erases that key on disk
//!   before the page answers, and only then tells the provider.
//! - Only permissions that the chosen use needs are asked for, and each is explained before the provider's page.
//! - Every call made with a connection stands in its record, without content.
//! - A refused or dead grant stops everything that uses it and is said in words; nothing retries in a loop.
//! - A token is refreshed by one thread at a time, and stored before it is used.

mod aadsts;
mod api;
mod begins;
mod calls;
mod check;
mod connect_account;
mod connect_calendar;
mod connect_mail;
mod disconnect;
mod error;
mod guess;
mod hooks;
mod in_memory;
mod keeping;
mod letters;
mod mail_server;
mod model;
mod pages;
mod pending;
mod polls;
mod provider;
mod scopes;
mod session;
mod settings;
mod store;
mod tokens;
mod trouble;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use aadsts::Hurdle;
pub use api::{api_routes, openapi, ApiConnection};
pub use calls::{flush_if_many, list_calls, sweep_calls, Call, Log};
pub use check::{check, Tried};
pub use connect_account::{begin, finish, Connected, ConsentAnswer};
pub use connect_calendar::{connect_calendar, CalendarAttempt, CalendarSettings};
pub use connect_mail::{connect_mailbox, Attempt, MailboxSettings};
pub use disconnect::{disconnect, disconnect_all, withdrawn_there, Withdrawn};
pub use error::{ConnectError, ConnectionError};
pub use guess::guess;
pub use hooks::UNCOUNTED;
pub use keeping::{
    keep_nothing, keep_told, keeping_of, note_readings, note_unfollowed, was_told_since, Keeping, Reading,
    READ_CALENDARS,
};
pub use mail_server::{smtp_server, MailTest, INBOX};
pub use model::{
    CalDav, Calendars, Connection, Credentials, Google, Health, ImapFolder, Kind, LinkedFolder, MailServerSettings,
    MeetingAccount, Microsoft, Pace, Relisting, SecurityMode, SmtpImap, State, Use,
};
pub use polls::{plan_polls, PollMailbox, POLL_MAILBOX};
pub use provider::Provider;
pub use scopes::{needed_for, permissions, Permission};
pub use session::{google_session, imap_session, may_be_used, meeting_session, microsoft_session, with_calendar};
pub use settings::{calendars, change_settings, choose_calendars, Settings};
pub use store::{find, get, list, list_in, put, remove, update};
pub use trouble::{lose, note, wait};

use actix_web::web::ServiceConfig;

use crate::app::App;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::Declared;

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    [store::TABLES, calls::TABLES, pending::TABLES, keeping::TABLES].concat()
}

/// Its pages, and where providers tell that a calendar has changed.
pub fn routes(config: &mut ServiceConfig) {
    pages::routes(config);
    hooks::routes(config);
}

/// The room has no work of its own in the queue: mailboxes are read by `channels`, calendars by `bookings`.
pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(trouble::Tell)]
}
