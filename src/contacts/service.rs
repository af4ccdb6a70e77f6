//! What people and programs do with one contact. Imports, which do it with many, check fields by the same rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Contact, Source};
use super::search::plan_index;
use super::store;
use super::tags::{parse_tag, wrong_tag, MAX_TAGS};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ContactId, EmailAddress, NoteId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::http::ui::FieldErrors;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// Characters of one field.
pub(super) const LONGEST_FIELD: usize = 200;
pub(super) const LONGEST_CUSTOM: usize = 2_000;
pub(super) const MAX_CUSTOM: usize = 60;
pub(super) const MAX_ADDRESSES: usize = 10;
const LONGEST_NOTE: usize = 4_000;
const MAX_NOTES: usize = 200;

/// What a form or a request says about a contact; nothing of it is checked yet. Empty means "not known".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactFields {
    pub first_name: String,
    pub last_name: String,
    /// The first is the one written to.
    pub addresses: Vec<String>,
    pub company: String,
    pub job_title: String,
    pub phone: String,
    pub website: String,
    /// IANA name.
    pub time_zone: String,
    /// BCP 47.
    pub locale: String,
    pub custom: BTreeMap<String, String>,
    pub tags: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such contact")]
    NotFound,
    /// What does not parse, by field.
    #[error("some fields do not parse")]
    Invalid(FieldErrors),
    /// The address is already in this workspace; the page links to its contact.
    #[error("a contact with this address already exists")]
    Duplicate(ContactId),
    /// Processing is frozen on the person's request.
    #[error("processing of this contact is restricted")]
    Restricted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ContactError {
    pub(super) fn field(name: &'static str, words: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(name, words);
        Self::Invalid(errors)
    }
}

/// Fields that parsed, cleaned of control characters and outer white space.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checked {
    first_name: String,
    last_name: String,
    pub addresses: Vec<EmailAddress>,
    company: String,
    job_title: String,
    phone: String,
    website: String,
    time_zone: Option<String>,
    locale: Option<String>,
    custom: BTreeMap<String, String>,
    pub tags: Vec<String>,
}

impl ContactFields {
    /// What a contact has now, as a form shows it.
    pub fn of(contact: &Contact) -> Self {
        Self {
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            addresses: contact.addresses.iter().map(|address| address.display().to_owned()).collect(),
            company: contact.company.clone(),
            job_title: contact.job_title.clone(),
            phone: contact.phone.clone(),
            website: contact.website.clone(),
            time_zone: contact.time_zone.clone().unwrap_or_default(),
            locale: contact.locale.clone().unwrap_or_default(),
            custom: contact.custom.clone(),
            tags: contact.tags.clone(),
        }
    }

    /// Whether all of it can be taken, whoever is known already.
    pub fn is_valid(&self) -> bool {
        self.check().is_ok()
    }

    /// Checks every field and says all that is wrong at once.
    pub(super) fn check(&self) -> Result<Checked, FieldErrors> {
        let mut errors = FieldErrors::default();
        let checked = Checked {
            first_name: short(&self.first_name, "first_name", &mut errors),
            last_name: short(&self.last_name, "last_name", &mut errors),
            addresses: check_addresses(&self.addresses, &mut errors),
            company: short(&self.company, "company", &mut errors),
            job_title: short(&self.job_title, "job_title", &mut errors),
            phone: check_phone(&self.phone, &mut errors),
            website: check_website(&self.website, &mut errors),
            time_zone: check_zone(&self.time_zone, &mut errors),
            locale: check_locale(&self.locale, &mut errors),
            custom: check_custom(&self.custom, &mut errors),
            tags: check_tags(&self.tags, &mut errors),
        };
        if errors.is_empty() {
            Ok(checked)
        } else {
            Err(errors)
        }
    }
}

/// One line: control characters and runs of white space become one space.
pub(super) fn clean(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str, field: &'static str, errors: &mut FieldErrors) -> String {
    let text = clean(text);
    if text.chars().count() > LONGEST_FIELD {
        errors.add(field, format!("Shorten this to {LONGEST_FIELD} characters."));
    }
    text
}

fn check_addresses(raw: &[String], errors: &mut FieldErrors) -> Vec<EmailAddress> {
    let mut addresses: Vec<EmailAddress> = Vec::new();
    for raw in raw.iter().filter(|raw| !raw.trim().is_empty()) {
        match EmailAddress::parse(raw) {
            Ok(address) if !addresses.contains(&address) => addresses.push(address),
            Ok(_) => {}
            Err(error) => errors.add("email", format!("“{}”: {error}", clean(raw))),
        }
    }
    if addresses.is_empty() && errors.of("email").is_empty() {
        errors.add("email", "Write an address, for example ada@example.com.");
    }
    if addresses.len() > MAX_ADDRESSES {
        errors.add("email", format!("A contact has at most {MAX_ADDRESSES} addresses."));
    }
    addresses
}

fn check_phone(raw: &str, errors: &mut FieldErrors) -> String {
    let phone = short(raw, "phone", errors);
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    if !phone.is_empty() && digits < 3 {
        errors.add("phone", "A phone number has at least three digits, for example +44 1632 960471.");
    }
    phone
}

fn check_website(raw: &str, errors: &mut FieldErrors) -> String {
    let website = short(raw, "website", errors);
    if website.is_empty() {
        return website;
    }
    let whole = if website.contains("://") { website.clone() } else { format!("https://{website}") };
    match url::Url::parse(&whole) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.')) =>
        {
            whole
        }
        _ => {
            errors.add("website", "Write an address of a web site, for example example.com.");
            website
        }
    }
}

fn check_zone(raw: &str, errors: &mut FieldErrors) -> Option<String> {
    let zone = clean(raw);
    if zone.is_empty() {
        return None;
    }
    match jiff::tz::TimeZone::get(&zone) {
        Ok(found) => Some(found.iana_name().unwrap_or(&zone).to_owned()),
        Err(_) => {
            errors.add("time_zone", "Write a time zone as region and city, for example Europe/London.");
            None
        }
    }
}

/// Language and region as in BCP 47 (RFC 5646), the forms that occur: `en`, `en-GB`, `pt-BR`, `zh-Hant-TW`.
fn check_locale(raw: &str, errors: &mut FieldErrors) -> Option<String> {
    let locale = clean(raw).replace('_', "-");
    if locale.is_empty() {
        return None;
    }
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let rest_fits = parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if is_language && rest_fits && locale.len() <= 35 {
        return Some(locale);
    }
    errors.add("locale", "Write a language as its code, for example en-GB or de.");
    None
}

/// Keys as in merge fields: lower case letters, digits and `_`, beginning with a letter.
pub(super) fn is_custom_key(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.len() <= 40
        && key.chars().all(fits)
        && !super::FIELDS.contains(&key)
}

fn check_custom(raw: &BTreeMap<String, String>, errors: &mut FieldErrors) -> BTreeMap<String, String> {
    let mut custom = BTreeMap::new();
    for (key, value) in raw {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        if !is_custom_key(key) {
            let words = format!("“{key}”: a field is named by lower case letters, digits and _, for example rooms.");
            errors.add("custom", words);
        } else if value.chars().count() > LONGEST_CUSTOM {
            errors.add("custom", format!("Shorten “{key}” to {LONGEST_CUSTOM} characters."));
        } else {
            custom.insert(key.clone(), value.chars().filter(|c| !c.is_control() || *c == '\n').collect());
        }
    }
    if custom.len() > MAX_CUSTOM {
        errors.add("custom", format!("A contact has at most {MAX_CUSTOM} fields of your own."));
    }
    custom
}

fn check_tags(raw: &[String], errors: &mut FieldErrors) -> Vec<String> {
    let mut tags = Vec::new();
    for raw in raw.iter().filter(|raw| !raw.trim().is_empty()) {
        match parse_tag(raw) {
            Some(tag) => tags.push(tag),
            None => errors.add("tags", wrong_tag()),
        }
    }
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > MAX_TAGS {
        errors.add("tags", format!("A contact has at most {MAX_TAGS} tags."));
    }
    tags
}

impl Checked {
    pub(super) fn into_contact(
        self,
        id: ContactId,
        workspace: WorkspaceId,
        source: Source,
        now: UnixMillis,
    ) -> Contact {
        Contact {
            id,
            workspace,
            first_name: self.first_name,
            last_name: self.last_name,
            addresses: self.addresses,
            company: self.company,
            job_title: self.job_title,
            phone: self.phone,
            website: self.website,
            time_zone: self.time_zone,
            locale: self.locale,
            custom: self.custom,
            tags: self.tags,
            source,
            created_at: now,
            changed_at: now,
            restricted: false,
        }
    }

    /// `before` with these fields instead of its own; what it is and where it came from stays.
    fn replace(self, before: &Contact, now: UnixMillis) -> Contact {
        Contact {
            created_at: before.created_at,
            changed_at: now,
            ..self.into_contact(before.id, before.workspace, before.source.clone(), now)
        }
    }

    /// `before` with these fields where they say something: over what it has, or only where it has nothing. Tags
    /// and addresses are added, never taken away.
    pub(super) fn join(&self, before: &Contact, overwrite: bool) -> Contact {
        let mut after = before.clone();
        let text = |own: &mut String, new: &String| {
            if !new.is_empty() && (overwrite || own.is_empty()) {
                own.clone_from(new);
            }
        };
        text(&mut after.first_name, &self.first_name);
        text(&mut after.last_name, &self.last_name);
        text(&mut after.company, &self.company);
        text(&mut after.job_title, &self.job_title);
        text(&mut after.phone, &self.phone);
        text(&mut after.website, &self.website);
        let choice = |own: &mut Option<String>, new: &Option<String>| {
            if new.is_some() && (overwrite || own.is_none()) {
                own.clone_from(new);
            }
        };
        choice(&mut after.time_zone, &self.time_zone);
        choice(&mut after.locale, &self.locale);
        for (key, value) in &self.custom {
            text(after.custom.entry(key.clone()).or_default(), value);
        }
        after.tags.extend(self.tags.iter().cloned());
        after.tags.sort_unstable();
        after.tags.dedup();
        after.tags.truncate(MAX_TAGS);
        after
    }
}

/// Adds one contact to the actor's workspace. Sends nothing and needs no consent: that is decided at the gate out.
pub fn add_contact(app: &App, actor: &Actor, fields: &ContactFields, source: Source) -> Result<Contact, ContactError> {
    actor.require(Permission::EditContacts)?;
    let checked = fields.check().map_err(ContactError::Invalid)?;
    let now = app.now();
    let contact = checked.into_contact(ContactId::new(now), actor.workspace, source, now);
    app.store.write(|txn| {
        refuse_taken(txn, &contact)?;
        store::put(txn, &contact, None)?;
        events::append(txn, contact.workspace, now, Happened::ContactCreated { contact: contact.id })?;
        record(txn, actor, now, "contact.created", contact.id)
    })?;
    Ok(contact)
}

/// What became of somebody who came in from another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    Added(ContactId),
    Updated(ContactId),
    /// Known, and nothing to fill in.
    Same(ContactId),
    /// What is wrong, as a sentence.
    Refused(String),
}

/// Takes somebody over from another system: whoever has one of the addresses gets what was empty filled in, and the
/// tags on top; else a contact is added. With `only_look` nothing is written, and an added contact has an id that
/// nobody has. Sends nothing and needs no consent: that is decided at the gate out.
pub fn bring_in(
    app: &App,
    actor: &Actor,
    fields: &ContactFields,
    source: &Source,
    only_look: bool,
) -> Result<Brought, ContactError> {
    actor.require(Permission::EditContacts)?;
    let checked = match fields.check() {
        Ok(checked) => checked,
        Err(errors) => {
            let words: Vec<&str> = errors.iter().map(|(_, words)| words.as_str()).collect();
            return Ok(Brought::Refused(words.join(" ")));
        }
    };
    let now = app.now();
    let new = checked.clone().into_contact(ContactId::new(now), actor.workspace, source.clone(), now);
    let plan = |txn: &mut Txn<'_>| {
        let mut known: Option<Contact> = None;
        for address in &checked.addresses {
            let Some(found) = store::find_by_address(txn, actor.workspace, address)? else { continue };
            if known.as_ref().is_some_and(|known| known.id != found.id) {
                return Ok((Brought::Refused("Its addresses belong to two different contacts.".to_owned()), None));
            }
            known = Some(found);
        }
        let Some(before) = known else { return Ok((Brought::Added(new.id), Some((None, new.clone())))) };
        if before.restricted {
            return Ok((Brought::Refused("Processing of this contact is restricted.".to_owned()), None));
        }
        let after = checked.join(&before, false);
        if after == before {
            return Ok((Brought::Same(before.id), None));
        }
        Ok::<_, StoreError>((Brought::Updated(before.id), Some((Some(before), Contact { changed_at: now, ..after }))))
    };
    if only_look {
        return Ok(app.store.read(plan)?.0);
    }
    app.store.write(|txn| {
        let (brought, change) = plan(txn)?;
        let Some((before, after)) = change else { return Ok(brought) };
        store::put(txn, &after, before.as_ref())?;
        let (what, act) = match before {
            None => (Happened::ContactCreated { contact: after.id }, "contact.created"),
            Some(_) => (Happened::ContactChanged { contact: after.id }, "contact.changed"),
        };
        events::append(txn, actor.workspace, now, what)?;
        record(txn, actor, now, act, after.id)?;
        Ok(brought)
    })
}

/// Replaces a contact's fields by those given.
pub fn update_contact(
    app: &App,
    actor: &Actor,
    id: ContactId,
    fields: &ContactFields,
) -> Result<Contact, ContactError> {
    actor.require(Permission::EditContacts)?;
    let checked = fields.check().map_err(ContactError::Invalid)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
        if before.restricted {
            return Err(ContactError::Restricted);
        }
        let after = checked.clone().replace(&before, now);
        refuse_taken(txn, &after)?;
        store::put(txn, &after, Some(&before))?;
        events::append(txn, actor.workspace, now, Happened::ContactChanged { contact: id })?;
        record(txn, actor, now, "contact.changed", id)?;
        Ok(after)
    })
}

/// Freezes processing of the person's data on their request: it is kept, nothing is sent, nothing is changed.
pub fn restrict(app: &App, actor: &Actor, id: ContactId) -> Result<(), ContactError> {
    set_restricted(app, actor, id, true)
}

pub fn unrestrict(app: &App, actor: &Actor, id: ContactId) -> Result<(), ContactError> {
    set_restricted(app, actor, id, false)
}

fn set_restricted(app: &App, actor: &Actor, id: ContactId, restricted: bool) -> Result<(), ContactError> {
    actor.require(Permission::EditContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
        if before.restricted == restricted {
            return Ok(());
        }
        let after = Contact { restricted, changed_at: now, ..before.clone() };
        store::put(txn, &after, Some(&before))?;
        events::append(txn, actor.workspace, now, Happened::ContactChanged { contact: id })?;
        record(txn, actor, now, if restricted { "contact.restricted" } else { "contact.unrestricted" }, id)
    })
}

/// Removes a contact with its notes. What other rooms hold about the person is erased by the caller, table by table.
pub fn erase_contact(app: &App, actor: &Actor, id: ContactId) -> Result<(), ContactError> {
    actor.require(Permission::EditContacts)?;
    let now = app.now();
    app.store.write_reserved(|txn| {
        let contact = store::find(txn, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
        store::remove(txn, &contact)?;
        events::append(txn, actor.workspace, now, Happened::ContactErased { contact: id })?;
        // The event loses its contact when the log is erased too, so the index is not left to its subscriber.
        plan_index(txn, actor.workspace, now)?;
        record(txn, actor, now, "contact.erased", id)
    })?;
    erase_notes(&app.store, Person::Contact(actor.workspace, id))?;
    Ok(())
}

fn refuse_taken(txn: &mut Txn<'_>, contact: &Contact) -> Result<(), ContactError> {
    for address in &contact.addresses {
        match store::find_id_by_address(txn, contact.workspace, address)? {
            Some(other) if other != contact.id => return Err(ContactError::Duplicate(other)),
            _ => {}
        }
    }
    Ok(())
}

fn record(txn: &mut Txn<'_>, actor: &Actor, now: UnixMillis, act: &str, id: ContactId) -> Result<(), ContactError> {
    Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("contact {id}"), "")?)
}

/// What a colleague wrote about a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub id: NoteId,
    pub by: String,
    pub at: UnixMillis,
    pub text: String,
}

const NOTES: Table<Note> = Table::sealed(
    0x080A,
    "contact_notes",
    Tree::Contacts,
    Holds::Contact,
    Retention::UntilErased,
    "What the team noted about a contact.",
);

pub(super) const NOTE_TABLES: &[Declared] = &[Declared::personal(&NOTES, export_notes, erase_notes)];

fn notes_of(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&NOTES, workspace).id(contact.0)
}

/// Notes on a contact, newest first.
pub fn list_notes(store: &Store, workspace: WorkspaceId, contact: ContactId) -> Result<Vec<Note>, StoreError> {
    store.read(|txn| notes(txn, workspace, contact))
}

pub(super) fn notes(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ContactId) -> Result<Vec<Note>, StoreError> {
    let rows = txn.list(&NOTES, &notes_of(workspace, id), Dir::Backward, MAX_NOTES)?;
    Ok(rows.into_iter().map(|(_, note)| note).collect())
}

pub fn add_note(app: &App, actor: &Actor, contact: ContactId, text: &str) -> Result<Note, ContactError> {
    actor.require(Permission::EditContacts)?;
    let text: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
    if text.is_empty() || text.chars().count() > LONGEST_NOTE {
        return Err(ContactError::field("note", format!("Write 1 to {LONGEST_NOTE} characters.")));
    }
    let now = app.now();
    let note = Note { id: NoteId::new(now), by: actor.display.clone(), at: now, text };
    app.store.write(|txn| {
        let found = store::find(txn, actor.workspace, contact)?.ok_or(ContactError::NotFound)?;
        if found.restricted {
            return Err(ContactError::Restricted);
        }
        if notes(txn, actor.workspace, contact)?.len() >= MAX_NOTES {
            let words = format!("A contact has at most {MAX_NOTES} notes. Remove one first.");
            return Err(ContactError::field("note", words));
        }
        txn.put(&NOTES, &notes_of(actor.workspace, contact).id(note.id.0), &note)?;
        record(txn, actor, now, "note.added", contact)
    })?;
    Ok(note)
}

pub fn remove_note(app: &App, actor: &Actor, contact: ContactId, note: NoteId) -> Result<(), ContactError> {
    actor.require(Permission::EditContacts)?;
    let now = app.now();
    let place = notes_of(actor.workspace, contact).id(note.0);
    app.store.write(|txn| {
        if !txn.exists(&NOTES, &place)? {
            return Err(ContactError::NotFound);
        }
        txn.remove(&NOTES, &place)?;
        record(txn, actor, now, "note.removed", contact)
    })
}

fn export_notes(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let notes = list_notes(store, workspace, contact)?;
    Ok(notes.iter().filter_map(|note| serde_json::to_value(note).ok()).collect())
}

fn erase_notes(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&NOTES, &notes_of(workspace, contact))
}

#[cfg(test)]
mod tests;
