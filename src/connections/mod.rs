//! A workspace's grants to outside accounts: what they are for, how they are, what was done with them.
//!
//! Always true here:
//! - Tokens and passwords are sealed, each with a key of its own; disconnecting erases that key on disk
//!   before the page answers, and only then tells the provider.
//! - Every call made with a connection stands in its record, without content.
//! - A refused or dead grant stops everything that uses it and is said in words; nothing retries in a loop.

mod model;
mod store;

pub use model::{
    Connection, Credentials, Google, Health, ImapFolder, Kind, MailServerSettings, Pace, SecurityMode, SmtpImap, State,
    Use,
};
pub use store::{find, get, list, put, remove, TABLES};
