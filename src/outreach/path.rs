//! The way through a sequence: a list of steps from the first to the last, with branches that go to another step or
//! to the end. No step comes twice for a lead, so every way ends, however a sequence is changed meanwhile.

use serde::{Deserialize, Serialize};

use super::model::{Came, Sequence, Step};
use crate::base::{StepId, UnixMillis};

/// What a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    #[default]
    Mail,
    /// Something that a person does; the sequence goes on when it is done or skipped. The step's text says what.
    Task,
    /// Where `when` holds, the lead goes another way; else it goes on with the step below.
    Branch { when: When, then: Then },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when")]
pub enum When {
    Always,
    /// A person answered; with a label only if the answer was read so.
    Replied {
        #[serde(default)]
        label: Option<String>,
    },
    Bounced,
    Booked,
    Field {
        name: String,
        test: Test,
        #[serde(default)]
        value: String,
    },
    /// At least so many days after the lead was added.
    Waited {
        days: u16,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    Is,
    IsNot,
    Contains,
    Filled,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
pub enum Then {
    Step { step: StepId },
    End,
}

/// Labels of an answer that a branch may ask for. An opt-out ends everything, and an absence is no answer.
pub const LABELS: &[&str] =
    &["interested", "question", "meeting_proposed", "referral", "not_interested", "later", "other"];

/// What happens to a lead while its sequence runs. It ends the sequence, unless a branch takes the lead over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening<'a> {
    Answered(&'a str),
    Bounced,
    Booked,
}

impl When {
    /// It is about something that ends a sequence: it holds from the moment that this happens, and nothing leaves by
    /// itself after it.
    pub fn is_event(&self) -> bool {
        matches!(self, When::Replied { .. } | When::Bounced | When::Booked)
    }

    fn hears(&self, happening: Happening<'_>) -> bool {
        match (self, happening) {
            (_, Happening::Answered("unsubscribe")) => false,
            (When::Replied { label }, Happening::Answered(read)) => label.as_deref().is_none_or(|label| label == read),
            (When::Bounced, Happening::Bounced) | (When::Booked, Happening::Booked) => true,
            _ => false,
        }
    }

    /// Does it hold for a lead when its turn comes? `field` gives the lead's values, empty ones as absent.
    pub fn holds(&self, standing: &Standing<'_>, field: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            When::Always => true,
            When::Replied { label } => match (label, &standing.came.label) {
                (None, read) => read.is_some(),
                (Some(label), read) => read.as_ref() == Some(label),
            },
            When::Bounced => standing.came.bounced,
            When::Booked => standing.came.meeting,
            When::Field { name, test, value } => test.holds(field(name).as_deref(), value),
            When::Waited { days } => standing.now.since(standing.added_at).as_secs() >= u64::from(*days) * 86_400,
        }
    }
}

/// How a lead stands when a branch asks.
pub struct Standing<'a> {
    pub came: &'a Came,
    pub added_at: UnixMillis,
    pub now: UnixMillis,
}

impl Test {
    fn holds(self, own: Option<&str>, value: &str) -> bool {
        let own = own.map(|own| own.trim().to_lowercase()).unwrap_or_default();
        let value = value.trim().to_lowercase();
        match self {
            Test::Is => own == value,
            Test::IsNot => own != value,
            Test::Contains => !value.is_empty() && own.contains(&value),
            Test::Filled => !own.is_empty(),
            Test::Empty => own.is_empty(),
        }
    }
}

/// What a lead has behind it, oldest first, and where it was sent from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    pub done: Vec<StepId>,
    pub next: Option<StepId>,
}

impl Trail {
    fn has(&self, step: StepId) -> bool {
        self.done.contains(&step)
    }
}

impl Sequence {
    /// The step that follows what is done, and never one that was done already. Steps may have been added, moved or
    /// removed since: what counts is the place of the last one done that still exists.
    pub fn next_step(&self, trail: &Trail) -> Option<&Step> {
        let sent_to = trail.next.filter(|next| !trail.has(*next)).and_then(|next| self.find_step(next));
        if let Some((_, step)) = sent_to {
            return Some(step);
        }
        self.below(trail)
    }

    /// The first step below the last one done that was not done.
    fn below(&self, trail: &Trail) -> Option<&Step> {
        let place = |id: StepId| self.steps.iter().position(|step| step.id == id);
        let last = trail.done.iter().rev().find_map(|id| place(*id));
        let from = last.map_or(trail.done.len().min(self.steps.len()), |last| last + 1);
        self.steps[from..].iter().find(|step| !trail.has(step.id))
    }

    /// The first branch that takes a lead over when this happens to it, wherever it stands: an answer comes when it
    /// comes. One that the lead took before (`heard`) is not taken again.
    pub fn branch_for(&self, heard: &[StepId], happening: Happening<'_>) -> Option<(StepId, Then)> {
        self.steps.iter().filter(|step| !heard.contains(&step.id)).find_map(|step| match &step.kind {
            Kind::Branch { when, then } if when.hears(happening) => Some((step.id, *then)),
            _ => None,
        })
    }

    /// Why nothing follows what a lead has behind it: the whole sequence has left, or it was changed meanwhile.
    pub fn end_words(&self, trail: &Trail) -> &'static str {
        if self.steps.iter().all(|step| trail.has(step.id)) {
            "All steps were sent."
        } else {
            "The sequence was changed, and no step follows those that were sent."
        }
    }

    /// The ways through it.
    pub fn ways(&self) -> Ways {
        let place = |id: StepId| self.steps.iter().position(|step| step.id == id);
        let way = |step: &Step| match &step.kind {
            Kind::Mail | Kind::Task => Way { is_mail: step.kind == Kind::Mail, goes_on: true, to: None },
            Kind::Branch { when, then } => Way {
                is_mail: false,
                goes_on: *when != When::Always,
                to: match then {
                    Then::Step { step } => place(*step),
                    Then::End => None,
                },
            },
        };
        Ways(self.steps.iter().map(way).collect())
    }
}

/// Where each step leads, by place.
#[derive(Clone, Debug, Default)]
pub struct Ways(pub Vec<Way>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub is_mail: bool,
    /// To the step below.
    pub goes_on: bool,
    pub to: Option<usize>,
}

impl Ways {
    fn after(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let way = self.0.get(place).copied().unwrap_or_default();
        let below = way.goes_on.then_some(place + 1);
        below.into_iter().chain(way.to).filter(|place| *place < self.0.len())
    }

    /// Every place that can come after `from` (itself only over a loop).
    fn reached_from(&self, from: usize) -> Vec<bool> {
        let mut reached = vec![false; self.0.len()];
        let mut open: Vec<usize> = self.after(from).collect();
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut reached[place], true) {
                open.extend(self.after(place));
            }
        }
        reached
    }

    /// The first branch that goes back to a step after which it comes again, with that step: it would never end.
    pub fn first_loop(&self) -> Option<(usize, usize)> {
        let back = |(place, way): (usize, &Way)| way.to.filter(|to| *to <= place).map(|to| (place, to));
        let mut back = self.0.iter().enumerate().filter_map(back);
        back.find(|(place, to)| place == to || self.reached_from(*to)[*place])
    }

    /// Places to which no way leads.
    pub fn unreached(&self) -> Vec<usize> {
        let reached = self.reached_from(0);
        (1..self.0.len()).filter(|place| !reached[*place]).collect()
    }

    /// The most mails on any way. None where a loop was saved by an older program.
    pub fn most_mails(&self) -> usize {
        self.mails(0, self.0.len(), usize::max)
    }

    /// The fewest mails that a lead has had when it comes to a place.
    pub fn fewest_mails_before(&self, place: usize) -> usize {
        let mut fewest = vec![usize::MAX; self.0.len()];
        if let Some(first) = fewest.first_mut() {
            *first = 0;
        }
        for _ in 0..self.0.len() {
            for from in (0..self.0.len()).filter(|from| fewest[*from] < usize::MAX).collect::<Vec<_>>() {
                let had = fewest[from] + usize::from(self.0[from].is_mail);
                for to in self.after(from).collect::<Vec<_>>() {
                    fewest[to] = fewest[to].min(had);
                }
            }
        }
        fewest.get(place).copied().filter(|fewest| *fewest < usize::MAX).unwrap_or(0)
    }

    fn mails(&self, place: usize, depth: usize, choose: fn(usize, usize) -> usize) -> usize {
        let Some(way) = self.0.get(place).filter(|_| depth > 0) else { return 0 };
        let own = usize::from(way.is_mail);
        let after = self.after(place).map(|next| self.mails(next, depth - 1, choose));
        own + after.reduce(choose).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Way {
        Way { is_mail: true, goes_on: true, to: None }
    }

    fn branch(goes_on: bool, to: Option<usize>) -> Way {
        Way { is_mail: false, goes_on, to }
    }

    #[test]
    fn a_way_that_never_ends_is_found_and_one_that_only_goes_back_is_not() {
        let cases = [
            ("a list", vec![mail(), mail()], None),
            ("forward", vec![mail(), branch(true, Some(3)), mail(), mail()], None),
            ("back to the first", vec![mail(), mail(), branch(true, Some(0))], Some((2, 0))),
            ("to itself", vec![mail(), branch(true, Some(1))], Some((1, 1))),
            // 1 goes to 3, 3 goes back to 2, 2 ends: nobody comes to 3 again.
            ("back, and then the end", vec![branch(false, Some(2)), branch(false, None), branch(false, Some(1))], None),
            ("over another", vec![mail(), branch(true, Some(2)), branch(true, Some(1))], Some((2, 1))),
        ];
        for (name, ways, expected) in cases {
            assert_eq!(Ways(ways).first_loop(), expected, "{name}");
        }
    }

    #[test]
    fn the_mails_of_a_way_are_counted_and_steps_that_nobody_comes_to_are_named() {
        // 1 mail, 2 to 5 if …, 3 mail, 4 end, 5 mail, 6 mail.
        let ways =
            Ways(vec![mail(), branch(true, Some(4)), mail(), branch(false, None), mail(), mail(), branch(false, None)]);
        assert_eq!(ways.most_mails(), 3);
        assert_eq!((ways.fewest_mails_before(2), ways.fewest_mails_before(5)), (1, 2));
        assert!(ways.unreached().is_empty());
        let ended = Ways(vec![mail(), branch(false, None), mail()]);
        assert_eq!((ended.unreached(), ended.most_mails()), (vec![2], 1));
        assert_eq!(Ways::default().most_mails(), 0);
    }

    #[test]
    fn a_field_is_compared_as_people_write_it() {
        let cases = [
            (Test::Is, Some("Hotel "), "hotel", true),
            (Test::Is, None, "hotel", false),
            (Test::IsNot, None, "hotel", true),
            (Test::Contains, Some("Grand Hotel"), "hotel", true),
            (Test::Contains, Some("Grand Hotel"), "", false),
            (Test::Filled, Some(" "), "", false),
            (Test::Empty, None, "", true),
        ];
        for (test, own, value, expected) in cases {
            assert_eq!(test.holds(own, value), expected, "{test:?} {own:?} {value}");
        }
    }

    #[test]
    fn no_branch_takes_over_whoever_opts_out() {
        let any = When::Replied { label: None };
        assert!(any.hears(Happening::Answered("question")));
        assert!(!any.hears(Happening::Answered("unsubscribe")) && !any.hears(Happening::Bounced));
        let only = When::Replied { label: Some("interested".into()) };
        assert!(only.hears(Happening::Answered("interested")) && !only.hears(Happening::Answered("later")));
    }
}
