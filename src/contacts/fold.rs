//! Words as they are searched: without case, accents and width, so that "muller" finds "Müller".

use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::UnicodeNormalization;

use super::model::Contact;

/// Beginnings of 1 to this many characters are in the index; what a person typed beyond them is compared with
/// the contact itself.
const LONGEST_BEGINNING: usize = 8;
/// Words of one contact that are indexed.
const MAX_WORDS: usize = 40;
/// Words of one question.
const MAX_ASKED: usize = 8;

/// The words of `text`: compatibility-decomposed (NFKD), marks dropped, lower case, cut at whatever is neither
/// letter nor digit. Letters that NFKD leaves whole are written as people type them (ß as ss, ø as o).
pub(super) fn words(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match plain_letters(c) {
            Some(letters) => folded.push_str(letters),
            // Lower-casing may bring a mark back (the Turkish İ).
            None if is_combining_mark(c) => {}
            None if c.is_alphanumeric() => folded.push(c),
            None => folded.push(' '),
        }
    }
    folded.split_ascii_whitespace().map(str::to_owned).collect()
}

fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        // No cut inside a word: O'Neill is found by "oneill".
        '\'' | '’' => "",
        _ => return None,
    })
}

/// The beginnings of a word that stand in the index.
pub(super) fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).take(LONGEST_BEGINNING);
    ends.map(|end| &word[..end])
}

/// What is looked up for one word of a question.
pub(super) fn longest_beginning(word: &str) -> &str {
    beginnings(word).last().unwrap_or("")
}

/// Everything about a contact that a question may begin.
pub(super) fn words_of(contact: &Contact) -> BTreeSet<String> {
    let mut texts = vec![contact.first_name.as_str(), &contact.last_name, &contact.company];
    texts.extend(contact.addresses.iter().map(|address| address.display()));
    texts.into_iter().flat_map(words).take(MAX_WORDS).collect()
}

pub(super) fn beginnings_of(contact: &Contact) -> BTreeSet<String> {
    words_of(contact).iter().flat_map(|word| beginnings(word)).map(str::to_owned).collect()
}

/// The words of a question.
pub(super) fn asked(question: &str) -> Vec<String> {
    let mut asked = words(question);
    asked.truncate(MAX_ASKED);
    asked
}

/// Does each asked word begin a word of the contact?
pub(super) fn answers(contact: &Contact, asked: &[String]) -> bool {
    let words = words_of(contact);
    asked.iter().all(|question| words.iter().any(|word| word.starts_with(question.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_written() {
        let cases = [
            ("Jörg Müller-Lüdenscheid", "jorg muller ludenscheid"),
            ("O’Neill & Sons, Ltd.", "oneill sons ltd"),
            ("STRASSE Straße", "strasse strasse"),
            ("ａｂｃ １２", "abc 12"),
            ("Łukasz Øster İpek", "lukasz oster ipek"),
            ("anna.lund+x@fellside.example", "anna lund x fellside example"),
            ("Αθήνα Мария 王小明", "αθηνα мария 王小明"),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
        // Vowel signs go on both sides, so a name is found by what is typed of it.
        assert_eq!(words("प्रिया").len(), 1);
    }

    #[test]
    fn a_word_is_known_by_its_first_eight_characters() {
        assert_eq!(beginnings("müß").collect::<Vec<_>>(), ["m", "mü", "müß"]);
        assert_eq!(beginnings("ludenscheid").count(), 8);
        assert_eq!(longest_beginning("ludenscheid"), "ludensch");
    }
}
