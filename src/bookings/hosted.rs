//! What is known of a booking's meeting at the service that holds it.

use serde::{Deserialize, Serialize};

use crate::base::UnixMillis;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hosted {
    /// The meeting's id at its service. Its link is the booking's `video_link`.
    pub id: Option<String>,
    /// Asked of who joins, where the link does not carry it.
    pub passcode: Option<String>,
    /// The version of the booking that stands there.
    pub written: u32,
    /// It may have been made, and the answer was not kept: looked for before another is made.
    pub was_asked: bool,
    /// Why it does not stand there as it was agreed, in words.
    pub trouble: Option<String>,
    /// Nothing is tried any more by itself.
    pub is_given_up: bool,
    /// The link that the guest was told.
    pub told_link: Option<String>,
    /// The time that the guest was told last.
    pub told_start: Option<UnixMillis>,
}

impl Hosted {
    /// A person has the service asked once more.
    pub fn begin_anew(&mut self) {
        (self.is_given_up, self.trouble, self.written) = (false, None, 0);
    }

    /// A person leaves it as it is.
    pub fn rest(&mut self) {
        (self.is_given_up, self.trouble) = (false, None);
    }

    /// What came from the account's service goes: its person took this program's leave there.
    pub fn forget(&mut self) {
        *self = Self {
            written: self.written,
            told_start: self.told_start,
            trouble: Some("The account was removed at its service by its own person.".to_owned()),
            is_given_up: true,
            ..Self::default()
        };
    }
}
