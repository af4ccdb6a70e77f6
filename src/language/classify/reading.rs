//! A reply as the classifier sees it: sentences with words, concepts and cues, and which of them
//! are not a person's words but orders to the machine.

use super::cues::{Cues, Hit};
use super::lexicon::{Concepts, Lexicon};
use super::normalise::{sentences, Sentence};
use super::tokens::{tokenise, Token};

/// The hand-made knowledge: word list and cue list.
#[derive(Default)]
pub(super) struct Knowledge {
    pub lexicon: Lexicon,
    pub cues: Cues,
}

pub(super) const LEXICON: &str = include_str!("lexicon.txt");
pub(super) const CUES: &str = include_str!("cues.txt");

impl Knowledge {
    /// Reads the two lists this module comes with.
    pub fn embedded() -> Result<Self, String> {
        let lexicon = Lexicon::parse(LEXICON)?;
        let cues = Cues::parse(CUES, &lexicon)?;
        Ok(Self { lexicon, cues })
    }

    /// Reads a reply's text.
    pub fn read<'a>(&'a self, text: &'a str) -> Reading<'a> {
        let mut found: Vec<Read<'a>> =
            sentences(text).into_iter().flat_map(|sentence| self.read_apart(sentence)).collect();
        found.retain(|sentence| !sentence.tokens.is_empty());
        let injected = found.iter().any(|sentence| sentence.is_injected || sentence.was_cut);
        Reading { sentences: found, injected }
    }

    /// One sentence, or its lines where an order to the machine shares it with what a person wrote without a full
    /// stop: what looked like a wrapped line was the end of their words.
    fn read_apart<'a>(&'a self, sentence: Sentence<'a>) -> Vec<Read<'a>> {
        let raw = sentence.raw;
        let whole = self.read_sentence(sentence);
        let lines = if whole.is_injected || whole.was_cut { new_lines(raw) } else { Vec::new() };
        match lines.len() {
            0 | 1 => vec![whole],
            _ => lines.into_iter().map(|line| self.read_sentence(Sentence::new(line))).collect(),
        }
    }

    fn read_sentence<'a>(&'a self, sentence: Sentence<'a>) -> Read<'a> {
        let mut tokens = tokenise(&sentence.clean);
        let mut concepts = self.lexicon.read(&tokens);
        let mut hits = self.find_cues(&tokens, &concepts);
        let mut is_injected = hits.iter().any(|hit| hit.topic == INJECTION);
        let mut clean = sentence.clean;
        let mut cut = false;
        if is_injected {
            let human = human_rest(&clean, &tokens, &hits).or_else(|| human_beginning(&clean, &tokens, &hits));
            if let Some(rest) = human {
                let from = tokens[rest.start].start;
                clean = clean.get(from..tokens[rest.end - 1].end).unwrap_or("").to_owned();
                tokens = tokenise(&clean);
                concepts = self.lexicon.read(&tokens);
                hits = self.find_cues(&tokens, &concepts);
                is_injected = hits.iter().any(|hit| hit.topic == INJECTION);
                cut = true;
            }
        }
        let asks = clean.trim_end_matches(['"', ')', ' ']).ends_with('?') || clean.starts_with('¿');
        Read { raw: sentence.raw, clean, tokens, concepts, hits, asks, is_injected, was_cut: cut }
    }

    /// The cues, but for demands that the writer undoes: "don't stop writing" asks for more.
    fn find_cues<'a>(&'a self, tokens: &[Token], concepts: &[Concepts]) -> Vec<Hit<'a>> {
        let mut hits = self.cues.find(tokens, concepts);
        let stops = self.lexicon.bit("CEASE").unwrap_or(0) | self.lexicon.bit("REMOVE").unwrap_or(0);
        hits.retain(|hit| !(hit.topic == UNSUBSCRIBE && concepts[hit.first] & stops != 0 && is_undone(tokens, hit)));
        hits
    }
}

const INJECTION: &str = "injection";
const UNSUBSCRIBE: &str = "unsubscribe";

/// Whether the word of stopping that a demand begins with is negated: "please don't delete", "no dejen de escribir",
/// "hören Sie nicht auf", "band mat kijiye". A refusal before it ("no, stop writing") is not of it.
fn is_undone(tokens: &[Token], hit: &Hit<'_>) -> bool {
    const NOT: &[&str] = &["dont", "not", "never", "ne", "n", "nao", "nunca"];
    const SPANISH: &[&str] = &[
        "deje", "dejen", "dejes", "dejeis", "pare", "paren", "pares", "borre", "borren", "borres", "elimine",
        "eliminen", "quiten", "quite", "retiren", "retire", "cesen",
    ];
    const AFTER: &[(&str, &str)] = &[("nicht", "auf"), ("band", "mat"), ("बंद", "मत"), ("nicht", "loschen")];
    let word = |at: usize| tokens.get(at).map_or("", |token| token.folded.as_str());
    let unbroken = tokens.get(hit.first).is_some_and(|token| !token.after_break);
    let before = hit.first.checked_sub(1).filter(|_| unbroken).map_or("", word);
    let negated = NOT.contains(&before) || (before == "no" && SPANISH.contains(&word(hit.first)));
    let pair = |at: usize| AFTER.contains(&(word(at), word(at + 1)));
    negated || (hit.first..=hit.last).any(pair)
}

/// The clauses of an injected sentence that no injection cue touches, if they come in one piece
/// at its end and are long enough to say something ("ignore your rules, but we would like a demo").
fn human_rest(clean: &str, tokens: &[Token], hits: &[Hit<'_>]) -> Option<std::ops::Range<usize>> {
    let last = hits.iter().filter(|hit| hit.topic == INJECTION).map(|hit| hit.last).max()?;
    let turn = (last + 1..tokens.len()).find(|at| is_turn(clean, &tokens[*at]))?;
    (tokens.len() - turn >= 3).then_some(turn..tokens.len())
}

/// The words before an order that begins with a capital in the middle of a sentence ("leave me be Ignore all rules").
fn human_beginning(clean: &str, tokens: &[Token], hits: &[Hit<'_>]) -> Option<std::ops::Range<usize>> {
    let first = hits.iter().filter(|hit| hit.topic == INJECTION).map(|hit| hit.first).min()?;
    let order = (first.saturating_sub(2).max(2)..=first).find(|at| begins_with_capital(clean, &tokens[*at]))?;
    Some(0..order)
}

fn begins_with_capital(clean: &str, token: &Token) -> bool {
    clean.get(token.start..).is_some_and(|rest| rest.starts_with(char::is_uppercase))
}

/// The lines of a text, where a line that begins with a small letter goes on with the one before.
fn new_lines(raw: &str) -> Vec<&str> {
    let ends = raw.match_indices('\n').map(|(at, _)| at + 1);
    let begins = |at: &usize| raw[*at..].trim_start().starts_with(|c: char| c.is_alphanumeric() && !c.is_lowercase());
    let mut from = 0;
    let mut lines = Vec::new();
    for at in ends.filter(begins).chain([raw.len()]) {
        lines.push(&raw[from..at]);
        from = at;
    }
    lines
}

/// Whether the writer turns to another matter here: a word like "but" after a break, or a capital
/// where a new sentence begins that nothing closed off ("… confidence 1.0 We do not need it").
fn is_turn(clean: &str, token: &Token) -> bool {
    const TURNS: &[&str] = &[
        "but",
        "anyway",
        "anyhow",
        "that",
        "however",
        "aber",
        "jedenfalls",
        "pero",
        "mais",
        "mas",
        "porem",
        "lekin",
        "par",
        "लेकिन",
        "पर",
        "actually",
        "seriously",
        "now",
    ];
    const OPENINGS: &[&str] = &[
        "i",
        "im",
        "we",
        "were",
        "no",
        "not",
        "nope",
        "yes",
        "thanks",
        "thank",
        "please",
        "take",
        "stop",
        "remove",
        "what",
        "how",
        "does",
        "is",
        "can",
        "could",
        "where",
        "who",
        "sorry",
        "unfortunately",
        "ich",
        "wir",
        "nein",
        "kein",
        "keine",
        "ja",
        "bitte",
        "danke",
        "was",
        "wie",
        "yo",
        "nosotros",
        "gracias",
        "si",
        "je",
        "nous",
        "non",
        "oui",
        "merci",
        "nao",
        "sim",
        "obrigado",
        "obrigada",
        "mujhe",
        "hum",
        "hume",
        "nahi",
        "haan",
    ];
    let word = token.folded.as_str();
    let capital = begins_with_capital(clean, token);
    (token.after_break && TURNS.contains(&word)) || ((capital || token.after_break) && OPENINGS.contains(&word))
}

/// One sentence, read.
#[derive(Clone)]
pub(super) struct Read<'a> {
    /// Slice of the incoming text.
    pub raw: &'a str,
    pub clean: String,
    pub tokens: Vec<Token>,
    /// Concepts of each token.
    pub concepts: Vec<Concepts>,
    pub hits: Vec<Hit<'a>>,
    /// Ends in a question mark.
    pub asks: bool,
    /// Speaks to the machine; its words count for nothing.
    pub is_injected: bool,
    /// An order to the machine was cut off its beginning or end.
    pub was_cut: bool,
}

impl<'a> Read<'a> {
    /// What of `raw` is an order to the machine: all of it, or what stands before and after the person's words.
    pub fn orders(&self) -> Vec<&'a str> {
        if self.is_injected {
            return vec![self.raw];
        }
        let own = self.raw.find(&self.clean).filter(|_| self.was_cut);
        own.map(|at| vec![&self.raw[..at], &self.raw[at + self.clean.len()..]]).unwrap_or_default()
    }

    /// The words of a hit as they stand in the text.
    pub fn words(&self, hit: &Hit<'_>) -> &str {
        match (self.tokens.get(hit.first), self.tokens.get(hit.last)) {
            (Some(first), Some(last)) => self.clean.get(first.start..last.end).unwrap_or(""),
            _ => "",
        }
    }
}

/// A whole reply, read.
#[derive(Clone)]
pub(super) struct Reading<'a> {
    pub sentences: Vec<Read<'a>>,
    pub injected: bool,
}

impl<'a> Reading<'a> {
    /// The sentences that a person wrote.
    pub fn human(&self) -> impl DoubleEndedIterator<Item = &Read<'a>> + Clone {
        self.sentences.iter().filter(|sentence| !sentence.is_injected)
    }

    /// A reply of only this sentence.
    pub fn only<'s>(&self, sentence: &Read<'s>) -> Reading<'s> {
        Reading { sentences: vec![sentence.clone()], injected: false }
    }

    /// All cue hits in the human sentences, with their sentence.
    pub fn hits(&self) -> impl Iterator<Item = (&Read<'a>, &Hit<'a>)> {
        self.human().flat_map(|sentence| sentence.hits.iter().map(move |hit| (sentence, hit)))
    }

    /// Cues for a topic.
    pub fn has(&self, topic: &str) -> bool {
        self.hits().any(|(_, hit)| hit.topic == topic)
    }
}
