//! Reading a command: tag, words, quoted strings, lists, literals (RFC 3501 sections 4 and 9).

use std::io;

use super::super::stream::Stream;

const LONGEST_LITERAL: usize = 25 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// An atom as written, with whatever stands in its square brackets: `BODY.PEEK[HEADER.FIELDS (FROM)]<0.100>`.
    Word(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    Open,
    Close,
}

impl Token {
    pub fn text(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
        }
    }
}

pub(super) struct Command {
    pub tag: String,
    /// In upper case; `UID FETCH` and the like are one verb.
    pub verb: String,
    pub arguments: Vec<Token>,
}

impl Command {
    /// The command as text; the content of literals is left out.
    pub fn shown(&self) -> String {
        let words = self.arguments.iter().map(|token| match token {
            Token::Text(bytes) if bytes.len() > 200 => "{…}".to_owned(),
            other => other.text(),
        });
        std::iter::once(self.verb.clone()).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// Reads a whole command, asking for its literals on the way.
pub(super) fn read(stream: &mut Stream) -> io::Result<Command> {
    let mut tokens = Vec::new();
    loop {
        let line = stream.line()?;
        let Some((start, length, waits)) = literal_at_end(&line) else {
            tokens.extend(tokens_of(&line));
            return Ok(command_of(tokens));
        };
        if length > LONGEST_LITERAL {
            return Err(io::Error::other("literal too long"));
        }
        tokens.extend(tokens_of(&line[..start]));
        if waits {
            stream.write("+ go on\r\n")?;
        }
        tokens.push(Token::Text(stream.bytes(length)?));
    }
}

fn command_of(tokens: Vec<Token>) -> Command {
    let mut tokens = tokens.into_iter();
    let tag = tokens.next().map_or_else(|| "*".to_owned(), |token| token.text());
    let mut verb = tokens.next().map(|token| token.text().to_uppercase()).unwrap_or_default();
    if verb == "UID" {
        verb = format!("UID {}", tokens.next().map(|token| token.text().to_uppercase()).unwrap_or_default());
    }
    Command { tag, verb, arguments: tokens.collect() }
}

/// Where a trailing `{12}` or `{12+}` (RFC 7888) begins, the length, and whether the client waits for a go-ahead.
fn literal_at_end(line: &[u8]) -> Option<(usize, usize, bool)> {
    let inside = line.strip_suffix(b"}")?;
    let start = inside.iter().rposition(|byte| *byte == b'{')?;
    let digits = std::str::from_utf8(&inside[start + 1..]).ok()?;
    let (digits, waits) = digits.strip_suffix('+').map_or((digits, true), |digits| (digits, false));
    Some((start, digits.parse().ok()?, waits))
}

fn tokens_of(line: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let (token, next) = match line[at] {
            b' ' => (None, at + 1),
            b'(' => (Some(Token::Open), at + 1),
            b')' => (Some(Token::Close), at + 1),
            b'"' => quoted(line, at + 1),
            _ => word(line, at),
        };
        tokens.extend(token);
        at = next;
    }
    tokens
}

fn quoted(line: &[u8], start: usize) -> (Option<Token>, usize) {
    let mut text = Vec::new();
    let mut at = start;
    while at < line.len() && line[at] != b'"' {
        if line[at] == b'\\' {
            at += 1;
        }
        text.extend(line.get(at));
        at += 1;
    }
    (Some(Token::Text(text)), at + 1)
}

fn word(line: &[u8], start: usize) -> (Option<Token>, usize) {
    let mut depth = 0_i32;
    let mut at = start;
    while at < line.len() {
        match line[at] {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b' ' | b'(' | b')' if depth <= 0 => break,
            _ => {}
        }
        at += 1;
    }
    (Some(Token::Word(String::from_utf8_lossy(&line[start..at]).into_owned())), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_words_strings_and_lists() {
        let word = |text: &str| Token::Word(text.to_owned());
        let cases: [(&str, Vec<Token>); 4] = [
            ("a1 NOOP", vec![word("a1"), word("NOOP")]),
            (r#"LOGIN "a b" "q\"x""#, vec![word("LOGIN"), Token::Text(b"a b".to_vec()), Token::Text(b"q\"x".to_vec())]),
            (
                "(FLAGS BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.9>)",
                vec![Token::Open, word("FLAGS"), word("BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.9>"), Token::Close],
            ),
            ("", vec![]),
        ];
        for (line, expected) in cases {
            assert_eq!(tokens_of(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(literal_at_end(b"a LOGIN {3+}"), Some((8, 3, false)));
    }
}
