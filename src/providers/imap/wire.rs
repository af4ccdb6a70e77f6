//! Answers of an IMAP server (RFC 9051 section 9), read without recursion.
//!
//! The `imap` crate's parser calls itself for each open bracket, so a hostile server can end the whole process with
//! a line of brackets. A mailbox reader needs five kinds of answer; they are flat lists of tokens here.

use std::io::{self, BufRead, Read};

/// Longest line without its literals.
const MAX_LINE: u64 = 1024 * 1024;

/// One word, string, bracket or literal of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    /// A word; with a section such as `BODY[HEADER.FIELDS (FROM)]<0>` still one.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
}

/// A whole answer: the line, with its literals cut out and kept beside it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The line's parts between literals; there is one literal between two parts.
    parts: Vec<Vec<u8>>,
    literals: Vec<Vec<u8>>,
}

impl Answer {
    /// Reads one answer. The connection's allowance limits its size.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut answer = Self::default();
        loop {
            let mut line = Vec::new();
            reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            let Some((before, size)) = announced_literal(&line) else {
                answer.parts.push(line);
                return Ok(answer);
            };
            answer.parts.push(before.to_vec());
            let mut literal = Vec::new();
            // Grows as bytes arrive, so a large announcement alone takes no memory.
            if reader.by_ref().take(size).read_to_end(&mut literal)? as u64 != size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            answer.literals.push(literal);
        }
    }

    /// The line's first part as text; all of it when there is no literal.
    pub fn line(&self) -> String {
        self.parts.first().map(|part| String::from_utf8_lossy(part).into_owned()).unwrap_or_default()
    }

    /// Bytes of the whole answer.
    pub fn size(&self) -> u64 {
        self.parts.iter().chain(&self.literals).map(|bytes| bytes.len() as u64).sum()
    }

    pub fn tokens(self) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut literals = self.literals.into_iter();
        for part in &self.parts {
            tokenize(part, &mut tokens);
            tokens.extend(literals.next().map(Token::Text));
        }
        tokens
    }
}

/// `… {123}` at the end of a line; also the forms `{123+}` and `~{123}`.
fn announced_literal(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = std::str::from_utf8(&inner[open + 1..]).ok()?.trim_end_matches('+');
    let size = digits.parse().ok()?;
    Some((inner[..open].strip_suffix(b"~").unwrap_or(&inner[..open]), size))
}

fn tokenize(mut rest: &[u8], tokens: &mut Vec<Token>) {
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b' ' => after,
            b'(' => {
                tokens.push(Token::Open);
                after
            }
            b')' => {
                tokens.push(Token::Close);
                after
            }
            b'"' => {
                let (text, after) = quoted(after);
                tokens.push(Token::Text(text));
                after
            }
            _ => {
                let end = atom_end(rest);
                tokens.push(Token::Atom(String::from_utf8_lossy(&rest[..end]).into_owned()));
                &rest[end..]
            }
        };
    }
}

/// The text up to the closing quote, with `\"` and `\\` undone, and what follows.
fn quoted(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    let mut rest = bytes.iter().enumerate();
    while let Some((index, byte)) = rest.next() {
        match byte {
            b'"' => return (text, &bytes[index + 1..]),
            b'\\' => text.extend(rest.next().map(|(_, escaped)| *escaped)),
            other => text.push(*other),
        }
    }
    (text, &[])
}

/// Where a word ends. Inside square brackets spaces and round brackets belong to it.
fn atom_end(bytes: &[u8]) -> usize {
    let mut in_section = false;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'[' => in_section = true,
            b']' => in_section = false,
            b' ' | b'(' | b')' if !in_section => return index,
            _ => {}
        }
    }
    bytes.len()
}

/// Writes a string as quoted (RFC 9051 section 4.3). `None` for what only a literal could carry.
pub(super) fn quote(text: &str) -> Option<String> {
    let fits = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    fits.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(raw: &str) -> Vec<Token> {
        Answer::read(&mut raw.as_bytes()).unwrap().tokens()
    }

    #[test]
    fn answers_fall_into_flat_tokens() {
        let atom = |text: &str| Token::Atom(text.into());
        let text = |text: &str| Token::Text(text.into());
        let cases = [
            ("* SEARCH 3 5\r\n", vec![atom("*"), atom("SEARCH"), atom("3"), atom("5")]),
            (
                "* 1 FETCH (UID 7 BODY[HEADER.FIELDS (FROM TO)]<0> {5}\r\na\r\n b FLAGS ())\r\n",
                vec![
                    atom("*"),
                    atom("1"),
                    atom("FETCH"),
                    Token::Open,
                    atom("UID"),
                    atom("7"),
                    atom("BODY[HEADER.FIELDS (FROM TO)]<0>"),
                    text("a\r\n b"),
                    atom("FLAGS"),
                    Token::Open,
                    Token::Close,
                    Token::Close,
                ],
            ),
            (
                "* LIST (\\Junk) \"/\" \"a \\\"b\\\\\"\n",
                vec![atom("*"), atom("LIST"), Token::Open, atom("\\Junk"), Token::Close, text("/"), text("a \"b\\")],
            ),
            ("* X \"open\r\n", vec![atom("*"), atom("X"), text("open")]),
            ("* X ~{2+}\r\nab\r\n", vec![atom("*"), atom("X"), text("ab")]),
        ];
        for (raw, expected) in cases {
            assert_eq!(tokens(raw), expected, "{raw}");
        }
    }

    #[test]
    fn hostile_answers_cost_little_and_end() {
        let brackets = format!("* 1 FETCH {}\r\n", "(".repeat(500_000));
        assert_eq!(tokens(&brackets).len(), 500_003);
        let cases = [
            "* 1 FETCH (BODY[] {99999999999}\r\nshort".to_owned(),
            "x".repeat(3_000_000),
            "* cut".to_owned(),
            String::new(),
        ];
        for raw in cases {
            assert_eq!(Answer::read(&mut raw.as_bytes()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_string_cannot_smuggle_a_command() {
        assert_eq!(quote("a\"b\\c").as_deref(), Some("\"a\\\"b\\\\c\""));
        assert_eq!(quote("INBOX\r\na2 DELETE x"), None);
        assert_eq!(quote("pässword"), None);
    }
}
