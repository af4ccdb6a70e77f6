//! Figures of a worker: always the sum over its enrolments, because each write of an enrolment takes away what the
//! row counted before and adds what it counts now. Each figure therefore opens exactly the list it counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Enrolment, Sent, State, Why};
use crate::base::{MessageId, StepId, VariantId};

/// A list of leads that a page can open. The number stands in index keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Group {
    All = 0,
    Waiting = 1,
    Queued = 2,
    Away = 3,
    Finished = 4,
    Stopped = 5,
    /// Due, but held back.
    Held = 6,
    /// Held back because enough mails wait for the mailbox.
    Backlog = 7,
    /// The day until which they put it off has come.
    AskAgain = 8,
    /// The next mail waits for a person who reads it.
    Review = 9,
    Written = 10,
    Replied = 11,
    Interested = 12,
    Meeting = 13,
    Bounced = 14,
    OptedOut = 15,
    /// Somebody has something to do.
    Task = 16,
}

impl Group {
    pub const ALL: [Group; 17] = [
        Group::All,
        Group::Waiting,
        Group::Queued,
        Group::Away,
        Group::Finished,
        Group::Stopped,
        Group::Held,
        Group::Backlog,
        Group::AskAgain,
        Group::Review,
        Group::Task,
        Group::Written,
        Group::Replied,
        Group::Interested,
        Group::Meeting,
        Group::Bounced,
        Group::OptedOut,
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::All => "all",
            Group::Waiting => "waiting",
            Group::Queued => "queued",
            Group::Away => "away",
            Group::Finished => "finished",
            Group::Stopped => "stopped",
            Group::Held => "held",
            Group::Backlog => "backlog",
            Group::AskAgain => "ask-again",
            Group::Review => "review",
            Group::Task => "task",
            Group::Written => "written",
            Group::Replied => "replied",
            Group::Interested => "interested",
            Group::Meeting => "meeting",
            Group::Bounced => "bounced",
            Group::OptedOut => "opted-out",
        }
    }

    pub fn parse(text: &str) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.as_str() == text)
    }

    pub fn words(self) -> &'static str {
        match self {
            Group::All => "All",
            Group::Waiting => "Waiting",
            Group::Queued => "Leaving next",
            Group::Away => "Away",
            Group::Finished => "Finished",
            Group::Stopped => "Stopped",
            Group::Held => "Held back",
            Group::Backlog => "Behind others",
            Group::AskAgain => "Ask again",
            Group::Review => "To be read",
            Group::Task => "Tasks",
            Group::Written => "Written to",
            Group::Replied => "Replied",
            Group::Interested => "Interested",
            Group::Meeting => "Meetings",
            Group::Bounced => "Bounced",
            Group::OptedOut => "Opted out",
        }
    }
}

/// What of a step is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFigures {
    pub sent: u64,
    /// Answers of people after this step and before the next.
    pub replied: u64,
    pub interested: u64,
    pub bounced: u64,
    pub opted_out: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    groups: BTreeMap<u8, u64>,
    steps: BTreeMap<StepId, StepFigures>,
    /// Of the mails of steps that had several wordings then.
    #[serde(default)]
    variants: BTreeMap<VariantId, StepFigures>,
}

impl Figures {
    pub fn of(&self, group: Group) -> u64 {
        self.groups.get(&(group as u8)).copied().unwrap_or(0)
    }

    pub fn step(&self, step: StepId) -> StepFigures {
        self.steps.get(&step).copied().unwrap_or_default()
    }

    pub fn variant(&self, variant: VariantId) -> StepFigures {
        self.variants.get(&variant).copied().unwrap_or_default()
    }

    /// One enrolment was written: `before` is the row it replaces, `after` what stands now.
    pub fn turn(&mut self, before: Option<&Enrolment>, after: Option<&Enrolment>) {
        if let Some(before) = before {
            self.count(before, |figure| *figure = figure.saturating_sub(1));
        }
        if let Some(after) = after {
            self.count(after, |figure| *figure += 1);
        }
        self.groups.retain(|_, count| *count > 0);
        self.steps.retain(|_, step| *step != StepFigures::default());
        self.variants.retain(|_, variant| *variant != StepFigures::default());
    }

    fn count(&mut self, enrolment: &Enrolment, by: impl Fn(&mut u64)) {
        for group in groups_of(enrolment) {
            by(self.groups.entry(group as u8).or_default());
        }
        // They open the lists of the analytics, in which nobody stands whose data is only stored.
        if enrolment.withheld {
            return;
        }
        for sent in &enrolment.sent {
            by(&mut self.steps.entry(sent.step).or_default().sent);
            if let Some(variant) = sent.variant {
                by(&mut self.variants.entry(variant).or_default().sent);
            }
        }
        for (group, after) in came_after(enrolment) {
            by(self.steps.entry(after.step).or_default().of_mut(group));
            if let Some(variant) = after.variant {
                by(self.variants.entry(variant).or_default().of_mut(group));
            }
        }
    }
}

/// What came of a lead, each with the mail that it came after.
fn came_after(enrolment: &Enrolment) -> Vec<(Group, Sent)> {
    let came = &enrolment.came;
    let each = [
        (came.label.is_some(), Group::Replied, came.answer),
        (came.is_interested(), Group::Interested, came.answer),
        (came.bounced, Group::Bounced, came.bounce),
        (came.opted_out, Group::OptedOut, came.opt_out),
    ];
    let happened = each.into_iter().filter(|(counts, ..)| *counts);
    happened.filter_map(|(_, group, at)| Some((group, *enrolment.mail_before(at)?))).collect()
}

impl StepFigures {
    fn of_mut(&mut self, group: Group) -> &mut u64 {
        match group {
            Group::Replied => &mut self.replied,
            Group::Interested => &mut self.interested,
            Group::Bounced => &mut self.bounced,
            Group::OptedOut => &mut self.opted_out,
            _ => &mut self.sent,
        }
    }

    /// The lists behind a step's figures.
    pub const LISTS: [Group; 5] = [Group::Written, Group::Replied, Group::Interested, Group::Bounced, Group::OptedOut];

    /// The figure that counts a list; `None` where a step counts none.
    pub fn of(&self, group: Group) -> Option<u64> {
        match group {
            Group::Written => Some(self.sent),
            Group::Replied => Some(self.replied),
            Group::Interested => Some(self.interested),
            Group::Bounced => Some(self.bounced),
            Group::OptedOut => Some(self.opted_out),
            _ => None,
        }
    }
}

/// A step, or one wording of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    pub step: StepId,
    pub variant: Option<VariantId>,
}

/// The lists an enrolment stands in.
pub fn groups_of(enrolment: &Enrolment) -> Vec<Group> {
    let mut groups = vec![Group::All];
    match &enrolment.state {
        State::Waiting { waits_for: None, .. } => groups.push(Group::Waiting),
        State::Waiting { waits_for: Some(hold), .. } => {
            let held = match hold.why {
                Why::Backlog => Group::Backlog,
                Why::Review => Group::Review,
                Why::Worker | Why::Lead | Why::Unknown => Group::Held,
            };
            groups.extend([Group::Waiting, held]);
        }
        State::Queued { .. } => groups.push(Group::Queued),
        State::PausedUntil { .. } => groups.push(Group::Away),
        State::Task { .. } => groups.push(Group::Task),
        State::Finished { .. } => groups.push(Group::Finished),
        State::Stopped { is_due: true, .. } => groups.extend([Group::Stopped, Group::AskAgain]),
        State::Stopped { .. } => groups.push(Group::Stopped),
    }
    let came = &enrolment.came;
    let marks = [
        (!enrolment.sent.is_empty(), Group::Written),
        (came.label.is_some(), Group::Replied),
        (came.is_interested(), Group::Interested),
        (came.meeting, Group::Meeting),
        (came.bounced, Group::Bounced),
        (came.opted_out, Group::OptedOut),
    ];
    groups.extend(marks.into_iter().filter(|(counts, _)| *counts).map(|(_, group)| group));
    groups
}

/// What became of a worker's last hundred mails, for the brakes (G4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastHundred(Vec<(MessageId, Fate)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    Sent,
    Bounced,
    /// Opted out.
    Refused,
    /// Reported as spam.
    Complained,
}

/// What became of a worker's last hundred mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastCounts {
    pub mails: usize,
    pub bounced: usize,
    pub opted_out: usize,
    pub complained: usize,
}

const HUNDRED: usize = 100;
/// A larger share of the last hundred than this, in percent, and the worker pauses.
const MOST_BOUNCED: usize = 5;
const MOST_REFUSED: usize = 2;
/// Fewer mails are counted as this many, and two alone are no rate: an unlucky address stops nobody, nor do two
/// people who want no more mail.
const FEWEST: usize = 20;
const LEAST: usize = 3;

impl LastHundred {
    /// Notes a mail, or a worse fate of one that is noted. Again is harmless.
    pub fn note(&mut self, message: MessageId, fate: Fate) {
        match self.0.iter_mut().find(|(noted, _)| *noted == message) {
            Some((_, noted)) if *noted == Fate::Sent => *noted = fate,
            Some(_) => {}
            None => self.0.push((message, fate)),
        }
        let surplus = self.0.len().saturating_sub(HUNDRED);
        self.0.drain(..surplus);
    }

    pub fn newest(&self) -> impl Iterator<Item = (MessageId, Fate)> + '_ {
        self.0.iter().rev().copied()
    }

    /// What the brakes go by.
    pub fn counts(&self) -> LastCounts {
        let count = |fate| self.0.iter().filter(|(_, noted)| *noted == fate).count();
        LastCounts {
            mails: self.0.len(),
            bounced: count(Fate::Bounced),
            opted_out: count(Fate::Refused),
            complained: count(Fate::Complained),
        }
    }

    /// Why the worker must pause, in words; `None` while all is well.
    pub fn brake(&self) -> Option<String> {
        let LastCounts { mails: all, bounced, opted_out, complained } = self.counts();
        let refused = opted_out + complained;
        let is_over = |count: usize, most: usize| count * 100 > most * all.max(FEWEST);
        if bounced >= LEAST && is_over(bounced, MOST_BOUNCED) {
            return Some(format!(
                "{bounced} of the last {all} mails bounced. Check where these addresses come from before going on."
            ));
        }
        (refused >= LEAST && is_over(refused, MOST_REFUSED)).then(|| {
            format!(
                "{refused} of the last {all} people opted out or reported spam. Change the text or the audience before going on."
            )
        })
    }

    /// After a person has looked and switched the worker on again, counting begins anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> MessageId {
        MessageId(Uuid::from_u128(number))
    }

    /// So many mails, of which the first came to this fate.
    fn last(sent: u128, fated: u128, fate: Fate) -> LastHundred {
        let mut last = LastHundred::default();
        (0..sent).for_each(|number| last.note(id(number), Fate::Sent));
        (0..fated).for_each(|number| last.note(id(number), fate));
        last
    }

    #[test]
    fn the_brake_is_a_share_of_the_last_hundred_and_two_mails_are_none() {
        let cases = [
            (Fate::Bounced, 1, 1, false),
            (Fate::Bounced, 10, 1, false),
            (Fate::Bounced, 10, 5, true),
            (Fate::Bounced, 20, 1, false),
            (Fate::Bounced, 15, 2, false),
            (Fate::Bounced, 15, 3, true),
            (Fate::Bounced, 59, 3, true),
            (Fate::Bounced, 60, 3, false),
            (Fate::Bounced, 100, 5, false),
            (Fate::Bounced, 100, 6, true),
            (Fate::Complained, 100, 3, true),
            (Fate::Refused, 20, 1, false),
            (Fate::Refused, 15, 2, false),
            (Fate::Refused, 15, 3, true),
            (Fate::Refused, 100, 2, false),
            (Fate::Refused, 100, 3, true),
        ];
        for (fate, sent, fated, stops) in cases {
            let brake = last(sent, fated, fate).brake();
            assert_eq!(brake.is_some(), stops, "{fated} of {sent} {fate:?}: {brake:?}");
        }
    }

    #[test]
    fn a_mail_is_counted_once_and_for_a_hundred_mails() {
        let mut last = last(100, 6, Fate::Bounced);
        assert!(last.brake().unwrap().starts_with("6 of the last 100 mails bounced"), "{:?}", last.brake());
        (0..6).for_each(|number| last.note(id(number), Fate::Bounced));
        assert!(last.brake().unwrap().starts_with("6 of"), "{:?}", last.brake());
        (200..300).for_each(|number| last.note(id(number), Fate::Sent));
        assert_eq!(last.brake(), None, "they are no longer among the last hundred");
        (297..300).for_each(|number| last.note(id(number), Fate::Refused));
        assert!(last.brake().unwrap().starts_with("3 of the last 100 people opted out"));
    }

    #[test]
    fn groups_are_named_once_in_addresses() {
        for group in Group::ALL {
            assert_eq!(Group::parse(group.as_str()), Some(group));
        }
    }
}
