//! One address's mail. Gmail, IMAP and the simulated people look at the same boxes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::mime::Head;
use crate::base::UnixMillis;

/// One mail in one box.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Mail {
    /// Gmail's message id, unique over all boxes; shown in hexadecimal.
    pub id: u64,
    /// Gmail's thread id: the id of the thread's first message in this box.
    pub thread: u64,
    /// IMAP's UID: grows by arrival within the box.
    pub uid: u32,
    pub labels: BTreeSet<String>,
    pub raw: Arc<[u8]>,
    pub at: UnixMillis,
    pub head: Head,
    /// The history record that last changed it.
    pub history: u64,
}

/// A change to a box, as `history.list` tells it.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Change {
    pub id: u64,
    pub mail: u64,
    pub kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) enum ChangeKind {
    Added,
    LabelAdded(String),
    LabelRemoved(String),
}

#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Mailbox {
    pub mails: Vec<Mail>,
    pub changes: Vec<Change>,
    /// The id of the newest change.
    pub history: u64,
    /// Cursors below this one have expired.
    pub history_floor: u64,
    pub uid_validity: u32,
    /// When mails left through this account, for the daily limit.
    pub sent: Vec<UnixMillis>,
}

/// A box's first history id; real ones are large too, and never 0.
const FIRST_HISTORY: u64 = 10_000;
const DAY: Duration = Duration::from_secs(86_400);
const HISTORY_KEPT: Duration = Duration::from_secs(7 * 86_400);

impl Mailbox {
    pub fn new(uid_validity: u32) -> Self {
        Self {
            mails: Vec::new(),
            changes: Vec::new(),
            history: FIRST_HISTORY,
            history_floor: FIRST_HISTORY,
            uid_validity,
            sent: Vec::new(),
        }
    }

    /// Files a mail under `labels` and returns it. `thread` is the conversation asked for; without it, the one its
    /// references lead to, or a new one.
    pub fn file(&mut self, id: u64, raw: Arc<[u8]>, labels: &[&str], at: UnixMillis, thread: Option<u64>) -> &Mail {
        let head = Head::parse(&raw);
        let thread = thread.or_else(|| self.thread_of(&head)).unwrap_or(id);
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let uid = self.mails.last().map_or(0, |last| last.uid) + 1;
        self.note(id, ChangeKind::Added);
        self.mails.push(Mail { id, thread, uid, labels, raw, at, head, history: self.history });
        &self.mails[self.mails.len() - 1]
    }

    pub fn find(&self, id: u64) -> Option<&Mail> {
        // Ids grow with arrival, over all boxes.
        let at = self.mails.binary_search_by_key(&id, |mail| mail.id).ok()?;
        self.mails.get(at)
    }

    pub fn in_thread(&self, thread: u64) -> impl Iterator<Item = &Mail> {
        self.mails.iter().filter(move |mail| mail.thread == thread)
    }

    pub fn set_label(&mut self, id: u64, label: &str, present: bool) {
        let next = self.history + 1;
        let Some(mail) = self.mails.iter_mut().find(|mail| mail.id == id) else { return };
        let changed = if present { mail.labels.insert(label.to_owned()) } else { mail.labels.remove(label) };
        if changed {
            mail.history = next;
            let label = label.to_owned();
            self.note(id, if present { ChangeKind::LabelAdded(label) } else { ChangeKind::LabelRemoved(label) });
        }
    }

    /// Counts `recipients` against what may leave in a rolling day, or names the instant from which there is room.
    pub fn count_sending(&mut self, recipients: usize, most: usize, now: UnixMillis) -> Result<(), UnixMillis> {
        self.sent.retain(|at| now.since(*at) < DAY);
        if self.sent.len() + recipients > most {
            return Err(self.sent.first().map_or(now, |first| first.plus(DAY)));
        }
        self.sent.extend(std::iter::repeat_n(now, recipients));
        Ok(())
    }

    /// Makes every cursor given out so far useless, as happens to real ones after days or, at times, hours.
    pub fn expire_history(&mut self) {
        self.history += 1;
        self.history_floor = self.history;
        self.changes.clear();
    }

    /// Forgets changes that are older than a week, and with them the cursors that would need them.
    /// (developers.google.com/workspace/gmail/api/guides/sync: history is kept for at least one week)
    pub fn age_history(&mut self, now: UnixMillis) {
        let before = now.minus(HISTORY_KEPT);
        let is_old = |change: &&Change| {
            change.kind == ChangeKind::Added && self.find(change.mail).is_some_and(|mail| mail.at < before)
        };
        let Some(oldest) = self.changes.iter().filter(is_old).map(|change| change.id).max() else { return };
        self.history_floor = self.history_floor.max(oldest);
        self.changes.retain(|change| change.id > oldest);
    }

    /// The conversation a mail belongs to: references must lead there and the subject must be the same, except for
    /// reports of the mail system, which Gmail files with the mail they are about.
    fn thread_of(&self, head: &Head) -> Option<u64> {
        let is_report = head.from.starts_with("mailer-daemon@");
        let known = |mail: &&Mail| {
            let parent = &mail.head.message_id;
            !parent.is_empty() && head.refers_to.contains(parent) && (is_report || mail.head.topic() == head.topic())
        };
        self.mails.iter().rev().find(known).map(|mail| mail.thread)
    }

    fn note(&mut self, mail: u64, kind: ChangeKind) {
        self.history += 1;
        self.changes.push(Change { id: self.history, mail, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(id: &str, refers_to: &str, from: &str, subject: &str) -> Arc<[u8]> {
        format!("From: {from}\r\nMessage-ID: <{id}>\r\nReferences: {refers_to}\r\nSubject: {subject}\r\n\r\nx\r\n")
            .into_bytes()
            .into()
    }

    #[test]
    fn a_conversation_holds_together_by_references_and_subject() {
        let cases = [
            ("a reply", raw("2@x", "<1@x>", "b@x.example", "Re: Heat"), true),
            ("another subject", raw("3@x", "<1@x>", "b@x.example", "Invoice"), false),
            ("no references", raw("4@x", "", "b@x.example", "Re: Heat"), false),
            ("a bounce", raw("5@x", "<1@x>", "mailer-daemon@googlemail.com", "Delivery Status"), true),
        ];
        for (name, reply, joins) in cases {
            let mut mailbox = Mailbox::new(1);
            mailbox.file(1, raw("1@x", "", "a@x.example", "Heat"), &["SENT"], UnixMillis(0), None);
            let filed = mailbox.file(2, reply, &["INBOX"], UnixMillis(1), None);
            assert_eq!(filed.thread == 1, joins, "{name}");
        }
    }

    #[test]
    fn changes_of_more_than_a_week_ago_end_the_cursors_before_them() {
        let day = |count: u64| UnixMillis(0).plus(Duration::from_secs(count * 86_400));
        let mut mailbox = Mailbox::new(1);
        let first = mailbox.history;
        mailbox.file(1, raw("1@x", "", "a@x.example", "Heat"), &["INBOX"], day(0), None);
        let second = mailbox.history;
        mailbox.file(2, raw("2@x", "", "a@x.example", "Cold"), &["INBOX"], day(5), None);
        mailbox.age_history(day(7));
        assert!(first >= mailbox.history_floor, "just a week old");
        mailbox.age_history(day(8));
        assert!(first < mailbox.history_floor && second >= mailbox.history_floor);
        assert_eq!(mailbox.changes.len(), 1, "what came after it is still told");
    }

    #[test]
    fn expired_history_forgets_changes_but_keeps_mails() {
        let mut mailbox = Mailbox::new(1);
        mailbox.file(1, raw("1@x", "", "a@x.example", "Heat"), &["INBOX"], UnixMillis(0), None);
        let cursor = mailbox.history;
        mailbox.expire_history();
        assert!(cursor < mailbox.history_floor);
        assert_eq!(mailbox.mails.len(), 1);
    }
}
