//! Finding addresses in free text and in header values.

/// All addresses in a text, in order, each once (without regard to case).
pub fn addresses_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        if let Some(address) = address_around(rest, at) {
            if !found.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
                found.push(address);
            }
        }
        rest = &rest[at + 1..];
        if found.len() >= 200 {
            break;
        }
    }
    found
}

/// The first address of a text.
pub fn first_address(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        if let Some(address) = address_around(rest, at) {
            return Some(address);
        }
        rest = &rest[at + 1..];
    }
    None
}

/// The address whose `@` stands at byte `at`.
fn address_around(text: &str, at: usize) -> Option<String> {
    let local = local_before(&text[..at])?;
    let domain = domain_after(&text[at + 1..])?;
    Some(format!("{local}@{domain}"))
}

fn local_before(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_suffix('"') {
        // A quoted local part (RFC 5321 section 4.1.2), not a quoted name.
        let start = inner.rfind('"')?;
        let local = &inner[start..];
        return (local.len() > 1 && local.len() <= 66 && !local.contains('@')).then(|| format!("{local}\""));
    }
    let local: String = text.chars().rev().take(65).take_while(|&c| is_local_char(c)).collect();
    let local: String = local.chars().rev().collect();
    let local = local.trim_start_matches(['.', '\'', '=', '`', '{', '|', '*', '/']).trim_end_matches('.');
    (!local.is_empty() && local.len() <= 64).then(|| local.to_owned())
}

fn is_local_char(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

fn domain_after(text: &str) -> Option<String> {
    let domain: String =
        text.chars().take(254).take_while(|&c| c.is_alphanumeric() || c == '-' || c == '.' || c == '_').collect();
    let domain = domain.trim_end_matches(['.', '-', '_']);
    let labels: Vec<&str> = domain.split('.').collect();
    let is_sound = labels.len() >= 2 && labels.iter().all(|label| !label.is_empty());
    is_sound.then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_the_ways_servers_write_them() {
        let cases: [(&str, &[&str]); 7] = [
            ("<ada@example.com>: host mx.example.com said: no", &["ada@example.com"]),
            ("rfc822;ada@example.com", &["ada@example.com"]),
            ("To: \"Ada, Countess\" <ada@example.com>, bob@example.org.", &["ada@example.com", "bob@example.org"]),
            ("<mailto:ada+x@example.com>", &["ada+x@example.com"]),
            ("\"odd..name\"@example.net", &["\"odd..name\"@example.net"]),
            ("jörg@bücher.example", &["jörg@bücher.example"]),
            ("@example.com, ada@, ada@localhost, @", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(addresses_in(text), expected, "{text}");
        }
    }
}
