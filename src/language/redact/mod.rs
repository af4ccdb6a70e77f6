//! Takes out of a text what a service outside need not see.
//!
//! Gone for good: numbers of cards and bank accounts, social security and health insurance numbers, passwords, keys and
//! tokens. Behind a placeholder, and put back into what comes back: mail addresses, phone numbers, postal addresses.
//! Pure, and deterministic; errs on the side of taking out too much, but leaves days, times, prices and amounts alone,
//! which the reading of a reply needs.

mod numbers;
mod places;
mod secrets;
#[cfg(test)]
mod tests;

use std::ops::Range;

/// What was found at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Secret,
    Card,
    BankAccount,
    SocialSecurity,
    HealthInsurance,
    Mail,
    Phone,
    Place,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Secret,
        Kind::Card,
        Kind::BankAccount,
        Kind::SocialSecurity,
        Kind::HealthInsurance,
        Kind::Mail,
        Kind::Phone,
        Kind::Place,
    ];

    /// What stands there instead; the word of a placeholder where it comes back.
    fn word(self) -> &'static str {
        match self {
            Kind::Secret => "[secret]",
            Kind::Card => "[card number]",
            Kind::BankAccount => "[bank account]",
            Kind::SocialSecurity => "[social security number]",
            Kind::HealthInsurance => "[health insurance number]",
            Kind::Mail => "email",
            Kind::Phone => "phone",
            Kind::Place => "address",
        }
    }

    /// How everything begins that stands for this kind.
    fn start(self) -> String {
        if self.comes_back() {
            format!("[{}-", self.word())
        } else {
            self.word().to_owned()
        }
    }

    fn comes_back(self) -> bool {
        matches!(self, Kind::Mail | Kind::Phone | Kind::Place)
    }
}

type Found = (Range<usize>, Kind);

/// Hides texts of one question, so that the same thing has the same placeholder in all of them.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Placeholder and what it stands for.
    hidden: Vec<(String, String)>,
}

impl Redactor {
    /// The text with everything of that kind replaced.
    pub fn hide(&mut self, text: &str) -> String {
        let mut found: Vec<Found> = Vec::new();
        found.extend(secrets::secrets(text));
        found.extend(numbers::bank_accounts(text));
        found.extend(secrets::mails(text));
        found.extend(secrets::health_insurance(text));
        found.extend(numbers::numbers(text));
        found.extend(places::places(text));
        // What begins first counts, and of two that begin together the graver one.
        found.sort_by_key(|(range, kind)| (range.start, *kind));
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, kind) in found.into_iter().filter(|(range, _)| range.start < range.end) {
            if range.start < at {
                continue;
            }
            out.push_str(&text[at..range.start]);
            out.push_str(&self.stand_in(kind, &text[range.clone()]));
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    fn stand_in(&mut self, kind: Kind, original: &str) -> String {
        if !kind.comes_back() {
            return kind.word().to_owned();
        }
        if let Some((known, _)) = self.hidden.iter().find(|(_, hidden)| hidden == original) {
            return known.clone();
        }
        let start = kind.start();
        let number = self.hidden.iter().filter(|(known, _)| known.starts_with(&start)).count() + 1;
        let placeholder = format!("{start}{number}]");
        self.hidden.push((placeholder.clone(), original.to_owned()));
        placeholder
    }

    /// Puts back what placeholders stand for.
    pub fn restore(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, (placeholder, original)| text.replace(placeholder, original))
    }
}

/// Whether a placeholder stands in the text that no text had: an answer that invents one is not to be used.
pub fn has_placeholder(text: &str) -> bool {
    Kind::ALL.iter().any(|kind| text.contains(&kind.start()))
}

/// Words with their places: what lies between blanks, without the punctuation around it.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_edge = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '+' | '=' | '/');
    text.split_whitespace().filter_map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let bare = word.trim_matches(is_edge);
        let begin = start + (bare.as_ptr() as usize - word.as_ptr() as usize);
        (!bare.is_empty()).then_some(begin..begin + bare.len())
    })
}
