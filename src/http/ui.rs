//! Values that the macros of `templates/ui/macros.html` draw: badges, avatars, form errors, tabs, pagers.

use std::borrow::Borrow;

use crate::base::Mistakes;

/// A tinted pill. `tone` is one of `ok warn bad plum brand flare line` or empty for grey;
/// `icon` is empty where the words are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge {
    pub tone: &'static str,
    pub words: &'static str,
    pub icon: &'static str,
}

/// The class of a reply, by the classifier's name for it. A name from a newer version is shown as
/// unclear instead of failing the page.
pub fn reply_badge(label: &str) -> Badge {
    let (tone, words, icon) = match label {
        "interested" => ("ok", "Interested", ""),
        "meeting_proposed" => ("plum", "Proposed a time", ""),
        "question" => ("", "Question", ""),
        "not_interested" => ("", "Not interested", ""),
        "out_of_office" => ("line", "Out of office", ""),
        "unsubscribe" => ("bad", "Opted out", "ban"),
        "referral" => ("line", "Wrong person", ""),
        "later" => ("line", "Later", ""),
        "bounced" => ("bad", "Bounced", ""),
        // Of a draft: nobody answered, so there is nothing to read.
        "follow_up" => ("line", "Follow-up", "clock"),
        _ => ("line", "Unclear", ""),
    };
    Badge { tone, words, icon }
}

/// "Proposed a time, 97 % sure": what was read and how surely, for records of decisions.
pub fn reading_words(label: &str, confidence: f32) -> String {
    format!("{}, {} % sure", reply_badge(label).words, (confidence * 100.0).round())
}

/// A language by its tag (BCP 47), as far as the product speaks it: "German" of `de-AT`. Others keep their tag.
pub fn language_name(tag: &str) -> String {
    let name = match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "en" => "English",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "pt" => "Portuguese",
        "hi" => "Hindi",
        _ => return tag.to_owned(),
    };
    name.to_owned()
}

/// Up to two letters for an avatar: first and last word of the name, `?` when it has no letter.
pub fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let Some(first) = letters.next() else { return "?".to_owned() };
    first.to_uppercase().chain(letters.next_back().into_iter().flat_map(char::to_uppercase)).collect()
}

/// The avatar's colour class, empty for grey; the same name always has the same one. FNV-1a, since it must not
/// change between versions of the standard library.
pub fn avatar_tone(name: &str) -> &'static str {
    const TONES: [&str; 5] = ["", "ava-1", "ava-2", "ava-3", "ava-4"];
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    TONES[(hash >> 16) as usize % TONES.len()]
}

/// What did not parse in a form, in the order of the fields. Keys are the fields' `name`s, which are
/// also their ids on the page, so the summary can link to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    pub fn add(&mut self, field: &'static str, words: impl Into<String>) {
        self.0.push((field, words.into()));
    }

    /// Adds what is wrong with fields that have no error yet.
    pub fn add_mistakes(&mut self, mistakes: Mistakes) {
        for (field, words) in mistakes {
            if self.of(field).is_empty() {
                self.add(field, words);
            }
        }
    }

    /// The first error of `field`; empty when there is none, as the field macros expect.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == field).map_or("", |(_, words)| words)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.0.iter()
    }
}

impl From<Mistakes> for FieldErrors {
    fn from(mistakes: Mistakes) -> Self {
        Self(mistakes.into_iter().collect())
    }
}

/// One entry of a row of tabs or of a segmented choice. `count` is shown as it is, so it can be "412" or "2,418".
#[derive(Clone, Debug, Default)]
pub struct Tab {
    pub href: String,
    pub label: String,
    pub count: String,
    pub current: bool,
}

/// The foot of a list: what part is shown ("1 to 8 of 412") and where the neighbours are.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    pub shown: String,
    pub newer: Option<String>,
    pub older: Option<String>,
}

/// One `<option>`.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    /// It is the one with this value. Any kind of text, since templates pass references of references.
    pub fn is(&self, value: impl AsRef<str>) -> bool {
        self.value == value.as_ref()
    }
}

/// A share as whole percent of a bar, 0 to 100; nothing of nothing is an empty bar. A share that is
/// not zero stays visible. Takes references too, since templates pass them.
pub fn percent(part: impl Borrow<u64>, whole: impl Borrow<u64>) -> u64 {
    let (part, whole) = (*part.borrow(), *whole.borrow());
    if whole == 0 || part == 0 {
        return 0;
    }
    (part.saturating_mul(100) / whole).clamp(1, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_last_word() {
        let cases = [
            ("Nora Whitfield", "NW"),
            ("Rev. Joan Pickering", "RP"),
            ("sam", "S"),
            ("  ", "?"),
            ("“Élodie” de la Tour", "ÉT"),
            ("Straße ßeta", "SSS"),
        ];
        for (name, expected) in cases {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_person_keeps_the_colour_of_the_avatar() {
        assert_eq!(avatar_tone("Anna Lund"), avatar_tone("Anna Lund"));
        let tones: std::collections::BTreeSet<_> =
            ["Anna Lund", "Tom Aldridge", "Gwen Hartley", "Marcus Bell", "Priya Raman", "Sam Okafor", "Iris Vane"]
                .map(avatar_tone)
                .into();
        assert!(tones.len() > 2, "names share too few colours: {tones:?}");
    }

    #[test]
    fn a_reply_is_labelled_in_words() {
        let cases = [
            ("interested", "Interested", "ok"),
            ("meeting_proposed", "Proposed a time", "plum"),
            ("unsubscribe", "Opted out", "bad"),
            ("something_newer", "Unclear", "line"),
        ];
        for (label, words, tone) in cases {
            let badge = reply_badge(label);
            assert_eq!((badge.words, badge.tone), (words, tone), "{label}");
        }
    }

    #[test]
    fn a_language_is_called_by_its_name() {
        for (tag, name) in [("de-AT", "German"), ("EN", "English"), ("nl-BE", "nl-BE"), ("", "")] {
            assert_eq!(language_name(tag), name, "{tag}");
        }
    }

    #[test]
    fn a_field_shows_its_own_first_error() {
        let mut errors = FieldErrors::default();
        errors.add("email", "Add the ending, for example “.co.uk”.");
        errors.add("email", "second");
        assert_eq!(errors.of("email"), "Add the ending, for example “.co.uk”.");
        assert_eq!(errors.of("name"), "");
    }

    #[test]
    fn a_small_share_stays_visible_and_none_is_empty() {
        let cases: [(u64, u64, u64); 5] = [(0, 0, 0), (0, 9, 0), (1, 4000, 1), (61, 120, 50), (9, 3, 100)];
        for (part, whole, expected) in cases {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }
}
