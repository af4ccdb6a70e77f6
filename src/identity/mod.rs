//! Identity: people, passwords, sign-in, second step, sessions.
//!
//! Always true here:
//! - no secret is stored: passwords as Argon2id hashes, cookies, links and recovery codes as SHA-256 of
//!   random bits, the authenticator's seed sealed with a key of its own that can be shredded;
//! - whoever has an authenticator is asked for it, however they came (password, reset, another issuer);
//! - an unknown name is refused in the same words and the same time as a wrong password;
//! - each sign-in gets a new session; a new password or a changed second step ends all other sessions;
//! - an account at an issuer is known by issuer and subject, never by its address alone.

mod account;
mod device;
mod issuer;
mod jobs;
mod mails;
mod model;
mod new_address;
pub mod pages;
mod password;
mod reset;
mod second_step;
mod secret;
mod session;
mod setup;
mod sign_in;
mod signed_in;
mod store;
#[cfg(test)]
mod tests;
mod throttle;
mod ticket;

pub use account::{checked_name, insert, mistakes, prepare, AccountError, NewAccount, PreparedAccount};
pub use jobs::{handlers, schedule};
pub use mails::letter;
pub use model::{Client, Credentials, InvalidUsername, Profile, Session, User, Username};
pub use pages::routes;
pub use reset::reset_link;
#[cfg(test)]
pub(crate) use second_step::code_at as code_for_tests;
pub use secret::{hash_secret, HandedSecret, SecretHash};
pub use session::{
    begin, end_others, find_by_cookie, is_proof_fresh, look_at, note_seen, prepare_in, NewSession, PROOF_HOLDS,
};
pub use setup::{is_setup_open, setup_link, take_setup};
pub use sign_in::{sign_in, Admitted, SignInError};
pub use signed_in::SignedIn;
pub use store::{find, find_by_login, get, operators, TABLES};
