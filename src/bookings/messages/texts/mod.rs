//! The built-in texts: each kind in six languages, and the few words around them.

mod de;
mod en;
mod es;
mod fr;
mod hi;
mod pt;

use super::model::{Kind, Wording};
use crate::bookings::words::Language;

pub const LANGUAGES: [Language; 6] =
    [Language::English, Language::German, Language::Spanish, Language::French, Language::Portuguese, Language::Hindi];

/// One built-in message. `body` follows the greeting.
pub(super) struct Text {
    subject: &'static str,
    /// Above the letter in its HTML part.
    heading: &'static str,
    body: &'static str,
}

/// All of one language. Texts in the order of `Kind::ALL`.
pub(super) struct Texts {
    greeting: &'static str,
    texts: [Text; 9],
    pub labels: Labels,
}

/// Words beside the facts of a meeting. `{…}` is filled in.
pub(super) struct Labels {
    pub when: &'static str,
    pub with: &'static str,
    pub at: &'static str,
    /// Before an amount.
    pub paid: &'static str,
    /// The words of a link to a video call.
    pub open: &'static str,
    pub came_up: &'static str,
    pub change: &'static str,
    pub cancel: &'static str,
    /// The provider's invitation comes by itself.
    pub invited_apart: &'static str,
    /// Ours is in this mail.
    pub attached: &'static str,
    /// Several dates that were booked or asked for together: `{n}`
    pub series: &'static str,
    /// Several that are off: `{n}`
    pub series_off: &'static str,
    /// `{from}`
    pub reason: &'static str,
}

pub(super) fn of(language: Language) -> &'static Texts {
    language.among([&en::TEXTS, &de::TEXTS, &es::TEXTS, &fr::TEXTS, &pt::TEXTS, &hi::TEXTS])
}

impl Texts {
    fn text(&self, kind: Kind) -> &Text {
        let place = Kind::ALL.iter().position(|known| *known == kind).unwrap_or(0);
        self.texts.get(place).unwrap_or(&self.texts[0])
    }

    pub fn heading(&self, kind: Kind) -> &'static str {
        self.text(kind).heading
    }

    /// What the owner sees and may change.
    pub fn wording(&self, kind: Kind) -> Wording {
        let text = self.text(kind);
        Wording { subject: text.subject.to_owned(), text: format!("{}\n\n{}", self.greeting, text.body) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::FIELDS;
    use super::*;
    use crate::language::merge;

    #[test]
    fn every_built_in_text_parses_and_uses_known_fields_that_are_always_there() {
        for language in LANGUAGES {
            let texts = of(language);
            for kind in Kind::ALL {
                let wording = texts.wording(kind);
                for text in [wording.subject.as_str(), wording.text.as_str(), texts.heading(kind)] {
                    let fields = merge::parse(text).unwrap_or_else(|error| panic!("{language:?} {kind:?}: {error}"));
                    for field in fields.fields() {
                        let known = FIELDS.iter().find(|known| known.name == field.name);
                        let known = known.unwrap_or_else(|| panic!("{language:?} {kind:?}: {field}"));
                        assert!(known.is_always_there || field.optional, "{language:?} {kind:?}: {field}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_two_languages_or_kinds_say_the_same() {
        let all: Vec<String> =
            LANGUAGES.iter().flat_map(|language| Kind::ALL.map(|kind| of(*language).wording(kind).text)).collect();
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
