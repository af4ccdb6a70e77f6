//! What a step says to one lead: fields of the contact and of the sender, filled in just before it leaves.

use super::model::Step;
use crate::contacts::{self, Contact, Source};
use crate::language::ground::take_links;
use crate::language::merge::{self, Rendered};
use crate::workers::Worker;
use crate::workspaces::Workspace;

/// Fields of the one who writes.
pub const SENDER_FIELDS: &[&str] = &["sender_name", "sender_role", "workspace_name"];

/// Where the fields of a text get their values.
pub struct Fields<'a> {
    contact: &'a Contact,
    worker: &'a Worker,
    workspace: &'a Workspace,
}

/// Whether a value may stand in a mail of ours. What a stranger typed into a form, or wrote on their own page, counts as
/// missing where it holds a web or mail address, but for the fields that are addresses.
fn is_harmless(contact: &Contact, name: &str, value: &str) -> bool {
    let is_a_stranger_s = name.starts_with("page_") || matches!(contact.source, Source::Webhook(_));
    let is_address = matches!(name, "email" | "website");
    !is_a_stranger_s || is_address || (take_links(value).0.is_empty() && !value.contains("://"))
}

/// A step as the lead will read it, without the footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Empty: an answer in the same thread.
    pub subject: String,
    pub text: String,
}

pub fn person_fields<'a>(contact: &'a Contact, worker: &'a Worker, workspace: &'a Workspace) -> Fields<'a> {
    Fields { contact, worker, workspace }
}

impl Fields<'_> {
    fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "sender_name" => Some(self.worker.sender.name.clone()),
            "sender_role" => Some(self.worker.sender.role.clone()),
            "workspace_name" => Some(self.workspace.name.clone()),
            name => self.contact.field(name).filter(|value| is_harmless(self.contact, name, value)),
        }
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
        Ok((Written { subject, text: self.signed(text.trim()) }, missing))
    }

    /// A text for ourselves: filled in as far as it can be, without signature.
    pub fn note(&self, text: &str, seed: u64) -> String {
        let Ok(template) = merge::parse(text) else { return text.to_owned() };
        merge::render(&template, &|name| self.lookup(name), seed).text.trim().to_owned()
    }

    fn signed(&self, text: &str) -> String {
        match self.worker.sender.signature.trim() {
            "" => text.to_owned(),
            signature => format!("{text}\n\n{signature}"),
        }
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

/// The field exists for every contact, for the sender, or among `custom`.
pub fn is_known(field: &str, custom: &[String]) -> bool {
    contacts::FIELDS.contains(&field) || SENDER_FIELDS.contains(&field) || custom.iter().any(|name| name == field)
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
