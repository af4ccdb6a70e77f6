//! What a person may set of a worker, and what is wrong with it.

use super::model::{Hours, Limits, Meeting, Sender, Tone, Worker};
use crate::base::{ConnectionId, Mistakes, SequenceId};

/// Minutes kept free around a meeting, and between now and the first one.
const LONGEST_BUFFER: u32 = 480;
const LONGEST_NOTICE: u32 = 60 * 24 * 60;

/// What a person may set.
#[derive(Clone, Debug, Default)]
pub struct WorkerForm {
    pub name: String,
    pub goal: String,
    pub audience_tag: String,
    pub sequence: Option<SequenceId>,
    pub mailbox: Option<ConnectionId>,
    pub more_mailboxes: Vec<ConnectionId>,
    pub review: bool,
    pub calendar: Option<ConnectionId>,
    pub meeting: Meeting,
    pub limits: Limits,
    pub hours: Hours,
    pub sender: Sender,
    pub tone: Tone,
}

impl WorkerForm {
    /// A new worker's form: it is signed by whoever makes it.
    pub fn fresh(signed_by: &str) -> Self {
        Self { sender: Sender { name: signed_by.to_owned(), ..Sender::default() }, ..Self::default() }
    }

    /// The form as it stands for a worker.
    pub fn of(worker: &Worker) -> Self {
        Self {
            name: worker.name.clone(),
            goal: worker.goal.clone(),
            audience_tag: worker.audience_tag.clone(),
            sequence: worker.sequence,
            mailbox: worker.mailbox,
            more_mailboxes: worker.more_mailboxes.clone(),
            review: worker.review,
            calendar: worker.calendar,
            meeting: worker.meeting.clone(),
            limits: worker.limits.clone(),
            hours: worker.hours.clone(),
            sender: worker.sender.clone(),
            tone: worker.tone,
        }
    }

    /// Everything that is wrong with the form itself, in its order.
    pub(super) fn mistakes(&self, hard_daily_cap: u32) -> Mistakes {
        let mut wrong = Mistakes::default();
        wrong.expect(!self.name.trim().is_empty(), "name", "Write a name, so that you know it in lists.");
        wrong.expect(self.name.chars().count() <= 80, "name", "A name has at most 80 characters.");
        wrong.expect(self.goal.chars().count() <= 2000, "goal", "Say it in at most 2,000 characters.");
        for (field, text, longest) in self.texts() {
            wrong.expect(text.chars().count() <= longest, field, format!("At most {longest} characters."));
        }
        let meeting = &self.meeting;
        wrong.expect((5..=480).contains(&meeting.minutes), "meeting_minutes", "A meeting has 5 to 480 minutes.");
        wrong.expect(meeting.buffer_before <= LONGEST_BUFFER, "buffer_before", "At most 480 minutes.");
        wrong.expect(meeting.buffer_after <= LONGEST_BUFFER, "buffer_after", "At most 480 minutes.");
        wrong.expect(meeting.notice <= LONGEST_NOTICE, "notice", "At most 60 days.");
        for (field, number) in [("per_day", self.limits.per_day), ("per_domain_day", self.limits.per_domain_day)] {
            let words = format!("Between 1 and {hard_daily_cap}, the limit of this server.");
            wrong.expect((1..=hard_daily_cap).contains(&number), field, words);
        }
        let most = Limits::MOST_PER_CONTACT;
        let words = format!("Between 1 and {most} mails to one contact.");
        wrong.expect((1..=most).contains(&self.limits.per_contact), "per_contact", words);
        let most = Limits::MOST_FOLLOW_UP_PERCENT;
        let words = format!("Between 0 and {most} %.");
        wrong.expect(self.limits.follow_up_percent <= most, "follow_up_percent", words);
        let days = &self.hours.days;
        wrong.expect(!days.is_empty(), "days", "Choose at least one day.");
        wrong.expect(days.iter().all(|day| (1..=7).contains(day)), "days", "Days are 1 (Monday) to 7 (Sunday).");
        let ends_later = self.hours.from < self.hours.to && self.hours.to <= 24 * 60;
        wrong.expect(ends_later, "hours", "The end must be later than the beginning.");
        wrong
    }

    /// Texts that stand in mails or on pages, with the most characters of each.
    fn texts(&self) -> [(&'static str, &str, usize); 6] {
        [
            ("audience_tag", &self.audience_tag, 40),
            ("meeting_title", &self.meeting.title, 120),
            ("place", &self.meeting.place, 500),
            ("sender_name", &self.sender.name, 120),
            ("sender_role", &self.sender.role, 120),
            ("signature", &self.sender.signature, 2000),
        ]
    }

    pub(super) fn put_into(&self, worker: &mut Worker) {
        worker.name = self.name.trim().to_owned();
        worker.goal = self.goal.trim().to_owned();
        worker.audience_tag = self.audience_tag.trim().to_owned();
        worker.sequence = self.sequence;
        // The first of several is the mailbox; the others follow.
        let mut all = self.mailbox.into_iter().chain(self.more_mailboxes.iter().copied());
        worker.mailbox = all.next();
        worker.more_mailboxes = all.filter(|id| Some(*id) != worker.mailbox).collect();
        worker.review = self.review;
        worker.calendar = self.calendar;
        worker.meeting = self.meeting.clone();
        worker.limits = self.limits.clone();
        worker.hours = self.hours.clone();
        worker.hours.days.sort_unstable();
        worker.hours.days.dedup();
        worker.sender = self.sender.clone();
        worker.tone = self.tone;
    }
}
