//! Enhanced status codes (RFC 3463, registry RFC 5248) and basic SMTP replies in text.

/// class.subject.detail; class is 2, 4 or 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedCode {
    pub class: u8,
    pub subject: u16,
    pub detail: u16,
}

impl EnhancedCode {
    /// Reads a code at the beginning of a text: `5.1.1`, `5.1.1 (bad address)`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::at_start(text.trim_start().as_bytes()).map(|(code, _)| code)
    }

    /// The first code in free text. A code stands alone: `10.5.1.1` and `5.1.1.2` are addresses of hosts.
    pub fn find(text: &str) -> Option<Self> {
        Self::find_all(text).next()
    }

    /// All codes in free text, in order.
    pub fn find_all(text: &str) -> impl Iterator<Item = Self> + '_ {
        let bytes = text.as_bytes();
        (0..bytes.len()).filter_map(move |at| {
            let before = at.checked_sub(1).map(|index| bytes[index]);
            if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/')) {
                // `550-5.1.1` is how a reply of several lines writes it (RFC 5321 section 4.2.1).
                let is_reply_dash = before == Some(b'-') && at >= 4 && reply_code(&bytes[at - 4..at - 1]).is_some();
                if !is_reply_dash {
                    return None;
                }
            }
            Self::at_start(&bytes[at..]).map(|(code, _)| code)
        })
    }

    fn at_start(bytes: &[u8]) -> Option<(Self, usize)> {
        let class = match bytes.first()? {
            byte @ (b'2' | b'4' | b'5') => byte - b'0',
            _ => return None,
        };
        let (subject, rest) = dot_number(&bytes[1..])?;
        let (detail, after) = dot_number(rest)?;
        let goes_on = match after {
            [b'.', next, ..] => next.is_ascii_digit(),
            [next, ..] => next.is_ascii_alphanumeric() || *next == b'/',
            [] => false,
        };
        (!goes_on).then_some((Self { class, subject, detail }, bytes.len() - after.len()))
    }

    /// `x.0.0` says only that it failed; so do the protocol-level `x.5.0` of old servers.
    pub fn is_generic(self) -> bool {
        self.detail == 0 && matches!(self.subject, 0 | 5)
    }
}

impl std::fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// `.` and one to three digits.
fn dot_number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let rest = bytes.strip_prefix(b".")?;
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 3 {
        return None;
    }
    let number = rest[..digits].iter().fold(0u16, |sum, byte| sum * 10 + u16::from(byte - b'0'));
    Some((number, &rest[digits..]))
}

/// The first basic reply code (4xx or 5xx) that stands alone in a text.
pub fn find_reply(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(2)).find_map(|at| {
        let is_alone_before = at == 0
            || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b':' | b'(' | b'\'' | b'"' | b'#' | b';' | b'>' | b'[');
        let is_alone_after = bytes
            .get(at + 3)
            .is_none_or(|byte| matches!(byte, b' ' | b'-' | b'\n' | b'\r' | b':' | b',' | b')' | b';' | b'#' | b'\''));
        if is_alone_before && is_alone_after {
            reply_code(&bytes[at..at + 3])
        } else {
            None
        }
    })
}

fn reply_code(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [class @ (b'4' | b'5'), second @ b'0'..=b'7', third @ b'0'..=b'9'] => {
            Some(u16::from(class - b'0') * 100 + u16::from(second - b'0') * 10 + u16::from(third - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_where_they_stand_alone() {
        let cases = [
            ("smtp; 550 5.1.1 <ada@example.com> unknown", Some("5.1.1"), Some(550)),
            ("550-5.7.26 this mail is not authenticated", Some("5.7.26"), Some(550)),
            ("(#5.4.4)", Some("5.4.4"), None),
            ("host 10.5.1.1 said nothing", None, None),
            ("version 5.1.1.2", None, None),
            ("421 try later", None, Some(421)),
            ("order 5501 of 1999", None, None),
            ("4.4.7", Some("4.4.7"), None),
        ];
        for (text, code, reply) in cases {
            assert_eq!(EnhancedCode::find(text).map(|code| code.to_string()).as_deref(), code, "{text}");
            assert_eq!(find_reply(text), reply, "{text}");
        }
    }
}
