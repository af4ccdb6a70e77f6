//! A sending domain: what was found about it, and the keys that sign its mail.

use serde::{Deserialize, Serialize};

use crate::base::{UnixMillis, WorkspaceId};
use crate::store::SealedSecret;

/// The domain of one or more of the workspace's mailboxes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendingDomain {
    pub workspace: WorkspaceId,
    /// A-label, lower case.
    pub domain: String,
    #[serde(default)]
    pub checked: Option<Checked>,
    /// What was right when last an answer came.
    #[serde(default)]
    pub was_right: Vec<What>,
    /// What was right before and is not any more.
    #[serde(default)]
    pub broken: Vec<Broken>,
    #[serde(default)]
    pub signing: Signing,
}

impl SendingDomain {
    pub fn new(workspace: WorkspaceId, domain: &str) -> Self {
        Self {
            workspace,
            domain: domain.to_owned(),
            checked: None,
            was_right: Vec::new(),
            broken: Vec::new(),
            signing: Signing::default(),
        }
    }
}

/// One look at everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub at: UnixMillis,
    pub findings: Vec<Finding>,
    /// Every question that was asked, in its order.
    pub trail: Vec<Asked>,
}

/// What is looked at, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Mx,
    Spf,
    Dkim,
    Dmarc,
    Alignment,
    Unsubscribe,
    Reverse,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Found,
    Missing,
    Wrong,
    /// No answer came: nothing is known.
    NotAsked,
    /// Somebody else sees to it, or it does not concern this domain.
    NotYours,
}

impl Standing {
    /// An answer came, and it was not the right one.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Missing | Self::Wrong)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub what: What,
    pub standing: Standing,
    /// What was seen, and what is wrong with it.
    pub words: String,
    /// Records to publish so that it is right.
    #[serde(default)]
    pub records: Vec<Advised>,
}

/// A record to be copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advised {
    /// In full, without the dot at the end.
    pub name: String,
    /// `TXT`, `MX`, `PTR`.
    pub kind: String,
    pub value: String,
    /// What to do with it; empty where adding it is all.
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    pub what: What,
    pub since: UnixMillis,
    pub words: String,
    /// Nobody had a letter about it yet.
    #[serde(default)]
    pub is_untold: bool,
}

/// One question and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub at: UnixMillis,
    pub name: String,
    /// `TXT`, `A` …
    pub kind: String,
    /// In words, cut short.
    pub answer: String,
    pub answered: bool,
    pub took_millis: u64,
}

/// Signing by us; off until somebody switches it on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signing {
    #[serde(default)]
    pub on: bool,
    /// Signs, while its record is published.
    #[serde(default)]
    pub current: Option<DkimKey>,
    /// Waits for its record.
    #[serde(default)]
    pub next: Option<DkimKey>,
    /// Replaced; their records are still needed for mail that is on its way.
    #[serde(default)]
    pub retired: Vec<RetiredKey>,
}

impl Signing {
    /// The key that signs now.
    pub fn in_use(&self) -> Option<&DkimKey> {
        self.current.as_ref().filter(|key| self.on && key.is_published)
    }

    pub fn keys(&self) -> impl Iterator<Item = &DkimKey> {
        let retired = self.retired.iter().map(|retired| &retired.key);
        self.current.iter().chain(&self.next).chain(retired)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DkimKey {
    pub selector: String,
    /// Base64 of the SubjectPublicKeyInfo: the `p=` of the record.
    pub public: String,
    /// PKCS#1, DER.
    pub private: SealedSecret,
    pub made_at: UnixMillis,
    /// When its record was first seen.
    #[serde(default)]
    pub seen_at: Option<UnixMillis>,
    /// The record was there when last an answer came.
    #[serde(default)]
    pub is_published: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetiredKey {
    pub key: DkimKey,
    /// Until then the record is left where it is.
    pub until: UnixMillis,
}
