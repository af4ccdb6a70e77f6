//! Sequences, and where each lead stands in one.

use serde::{Deserialize, Serialize};

use super::path::{Kind, Trail};
use crate::base::{
    ConnectionId, ContactId, EnrolmentId, JobId, MessageId, SequenceId, StepId, UnixMillis, VariantId, WorkerId,
    WorkspaceId,
};
use crate::language::merge;

/// Steps one sequence may have.
pub const MOST_STEPS: usize = 20;
/// Older versions that leads in flight may be left with. Those that no lead walks any more are let go before another one
/// is kept; where each of them has leads, one more is refused.
pub const MOST_EDITIONS: usize = 8;
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
    /// Older versions with which leads go on that were in flight when it was changed for new leads only; oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    pub created_at: UnixMillis,
    pub changed_at: UnixMillis,
}

/// A sequence as it was for whoever was added until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edition {
    pub until: UnixMillis,
    pub version: u32,
    pub steps: Vec<Step>,
    #[serde(default)]
    pub approved: Option<Approval>,
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
    /// Other wordings of a mail. Each lead gets one of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    #[serde(default)]
    pub kind: Kind,
    /// Under which its own wording is counted since its words were changed; by the step's id until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<VariantId>,
    /// Wordings as they were before, whose figures stand with these words; oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Who gets it hangs on this.
    pub id: VariantId,
    #[serde(default)]
    pub subject: String,
    pub text: String,
    /// Under which it is counted since its words were changed; by its id until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<VariantId>,
}

/// Words that a wording had, or a wording that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The wording that had them.
    pub of: VariantId,
    pub counted: VariantId,
    #[serde(default)]
    pub subject: String,
    pub text: String,
    pub until: UnixMillis,
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
    /// As it is for a lead that was added then: an older version, where it was changed since for new leads only.
    pub fn for_added(self, at: UnixMillis) -> Self {
        match self.edition_of(at).cloned() {
            Some(Edition { version, steps, approved, .. }) => {
                Self { version, steps, approved, editions: Vec::new(), ..self }
            }
            None => Self { editions: Vec::new(), ..self },
        }
    }

    /// The older version for a lead that was added then; none where it has the newest.
    pub fn edition_of(&self, at: UnixMillis) -> Option<&Edition> {
        self.editions.iter().find(|edition| at <= edition.until)
    }

    /// Its words are those that a person approved. How long it waits needs no approval.
    pub fn is_approved(&self, step: &Step) -> bool {
        // What was approved as a note for a task was not approved as a mail.
        let is_same = |known: &Step| known.kind == Kind::Mail && known.reads_as(step);
        let approved = || self.approved.as_ref().is_some_and(|approval| approval.steps.iter().any(is_same));
        step.kind != Kind::Mail || (!step.lacks_text() && approved())
    }

    pub fn is_all_approved(&self) -> bool {
        self.steps.iter().all(|step| self.is_approved(step))
    }

    /// The numbers (from 1) of the steps that have no text. Nothing of them can leave, so they cannot be approved.
    pub fn without_text(&self) -> Vec<usize> {
        let numbered = (1..).zip(&self.steps).filter(|(_, step)| step.lacks_text());
        numbered.map(|(number, _)| number).collect()
    }

    pub fn find_step(&self, id: StepId) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }
}

impl Step {
    #[cfg(test)]
    pub fn mail(id: StepId, subject: &str, text: &str) -> Self {
        let (subject, text) = (subject.to_owned(), text.to_owned());
        let (variants, kind, counted, earlier) = (Vec::new(), Kind::Mail, None, Vec::new());
        Self { id, wait_days: 0, working_days: false, subject, text, variants, kind, counted, earlier }
    }

    /// A lead would read the same. How long it waits, and where a branch goes, is nothing to read.
    fn reads_as(&self, other: &Step) -> bool {
        let variants = self.variants.iter().zip(&other.variants);
        self.id == other.id
            && (&self.subject, &self.text) == (&other.subject, &other.text)
            && self.variants.len() == other.variants.len()
            && variants
                .into_iter()
                .all(|(one, other)| (one.id, &one.subject, &one.text) == (other.id, &other.subject, &other.text))
    }

    fn lacks_text(&self) -> bool {
        let is_empty = |text: &String| text.trim().is_empty();
        !matches!(self.kind, Kind::Branch { .. })
            && (is_empty(&self.text) || self.variants.iter().any(|variant| is_empty(&variant.text)))
    }

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
    /// What it has behind it besides mails, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Passed>,
    /// The step that it goes to instead of the one below: a branch or a person sent it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<StepId>,
    /// A person has read the mail that comes next and said yes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okay: Option<Okay>,
    /// What came of it, for the figures.
    #[serde(default)]
    pub came: Came,
    /// The contact's company by its domain, as a keyed hash; none where strangers share the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<[u8; 16]>,
    /// When a person took it up again, in the knowledge of what was answered until then.
    #[serde(default)]
    pub resumed_at: Option<UnixMillis>,
    /// Where the analytics count it; none before its first mail, nor in a row of an older version that is not counted
    /// yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// The person asked that their data is only stored: counted in no analytics.
    #[serde(default)]
    pub withheld: bool,
    pub enrolled_at: UnixMillis,
    pub changed_at: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub step: StepId,
    pub message: MessageId,
    pub at: UnixMillis,
    /// Which wording, of a step that had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantId>,
}

/// A step that is behind a lead without a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    pub step: StepId,
    pub how: How,
    pub at: UnixMillis,
    /// Mails that it had had by then: the order of the two lists.
    #[serde(default)]
    pub after_mails: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A task that a person has done.
    Done,
    /// Left out by a person.
    Skipped,
    /// A branch that held, and one that did not.
    Taken,
    NotTaken,
    /// A branch that took the lead over because something had happened to it.
    Heard,
}

/// A person's word about one mail. It holds for these words only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Okay {
    pub step: StepId,
    /// Of subject and text as they were read.
    pub words: u64,
    pub at: UnixMillis,
    pub by: String,
}

/// What of a lead never changes for the analytics, from its first mail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The Monday of the week in which it was first written to, on the workspace's clock: days since 1970-01-01.
    pub week: u32,
    /// The mailbox that wrote first.
    pub mailbox: ConnectionId,
}

/// When something came, and after which mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub at: UnixMillis,
    pub mail: MessageId,
}

/// Each at most once for a lead. The moments are absent where an older version wrote the row and nothing tells them.
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
    /// A machine said that the person is away.
    #[serde(default)]
    pub away: bool,
    /// The first answer that a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounce: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<Moment>,
    /// The first meeting that was booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<Moment>,
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
    /// A person has something to do; it goes on when that is done or skipped.
    Task {
        step: StepId,
        since: UnixMillis,
        /// A branch came to it because something had happened (an answer, a bounce, a meeting).
        #[serde(default)]
        on_event: bool,
    },
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
    /// A person reads each mail of this worker, or of this lead, before it leaves.
    Review,
}

impl State {
    /// A mail may come next without a person doing something first.
    pub fn may_be_written_to(&self) -> bool {
        matches!(self, State::Waiting { .. } | State::Queued { .. } | State::PausedUntil { .. })
    }

    /// Still to be written to: one such enrolment per contact.
    pub fn is_active(&self) -> bool {
        matches!(self, State::Waiting { .. } | State::Queued { .. } | State::PausedUntil { .. } | State::Task { .. })
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
            State::Waiting { waits_for: Some(Hold { why: Why::Review, .. }), .. } => "To be read",
            State::Waiting { waits_for: Some(_), .. } => "Held back",
            State::Task { .. } => "Task",
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

    /// The mail after which something came; the newest where that is not known.
    pub fn mail_before(&self, came: Option<Moment>) -> Option<&Sent> {
        let known = came.and_then(|moment| self.sent.iter().find(|sent| sent.message == moment.mail));
        known.or_else(|| self.last_sent())
    }

    /// What it has behind it, mails and all else, in order.
    pub fn trail(&self) -> Trail {
        let mails = self.sent.iter().zip(1..).map(|(sent, number): (_, u32)| (number, 0, sent.step));
        let others =
            self.passed.iter().zip(1..).map(|(passed, number): (_, u32)| (passed.after_mails, number, passed.step));
        let mut done: Vec<_> = mails.chain(others).collect();
        done.sort_by_key(|(mails, others, _)| (*mails, *others));
        Trail { done: done.into_iter().map(|(.., step)| step).collect(), next: self.next }
    }

    /// When the last thing behind it was done; the wait of the next step counts from then.
    pub fn last_done_at(&self) -> Option<UnixMillis> {
        let sent = self.sent.last().map(|sent| sent.at);
        sent.max(self.passed.last().map(|passed| passed.at))
    }

    /// An answer, a bounce or a meeting has led it another way: from then on nothing leaves unread.
    pub fn is_led_by_event(&self) -> bool {
        self.passed.iter().any(|passed| passed.how == How::Heard)
    }

    /// Puts a step behind it.
    pub fn pass(&mut self, step: StepId, how: How, now: UnixMillis) {
        let after_mails = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        self.passed.push(Passed { step, how, at: now, after_mails });
        self.next = None;
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
        let step = |number: &u128| Step { wait_days: 3, ..Step::mail(id(*number), "", &format!("Text {number}")) };
        let at = UnixMillis(0);
        let steps = steps.iter().map(step).collect();
        Sequence {
            id: SequenceId::new(at),
            name: "S".into(),
            steps,
            version: 1,
            approved: None,
            editions: Vec::new(),
            created_at: at,
            changed_at: at,
        }
    }

    fn sent(steps: &[u128]) -> Trail {
        Trail { done: steps.iter().map(|step| id(*step)).collect(), next: None }
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
