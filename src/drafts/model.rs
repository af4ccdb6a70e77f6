//! A draft and its states.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit::Who;
use crate::base::{
    BookingId, ConnectionId, ContactId, DraftId, EmailAddress, MessageId, ReplyId, UnixMillis, WorkerId, WorkspaceId,
};
use crate::language::ground::{is_link, take_links};

/// What nobody looked at for this long has lost its occasion.
pub const LIFETIME: Duration = Duration::from_secs(72 * 3600);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub id: DraftId,
    pub workspace: WorkspaceId,
    pub worker: Option<WorkerId>,
    pub contact: ContactId,
    /// The answer that it answers.
    pub reply: Option<ReplyId>,
    #[serde(default)]
    pub booking: Option<BookingId>,
    pub intent: Intent,
    /// The label under which the reply was read; decides whether it may ever leave by itself.
    pub label: String,
    /// How surely the reply was read, 0 to 1.
    pub confidence: f32,
    /// What a person should notice about the reply: `injection`, `price`, `legal`, …
    #[serde(default)]
    pub flags: Vec<String>,
    pub language: String,
    pub connection: ConnectionId,
    pub to: EmailAddress,
    #[serde(default)]
    pub to_name: String,
    pub subject: String,
    /// As the engine wrote it. Kept when a person edits, so that the difference is on record.
    pub text: String,
    /// As a person has changed it.
    #[serde(default)]
    pub edited_text: Option<String>,
    #[serde(default)]
    pub edited_subject: Option<String>,
    /// When a person last changed its words.
    #[serde(default)]
    pub edited_at: Option<UnixMillis>,
    /// The times that the text offers.
    #[serde(default)]
    pub offered: Vec<(UnixMillis, UnixMillis)>,
    pub sources: Vec<Source>,
    /// Claims of the final text that stand in no source.
    #[serde(default)]
    pub ungrounded: Vec<String>,
    /// What wrote it: empty for the built-in engine, else the service and its model.
    #[serde(default)]
    pub engine: String,
    /// Why the built-in engine wrote it although a service is chosen: `timeout`, `budget`, `policy`, …
    #[serde(default)]
    pub fallback_reason: Option<String>,
    /// Why it never leaves by itself, in words; empty when nothing speaks against that.
    #[serde(default)]
    pub needs_person: String,
    pub state: DraftState,
    pub created_at: UnixMillis,
    pub expires_at: UnixMillis,
    #[serde(default)]
    pub decided: Option<Decision>,
    /// When it would have left, had its worker not been on a dry run; since then it waits for a person's decision.
    #[serde(default)]
    pub would_have_left: Option<UnixMillis>,
    /// The mail of ours that a follow-up goes on from.
    #[serde(default)]
    pub after: Option<MessageId>,
    /// The message that carries it, once approved.
    #[serde(default)]
    pub message: Option<MessageId>,
}

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// To somebody who wants to go on.
    Interested,
    /// The answer to a question, from approved snippets.
    Question,
    /// Thanks for naming the right person.
    Referral,
    /// "Later, then", with the day when we write again.
    Later,
    /// About the time of a meeting; written by bookings.
    Meeting,
    /// Nothing came back to an answer of ours.
    FollowUp,
}

impl Intent {
    pub fn words(self) -> &'static str {
        match self {
            Intent::Interested => "Answer to somebody interested",
            Intent::Question => "Answer to a question",
            Intent::Referral => "Thanks for a referral",
            Intent::Later => "Until later",
            Intent::Meeting => "About a time to meet",
            Intent::FollowUp => "Follow-up after an answer",
        }
    }
}

/// Approving and scheduling are one transaction, so "approved" shows as `Scheduled` with its `decided`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DraftState {
    Pending,
    /// Its message waits for its turn.
    Scheduled,
    Sent,
    /// Approved, but the gate out or the mailbox said no.
    NotSent {
        reason: String,
    },
    Rejected {
        #[serde(default)]
        reason: String,
    },
    Expired,
    /// It was overtaken: its answer was read differently, a newer one came, a meeting was booked.
    Withdrawn {
        #[serde(default)]
        reason: String,
    },
}

impl DraftState {
    pub fn name(&self) -> &'static str {
        match self {
            DraftState::Pending => "pending",
            DraftState::Scheduled => "scheduled",
            DraftState::Sent => "sent",
            DraftState::NotSent { .. } => "not_sent",
            DraftState::Rejected { .. } => "rejected",
            DraftState::Expired => "expired",
            DraftState::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// Who decided, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub by: Who,
    /// The name to show.
    pub name: String,
    pub at: UnixMillis,
    /// It left by itself, as the owner allowed.
    #[serde(default)]
    pub automatic: bool,
}

/// Where something in the text comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub kind: SourceKind,
    /// Id (and version) of the row: `019a…` or `019a… v3`; empty where there is none.
    pub id: String,
    /// What to call it: "Snippet: Prices", "Work calendar".
    pub title: String,
    /// The facts, as they may be used.
    pub words: String,
    /// The part of the draft that rests on it, as it stands there; marked on the page. Empty: not marked.
    #[serde(default)]
    pub used: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Contact,
    Snippet,
    /// Fixed wording of the program or of the sequence.
    Template,
    Sender,
    /// Free times, or a date that was computed.
    Calendar,
    /// The person's own answer. Shown beside the letter, but never a ground for a claim.
    Reply,
}

impl SourceKind {
    /// What a draft rests on, as people say it.
    pub fn words(self) -> &'static str {
        match self {
            SourceKind::Contact => "the contact",
            SourceKind::Snippet => "a snippet",
            SourceKind::Template => "a template",
            SourceKind::Sender => "the sender",
            SourceKind::Calendar => "the calendar",
            SourceKind::Reply => "their reply",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Contact => "contact",
            SourceKind::Snippet => "snippet",
            SourceKind::Template => "template",
            SourceKind::Sender => "sender",
            SourceKind::Calendar => "calendar",
            SourceKind::Reply => "reply",
        }
    }
}

impl Draft {
    pub fn is_pending(&self) -> bool {
        self.state == DraftState::Pending
    }

    /// The text as it leaves.
    pub fn final_text(&self) -> &str {
        self.edited_text.as_deref().unwrap_or(&self.text)
    }

    pub fn final_subject(&self) -> &str {
        self.edited_subject.as_deref().unwrap_or(&self.subject)
    }

    pub fn is_edited(&self) -> bool {
        self.edited_text.as_ref().is_some_and(|text| *text != self.text)
            || self.edited_subject.as_ref().is_some_and(|subject| *subject != self.subject)
    }

    /// How each of the offered times is written, where that is known of all.
    pub fn offered_words(&self) -> Vec<&str> {
        let calendar = self.sources.iter().find(|source| source.kind == SourceKind::Calendar);
        let lines: Vec<&str> = calendar.map(|source| source.words.lines().collect()).unwrap_or_default();
        if lines.len() == self.offered.len() {
            lines
        } else {
            Vec::new()
        }
    }

    /// Of each of the offered times, whether the final text has it still: as it was written, or the link that books it.
    pub fn named_times(&self) -> Vec<bool> {
        let (own, text) = (take_links(&self.text).0, self.final_text());
        // A link for each, or none at all.
        let links = if own.len() == self.offered.len() { own } else { Vec::new() };
        let (lines, links) = (self.offered_words(), links.as_slice());
        let has = |at: usize| {
            lines.get(at).is_some_and(|line| text.contains(*line))
                || links.get(at).is_some_and(|link| text.contains(link))
        };
        (0..self.offered.len()).map(has).collect()
    }

    /// What keeps it from leaving: the engine's own claims that stand in no source, and links to places that nobody
    /// has allowed, whoever wrote them. What else a person has written over is that person's word.
    pub fn held(&self) -> Vec<&str> {
        let is_edited = self.is_edited();
        let holds = |claim: &&str| !is_edited || self.text.contains(claim) || is_link(claim);
        self.ungrounded.iter().map(String::as_str).filter(holds).collect()
    }

    /// Over the edge at `now`, whether or not the clean-up has come by.
    pub fn is_over(&self, now: UnixMillis) -> bool {
        now >= self.expires_at
    }

    /// The sources a reader is shown, numbered from 1: the program's own phrases say nothing to anybody.
    pub fn shown_sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.kind != SourceKind::Template)
    }
}
