//! Replies of an SMTP server (RFC 5321 section 4.2) and enhanced status codes (RFC 2034, 3463).

use std::io::{self, BufRead};

use crate::providers::error::one_line;

/// Longest reply taken, in bytes; also the longest line.
const MAX_REPLY: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// The lines without code and line ends. Foreign text.
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads one reply of one or several lines. `InvalidData` when it is none, `UnexpectedEof` when the line is cut.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut lines = Vec::new();
        let mut left = MAX_REPLY;
        loop {
            let mut line = Vec::new();
            let read = io::Read::take(&mut *reader, left as u64).read_until(b'\n', &mut line)?;
            left -= read;
            if line.last() != Some(&b'\n') {
                return Err(if left == 0 { io::ErrorKind::InvalidData } else { io::ErrorKind::UnexpectedEof }.into());
            }
            let line = String::from_utf8_lossy(&line);
            let (code, last, text) = split(line.trim_end()).ok_or(io::ErrorKind::InvalidData)?;
            lines.push(text.to_owned());
            if last {
                return Ok(Self { code, lines });
            }
        }
    }

    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// The enhanced status code, such as `5.1.1`, when the reply begins with one of its own class.
    pub fn enhanced(&self) -> Option<String> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let parts: Vec<&str> = word.split('.').collect();
        let numeric = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let fits = parts.len() == 3 && parts.iter().all(numeric) && parts[0] == (self.code / 100).to_string();
        fits.then(|| word.to_owned())
    }

    /// Code and text on one line.
    pub fn words(&self) -> String {
        one_line(&format!("{} {}", self.code, self.lines.join(" ")))
    }
}

/// Code, whether this is the last line, and the text.
fn split(line: &str) -> Option<(u16, bool, &str)> {
    let code = line.get(..3)?.parse().ok().filter(|code| (200..600).contains(code))?;
    match line.as_bytes().get(3) {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, &line[4..])),
        Some(b'-') => Some((code, false, &line[4..])),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_with_their_enhanced_code() {
        let cases = [
            ("250 2.0.0 Ok: queued\r\n", Some((250, Some("2.0.0")))),
            ("550-5.1.1 No such\r\n550 5.1.1 user\r\n", Some((550, Some("5.1.1")))),
            ("450 5.1.1 disagrees\r\n", Some((450, None))),
            ("550 1.2.3.4 is blocked\r\n", Some((550, None))),
            ("354\r\n", Some((354, None))),
            ("550 caf\u{e9}\r\n", Some((550, None))),
            ("250 cut", None),
            ("hello\r\n", None),
            ("250~x\r\n", None),
            ("999 x\r\n", None),
            ("25é x\r\n", None),
            ("", None),
        ];
        for (raw, expected) in cases {
            let reply = Reply::read(&mut raw.as_bytes()).ok();
            let found = reply.as_ref().map(|reply| (reply.code, reply.enhanced()));
            assert_eq!(found, expected.map(|(code, enhanced)| (code, enhanced.map(str::to_owned))), "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_reply_whatever_its_bytes_brings_the_reader_down(bytes: Vec<u8>, text in "([245]?[0-9]{0,3}[ -]?\\PC{0,20}\r?\n){0,5}") {
            for raw in [&bytes[..], text.as_bytes()] {
                if let Ok(reply) = Reply::read(&mut &raw[..]) {
                    proptest::prop_assert!((200..600).contains(&reply.code));
                    proptest::prop_assert!(reply.words().len() <= 4 * 300);
                    reply.enhanced();
                }
            }
        }
    }

    #[test]
    fn an_endless_reply_is_cut_off() {
        let line = "250-x\r\n".repeat(20_000);
        assert_eq!(Reply::read(&mut line.as_bytes()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let long = "2".repeat(200_000);
        assert_eq!(Reply::read(&mut long.as_bytes()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
