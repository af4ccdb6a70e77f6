//! Words of one sentence, folded for comparison, with their place in the cleaned text.

use super::normalise::{fold, is_devanagari};

/// What a token is, as far as the classifier cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// Digits, with `.`, `:`, `/` or `-` inside (a count, clock time, date or phone number).
    Number,
    Email,
    Link,
}

/// One word. `folded` is what is compared; `start..end` are bytes of the sentence's clean text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub folded: String,
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// A comma, colon, dash, semicolon or bracket stands before this word: negation stops there.
    pub after_break: bool,
}

/// Splits cleaned text. Apostrophes close up ("don't" = `dont`) except after French elisions.
pub(super) fn tokenise(clean: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at_break = false;
    let mut position = 0;
    for chunk in clean.split(' ') {
        read_chunk(chunk, position, &mut at_break, &mut tokens);
        position += chunk.len() + 1;
    }
    tokens
}

fn read_chunk(chunk: &str, offset: usize, at_break: &mut bool, tokens: &mut Vec<Token>) {
    if let Some((kind, from, to)) = address_or_link(chunk) {
        let folded = if kind == Kind::Email { "<email>" } else { "<link>" };
        *at_break |= chunk[..from].contains(is_break);
        tokens.push(Token {
            folded: folded.to_owned(),
            kind,
            start: offset + from,
            end: offset + to,
            after_break: std::mem::take(at_break),
        });
        *at_break = chunk[to..].contains(is_break);
        return;
    }
    let mut start: Option<usize> = None;
    for (at, c) in chunk.char_indices() {
        let inside = is_word_char(c) || (start.is_some() && joins(chunk, at, c));
        match (inside, start) {
            (true, None) => start = Some(at),
            (true, Some(from)) if c == '\'' && is_elision(&chunk[from..at]) => {
                push_word(chunk, from, at, offset, at_break, tokens);
                start = None;
            }
            (false, Some(from)) => {
                push_word(chunk, from, at, offset, at_break, tokens);
                start = None;
                *at_break |= is_break(c);
            }
            (false, None) => *at_break |= is_break(c),
            _ => {}
        }
    }
    if let Some(from) = start {
        push_word(chunk, from, chunk.len(), offset, at_break, tokens);
    }
}

fn push_word(chunk: &str, from: usize, to: usize, offset: usize, at_break: &mut bool, tokens: &mut Vec<Token>) {
    let word = &chunk[from..to];
    let kind = if word.starts_with(|c: char| c.is_ascii_digit()) { Kind::Number } else { Kind::Word };
    let folded = fold(word).replace('\'', "");
    if !folded.is_empty() {
        tokens.push(Token {
            folded,
            kind,
            start: offset + from,
            end: offset + to,
            after_break: std::mem::take(at_break),
        });
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || (is_devanagari(c) && c != '।' && c != '॥') || is_pictograph(c)
}

/// Hands, faces and hearts count as words: a lone thumb is a whole reply.
fn is_pictograph(c: char) -> bool {
    ('\u{1F300}'..='\u{1FAFF}').contains(&c) || ('\u{2600}'..='\u{27BF}').contains(&c)
}

/// Characters that stay inside a word or number when more of it follows: `don't`, `10:30`, `3.5.`.
fn joins(chunk: &str, at: usize, c: char) -> bool {
    let next = chunk[at + c.len_utf8()..].chars().next();
    let before = chunk[..at].chars().next_back();
    match c {
        '\'' => next.is_some_and(char::is_alphabetic),
        ':' | '.' | '/' | '-' | ',' => {
            next.is_some_and(|n| n.is_ascii_digit()) && before.is_some_and(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

fn is_elision(before: &str) -> bool {
    matches!(
        before.to_lowercase().as_str(),
        "l" | "d" | "j" | "n" | "qu" | "s" | "c" | "m" | "t" | "jusqu" | "lorsqu" | "puisqu" | "quelqu" | "aujourd"
    )
}

fn is_break(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '-' | '(' | ')' | '/' | '"' | '|' | '.' | '!' | '?' | '…')
}

/// An e-mail address or link in a chunk without spaces, and where it begins and ends.
fn address_or_link(chunk: &str) -> Option<(Kind, usize, usize)> {
    let trimmed =
        chunk.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '.' | '!' | '?' | '"' | ':'));
    let from = chunk.find(trimmed)?;
    let folded = trimmed.to_lowercase();
    if let Some((local, domain)) = folded.split_once('@') {
        if !local.is_empty() && domain.contains('.') {
            let skip = if folded.starts_with("mailto:") {
                7
            } else {
                trimmed.rfind([':', '(']).filter(|at| *at < local.len()).map_or(0, |at| at + 1)
            };
            return Some((Kind::Email, from + skip, from + trimmed.len()));
        }
    }
    let start = folded
        .find("http://")
        .or_else(|| folded.find("https://"))
        .or_else(|| folded.starts_with("www.").then_some(0))?;
    (folded.len() == trimmed.len()).then_some((Kind::Link, from + start, from + trimmed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokenise(text).into_iter().map(|token| token.folded).collect()
    }

    #[test]
    fn words_numbers_and_addresses_are_told_apart() {
        assert_eq!(words("Don't mail, j'ai 10:30 (bo@x.example)"), ["dont", "mail", "j", "ai", "10:30", "<email>"]);
        assert_eq!(words("See https://a.example/x, ok 👍"), ["see", "<link>", "ok", "👍"]);
        assert_eq!(words("मुझे मत भेजो"), ["मुझे", "मत", "भेजो"]);
    }

    #[test]
    fn a_token_points_at_its_own_characters() {
        let text = "Écrivez à (achats@x.example), Zoë!";
        let tokens = tokenise(text);
        let slices: Vec<&str> = tokens.iter().map(|token| &text[token.start..token.end]).collect();
        assert_eq!(slices, ["Écrivez", "à", "achats@x.example", "Zoë"]);
        assert!(tokens[2].after_break && tokens[3].after_break && !tokens[1].after_break);
    }
}
