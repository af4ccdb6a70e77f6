//! One line of the feed.

use crate::base::{ContactId, UnixMillis};

/// Something that a worker did, with the reasons and the way to put it right.
#[derive(Clone, Debug, PartialEq)]
pub struct Doing {
    /// The event's number in the workspace's log.
    pub number: u64,
    /// The event's public name: `reply_classified`.
    pub event: String,
    pub at: UnixMillis,
    pub icon: &'static str,
    pub tone: &'static str,
    pub words: String,
    pub contact: Option<ContactId>,
    /// Of the contact; empty where there is none, or none any more.
    pub name: String,
    /// The beginning of what they wrote, or the subject of what was sent; empty where there is neither.
    pub said: String,
    /// Sentences, the weightiest first.
    pub why: Vec<String>,
    pub way: Option<Way>,
}

/// What a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// "Take it back".
    pub words: &'static str,
    pub href: String,
    /// A button that does it, not a page that shows it.
    pub does: bool,
}

impl Way {
    pub fn page(words: &'static str, href: String) -> Self {
        Self { words, href, does: false }
    }

    pub fn act(words: &'static str, href: String) -> Self {
        Self { words, href, does: true }
    }
}
