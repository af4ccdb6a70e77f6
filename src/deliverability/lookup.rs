//! Asking DNS with a trail of what was asked.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use super::model::Asked;
use crate::base::Clock;
use crate::providers::dns::{reverse_name, DnsError, Kind, Record, Series};

/// Questions of one check; a domain whose records lead on and on ends here.
const MOST_QUESTIONS: usize = 80;
/// Characters of an answer that the trail keeps.
const KEPT_CHARS: usize = 300;

/// Who can be asked. A table of records in tests.
pub trait Lookup {
    fn ask(&self, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError>;

    fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let text = |record| match record {
            Record::Text(text) => Some(text),
            _ => None,
        };
        Ok(self.ask(name, Kind::Txt)?.into_iter().filter_map(text).collect())
    }

    /// IPv4 and IPv6; what is an address already is its own answer, and nobody is asked for this machine's own name
    /// (RFC 6761 section 6.3).
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        if host == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
        }
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        let mut found = self.ask(host, Kind::A)?;
        found.extend(self.ask(host, Kind::Aaaa)?);
        let address = |record| match record {
            Record::Address(ip) => Some(ip),
            _ => None,
        };
        Ok(found.into_iter().filter_map(address).collect())
    }

    /// Best first.
    fn mail_hosts(&self, domain: &str) -> Result<Vec<(u16, String)>, DnsError> {
        let mail = |record| match record {
            Record::Mail { preference, host } => Some((preference, host)),
            _ => None,
        };
        let mut found: Vec<_> = self.ask(domain, Kind::Mx)?.into_iter().filter_map(mail).collect();
        found.sort();
        Ok(found)
    }

    fn names_of(&self, ip: IpAddr) -> Result<Vec<String>, DnsError> {
        let name = |record| match record {
            Record::Name(name) => Some(name),
            _ => None,
        };
        Ok(self.ask(&reverse_name(ip), Kind::Ptr)?.into_iter().filter_map(name).collect())
    }
}

/// Asks the configured servers and writes everything down.
pub struct Trail<'a> {
    series: Series<'a>,
    clock: &'a Clock,
    asked: RefCell<Vec<Asked>>,
}

impl<'a> Trail<'a> {
    pub fn new(series: Series<'a>, clock: &'a Clock) -> Self {
        Self { series, clock, asked: RefCell::default() }
    }

    pub fn into_asked(self) -> Vec<Asked> {
        self.asked.into_inner()
    }
}

impl Lookup for Trail<'_> {
    fn ask(&self, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError> {
        if self.asked.borrow().len() >= MOST_QUESTIONS {
            return Err(DnsError::Refused("too many questions for one check".into()));
        }
        let (at, begun) = (self.clock.now(), Instant::now());
        let answer = self.series.ask(name, kind);
        self.asked.borrow_mut().push(Asked {
            at,
            name: name.to_owned(),
            kind: kind.name().to_owned(),
            answer: in_words(&answer).chars().take(KEPT_CHARS).collect(),
            answered: answer.is_ok(),
            took_millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        answer
    }
}

fn in_words(answer: &Result<Vec<Record>, DnsError>) -> String {
    let one = |record: &Record| match record {
        Record::Address(ip) => ip.to_string(),
        Record::Mail { preference, host } => format!("{preference} {host}."),
        Record::Text(text) => format!("“{text}”"),
        Record::Name(name) => format!("{name}."),
        Record::Service { priority, port, host } => format!("{priority} {port} {host}."),
    };
    match answer {
        Ok(records) if records.is_empty() => "nothing there".to_owned(),
        Ok(records) => records.iter().map(one).collect::<Vec<_>>().join(", "),
        Err(error) => error.to_string(),
    }
}
