//! The kinds of things a worker does, by which its feed can be narrowed.

use crate::events::Happened;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mails that left, did not leave, or came back.
    Mails,
    /// Answers read.
    Answers,
    /// Answers written for approval, and what was decided.
    Drafts,
    Meetings,
    /// Leads that ended or are to be asked again, and opt-outs.
    Leads,
    /// The worker itself: on, off, changed.
    Worker,
}

impl Kind {
    pub const ALL: [Kind; 6] = [Kind::Mails, Kind::Answers, Kind::Drafts, Kind::Meetings, Kind::Leads, Kind::Worker];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Mails => "mails",
            Kind::Answers => "answers",
            Kind::Drafts => "drafts",
            Kind::Meetings => "meetings",
            Kind::Leads => "leads",
            Kind::Worker => "worker",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn words(self) -> &'static str {
        match self {
            Kind::Mails => "Mails",
            Kind::Answers => "Answers read",
            Kind::Drafts => "Drafts",
            Kind::Meetings => "Meetings",
            Kind::Leads => "Leads",
            Kind::Worker => "The worker",
        }
    }

    /// `None`: a step in between that another event tells better, or nothing a worker does.
    pub fn of(what: &Happened) -> Option<Kind> {
        use Happened as H;
        match what {
            H::MessageSent { .. }
            | H::MessageNotSent { .. }
            | H::MessageRehearsed { .. }
            | H::MessageInDoubt { .. }
            | H::MessageBounced { .. }
            | H::Complained { .. } => Some(Kind::Mails),
            H::ReplyClassified { .. } | H::ReplyCorrected { .. } => Some(Kind::Answers),
            H::DraftWritten { .. } | H::DraftDecided { .. } | H::DraftReturned { .. } => Some(Kind::Drafts),
            H::BookingProposed { .. }
            | H::BookingConfirmed { .. }
            | H::BookingMoved { .. }
            | H::BookingCancelled { .. }
            | H::BookingNoShow { .. }
            | H::BookingCompleted { .. }
            | H::BookingOutcomeTakenBack { .. }
            | H::BookingFailed { .. }
            | H::WaitlistJoined { .. }
            | H::WaitlistOffered { .. }
            | H::WaitlistLeft { .. }
            | H::MeetingLeft { .. } => Some(Kind::Meetings),
            H::EnrolmentEnded { .. }
            | H::FollowUpDue { .. }
            | H::AnswerFollowUpPlanned { .. }
            | H::AnswerFollowUpEnded { .. }
            | H::TaskOpened { .. }
            | H::LeadTagged { .. }
            | H::Unsubscribed { .. } => Some(Kind::Leads),
            H::WorkerActivated { .. }
            | H::WorkerChanged { .. }
            | H::WorkerPaused { .. }
            | H::SequenceChanged { .. } => Some(Kind::Worker),
            _ => None,
        }
    }
}
