//! What a server says it can do, and the form a message takes on the line.

use lettre::transport::smtp::authentication::Mechanism;

use super::reply::Reply;

/// What the server said it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub starttls: bool,
    pub pipelining: bool,
    pub eight_bit: bool,
    pub utf8: bool,
    /// Largest message in bytes, when stated.
    pub size: Option<usize>,
    pub announces_size: bool,
    pub mechanisms: Vec<Mechanism>,
}

impl Features {
    /// Reads the answer to EHLO (RFC 5321 section 4.1.1.1).
    pub fn read(reply: &Reply) -> Self {
        let mut found = Self::default();
        // The first line is the server's name.
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => found.starttls = true,
                Some("PIPELINING") => found.pipelining = true,
                Some("8BITMIME") => found.eight_bit = true,
                Some("SMTPUTF8") => found.utf8 = true,
                Some("SIZE") => {
                    found.announces_size = true;
                    // Zero means no fixed limit (RFC 1870 section 4).
                    found.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
                }
                Some("AUTH") => found.mechanisms.extend(words.filter_map(mechanism)),
                _ => {}
            }
        }
        found
    }
}

fn mechanism(name: &str) -> Option<Mechanism> {
    match name {
        "PLAIN" => Some(Mechanism::Plain),
        "LOGIN" => Some(Mechanism::Login),
        "XOAUTH2" => Some(Mechanism::Xoauth2),
        _ => None,
    }
}

/// The message as it goes over the line: every line end CRLF (a lone CR or LF could smuggle a second mail past a
/// lax server), leading dots doubled (RFC 5321 section 4.5.2), and the final dot.
pub(super) fn wire_form(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        if rest[0] == b'.' {
            wire.push(b'.');
        }
        wire.extend_from_slice(&rest[..end]);
        wire.extend_from_slice(b"\r\n");
        let skip = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = rest.get(end + skip..).unwrap_or_default();
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_end_the_transfer_early() {
        let cases: [(&[u8], &[u8]); 7] = [
            (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".\r\n..x\r\n", b"..\r\n...x\r\n.\r\n"),
            (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\rb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
            (b"", b".\r\n"),
        ];
        for (message, expected) in cases {
            assert_eq!(wire_form(message), expected, "{:?}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn what_a_server_can_do_is_read_whatever_its_case() {
        let reply = Reply {
            code: 250,
            lines: ["mail.example", "pipelining", "SIZE 1000", " ", "AUTH LOGIN PLAIN x", "STARTTLS"]
                .map(String::from)
                .into(),
        };
        let found = Features::read(&reply);
        assert!(found.pipelining && found.starttls && found.announces_size && !found.eight_bit);
        assert_eq!((found.size, found.mechanisms), (Some(1000), vec![Mechanism::Login, Mechanism::Plain]));
    }
}
