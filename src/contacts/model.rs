//! A contact and its fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{ContactId, EmailAddress, ImportId, UnixMillis, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub id: ContactId,
    pub workspace: WorkspaceId,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: String,
    /// The first is the one written to.
    pub addresses: Vec<EmailAddress>,
    #[serde(default)]
    pub company: String,
    #[serde(default)]
    pub job_title: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub website: String,
    /// IANA name; absent: the workspace's own.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// BCP 47, for example `en-GB`.
    #[serde(default)]
    pub locale: Option<String>,
    /// Keys as in merge fields: lower case, digits and `_`.
    #[serde(default)]
    pub custom: BTreeMap<String, String>,
    /// Lower case, sorted, each once.
    #[serde(default)]
    pub tags: Vec<String>,
    pub source: Source,
    pub created_at: UnixMillis,
    pub changed_at: UnixMillis,
    /// Processing is frozen on the person's request: nothing is sent, nothing is changed.
    #[serde(default)]
    pub restricted: bool,
}

/// Where a contact came from (shown to the person on request).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    ByHand,
    Import(ImportId),
    Api,
    /// Named in somebody's reply; written to only after a person has agreed.
    Referral,
    /// Answered a mail of ours from another address.
    Reply,
    /// Stood on a company's own page, and a person took it over.
    WebPage,
    /// Pulled from a customer system, by its name.
    Crm(String),
    /// Booked a meeting on a public page.
    Booked,
    /// Posted to the workspace's own address for leads; the consent that came with it, in words, or empty.
    Webhook(String),
}

impl Contact {
    /// What to call the person: the name, else the address.
    pub fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.address().map_or_else(String::new, |address| address.display().to_owned()),
            name => name.to_owned(),
        }
    }

    /// The address written to.
    pub fn address(&self) -> Option<&EmailAddress> {
        self.addresses.first()
    }

    /// Two letters for the avatar.
    pub fn initials(&self) -> String {
        let first = |text: &str| text.chars().find(|c| c.is_alphanumeric());
        let letters: String = [first(&self.first_name), first(&self.last_name)].into_iter().flatten().collect();
        let letters = if letters.is_empty() { self.name().chars().take(1).collect() } else { letters };
        letters.to_uppercase()
    }

    /// A merge field's value: `first_name`, `company`, …, or a custom field. Empty counts as absent.
    pub fn field(&self, name: &str) -> Option<String> {
        let value = match name {
            "first_name" => self.first_name.clone(),
            "last_name" => self.last_name.clone(),
            "full_name" | "name" => format!("{} {}", self.first_name, self.last_name).trim().to_owned(),
            "email" => self.address().map(|address| address.display().to_owned()).unwrap_or_default(),
            "company" => self.company.clone(),
            "job_title" => self.job_title.clone(),
            "phone" => self.phone.clone(),
            "website" => self.website.clone(),
            custom => self.custom.get(custom).cloned().unwrap_or_default(),
        };
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// The merge fields that every contact has.
pub const FIELDS: &[&str] =
    &["first_name", "last_name", "full_name", "email", "company", "job_title", "phone", "website"];
