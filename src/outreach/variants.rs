//! Several wordings of one step: who gets which, and what the figures say about them, without claiming more than
//! they show.

use super::figures::StepFigures;
use super::model::{Earlier, Step};
use crate::base::{ContactId, UnixMillis, VariantId};
use crate::language::merge;

/// Wordings that a step may have.
pub const MOST_VARIANTS: usize = 5;
/// Below this many mails of each, rates say nothing worth comparing.
const FEWEST: u64 = 50;
/// 95 % of the normal distribution lie within so many standard deviations. That two such intervals lie apart is a
/// stricter test than 95 % (about 99.4 % for two of the same size), which leaves room for looking more than once.
const Z: f64 = 1.959_964;
/// Earlier words of a step that are kept, with their figures.
const MOST_EARLIER: usize = 12;
/// More mails than this nobody is told to send.
const LONGEST_WAIT: u64 = 20_000;

/// One wording, with the letter that people call it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording<'a> {
    /// Who gets it hangs on this.
    pub id: VariantId,
    /// Its figures are kept under this: another one since its words were changed.
    pub counted: VariantId,
    pub letter: char,
    pub subject: &'a str,
    pub text: &'a str,
}

impl Step {
    /// Its wordings: the step's own first.
    pub fn wordings(&self) -> Vec<Wording<'_>> {
        let own = (VariantId(self.id.0), self.counted, self.subject.as_str(), self.text.as_str());
        let others = self.variants.iter().map(|one| (one.id, one.counted, one.subject.as_str(), one.text.as_str()));
        let all = std::iter::once(own).chain(others).zip('A'..='Z');
        let wording = |((id, counted, subject, text), letter)| Wording {
            id,
            counted: Option::unwrap_or(counted, id),
            letter,
            subject,
            text,
        };
        all.map(wording).collect()
    }

    /// The step as this contact reads it, and which wording that is; none where there is only one. The choice hangs on
    /// the two ids alone: a wording that is added or taken away moves only those who get it or had it.
    pub fn for_contact(&self, contact: ContactId) -> (Step, Option<VariantId>) {
        if self.variants.is_empty() {
            return (self.clone(), None);
        }
        let weight = |wording: &Wording<'_>| merge::mix(merge::seed(&[contact.as_bytes(), wording.id.as_bytes()]));
        match self.wordings().into_iter().max_by_key(weight) {
            Some(chosen) => (self.worded(&chosen), Some(chosen.counted)),
            None => (self.clone(), None),
        }
    }

    /// The letter by which a wording is known now; none of one that is gone.
    pub fn letter_of(&self, wording: VariantId) -> Option<char> {
        self.wordings().into_iter().find(|one| one.id == wording).map(|one| one.letter)
    }

    /// Takes over how the wordings of `before` were counted. One with other words is counted from nothing, under a number
    /// of `fresh` (of the step itself, then of each variant), and the old figures stand with the old words; where it has
    /// words again that it had before, it goes on with their figures.
    pub(super) fn count_on_from(&mut self, before: &Step, fresh: &[VariantId], now: UnixMillis) {
        self.earlier.clone_from(&before.earlier);
        let new: Vec<(VariantId, String, String)> =
            self.wordings().iter().map(|one| (one.id, one.subject.to_owned(), one.text.to_owned())).collect();
        let mut all_counted = Vec::new();
        for ((id, subject, text), fresh) in new.iter().zip(fresh) {
            let Some(known) = before.wordings().into_iter().find(|one| one.id == *id) else {
                all_counted.push(None);
                continue;
            };
            let counted = if says_the_same((known.subject, known.text), (subject, text)) {
                known.counted
            } else {
                let is_again =
                    |one: &Earlier| one.of == *id && says_the_same((&one.subject, &one.text), (subject, text));
                let again = self.earlier.iter().position(is_again).map(|place| self.earlier.remove(place).counted);
                self.earlier.push(known.until(now));
                again.unwrap_or(*fresh)
            };
            all_counted.push(Some(counted).filter(|counted| counted != id));
        }
        let gone = before.wordings().into_iter().filter(|one| new.iter().all(|(id, ..)| *id != one.id));
        self.earlier.extend(gone.map(|one| one.until(now)));
        let surplus = self.earlier.len().saturating_sub(MOST_EARLIER);
        self.earlier.drain(..surplus);
        let mut all_counted = all_counted.into_iter();
        self.counted = all_counted.next().flatten();
        for (variant, counted) in self.variants.iter_mut().zip(all_counted) {
            variant.counted = counted;
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

impl Wording<'_> {
    fn until(&self, until: UnixMillis) -> Earlier {
        let (subject, text) = (self.subject.to_owned(), self.text.to_owned());
        Earlier { of: self.id, counted: self.counted, subject, text, until }
    }
}

/// The words are the same, whatever became of blanks, capitals and punctuation.
fn says_the_same(one: (&str, &str), other: (&str, &str)) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    words(one.0) == words(other.0) && words(one.1) == words(other.1)
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
    /// Of the share that answered with interest. A refusal and an opt-out are answers too, and no success.
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.figures.interested, self.figures.sent)
    }

    /// Of the share that answered at all.
    pub fn replied_interval(&self) -> (f64, f64) {
        wilson(self.figures.replied, self.figures.sent)
    }

    /// Those with interest: "8.0 % (4.1 to 15.0 %)"; empty while nothing was sent.
    pub fn rate_words(&self) -> String {
        self.share_words(self.figures.interested)
    }

    /// The same of all answers.
    pub fn replied_words(&self) -> String {
        self.share_words(self.figures.replied)
    }

    fn share_words(&self, hits: u64) -> String {
        let sent = self.figures.sent;
        if sent == 0 {
            return String::new();
        }
        let (low, high) = wilson(hits, sent);
        format!("{} % ({} to {} %)", percent(hits as f64 / sent as f64), percent(low), percent(high))
    }
}

fn percent(rate: f64) -> String {
    format!("{:.1}", rate * 100.0)
}

/// The wording that most people answer with interest, where the figures bear that out, and in words what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub winner: Option<char>,
    pub words: String,
}

/// Compares the shares of mails that people answered with interest.
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
            "{} wins most interest: of at least {} % of its readers, the others of at most {} % (95 % confidence).",
            best.letter,
            percent(best.interval().0),
            percent(next.interval().1)
        );
        return Verdict { winner: Some(best.letter), words };
    }
    none(format!("No winner yet: the ranges of {} and {} overlap, so {}", best.letter, next.letter, wait(best, next)))
}

fn share(one: &Measured) -> f64 {
    one.figures.interested as f64 / one.figures.sent.max(1) as f64
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

    fn measured(letter: char, sent: u64, interested: u64) -> Measured {
        Measured { letter, figures: StepFigures { sent, replied: interested, interested, ..StepFigures::default() } }
    }

    #[test]
    fn many_refusals_make_no_winner() {
        let refused = |sent, replied, interested, opted_out| Measured {
            letter: 'A',
            figures: StepFigures { sent, replied, interested, opted_out, bounced: 0 },
        };
        let angry = refused(300, 120, 6, 40);
        let verdict = compare(&[angry, measured('B', 300, 8)]);
        assert_eq!(verdict.winner, None, "{}", verdict.words);
        assert!(angry.replied_words().starts_with("40.0 %") && angry.rate_words().starts_with("2.0 %"));
        let verdict = compare(&[angry, measured('B', 300, 60)]);
        assert_eq!(verdict.winner, Some('B'), "{}", verdict.words);
    }

    fn words(step: &Step) -> Vec<(char, VariantId)> {
        step.wordings().into_iter().map(|one| (one.letter, one.counted)).collect()
    }

    #[test]
    fn a_wording_with_other_words_is_counted_from_nothing_and_the_old_figures_stand_with_the_old_words() {
        let (before, now) = (step(1), UnixMillis(7));
        let fresh = [VariantId(uuid::Uuid::from_u128(100)), VariantId(uuid::Uuid::from_u128(101))];
        let (own, other) = (VariantId(before.id.0), before.variants[0].id);
        let change = |before: &Step, own: &str, other: &str| {
            let mut after = Step { text: own.into(), counted: None, earlier: Vec::new(), ..before.clone() };
            after.variants[0].text = other.into();
            after.variants[0].counted = None;
            after.count_on_from(before, &fresh, now);
            after
        };
        let same = change(&before, "  OWN!", "Wording 1.");
        assert_eq!((words(&same), same.earlier.len()), (vec![('A', own), ('B', other)], 0), "nothing was said anew");
        let edited = change(&before, "Own", "Wholly new");
        assert_eq!(words(&edited), [('A', own), ('B', fresh[1])]);
        let kept: Vec<_> = edited.earlier.iter().map(|one| (one.of, one.counted, one.text.as_str())).collect();
        assert_eq!(kept, [(other, other, "Wording 1")]);
        for contact in (0..200_u128).map(|number| ContactId(uuid::Uuid::from_u128(number * 7919))) {
            let drawn = |step: &Step| step.for_contact(contact).1 == Some(own);
            assert_eq!(drawn(&before), drawn(&edited), "who gets which stays");
        }
        let back = change(&edited, "Own", "Wording 1");
        assert_eq!(words(&back), [('A', own), ('B', other)], "it goes on where it was");
        assert_eq!(back.earlier.iter().map(|one| one.counted).collect::<Vec<_>>(), [fresh[1]]);
        let mut alone = Step { variants: Vec::new(), ..before.clone() };
        alone.count_on_from(&before, &fresh, now);
        assert_eq!(alone.earlier.iter().map(|one| one.counted).collect::<Vec<_>>(), [other], "one that was removed");
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
            counted: None,
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
