//! Measuring a classifier on labelled rows, and writing what was found.

use std::fmt::Write as _;

use super::corpus::Row;
use super::decide::Verdict;
use super::headers::ReplyHeaders;
use super::heldout::{HeldOut, ORDERS};
use super::label::Label;
use super::times_report::{self, TimesMeasured};
use super::Classifier;

const LABELS: usize = Label::ALL.len();

/// Outcomes of rows: who was taken for what, how surely, and each mistake.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// `counts[truth][verdict]` in the order of `Label::ALL`.
    counts: [[usize; LABELS]; LABELS],
    /// Confidence and whether it was right.
    calibration: Vec<(f32, bool)>,
    by_language: Vec<(String, usize, usize)>,
    mistakes: Vec<String>,
    kinds_right: usize,
    kinds: usize,
}

/// Runs the classifier over rows, without headers.
pub(super) fn measure(classifier: &Classifier, rows: &[Row]) -> Measured {
    let mut measured = Measured::default();
    for row in rows {
        measured.add(row, &classifier.judge_text(&row.text, &ReplyHeaders::default()));
    }
    measured
}

/// Reads each row with each order to the machine before and below it: how many texts, and whose label it changed.
pub(super) fn changed_by_orders<'r>(
    classifier: &Classifier,
    rows: impl Iterator<Item = &'r Row>,
) -> (usize, Vec<String>) {
    let label = |text: &str| classifier.judge_text(text, &ReplyHeaders::default()).label;
    let mut texts = 0;
    let mut changed = Vec::new();
    for row in rows {
        let plain = label(&row.text);
        for text in
            ORDERS.iter().flat_map(|order| [format!("{order}\n\n{}", row.text), format!("{}\n{order}", row.text)])
        {
            texts += 1;
            if label(&text) != plain {
                changed.push(text);
            }
        }
    }
    (texts, changed)
}

/// The figure of [`changed_by_orders`], as the report and the test that recomputes it say it.
pub(super) fn orders_line(texts: usize, changed: usize) -> String {
    format!("Orders to the machine before or below each held-out reply: texts {texts}, labels changed {changed}\n")
}

/// How many rows were told to be in their own language, as the report and the test that recomputes it say it. Rows of
/// Hindi are in either script.
pub(super) fn languages_line<'r>(classifier: &Classifier, rows: impl Iterator<Item = &'r Row>) -> String {
    let (mut all, mut wrong) = (0, Vec::new());
    for row in rows {
        all += 1;
        let told = classifier.language(&row.text);
        if told.split('-').next() != Some(&row.lang) {
            wrong.push(format!("- {}, taken for {told}: {}\n", row.lang, beginning(row, 50)));
        }
    }
    format!("Language of each held-out reply: texts {all}, told wrongly {}\n\n{}", wrong.len(), wrong.concat())
}

/// The first characters of a row's text, in one line.
fn beginning(row: &Row, characters: usize) -> String {
    row.text.replace('\n', " / ").chars().take(characters).collect()
}

impl Measured {
    pub(super) fn add(&mut self, row: &Row, verdict: &Verdict) {
        let right = row.class.label == verdict.label;
        self.counts[index(row.class.label)][index(verdict.label)] += 1;
        self.calibration.push((verdict.confidence, right));
        if row.class.kind.is_some() && right {
            self.kinds += 1;
            self.kinds_right += usize::from(row.class.kind == verdict.kind);
        }
        match self.by_language.iter_mut().find(|(lang, ..)| *lang == row.lang) {
            Some((_, rows, good)) => {
                *rows += 1;
                *good += usize::from(right);
            }
            None => self.by_language.push((row.lang.clone(), 1, usize::from(right))),
        }
        if !right {
            let Row { class, lang, .. } = row;
            let (label, sure) = (verdict.label, verdict.confidence);
            let text = beginning(row, 110);
            self.mistakes.push(format!("{} taken for {label} ({sure:.2}), {lang}: {text}", class.label));
        }
    }

    /// Adds the outcomes of another set.
    pub(super) fn join(&mut self, other: &Self) {
        let cells = self.counts.iter_mut().flatten().zip(other.counts.iter().flatten());
        cells.for_each(|(sum, more)| *sum += more);
        self.calibration.extend(&other.calibration);
        self.kinds += other.kinds;
        self.kinds_right += other.kinds_right;
    }

    pub fn rows(&self) -> usize {
        self.calibration.len()
    }

    pub fn accuracy(&self) -> f64 {
        ratio(self.calibration.iter().filter(|(_, right)| *right).count(), self.rows())
    }

    /// Share of rows of a label that were found.
    pub fn recall(&self, label: Label) -> f64 {
        let at = index(label);
        ratio(self.counts[at][at], self.counts[at].iter().sum())
    }

    /// Share of rows given a label that have it.
    pub fn precision(&self, label: Label) -> f64 {
        let at = index(label);
        ratio(self.counts[at][at], self.counts.iter().map(|row| row[at]).sum())
    }

    pub fn f1(&self, label: Label) -> f64 {
        let (p, r) = (self.precision(label), self.recall(label));
        if p + r > 0.0 {
            2.0 * p * r / (p + r)
        } else {
            0.0
        }
    }

    /// Mean F1 of the nine labels.
    pub fn macro_f1(&self) -> f64 {
        Label::ALL.iter().map(|label| self.f1(*label)).sum::<f64>() / LABELS as f64
    }

    pub fn opt_out_recall(&self) -> f64 {
        self.recall(Label::Unsubscribe)
    }

    /// An opt-out or refusal taken for a wish to go on, or the reverse.
    pub fn dangerous(&self) -> usize {
        const NO: [Label; 2] = [Label::Unsubscribe, Label::NotInterested];
        const YES: [Label; 2] = [Label::Interested, Label::MeetingProposed];
        let pairs = NO.iter().flat_map(|no| YES.iter().map(move |yes| (index(*no), index(*yes))));
        pairs.map(|(no, yes)| self.counts[no][yes] + self.counts[yes][no]).sum()
    }

    /// Each mistake in words, as it stands in the report.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// The figures that a test recomputes, in the report's own words.
    pub fn headline(&self) -> String {
        format!(
            "rows {}, accuracy {:.3}, macro-F1 {:.3}, opt-out recall {:.3}, opt-out precision {:.3}, dangerous errors {}",
            self.rows(),
            self.accuracy(),
            self.macro_f1(),
            self.opt_out_recall(),
            self.precision(Label::Unsubscribe),
            self.dangerous()
        )
    }
}

fn index(label: Label) -> usize {
    Label::ALL.iter().position(|known| *known == label).unwrap_or(LABELS - 1)
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// All that a training run measured.
pub(super) struct Figures<'s> {
    pub held_out: Vec<(&'s HeldOut, Measured)>,
    /// What [`changed_by_orders`] counted.
    pub orders: (usize, usize),
    /// What [`languages_line`] found.
    pub languages: String,
    pub times: Vec<(&'s HeldOut, TimesMeasured)>,
    pub out_of_fold: Measured,
}

/// The report in Markdown.
pub(super) fn write(figures: &Figures<'_>, training: &[Row]) -> String {
    let Figures { held_out, orders, languages, times, out_of_fold } = figures;
    let mut page = String::from(INTRODUCTION);
    for (set, measured) in held_out {
        let _ = writeln!(page, "{}\n", set_line(set, measured));
    }
    let mut all = Measured::default();
    held_out.iter().for_each(|(_, measured)| all.join(measured));
    let _ = writeln!(page, "All held out: {}\n", all.headline());
    let _ = writeln!(page, "{}", orders_line(orders.0, orders.1));
    let _ = writeln!(page, "{languages}");
    let _ = writeln!(page, "Out of fold: {}\n", out_of_fold.headline());
    write_training(&mut page, training);
    for (set, measured) in held_out {
        let _ = writeln!(page, "# {}: {}\n\nThis set was {}.\n", set.file, set.habit, set.history);
        write_labels(&mut page, measured);
        write_matrix(&mut page, measured);
        write_languages(&mut page, measured);
        let _ = writeln!(page, "## What still goes wrong\n");
        measured.mistakes.iter().for_each(|mistake| {
            let _ = writeln!(page, "- {mistake}");
        });
        let _ = writeln!(page);
    }
    write_calibration(&mut page, &all, out_of_fold);
    times_report::write(&mut page, times);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// One set's figures in a line, as the report and the test that recomputes them say it.
pub(super) fn set_line(set: &HeldOut, measured: &Measured) -> String {
    format!("Held out, {}: {}", set.file, measured.headline())
}

const INTRODUCTION: &str = "# Report of the reply classifier and the time reader

Made by `launchyard train-classifier`; the figures are recomputed by a test. *Held out* rows are never trained on:
the command refuses a training row that equals one. Each set was written by another habit, before the training rows
were read for it; what has been done with a set since is said at its head, for a set that mistakes were looked up in
flatters. *Out of fold* rows are training rows judged by models that had not seen their group; hundreds of them are
lone idioms and hard negatives. A *dangerous error* is an opt-out or refusal taken for interest or a meeting, or the
reverse. What the time reader does with sets of its own stands at the end.

";

fn write_training(page: &mut String, training: &[Row]) {
    let _ = writeln!(page, "Training rows by language and label:\n\n| | {} |", names(" | "));
    let _ = writeln!(page, "|---{}|", "|---".repeat(LABELS));
    for lang in super::train::LANGUAGES {
        let count =
            |label: &Label| training.iter().filter(|r| r.lang == lang && r.class.label == *label).count().to_string();
        let counts: Vec<String> = Label::ALL.iter().map(count).collect();
        let _ = writeln!(page, "| {lang} | {} |", counts.join(" | "));
    }
    let _ = writeln!(page);
}

fn write_labels(page: &mut String, measured: &Measured) {
    let _ = writeln!(page, "## Labels\n\n| label | rows | precision | recall | F1 |\n|---|---|---|---|---|");
    for label in Label::ALL {
        let rows: usize = measured.counts[index(*label)].iter().sum();
        let (p, r, f) = (measured.precision(*label), measured.recall(*label), measured.f1(*label));
        let _ = writeln!(page, "| {label} | {rows} | {p:.3} | {r:.3} | {f:.3} |");
    }
    let _ = writeln!(page, "\nKind of `other` right: {} of {}.\n", measured.kinds_right, measured.kinds);
}

fn write_matrix(page: &mut String, measured: &Measured) {
    let _ = writeln!(page, "## Confusion (a row is the truth, a column the verdict)\n\n| | {} |", names(" | "));
    let _ = writeln!(page, "|---{}|", "|---".repeat(LABELS));
    for label in Label::ALL {
        let counts: Vec<String> = measured.counts[index(*label)].iter().map(usize::to_string).collect();
        let _ = writeln!(page, "| {label} | {} |", counts.join(" | "));
    }
    let _ = writeln!(page);
}

fn names(separator: &str) -> String {
    Label::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>().join(separator)
}

fn write_languages(page: &mut String, measured: &Measured) {
    let _ = writeln!(page, "## Languages\n\n| language | rows | accuracy |\n|---|---|---|");
    for (lang, rows, right) in &measured.by_language {
        let _ = writeln!(page, "| {lang} | {rows} | {:.3} |", ratio(*right, *rows));
    }
    let _ = writeln!(page);
}

fn write_calibration(page: &mut String, held_out: &Measured, out_of_fold: &Measured) {
    let _ = writeln!(
        page,
        "# Calibration\n\n| confidence | held out: rows | right | out of fold: rows | right |\n|---|---|---|---|---|"
    );
    for low in (0..10).map(|tenth| tenth as f32 / 10.0) {
        let bin = |measured: &Measured| {
            let inside = |p: f32| p >= low && (p < low + 0.1 || low >= 0.9);
            let rows: Vec<bool> =
                measured.calibration.iter().filter(|(p, _)| inside(*p)).map(|(_, right)| *right).collect();
            let right = rows.iter().filter(|right| **right).count();
            format!("{} | {:.2}", rows.len(), ratio(right, rows.len()))
        };
        let _ = writeln!(page, "| {low:.1} to {:.1} | {} | {} |", low + 0.1, bin(held_out), bin(out_of_fold));
    }
    let _ = writeln!(page);
}
