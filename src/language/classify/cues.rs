//! Cues: turns of phrase that nearly always mean one thing, written down by hand.
//!
//! A cue is a feature of the model, the wording of a reason, and, where marked as binding, part of
//! the rules in `decide`.

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
    Exact(String),
    Stem(String),
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
        for line in source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (head, pattern) = line.split_once(": ").ok_or_else(|| format!("no topic in cue line {line:?}"))?;
            let pattern: Result<Vec<Atom>, String> =
                pattern.split_whitespace().map(|atom| Atom::parse(atom, lexicon)).collect();
            let pattern = pattern.map_err(|problem| format!("{problem} in cue line {line:?}"))?;
            cues.push(Cue { topic: head.trim_end_matches('!').to_owned(), binding: head.ends_with('!'), pattern });
        }
        Ok(Self { cues })
    }

    /// All cues in one sentence, each at most once, in the list's order.
    pub fn find(&self, tokens: &[Token], concepts: &[Concepts]) -> Vec<Hit<'_>> {
        let found = |(number, cue): (usize, &'_ Cue)| {
            let (first, after) = (0..tokens.len())
                .find_map(|at| matches(&cue.pattern, tokens, concepts, at).map(|after| (at, after)))?;
            Some((number, first, after.saturating_sub(1).max(first)))
        };
        self.cues
            .iter()
            .enumerate()
            .filter_map(|(number, cue)| {
                let (number, first, last) = found((number, cue))?;
                Some(Hit { topic: &cue.topic, binding: cue.binding, number, first, last })
            })
            .collect()
    }

    /// All topics, for checking that each is known.
    #[cfg(test)]
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.cues.iter().map(|cue| cue.topic.as_str())
    }
}

impl Atom {
    fn parse(text: &str, lexicon: &Lexicon) -> Result<Self, String> {
        let choice = |word: &str| match (word.strip_prefix('@'), word.strip_suffix('*')) {
            (Some(name), _) => lexicon.bit(name).map(Choice::Concept).ok_or_else(|| format!("unknown concept {name}")),
            (None, Some(stem)) => Ok(Choice::Stem(fold(stem))),
            (None, None) => Ok(Choice::Exact(fold(word))),
        };
        match text {
            ".." => Ok(Self::Gap(3)),
            "..." => Ok(Self::Gap(7)),
            "^" => Ok(Self::Start),
            "$" => Ok(Self::End),
            word => Ok(Self::Word(word.split('|').map(choice).collect::<Result<_, _>>()?)),
        }
    }
}

impl Choice {
    fn is(&self, token: &Token, concepts: Concepts) -> bool {
        match self {
            Self::Exact(word) => *word == token.folded,
            Self::Stem(stem) => token.folded.starts_with(stem.as_str()),
            Self::Concept(bit) => concepts & bit != 0,
        }
    }
}

/// Matches a pattern at word `at`; gives the place after the match.
fn matches(pattern: &[Atom], tokens: &[Token], concepts: &[Concepts], at: usize) -> Option<usize> {
    let Some((atom, rest)) = pattern.split_first() else {
        return Some(at);
    };
    match atom {
        Atom::Start => (at == 0).then(|| matches(rest, tokens, concepts, at)).flatten(),
        Atom::End => (at == tokens.len()).then(|| matches(rest, tokens, concepts, at)).flatten(),
        Atom::Gap(most) => (0..=*most).find_map(|skip| matches(rest, tokens, concepts, at + skip)),
        Atom::Word(choices) => {
            let token = tokens.get(at)?;
            let fits = choices.iter().any(|choice| choice.is(token, concepts[at]));
            fits.then(|| matches(rest, tokens, concepts, at + 1)).flatten()
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
