//! Sequences, and where each lead stands in one.

use serde::{Deserialize, Serialize};

use crate::base::{
    ConnectionId, ContactId, EnrolmentId, JobId, MessageId, SequenceId, StepId, UnixMillis, WorkerId, WorkspaceId,
};
use crate::language::merge;

/// Steps one sequence may have.
pub const MOST_STEPS: usize = 10;
/// Characters of a subject and of a text.
pub const SUBJECT_CHARS: usize = 200;
pub const TEXT_CHARS: usize = 10_000;

/// Mails that follow each other until somebody answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    pub id: SequenceId,
    pub name: String,
    pub steps: Vec<Step>,
    /// Grows with every change of a text, a subject or the order.
    pub version: u32,
    /// The texts that a person has approved by switching a worker on, or later by hand. Only these leave.
    #[serde(default)]
    pub approved: Option<Approval>,
    pub created_at: UnixMillis,
    pub changed_at: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    /// Days after the mail before it; of the first step: after the lead was added.
    pub wait_days: u16,
    /// Only the days on which the worker writes count.
    #[serde(default)]
    pub working_days: bool,
    /// Empty: an answer in the same thread, below the subject of the mail before.
    #[serde(default)]
    pub subject: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub version: u32,
    pub at: UnixMillis,
    /// Who, as the audit trail names them.
    pub by: String,
    pub steps: Vec<Step>,
}

impl Sequence {
    /// The step that follows what was sent, and never one that was sent already. Steps may have been added, moved
    /// or removed since: what counts is the place of the last one sent that still exists.
    pub fn next_step(&self, sent: &[Sent]) -> Option<&Step> {
        let place = |id: StepId| self.steps.iter().position(|step| step.id == id);
        let last = sent.iter().rev().find_map(|sent| place(sent.step));
        let from = last.map_or(sent.len().min(self.steps.len()), |last| last + 1);
        self.steps[from..].iter().find(|step| sent.iter().all(|sent| sent.step != step.id))
    }

    /// Why nothing follows what was sent to a lead: the whole sequence has left, or it was changed meanwhile.
    pub fn end_words(&self, sent: &[Sent]) -> &'static str {
        let had = |id: StepId| sent.iter().any(|sent| sent.step == id);
        if self.steps.iter().all(|step| had(step.id)) {
            "All steps were sent."
        } else {
            "The sequence was changed, and no step follows those that were sent."
        }
    }

    /// Its words are those that a person approved. How long it waits needs no approval.
    pub fn is_approved(&self, step: &Step) -> bool {
        let same =
            |approved: &Step| approved.id == step.id && approved.subject == step.subject && approved.text == step.text;
        self.approved.as_ref().is_some_and(|approval| approval.steps.iter().any(same))
    }

    pub fn is_all_approved(&self) -> bool {
        self.steps.iter().all(|step| self.is_approved(step))
    }

    /// The numbers (from 1) of the steps that have no text. Nothing of them can leave, so they cannot be approved.
    pub fn without_text(&self) -> Vec<usize> {
        let numbered = (1..).zip(&self.steps).filter(|(_, step)| step.text.trim().is_empty());
        numbered.map(|(number, _)| number).collect()
    }

    pub fn find_step(&self, id: StepId) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }
}

impl Step {
    /// What its subject and text look like when read, or the first mistake, which names the part it is in.
    pub fn parse(&self) -> Result<(merge::Template, merge::Template), (&'static str, merge::MergeError)> {
        let subject = merge::parse(&self.subject).map_err(|error| ("subject", error))?;
        let text = merge::parse(&self.text).map_err(|error| ("text", error))?;
        Ok((subject, text))
    }
}

/// One lead in one sequence of one worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    pub id: EnrolmentId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub worker: WorkerId,
    pub sequence: SequenceId,
    pub state: State,
    /// Oldest first.
    #[serde(default)]
    pub sent: Vec<Sent>,
    /// What came of it, for the figures.
    #[serde(default)]
    pub came: Came,
    /// The contact's company by its domain, as a keyed hash; none where strangers share the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<[u8; 16]>,
    /// When a person took it up again, in the knowledge of what was answered until then.
    #[serde(default)]
    pub resumed_at: Option<UnixMillis>,
    pub enrolled_at: UnixMillis,
    pub changed_at: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub step: StepId,
    pub message: MessageId,
    pub at: UnixMillis,
}

/// Each at most once for a lead; `step` is the one it came after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The label of the newest answer that a person wrote.
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub bounced: bool,
    #[serde(default)]
    pub opted_out: bool,
    #[serde(default)]
    pub meeting: bool,
}

impl Came {
    pub fn is_interested(&self) -> bool {
        matches!(self.label.as_deref(), Some("interested" | "meeting_proposed"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// `job` is the step that falls `due`. With `waits_for` it was due and something holds it.
    Waiting {
        job: JobId,
        due: UnixMillis,
        #[serde(default)]
        waits_for: Option<Hold>,
    },
    /// The step's message is with the gate out.
    Queued { step: StepId, message: MessageId, mailbox: ConnectionId },
    /// An absence; `job` goes on then.
    PausedUntil { at: UnixMillis, reason: String, job: JobId },
    /// Nothing is left to send.
    Finished { at: UnixMillis, reason: String },
    Stopped {
        at: UnixMillis,
        reason: String,
        /// YYYY-MM-DD on which somebody may ask again.
        #[serde(default)]
        follow_up_on: Option<String>,
        /// That day has come, and a person decides.
        #[serde(default)]
        is_due: bool,
    },
}

/// Why a due step does not leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub why: Why,
    /// In words for the owner, with the cure.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The worker, its sequence or its mailbox.
    Worker,
    /// Enough mails wait for the mailbox already.
    Backlog,
    /// Something about this lead (a missing field).
    Lead,
    /// What came before is not known yet: a mail that may have left, an answer that is being read.
    Unknown,
}

impl State {
    /// Still to be written to: one such enrolment per contact.
    pub fn is_active(&self) -> bool {
        matches!(self, State::Waiting { .. } | State::Queued { .. } | State::PausedUntil { .. })
    }

    /// The message that waits for the gate out, and the mailbox it leaves from.
    pub fn queued(&self) -> Option<(MessageId, ConnectionId)> {
        match self {
            State::Queued { message, mailbox, .. } => Some((*message, *mailbox)),
            _ => None,
        }
    }

    /// The job that goes on with it.
    pub fn job(&self) -> Option<JobId> {
        match self {
            State::Waiting { job, .. } | State::PausedUntil { job, .. } => Some(*job),
            _ => None,
        }
    }

    /// It was put off until a day.
    pub fn is_put_off(&self) -> bool {
        matches!(self, State::Stopped { follow_up_on: Some(_), .. })
    }

    pub fn words(&self) -> &'static str {
        match self {
            State::Stopped { is_due: true, .. } => "Ask again",
            State::Waiting { waits_for: Some(_), .. } => "Held back",
            State::Waiting { .. } => "Waiting",
            State::Queued { .. } => "Leaving next",
            State::PausedUntil { .. } => "Away",
            State::Finished { .. } => "Finished",
            State::Stopped { .. } => "Stopped",
        }
    }
}

impl Enrolment {
    pub fn last_sent(&self) -> Option<&Sent> {
        self.sent.last()
    }

    /// Since when an answer is news to whoever put it where it stands.
    pub fn begun_at(&self) -> UnixMillis {
        self.resumed_at.map_or(self.enrolled_at, |resumed| resumed.max(self.enrolled_at))
    }
}

/// Why a contact was not added as a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    NoAddress,
    Suppressed,
    /// An answer may be an opt-out, and nobody has said yet whether it is.
    MayHaveOptedOut,
    Restricted,
    /// The domain of the address can take no mail.
    TakesNoMail,
    /// In this or another sequence at this moment.
    AlreadyEnrolled,
    HadThisSequence,
}

impl Skip {
    pub fn words(self) -> &'static str {
        match self {
            Skip::NoAddress => "no address",
            Skip::Suppressed => "must not be written to",
            Skip::MayHaveOptedOut => "may have opted out, which waits for your word",
            Skip::Restricted => "asked that their data is only stored",
            Skip::TakesNoMail => "at a domain that takes no mail (the contact’s page says what to do)",
            Skip::AlreadyEnrolled => "in a sequence already",
            Skip::HadThisSequence => "had this sequence before",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> StepId {
        StepId(Uuid::from_u128(number))
    }

    fn sequence(steps: &[u128]) -> Sequence {
        let step = |number: &u128| Step {
            id: id(*number),
            wait_days: 3,
            working_days: false,
            subject: String::new(),
            text: format!("Text {number}"),
        };
        let at = UnixMillis(0);
        let steps = steps.iter().map(step).collect();
        Sequence {
            id: SequenceId::new(at),
            name: "S".into(),
            steps,
            version: 1,
            approved: None,
            created_at: at,
            changed_at: at,
        }
    }

    fn sent(steps: &[u128]) -> Vec<Sent> {
        let message = MessageId(Uuid::nil());
        steps.iter().map(|step| Sent { step: id(*step), message, at: UnixMillis(0) }).collect()
    }

    #[test]
    fn the_next_step_follows_what_was_sent_even_when_steps_were_moved() {
        let cases: [(&str, &[u128], &[u128], Option<u128>); 8] = [
            ("first", &[1, 2, 3], &[], Some(1)),
            ("second", &[1, 2, 3], &[1], Some(2)),
            ("end", &[1, 2, 3], &[1, 2, 3], None),
            ("one was put between", &[1, 9, 2], &[1], Some(9)),
            ("one was put before", &[9, 1, 2], &[1], Some(2)),
            ("the last sent is gone", &[1, 3], &[1, 2], Some(3)),
            ("all sent are gone", &[8, 9], &[1], Some(9)),
            ("moved: never again", &[2, 1, 3], &[1, 2], Some(3)),
        ];
        for (name, steps, before, expected) in cases {
            let sequence = sequence(steps);
            assert_eq!(sequence.next_step(&sent(before)).map(|step| step.id), expected.map(id), "{name}");
        }
    }

    #[test]
    fn a_lead_at_the_end_is_told_why_nothing_follows() {
        let all = "All steps were sent.";
        let changed = "The sequence was changed, and no step follows those that were sent.";
        let cases: [(&str, &[u128], &[u128], &str); 4] = [
            ("the whole of it", &[1, 2], &[1, 2], all),
            ("what stands of it", &[1, 2], &[1, 2, 3], all),
            ("one was put before the last", &[1, 9, 2], &[1, 2], changed),
            ("it was written anew", &[8], &[1], changed),
        ];
        for (name, steps, before, expected) in cases {
            assert_eq!(sequence(steps).end_words(&sent(before)), expected, "{name}");
        }
    }

    #[test]
    fn only_words_that_were_approved_count_as_approved() {
        let mut sequence = sequence(&[1, 2]);
        assert!(!sequence.is_all_approved());
        let steps = sequence.steps.clone();
        sequence.approved = Some(Approval { version: 1, at: UnixMillis(0), by: "Nora".into(), steps });
        assert!(sequence.is_all_approved());
        sequence.steps[0].wait_days = 9;
        assert!(sequence.is_all_approved(), "waiting longer says nothing new");
        sequence.steps[1].text.push('!');
        assert!(sequence.is_approved(&sequence.steps[0]));
        assert!(!sequence.is_approved(&sequence.steps[1]));
    }
}
