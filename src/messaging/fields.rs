//! Fields that a text of ours may hold: those of the contact, of the one who writes, and of the workspace.

use crate::contacts::{self, Contact, Source};
use crate::language::ground::take_links;
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

impl<'a> Fields<'a> {
    pub fn of(contact: &'a Contact, worker: &'a Worker, workspace: &'a Workspace) -> Self {
        Self { contact, worker, workspace }
    }

    /// `None`: missing.
    pub fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "sender_name" => Some(self.worker.sender.name.clone()),
            "sender_role" => Some(self.worker.sender.role.clone()),
            "workspace_name" => Some(self.workspace.name.clone()),
            name => self.contact.field(name).filter(|value| is_harmless(self.contact, name, value)),
        }
    }

    /// A text with the worker's signature below it.
    pub fn signed(&self, text: &str) -> String {
        match self.worker.sender.signature.trim() {
            "" => text.to_owned(),
            signature => format!("{text}\n\n{signature}"),
        }
    }
}

/// Whether a value may stand in a mail of ours. What a stranger typed into a form, or wrote on their own page, counts as
/// missing where it holds a web or mail address, but for the fields that are addresses.
fn is_harmless(contact: &Contact, name: &str, value: &str) -> bool {
    let is_a_stranger_s = name.starts_with("page_") || matches!(contact.source, Source::Webhook(_));
    let is_address = matches!(name, "email" | "website");
    !is_a_stranger_s || is_address || (take_links(value).0.is_empty() && !value.contains("://"))
}

/// The field exists for every contact, for the sender, or among `custom`.
pub fn is_known_field(field: &str, custom: &[String]) -> bool {
    contacts::FIELDS.contains(&field) || SENDER_FIELDS.contains(&field) || custom.iter().any(|name| name == field)
}
