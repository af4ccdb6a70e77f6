//! The words a classification speaks in: nine labels, the kinds of `other`, and flags.

use serde::{Deserialize, Serialize};

/// Declares a closed vocabulary whose wire form, `as_str` and `parse` are the same snake-case words.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in JSON, storage, the corpus and the model's report.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads exactly the word `as_str` gives.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// What a reply is, exactly one per reply.
    Label {
        Interested = "interested",
        NotInterested = "not_interested",
        MeetingProposed = "meeting_proposed",
        Question = "question",
        Referral = "referral",
        OutOfOffice = "out_of_office",
        Unsubscribe = "unsubscribe",
        Later = "later",
        Other = "other",
    }
}

vocabulary! {
    /// Why a reply is `Label::Other`; decides between suppressing, retrying and doing nothing.
    OtherKind {
        BounceHard = "bounce_hard",
        BounceSoft = "bounce_soft",
        AutoAck = "auto_ack",
        Ack = "ack",
        Spam = "spam",
        Unrelated = "unrelated",
        Empty = "empty",
        Injection = "injection",
    }
}

vocabulary! {
    /// What a person should notice about a reply besides its label.
    Flag {
        Injection = "injection",
        Complaint = "complaint",
        Legal = "legal",
        Price = "price",
        Angry = "angry",
        Sarcasm = "sarcasm",
        Mixed = "mixed",
        DataRequest = "data_request",
    }
}

/// What the model tells apart: the labels, with `other` split into the kinds that have words of
/// their own (an empty reply has none, and injected text is cut out before the model reads).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub label: Label,
    pub kind: Option<OtherKind>,
}

impl Class {
    pub const COUNT: usize = 14;

    /// All classes; a class's place in this list is its column in the model.
    pub const ALL: [Class; Self::COUNT] = [
        Self::of(Label::Interested),
        Self::of(Label::NotInterested),
        Self::of(Label::MeetingProposed),
        Self::of(Label::Question),
        Self::of(Label::Referral),
        Self::of(Label::OutOfOffice),
        Self::of(Label::Unsubscribe),
        Self::of(Label::Later),
        Self::other(OtherKind::BounceHard),
        Self::other(OtherKind::BounceSoft),
        Self::other(OtherKind::AutoAck),
        Self::other(OtherKind::Ack),
        Self::other(OtherKind::Spam),
        Self::other(OtherKind::Unrelated),
    ];

    const fn of(label: Label) -> Self {
        Self { label, kind: None }
    }

    const fn other(kind: OtherKind) -> Self {
        Self { label: Label::Other, kind: Some(kind) }
    }

    /// Reads a corpus label: `interested`, or `other:ack` with the kind after the colon.
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None => Some(Self::of(Label::parse(word)?)),
            Some((label, kind)) => Some(Self { label: Label::parse(label)?, kind: Some(OtherKind::parse(kind)?) }),
        }
    }

    /// The model's column; `None` for the kinds the model does not know.
    pub fn column(self) -> Option<usize> {
        Self::ALL.iter().position(|class| *class == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_itself_and_is_its_json() {
        for label in Label::ALL {
            assert_eq!(Label::parse(label.as_str()), Some(*label));
            assert_eq!(serde_json::to_string(label).unwrap(), format!("\"{label}\""));
        }
        for kind in OtherKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
        for flag in Flag::ALL {
            assert_eq!(serde_json::to_string(flag).unwrap(), format!("\"{flag}\""));
        }
        assert_eq!(Label::parse("Interested"), None);
    }

    #[test]
    fn a_corpus_label_names_its_kind_after_a_colon() {
        assert_eq!(Class::parse("other:ack").and_then(Class::column), Some(11));
        assert_eq!(Class::parse("other:injection").and_then(Class::column), None);
        assert_eq!(Class::parse("other:nonsense"), None);
    }
}
