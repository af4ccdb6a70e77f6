//! What the linear model sees of a reply: hashed words, word parts, concepts, cues and shape.

use std::ops::RangeInclusive;

use super::lexicon::Lexicon;
use super::reading::{Read, Reading};
use super::tokens::Kind;

/// Number of hash buckets; two features in one bucket share their weights.
pub(super) const BUCKETS: usize = 1 << 16;

/// Sparse vector: bucket and value, in ascending order of bucket, each bucket once.
pub(super) type Features = Vec<(u32, f32)>;

/// Families of features. Each family is scaled to a length of its own, so that a long letter's
/// many words do not drown its one telling cue.
#[derive(Clone, Copy)]
enum Family {
    Words,
    Parts,
    Concepts,
    Cues,
    Shape,
}

impl Family {
    const ALL: [Self; 5] = [Self::Words, Self::Parts, Self::Concepts, Self::Cues, Self::Shape];

    /// Euclidean length that the family's features have together.
    fn length(self) -> f32 {
        match self {
            Self::Words => 1.0,
            Self::Parts => 0.8,
            Self::Concepts => 1.6,
            Self::Cues => 1.0,
            Self::Shape => 0.4,
        }
    }
}

/// The features of a reply. The number of human words has no upper bound of its own; callers pass
/// excerpts of at most 2,000 characters.
pub(super) fn extract(reading: &Reading<'_>, lexicon: &Lexicon) -> Features {
    let mut all = Vec::new();
    for family in Family::ALL {
        let mut names = Names::new(family);
        match family {
            Family::Words => reading.human().for_each(|sentence| words(sentence, &mut names)),
            Family::Parts => reading.human().for_each(|sentence| parts(sentence, &mut names)),
            Family::Concepts => reading.human().for_each(|sentence| concepts(sentence, lexicon, &mut names)),
            Family::Cues => cues(reading, &mut names),
            Family::Shape => shape(reading, &mut names),
        }
        all.extend(names.scaled());
    }
    all.sort_unstable_by_key(|(bucket, _)| *bucket);
    all.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 += later.1;
        }
        same
    });
    all
}

/// Collects one family's features by hashing their names.
struct Names {
    family: Family,
    buckets: Vec<u32>,
}

impl Names {
    fn new(family: Family) -> Self {
        Self { family, buckets: Vec::with_capacity(64) }
    }

    fn add(&mut self, kind: &str, pieces: &[&str]) {
        let mut hash = Fnv::new(self.family as u8);
        hash.eat(kind.as_bytes());
        for piece in pieces {
            hash.eat(&[0x1f]);
            hash.eat(piece.as_bytes());
        }
        self.buckets.push(hash.bucket());
    }

    /// Each bucket once, all with the same value, together of the family's length. Short lists
    /// are not blown up: below four features each keeps the value it would have among four.
    fn scaled(mut self) -> impl Iterator<Item = (u32, f32)> {
        self.buckets.sort_unstable();
        self.buckets.dedup();
        let count = self.buckets.len().max(4) as f32;
        let value = self.family.length() / count.sqrt() * 3.0;
        self.buckets.into_iter().map(move |bucket| (bucket, value))
    }
}

/// 64-bit FNV-1a (Fowler, Noll, Vo): fixed for ever, unlike the standard library's hasher.
pub(super) struct Fnv(u64);

impl Fnv {
    pub fn new(seed: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.eat(&[seed]);
        hash
    }

    pub fn eat(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn bucket(&self) -> u32 {
        self.below(BUCKETS as u64) as u32
    }

    pub fn below(&self, buckets: u64) -> u64 {
        (self.0 ^ (self.0 >> 29) ^ (self.0 >> 47)) % buckets
    }
}

/// The word as a feature: numbers become their shape, so that no date is learnt by heart.
fn shown<'a>(sentence: &'a Read<'_>, at: usize) -> &'a str {
    let token = &sentence.tokens[at];
    match token.kind {
        Kind::Number => match sentence.concepts[at] {
            set if set & 0b100 != 0 => "<clock>",
            set if set & 0b1000 != 0 => "<date>",
            _ => "<number>",
        },
        _ => token.folded.as_str(),
    }
}

/// Words, pairs, triples, and words within reach of a negation.
fn words(sentence: &Read<'_>, names: &mut Names) {
    let shown: Vec<&str> = (0..sentence.tokens.len()).map(|at| shown(sentence, at)).collect();
    for (at, word) in shown.iter().enumerate() {
        names.add("1", &[word]);
        if at + 1 < shown.len() {
            names.add("2", &shown[at..at + 2]);
        }
        if at + 2 < shown.len() {
            names.add("3", &shown[at..at + 3]);
            names.add("skip", &[shown[at], shown[at + 2]]);
        }
    }
    for at in negated(sentence) {
        names.add("not", &[shown[at]]);
    }
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        names.add("first", &[first]);
        names.add("last", &[last]);
    }
}

/// Words after a negation up to a break or five words on; Hindi negates the words before, too.
fn negated(sentence: &Read<'_>) -> Vec<usize> {
    const NEGATIONS: &[&str] = &[
        "not",
        "no",
        "dont",
        "doesnt",
        "didnt",
        "wont",
        "cant",
        "cannot",
        "isnt",
        "arent",
        "wouldnt",
        "shouldnt",
        "never",
        "without",
        "neither",
        "nor",
        "nicht",
        "kein",
        "keine",
        "keinen",
        "keinerlei",
        "nie",
        "ohne",
        "ne",
        "n",
        "pas",
        "sans",
        "jamais",
        "nunca",
        "sin",
        "nao",
        "sem",
        "nem",
        "nahi",
        "nahin",
        "mat",
        "na",
        "नहीं",
        "मत",
        "न",
        "nt",
        "aint",
    ];
    const BACKWARD: &[&str] = &["nahi", "nahin", "mat", "नहीं", "मत", "nicht"];
    let tokens = &sentence.tokens;
    let mut reached = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !NEGATIONS.contains(&token.folded.as_str()) {
            continue;
        }
        let ahead = (at + 1..tokens.len().min(at + 6)).take_while(|next| !tokens[*next].after_break);
        reached.extend(ahead);
        if BACKWARD.contains(&token.folded.as_str()) {
            reached.extend(at.saturating_sub(3)..at);
        }
    }
    reached
}

/// Character sequences of three to five inside words with their edges: endings, stems, typos.
fn parts(sentence: &Read<'_>, names: &mut Names) {
    for token in sentence.tokens.iter().filter(|token| token.kind == Kind::Word) {
        let word = format!("^{}$", token.folded);
        if word.chars().count() < 30 {
            runs_of(&word, 3..=5).into_iter().for_each(|run| names.add("part", &[run]));
        }
    }
}

/// The runs of so many letters in a word, the shortest first.
pub(super) fn runs_of(word: &str, lengths: RangeInclusive<usize>) -> Vec<&str> {
    let mut edges: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
    edges.push(word.len());
    let of_length = |length: usize| edges.windows(length + 1).map(move |ends| &word[ends[0]..ends[length]]);
    lengths.flat_map(of_length).collect()
}

/// Concepts, and the order in which they follow each other.
fn concepts(sentence: &Read<'_>, lexicon: &Lexicon, names: &mut Names) {
    let row: Vec<Vec<&str>> =
        sentence.concepts.iter().filter(|set| **set != 0).map(|set| lexicon.names(*set).collect()).collect();
    let asks = if sentence.asks { "?" } else { "." };
    for (at, here) in row.iter().enumerate() {
        for name in here {
            names.add("c1", &[name]);
            names.add("c1?", &[name, asks]);
            for next in row.iter().skip(at + 1).take(1).flatten() {
                names.add("c2", &[name, next]);
                for third in row.iter().skip(at + 2).take(1).flatten() {
                    names.add("c3", &[name, next, third]);
                }
            }
            for next in row.iter().skip(at + 2).take(4).flatten() {
                names.add("c~", &[name, next]);
            }
        }
    }
}

/// Cues: each by its own number, and all by what they speak for.
fn cues(reading: &Reading<'_>, names: &mut Names) {
    for (sentence, hit) in reading.hits() {
        let asks = if sentence.asks { "?" } else { "." };
        names.add("cue", &[&hit.number.to_string()]);
        names.add("topic", &[hit.topic]);
        names.add("topic?", &[hit.topic, asks]);
    }
}

/// Length, punctuation, and which sentence does what.
fn shape(reading: &Reading<'_>, names: &mut Names) {
    let count: usize = reading.human().map(|sentence| sentence.tokens.len()).sum();
    let length = match count {
        0 => "0",
        1 => "1",
        2..=3 => "2",
        4..=7 => "4",
        8..=15 => "8",
        16..=31 => "16",
        _ => "32",
    };
    names.add("length", &[length]);
    names.add("sentences", &[&reading.human().count().min(4).to_string()]);
    let last_asks = reading.human().next_back().is_some_and(|sentence| sentence.asks);
    let any_asks = reading.human().any(|sentence| sentence.asks);
    names.add("asks", &[if last_asks { "last" } else { "no" }, if any_asks { "any" } else { "none" }, length]);
    if reading.human().any(|sentence| sentence.clean.ends_with('!')) {
        names.add("exclaims", &[]);
    }
    if reading.human().any(|sentence| sentence.clean.ends_with("...") || sentence.clean.ends_with('…')) {
        names.add("trails off", &[]);
    }
}
