//! The name of a sending address, and whether it leads back (RFC 1912 section 2.1). Only for servers of one's own:
//! a provider sees to its own.

use super::{finding, not_asked};
use crate::deliverability::lookup::Lookup;
use crate::deliverability::model::{Advised, Finding, Standing, What};
use crate::deliverability::situation::{Outward, Situation};
use crate::providers::dns::{reverse_name, DnsError};

pub fn reverse(situation: &Situation, dns: &dyn Lookup) -> Finding {
    let mut rights = Vec::new();
    for host in situation.own_servers() {
        match judge(situation, host, dns) {
            Ok(found) if found.standing == Standing::Found => rights.push(found.words),
            Ok(found) => return found,
            Err(error) => return not_asked(What::Reverse, &error),
        }
    }
    if rights.is_empty() {
        let words = "Mail leaves through a provider, which sees to the names of its servers.";
        return finding(What::Reverse, Standing::NotYours, words);
    }
    finding(What::Reverse, Standing::Found, rights.join(" "))
}

fn judge(situation: &Situation, host: &str, dns: &dyn Lookup) -> Result<Finding, DnsError> {
    let what = What::Reverse;
    let addresses = match situation.outward(host, dns)? {
        Outward::At(addresses) => addresses,
        Outward::Hidden => {
            let words = format!(
                "{host} lies in a private network: by which address its mail leaves cannot be seen from here. That \
                 address needs a name that leads back to it."
            );
            return Ok(finding(what, Standing::NotAsked, words));
        }
    };
    let Some(first) = addresses.first() else {
        return Ok(finding(what, Standing::Wrong, format!("The mail server {host} has no address.")));
    };
    let mut names = Vec::new();
    for ip in &addresses {
        let advised = |note: &str| Advised {
            name: reverse_name(*ip),
            kind: "PTR".into(),
            value: format!("{host}."),
            note: note.to_owned(),
        };
        let note =
            "Set where the server is rented, not at the domain's own DNS host; there it is mostly a field called \
                    reverse DNS.";
        let found = dns.names_of(*ip)?;
        let Some(name) = found.first() else {
            let words = format!("The address {ip} of {host} has no name.");
            return Ok(Finding { records: vec![advised(note)], ..finding(what, Standing::Missing, words) });
        };
        if !dns.addresses(name)?.contains(ip) {
            let words = format!("The address {ip} of {host} is called {name}, and that name does not lead back to it.");
            return Ok(Finding { records: vec![advised(note)], ..finding(what, Standing::Wrong, words) });
        }
        names.push(name.clone());
    }
    names.dedup();
    let more = if addresses.len() > 1 { " and the others" } else { "" };
    let words = format!("{first}{more} of {host} is called {}, which leads back to it.", names.join(", "));
    Ok(finding(what, Standing::Found, words))
}
