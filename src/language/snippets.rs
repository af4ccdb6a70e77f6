//! Finding the approved passage that answers a question (BM25 over word stems), or nothing.
//!
//! The score is the share of the question's telling words that the passage holds, so that one threshold works for
//! three passages and for three hundred. Below it there is no answer: a person takes over (G6).

use std::collections::{HashMap, HashSet};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// A passage that may be quoted.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// What it is about, and questions that it answers; counts double.
    pub title: &'a str,
    pub text: &'a str,
    /// BCP 47.
    pub language: &'a str,
}

/// The best passage and how much of the question it covers, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub index: usize,
    pub score: f32,
}

/// Below this share nothing is quoted.
pub const THRESHOLD: f32 = 0.34;
/// BM25's saturation and length correction, at their customary values.
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// A word that no passage holds says that the question may be about something else; it counts this much.
const UNKNOWN_WORD: f32 = 0.6;

/// The passage in `language` that answers `question` best, if it covers enough of it.
pub fn retrieve(question: &str, language: &str, passages: &[Passage<'_>]) -> Option<Hit> {
    let wanted: HashSet<String> = stems(&asked(question), language).into_iter().collect();
    let own: Vec<(usize, Bag)> = passages
        .iter()
        .enumerate()
        .filter(|(_, passage)| same_language(passage.language, language))
        .map(|(index, passage)| (index, Bag::of(passage)))
        .collect();
    if wanted.is_empty() || own.is_empty() {
        return None;
    }
    let bags: Vec<&Bag> = own.iter().map(|(_, bag)| bag).collect();
    let weights = weights(&wanted, &bags);
    let mean = bags.iter().map(|bag| bag.length).sum::<f32>() / bags.len() as f32;
    let best = own
        .iter()
        .map(|(index, bag)| Hit { index: *index, score: bag.cover(&weights, mean) })
        .max_by(|a, b| a.score.total_cmp(&b.score).then(b.index.cmp(&a.index)))?;
    (best.score >= THRESHOLD).then_some(best)
}

/// A passage as counted stems.
struct Bag {
    counts: HashMap<String, f32>,
    length: f32,
}

impl Bag {
    fn of(passage: &Passage<'_>) -> Self {
        let mut counts: HashMap<String, f32> = HashMap::new();
        for (text, weight) in [(passage.title, 2.0), (passage.text, 1.0)] {
            for stem in stems(text, passage.language) {
                *counts.entry(stem).or_default() += weight;
            }
        }
        let length = counts.values().sum();
        Self { counts, length }
    }

    fn cover(&self, weights: &HashMap<&str, f32>, mean: f32) -> f32 {
        let whole: f32 = weights.values().sum();
        let held = weights.iter().map(|(stem, weight)| {
            let count = self.counts.get(*stem).copied().unwrap_or(0.0);
            let long = 1.0 - B + B * self.length / mean.max(1.0);
            // Twice in a passage of usual length counts as held in full.
            let full = (count * (K1 + 1.0) / (count + K1 * long)).min(1.0);
            weight * full
        });
        held.sum::<f32>() / whole.max(f32::EPSILON)
    }
}

/// How telling each word of the question is: rare ones among the passages more than common ones.
fn weights<'q>(wanted: &'q HashSet<String>, bags: &[&Bag]) -> HashMap<&'q str, f32> {
    let all = bags.len() as f32;
    let weight = |stem: &String| {
        let holding = bags.iter().filter(|bag| bag.counts.contains_key(stem)).count() as f32;
        let rarity = (1.0 + (all + 0.5) / (holding + 0.5)).ln();
        if holding > 0.0 {
            rarity
        } else {
            rarity * UNKNOWN_WORD / 2.0_f32.max(rarity)
        }
    };
    wanted.iter().map(|stem| (stem.as_str(), weight(stem))).collect()
}

/// The sentences that ask; all of them when none carries a question mark.
fn asked(text: &str) -> String {
    let questions: Vec<&str> =
        text.split_sentence_bounds().filter(|sentence| sentence.contains(['?', '¿', '？'])).collect();
    if questions.is_empty() {
        text.to_owned()
    } else {
        questions.join(" ")
    }
}

fn stems(text: &str, language: &str) -> Vec<String> {
    let stemmer = algorithm(language).map(Stemmer::create);
    let words = text.unicode_words().map(str::to_lowercase);
    words
        .filter(|word| word.chars().count() > 1 && !STOP_WORDS.contains(&word.as_str()))
        .map(|word| match &stemmer {
            Some(stemmer) => stemmer.stem(&word).into_owned(),
            None => word,
        })
        .collect()
}

fn algorithm(language: &str) -> Option<Algorithm> {
    match primary(language) {
        "en" => Some(Algorithm::English),
        "de" => Some(Algorithm::German),
        "es" => Some(Algorithm::Spanish),
        "fr" => Some(Algorithm::French),
        "pt" => Some(Algorithm::Portuguese),
        // Hindi is compared word by word.
        _ => None,
    }
}

fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

fn same_language(one: &str, other: &str) -> bool {
    primary(one).eq_ignore_ascii_case(primary(other))
}

/// Words that say nothing about the subject, of all six languages: a word of one is rarely a telling one of another.
const STOP_WORDS: &[&str] = &[
    // en
    "the",
    "an",
    "and",
    "or",
    "but",
    "if",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "do",
    "does",
    "did",
    "can",
    "could",
    "would",
    "will",
    "shall",
    "should",
    "may",
    "might",
    "have",
    "has",
    "had",
    "you",
    "your",
    "yours",
    "we",
    "our",
    "us",
    "me",
    "my",
    "it",
    "its",
    "they",
    "them",
    "their",
    "this",
    "that",
    "these",
    "those",
    "there",
    "here",
    "what",
    "which",
    "who",
    "how",
    "when",
    "where",
    "why",
    "much",
    "many",
    "any",
    "some",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "for",
    "with",
    "from",
    "about",
    "as",
    "so",
    "not",
    "no",
    "yes",
    "also",
    "just",
    "please",
    "thanks",
    "thank",
    "hi",
    "hello",
    "dear",
    "one",
    "get",
    "tell",
    "know",
    "question",
    "quick",
    // de
    "der",
    "die",
    "das",
    "den",
    "dem",
    "des",
    "ein",
    "eine",
    "einen",
    "einem",
    "einer",
    "und",
    "oder",
    "aber",
    "ist",
    "sind",
    "war",
    "wird",
    "werden",
    "haben",
    "hat",
    "kann",
    "können",
    "ich",
    "sie",
    "wir",
    "ihr",
    "ihre",
    "ihren",
    "ihnen",
    "uns",
    "unser",
    "unsere",
    "es",
    "was",
    "wie",
    "wer",
    "wann",
    "wo",
    "warum",
    "welche",
    "welcher",
    "zu",
    "mit",
    "von",
    "für",
    "auf",
    "aus",
    "bei",
    "nach",
    "auch",
    "nicht",
    "noch",
    "nur",
    "bitte",
    "danke",
    "hallo",
    "frage",
    "viel",
    "im",
    "zum",
    "zur",
    // es
    "el",
    "la",
    "los",
    "las",
    "un",
    "una",
    "unos",
    "unas",
    "y",
    "o",
    "pero",
    "es",
    "son",
    "está",
    "están",
    "ser",
    "hay",
    "tiene",
    "tienen",
    "puede",
    "pueden",
    "que",
    "qué",
    "cuál",
    "cómo",
    "cuándo",
    "dónde",
    "cuánto",
    "cuánta",
    "de",
    "del",
    "al",
    "en",
    "con",
    "por",
    "para",
    "su",
    "sus",
    "se",
    "lo",
    "le",
    "me",
    "nos",
    "no",
    "sí",
    "gracias",
    "hola",
    "pregunta",
    // fr
    "le",
    "les",
    "une",
    "des",
    "du",
    "et",
    "ou",
    "mais",
    "est",
    "sont",
    "être",
    "avez",
    "vous",
    "votre",
    "vos",
    "nous",
    "notre",
    "je",
    "il",
    "elle",
    "ce",
    "cette",
    "ces",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "comment",
    "combien",
    "quand",
    "où",
    "pourquoi",
    "au",
    "aux",
    "dans",
    "sur",
    "avec",
    "pour",
    "par",
    "pas",
    "ne",
    "merci",
    "bonjour",
    "question",
    "qui",
    "peut",
    "peuvent",
    "ça",
    // pt
    "os",
    "um",
    "uma",
    "uns",
    "umas",
    "mas",
    "é",
    "são",
    "está",
    "tem",
    "têm",
    "pode",
    "podem",
    "você",
    "vocês",
    "seu",
    "sua",
    "nosso",
    "nossa",
    "qual",
    "quais",
    "como",
    "quando",
    "onde",
    "quanto",
    "quanta",
    "por",
    "do",
    "da",
    "dos",
    "das",
    "no",
    "na",
    "nos",
    "nas",
    "em",
    "com",
    "para",
    "não",
    "sim",
    "obrigado",
    "obrigada",
    "olá",
    // hi
    "है",
    "हैं",
    "का",
    "के",
    "की",
    "को",
    "में",
    "से",
    "पर",
    "और",
    "या",
    "क्या",
    "कैसे",
    "कब",
    "कहाँ",
    "कितना",
    "कितने",
    "कितनी",
    "आप",
    "आपका",
    "आपके",
    "हम",
    "मैं",
    "यह",
    "वह",
    "तो",
    "भी",
    "नहीं",
    "जी",
    "कृपया",
    "धन्यवाद",
    "hai",
    "hain",
    "ka",
    "ke",
    "ki",
    "ko",
    "mein",
    "se",
    "par",
    "aur",
    "ya",
    "kya",
    "kaise",
    "kab",
    "kahan",
    "kitna",
    "kitne",
    "kitni",
    "aap",
    "aapka",
    "aapke",
    "hum",
    "yeh",
    "woh",
    "bhi",
    "nahi",
    "ji",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Vec<Passage<'static>> {
        vec![
            Passage {
                title: "Prices: what does it cost, how expensive",
                text: "A survey of the house is free. A pump for a house of ten rooms costs from £9,000.",
                language: "en",
            },
            Passage {
                title: "Planning permission",
                text: "Most outdoor units need no planning application. We check it for you.",
                language: "en",
            },
            Passage {
                title: "Noise: how loud is the outdoor unit",
                text: "At three metres the unit is as loud as a fridge.",
                language: "en",
            },
            Passage { title: "Preise: was kostet es", text: "Die Besichtigung ist kostenlos.", language: "de" },
        ]
    }

    #[test]
    fn a_question_finds_its_passage_or_nothing() {
        let cases = [
            ("Thanks. How much does it cost?", "en", Some(0)),
            ("Do we need planning permission for that?", "en", Some(1)),
            ("Is the unit loud at night?", "en", Some(2)),
            ("Was kostet das?", "de", Some(3)),
            ("Do you also repair oil boilers made before the war?", "en", None),
            ("Who gave you my address?", "en", None),
            ("Combien ça coûte ?", "fr", None),
            ("", "en", None),
        ];
        for (question, language, expected) in cases {
            let hit = retrieve(question, language, &shop());
            assert_eq!(hit.map(|hit| hit.index), expected, "{question} {hit:?}");
        }
    }

    #[test]
    fn only_the_asking_sentence_counts() {
        let text = "I run a hotel with a noisy fridge and a planning committee. What does it cost?";
        assert_eq!(retrieve(text, "en", &shop()).map(|hit| hit.index), Some(0));
    }
}
