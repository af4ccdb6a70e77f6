//! What pages, programs and sequences ask about a contact's addresses.

use super::look::look;
use super::model::{DomainMail, TakesMail};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{doubts, ContactId, Doubt, EmailAddress, WorkspaceId};
use crate::contacts::{self, Contact, ContactError};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// One address with all that is known about it.
#[derive(Clone, Debug)]
pub struct AddressReport {
    pub address: EmailAddress,
    pub doubts: Vec<Doubt>,
    /// Absent: nobody has asked yet.
    pub domain: Option<DomainMail>,
}

impl AddressReport {
    pub fn takes(&self) -> Option<TakesMail> {
        self.domain.as_ref().map(|domain| domain.takes)
    }

    /// A domain that answered, and nothing doubtful.
    pub fn is_good(&self) -> bool {
        self.doubts.is_empty() && self.takes() == Some(TakesMail::Yes)
    }
}

/// All addresses of a contact, the one written to first.
pub fn reports(txn: &mut Txn<'_>, contact: &Contact) -> Result<Vec<AddressReport>, StoreError> {
    let report = |address: &EmailAddress| {
        let domain = store::find(txn, contact.workspace, address.domain())?;
        Ok(AddressReport { address: address.clone(), doubts: doubts(address), domain })
    };
    contact.addresses.iter().map(report).collect()
}

/// Why nothing can be delivered to this address, with the cure; `None` where nothing is known against it.
pub fn why_no_mail(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    address: &EmailAddress,
) -> Result<Option<String>, StoreError> {
    let found = store::find(txn, workspace, address.domain())?;
    Ok(found.filter(|domain| domain.takes.is_no()).map(|domain| domain.words()))
}

/// The addresses of one contact, as somebody may see them.
pub(super) fn get(app: &App, actor: &Actor, id: ContactId) -> Result<Vec<AddressReport>, ContactError> {
    actor.require(Permission::ViewContacts)?;
    let contact = contacts::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
    Ok(app.store.read(|txn| reports(txn, &contact))?)
}

/// Asks anew about the domains of a contact's addresses, at somebody's wish. Takes as long as the name servers take.
pub fn check_now(app: &App, actor: &Actor, id: ContactId) -> Result<Vec<AddressReport>, ContactError> {
    actor.require(Permission::EditContacts)?;
    let contact = contacts::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
    if contact.restricted {
        return Err(ContactError::Restricted);
    }
    check(app, &contact, Some(&Who::of(actor)))?;
    get(app, actor, id)
}

/// Asks about the domains that are due, all of them when a person asked, and says what was found where it is news.
pub(super) fn check(app: &App, contact: &Contact, who: Option<&Who>) -> Result<(), StoreError> {
    let (workspace, now) = (contact.workspace, app.now());
    let mut domains: Vec<&str> = contact.addresses.iter().map(EmailAddress::domain).collect();
    domains.sort_unstable();
    domains.dedup();
    let known = app.store.read(|txn| {
        domains.iter().map(|domain| store::find(txn, workspace, domain)).collect::<Result<Vec<_>, StoreError>>()
    })?;
    let series = app.dns.series();
    let is_due = |known: &Option<DomainMail>| who.is_some() || known.as_ref().is_none_or(|known| !known.is_fresh(now));
    let due = domains.iter().zip(&known).filter(|(_, known)| is_due(known));
    let found: Vec<DomainMail> = due.map(|(domain, _)| look(&app.config, &series, domain, now)).collect();
    app.store.write(|txn| {
        for domain in &found {
            store::note(txn, workspace, domain)?;
        }
        if let Some(who) = who {
            audit::record(
                txn,
                workspace,
                now,
                who,
                "contact.addresses_checked",
                &format!("contact {}", contact.id),
                "",
            )?;
        }
        if found.is_empty() {
            return Ok(());
        }
        let refused = reports(txn, contact)?.iter().filter(|one| one.takes().is_some_and(TakesMail::is_no)).count();
        let happened = Happened::AddressesChecked { contact: Some(contact.id), refused: refused as u64 };
        events::append(txn, workspace, now, happened).map(drop)
    })
}
