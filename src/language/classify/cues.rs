//! Cues: turns of phrase that nearly always mean one thing, written down by hand.
//!
//! A cue is a feature of the model, the wording of a reason, and, where marked as binding, part of
//! the rules in `decide`.

use std::collections::HashMap;

use super::lexicon::{Concepts, Lexicon};
use super::normalise::fold;
use super::tokens::Token;

/// What a cue speaks for, e.g. `unsubscribe`, `other:ack`, `flag:legal` or `injection`.
pub(super) type Topic = String;

/// The patterns of `cues.txt`, whose lines read `topic: pattern` or `topic!: pattern` (binding).
///
/// A pattern is matched inside one sentence, word by word: `a|b` alternatives, `stem*` a
/// beginning, `@CONCEPT` any word of that concept, `..` up to three and `...` up to seven words in
/// between, `^` and `$` the sentence's ends.
#[derive(Default)]
pub(super) struct Cues {
    cues: Vec<Cue>,
    /// Every word and stem that a pattern names, by its number.
    vocabulary: Vocabulary,
    openings: Openings,
}

/// Which cues may begin at a word: by the word, by a stem of it, by one of its concepts.
#[derive(Default)]
struct Openings {
    words: HashMap<u32, Vec<usize>>,
    stems: HashMap<u32, Vec<usize>>,
    concepts: Vec<(Concepts, usize)>,
}

/// Numbers for the words of patterns, so that a sentence's words are looked up once each instead
/// of being compared with every pattern.
#[derive(Default)]
struct Vocabulary {
    words: HashMap<String, u32>,
    stems: HashMap<String, u32>,
    longest_stem: usize,
}

/// One word of a sentence in the numbers of the vocabulary.
struct Known {
    word: Option<u32>,
    stems: Vec<u32>,
    concepts: Concepts,
}

struct Cue {
    topic: Topic,
    binding: bool,
    pattern: Vec<Atom>,
}

enum Atom {
    Word(Vec<Choice>),
    Gap(usize),
    Start,
    End,
}

enum Choice {
    Word(u32),
    Stem(u32),
    Concept(Concepts),
}

/// A cue found in a sentence: `first..=last` are its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit<'a> {
    pub topic: &'a str,
    pub binding: bool,
    /// The cue's place in the list, a stable name within one model.
    pub number: usize,
    pub first: usize,
    pub last: usize,
}

impl Cues {
    /// Reads the cue list. Fails with the line that names no topic or an unknown concept.
    pub fn parse(source: &str, lexicon: &Lexicon) -> Result<Self, String> {
        let mut cues = Vec::new();
        let mut vocabulary = Vocabulary::default();
        for line in source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (head, pattern) = line.split_once(": ").ok_or_else(|| format!("no topic in cue line {line:?}"))?;
            let pattern: Result<Vec<Atom>, String> =
                pattern.split_whitespace().map(|atom| Atom::parse(atom, lexicon, &mut vocabulary)).collect();
            let pattern = pattern.map_err(|problem| format!("{problem} in cue line {line:?}"))?;
            cues.push(Cue { topic: head.trim_end_matches('!').to_owned(), binding: head.ends_with('!'), pattern });
        }
        let openings = Openings::of(&cues);
        Ok(Self { cues, vocabulary, openings })
    }

    /// All cues in one sentence, each at most once, in the list's order.
    pub fn find(&self, tokens: &[Token], concepts: &[Concepts]) -> Vec<Hit<'_>> {
        let known: Vec<Known> =
            tokens.iter().zip(concepts).map(|(token, set)| self.vocabulary.know(token, *set)).collect();
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for (at, word) in known.iter().enumerate() {
            self.openings.each(word, |number| {
                if let Some(after) = matches(&self.cues[number].pattern, &known, at) {
                    found.push((number, at, after.saturating_sub(1).max(at)));
                }
            });
        }
        found.sort_unstable();
        found.dedup_by_key(|(number, ..)| *number);
        let hit = |(number, first, last): (usize, usize, usize)| {
            let cue = &self.cues[number];
            Hit { topic: cue.topic.as_str(), binding: cue.binding, number, first, last }
        };
        found.into_iter().map(hit).collect()
    }

    /// All topics, for checking that each is known.
    #[cfg(test)]
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.cues.iter().map(|cue| cue.topic.as_str())
    }
}

impl Openings {
    fn of(cues: &[Cue]) -> Self {
        let mut openings = Self::default();
        for (number, cue) in cues.iter().enumerate() {
            let first =
                cue.pattern.iter().find_map(|atom| if let Atom::Word(choices) = atom { Some(choices) } else { None });
            for choice in first.into_iter().flatten() {
                match choice {
                    Choice::Word(word) => openings.words.entry(*word).or_default().push(number),
                    Choice::Stem(stem) => openings.stems.entry(*stem).or_default().push(number),
                    Choice::Concept(bit) => openings.concepts.push((*bit, number)),
                }
            }
        }
        openings
    }

    fn each(&self, word: &Known, mut visit: impl FnMut(usize)) {
        let by_word = word.word.and_then(|word| self.words.get(&word)).into_iter().flatten();
        let by_stem = word.stems.iter().filter_map(|stem| self.stems.get(stem)).flatten();
        by_word.chain(by_stem).for_each(|number| visit(*number));
        let by_concept = self.concepts.iter().filter(|(bit, _)| word.concepts & bit != 0);
        by_concept.for_each(|(_, number)| visit(*number));
    }
}

impl Vocabulary {
    fn word(&mut self, word: &str) -> u32 {
        let next = self.words.len() as u32;
        *self.words.entry(fold(word)).or_insert(next)
    }

    fn stem(&mut self, stem: &str) -> u32 {
        let (stem, next) = (fold(stem), self.stems.len() as u32);
        self.longest_stem = self.longest_stem.max(stem.len());
        *self.stems.entry(stem).or_insert(next)
    }

    fn know(&self, token: &Token, concepts: Concepts) -> Known {
        let word = token.folded.as_str();
        let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= self.longest_stem);
        let stems = ends.filter_map(|end| self.stems.get(&word[..end]).copied()).collect();
        Known { word: self.words.get(word).copied(), stems, concepts }
    }
}

impl Atom {
    fn parse(text: &str, lexicon: &Lexicon, vocabulary: &mut Vocabulary) -> Result<Self, String> {
        let mut choice = |word: &str| match (word.strip_prefix('@'), word.strip_suffix('*')) {
            (Some(name), _) => lexicon.bit(name).map(Choice::Concept).ok_or_else(|| format!("unknown concept {name}")),
            (None, Some(stem)) => Ok(Choice::Stem(vocabulary.stem(stem))),
            (None, None) => Ok(Choice::Word(vocabulary.word(word))),
        };
        match text {
            ".." => Ok(Self::Gap(3)),
            "..." => Ok(Self::Gap(7)),
            "^" => Ok(Self::Start),
            "$" => Ok(Self::End),
            word => Ok(Self::Word(word.split('|').map(&mut choice).collect::<Result<_, _>>()?)),
        }
    }
}

impl Choice {
    fn is(&self, known: &Known) -> bool {
        match self {
            Self::Word(word) => known.word == Some(*word),
            Self::Stem(stem) => known.stems.contains(stem),
            Self::Concept(bit) => known.concepts & bit != 0,
        }
    }
}

/// Matches a pattern at word `at`; gives the place after the match.
fn matches(pattern: &[Atom], sentence: &[Known], at: usize) -> Option<usize> {
    let Some((atom, rest)) = pattern.split_first() else {
        return Some(at);
    };
    match atom {
        Atom::Start => (at == 0).then(|| matches(rest, sentence, at)).flatten(),
        Atom::End => (at == sentence.len()).then(|| matches(rest, sentence, at)).flatten(),
        Atom::Gap(most) => (0..=*most).find_map(|skip| matches(rest, sentence, at + skip)),
        Atom::Word(choices) => {
            let word = sentence.get(at)?;
            let fits = choices.iter().any(|choice| choice.is(word));
            fits.then(|| matches(rest, sentence, at + 1)).flatten()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokenise;
    use super::*;

    #[test]
    fn patterns_match_words_gaps_stems_and_ends() {
        let lexicon = Lexicon::parse("CONTACT: mail write").unwrap();
        let list = "unsubscribe!: stop|quit .. @CONTACT\nnot_interested: ^ no $\nlater: get* back";
        let cues = Cues::parse(list, &lexicon).unwrap();
        let topics = |text: &str| -> Vec<String> {
            let tokens = tokenise(text);
            let concepts = lexicon.read(&tokens);
            cues.find(&tokens, &concepts).into_iter().map(|hit| hit.topic.to_owned()).collect()
        };
        assert_eq!(topics("please quit sending me mail"), ["unsubscribe"]);
        assert_eq!(topics("stop one two three four mail"), [""; 0]);
        assert_eq!(topics("no"), ["not_interested"]);
        assert_eq!(topics("no getting back"), ["later"]);
        assert!(Cues::parse("x: @NOWHERE", &lexicon).is_err());
    }
}
