//! Mail in the sandbox: boxes, and the servers that speak SMTP and IMAP over them.

mod imap;
pub(super) mod mailbox;
pub(super) mod mime;
mod server;
mod smtp;
mod stream;

pub(super) use server::MailServers;

use super::world::World;

/// The password of every account, for SMTP and IMAP.
pub const MAIL_PASSWORD: &str = "sandbox-password";

/// The account that these credentials open; the name is its address.
fn signed_in(world: &World, name: &str, password: &str) -> Option<String> {
    let account = world.account(name).filter(|_| password == MAIL_PASSWORD)?;
    Some(account.email.clone())
}

/// The credentials in a SASL PLAIN response (RFC 4616): `authorisation NUL name NUL password`.
fn sasl_plain(response: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8(response.to_vec()).ok()?;
    let mut parts = text.split('\0').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}
