//! From what DNS says to what is right, what is not, and which record would mend it. Asks; changes nothing.

mod key;
mod reverse;
mod sending;

use super::dmarc::{self, Dmarc};
use super::lookup::Lookup;
use super::model::{Advised, Finding, Standing, What};
use super::situation::Situation;
use crate::providers::dns::DnsError;

pub use key::KeysSeen;

/// Everything that was found, in the order of the page, and what was seen of our keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub findings: Vec<Finding>,
    pub keys: KeysSeen,
}

pub fn look(situation: &Situation, dns: &dyn Lookup) -> Found {
    let mail = mail_comes_in(situation, dns);
    let spf = sending::spf(situation, dns);
    let (dkim, keys) = key::dkim(situation, dns);
    let dmarc = policy(situation, dns);
    let aligned = alignment(&spf, &dkim);
    let unsubscribe = one_click(situation, &dkim);
    let reverse = reverse::reverse(situation, dns);
    Found { findings: vec![mail, spf, dkim, dmarc, aligned, unsubscribe, reverse], keys }
}

fn finding(what: What, standing: Standing, words: impl Into<String>) -> Finding {
    Finding { what, standing, words: words.into(), records: Vec::new() }
}

fn not_asked(what: What, error: &DnsError) -> Finding {
    finding(what, Standing::NotAsked, format!("Nothing is known: {error}."))
}

fn text_record(name: &str, value: String, note: &str) -> Advised {
    Advised { name: name.to_owned(), kind: "TXT".into(), value, note: note.to_owned() }
}

fn mail_comes_in(situation: &Situation, dns: &dyn Lookup) -> Finding {
    let domain = &situation.domain;
    let hosts = match dns.mail_hosts(domain) {
        Ok(hosts) => hosts,
        Err(error) => return not_asked(What::Mx, &error),
    };
    // RFC 7505: a single "." says that the domain takes no mail.
    if hosts.iter().any(|(_, host)| host.is_empty()) {
        let words = format!("{domain} says that it takes no mail, so no answer can arrive.");
        return Finding { records: mail_records(situation), ..finding(What::Mx, Standing::Wrong, words) };
    }
    let Some((_, best)) = hosts.first() else {
        let words = format!("{domain} names no server for its mail.");
        return Finding { records: mail_records(situation), ..finding(What::Mx, Standing::Missing, words) };
    };
    match dns.addresses(best) {
        Ok(found) if found.is_empty() => {
            finding(What::Mx, Standing::Wrong, format!("It names {best}, and there is no such server."))
        }
        Ok(_) => {
            let names: Vec<&str> = hosts.iter().map(|(_, host)| host.as_str()).collect();
            finding(What::Mx, Standing::Found, format!("Mail goes to {}.", names.join(", ")))
        }
        Err(error) => not_asked(What::Mx, &error),
    }
}

fn mail_records(situation: &Situation) -> Vec<Advised> {
    let server = if situation.hosts().any(|host| *host == super::hosts::GOOGLE) {
        Some("1 smtp.google.com.".to_owned())
    } else {
        let named =
            situation.own_servers().find(|host| host.parse::<std::net::IpAddr>().is_err() && *host != "localhost");
        named.map(|host| format!("10 {host}."))
    };
    let record = |value| Advised {
        name: situation.domain.clone(),
        kind: "MX".into(),
        value,
        note: "The number in front is its priority; some hosts have a field of its own for it.".into(),
    };
    server.map(record).into_iter().collect()
}

fn policy(situation: &Situation, dns: &dyn Lookup) -> Finding {
    let domain = &situation.domain;
    let own = format!("_dmarc.{domain}");
    let advised = |policy: &str, note: &str| {
        vec![text_record(&own, format!("v=DMARC1; p={policy}; rua=mailto:postmaster@{domain}"), note)]
    };
    let read_by = "Put an address behind mailto: that somebody reads; it receives a summary each day.";
    match dmarc::read(domain, dns) {
        Err(error) => not_asked(What::Dmarc, &error),
        Ok(Dmarc::None) => {
            let words = format!("There is no record at {own}.");
            Finding { records: advised("none", read_by), ..finding(What::Dmarc, Standing::Missing, words) }
        }
        Ok(Dmarc::Several(at)) => {
            let words = format!("There is more than one record at {at}; receivers then act as if there were none.");
            let note = "Remove the others.";
            Finding { records: advised("none", note), ..finding(What::Dmarc, Standing::Wrong, words) }
        }
        Ok(Dmarc::One { at, record }) => match record.mistake {
            Some(mistake) => {
                let words = format!("The record at {at} is not right: {mistake}.");
                Finding { records: advised("none", read_by), ..finding(What::Dmarc, Standing::Wrong, words) }
            }
            None => finding(What::Dmarc, Standing::Found, dmarc_words(&at, &record)),
        },
    }
}

fn dmarc_words(at: &str, record: &dmarc::Record) -> String {
    let does = match record.policy.as_str() {
        "reject" => "mail that proves nothing is refused",
        "quarantine" => "mail that proves nothing goes to spam",
        _ => "nothing is done with mail that proves nothing",
    };
    let reports = match record.reports_to.first() {
        Some(place) => format!("Reports go to {}.", place.trim_start_matches("mailto:")),
        None => "No reports are asked for; rua=mailto:… would bring a summary each day.".to_owned(),
    };
    let strict = match (record.strict_spf, record.strict_dkim) {
        (false, false) => "",
        _ => " It demands the very same domain, which mail from here has.",
    };
    format!("At {at}: {does} (p={}).{strict} {reports}", record.policy)
}

/// The envelope carries the mailbox's own address and our signature its domain, so what passes is aligned.
fn alignment(spf: &Finding, dkim: &Finding) -> Finding {
    let what = What::Alignment;
    let standing = match (spf.standing, dkim.standing) {
        (Standing::Found, Standing::Found) => {
            return finding(what, Standing::Found, "SPF and DKIM both prove the domain of the From line.")
        }
        (Standing::Found, _) => {
            let words =
                "SPF proves the domain of the From line, as long as nobody forwards the mail; DKIM does not yet.";
            return finding(what, Standing::Found, words);
        }
        (_, Standing::Found) => {
            return finding(what, Standing::Found, "DKIM proves the domain of the From line; SPF does not yet.")
        }
        (Standing::NotAsked, _) | (_, Standing::NotAsked) => Standing::NotAsked,
        _ => Standing::Wrong,
    };
    let words = match standing {
        Standing::NotAsked => "Nothing is known until SPF and DKIM can be asked about.",
        _ => "Neither SPF nor DKIM proves the domain of the From line: DMARC fails. Put one of them right above.",
    };
    finding(what, standing, words)
}

fn one_click(situation: &Situation, dkim: &Finding) -> Finding {
    let what = What::Unsubscribe;
    let url = &situation.public_url;
    if !url.starts_with("https://") {
        let words = format!(
            "This server's public address is {url}. One click is announced for https only (RFC 8058), so mail carries \
             the link, but not the button. Its operator sets server.public_url."
        );
        return finding(what, Standing::Wrong, words);
    }
    match dkim.standing {
        Standing::Missing | Standing::Wrong => {
            let words =
                "Each outreach mail carries both headers, but no signature of this domain covers them (RFC 8058 \
                         section 4). Put DKIM right above.";
            finding(what, Standing::Wrong, words)
        }
        _ => finding(
            what,
            Standing::Found,
            format!("Each outreach mail carries List-Unsubscribe and List-Unsubscribe-Post with an address at {url}."),
        ),
    }
}
