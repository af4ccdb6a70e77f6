//! Several wordings of one step: who gets which, and what the figures say about them, without claiming more than
//! they show.

use super::figures::StepFigures;
use super::model::Step;
use crate::base::{ContactId, VariantId};
use crate::language::merge;

/// Wordings that a step may have.
pub const MOST_VARIANTS: usize = 5;
/// Below this many mails of each, rates say nothing worth comparing.
const FEWEST: u64 = 50;
/// 95 % of the normal distribution lie within so many standard deviations. That two such intervals lie apart is a
/// stricter test than 95 % (about 99.4 % for two of the same size), which leaves room for looking more than once.
const Z: f64 = 1.959_964;
/// More mails than this nobody is told to send.
const LONGEST_WAIT: u64 = 20_000;

/// One wording, with the letter that people call it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording<'a> {
    pub id: VariantId,
    pub letter: char,
    pub subject: &'a str,
    pub text: &'a str,
}

impl Step {
    /// Its wordings: the step's own first.
    pub fn wordings(&self) -> Vec<Wording<'_>> {
        let own = (VariantId(self.id.0), self.subject.as_str(), self.text.as_str());
        let others = self.variants.iter().map(|one| (one.id, one.subject.as_str(), one.text.as_str()));
        let all = std::iter::once(own).chain(others).zip('A'..='Z');
        all.map(|((id, subject, text), letter)| Wording { id, letter, subject, text }).collect()
    }

    /// The step as this contact reads it, and which wording that is; none where there is only one. The choice hangs on
    /// the two ids alone: a wording that is added or taken away moves only those who get it or had it.
    pub fn for_contact(&self, contact: ContactId) -> (Step, Option<VariantId>) {
        if self.variants.is_empty() {
            return (self.clone(), None);
        }
        let weight = |wording: &Wording<'_>| merge::mix(merge::seed(&[contact.as_bytes(), wording.id.as_bytes()]));
        match self.wordings().into_iter().max_by_key(weight) {
            Some(chosen) => (self.worded(&chosen), Some(chosen.id)),
            None => (self.clone(), None),
        }
    }

    /// The step with this wording alone.
    pub fn worded(&self, wording: &Wording<'_>) -> Step {
        Step {
            subject: wording.subject.to_owned(),
            text: wording.text.to_owned(),
            variants: Vec::new(),
            ..self.clone()
        }
    }
}

/// Between which rates the true one lies, with 95 % confidence: Wilson's score interval (E. B. Wilson, 1927), which is
/// also right for few cases and for rates near none. 0 to 1 each; everything is possible of no case at all.
pub fn wilson(hits: u64, cases: u64) -> (f64, f64) {
    if cases == 0 {
        return (0.0, 1.0);
    }
    let (hits, cases) = (hits.min(cases) as f64, cases as f64);
    let rate = hits / cases;
    let square = Z * Z;
    let middle = rate + square / (2.0 * cases);
    let spread = Z * (rate * (1.0 - rate) / cases + square / (4.0 * cases * cases)).sqrt();
    let whole = 1.0 + square / cases;
    (((middle - spread) / whole).max(0.0), ((middle + spread) / whole).min(1.0))
}

/// A wording with what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub letter: char,
    pub figures: StepFigures,
}

impl Measured {
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.figures.replied, self.figures.sent)
    }

    /// "8.0 % (4.1 to 15.0 %)"; empty while nothing was sent.
    pub fn rate_words(&self) -> String {
        if self.figures.sent == 0 {
            return String::new();
        }
        let (low, high) = self.interval();
        let rate = self.figures.replied as f64 / self.figures.sent as f64;
        format!("{} % ({} to {} %)", percent(rate), percent(low), percent(high))
    }
}

fn percent(rate: f64) -> String {
    format!("{:.1}", rate * 100.0)
}

/// The wording that people answer most, where the figures bear that out, and in words what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub winner: Option<char>,
    pub words: String,
}

/// Compares the shares of mails that people answered.
pub fn compare(all: &[Measured]) -> Verdict {
    let none = |words: String| Verdict { winner: None, words };
    let few: Vec<String> = all
        .iter()
        .filter(|one| one.figures.sent < FEWEST)
        .map(|one| format!("{} needs {} more", one.letter, FEWEST - one.figures.sent))
        .collect();
    if !few.is_empty() {
        return none(format!(
            "No winner yet: below {FEWEST} mails each, a difference says nothing. {}.",
            few.join(", ")
        ));
    }
    let mut ranked = all.to_vec();
    ranked.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let [best, others @ ..] = ranked.as_slice() else { return none(String::new()) };
    let Some(next) = others.iter().max_by(|a, b| a.interval().1.total_cmp(&b.interval().1)) else {
        return none(String::new());
    };
    if best.interval().0 > next.interval().1 {
        let words = format!(
            "{} is answered most: by at least {} % of its readers, the others by at most {} % (95 % confidence).",
            best.letter,
            percent(best.interval().0),
            percent(next.interval().1)
        );
        return Verdict { winner: Some(best.letter), words };
    }
    none(format!("No winner yet: the ranges of {} and {} overlap, so {}", best.letter, next.letter, wait(best, next)))
}

fn share(one: &Measured) -> f64 {
    one.figures.replied as f64 / one.figures.sent.max(1) as f64
}

/// How much longer it would take at these rates.
fn wait(best: &Measured, next: &Measured) -> String {
    let apart = |cases: u64| {
        let of = |one: &Measured| wilson((share(one) * cases as f64).round() as u64, cases);
        of(best).0 > of(next).1
    };
    let from = best.figures.sent.max(next.figures.sent);
    let step = (from / 10).max(10);
    let enough = (1..).map(|count| from + count * step).take_while(|cases| *cases <= LONGEST_WAIT).find(|n| apart(*n));
    match enough {
        Some(cases) => format!(
            "the difference may be chance. If the rates stay as they are, about {cases} mails of each would tell."
        ),
        None => "they do about equally well. More mails will hardly tell them apart; keep the one you like.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{StepId, UnixMillis};
    use crate::outreach::model::Variant;

    fn measured(letter: char, sent: u64, replied: u64) -> Measured {
        Measured { letter, figures: StepFigures { sent, replied, ..StepFigures::default() } }
    }

    /// The values of R's prop.test(correct = FALSE), to four places.
    #[test]
    fn the_interval_is_wilsons() {
        let cases = [
            (0, 10, 0.0, 0.2775),
            (1, 10, 0.0179, 0.4042),
            (5, 10, 0.2366, 0.7634),
            (10, 10, 0.7225, 1.0),
            (8, 100, 0.0411, 0.1500),
            (50, 1000, 0.0381, 0.0653),
        ];
        for (hits, of, low, high) in cases {
            let found = wilson(hits, of);
            let is_near = |a: f64, b: f64| (a - b).abs() < 0.0001;
            assert!(is_near(found.0, low) && is_near(found.1, high), "{hits} of {of}: {found:?}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn a_winner_is_named_only_when_the_figures_say_so() {
        let cases = [
            ("few mails", vec![measured('A', 20, 10), measured('B', 60, 0)], None, "A needs 30 more"),
            ("by chance", vec![measured('A', 100, 10), measured('B', 100, 6)], None, "may be chance"),
            ("the same", vec![measured('A', 400, 20), measured('B', 400, 20)], None, "about equally well"),
            ("surely", vec![measured('A', 300, 15), measured('B', 300, 60)], Some('B'), "at least"),
            (
                "not against each",
                vec![measured('A', 300, 50), measured('B', 300, 60), measured('C', 300, 3)],
                None,
                "overlap",
            ),
        ];
        for (name, all, winner, words) in cases {
            let verdict = compare(&all);
            assert_eq!(verdict.winner, winner, "{name}: {}", verdict.words);
            assert!(verdict.words.contains(words), "{name}: {}", verdict.words);
        }
    }

    fn step(variants: u128) -> Step {
        let variant = |number| Variant {
            id: VariantId(uuid::Uuid::from_u128(number)),
            subject: String::new(),
            text: format!("Wording {number}"),
        };
        Step { variants: (1..=variants).map(variant).collect(), ..Step::mail(StepId::new(UnixMillis(0)), "S", "Own") }
    }

    #[test]
    fn a_contact_always_gets_the_same_wording_and_each_wording_has_its_share() {
        let mut counts = std::collections::BTreeMap::new();
        let (two, three) = (step(1), step(2));
        let (mut step_two, mut moved) = (two.clone(), 0);
        step_two.wait_days = 9;
        for number in 0..3_000_u128 {
            let contact = ContactId(uuid::Uuid::from_u128(number * 7919));
            let (read, variant) = three.for_contact(contact);
            assert_eq!(three.for_contact(contact), (read.clone(), variant));
            *counts.entry(read.text).or_insert(0) += 1;
            // The ids of the step differ here, so only those of the shared wording are compared.
            let before = two.for_contact(contact).1;
            let after = Step { id: two.id, ..three.clone() }.for_contact(contact).1;
            moved += u32::from(before != after && after != three.variants.last().map(|last| last.id));
        }
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(moved, 0, "only those who get the new wording move");
    }

    #[test]
    fn a_step_with_one_wording_has_no_variant_to_count() {
        assert_eq!(step(0).for_contact(ContactId(uuid::Uuid::nil())).1, None);
    }
}
