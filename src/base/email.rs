//! E-mail addresses as they are shown, and as they are compared.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// An e-mail address. `display` is what the person wrote; `compare` (NFC, whole address in lower
/// case, domain as A-label) is what uniqueness, suppression and keyed hashes use, so that an
/// opt-out by Ada@example.com also holds for ada@example.com.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    display: String,
    compare: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    #[error("Write an address, for example ada@example.com.")]
    Empty,
    #[error("An address has one @ between name and domain, for example ada@example.com.")]
    NoAt,
    #[error("Something is missing before the @.")]
    NoLocal,
    #[error("Add the ending of the domain, for example \".com\".")]
    NoEnding,
    #[error("The part after the @ is not a domain.")]
    BadDomain,
    #[error("An address holds no spaces, commas or brackets.")]
    BadCharacter,
    #[error("An address has at most 254 characters, 64 of them before the @.")]
    TooLong,
}

impl EmailAddress {
    /// Reads one bare address (RFC 5321 section 4.1.2 dot-string; quoted locals are refused).
    pub fn parse(raw: &str) -> Result<Self, InvalidEmail> {
        let trimmed = raw.trim();
        let display: String = if trimmed.is_ascii() { trimmed.to_owned() } else { trimmed.nfc().collect() };
        if display.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        let (local, domain) = display.rsplit_once('@').ok_or(InvalidEmail::NoAt)?;
        check_local(local)?;
        let domain = check_domain(domain)?;
        if local.len() > 64 || local.len() + 1 + domain.len() > 254 {
            return Err(InvalidEmail::TooLong);
        }
        let compare = format!("{}@{domain}", local.to_lowercase());
        Ok(Self { compare, display })
    }

    /// As the person wrote it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The form used for equality, suppression and hashes.
    pub fn compare(&self) -> &str {
        &self.compare
    }

    /// The domain as A-label in lower case.
    pub fn domain(&self) -> &str {
        self.compare.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the @, in lower case.
    pub fn local(&self) -> &str {
        self.compare.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

fn check_local(local: &str) -> Result<(), InvalidEmail> {
    if local.is_empty() {
        return Err(InvalidEmail::NoLocal);
    }
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") || !local.chars().all(allowed) {
        return Err(InvalidEmail::BadCharacter);
    }
    Ok(())
}

/// The domain in lower case with A-labels (IDNA), with at least one dot and no numeric ending.
fn check_domain(domain: &str) -> Result<String, InvalidEmail> {
    if domain.chars().any(|c| c.is_whitespace() || "<>,;:()[]\"\\".contains(c)) {
        return Err(InvalidEmail::BadCharacter);
    }
    let ascii = if is_plain(domain) {
        domain.to_owned()
    } else {
        let Ok(url::Host::Domain(ascii)) = url::Host::parse(domain) else {
            return Err(InvalidEmail::BadDomain);
        };
        ascii
    };
    let label_ok =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    if !ascii.contains('.') || ascii.ends_with('.') {
        return Err(InvalidEmail::NoEnding);
    }
    if !ascii.split('.').all(label_ok) || !ascii.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Err(InvalidEmail::BadDomain);
    }
    Ok(ascii)
}

/// Lower-case ASCII without A-labels, ending in a word: nothing in it would be changed. Each address that is read from
/// the store comes by here, and nearly all are such.
fn is_plain(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
        && last.starts_with(|c: char| c.is_ascii_lowercase())
        && !domain.contains("xn--")
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.compare == other.compare
    }
}
impl Eq for EmailAddress {}
impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.compare.hash(state);
    }
}
impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.display)
    }
}
impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;
    fn try_from(raw: String) -> Result<Self, InvalidEmail> {
        Self::parse(&raw)
    }
}
impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.display
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_for_plain_domains_says_what_the_long_one_says() {
        let domains = [
            "a.example",
            "firm-9.co.uk",
            "1.2.3.4",
            "a.0x1f",
            "a.1",
            "example",
            "a..b",
            "a.b.",
            ".a.b",
            "-a.b",
            "a-.b",
            "a.-b",
            "xn--bcher-kva.example",
            "xn--a.b",
            "a.x1",
            "a.b-c",
            "A.B",
            "a_b.c",
            "a b.c",
        ];
        for domain in domains {
            let long = match url::Host::parse(domain) {
                Ok(url::Host::Domain(ascii)) => Some(ascii),
                _ => None,
            };
            if is_plain(domain) {
                assert_eq!(long.as_deref(), Some(domain), "{domain}");
            }
        }
    }

    #[test]
    fn an_address_is_compared_without_regard_to_case_or_script_of_its_domain() {
        let cases = [
            ("Ada@Example.COM", "ada@example.com"),
            ("  ada+x@example.com ", "ada+x@example.com"),
            ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ];
        for (raw, compare) in cases {
            assert_eq!(EmailAddress::parse(raw).map(|a| a.compare().to_owned()), Ok(compare.to_owned()), "{raw}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_is_missing() {
        let cases = [
            ("", InvalidEmail::Empty),
            ("ada", InvalidEmail::NoAt),
            ("@example.com", InvalidEmail::NoLocal),
            ("ada@example", InvalidEmail::NoEnding),
            ("ada@exa mple.com", InvalidEmail::BadCharacter),
            ("a b@example.com", InvalidEmail::BadCharacter),
            ("a\r\nBcc: x@example.com", InvalidEmail::BadCharacter),
            ("ada@127.0.0.1", InvalidEmail::BadDomain),
            ("ada@-x.com", InvalidEmail::BadDomain),
        ];
        for (raw, expected) in cases {
            assert_eq!(EmailAddress::parse(raw), Err(expected), "{raw}");
        }
    }
}
