//! Stage 2b: tokens to items. An item is a word or phrase with all the senses the lexicons give it,
//! a number, or a sign. Which languages the message speaks decides which senses count.

use super::lexicon::{entries, Entry, Gate, Lang, Sense};
use super::token::Token;

const LANGS: [Lang; 6] = [Lang::En, Lang::De, Lang::Es, Lang::Fr, Lang::Pt, Lang::Hi];

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub text: String,
    pub senses: Vec<Sense>,
    /// Value of a digit token of at most four digits.
    pub number: Option<u32>,
    /// Digits written, 0 for a word.
    pub digits: usize,
    pub start: usize,
    pub end: usize,
    pub glued: bool,
}

impl Item {
    pub fn has(&self, sense: Sense) -> bool {
        self.senses.contains(&sense)
    }

    pub fn any_of(&self, senses: &[Sense]) -> bool {
        senses.iter().any(|sense| self.has(*sense))
    }

    pub fn is_word(&self) -> bool {
        self.digits == 0 && self.text.chars().any(char::is_alphabetic)
    }

    pub fn leading_zero(&self) -> bool {
        self.digits == 2 && self.text.starts_with('0')
    }
}

/// The items of a message. Positions outside answer "nothing there" instead of panicking.
pub struct Items(pub Vec<Item>);

impl Items {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, at: usize) -> Option<&Item> {
        self.0.get(at)
    }

    pub fn has(&self, at: usize, sense: Sense) -> bool {
        self.get(at).is_some_and(|item| item.has(sense))
    }

    pub fn any(&self, at: usize, senses: &[Sense]) -> bool {
        senses.iter().any(|sense| self.has(at, *sense))
    }

    /// The first sense of the item for which `pick` has an answer.
    pub fn find<T>(&self, at: usize, pick: impl FnMut(&Sense) -> Option<T>) -> Option<T> {
        self.get(at)?.senses.iter().find_map(pick)
    }

    pub fn is_sign(&self, at: usize, signs: &[&str]) -> bool {
        self.get(at).is_some_and(|item| signs.contains(&item.text.as_str()))
    }

    pub fn is_text(&self, at: usize, text: &str) -> bool {
        self.get(at).is_some_and(|item| item.text == text)
    }

    pub fn glued(&self, at: usize) -> bool {
        self.get(at).is_some_and(|item| item.glued)
    }

    /// A digit number, not a number word.
    pub fn number(&self, at: usize) -> Option<u32> {
        self.get(at)?.number
    }

    pub fn digits(&self, at: usize) -> usize {
        self.get(at).map_or(0, |item| item.digits)
    }

    /// A number in digits or in words.
    pub fn count(&self, at: usize) -> Option<u32> {
        self.number(at).or_else(|| {
            self.find(at, |sense| match sense {
                Sense::Number(value) => Some(u32::from(*value)),
                _ => None,
            })
        })
    }
}

/// Joins tokens to phrases and gives each its senses.
pub fn lex(tokens: &[Token]) -> Items {
    let active = active_languages(tokens);
    let mut items = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let (senses, used) = senses_at(tokens, at, &active);
        let first = &tokens[at];
        let last = &tokens[at + used - 1];
        let digits =
            if first.text.starts_with(|c: char| c.is_ascii_digit()) && used == 1 { first.text.len() } else { 0 };
        items.push(Item {
            text: if used == 1 { first.text.clone() } else { join(&tokens[at..at + used]) },
            senses,
            number: if (1..=4).contains(&digits) { first.text.parse().ok() } else { None },
            digits,
            start: first.start,
            end: last.end,
            glued: first.glued,
        });
        at += used;
    }
    Items(items)
}

fn join(tokens: &[Token]) -> String {
    tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The languages whose words make up at least half as much of the message as those of the strongest.
fn active_languages(tokens: &[Token]) -> Vec<Lang> {
    let mut scores = [0usize; LANGS.len()];
    for at in 0..tokens.len() {
        for (lang, score) in LANGS.iter().zip(&mut scores) {
            if entries(&tokens[at].text).iter().any(|e| e.lang == *lang && phrase_end(tokens, at, e).is_some()) {
                *score += 1;
            }
        }
        if tokens[at].text.starts_with(|c: char| ('\u{0900}'..='\u{097f}').contains(&c)) {
            scores[LANGS.len() - 1] += 1;
        }
    }
    let best = scores.iter().copied().max().unwrap_or(0);
    LANGS.iter().zip(scores).filter(|(_, score)| *score > 0 && score * 2 >= best).map(|(lang, _)| *lang).collect()
}

/// The senses of the longest phrase that starts at `at`, and how many tokens it takes.
fn senses_at(tokens: &[Token], at: usize, active: &[Lang]) -> (Vec<Sense>, usize) {
    let mut senses = Vec::new();
    let mut longest = 0;
    for entry in entries(&tokens[at].text) {
        let Some(end) = phrase_end(tokens, at, entry) else { continue };
        let used = end - at;
        if used < longest || !gate_open(tokens, at, end, entry, active) {
            continue;
        }
        if used > longest {
            senses.clear();
            longest = used;
        }
        if !senses.contains(&entry.sense) {
            senses.push(entry.sense);
        }
    }
    (senses, longest.max(1))
}

fn gate_open(tokens: &[Token], at: usize, end: usize, entry: &Entry, active: &[Lang]) -> bool {
    match entry.gate {
        Gate::Open => true,
        Gate::Language => active.contains(&entry.lang),
        Gate::Neighbour if entry.lang != Lang::En && is_english_verb(tokens, at) => false,
        Gate::Neighbour => {
            let shouted = tokens[at].capitals && matches!(entry.sense, Sense::Zone(_));
            (active.contains(&entry.lang) || shouted) && has_dated_neighbour(tokens, at, end)
        }
    }
}

/// "Can you do 9am?": after an English subject or helping verb "do" is no short Donnerstag.
fn is_english_verb(tokens: &[Token], at: usize) -> bool {
    const SUBJECTS: &[&str] =
        &["can", "could", "would", "will", "shall", "might", "may", "to", "i", "you", "we", "they", "lets", "s", "ll"];
    tokens[at].text == "do" && at > 0 && SUBJECTS.contains(&tokens[at - 1].text.as_str())
}

/// Where the phrase ends if it stands at `at`. Hyphens and apostrophes inside it do not matter.
fn phrase_end(tokens: &[Token], at: usize, entry: &Entry) -> Option<usize> {
    let mut next = at + 1;
    for word in &entry.rest {
        while tokens.get(next).is_some_and(|t| matches!(t.text.as_str(), "-" | "'") && t.glued) {
            next += 1;
        }
        if tokens.get(next)?.text != *word {
            return None;
        }
        next += 1;
    }
    Some(next)
}

/// Whether a number, a day or a part of the day stands beside; makes "sat" a Saturday.
fn has_dated_neighbour(tokens: &[Token], at: usize, end: usize) -> bool {
    const SKIPPED: &[&str] = &[
        ".", ",", ":", "/", "-", "&", "(", "or", "and", "at", "um", "the", "le", "on", "oder", "und", "ou", "et", "o",
        "y", "e", "as", "@", "a", "ab",
    ];
    let dated = |token: &Token| {
        token.text.starts_with(|c: char| c.is_ascii_digit())
            || entries(&token.text).iter().any(|e| {
                e.rest.is_empty()
                    && matches!(
                        e.sense,
                        Sense::Weekday(_)
                            | Sense::Part(_)
                            | Sense::Noon
                            | Sense::Next
                            | Sense::This
                            | Sense::Am
                            | Sense::Pm
                    )
            })
    };
    let before = tokens[..at].iter().rev().take(3).find(|t| !SKIPPED.contains(&t.text.as_str()));
    let after = tokens[end..].iter().take(3).find(|t| !SKIPPED.contains(&t.text.as_str()));
    before.is_some_and(dated) || after.is_some_and(dated)
}
