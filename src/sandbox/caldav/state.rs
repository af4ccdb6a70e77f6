//! Calendars and their files in memory. Every change raises a collection's version, which tags and tokens are made of.

use std::collections::{BTreeMap, BTreeSet};

use super::seed;
use crate::base::UnixMillis;
use crate::sandbox::google::calendar::TOKEN_LIFE;
use crate::sandbox::quota::Quota;

/// Before each sync token (RFC 6578 section 3.2: a URI).
const TOKENS: &str = "http://sandbox.example/ns/sync/";

#[derive(Default)]
pub(in crate::sandbox) struct Server {
    /// Each account's collections.
    people: BTreeMap<String, Vec<Collection>>,
    locked: BTreeSet<String>,
    pub quota: Quota,
}

pub(super) struct Collection {
    /// The last segment of its address.
    pub name: String,
    pub title: String,
    /// IANA name.
    pub zone: String,
    pub is_writable: bool,
    pub resources: BTreeMap<String, Resource>,
    pub removed: BTreeMap<String, Resource>,
    pub version: u64,
    /// Sync tokens of earlier versions have expired.
    pub floor: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub text: String,
    /// The collection's version when it last changed.
    pub version: u64,
}

impl Resource {
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

impl Server {
    /// Gives a new account its calendars: one of its own, and one that it may only read.
    pub fn open(&mut self, email: &str, zone: &str) {
        let collection = |name: &str, title: &str, is_writable| Collection {
            name: name.to_owned(),
            title: title.to_owned(),
            zone: zone.to_owned(),
            is_writable,
            resources: BTreeMap::new(),
            removed: BTreeMap::new(),
            version: 1,
            floor: 1,
        };
        let all = vec![collection("home", "Home", true), collection("club", "Club fixtures", false)];
        self.people.insert(email.to_lowercase(), all);
    }

    /// Fills the owner's calendars.
    pub fn seed(&mut self, email: &str, zone: &str, now: UnixMillis) {
        let Some(own) = self.people.get_mut(email) else { return };
        for (collection, files) in own.iter_mut().zip(seed::files(zone, now)) {
            for (name, text) in files {
                collection.put(&name, text);
            }
        }
    }

    pub(super) fn of(&self, person: &str) -> &[Collection] {
        self.people.get(&person.to_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn find(&self, person: &str, name: &str) -> Option<&Collection> {
        self.of(person).iter().find(|one| one.name == name)
    }

    pub(super) fn find_mut(&mut self, person: &str, name: &str) -> Option<&mut Collection> {
        self.people.get_mut(&person.to_lowercase())?.iter_mut().find(|one| one.name == name)
    }

    pub fn expire_sync(&mut self, person: &str) {
        for one in self.people.get_mut(&person.to_lowercase()).into_iter().flatten() {
            one.version += 1;
            one.floor = one.version;
        }
    }

    pub fn lock(&mut self, person: &str) {
        self.locked.insert(person.to_lowercase());
    }

    pub fn is_locked(&self, person: &str) -> bool {
        self.locked.contains(person)
    }
}

impl Collection {
    /// The address of a member, or of the collection itself.
    pub fn href(&self, person: &str, member: &str) -> String {
        format!("/caldav/calendars/{person}/{}/{member}", self.name)
    }

    pub fn put(&mut self, name: &str, text: String) -> &Resource {
        self.version += 1;
        self.removed.remove(name);
        let resource = Resource { text, version: self.version };
        self.resources.entry(name.to_owned()).insert_entry(resource).into_mut()
    }

    pub fn remove(&mut self, name: &str) -> bool {
        let Some(gone) = self.resources.remove(name) else { return false };
        self.version += 1;
        self.removed.insert(name.to_owned(), Resource { version: self.version, ..gone });
        true
    }

    pub fn token(&self, version: u64, now: UnixMillis) -> String {
        format!("{TOKENS}{version}-{}", now.0)
    }

    /// The version that a token speaks of, while it is known.
    pub fn read_token(&self, token: &str, now: UnixMillis) -> Option<u64> {
        let (version, given) = token.strip_prefix(TOKENS)?.split_once('-')?;
        let (version, given) = (version.parse().ok()?, UnixMillis(given.parse().ok()?));
        (version >= self.floor && version <= self.version && given.plus(TOKEN_LIFE) >= now).then_some(version)
    }
}
