//! The built-in sandbox: simulated providers that speak the real wire shapes on loopback, and simulated people who
//! answer. Demo and tests run the product against it; nothing here ever leaves the machine.
//!
//! Always true:
//! - What the real services enforce is enforced: scopes, expiry, revocation, quotas, preconditions, expired cursors.
//! - Time is the clock that was handed in; people act only when `run_due` is called (or through `/control/clock`).
//! - State is in memory and ends with the process; only who was let in may be kept in a file. People are deterministic: same mails, same answers.
//!
//! One HTTP port, each provider under `/<provider>/…`: `/google` and `/microsoft` (see their `mod.rs` for the table of
//! bases), `/zoom`, `/webex` and `/goto` (see `meetings/mod.rs`), `/stripe`, `/oidc` (issuer `<sandbox>/oidc`), `/caldav` (any account with
//! `MAIL_PASSWORD`),
//! `/anthropic`, `/openai`, `/gemini` and `/compatible` (see `ai/mod.rs`),
//! `/control` (see `control.rs`; loopback only). Client id and secret are `CLIENT_ID` and
//! `CLIENT_SECRET` everywhere. SMTP and IMAP have ports of their own and take any account with `MAIL_PASSWORD`; so has
//! the name server (`dns.rs`).
//!
//! The lock order is simple: there is one lock on the world, and nothing that waits for the outside (the clock hook,
//! a person's call to an unsubscribe address) runs while it is held.

mod ai;
mod caldav;
mod control;
mod crm;
mod dns;
mod faults;
mod google;
mod mail;
mod meetings;
mod microsoft;
mod notices;
mod oauth;
mod oidc;
mod people;
mod quota;
mod record;
mod server;
mod site;
mod stripe;
mod wire;
mod world;

#[cfg(test)]
mod tests;

pub use ai::AI_KEY;
pub use crm::CRM_TOKEN;
pub use dns::NameServer;
pub use mail::MAIL_PASSWORD;
pub use meetings::ZOOM_HOOK_SECRET;
pub use oauth::{CLIENT_ID, CLIENT_SECRET};
pub use stripe::STRIPE_KEY;
pub use world::Advance;

use std::net::SocketAddr;
use std::path::PathBuf;

use self::mail::MailServers;
use self::server::Server;
use self::wire::{Answer, Request};
use self::world::{Shared, World};
use crate::base::{Clock, UnixMillis};

pub struct SandboxOptions {
    /// The product's clock; the sandbox never reads another.
    pub clock: Clock,
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether simulated people live behind the sample leads' addresses.
    pub people: bool,
    pub owner: OwnerAccount,
    /// What `POST /control/clock` calls; without it the sandbox moves the clock and its people by itself.
    pub advance: Option<Advance>,
    /// Whether to serve SMTP and IMAP, on free ports of the same address.
    pub smtp_imap: bool,
    /// Keeps in this file whom people let in, so that a process that was killed goes on with the accounts connected.
    pub memory: Option<PathBuf>,
}

/// The account that the sample business's owner signs in with.
#[derive(Clone, Debug)]
pub struct OwnerAccount {
    pub email: String,
    pub name: String,
    /// IANA name; an unknown one is read as UTC.
    pub zone: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox cannot listen on {listen}")]
    Listen { listen: SocketAddr, source: std::io::Error },
    #[error("the sandbox could not start a thread")]
    Thread(#[source] std::io::Error),
}

/// A running sandbox. Dropping it ends all servers and waits for their threads.
pub struct Sandbox {
    /// `http://127.0.0.1:4000`, without a slash at the end.
    pub url: String,
    pub smtp: Option<SocketAddr>,
    pub imap: Option<SocketAddr>,
    /// Answers for the owner's domain, and for whatever it is told.
    pub dns: NameServer,
    shared: Shared,
    owner: String,
    server: Option<Server>,
    mail: Option<MailServers>,
}

impl Sandbox {
    /// Starts all servers. Fails when the address is taken.
    pub fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let mut world = World::new(options.clock, &options.owner, options.people);
        if let Some(file) = &options.memory {
            world.recall(file);
        }
        let owner = options.owner.email.to_lowercase();
        let dns = NameServer::start(options.listen.ip())?;
        dns.set_up_google(owner.rsplit('@').next().unwrap_or_default());
        let shared = Shared::new(world, options.owner, options.people, options.advance);
        let server = Server::start(options.listen, shared.clone())?;
        let mail = if options.smtp_imap { Some(MailServers::start(options.listen.ip(), &shared)?) } else { None };
        Ok(Self {
            url: format!("http://{}", server.address),
            smtp: mail.as_ref().map(|mail| mail.smtp),
            imap: mail.as_ref().map(|mail| mail.imap),
            dns,
            shared,
            owner,
            server: Some(server),
            mail,
        })
    }

    /// When the next person wants to act, or a service by itself.
    pub fn next_due(&self) -> Option<UnixMillis> {
        next_due(&self.shared)
    }

    /// Lets people and services do everything that is due by `now`; returns how many things they did.
    pub fn run_due(&self, now: UnixMillis) -> usize {
        run_due(&self.shared, now)
    }

    /// The people as a file of leads, ready for import: UTF-8 CSV with a header line.
    pub fn leads_csv(&self) -> String {
        people::leads_csv(&self.url)
    }

    /// Registers a redirect URI for the client, as one does in the provider's console before the first consent. False for
    /// what is no loopback address.
    pub fn register_redirect(&self, uri: &str) -> bool {
        self.shared.world().redirects.register(uri)
    }

    /// Whether the owner let a program into the simulated Google, in an earlier process too.
    pub fn is_owner_connected(&self) -> bool {
        self.shared.world().google.grants.stands_for(&self.owner)
    }

    /// The owner reads the consent page behind `authorise_url` and allows everything: the address that the browser is
    /// sent back to. None when the page would not send it back. For a demo that opens with the account connected.
    pub fn allow_all(&self, authorise_url: &str) -> Option<String> {
        let request = Request::consent(authorise_url, &self.owner)?;
        let answer = server::provide(&self.shared, &request);
        answer.headers.into_iter().find(|(name, _)| *name == "location").map(|(_, to)| to)
    }

    /// What `POST /control/clock` calls from now on.
    pub fn set_advance(&self, advance: Advance) {
        self.shared.set_advance(advance);
    }

    /// The same as dropping it, in words.
    pub fn stop(self) {}
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(mail) = self.mail.take() {
            mail.stop();
        }
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

fn next_due(shared: &Shared) -> Option<UnixMillis> {
    let world = shared.world();
    [world.people.next_due(), stripe::next_due(&world.stripe)].into_iter().flatten().min()
}

fn run_due(shared: &Shared, now: UnixMillis) -> usize {
    people::run_due(shared, now) + stripe::run_due(shared, now)
}

/// The stylesheet of the sandbox's own pages.
fn stylesheet() -> Answer {
    let css = include_str!("../../templates/sandbox/sandbox.css");
    Answer::new(200, "text/css; charset=utf-8", css).with("cache-control", "max-age=3600")
}
