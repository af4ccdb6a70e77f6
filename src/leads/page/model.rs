//! A reading of a page, and the facts that came of it.

use serde::{Deserialize, Serialize};

use crate::base::{ContactId, UnixMillis};
use crate::providers::web_page::Kind;

/// The page of one contact's company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub contact: ContactId,
    /// As it was given.
    pub start: String,
    /// Where the next call goes: `start`, or where that led.
    pub at: String,
    #[serde(default)]
    pub hops: u8,
    pub asked_at: UnixMillis,
    pub state: State,
    /// The host whose robots.txt allows `at`, since when.
    #[serde(default)]
    pub allowed: Option<(String, UnixMillis)>,
    /// Seconds between two calls, as the host wishes.
    #[serde(default)]
    pub pause_seconds: u64,
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// What a person forgot; it is not taken again.
    #[serde(default)]
    pub forgotten: Vec<(Kind, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its turn comes.
    Waiting,
    Read {
        at: UnixMillis,
    },
    /// It will not be read; why, as a sentence with what to do.
    Refused {
        at: UnixMillis,
        words: String,
    },
}

/// One thing that a page says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub kind: Kind,
    pub value: String,
    /// The page on which it stands.
    pub source: String,
    pub at: UnixMillis,
}

impl Reading {
    pub fn begin(contact: ContactId, url: &str, before: Option<Self>, now: UnixMillis) -> Self {
        let (facts, forgotten) = before.map(|before| (before.facts, before.forgotten)).unwrap_or_default();
        Self {
            contact,
            start: url.to_owned(),
            at: url.to_owned(),
            hops: 0,
            asked_at: now,
            state: State::Waiting,
            allowed: None,
            pause_seconds: 0,
            facts,
            forgotten,
        }
    }

    /// Replaces the facts by what the page says now.
    pub fn take(&mut self, found: &[(Kind, String)], source: &str, now: UnixMillis) {
        let kept = found.iter().filter(|fact| !self.forgotten.contains(fact));
        let fact = |(kind, value): &(Kind, String)| Fact {
            kind: *kind,
            value: value.clone(),
            source: source.to_owned(),
            at: now,
        };
        self.facts = kept.map(fact).collect();
        self.state = State::Read { at: now };
    }

    /// Takes a fact away for good; true when it was there.
    pub fn forget(&mut self, kind: Kind, value: &str) -> bool {
        let before = self.facts.len();
        self.facts.retain(|fact| fact.kind != kind || fact.value != value);
        let was_there = self.facts.len() < before;
        if was_there {
            self.forgotten.push((kind, value.to_owned()));
        }
        was_there
    }

    /// Values as merge fields: their names, each with what the page says first. Of a contact they are fields like any
    /// others, so a text that uses one wants a fallback.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        FIELDS.iter().filter_map(|(kind, name)| {
            let fact = self.facts.iter().find(|fact| fact.kind == *kind)?;
            Some((*name, fact.value.as_str()))
        })
    }
}

/// Facts that texts may use, with the contact's field that holds them.
pub const FIELDS: &[(Kind, &str)] = &[
    (Kind::Name, "page_name"),
    (Kind::Title, "page_title"),
    (Kind::Description, "page_description"),
    (Kind::Phone, "page_phone"),
    (Kind::PostalAddress, "page_address"),
];

/// What a kind is called on the page.
pub fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "Name",
        Kind::Title => "Title",
        Kind::Description => "Description",
        Kind::Phone => "Phone",
        Kind::PostalAddress => "Postal address",
        Kind::Social => "In networks",
        Kind::Email => "E-mail",
    }
}
