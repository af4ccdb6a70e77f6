//! The account at Stripe, a payment, and what may become of it.

use serde::{Deserialize, Serialize};

use super::amount;
use crate::base::{BookingId, ContactId, PaymentId, UnixMillis, UserId, WorkspaceId};
use crate::providers::stripe::{Mode, RefundStatus};
use crate::store::SealedSecret;

/// Entries of a payment's history that are kept.
const MOST_HISTORY: usize = 30;

/// The workspace's account, by a key of its owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub workspace: WorkspaceId,
    pub key: SealedSecret,
    /// The last four characters: all that is ever shown of it.
    #[serde(default)]
    pub key_ends: String,
    pub mode: Mode,
    pub state: AccountState,
    /// What notices are signed with; without it Stripe is asked every few minutes instead.
    #[serde(default)]
    pub webhook: Option<Hook>,
    pub made_by: Option<UserId>,
    pub made_at: UnixMillis,
    #[serde(default)]
    pub tested_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AccountState {
    Working,
    /// Stripe refuses the key, or the key may not do something.
    NeedsOwner {
        since: UnixMillis,
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub secret: SealedSecret,
    /// Its id at Stripe; empty where the owner made it there by hand.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub last_notice: Option<UnixMillis>,
}

/// What somebody is asked to pay for.
#[derive(Clone, Debug)]
pub struct NewPayment {
    pub id: PaymentId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub booking: BookingId,
    /// Smallest unit of the currency.
    pub amount: u64,
    /// ISO 4217, upper case.
    pub currency: String,
    /// On Stripe's page and the receipt: "First lesson, Tue 24 Nov, 10:30".
    pub name: String,
    pub email: Option<String>,
    /// BCP 47.
    pub language: String,
    /// Nobody can pay after that; at least 30 minutes and at most 24 hours ahead.
    pub expires_at: UnixMillis,
    /// Path on this server where the guest goes on, whatever became of it.
    pub back: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub id: PaymentId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub booking: BookingId,
    pub mode: Mode,
    pub amount: u64,
    pub currency: String,
    pub name: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub language: String,
    pub expires_at: UnixMillis,
    #[serde(default)]
    pub back: String,
    pub state: State,
    /// The session at Stripe, once there is one.
    #[serde(default)]
    pub session: Option<String>,
    /// What a refund names; known once it is paid.
    #[serde(default)]
    pub intent: Option<String>,
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// Whoever asked for it has heard that it was paid. Rows from before this was written down have been heard of.
    #[serde(default = "perhaps")]
    pub is_heard: bool,
    /// Keys that Stripe answered with an error of its own, which it would repeat for a day.
    #[serde(default)]
    pub spent_keys: u32,
    pub made_at: UnixMillis,
    #[serde(default)]
    pub paid_at: Option<UnixMillis>,
    /// What does not go on by itself, in words.
    #[serde(default)]
    pub trouble: Option<String>,
    #[serde(default)]
    pub history: Vec<Note>,
}

/// `Opening → Open → Paid`, or `Processing` between; else `Expired`, `Failed` or `Withdrawn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Stripe's page is being made.
    Opening,
    Open {
        url: String,
    },
    /// The guest has chosen a slow way to pay.
    Processing,
    Paid,
    /// Nobody paid in time.
    Expired,
    Failed {
        reason: String,
    },
    /// What it was for is no longer wanted; nothing was paid.
    Withdrawn,
}

/// Money given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    pub amount: u64,
    pub reason: String,
    pub at: UnixMillis,
    /// At Stripe, once it was taken there.
    #[serde(default)]
    pub id: Option<String>,
    pub status: Standing,
    /// The request to Stripe may have left; of rows from before this was written down nobody knows.
    #[serde(default = "perhaps")]
    pub may_have_left: bool,
    /// Which dates it is for, where several were paid for at once; empty: for what was paid as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<ForDate>,
}

/// What of a refund is for one of several dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForDate {
    pub booking: BookingId,
    pub amount: u64,
}

fn perhaps() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has not reached Stripe yet.
    Asked,
    Pending,
    Succeeded,
    Failed,
    /// Stripe may have given it back, and cannot be asked: a person looks there.
    InDoubt,
}

impl From<RefundStatus> for Standing {
    fn from(status: RefundStatus) -> Self {
        match status {
            RefundStatus::Pending => Standing::Pending,
            RefundStatus::Succeeded => Standing::Succeeded,
            RefundStatus::Failed => Standing::Failed,
        }
    }
}

impl Refund {
    /// Stripe has taken it and not finished.
    pub fn is_under_way(&self) -> bool {
        self.status == Standing::Pending
    }

    /// It has not left, and may still grow.
    pub fn is_not_begun(&self) -> bool {
        self.status == Standing::Asked && !self.may_have_left
    }

    /// It was less than what was asked for, as something had been given back besides: the dates asked for last have less.
    pub fn come_to(&mut self, amount: u64) {
        let mut over = self.amount.saturating_sub(amount);
        for date in self.of.iter_mut().rev() {
            let less = over.min(date.amount);
            (date.amount, over) = (date.amount - less, over - less);
        }
        self.amount = amount;
    }

    /// A person says that it was given back; Stripe has not.
    pub fn is_by_hand(&self) -> bool {
        self.status == Standing::Succeeded && self.id.is_none()
    }
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Asked => "asked",
            Standing::Pending => "pending",
            Standing::Succeeded => "succeeded",
            Standing::Failed => "failed",
            Standing::InDoubt => "in_doubt",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Standing::Asked => "On its way to Stripe",
            Standing::Pending => "Stripe is giving it back",
            Standing::Succeeded => "Given back",
            Standing::Failed => "Not given back",
            Standing::InDoubt => "Perhaps given back",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: UnixMillis,
    pub words: String,
}

impl State {
    pub fn as_str(&self) -> &'static str {
        match self {
            State::Opening => "opening",
            State::Open { .. } => "open",
            State::Processing => "processing",
            State::Paid => "paid",
            State::Expired => "expired",
            State::Failed { .. } => "failed",
            State::Withdrawn => "withdrawn",
        }
    }

    /// Tone and words of the badge.
    pub fn shown(&self) -> (&'static str, &'static str) {
        match self {
            State::Opening => ("off", "Being opened"),
            State::Open { .. } => ("warn", "Not paid yet"),
            State::Processing => ("warn", "On its way"),
            State::Paid => ("ok", "Paid"),
            State::Expired => ("off", "Not paid in time"),
            State::Failed { .. } => ("bad", "Failed"),
            State::Withdrawn => ("off", "Withdrawn"),
        }
    }

    /// Something may still come of it by itself.
    pub fn is_open(&self) -> bool {
        matches!(self, State::Opening | State::Open { .. } | State::Processing)
    }
}

impl Payment {
    /// A row that nobody at Stripe has heard of.
    pub fn new(new: &NewPayment, mode: Mode, now: UnixMillis) -> Self {
        Self {
            id: new.id,
            workspace: new.workspace,
            contact: new.contact,
            booking: new.booking,
            mode,
            amount: new.amount,
            currency: new.currency.clone(),
            name: new.name.clone(),
            email: new.email.clone(),
            language: new.language.clone(),
            expires_at: new.expires_at,
            back: new.back.clone(),
            state: State::Opening,
            session: None,
            intent: None,
            refunds: Vec::new(),
            is_heard: false,
            spent_keys: 0,
            made_at: now,
            paid_at: None,
            trouble: None,
            history: Vec::new(),
        }
    }

    pub fn note(&mut self, at: UnixMillis, words: impl Into<String>) {
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.history.push(Note { at, words: words.into() });
    }

    /// What is left to give back: of what was paid, without what was given back or is on its way.
    pub fn refundable(&self) -> u64 {
        if self.state != State::Paid {
            return 0;
        }
        self.amount.saturating_sub(self.given_back())
    }

    /// What was given back or is on its way.
    pub fn given_back(&self) -> u64 {
        self.refunds.iter().filter(|refund| refund.status != Standing::Failed).map(|refund| refund.amount).sum()
    }

    /// Whether something goes or went back for this one of several dates.
    pub fn is_returned_for(&self, booking: BookingId) -> bool {
        self.refunds.iter().any(|refund| refund.of.iter().any(|date| date.booking == booking))
    }

    /// A refund that Stripe has not answered yet.
    pub fn asked_refund(&self) -> Option<usize> {
        self.refunds.iter().position(|refund| refund.status == Standing::Asked)
    }

    /// Something was not given back, or nobody knows whether it was: it does not go on by itself. In words.
    pub fn needs_person(&self) -> Option<String> {
        let is_open = |refund: &&Refund| match refund.status {
            Standing::InDoubt => true,
            // What the bank sent back is told until something else goes on.
            Standing::Failed if refund.id.is_some() => self.trouble.is_some(),
            Standing::Failed => refund.amount <= self.refundable(),
            Standing::Asked | Standing::Pending | Standing::Succeeded => false,
        };
        let left = self.refunds.iter().find(is_open)?;
        let worth = amount::words(left.amount, &self.currency);
        let words = || match left.status {
            Standing::InDoubt => format!("It is not known whether {worth} were given back: look at Stripe."),
            _ => format!("{worth} could not be given back."),
        };
        Some(self.trouble.clone().unwrap_or_else(words))
    }

    /// Of one nobody knows whether it was given back.
    pub fn has_refund_in_doubt(&self) -> bool {
        self.refunds.iter().any(|refund| refund.status == Standing::InDoubt)
    }

    /// Nothing more may be given back by hand before it is known what became of the last one.
    pub fn has_open_refund(&self) -> bool {
        self.refunds.iter().any(|refund| matches!(refund.status, Standing::Asked | Standing::InDoubt))
    }

    /// The key of a write at Stripe: the same at each try, until Stripe itself failed with it.
    pub fn key(&self, what: &str) -> String {
        format!("{}-{what}-{}", self.id, self.spent_keys)
    }
}
