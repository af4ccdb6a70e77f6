//! Which language words look like: whole words and their runs of two to four letters, weighed by how often they stand in
//! the training rows of each language (naive Bayes). A reply has five words; the commonest of a language are often not
//! among them.

use std::ops::RangeInclusive;

use super::corpus::Row;
use super::features::{runs_of, Fnv};
use super::normalise::{clean, is_devanagari};

/// BCP 47 tags of the languages that are told apart. Hindi in its own script is known by that.
pub(super) const TONGUES: [&str; 6] = ["en", "de", "es", "fr", "pt", "hi-Latn"];
const COUNT: usize = TONGUES.len();
/// Runs of letters by hash; two in one bucket share their weights.
const BUCKETS: usize = 1 << 14;
const RUNS: RangeInclusive<usize> = 2..=4;
/// Added to every count, so that what was never seen is unlikely and not impossible.
const UNSEEN: f32 = 0.1;
/// English before any word was read, in the unit of the weights: brands and loan words look like it.
const ENGLISH: f32 = 6.0;

/// Bytes of the letters in a model file: their scale, `f32` little endian, then a signed byte for each bucket and tongue.
pub(super) const BYTES: usize = 4 + BUCKETS * COUNT;

/// The weights: natural logarithms of how likely a run is, less their mean over the tongues. A byte times the scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Letters {
    scale: f32,
    weights: Vec<i8>,
}

/// What words look most like.
pub(super) struct Likeliest {
    pub tongue: &'static str,
    /// What a run of letters speaks for it in the mean: words of the language itself reach 1 to 2, those of another 0.5.
    pub likeness: f32,
}

impl Default for Letters {
    /// Nothing is known: all tongues are equally likely.
    fn default() -> Self {
        Self { scale: 0.0, weights: vec![0; BUCKETS * COUNT] }
    }
}

impl Letters {
    /// Counts what stands in the rows of each language.
    pub fn learn(rows: &[Row]) -> Self {
        let mut counts = vec![[0.0f32; COUNT]; BUCKETS];
        for row in rows.iter().filter(|row| !row.text.contains(is_devanagari)) {
            let lang = if row.lang == "hi" { "hi-Latn" } else { &row.lang };
            let Some(tongue) = TONGUES.iter().position(|tongue| *tongue == lang) else { continue };
            runs(&clean(&row.text)).for_each(|bucket| counts[bucket][tongue] += 1.0);
        }
        let mut sums = [UNSEEN * BUCKETS as f32; COUNT];
        counts.iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += count));
        let weights: Vec<[f32; COUNT]> = counts.iter().map(|row| likelihoods(row, &sums)).collect();
        let most = weights.iter().flatten().fold(f32::MIN_POSITIVE, |most, weight| most.max(weight.abs()));
        let scale = most / 127.0;
        Self { scale, weights: weights.iter().flatten().map(|weight| (weight / scale).round() as i8).collect() }
    }

    /// `None` for a text without letters. `text` is clean.
    pub fn likeliest(&self, text: &str) -> Option<Likeliest> {
        let mut sums = [0.0f32; COUNT];
        let mut count = 0.0f32;
        for bucket in runs(text) {
            let start = bucket * COUNT;
            let weights = self.weights.get(start..start + COUNT).unwrap_or(&[]);
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += f32::from(*weight) * self.scale);
            count += 1.0;
        }
        let before = |tongue: &str| if tongue == "en" { ENGLISH } else { 0.0 };
        let each = TONGUES.into_iter().zip(sums);
        let (tongue, sum) = each.max_by(|a, b| (a.1 + before(a.0)).total_cmp(&(b.1 + before(b.0))))?;
        (count > 0.0).then(|| Likeliest { tongue, likeness: sum / count })
    }

    /// As [`BYTES`] says.
    pub fn to_bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let weights = self.weights.iter().flat_map(|weight| weight.to_le_bytes());
        self.scale.to_le_bytes().into_iter().chain(weights)
    }

    /// Of exactly as many bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (scale, weights) = bytes.split_first_chunk::<4>()?;
        let weights = weights.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        (bytes.len() == BYTES).then_some(Self { scale: f32::from_le_bytes(*scale), weights })
    }
}

/// Natural logarithms of how likely a run with these counts is in each tongue, less their mean.
fn likelihoods(counts: &[f32; COUNT], sums: &[f32; COUNT]) -> [f32; COUNT] {
    let mut weights = [0.0f32; COUNT];
    let each = counts.iter().zip(sums).map(|(count, sum)| ((count + UNSEEN) / sum).ln());
    weights.iter_mut().zip(each).for_each(|(weight, likely)| *weight = likely);
    let mean = weights.iter().sum::<f32>() / COUNT as f32;
    weights.map(|weight| weight - mean)
}

/// The buckets of each word, of its runs of letters with its edges, and of the signs that Spanish alone writes. Addresses
/// and numbers are of no language.
fn runs(text: &str) -> impl Iterator<Item = usize> + '_ {
    let plain = text.split_whitespace().filter(|piece| !piece.contains(['@', '/']));
    let words =
        plain.flat_map(|piece| piece.split(|c: char| !(c.is_alphabetic() || c == '\''))).filter(|w| !w.is_empty());
    words.chain(text.matches(['¿', '¡'])).flat_map(|word| {
        let word = format!("^{}$", word.to_lowercase());
        let of_runs = runs_of(&word, RUNS).into_iter().map(bucket);
        of_runs.chain([bucket(&word)]).collect::<Vec<_>>()
    })
}

fn bucket(run: &str) -> usize {
    let mut hash = Fnv::new(b'l');
    hash.eat(run.as_bytes());
    hash.below(BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::super::corpus::parse_rows;
    use super::*;

    fn learnt() -> Letters {
        let rows = "later\ten\ta\tplease write again in spring\nlater\tde\tb\tbitte wieder im Frühling schreiben\n";
        Letters::learn(&parse_rows(rows).unwrap())
    }

    #[test]
    fn words_that_were_never_seen_look_like_their_like() {
        let letters = learnt();
        for (text, tongue) in [("schreibt bitte", "de"), ("writing pleases", "en"), ("Früh", "de")] {
            assert_eq!(letters.likeliest(text).unwrap().tongue, tongue, "{text}");
        }
        for text in ["", "12:30", "nora@fernhill.example", "fernhill.example/price", "👍 …"] {
            assert!(letters.likeliest(text).is_none(), "{text}");
        }
    }

    #[test]
    fn letters_read_back_from_their_bytes() {
        let letters = learnt();
        let bytes: Vec<u8> = letters.to_bytes().collect();
        assert_eq!(bytes.len(), BYTES);
        assert_eq!(Letters::parse(&bytes), Some(letters));
        assert_eq!(Letters::parse(&bytes[1..]), None);
        assert_eq!(Letters::parse(&[]), None);
    }
}
