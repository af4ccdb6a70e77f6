//! Rows of sequences and enrolments, their lists and figures.
//!
//! Invariant: an enrolment's index rows and its worker's figures are written with it, in one place (`put`).

use super::enrol::LastRun;
use super::figures::{groups_of, Figures, Group, LastHundred};
use super::model::{Enrolment, Sequence};
use super::report;
use crate::base::{ConnectionId, ContactId, Cursor, EnrolmentId, Page, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const SEQUENCES: Table<Sequence> = Table::sealed(
    0x0b01,
    "sequences",
    Tree::Outreach,
    Holds::Nothing,
    Retention::Account,
    "The steps that a worker writes, with the texts that a person approved.",
);
const ENROLMENTS: Table<Enrolment> = Table::sealed(
    0x0b02,
    "enrolments",
    Tree::Outreach,
    Holds::Contact,
    Retention::UntilErased,
    "Which contact is in which sequence, what was sent and what came of it, so that nobody gets a step twice.",
);
const ACTIVE: Table<EnrolmentId> = Table::sealed(
    0x0b03,
    "enrolments_active",
    Tree::Index,
    Holds::Nothing,
    Retention::Served,
    "The one sequence in which a contact is at this moment.",
);
const BY_CONTACT: Table<()> = Table::index(0x0b04, "enrolments_by_contact", "Enrolments of one contact, by time.");
const BY_GROUP: Table<()> = Table::index(0x0b05, "enrolments_by_group", "Leads of a worker by what became of them.");
const QUEUED: Table<()> = Table::index(0x0b06, "enrolments_queued", "Leads whose mail waits for a mailbox.");
const FIGURES: Table<Figures> = Table::sealed(
    0x0b07,
    "outreach_figures",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many leads of a worker were written to, answered, bounced or opted out.",
);
const LAST_HUNDRED: Table<LastHundred> = Table::sealed(
    0x0b08,
    "outreach_last_hundred",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "What became of a worker's last hundred mails, so that it pauses by itself when too many bounce.",
);
const LAST_RUN: Table<LastRun> = Table::sealed(
    0x0b09,
    "outreach_last_enrolling",
    Tree::Outreach,
    Holds::Nothing,
    Retention::Account,
    "What came of adding the contacts of a tag as leads.",
);

const BY_COMPANY: Table<()> = Table::index(
    0x0b0a,
    "enrolments_by_company",
    "Leads that may still be written to, by the domain of their company.",
);

pub(super) fn tables() -> Vec<Declared> {
    vec![
        Declared::plain(&SEQUENCES),
        Declared::personal(&ENROLMENTS, export, erase),
        Declared::plain(&ACTIVE),
        Declared::plain(&BY_CONTACT),
        Declared::plain(&BY_GROUP),
        Declared::plain(&QUEUED),
        Declared::plain(&FIGURES),
        Declared::plain(&LAST_HUNDRED),
        Declared::plain(&LAST_RUN),
        Declared::plain(&BY_COMPANY),
    ]
    .into_iter()
    .chain(report::tables())
    .collect()
}

// ---- sequences ----

/// Keys in one read while counting.
const COUNTED_AT_ONCE: usize = 2_000;

fn sequence_key(workspace: WorkspaceId, id: SequenceId) -> Key {
    Key::of(&SEQUENCES, workspace).id(id.0)
}

pub fn find_sequence(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: SequenceId,
) -> Result<Option<Sequence>, StoreError> {
    txn.get(&SEQUENCES, &sequence_key(workspace, id))
}

pub fn get_sequence(store: &Store, workspace: WorkspaceId, id: SequenceId) -> Result<Option<Sequence>, StoreError> {
    store.get(&SEQUENCES, &sequence_key(workspace, id))
}

/// Oldest first: a workspace has few, so they are listed whole, however many.
pub fn list_sequences(store: &Store, workspace: WorkspaceId) -> Result<Vec<Sequence>, StoreError> {
    let mut all = Vec::new();
    store.each(&SEQUENCES, &Key::of(&SEQUENCES, workspace), |_, sequence| {
        all.push(sequence);
        Ok::<(), StoreError>(())
    })?;
    Ok(all)
}

pub(super) fn put_sequence(txn: &mut Txn<'_>, workspace: WorkspaceId, sequence: &Sequence) -> Result<(), StoreError> {
    txn.put(&SEQUENCES, &sequence_key(workspace, sequence.id), sequence)
}

pub(super) fn remove_sequence(txn: &mut Txn<'_>, workspace: WorkspaceId, id: SequenceId) -> Result<(), StoreError> {
    txn.remove(&SEQUENCES, &sequence_key(workspace, id))
}

// ---- enrolments ----

fn enrolment_key(workspace: WorkspaceId, id: EnrolmentId) -> Key {
    Key::of(&ENROLMENTS, workspace).id(id.0)
}

fn active_key(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&ACTIVE, workspace).id(contact.0)
}

fn by_contact(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&BY_CONTACT, workspace).id(contact.0)
}

fn by_group(workspace: WorkspaceId, worker: WorkerId, group: Group) -> Key {
    Key::of(&BY_GROUP, workspace).id(worker.0).u8(group as u8)
}

fn by_company(workspace: WorkspaceId, company: &[u8; 16]) -> Key {
    Key::of(&BY_COMPANY, workspace).bytes(company)
}

fn queued_prefix(workspace: WorkspaceId, mailbox: ConnectionId) -> Key {
    Key::of(&QUEUED, workspace).id(mailbox.0)
}

fn figures_key(workspace: WorkspaceId, worker: WorkerId) -> Key {
    Key::of(&FIGURES, workspace).id(worker.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
    txn.get(&ENROLMENTS, &enrolment_key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
    store.get(&ENROLMENTS, &enrolment_key(workspace, id))
}

/// The enrolment in which the contact is now.
pub fn find_active(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Option<Enrolment>, StoreError> {
    match txn.get(&ACTIVE, &active_key(workspace, contact))? {
        Some(id) => find(txn, workspace, id),
        None => Ok(None),
    }
}

/// Enrolments of a contact, newest first.
pub fn list_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Vec<Enrolment>, StoreError> {
    let keys = txn.keys(&BY_CONTACT, &by_contact(workspace, contact), Dir::Backward, 200)?;
    let ids = keys.iter().filter_map(Key::last_id).map(EnrolmentId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

/// Those of the workspace in the order in which they were added, a piece at a time.
pub(super) fn list_oldest(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    let page = store.page(&ENROLMENTS, &Key::of(&ENROLMENTS, workspace), after, Dir::Forward, limit)?;
    Ok(page.map(|(_, enrolment)| enrolment))
}

/// Enrolments of the workspace, newest first: all, or those of one worker.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    worker: Option<WorkerId>,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    if let Some(worker) = worker {
        return list_group(store, workspace, worker, Group::All, before, limit);
    }
    let page = store.page(&ENROLMENTS, &Key::of(&ENROLMENTS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, enrolment)| enrolment))
}

/// Writes an enrolment with its index rows and figures; `before` is the row it replaces. Fails with `Exists` when
/// the contact is in another sequence at this moment.
pub(super) fn put(txn: &mut Txn<'_>, enrolment: &Enrolment, before: Option<&Enrolment>) -> Result<(), StoreError> {
    turn_active(txn, enrolment, before)?;
    let workspace = enrolment.workspace;
    // What is counted now is what stands, whatever the caller holds.
    let stands = find(txn, workspace, enrolment.id)?;
    let enrolment = &report::place(txn, enrolment, stands.as_ref())?;
    report::turn(txn, stands.as_ref(), Some(enrolment))?;
    if before.is_none() {
        txn.mark(&BY_CONTACT, &by_contact(workspace, enrolment.contact).id(enrolment.id.0))?;
    }
    turn_lists(txn, before, Some(enrolment))?;
    txn.put(&ENROLMENTS, &enrolment_key(workspace, enrolment.id), enrolment)
}

pub(super) fn remove(txn: &mut Txn<'_>, enrolment: &Enrolment) -> Result<(), StoreError> {
    let workspace = enrolment.workspace;
    if enrolment.state.is_active() {
        txn.remove(&ACTIVE, &active_key(workspace, enrolment.contact))?;
    }
    txn.remove(&BY_CONTACT, &by_contact(workspace, enrolment.contact).id(enrolment.id.0))?;
    turn_lists(txn, Some(enrolment), None)?;
    let stands = find(txn, workspace, enrolment.id)?;
    report::turn(txn, stands.as_ref(), None)?;
    txn.remove(&ENROLMENTS, &enrolment_key(workspace, enrolment.id))
}

/// Writes a row as versions before the analytics left it: nothing of it is counted in them.
#[cfg(test)]
pub(super) fn put_as_older_version(txn: &mut Txn<'_>, stands: &Enrolment) -> Result<(), StoreError> {
    use super::model::Came;
    let known = stands.came.clone();
    let came = Came { away: false, answer: None, bounce: None, opt_out: None, met: None, ..known };
    let older = Enrolment { counted: None, came, ..stands.clone() };
    report::turn(txn, Some(stands), None)?;
    turn_lists(txn, Some(stands), Some(&older))?;
    txn.put(&ENROLMENTS, &enrolment_key(stands.workspace, stands.id), &older)
}

fn turn_active(txn: &mut Txn<'_>, enrolment: &Enrolment, before: Option<&Enrolment>) -> Result<(), StoreError> {
    let place = active_key(enrolment.workspace, enrolment.contact);
    let was = before.is_some_and(|before| before.state.is_active());
    match (was, enrolment.state.is_active()) {
        (false, true) => txn.insert_new(&ACTIVE, &place, &enrolment.id),
        (true, false) => txn.remove(&ACTIVE, &place),
        _ => Ok(()),
    }
}

fn turn_lists(txn: &mut Txn<'_>, before: Option<&Enrolment>, after: Option<&Enrolment>) -> Result<(), StoreError> {
    let Some(any) = after.or(before) else { return Ok(()) };
    let (workspace, worker, id) = (any.workspace, any.worker, any.id);
    let old = before.map(groups_of).unwrap_or_default();
    let new = after.map(groups_of).unwrap_or_default();
    for group in old.iter().filter(|group| !new.contains(group)) {
        txn.remove(&BY_GROUP, &by_group(workspace, worker, *group).id(id.0))?;
    }
    for group in new.iter().filter(|group| !old.contains(group)) {
        txn.mark(&BY_GROUP, &by_group(workspace, worker, *group).id(id.0))?;
    }
    let mailbox = |row: Option<&Enrolment>| row.and_then(|row| row.state.queued()).map(|(_, mailbox)| mailbox);
    let (was, is) = (mailbox(before), mailbox(after));
    if let Some(mailbox) = was.filter(|_| was != is) {
        txn.remove(&QUEUED, &queued_prefix(workspace, mailbox).id(id.0))?;
    }
    if let Some(mailbox) = is.filter(|_| was != is) {
        txn.mark(&QUEUED, &queued_prefix(workspace, mailbox).id(id.0))?;
    }
    let company = |row: Option<&Enrolment>| row.filter(|row| row.state.is_active()).and_then(|row| row.company);
    let (was, is) = (company(before), company(after));
    if let Some(company) = was.filter(|_| was != is) {
        txn.remove(&BY_COMPANY, &by_company(workspace, &company).id(id.0))?;
    }
    if let Some(company) = is.filter(|_| was != is) {
        txn.mark(&BY_COMPANY, &by_company(workspace, &company).id(id.0))?;
    }
    let place = figures_key(workspace, worker);
    let standing = txn.get(&FIGURES, &place)?.unwrap_or_default();
    let mut figures = standing.clone();
    figures.turn(before, after);
    if figures != standing {
        txn.put(&FIGURES, &place, &figures)?;
    }
    Ok(())
}

/// Leads of a company that may still be written to.
pub(super) fn list_of_company(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    company: &[u8; 16],
    limit: usize,
) -> Result<Vec<EnrolmentId>, StoreError> {
    let keys = txn.keys(&BY_COMPANY, &by_company(workspace, company), Dir::Forward, limit)?;
    Ok(keys.iter().filter_map(Key::last_id).map(EnrolmentId).collect())
}

/// Mails that wait for `mailbox`; counted to `limit`.
pub(super) fn count_queued(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    mailbox: ConnectionId,
    limit: usize,
) -> Result<usize, StoreError> {
    Ok(txn.keys(&QUEUED, &queued_prefix(workspace, mailbox), Dir::Forward, limit)?.len())
}

pub fn figures(store: &Store, workspace: WorkspaceId, worker: WorkerId) -> Result<Figures, StoreError> {
    Ok(store.get(&FIGURES, &figures_key(workspace, worker))?.unwrap_or_default())
}

pub(super) fn find_figures(txn: &mut Txn<'_>, workspace: WorkspaceId, worker: WorkerId) -> Result<Figures, StoreError> {
    Ok(txn.get(&FIGURES, &figures_key(workspace, worker))?.unwrap_or_default())
}

/// Leads of a list that were added at or after `since`.
pub(super) fn count_group_since(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    group: Group,
    since: UnixMillis,
) -> Result<u64, StoreError> {
    let list = by_group(workspace, worker, group);
    let (mut counted, mut after) = (0, Some(before_all_of(since)));
    while let Some(from) = after {
        let keys = store.key_page(&BY_GROUP, &list, Some(&from), Dir::Forward, COUNTED_AT_ONCE)?;
        counted += keys.rows.len() as u64;
        after = keys.next;
    }
    Ok(counted)
}

/// Stands before every id made at or after `since`: ids begin with their time (UUIDv7, RFC 9562 section 5.7).
fn before_all_of(since: UnixMillis) -> Cursor {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&since.0.max(0).to_be_bytes()[2..]);
    Cursor(bytes.to_vec())
}

/// Whether a lead was added before `since`, as its id says.
pub(super) fn added_before(id: EnrolmentId, since: UnixMillis) -> bool {
    id.0.as_bytes().as_slice() < before_all_of(since).0.as_slice()
}

/// Leads of a worker in a list, newest first.
pub fn list_group(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    group: Group,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    let keys = store.key_page(&BY_GROUP, &by_group(workspace, worker, group), before, Dir::Backward, limit)?;
    let ids = keys.rows.iter().filter_map(Key::last_id).map(EnrolmentId);
    let rows = store.read(|txn| ids.clone().filter_map(|id| find(txn, workspace, id).transpose()).collect())?;
    Ok(Page { rows, next: keys.next })
}

/// The oldest leads of a list, for work in batches.
pub(super) fn first_of_group(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    group: Group,
    limit: usize,
) -> Result<Vec<Enrolment>, StoreError> {
    let keys = txn.keys(&BY_GROUP, &by_group(workspace, worker, group), Dir::Forward, limit)?;
    let ids = keys.iter().filter_map(Key::last_id).map(EnrolmentId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

// ---- what is kept per worker ----

pub(super) fn last_hundred(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
) -> Result<LastHundred, StoreError> {
    Ok(txn.get(&LAST_HUNDRED, &Key::of(&LAST_HUNDRED, workspace).id(worker.0))?.unwrap_or_default())
}

pub(super) fn put_last_hundred(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    last: &LastHundred,
) -> Result<(), StoreError> {
    txn.put(&LAST_HUNDRED, &Key::of(&LAST_HUNDRED, workspace).id(worker.0), last)
}

pub fn last_run(store: &Store, workspace: WorkspaceId, worker: WorkerId) -> Result<Option<LastRun>, StoreError> {
    store.get(&LAST_RUN, &Key::of(&LAST_RUN, workspace).id(worker.0))
}

pub(super) fn find_last_run(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
) -> Result<Option<LastRun>, StoreError> {
    txn.get(&LAST_RUN, &Key::of(&LAST_RUN, workspace).id(worker.0))
}

pub(super) fn put_last_run(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    run: &LastRun,
) -> Result<(), StoreError> {
    txn.put(&LAST_RUN, &Key::of(&LAST_RUN, workspace).id(worker.0), run)
}

// ---- a person's rights ----

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let rows = store.read(|txn| list_of_contact(txn, workspace, contact))?;
    Ok(rows.iter().filter_map(|enrolment| serde_json::to_value(enrolment).ok()).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let rows = store.read(|txn| list_of_contact(txn, workspace, contact))?;
    for enrolment in &rows {
        store.write_reserved(|txn| drop_enrolment(txn, workspace, enrolment.id, "The contact was erased."))?;
    }
    Ok(rows.len())
}

/// Takes back what is planned for an enrolment and removes it with all its rows.
pub(super) fn drop_enrolment(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: EnrolmentId,
    reason: &str,
) -> Result<(), StoreError> {
    let Some(enrolment) = find(txn, workspace, id)? else { return Ok(()) };
    super::plan::take_back(txn, &enrolment, reason)?;
    remove(txn, &enrolment)
}

/// The lead that was added next after `id`.
pub(super) fn next_newer(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    id: EnrolmentId,
) -> Result<Option<EnrolmentId>, StoreError> {
    let after = Cursor(id.as_bytes().to_vec());
    let keys = store.key_page(&BY_GROUP, &by_group(workspace, worker, Group::All), Some(&after), Dir::Forward, 1)?;
    Ok(keys.rows.first().and_then(Key::last_id).map(EnrolmentId))
}
