//! Asking for a page, and what people do with what it said.

use super::jobs;
use super::model::{Reading, State, FIELDS};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor, EmailAddress, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact, ContactError, ContactFields, Source};
use crate::events::{self, Happened};
use crate::leads::LeadError;
use crate::providers::web_page::Kind;
use crate::store::{StoreError, Txn};

/// Pages asked for at once by a tag.
const MOST_AT_ONCE: usize = 500;

/// What was read of a contact's company, if anybody asked.
pub fn get(app: &App, actor: &Actor, id: ContactId) -> Result<Option<Reading>, LeadError> {
    actor.require(Permission::ViewContacts)?;
    contacts::get(&app.store, actor.workspace, id)?.ok_or(LeadError::NotFound)?;
    Ok(store::get(&app.store, actor.workspace, id)?)
}

/// Asks for a page to be read; an empty address means the contact's web site. It is read in the background.
pub fn ask(app: &App, actor: &Actor, id: ContactId, url: &str) -> Result<Reading, LeadError> {
    actor.require(Permission::EditContacts)?;
    let contact = contacts::get(&app.store, actor.workspace, id)?.ok_or(LeadError::NotFound)?;
    if contact.restricted {
        return Err(LeadError::Restricted);
    }
    let url = page_of(app, &contact, url).map_err(|words| LeadError::field("url", words))?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        let reading = Reading::begin(id, &url, store::find(txn, workspace, id)?, now);
        store::put(txn, workspace, &reading)?;
        jobs::plan(txn, workspace, &reading, now)?;
        audit::record(txn, workspace, now, &Who::of(actor), "page.asked_for", &format!("contact {id}"), "")?;
        Ok(reading)
    })
}

/// The address as it will be called, or what is wrong with it.
fn page_of(app: &App, contact: &Contact, url: &str) -> Result<String, String> {
    let typed = if url.trim().is_empty() { contact.website.trim() } else { url.trim() };
    if typed.is_empty() {
        return Err("Write the address of their page, for example example.com.".to_owned());
    }
    let whole = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let target = app.outbound.user_given(&whole).map_err(|refused| refused.to_string())?;
    Ok(target.url().to_string())
}

/// Asks for the pages of all contacts of a tag that have a web site and were not read yet. Gives how many.
pub fn ask_tag(app: &App, actor: &Actor, tag: &str) -> Result<usize, LeadError> {
    actor.require(Permission::ImportContacts)?;
    let workspace = actor.workspace;
    let mut asked = 0;
    let mut after: Option<Cursor> = None;
    loop {
        let page = contacts::list_of_tag(&app.store, workspace, tag, after.as_ref(), 100)?;
        for id in &page.rows {
            let wanted = contacts::get(&app.store, workspace, *id)?
                .filter(|contact| !contact.restricted && !contact.website.is_empty());
            if wanted.is_none() || store::get(&app.store, workspace, *id)?.is_some() {
                continue;
            }
            match ask(app, actor, *id, "") {
                Ok(_) => asked += 1,
                // A web site that cannot be called keeps the others from nothing.
                Err(LeadError::Invalid(_) | LeadError::NotFound | LeadError::Restricted) => {}
                Err(error) => return Err(error),
            }
        }
        after = page.next;
        if after.is_none() || asked >= MOST_AT_ONCE {
            return Ok(asked);
        }
    }
}

/// Takes one fact away for good, from the contact's fields too where it stands there unchanged.
pub fn forget(app: &App, actor: &Actor, id: ContactId, kind: Kind, value: &str) -> Result<Reading, LeadError> {
    actor.require(Permission::EditContacts)?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        let mut reading = store::find(txn, workspace, id)?.ok_or(LeadError::NotFound)?;
        let before = reading.clone();
        if !reading.forget(kind, value) {
            return Err(LeadError::NotFound);
        }
        store::put(txn, workspace, &reading)?;
        write_fields(txn, workspace, Some(&before), &reading, now)?;
        audit::record(
            txn,
            workspace,
            now,
            &Who::of(actor),
            "page.fact_forgotten",
            &format!("contact {id}"),
            kind.as_str(),
        )?;
        Ok(reading)
    })
}

/// Takes an address that was found over as a contact of the same company. What is known already is opened instead.
pub fn accept(app: &App, actor: &Actor, id: ContactId, address: &str) -> Result<ContactId, LeadError> {
    actor.require(Permission::EditContacts)?;
    let contact = contacts::get(&app.store, actor.workspace, id)?.ok_or(LeadError::NotFound)?;
    let reading = store::get(&app.store, actor.workspace, id)?.ok_or(LeadError::NotFound)?;
    let is_found = |fact: &&super::model::Fact| fact.kind == Kind::Email && fact.value == address;
    let found = reading.facts.iter().find(is_found).ok_or(LeadError::NotFound)?;
    let fields = ContactFields {
        addresses: vec![found.value.clone()],
        company: contact.company.clone(),
        website: contact.website.clone(),
        ..ContactFields::default()
    };
    match contacts::add_contact(app, actor, &fields, Source::WebPage) {
        Ok(added) => Ok(added.id),
        Err(ContactError::Duplicate(known)) => Ok(known),
        Err(ContactError::Invalid(errors)) => Err(LeadError::Invalid(errors)),
        Err(ContactError::Denied(denied)) => Err(denied.into()),
        Err(ContactError::NotFound) => Err(LeadError::NotFound),
        Err(ContactError::Restricted) => Err(LeadError::Restricted),
        Err(ContactError::Store(error)) => Err(error.into()),
    }
}

/// Addresses that were found and belong to nobody yet.
pub(super) fn suggestions(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reading: &Reading,
) -> Result<Vec<String>, StoreError> {
    let mut open = Vec::new();
    for fact in reading.facts.iter().filter(|fact| fact.kind == Kind::Email) {
        let Ok(address) = EmailAddress::parse(&fact.value) else { continue };
        if contacts::find_by_address(txn, workspace, &address)?.is_none() {
            open.push(fact.value.clone());
        }
    }
    Ok(open)
}

/// Brings the contact's fields in line with the facts. A field that somebody wrote over is theirs.
pub(super) fn write_fields(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    before: Option<&Reading>,
    after: &Reading,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let found = contacts::find(txn, workspace, after.contact)?.filter(|contact| !contact.restricted);
    let Some(contact) = found else { return Ok(()) };
    let mut changed = contact.clone();
    for (_, name) in FIELDS {
        let of =
            |reading: &Reading| reading.fields().find(|(known, _)| known == name).map(|(_, value)| value.to_owned());
        let (old, new) = (before.and_then(of), of(after));
        let own = contact.custom.get(*name);
        if own.is_some() && own != old.as_ref() {
            continue;
        }
        match new {
            Some(value) => changed.custom.insert((*name).to_owned(), value),
            None => changed.custom.remove(*name),
        };
    }
    if changed.custom == contact.custom {
        return Ok(());
    }
    changed.changed_at = now;
    contacts::put(txn, &changed, Some(&contact))?;
    events::append(txn, workspace, now, Happened::ContactChanged { contact: contact.id }).map(drop)
}

/// Why it is not read, kept with the reading.
pub(super) fn refuse(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reading: &Reading,
    words: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let state = State::Refused { at: now, words: words.to_owned() };
    store::put(txn, workspace, &Reading { state, ..reading.clone() })
}
