//! Stage 1b: text to tokens. A token keeps the byte range it came from, so that every proposal can
//! quote the words it was read from.

use unicode_normalization::UnicodeNormalization;

/// A run of letters, a run of digits, or one sign. White space separates and is not kept, except
/// that a line break becomes a `'\n'` sign because it ends a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Lower case, Latin letters without accents, digits of any script as ASCII.
    pub text: String,
    pub start: usize,
    pub end: usize,
    /// No white space stands before this token.
    pub glued: bool,
    /// Written in capitals throughout: "EST", not "est".
    pub capitals: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Class {
    Letter,
    Digit,
    Sign,
    Space,
}

/// Devanagari vowel signs and joiners are not alphabetic to Unicode, yet belong to the word.
fn class_of(c: char) -> Class {
    match c {
        '\n' => Class::Sign,
        '\u{0964}' | '\u{0965}' => Class::Sign,
        _ if digit_value(c).is_some() => Class::Digit,
        '\u{0300}'..='\u{036f}' | '\u{0900}'..='\u{097f}' | '\u{200c}' | '\u{200d}' => Class::Letter,
        _ if c.is_alphabetic() => Class::Letter,
        _ if c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}' => Class::Space,
        _ => Class::Sign,
    }
}

fn digit_value(c: char) -> Option<u32> {
    match c {
        '0'..='9' => c.to_digit(10),
        '\u{0966}'..='\u{096f}' => Some(c as u32 - 0x0966),
        '\u{ff10}'..='\u{ff19}' => Some(c as u32 - 0xff10),
        _ => None,
    }
}

/// Splits `text`; `"3pm"` gives two tokens, the second glued.
pub fn tokenise(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut glued = false;
    while let Some((start, first)) = chars.next() {
        let class = class_of(first);
        if class == Class::Space {
            glued = false;
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some(&(at, c)) = chars.peek().filter(|(_, c)| class != Class::Sign && class_of(*c) == class) {
            end = at + c.len_utf8();
            chars.next();
        }
        let raw = &text[start..end];
        tokens.push(Token { text: fold(raw), start, end, glued, capitals: raw.chars().all(char::is_uppercase) });
        glued = first != '\n';
    }
    tokens
}

/// One spelling for the many ways a word is typed: `März` and `marz`, `१४` and `14`, `–` and `-`.
pub fn fold(raw: &str) -> String {
    let mut folded = String::with_capacity(raw.len());
    for c in raw.nfd() {
        match c {
            '\u{0300}'..='\u{036f}' | '\u{200c}' | '\u{200d}' | '\u{093c}' => {}
            'ß' | 'ẞ' => folded.push_str("ss"),
            '–' | '—' | '‐' | '‑' | '−' => folded.push('-'),
            '’' | '‘' | '`' | '´' | 'ʼ' => folded.push('\''),
            '।' | '॥' => folded.push('.'),
            _ => match digit_value(c) {
                Some(value) => folded.extend(char::from_digit(value, 10)),
                None => folded.extend(c.to_lowercase()),
            },
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_remembers_where_it_stood_and_is_spelt_one_way() {
        let text = "Käme 3pm — १४ बजे?";
        let spelt: Vec<(String, &str)> = tokenise(text).into_iter().map(|t| (t.text, &text[t.start..t.end])).collect();
        let expected = [("kame", "Käme"), ("3", "3"), ("pm", "pm"), ("-", "—"), ("14", "१४"), ("बजे", "बजे"), ("?", "?")];
        assert_eq!(spelt.len(), expected.len());
        for ((folded, raw), (want_folded, want_raw)) in spelt.iter().zip(expected) {
            assert_eq!((folded.as_str(), *raw), (want_folded, want_raw));
        }
    }
}
