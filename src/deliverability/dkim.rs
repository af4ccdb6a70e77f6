//! Key records of DKIM, RFC 6376 section 3.6.1: written for our keys, read for everybody's.

use super::lookup::Lookup;
use super::model::Advised;
use crate::providers::dns::DnsError;

/// What stands under a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    Nothing,
    /// The `p=` without spaces.
    Key(String),
    /// An empty `p=`.
    Revoked,
    /// More than one record, or none that can be read.
    Unreadable(String),
}

pub fn record_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// The record for one of our keys.
pub fn record_for(selector: &str, domain: &str, public: &str) -> Advised {
    Advised {
        name: record_name(selector, domain),
        kind: "TXT".into(),
        value: format!("v=DKIM1; k=rsa; p={public}"),
        note:
            "Longer than 255 characters: most hosts divide it by themselves. Where yours refuses it, write it as two \
               quoted parts beside each other in one record."
                .into(),
    }
}

pub fn find(selector: &str, domain: &str, dns: &dyn Lookup) -> Result<Published, DnsError> {
    let texts = dns.texts(&record_name(selector, domain))?;
    // Whatever else stands there, only key records count.
    let keys: Vec<&String> = texts.iter().filter(|text| text.contains("p=")).collect();
    Ok(match (&keys[..], texts.first()) {
        ([one], _) => read(one),
        ([], None) => Published::Nothing,
        ([], Some(other)) => Published::Unreadable(format!("“{other}” is no key")),
        _ => Published::Unreadable("there is more than one record, and receivers take any of them".into()),
    })
}

fn read(text: &str) -> Published {
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let mut key = None;
    for (name, value) in tags {
        match (name.trim(), value.trim()) {
            ("v", version) if version != "DKIM1" => {
                return Published::Unreadable(format!("its version is “{version}”"))
            }
            ("p", value) => key = Some(value.chars().filter(|c| !c.is_whitespace()).collect::<String>()),
            _ => {}
        }
    }
    match key {
        Some(key) if key.is_empty() => Published::Revoked,
        Some(key) => Published::Key(key),
        None => Published::Unreadable("it has no key (p=)".into()),
    }
}
