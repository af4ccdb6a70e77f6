//! What a step says to one lead: fields of the contact and of the sender, filled in just before it leaves.

use super::model::Step;
use crate::contacts::Contact;
use crate::language::merge::{self, Rendered};
use crate::messaging;
use crate::workers::Worker;
use crate::workspaces::Workspace;

/// A step as the lead will read it, without the footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Empty: an answer in the same thread.
    pub subject: String,
    pub text: String,
}

/// Where the fields of a step get their values.
pub struct Fields<'a>(messaging::Fields<'a>);

pub fn person_fields<'a>(contact: &'a Contact, worker: &'a Worker, workspace: &'a Workspace) -> Fields<'a> {
    Fields(messaging::Fields::of(contact, worker, workspace))
}

impl Fields<'_> {
    fn lookup(&self, name: &str) -> Option<String> {
        self.0.lookup(name)
    }

    /// Writes a step, signature included; or says what keeps it from leaving.
    pub fn write(&self, step: &Step, seed: u64) -> Result<Written, String> {
        let (written, missing) = self.draft(step, seed)?;
        if missing.is_empty() {
            return Ok(written);
        }
        let names: Vec<String> = missing.iter().map(|name| in_words(name)).collect();
        Err(format!(
            "The {} of this lead is missing. Add it, or write a fallback into the text.",
            names.join(" and the ")
        ))
    }

    /// Writes a step even where fields are missing, and names them: for the preview.
    pub fn draft(&self, step: &Step, seed: u64) -> Result<(Written, Vec<String>), String> {
        let (subject, text) = step.parse().map_err(|(part, error)| format!("The {part} has a mistake. {error}"))?;
        let lookup = |name: &str| self.lookup(name);
        let subject = merge::render(&subject, &lookup, seed);
        let text = merge::render(&text, &lookup, seed);
        let mut missing = subject.missing;
        let Rendered { text, missing: more } = text;
        for name in more {
            if !missing.contains(&name) {
                missing.push(name);
            }
        }
        let subject = subject.text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok((Written { subject, text: self.0.signed(text.trim()) }, missing))
    }

    /// A text for ourselves: filled in as far as it can be, without signature.
    pub fn note(&self, text: &str, seed: u64) -> String {
        let Ok(template) = merge::parse(text) else { return text.to_owned() };
        merge::render(&template, &|name| self.lookup(name), seed).text.trim().to_owned()
    }
}

/// A text as it stands for nobody: fallbacks where it has them, else the field's name in brackets.
pub fn for_nobody(text: &str) -> String {
    let Ok(template) = merge::parse(text) else { return text.to_owned() };
    let missing = merge::render(&template, &|_| None, 0).missing;
    let named = |name: &str| missing.iter().any(|one| one == name).then(|| format!("[{}]", in_words(name)));
    merge::render(&template, &named, 0).text
}

/// "first name", as people say it.
pub fn in_words(field: &str) -> String {
    field.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_nobody_shows_its_fallbacks_and_names_what_would_be_filled_in() {
        let cases = [
            ("Heating {{company|your building}} without oil", "Heating your building without oil"),
            ("Hello {{first_name}}", "Hello [first name]"),
            ("{{#if city}}In {{city}}{{else}}Near you{{/if}}", "Near you"),
            ("Broken {{first_name", "Broken {{first_name"),
        ];
        for (text, expected) in cases {
            assert_eq!(for_nobody(text), expected, "{text}");
        }
    }
}
