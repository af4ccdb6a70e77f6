//! The linear model and its file.
//!
//! File layout, little endian: magic `LYRC`, format `u16`, classes `u16`, buckets `u32`,
//! fingerprint of the training data (32 bytes), temperature `f32`, one bias `f32` and one scale
//! `f32` per class, then `buckets x classes` weights of one signed byte, then what tells languages
//! apart (`letters`), then the SHA-256 of all that precedes it. A weight is its byte times its class's scale.

use sha2::{Digest, Sha256};

use super::features::{Features, BUCKETS};
use super::label::Class;
use super::letters::{self, Letters};

const MAGIC: &[u8; 4] = b"LYRC";
const FORMAT: u16 = 2;
const CLASSES: usize = Class::COUNT;

/// One number per class.
pub(super) type Scores = [f32; CLASSES];

/// A model file that cannot be used, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("the model file ends too early or is too long")]
    Length,
    #[error("this is not a reply model of the format this program reads")]
    Format,
    #[error("the model file is damaged: its checksum does not match")]
    Checksum,
}

/// Weights and calibration; what training makes and classifying uses.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedModel {
    /// SHA-256 over the training rows and hand-made lists it came from.
    pub(super) fingerprint: [u8; 32],
    /// Scores are divided by this before they become probabilities.
    pub(super) temperature: f32,
    pub(super) bias: Scores,
    pub(super) scale: Scores,
    pub(super) weights: Vec<i8>,
    pub(super) letters: Letters,
}

impl Default for TrainedModel {
    /// A model that knows nothing: all classes are equally likely.
    fn default() -> Self {
        Self {
            fingerprint: [0; 32],
            temperature: 1.0,
            bias: [0.0; CLASSES],
            scale: [0.0; CLASSES],
            weights: Vec::new(),
            letters: Letters::default(),
        }
    }
}

impl TrainedModel {
    /// Rounds trained weights (`weights[bucket][class]`) to one byte each.
    pub(super) fn quantise(weights: &[Scores], bias: Scores, fingerprint: [u8; 32]) -> Self {
        let mut scale = [0.0f32; CLASSES];
        for row in weights {
            for (most, weight) in scale.iter_mut().zip(row) {
                *most = most.max(weight.abs() / 127.0);
            }
        }
        let byte = |weight: f32, scale: f32| if scale > 0.0 { (weight / scale).round() as i8 } else { 0 };
        let bytes =
            weights.iter().flat_map(|row| row.iter().zip(scale).map(move |(weight, scale)| byte(*weight, scale)));
        Self { fingerprint, temperature: 1.0, bias, scale, weights: bytes.collect(), letters: Letters::default() }
    }

    /// Raw scores of the classes.
    pub(super) fn scores(&self, features: &Features) -> Scores {
        let mut sums = [0.0f32; CLASSES];
        for (bucket, value) in features {
            let start = *bucket as usize * CLASSES;
            for (sum, weight) in sums.iter_mut().zip(self.weights.get(start..start + CLASSES).unwrap_or(&[])) {
                *sum += f32::from(*weight) * value;
            }
        }
        let mut scores = self.bias;
        for ((score, sum), scale) in scores.iter_mut().zip(sums).zip(self.scale) {
            *score += sum * scale;
        }
        scores
    }

    /// Calibrated probabilities of the classes; they sum to one.
    pub(super) fn probabilities(&self, features: &Features) -> Scores {
        softmax(self.scores(features), self.temperature)
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.weights.len() + 256);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(CLASSES as u16).to_le_bytes());
        bytes.extend_from_slice(&(BUCKETS as u32).to_le_bytes());
        bytes.extend_from_slice(&self.fingerprint);
        for number in std::iter::once(self.temperature).chain(self.bias).chain(self.scale) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend(self.weights.iter().map(|weight| weight.to_le_bytes()[0]));
        bytes.extend(self.letters.to_bytes());
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads a model file; every byte is covered by the checksum.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let head = expected_head();
        if !bytes.starts_with(&head) {
            return Err(if bytes.len() < head.len() { ModelError::Length } else { ModelError::Format });
        }
        let numbers_at = head.len() + 32;
        let weights_at = numbers_at + 4 * (1 + 2 * CLASSES);
        let letters_at = weights_at + BUCKETS * CLASSES;
        let checksum_at = letters_at + letters::BYTES;
        if bytes.len() != checksum_at + 32 {
            return Err(ModelError::Length);
        }
        let (content, checksum) = bytes.split_at(checksum_at);
        if Sha256::digest(content).as_slice() != checksum {
            return Err(ModelError::Checksum);
        }
        let numbers: Vec<f32> = content[numbers_at..weights_at]
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        let mut model = Self { temperature: numbers[0], ..Self::default() };
        model.fingerprint.copy_from_slice(&content[head.len()..numbers_at]);
        model.bias.copy_from_slice(&numbers[1..=CLASSES]);
        model.scale.copy_from_slice(&numbers[1 + CLASSES..]);
        model.weights = content[weights_at..letters_at].iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        model.letters = Letters::parse(&content[letters_at..]).ok_or(ModelError::Length)?;
        Ok(model)
    }
}

fn expected_head() -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&(CLASSES as u16).to_le_bytes());
    head.extend_from_slice(&(BUCKETS as u32).to_le_bytes());
    head
}

/// Exponentials of `scores / temperature`, scaled to sum to one.
pub(super) fn softmax(scores: Scores, temperature: f32) -> Scores {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut out = scores.map(|score| ((score - most) / temperature).exp());
    let sum: f32 = out.iter().sum();
    out.iter_mut().for_each(|value| *value /= sum);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> TrainedModel {
        let mut weights = vec![[0.0; CLASSES]; BUCKETS];
        weights[7][2] = 1.5;
        TrainedModel { temperature: 2.0, ..TrainedModel::quantise(&weights, [0.1; CLASSES], [9; 32]) }
    }

    #[test]
    fn a_model_file_reads_back_as_the_model_it_was() {
        let model = small();
        assert_eq!(TrainedModel::parse(&model.to_bytes()), Ok(model));
    }

    #[test]
    fn a_bad_model_file_is_refused_with_its_reason() {
        let good = small().to_bytes();
        let mut flipped = good.clone();
        flipped[5_000] ^= 1;
        let mut newer = good.clone();
        newer[4] = 200;
        let cases = [
            ("empty", Vec::new(), ModelError::Length),
            ("cut off", good[..good.len() - 1].to_vec(), ModelError::Length),
            ("one bit turned", flipped, ModelError::Checksum),
            ("a later format", newer, ModelError::Format),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(TrainedModel::parse(&bytes), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_weight_moves_its_own_class_only() {
        let scores = small().scores(&vec![(7, 1.0)]);
        assert!((scores[2] - 1.6).abs() < 0.02);
        assert!((scores[3] - 0.1).abs() < 1e-6);
        assert!((softmax(scores, 1.0).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
