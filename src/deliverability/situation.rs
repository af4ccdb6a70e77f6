//! What is known on our side about a domain, before DNS is asked.

use std::net::IpAddr;

use super::hosts::{self, Host};
use super::lookup::Lookup;
use super::model::SendingDomain;
use crate::connections::{Connection, Kind, Use};
use crate::providers::dns::DnsError;
use crate::providers::outbound::is_global;

/// Where mail of the domain leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A large provider; what it wants is known.
    Host(&'static Host),
    /// Any other submission server. Its own mail comes from the same address, as far as one can tell.
    Server { host: String, is_own: bool },
}

/// Our own key as the check sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    pub selector: String,
    pub public: String,
}

/// What is known of where a server's mail comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outward {
    At(Vec<IpAddr>),
    Hidden,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    pub domain: String,
    /// Each once.
    pub senders: Vec<Sender>,
    /// One-click unsubscribing is announced for https only.
    pub public_url: String,
    /// In the sandbox and in tests the outside lies in private networks too.
    pub trusts_private: bool,
    pub signs: bool,
    pub current: Option<OwnKey>,
    pub next: Option<OwnKey>,
}

impl Situation {
    pub fn of(row: &SendingDomain, mailboxes: &[Connection], public_url: &str) -> Self {
        let mut senders: Vec<Sender> = Vec::new();
        for sender in mailboxes.iter().map(|mailbox| sender_of(&mailbox.kind, &row.domain)) {
            if !senders.contains(&sender) {
                senders.push(sender);
            }
        }
        let own = |key: &super::model::DkimKey| OwnKey { selector: key.selector.clone(), public: key.public.clone() };
        Self {
            domain: row.domain.clone(),
            senders,
            public_url: public_url.to_owned(),
            trusts_private: false,
            signs: row.signing.on,
            current: row.signing.current.as_ref().map(own),
            next: row.signing.next.as_ref().map(own),
        }
    }

    /// Mail that leaves here by SMTP can be signed here.
    pub fn can_sign(mailboxes: &[Connection]) -> bool {
        mailboxes.iter().any(|mailbox| matches!(mailbox.kind, Kind::SmtpImap(_)))
    }

    pub fn hosts(&self) -> impl Iterator<Item = &'static Host> + '_ {
        self.senders.iter().filter_map(|sender| match sender {
            Sender::Host(host) => Some(*host),
            Sender::Server { .. } => None,
        })
    }

    /// The addresses from which a server's mail comes, as far as its name tells; none when the name leads into a
    /// private network, out of which mail leaves by another address.
    pub fn outward(&self, host: &str, dns: &dyn Lookup) -> Result<Outward, DnsError> {
        let found = dns.addresses(host)?;
        if !self.trusts_private && found.iter().any(|ip| !is_global(*ip)) {
            return Ok(Outward::Hidden);
        }
        Ok(Outward::At(found))
    }

    pub fn own_servers(&self) -> impl Iterator<Item = &str> {
        self.senders.iter().filter_map(|sender| match sender {
            Sender::Server { host, is_own: true } => Some(host.as_str()),
            _ => None,
        })
    }
}

/// The mailboxes that mail of the domain is sent from.
pub fn mailboxes_of(all: Vec<Connection>, domain: &str) -> Vec<Connection> {
    let is_one = |one: &Connection| !one.is_disconnected() && one.can(Use::Outreach) && one.address.domain() == domain;
    all.into_iter().filter(is_one).collect()
}

fn sender_of(kind: &Kind, domain: &str) -> Sender {
    let server = match kind {
        Kind::Google(_) => return Sender::Host(&hosts::GOOGLE),
        Kind::Microsoft(_) => return Sender::Host(&hosts::MICROSOFT),
        // Nothing is sent with it; `mailboxes_of` leaves it out.
        Kind::Meetings(_) => domain.to_owned(),
        Kind::SmtpImap(server) => server.smtp.host.trim_end_matches('.').to_lowercase(),
        // Never asked: nothing is sent from it.
        Kind::CalDav(_) => String::new(),
    };
    match hosts::of_server(&server) {
        Some(host) => Sender::Host(host),
        None => Sender::Server { is_own: is_own(&server, domain), host: server },
    }
}

/// On this machine, named by its address only, or under the domain itself.
fn is_own(server: &str, domain: &str) -> bool {
    let is_below = |name: &str, above: &str| name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
    server == "localhost" || server.parse::<std::net::IpAddr>().is_ok() || server == domain || is_below(server, domain)
}
