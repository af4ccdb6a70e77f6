//! Training: from corpus rows to a model file and its report.
//!
//! Multinomial logistic regression by stochastic gradient descent with AdaGrad steps, on rows in a
//! fixed pseudo-random order: the same rows give the same bytes. The temperature is fitted on
//! out-of-fold scores of a cross-validation that keeps groups together.

use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::corpus::{parse_rows, CorpusError, Row};
use super::features::{extract, Features, BUCKETS};
use super::headers::ReplyHeaders;
use super::heldout::{HeldOut, HELD_OUT};
use super::label::Class;
use super::letters::Letters;
use super::model::{softmax, Scores, TrainedModel};
use super::reading::{Knowledge, CUES, LEXICON};
use super::report::{self, Figures, Measured};
use super::times_report::{self, TimesMeasured};
use super::Classifier;

/// What stops a training run.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error("could not read {path}")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("could not write {path}")]
    Write {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{file}: {source}")]
    Corpus {
        file: String,
        #[source]
        source: CorpusError,
    },
    #[error("the word or cue list is broken: {0}")]
    Knowledge(String),
    #[error("times/{file}: {row}")]
    Times { file: &'static str, row: String },
    #[error("no training rows found in {0}")]
    Empty(String),
    /// A figure measured on a row that was trained on says nothing.
    #[error("{file} holds a training row; change one of them: {text}")]
    Leaked { file: String, text: String },
}

/// The training files, in the order in which they are read and fingerprinted.
pub const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "pt", "hi"];

/// Figures of a finished run.
#[derive(Clone, Debug)]
pub struct Summary {
    pub training_rows: usize,
    /// The figures of each held-out set, of labels and of times.
    pub held_out: Vec<String>,
    /// Training rows that a model which had not seen them got wrong: what to write more of.
    pub out_of_fold_mistakes: Vec<String>,
}

/// Trains on `<dir>/{en,de,es,fr,pt,hi}.tsv`, measures on the held-out files, writes the model to `out` and the
/// report to `report_file`. The report also says how the held-out sets of `times` are read. Takes half a minute in a
/// release build. Fails when a held-out row is trained on.
pub fn train_files(dir: &Path, times: &Path, out: &Path, report_file: &Path) -> Result<Summary, TrainError> {
    let training =
        LANGUAGES.iter().map(|lang| read(&dir.join(format!("{lang}.tsv")))).collect::<Result<Vec<_>, _>>()?;
    let joined = training.concat();
    let knowledge = Knowledge::embedded().map_err(TrainError::Knowledge)?;
    let rows = parse_rows(&joined).map_err(|source| TrainError::Corpus { file: "training rows".to_owned(), source })?;
    let held_out = HELD_OUT.iter().map(|set| read_held_out(dir, set)).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(TrainError::Empty(dir.display().to_string()));
    }
    refuse_leaks(&rows, &held_out)?;
    let (model, out_of_fold) = train_rows(&rows, fingerprint(&joined), &knowledge);
    write(out, &model.to_bytes())?;
    let classifier = Classifier::new(knowledge, model);
    let orders = report::changed_by_orders(&classifier, held_out.iter().flat_map(|(_, rows)| rows));
    let figures = Figures {
        held_out: held_out.iter().map(|(set, rows)| (*set, report::measure(&classifier, rows))).collect(),
        orders: (orders.0, orders.1.len()),
        languages: report::languages_line(&classifier, held_out.iter().flat_map(|(_, rows)| rows)),
        times: times_report::SETS.iter().map(|set| measure_times(times, set)).collect::<Result<_, _>>()?,
        out_of_fold,
    };
    write(report_file, report::write(&figures, &rows).as_bytes())?;
    let of_labels = figures.held_out.iter().map(|(set, measured)| report::set_line(set, measured));
    let of_times = figures.times.iter().map(|(set, measured)| times_report::set_line(set, measured));
    Ok(Summary {
        training_rows: rows.len(),
        held_out: of_labels.chain(of_times).collect(),
        out_of_fold_mistakes: figures.out_of_fold.mistakes().to_vec(),
    })
}

fn read_held_out<'s>(dir: &Path, set: &'s HeldOut) -> Result<(&'s HeldOut, Vec<Row>), TrainError> {
    let text = read(&dir.join(set.file))?;
    let rows = parse_rows(&text).map_err(|source| TrainError::Corpus { file: set.file.to_owned(), source })?;
    Ok((set, rows))
}

/// With the embedded classifier, as the program that runs reads them; a new model shows in the next run.
fn measure_times<'s>(dir: &Path, set: &'s HeldOut) -> Result<(&'s HeldOut, TimesMeasured), TrainError> {
    let measured = times_report::measure(&read(&dir.join(set.file))?);
    Ok((set, measured.map_err(|row| TrainError::Times { file: set.file, row })?))
}

/// Letter case, punctuation and spaces make no other row.
pub(super) fn essence(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

fn refuse_leaks(rows: &[Row], held_out: &[(&HeldOut, Vec<Row>)]) -> Result<(), TrainError> {
    let known: HashSet<String> = rows.iter().map(|row| essence(&row.text)).collect();
    let all = held_out.iter().flat_map(|(set, rows)| rows.iter().map(move |row| (set, row)));
    match all.into_iter().find(|(_, row)| known.contains(&essence(&row.text))) {
        Some((set, row)) => Err(TrainError::Leaked { file: set.file.to_owned(), text: row.text.clone() }),
        None => Ok(()),
    }
}

/// Trains on the joined text of corpus files, in the order of `LANGUAGES`, without touching any file.
pub fn train(corpus: &str) -> Result<TrainedModel, TrainError> {
    let knowledge = Knowledge::embedded().map_err(TrainError::Knowledge)?;
    let rows = parse_rows(corpus).map_err(|source| TrainError::Corpus { file: "corpus".to_owned(), source })?;
    Ok(train_rows(&rows, fingerprint(corpus), &knowledge).0)
}

fn read(path: &Path) -> Result<String, TrainError> {
    std::fs::read_to_string(path).map_err(|source| TrainError::Read { path: path.display().to_string(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    std::fs::write(path, bytes).map_err(|source| TrainError::Write { path: path.display().to_string(), source })
}

/// SHA-256 over the joined training files, the word list and the cue list: all a model depends on
/// besides this code.
pub fn fingerprint(training: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [training, LEXICON, CUES] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Trains on all rows; also gives what models that had not seen a row's group made of it.
fn train_rows(rows: &[Row], fingerprint: [u8; 32], knowledge: &Knowledge) -> (TrainedModel, Measured) {
    let examples: Vec<Option<Example>> = rows.iter().map(|row| Example::of(row, knowledge)).collect();
    let mut measured = Measured::default();
    let mut scored: Vec<(Scores, usize)> = Vec::new();
    for fold in 0..FOLDS {
        let outside = |row: &Row| fold_of(&row.group) != fold;
        let model = fit(&select(rows, &examples, outside), fingerprint);
        for (row, example) in rows.iter().zip(&examples).filter(|(row, _)| !outside(row)) {
            if let Some(example) = example {
                scored.push((model.scores(&example.features), example.class));
            }
            let reading = knowledge.read(&row.text);
            let verdict = super::decide::judge(&reading, &ReplyHeaders::default(), &model, &knowledge.lexicon);
            measured.add(row, &verdict);
        }
    }
    let mut model = fit(&select(rows, &examples, |_| true), fingerprint);
    model.temperature = best_temperature(&scored);
    model.letters = Letters::learn(rows);
    (model, measured)
}

const FOLDS: u64 = 5;

fn fold_of(group: &str) -> u64 {
    let digest = Sha256::digest(group.as_bytes());
    u64::from(digest[0]) % FOLDS
}

struct Example {
    features: Features,
    class: usize,
}

impl Example {
    /// `None` for rows of kinds the model does not know (injected text, which is cut out).
    fn of(row: &Row, knowledge: &Knowledge) -> Option<Self> {
        let class = row.class.column()?;
        Some(Self { features: extract(&knowledge.read(&row.text), &knowledge.lexicon), class })
    }
}

fn select<'a>(rows: &[Row], examples: &'a [Option<Example>], keep: impl Fn(&Row) -> bool) -> Vec<&'a Example> {
    rows.iter().zip(examples).filter(|(row, _)| keep(row)).filter_map(|(_, example)| example.as_ref()).collect()
}

const EPOCHS: usize = 24;
const STEP: f32 = 0.5;
/// Share by which weights shrink after each epoch.
const DECAY: f32 = 0.01;
/// Share of features left out of a row at random in each epoch, so that no single word is relied on.
const DROPOUT: f32 = 0.3;
/// Probability mass spread over the classes that are not the row's own.
const SMOOTHING: f32 = 0.06;

fn fit(examples: &[&Example], fingerprint: [u8; 32]) -> TrainedModel {
    const N: usize = Class::COUNT;
    let mut weights = vec![[0.0f32; N]; BUCKETS];
    let mut squares = vec![[1e-3f32; N]; BUCKETS];
    let mut bias = [0.0f32; N];
    let importance = importance_of_classes(examples);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Lcg(0x5eed);
    for _ in 0..EPOCHS {
        shuffle(&mut order, &mut random);
        for example in order.iter().map(|at| examples[*at]) {
            let kept: Vec<(u32, f32)> = example.features.iter().copied().filter(|_| random.unit() >= DROPOUT).collect();
            let mut scores = bias;
            for (bucket, value) in &kept {
                let row = &weights[*bucket as usize];
                scores.iter_mut().zip(row).for_each(|(score, weight)| *score += weight * value);
            }
            let mut slope = softmax(scores, 1.0);
            for (class, value) in slope.iter_mut().enumerate() {
                let wanted = if class == example.class { 1.0 - SMOOTHING } else { SMOOTHING / (N - 1) as f32 };
                *value = (*value - wanted) * importance[example.class];
            }
            for (bucket, value) in &kept {
                let (row, past) = (&mut weights[*bucket as usize], &mut squares[*bucket as usize]);
                for ((weight, square), slope) in row.iter_mut().zip(past.iter_mut()).zip(slope) {
                    let gradient = slope * value;
                    *square += gradient * gradient;
                    *weight -= STEP * 0.1 * gradient / square.sqrt();
                }
            }
            bias.iter_mut().zip(slope).for_each(|(bias, slope)| *bias -= STEP * 0.02 * slope);
        }
        weights.iter_mut().flatten().for_each(|weight| *weight *= 1.0 - DECAY);
    }
    TrainedModel::quantise(&weights, bias, fingerprint)
}

/// Rare classes count more: the inverse square root of their share.
fn importance_of_classes(examples: &[&Example]) -> Scores {
    let mut counts = [0usize; Class::COUNT];
    examples.iter().for_each(|example| counts[example.class] += 1);
    let even = examples.len() as f32 / Class::COUNT as f32;
    counts.map(|count| if count == 0 { 1.0 } else { (even / count as f32).sqrt().clamp(0.5, 2.0) })
}

/// The temperature with the least log loss, to two decimals.
fn best_temperature(scored: &[(Scores, usize)]) -> f32 {
    let loss = |temperature: f32| -> f64 {
        scored.iter().map(|(scores, class)| -f64::from(softmax(*scores, temperature)[*class].max(1e-9)).ln()).sum()
    };
    let candidates = (20..=300).map(|hundredths| hundredths as f32 / 100.0);
    candidates.map(|t| (t, loss(t))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1.0, |(temperature, _)| temperature)
}

/// Knuth's 64-bit linear congruential generator: fixed for ever, seeded by hand.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// In [0, 1).
    fn unit(&mut self) -> f32 {
        self.next() as f32 / (1u64 << 31) as f32
    }
}

fn shuffle(order: &mut [usize], random: &mut Lcg) {
    for at in (1..order.len()).rev() {
        let other = random.next() as usize % (at + 1);
        order.swap(at, other);
    }
}
