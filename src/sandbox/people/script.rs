//! What a character does, turn by turn.

use super::client::MailProgram;
use super::language::Language;

/// One of the cast, with everything that a list of leads would know and some that it would not.
#[derive(Debug)]
pub(super) struct Character {
    pub first: &'static str,
    pub last: &'static str,
    pub email: &'static str,
    pub company: &'static str,
    pub title: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    /// IANA name.
    pub zone: &'static str,
    pub language: Language,
    pub building: &'static str,
    pub heating: &'static str,
    pub program: MailProgram,
    /// Shortest and longest time to an answer, in minutes of office hours.
    pub delay: (u32, u32),
    /// Written under an answer, after the name.
    pub signature: &'static str,
    /// What comes back when an invitation arrives; empty for nothing.
    pub thanks: &'static str,
    pub turns: &'static [Turn],
}

impl Character {
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A turn is taken when its cue comes, and then the next one waits. `Accept` and `Click` stay, in case the time is lost and others
/// are offered.
#[derive(Debug)]
pub(super) struct Turn {
    pub cue: Cue,
    pub act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// Any mail but an invitation.
    Mail,
    /// A mail that offers two times or more.
    Offer,
}

/// In texts `{owner}` is the first name of whoever wrote, `{when}` the time chosen, `{return}` a date five days on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Write(&'static str),
    /// Takes the n-th offered time, counted from 0; the last when there are fewer.
    Accept(usize, &'static str),
    /// Opens the link of the n-th offered time and presses its button; writes the text when there is none on this machine.
    Click(usize, &'static str),
    /// An automatic answer of the mail program: subject prefix and text.
    OutOfOffice(&'static str, &'static str),
    /// The mail never reaches the person.
    Bounce(Bounce),
    /// Uses the one-click address (RFC 8058); writes the text when there is none on this machine.
    Unsubscribe(&'static str),
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounce {
    NoSuchUser,
    MailboxFull,
}

/// The most times that a person picks a time anew.
pub(super) const MOST_ACCEPTS: u32 = 3;

pub(super) const fn on_mail(act: Act) -> Turn {
    Turn { cue: Cue::Mail, act }
}

pub(super) const fn on_offer(which: usize, words: &'static str) -> Turn {
    Turn { cue: Cue::Offer, act: Act::Accept(which, words) }
}

pub(super) const fn on_links(which: usize, words: &'static str) -> Turn {
    Turn { cue: Cue::Offer, act: Act::Click(which, words) }
}
