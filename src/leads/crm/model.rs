//! A connected customer system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{UnixMillis, UserId, WorkspaceId};
use crate::contacts::ContactFields;
use crate::leads::fields::put;
use crate::providers::crm::{Account, Person};
use crate::providers::{hubspot, pipedrive};
use crate::store::SealedSecret;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    HubSpot,
    Pipedrive,
}

impl Vendor {
    pub const ALL: [Vendor; 2] = [Vendor::HubSpot, Vendor::Pipedrive];

    pub fn as_str(self) -> &'static str {
        match self {
            Vendor::HubSpot => "hubspot",
            Vendor::Pipedrive => "pipedrive",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.as_str() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Vendor::HubSpot => "HubSpot",
            Vendor::Pipedrive => "Pipedrive",
        }
    }

    /// Where its token is made.
    pub fn token_help(self) -> &'static str {
        match self {
            Vendor::HubSpot => {
                "In HubSpot: Settings, Integrations, Private apps. It needs crm.objects.contacts.read and, for writing, crm.objects.contacts.write."
            }
            Vendor::Pipedrive => "In Pipedrive: Personal preferences, API.",
        }
    }

    /// The fields that its people have.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Vendor::HubSpot => hubspot::FIELDS,
            Vendor::Pipedrive => pipedrive::FIELDS,
        }
    }

    /// Where a field goes unless the owner says otherwise.
    fn usual_target(self, field: &str) -> &'static str {
        match field {
            "firstname" | "first_name" => "first_name",
            "lastname" | "last_name" => "last_name",
            "company" | "org_name" => "company",
            "jobtitle" | "job_title" => "job_title",
            "phone" => "phone",
            "website" => "website",
            "city" => "city",
            _ => "",
        }
    }

    /// The name under which it holds a field of ours; `None` where it has none.
    pub fn field_of(self, target: &str) -> Option<&'static str> {
        self.fields().iter().copied().find(|field| self.usual_target(field) == target && *field != "org_name")
    }
}

/// What of ours a field of theirs may go to; anything else is a field of the workspace's own.
pub const TARGETS: &[(&str, &str)] = &[
    ("", "Leave out"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("company", "Company"),
    ("job_title", "Job title"),
    ("phone", "Phone"),
    ("website", "Web site"),
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct System {
    pub workspace: WorkspaceId,
    pub vendor: Vendor,
    /// What it calls itself.
    pub account: String,
    /// What it says of the account that outlasts a new name; empty where it says nothing.
    #[serde(default)]
    pub account_id: String,
    pub token: SealedSecret,
    pub made_by: Option<UserId>,
    pub made_at: UnixMillis,
    pub state: State,
    /// Their field to ours; empty: left out.
    pub mapping: BTreeMap<String, String>,
    /// Put on whoever is pulled; may be empty.
    #[serde(default)]
    pub tag: String,
    /// Changes are pulled every hour.
    #[serde(default)]
    pub keeps_up: bool,
    #[serde(default)]
    pub writes: Writes,
    #[serde(default)]
    pub looked: Option<Report>,
    #[serde(default)]
    pub pull: Pull,
    /// What it would not have written.
    #[serde(default)]
    pub refused: Option<Refused>,
}

/// Writes that were refused for good: how many, and the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub count: u64,
    pub at: UnixMillis,
    /// Why, in the system's words.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Working,
    /// The token is refused, or lacks a permission.
    NeedsOwner {
        since: UnixMillis,
        reason: String,
    },
}

/// What is written on a person there, as a note; off until the owner chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writes {
    /// How an answer was read.
    pub labels: bool,
    /// Meetings booked, moved and cancelled.
    pub meetings: bool,
    /// Joined a sequence, and why it ended.
    pub status: bool,
}

/// Where pulling is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pull {
    pub is_running: bool,
    pub cursor: Option<String>,
    pub begun_at: Option<UnixMillis>,
    /// Changes since then are pulled next: the beginning of the last pull that came to its end.
    pub since: Option<UnixMillis>,
    pub report: Option<Report>,
}

/// What pulling came to, or would come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub at: UnixMillis,
    pub added: u64,
    pub updated: u64,
    pub same: u64,
    pub refused: u64,
    /// There were more than a look reads.
    pub has_more: bool,
    /// The first refused, with why.
    pub reasons: Vec<(String, String)>,
}

impl System {
    pub fn usual_mapping(vendor: Vendor) -> BTreeMap<String, String> {
        vendor.fields().iter().map(|field| ((*field).to_owned(), vendor.usual_target(field).to_owned())).collect()
    }

    /// Whether that is the account that is connected. Where no id is known, the name has to do.
    pub fn is_of(&self, account: &Account) -> bool {
        if self.account_id.is_empty() || account.id.is_empty() {
            return self.account == account.name;
        }
        self.account_id == account.id
    }

    /// By this an answer is known to be of the account that is still connected.
    pub fn account_key(&self) -> String {
        format!("{}|{}", self.account_id, self.account)
    }

    /// Somebody of theirs as a contact.
    pub fn fields_of(&self, person: &Person) -> ContactFields {
        let mut fields = ContactFields {
            addresses: person.emails.clone(),
            tags: Some(self.tag.clone()).filter(|tag| !tag.is_empty()).into_iter().collect(),
            ..ContactFields::default()
        };
        for (theirs, value) in &person.fields {
            let target = self.mapping.get(theirs).map(String::as_str).unwrap_or_default();
            put(&mut fields, target, value.clone());
        }
        // A phone number or a web site that does not parse must not keep the person out.
        if fields.phone.chars().filter(char::is_ascii_digit).count() < 3 {
            fields.phone.clear();
        }
        if !fields.website.contains('.') {
            fields.website.clear();
        }
        fields
    }
}
