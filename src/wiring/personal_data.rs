//! Every table of the program, with what privacy needs to know about it. A table that is not listed here does
//! not exist for export, erasure and retention, so a test walks the declarations against what is on disk.

use crate::base::{ContactId, WorkspaceId};
use crate::store::{Declared, Person, Store, StoreError};
use crate::{
    addresses, agents, audit, availability, bookings, channels, connections, contacts, deliverability, engines, events,
    follow_ups, identity, jobs, leads, mailer, messaging, operator, outreach, payments, workers, workspaces,
};

/// All tables, room by room.
pub fn tables() -> Vec<Declared> {
    let mut all = crate::store::own_tables().to_vec();
    all.extend_from_slice(jobs::TABLES);
    all.extend_from_slice(events::TABLES);
    all.extend_from_slice(audit::TABLES);
    all.extend_from_slice(super::idempotency::TABLES);
    all.extend_from_slice(super::backup_trouble::TABLES);
    all.extend_from_slice(mailer::TABLES);
    all.extend_from_slice(identity::TABLES);
    all.extend_from_slice(workspaces::TABLES);
    all.extend(connections::tables());
    all.extend(deliverability::tables());
    all.extend(contacts::tables());
    all.extend(addresses::tables());
    all.extend_from_slice(workers::TABLES);
    all.extend(messaging::tables());
    all.extend(engines::tables());
    all.extend(availability::tables());
    all.extend(payments::tables());
    all.extend(channels::tables());
    all.extend(outreach::tables());
    all.extend_from_slice(follow_ups::TABLES);
    all.extend(agents::tables());
    all.extend(bookings::tables());
    all.extend(leads::tables());
    all.extend(operator::tables());
    all
}

/// Everything held about a contact: table name and its rows as JSON.
pub fn export_contact(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Vec<(&'static str, Vec<serde_json::Value>)>, StoreError> {
    let person = Person::Contact(workspace, contact);
    let mut found = Vec::new();
    for table in tables() {
        let Some(export) = table.export else { continue };
        let rows = export(store, person)?;
        if !rows.is_empty() {
            found.push((table.info.name, rows));
        }
    }
    Ok(found)
}

/// Erases what is held about a contact besides the contact itself, upper rooms first, except where a table states why
/// it keeps something. Returns how many rows went.
pub fn erase_contact(store: &Store, workspace: WorkspaceId, contact: ContactId) -> Result<usize, StoreError> {
    let person = Person::Contact(workspace, contact);
    let others = tables().into_iter().rev().filter(|table| table.info.name != "contacts");
    let erasers = others.filter_map(|table| table.erase);
    erasers.map(|erase| erase(store, person)).sum()
}
