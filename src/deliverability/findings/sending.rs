//! SPF: may the servers that we send through send for this domain?

use super::{finding, not_asked, text_record};
use crate::base::counted;
use crate::deliverability::lookup::Lookup;
use crate::deliverability::model::{Finding, Standing, What};
use crate::deliverability::situation::{Outward, Sender, Situation};
use crate::deliverability::spf::{self, Policy, Spf, MOST_LOOKUPS};
use crate::providers::dns::DnsError;

/// A sender that the record does not name, and the mechanism that would.
struct Unnamed {
    who: String,
    mechanism: String,
}

pub fn spf(situation: &Situation, dns: &dyn Lookup) -> Finding {
    judge(situation, dns).unwrap_or_else(|error| not_asked(What::Spf, &error))
}

fn judge(situation: &Situation, dns: &dyn Lookup) -> Result<Finding, DnsError> {
    let domain = &situation.domain;
    let (texts, words, standing) = match spf::read(domain, dns)? {
        Spf::None => (vec![], format!("{domain} has no SPF record."), Standing::Missing),
        Spf::Several(texts) => {
            let words = format!("There are {} SPF records; receivers then act as if there were none.", texts.len());
            (texts, words, Standing::Wrong)
        }
        Spf::One(policy) => {
            let unnamed = unnamed(situation, Some(&policy), dns)?;
            if policy.mistakes.is_empty() && unnamed.is_empty() {
                return Ok(finding(What::Spf, Standing::Found, right(situation, &policy)));
            }
            let mut wrong = policy.mistakes.clone();
            wrong.extend(unnamed.iter().map(|one| format!("it does not name {}", one.who)));
            (vec![policy.text.clone()], format!("The record is not right: {}.", wrong.join("; ")), Standing::Wrong)
        }
    };
    let mechanisms: Vec<String> = match &texts[..] {
        [] => unnamed(situation, None, dns)?,
        // What the repaired record holds already is not added twice.
        _ => unnamed(situation, None, dns)?.into_iter().filter(|one| !names(&texts, &one.mechanism)).collect(),
    }
    .into_iter()
    .map(|one| one.mechanism)
    .collect();
    let note = match texts.len() {
        0 => "",
        1 => "Change the record that is there; a second one would break both.",
        _ => "Make one of them this, and remove the others.",
    };
    let repaired = spf::repaired(&texts, &mechanisms);
    let mut found = finding(What::Spf, standing, words);
    // A record that would be as wrong as the one that is there helps nobody.
    if texts.first().is_none_or(|text| *text != repaired) {
        found.records.push(text_record(domain, repaired, note));
    } else {
        found.words.push_str(" Take out what no longer sends for you, or ask the services for fewer includes.");
    }
    Ok(found)
}

fn names(texts: &[String], mechanism: &str) -> bool {
    texts.iter().flat_map(|text| text.split(' ')).any(|word| word.trim_start_matches('+') == mechanism)
}

fn right(situation: &Situation, policy: &Policy) -> String {
    let who: Vec<String> = situation.senders.iter().map(who).collect();
    let ending = policy.ending.map_or_else(String::new, |sign| format!(" and ends with “{sign}all”"));
    let lookups = counted(u64::from(policy.lookups), "look-up", "look-ups");
    format!("One record; it names {}{ending}. It needs {lookups} of {MOST_LOOKUPS}.", who.join(" and "))
}

fn who(sender: &Sender) -> String {
    match sender {
        Sender::Host(host) => host.name.to_owned(),
        Sender::Server { host, .. } => host.clone(),
    }
}

/// The senders that the policy does not allow; without one, all of them.
fn unnamed(situation: &Situation, policy: Option<&Policy>, dns: &dyn Lookup) -> Result<Vec<Unnamed>, DnsError> {
    let mut found = Vec::new();
    for sender in &situation.senders {
        match sender {
            Sender::Host(host) if policy.is_some_and(|policy| policy.includes(host.include)) => {}
            Sender::Host(host) => {
                let mechanism = format!("include:{}", host.include);
                found.push(Unnamed { who: format!("{} ({mechanism})", host.name), mechanism });
            }
            Sender::Server { host, .. } => found.extend(unnamed_server(situation, host, policy, dns)?),
        }
    }
    Ok(found)
}

/// A server counts as named by any of its addresses, or by an include of its own provider.
fn unnamed_server(
    situation: &Situation,
    host: &str,
    policy: Option<&Policy>,
    dns: &dyn Lookup,
) -> Result<Option<Unnamed>, DnsError> {
    let by_name = |policy: &Policy| {
        let provider = last_two(host);
        policy.included.iter().any(|included| last_two(included) == provider && !provider.is_empty())
    };
    if policy.is_some_and(by_name) {
        return Ok(None);
    }
    let addresses = match situation.outward(host, dns)? {
        Outward::At(addresses) => addresses,
        // A record that names any server may well name the one by which its mail leaves.
        Outward::Hidden if policy.is_some_and(|policy| !policy.networks.is_empty()) => return Ok(None),
        Outward::Hidden => return Ok(Some(Unnamed { who: host.to_owned(), mechanism: "mx".to_owned() })),
    };
    if policy.is_some_and(|policy| addresses.iter().any(|ip| policy.allows(*ip))) {
        return Ok(None);
    }
    let mechanism = match host.parse::<std::net::IpAddr>() {
        Ok(ip) => format!("{}:{ip}", if ip.is_ipv4() { "ip4" } else { "ip6" }),
        Err(_) if host == "localhost" => "a".to_owned(),
        Err(_) => format!("a:{host}"),
    };
    Ok(Some(Unnamed { who: host.to_owned(), mechanism }))
}

/// `smtp.hoster.example` and `_spf.hoster.example` are one provider's. Empty for addresses.
fn last_two(name: &str) -> String {
    if name.parse::<std::net::IpAddr>().is_ok() {
        return String::new();
    }
    let mut labels: Vec<&str> = name.rsplit('.').take(2).collect();
    labels.reverse();
    if labels.len() < 2 {
        return String::new();
    }
    labels.join(".")
}
