//! Sender Policy Framework, RFC 7208: what a domain's record allows, and what it costs to find out.

use std::net::IpAddr;

use ipnet::IpNet;

use super::lookup::Lookup;
use crate::providers::dns::DnsError;

/// Terms that make a receiver ask again (section 4.6.4). Beyond it the whole record counts as broken.
pub const MOST_LOOKUPS: u32 = 10;
/// Of those, answers with nothing in them.
pub const MOST_VOID: u32 = 2;
/// Where reading ends, however long a record goes on.
const READ_AT_MOST: u32 = 20;

/// The record at the domain itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spf {
    None,
    /// More than one is as good as none (section 4.5).
    Several(Vec<String>),
    One(Policy),
}

/// One record with everything it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub text: String,
    pub lookups: u32,
    pub void: u32,
    /// Records that are included, at any depth.
    pub included: Vec<String>,
    /// Addresses that may send.
    pub networks: Vec<IpNet>,
    /// The sign before `all`: `-`, `~`, `?`, `+`; none where the record just ends.
    pub ending: Option<char>,
    /// What makes it wrong, in words.
    pub mistakes: Vec<String>,
}

impl Policy {
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&ip))
    }

    pub fn includes(&self, name: &str) -> bool {
        self.included.iter().any(|included| included == name)
    }
}

/// Reads the domain's record and follows it. Fails when something could not be asked.
pub fn read(domain: &str, dns: &dyn Lookup) -> Result<Spf, DnsError> {
    let mut found = records_at(domain, dns)?;
    Ok(match found.len() {
        0 => Spf::None,
        1 => {
            let text = found.remove(0);
            let mut policy = Policy { text: text.clone(), ..Policy::default() };
            follow(&mut policy, domain, &text, Way { is_own: true, counts: true }, dns)?;
            note_costs(&mut policy);
            Spf::One(policy)
        }
        _ => Spf::Several(found),
    })
}

fn records_at(name: &str, dns: &dyn Lookup) -> Result<Vec<String>, DnsError> {
    let is_spf = |text: &String| {
        let version = text.split(' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case("v=spf1")
    };
    Ok(dns.texts(name)?.into_iter().filter(is_spf).collect())
}

/// How one came to a record.
#[derive(Clone, Copy)]
struct Way {
    /// The domain's own, or what it redirects to: its `all` is the ending.
    is_own: bool,
    /// What it allows is allowed: every `include` on the way was a "+".
    counts: bool,
}

/// A mechanism or modifier (section 4.6.1).
struct Term<'a> {
    sign: char,
    name: String,
    /// Behind `:` or `=`.
    target: &'a str,
    /// Behind `/` and `//`.
    prefixes: (u8, u8),
    is_modifier: bool,
}

fn follow(policy: &mut Policy, domain: &str, text: &str, way: Way, dns: &dyn Lookup) -> Result<(), DnsError> {
    let mut redirect = None;
    for word in text.split(' ').skip(1).filter(|word| !word.is_empty()) {
        let Some(term) = read_term(word) else {
            policy.mistakes.push(format!("“{word}” cannot be read"));
            continue;
        };
        if term.is_modifier {
            if term.name == "redirect" {
                redirect = Some(term.target.to_owned());
            }
            continue;
        }
        if term.name == "all" {
            if way.is_own {
                policy.ending = Some(term.sign);
            }
            return Ok(());
        }
        apply(policy, domain, &term, way, dns)?;
    }
    match redirect {
        Some(target) => lead_on(policy, &target, way, dns),
        None => Ok(()),
    }
}

fn read_term(word: &str) -> Option<Term<'_>> {
    let sign = word.chars().next().filter(|sign| "+-~?".contains(*sign));
    let body = &word[sign.map_or(0, char::len_utf8)..];
    let end = body.find([':', '=', '/']).unwrap_or(body.len());
    let name = body[..end].to_lowercase();
    let rest = &body[end..];
    let is_modifier = rest.starts_with('=');
    let is_known = matches!(name.as_str(), "all" | "include" | "a" | "mx" | "ptr" | "ip4" | "ip6" | "exists");
    if !is_modifier && !is_known || is_modifier && (sign.is_some() || name.is_empty()) {
        return None;
    }
    let target = rest.strip_prefix([':', '=']).unwrap_or(rest);
    // The length of an address belongs to the address.
    let (target, prefixes) =
        if matches!(name.as_str(), "a" | "mx") { cut_prefixes(target)? } else { (target, (32, 128)) };
    let needs_target = matches!(name.as_str(), "include" | "ip4" | "ip6" | "exists");
    (!needs_target || !target.is_empty()).then_some(Term {
        sign: sign.unwrap_or('+'),
        name,
        target,
        prefixes,
        is_modifier,
    })
}

/// `host/24//64`
fn cut_prefixes(text: &str) -> Option<(&str, (u8, u8))> {
    let (host, lengths) = text.split_once('/').unwrap_or((text, ""));
    let (four, six) = match lengths.strip_prefix('/') {
        Some(six) => ("", six),
        None => lengths.split_once("//").unwrap_or((lengths, "")),
    };
    let length = |text: &str, whole: u8| match text {
        "" => Some(whole),
        text => text.parse().ok().filter(|length| *length <= whole),
    };
    Some((host, (length(four, 32)?, length(six, 128)?)))
}

fn apply(policy: &mut Policy, domain: &str, term: &Term<'_>, way: Way, dns: &dyn Lookup) -> Result<(), DnsError> {
    let counts = way.counts && term.sign == '+';
    match term.name.as_str() {
        "ip4" | "ip6" => {
            let network = term.target.parse().ok().or_else(|| term.target.parse().ok().map(|ip: IpAddr| ip.into()));
            match network {
                Some(network) if counts => policy.networks.push(network),
                Some(_) => {}
                None => policy.mistakes.push(format!("“{}” is no address", term.target)),
            }
            return Ok(());
        }
        "include" => return lead_on(policy, term.target, Way { is_own: false, counts }, dns),
        _ => {}
    }
    policy.lookups += 1;
    if term.name == "ptr" {
        policy.mistakes.push("“ptr” must not be used any more (RFC 7208 section 5.5)".into());
    }
    // With macros it depends on each mail; it costs a look-up all the same.
    if policy.lookups > READ_AT_MOST || term.target.contains('%') || !matches!(term.name.as_str(), "a" | "mx") {
        return Ok(());
    }
    let host = if term.target.is_empty() { domain } else { term.target };
    let mut found = Vec::new();
    match term.name.as_str() {
        "a" => found = dns.addresses(host)?,
        _ => {
            for (_, host) in dns.mail_hosts(host)?.into_iter().take(10) {
                found.extend(dns.addresses(&host)?);
            }
        }
    }
    policy.void += u32::from(found.is_empty());
    if counts {
        policy.networks.extend(found.into_iter().filter_map(|ip| {
            let length = if ip.is_ipv4() { term.prefixes.0 } else { term.prefixes.1 };
            IpNet::new(ip, length).ok()
        }));
    }
    Ok(())
}

/// `include` and `redirect`: another name's record.
fn lead_on(policy: &mut Policy, target: &str, way: Way, dns: &dyn Lookup) -> Result<(), DnsError> {
    policy.lookups += 1;
    if policy.lookups > READ_AT_MOST || target.contains('%') {
        return Ok(());
    }
    let target = target.trim_end_matches('.').to_lowercase();
    let found = records_at(&target, dns)?;
    policy.void += u32::from(found.is_empty());
    match &found[..] {
        [text] => {
            if way.counts {
                policy.included.push(target.clone());
            }
            follow(policy, &target, text, way, dns)
        }
        [] => {
            policy.mistakes.push(format!("it leads to {target}, which has no SPF record"));
            Ok(())
        }
        _ => {
            policy.mistakes.push(format!("it leads to {target}, which has more than one SPF record"));
            Ok(())
        }
    }
}

fn note_costs(policy: &mut Policy) {
    if policy.lookups > MOST_LOOKUPS {
        let lookups = policy.lookups;
        policy.mistakes.push(format!("it needs {lookups} look-ups, and {MOST_LOOKUPS} are allowed"));
    }
    if policy.void > MOST_VOID {
        policy.mistakes.push(format!("{} of its look-ups find nothing, and {MOST_VOID} are allowed", policy.void));
    }
    match policy.ending {
        Some('-' | '~') => {}
        Some('+') => policy.mistakes.push("“+all” lets everybody send for this domain".into()),
        _ => policy.mistakes.push("it does not end with “~all” or “-all”, so it forbids nothing".into()),
    }
}

/// The record with `mechanisms` added and an ending that forbids; of several records one is made.
pub fn repaired(texts: &[String], mechanisms: &[String]) -> String {
    let mut terms: Vec<String> = Vec::new();
    let mut ending = "~all".to_owned();
    let words = texts.iter().flat_map(|text| text.split(' ').skip(1)).filter(|word| !word.is_empty());
    for word in words.map(str::to_owned).chain(mechanisms.iter().cloned()) {
        match word.trim_start_matches(['+', '-', '~', '?']) {
            "all" if word.starts_with(['-', '~']) => ending = word,
            "all" => {}
            other if other.starts_with("redirect=") => ending = word,
            _ if terms.contains(&word) => {}
            _ => terms.push(word),
        }
    }
    terms.insert(0, "v=spf1".to_owned());
    terms.push(ending);
    terms.join(" ")
}
