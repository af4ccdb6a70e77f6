//! Concepts: what words of six languages have in common, so that a turn of phrase learnt in one
//! language is understood in the others.

use std::collections::HashMap;

use super::normalise::fold;
use super::tokens::{Kind, Token};

/// Set of concepts as bits; a lexicon holds at most 128.
pub(super) type Concepts = u128;

/// The words of `lexicon.txt`, whose lines read `CONCEPT: word stem* two_words …`.
#[derive(Default)]
pub(super) struct Lexicon {
    names: Vec<String>,
    words: HashMap<String, Concepts>,
    stems: HashMap<String, Concepts>,
    /// Entries of several words by their first word: the rest, and the concept.
    phrases: HashMap<String, Vec<(Vec<String>, Concepts)>>,
    longest_stem: usize,
}

/// Concepts that are read from a token's shape, before any word list.
const SHAPES: [&str; 5] = ["EMAIL", "LINK", "CLOCK", "DATE", "NUMBER"];

impl Lexicon {
    /// Reads the word list. Fails with the line that cannot be read or that would be concept 129.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut lexicon = Self { names: SHAPES.map(str::to_owned).to_vec(), ..Self::default() };
        for line in source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (name, entries) = line.split_once(':').ok_or_else(|| format!("no concept in lexicon line {line:?}"))?;
            let bit = lexicon.bit_or_new(name.trim()).ok_or_else(|| format!("too many concepts at {line:?}"))?;
            entries.split_whitespace().for_each(|entry| lexicon.add(entry, bit));
        }
        Ok(lexicon)
    }

    fn bit_or_new(&mut self, name: &str) -> Option<Concepts> {
        if let Some(bit) = self.bit(name) {
            return Some(bit);
        }
        self.names.push(name.to_owned());
        (self.names.len() <= 128).then(|| 1 << (self.names.len() - 1))
    }

    fn add(&mut self, entry: &str, bit: Concepts) {
        let entry = &fold(entry);
        if let Some((first, rest)) = entry.split_once('_') {
            let rest = rest.split('_').map(str::to_owned).collect();
            self.phrases.entry(first.to_owned()).or_default().push((rest, bit));
        } else if let Some(stem) = entry.strip_suffix('*') {
            self.longest_stem = self.longest_stem.max(stem.len());
            *self.stems.entry(stem.to_owned()).or_default() |= bit;
        } else {
            *self.words.entry(entry.to_owned()).or_default() |= bit;
        }
    }

    /// The bit of a concept by name.
    pub fn bit(&self, name: &str) -> Option<Concepts> {
        self.names.iter().position(|known| known == name).map(|at| 1 << at)
    }

    /// Names of the concepts in a set, in the lexicon's order.
    pub fn names(&self, set: Concepts) -> impl Iterator<Item = &str> {
        self.names.iter().enumerate().filter(move |(at, _)| set & (1 << at) != 0).map(|(_, name)| name.as_str())
    }

    /// The concepts of each token; a phrase marks its first word.
    pub fn read(&self, tokens: &[Token]) -> Vec<Concepts> {
        let mut sets: Vec<Concepts> = tokens.iter().map(|token| self.of_token(token)).collect();
        for (at, token) in tokens.iter().enumerate() {
            for (rest, bit) in self.phrases.get(&token.folded).into_iter().flatten() {
                let follows = |(word, next): (&String, &Token)| *word == next.folded;
                if tokens.len() - at > rest.len() && rest.iter().zip(&tokens[at + 1..]).all(follows) {
                    sets[at] |= bit;
                }
            }
        }
        sets
    }

    fn of_token(&self, token: &Token) -> Concepts {
        match token.kind {
            Kind::Email => 1,
            Kind::Link => 1 << 1,
            Kind::Number => number_shape(&token.folded) | self.of_word(&token.folded),
            Kind::Word => self.of_word(&token.folded),
        }
    }

    fn of_word(&self, word: &str) -> Concepts {
        let mut set = self.words.get(word).copied().unwrap_or(0);
        for (at, c) in word.char_indices() {
            let end = at + c.len_utf8();
            if end > self.longest_stem {
                break;
            }
            set |= self.stems.get(&word[..end]).copied().unwrap_or(0);
        }
        set
    }
}

/// Clock time (`10:30`, `9h`, `5pm`), date (`14.3.`, `2026-05-01`, `14th`) or bare number.
fn number_shape(word: &str) -> Concepts {
    const CLOCK: Concepts = 1 << 2;
    const DATE: Concepts = 1 << 3;
    const NUMBER: Concepts = 1 << 4;
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    match letters.as_str() {
        "am" | "pm" | "h" | "uhr" | "hrs" | "ish" | "hs" | "baje" => CLOCK,
        "st" | "nd" | "rd" | "th" | "er" => DATE,
        _ if word.contains(':') && digits <= 4 => CLOCK,
        _ if digits <= 8 && word.contains(['/', '-', '.']) => DATE | NUMBER,
        _ => NUMBER,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokenise;
    use super::*;

    #[test]
    fn words_stems_phrases_and_shapes_carry_concepts() {
        let lexicon = Lexicon::parse("STOP: stop cease parar*\nAWAY: out_of_office\nSTOP: band_karo\n").unwrap();
        let names = |text: &str| -> Vec<String> {
            let sets = lexicon.read(&tokenise(text));
            sets.into_iter().map(|set| lexicon.names(set).collect::<Vec<_>>().join("+")).collect()
        };
        assert_eq!(names("please stop, pararon"), ["", "STOP", "STOP"]);
        assert_eq!(names("out of office until 10:30 5pm 14th"), ["AWAY", "", "", "", "CLOCK", "CLOCK", "DATE"]);
        assert_eq!(names("band karo"), ["STOP", ""]);
        assert!(Lexicon::parse("no concept here").is_err());
    }
}
