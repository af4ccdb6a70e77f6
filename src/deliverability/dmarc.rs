//! DMARC, RFC 7489: what receivers are told to do with mail that proves nothing.

use super::lookup::Lookup;
use crate::providers::dns::DnsError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dmarc {
    None,
    /// More than one counts as none (section 6.6.3).
    Several(String),
    One {
        at: String,
        record: Record,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `none`, `quarantine`, `reject`: what holds for this domain.
    pub policy: String,
    /// Where summaries go.
    pub reports_to: Vec<String>,
    pub strict_spf: bool,
    pub strict_dkim: bool,
    pub mistake: Option<String>,
}

/// The domain's own record, or that of the nearest domain above it.
pub fn read(domain: &str, dns: &dyn Lookup) -> Result<Dmarc, DnsError> {
    let mut name = domain;
    loop {
        let at = format!("_dmarc.{name}");
        let mut found: Vec<String> = dns.texts(&at)?.into_iter().filter(|text| is_dmarc(text)).collect();
        match found.len() {
            0 => {}
            1 => return Ok(Dmarc::One { record: parse(&found.remove(0), name != domain), at }),
            _ => return Ok(Dmarc::Several(at)),
        }
        match name.split_once('.') {
            Some((_, above)) if above.contains('.') => name = above,
            _ => return Ok(Dmarc::None),
        }
    }
}

fn is_dmarc(text: &str) -> bool {
    text.split(';').next().is_some_and(|first| first.replace(' ', "").eq_ignore_ascii_case("v=DMARC1"))
}

/// `is_above`: it stands at a domain above, whose `sp` goes before its `p`.
fn parse(text: &str, is_above: bool) -> Record {
    let mut record = Record::default();
    let (mut own, mut below) = (None, None);
    for (name, value) in text.split(';').skip(1).filter_map(|tag| tag.split_once('=')) {
        let value = value.trim();
        match name.trim().to_lowercase().as_str() {
            "p" => own = Some(value.to_lowercase()),
            "sp" => below = Some(value.to_lowercase()),
            "rua" => {
                let places = value.split(',').map(|place| place.trim().to_owned());
                record.reports_to = places.filter(|place| !place.is_empty()).collect();
            }
            "aspf" => record.strict_spf = value.eq_ignore_ascii_case("s"),
            "adkim" => record.strict_dkim = value.eq_ignore_ascii_case("s"),
            _ => {}
        }
    }
    record.policy = below.filter(|_| is_above).or(own).unwrap_or_default();
    record.mistake = match record.policy.as_str() {
        "none" | "quarantine" | "reject" => None,
        "" => Some("it has no policy (p=)".to_owned()),
        other => Some(format!("its policy “{other}” is none of none, quarantine and reject")),
    };
    if record.mistake.is_none() && record.reports_to.iter().any(|place| !place.starts_with("mailto:")) {
        record.mistake = Some("its rua does not begin with mailto:, so no report will come".to_owned());
    }
    record
}
