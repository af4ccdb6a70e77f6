//! Asking DNS whether a domain takes mail.

use super::model::{DomainMail, TakesMail};
use crate::base::UnixMillis;
use crate::config::{Config, Resolver};
use crate::providers::dns::{DnsError, Kind, Record, Series};

/// Asks for MX, and only where there is none for an address: a domain without MX takes mail at its own address
/// (RFC 5321 section 5.1), one with the single MX "." takes none (RFC 7505 section 3).
pub(super) fn look(config: &Config, series: &Series<'_>, domain: &str, now: UnixMillis) -> DomainMail {
    let (takes, host) = if is_asked(config) {
        judge(domain, |name, kind| series.ask(name, kind)).unwrap_or((TakesMail::Unknown, None))
    } else {
        (TakesMail::NotAsked, None)
    };
    DomainMail { domain: domain.to_owned(), takes, host, checked_at: now }
}

/// Whether the name servers can judge. Where private networks are within reach, a domain may live in one of them, and
/// "there is no such domain" would keep mail from people who are there; unless the operator has said whom to ask.
fn is_asked(config: &Config) -> bool {
    let knows_private = config.allow_loopback_providers || !config.outbound.allow_private_hosts.is_empty();
    !knows_private || config.dns.resolver != Resolver::System
}

type Judged = (TakesMail, Option<String>);

fn judge(domain: &str, ask: impl Fn(&str, Kind) -> Result<Vec<Record>, DnsError>) -> Result<Judged, DnsError> {
    let mut hosts: Vec<(u16, String)> = ask(domain, Kind::Mx)?.into_iter().filter_map(mail_host).collect();
    hosts.sort();
    if let Some((_, first)) = hosts.iter().find(|(_, host)| !host.is_empty()) {
        return Ok((TakesMail::Yes, Some(first.clone())));
    }
    if !hosts.is_empty() {
        return Ok((TakesMail::Refuses, None));
    }
    for kind in [Kind::A, Kind::Aaaa] {
        if !ask(domain, kind)?.is_empty() {
            return Ok((TakesMail::Yes, None));
        }
    }
    Ok((TakesMail::Nowhere, None))
}

fn mail_host(record: Record) -> Option<(u16, String)> {
    match record {
        Record::Mail { preference, host } => Some((preference, host.trim_end_matches('.').to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_takes_mail_at_its_mx_or_else_at_its_address_and_silence_is_no_answer() {
        let mx = |preference, host: &str| Record::Mail { preference, host: host.into() };
        let address = || Record::Address([192, 0, 2, 1].into());
        let cases: [(&str, Result<Vec<Record>, DnsError>, Result<Vec<Record>, DnsError>, TakesMail); 7] = [
            ("mx", Ok(vec![mx(20, "b.example"), mx(10, "a.example")]), Ok(vec![]), TakesMail::Yes),
            ("null mx", Ok(vec![mx(0, "")]), Ok(vec![address()]), TakesMail::Refuses),
            ("null mx beside another", Ok(vec![mx(0, ""), mx(10, "a.example")]), Ok(vec![]), TakesMail::Yes),
            ("only an address", Ok(vec![]), Ok(vec![address()]), TakesMail::Yes),
            ("nothing", Ok(vec![]), Ok(vec![]), TakesMail::Nowhere),
            ("nobody answers", Err(DnsError::TimedOut), Ok(vec![address()]), TakesMail::Unknown),
            ("nobody answers about the address", Ok(vec![]), Err(DnsError::TimedOut), TakesMail::Unknown),
        ];
        for (name, mail, addresses, expected) in cases {
            let found = judge("x.example", |_, kind| if kind == Kind::Mx { mail.clone() } else { addresses.clone() });
            let (takes, host) = found.unwrap_or((TakesMail::Unknown, None));
            assert_eq!(takes, expected, "{name}");
            if name == "mx" {
                assert_eq!(host.as_deref(), Some("a.example"), "the best one is named");
            }
        }
    }
}
