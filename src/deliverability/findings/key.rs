//! DKIM: is a key published under which mail of this domain is signed?

use std::collections::BTreeMap;

use super::{finding, not_asked};
use crate::deliverability::dkim::{self, Published};
use crate::deliverability::hosts::Host;
use crate::deliverability::lookup::Lookup;
use crate::deliverability::model::{Finding, Standing, What};
use crate::deliverability::situation::{OwnKey, Sender, Situation};
use crate::providers::dns::DnsError;

/// How the records of our own keys stand, by selector.
pub type KeysSeen = BTreeMap<String, Standing>;

/// What is known of one way out.
struct Signed {
    standing: Standing,
    words: String,
}

pub fn dkim(situation: &Situation, dns: &dyn Lookup) -> (Finding, KeysSeen) {
    let domain = &situation.domain;
    let (mut seen, mut records, mut parts) = (KeysSeen::new(), Vec::new(), Vec::new());
    for key in situation.current.iter().chain(&situation.next) {
        let (standing, words) = own_key(key, domain, dns);
        if standing != Standing::Found {
            records.push(dkim::record_for(&key.selector, domain, &key.public));
        }
        seen.insert(key.selector.clone(), standing);
        parts.push((Some(key), Signed { standing, words }));
    }
    let is_ours_right = situation.signs
        && situation.current.iter().chain(&situation.next).any(|key| seen.get(&key.selector) == Some(&Standing::Found));
    let mut each: Vec<Signed> = Vec::new();
    for sender in &situation.senders {
        match sender {
            // A mail that leaves by SMTP carries our signature, whoever else signs it.
            Sender::Host(host) if is_ours_right && host.name != "Google" => {}
            Sender::Host(host) => each.push(host_key(host, domain, dns)),
            Sender::Server { host, .. } if !situation.signs => each.push(Signed {
                standing: Standing::Missing,
                words: format!("Mail through {host} is not signed here. Switch signing on below."),
            }),
            Sender::Server { .. } => {}
        }
    }
    if situation.signs {
        // While a new key waits, the one in use is what counts.
        let counts = situation.current.as_ref().or(situation.next.as_ref());
        each.extend(parts.into_iter().filter(|(key, _)| *key == counts).map(|(_, signed)| signed));
    }
    let mut found = match worst(each) {
        Some(signed) => finding(What::Dkim, signed.standing, signed.words),
        None => finding(What::Dkim, Standing::Missing, "Nothing signs mail of this domain yet."),
    };
    found.records = if situation.signs { records } else { Vec::new() };
    (found, seen)
}

/// What is wrong goes before what is unknown, and that before what is right; all words stand together.
fn worst(all: Vec<Signed>) -> Option<Signed> {
    let rank = |standing: Standing| match standing {
        Standing::Wrong => 0,
        Standing::Missing => 1,
        Standing::NotAsked => 2,
        Standing::NotYours | Standing::Found => 3,
    };
    let words: Vec<&str> = all.iter().map(|one| one.words.as_str()).collect();
    let words = words.join(" ");
    all.iter().map(|one| one.standing).min_by_key(|standing| rank(*standing)).map(|standing| Signed { standing, words })
}

fn own_key(key: &OwnKey, domain: &str, dns: &dyn Lookup) -> (Standing, String) {
    let name = dkim::record_name(&key.selector, domain);
    match dkim::find(&key.selector, domain, dns) {
        Err(error) => (Standing::NotAsked, format!("Nothing is known about {name}: {error}.")),
        Ok(Published::Key(public)) if public == key.public => {
            (Standing::Found, format!("Mail sent from here is signed, and the key at {name} is ours."))
        }
        Ok(Published::Key(_)) => (Standing::Wrong, format!("The key at {name} is another one than ours.")),
        Ok(Published::Nothing) => (Standing::Missing, format!("The record at {name} is not there yet.")),
        Ok(Published::Revoked) => (Standing::Wrong, format!("The key at {name} is marked as withdrawn (empty p=).")),
        Ok(Published::Unreadable(why)) => (Standing::Wrong, format!("The record at {name} cannot be used: {why}.")),
    }
}

/// A provider signs by itself; whether in the domain's name shows the key that it has its customers publish.
fn host_key(host: &Host, domain: &str, dns: &dyn Lookup) -> Signed {
    let mut unasked: Option<DnsError> = None;
    for selector in host.selectors {
        match dkim::find(selector, domain, dns) {
            Ok(Published::Key(_)) => {
                let words = format!("{} signs, and its key is at {}.", host.name, dkim::record_name(selector, domain));
                return Signed { standing: Standing::Found, words };
            }
            Ok(_) => {}
            Err(error) => unasked = Some(error),
        }
    }
    match unasked {
        Some(error) => {
            let unknown = not_asked(What::Dkim, &error);
            Signed { standing: unknown.standing, words: unknown.words }
        }
        None if host.selectors.is_empty() => {
            let words =
                format!("{} signs under a name of its own making, which cannot be looked up from here.", host.name);
            Signed { standing: Standing::NotYours, words }
        }
        None => {
            let names: Vec<String> =
                host.selectors.iter().map(|selector| dkim::record_name(selector, domain)).collect();
            let words = format!(
                "{0} signs in its own name, because no key was found at {1}. The record is made {2}; with another \
                 selector than the usual one it cannot be found from here.",
                host.name,
                names.join(" or "),
                host.where_to_sign
            );
            Signed { standing: Standing::Missing, words }
        }
    }
}
