//! The rows of a file become contacts: a look that changes nothing, and the run, batch by batch.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use encoding_rs::Encoding;

use super::model::{Counts, Import, ImportState, Known, Look, Progress, Refused};
use super::reader::{FileRow, RowReader, Unreadable};
use super::rows::{self, Seen};
use super::store::{self, Batch, FileReader};
use crate::addresses;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::Actor;
use crate::base::{ContactId, ImportId, UnixMillis, WorkspaceId};
use crate::contacts::model::{Contact, Source};
use crate::contacts::search::plan_index;
use crate::contacts::service::Checked;
use crate::contacts::store::{self as contacts, Writer};
use crate::events::{self, Happened};
use crate::http::LiveEvent;
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::{Store, StoreError, Txn};

/// The kind of the job that imports, and that undoes an import.
pub(super) const IMPORT: &str = "contacts.import";

/// Rows committed together. Far above what other changes touch at once, because a commit waits for the disk: rows
/// of a batch are written back to back, so the lock is held for some milliseconds.
pub(super) const ROWS_AT_ONCE: usize = 400;
/// Batches done before the job gives its thread back; it goes on at once, unless the server is stopping.
const BATCHES_PER_TURN: usize = 25;
/// Rows of one file.
pub(super) const MAX_ROWS: u64 = 1_000_000;
/// Refused rows that the look keeps for its page.
const REFUSED_SHOWN: usize = 20;
/// Known addresses looked up in one view.
const LOOKED_UP_AT_ONCE: usize = 500;

/// The file as rows, by what is known of the import.
fn open<R: Read>(bytes: R, import: &Import) -> Result<RowReader<R>, Unreadable> {
    let encoding = Encoding::for_label(import.encoding.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    let mut rows = RowReader::new(bytes, encoding, import.delimiter);
    if import.has_header {
        rows.next()?;
    }
    Ok(rows)
}

/// Reads the whole file without changing anything: what would become of each row. A file that cannot be read to its
/// end is refused here.
pub(super) fn look<R: Read>(
    store: &Store,
    import: &Import,
    bytes: R,
    mut on_refused: impl FnMut(Refused),
) -> Result<Look, LookError> {
    let mut reader = open(bytes, import)?;
    let mut look = Look::default();
    let mut seen = Seen::default();
    let mut some: Vec<Checked> = Vec::with_capacity(LOOKED_UP_AT_ONCE);
    while let Some(row) = reader.next()? {
        let at = look.counts.rows() + some.len() as u64;
        if at >= MAX_ROWS {
            return Err(Unreadable::ManyRows { limit: MAX_ROWS }.into());
        }
        let refused = match rows::read(&row, &import.columns, &import.tags) {
            Err(reason) => Some(rows::refused(&row, reason)),
            Ok(contact) => match seen.note(&contact, row.line) {
                Some(line) => Some(rows::refused(&row, rows::twice(line))),
                None => {
                    some.push(contact);
                    None
                }
            },
        };
        if let Some(refused) = refused {
            look.counts.refused += 1;
            if look.refused.len() < REFUSED_SHOWN {
                look.refused.push(Refused { cells: Vec::new(), ..refused.clone() });
            }
            on_refused(refused);
        }
        if some.len() == LOOKED_UP_AT_ONCE {
            foretell(store, import, &mut some, &mut look)?;
        }
    }
    foretell(store, import, &mut some, &mut look)?;
    if look.counts.rows() == 0 {
        return Err(Unreadable::Empty.into());
    }
    Ok(look)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Counts what would become of some contacts.
fn foretell(store: &Store, import: &Import, some: &mut Vec<Checked>, look: &mut Look) -> Result<(), StoreError> {
    let (told, addresses) = store.read(|txn| {
        let (mut told, mut addresses) = (Counts::default(), look.addresses);
        for contact in some.iter() {
            if let Some(address) = contact.addresses.first() {
                let domain = addresses::find(txn, import.workspace, address.domain())?;
                addresses.count(address, domain.map(|domain| domain.takes));
            }
            match plan_row(txn, import, contact, UnixMillis(0))? {
                Plan::Add => told.added += 1,
                Plan::Update(_) => told.updated += 1,
                Plan::Skip => told.skipped += 1,
                Plan::Refuse(_) => told.refused += 1,
            }
        }
        Ok::<_, StoreError>((told, addresses))
    })?;
    look.addresses = addresses;
    let counts = &mut look.counts;
    counts.added += told.added;
    counts.updated += told.updated;
    counts.skipped += told.skipped;
    counts.refused += told.refused;
    some.clear();
    Ok(())
}

/// What becomes of a row.
enum Plan {
    Add,
    /// The contact before and after.
    Update(Box<(Contact, Contact)>),
    Skip,
    Refuse(&'static str),
}

fn plan_row(txn: &mut Txn<'_>, import: &Import, row: &Checked, now: UnixMillis) -> Result<Plan, StoreError> {
    let mut known: Option<Contact> = None;
    for address in &row.addresses {
        let Some(found) = contacts::find_by_address(txn, import.workspace, address)? else { continue };
        match &known {
            Some(known) if known.id != found.id => {
                return Ok(Plan::Refuse("Its addresses belong to two different contacts. Import them as two rows."));
            }
            _ => known = Some(found),
        }
    }
    let Some(before) = known else { return Ok(Plan::Add) };
    if before.restricted {
        return Ok(Plan::Refuse("Processing of this contact is restricted, so it was left as it is."));
    }
    if import.known == Known::Skip {
        return Ok(Plan::Skip);
    }
    let after = row.join(&before, import.known == Known::Overwrite);
    if after == before {
        return Ok(Plan::Skip);
    }
    let after = Contact { changed_at: now, ..after };
    Ok(Plan::Update(Box::new((before, after))))
}

/// Plans the job that goes on with an import.
pub(super) fn plan_job(txn: &mut Txn<'_>, import: &Import, now: UnixMillis) -> Result<(), StoreError> {
    let job = NewJob::new(IMPORT, Lane::Housekeeping, import.workspace, now, &import.id)
        .once(format!("import {}", import.id))
        .max_attempts(u32::MAX);
    jobs::enqueue(txn, &job).map(|_| ())
}

pub(in crate::contacts) struct ImportTask;

impl Task<App> for ImportTask {
    fn kind(&self) -> &'static str {
        IMPORT
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let id = match job.payload::<ImportId>() {
            Ok(id) => id,
            Err(error) => return error.into(),
        };
        let Some(_at_work) = AtWork::take(id) else { return Outcome::Again { at: app.now().plus(LOOK_AGAIN) } };
        match go_on(app, job.workspace, id, BATCHES_PER_TURN) {
            Ok(true) => Outcome::Again { at: app.now() },
            Ok(false) => Outcome::Done,
            Err(error) => error.into(),
        }
    }
}

/// Imports in hand. The command line works on its import while it waits, and so would the job that was planned for
/// the case that it is cut off: each row would be done, and counted, twice.
static IN_HAND: Mutex<BTreeSet<ImportId>> = Mutex::new(BTreeSet::new());
static GIVEN_BACK: Condvar = Condvar::new();
/// When the job looks whether the import is free again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Alone at work on an import as long as this lives.
pub(super) struct AtWork(ImportId);

impl AtWork {
    /// `None` while somebody else is at it.
    fn take(id: ImportId) -> Option<Self> {
        let is_free = IN_HAND.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        // Made only then: a second one would give the import back as it is dropped.
        is_free.then(|| Self(id))
    }

    /// Waits until it is free.
    pub fn wait(id: ImportId) -> Self {
        let mut in_hand = IN_HAND.lock().unwrap_or_else(PoisonError::into_inner);
        while !in_hand.insert(id) {
            in_hand = GIVEN_BACK.wait(in_hand).unwrap_or_else(PoisonError::into_inner);
        }
        Self(id)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        IN_HAND.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
        GIVEN_BACK.notify_all();
    }
}

/// Does some batches of an import or of its undoing; true when more are left. Call it with `AtWork` in hand.
pub(super) fn go_on(app: &App, workspace: WorkspaceId, id: ImportId, batches: usize) -> Result<bool, StoreError> {
    let Some(import) = app.store.read(|txn| store::find(txn, workspace, id))? else { return Ok(false) };
    let more = match import.state {
        ImportState::Running => run_some(app, &import, batches),
        ImportState::Undoing => super::undo::undo_some(app, &import, batches),
        _ => return Ok(false),
    };
    app.live.publish(workspace, &LiveEvent::new("changed", "import-live"));
    more
}

/// Imports the next batches; true when rows are left.
fn run_some(app: &App, import: &Import, batches: usize) -> Result<bool, StoreError> {
    let file = FileReader::open(&app.store, import.workspace, import.id);
    let progress = app.store.read(|txn| store::progress_of(txn, import.workspace, import.id))?;
    let mut seen = Seen::default();
    let opened = open(file, import).and_then(|mut reader| {
        skip(&mut reader, import, &mut seen, progress.counts.rows())?;
        Ok(reader)
    });
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(error) => return fail(app, import, &error).map(|()| false),
    };
    for _ in 0..batches {
        let mut rows = Vec::with_capacity(ROWS_AT_ONCE);
        while rows.len() < ROWS_AT_ONCE {
            match reader.next() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(error) => return fail(app, import, &error).map(|()| false),
            }
        }
        let is_last = rows.len() < ROWS_AT_ONCE;
        let progress = commit(app, import, rows, &mut seen)?;
        if is_last || progress.stop {
            let state = if is_last { ImportState::Finished } else { ImportState::Stopped };
            return finish(app, import, state).map(|()| false);
        }
    }
    Ok(true)
}

/// Goes past rows that were committed before, remembering their addresses.
fn skip<R: Read>(reader: &mut RowReader<R>, import: &Import, seen: &mut Seen, rows: u64) -> Result<(), Unreadable> {
    for _ in 0..rows {
        let Some(row) = reader.next()? else { break };
        if let Ok(contact) = rows::read(&row, &import.columns, &[]) {
            seen.note(&contact, row.line);
        }
    }
    Ok(())
}

/// A row with its outcome as far as it can be told without the store.
enum Ready {
    Contact(ContactId, FileRow, Box<Checked>),
    Refused(Refused),
}

/// Commits a batch of rows with everything that belongs to it.
fn commit(app: &App, import: &Import, rows: Vec<FileRow>, seen: &mut Seen) -> Result<Progress, StoreError> {
    let now = app.now();
    let ready: Vec<Ready> = rows
        .into_iter()
        .map(|row| match rows::read(&row, &import.columns, &import.tags) {
            Err(reason) => Ready::Refused(rows::refused(&row, reason)),
            Ok(contact) => match seen.note(&contact, row.line) {
                Some(line) => Ready::Refused(rows::refused(&row, rows::twice(line))),
                None => Ready::Contact(ContactId::new(now), row, Box::new(contact)),
            },
        })
        .collect();
    app.store.write(|txn| {
        let mut progress = store::progress_of(txn, import.workspace, import.id)?;
        let mut writer = Writer::open(txn, import.workspace)?;
        let (mut batch, mut refused) = (Batch::default(), Vec::new());
        for row in &ready {
            let (id, row, contact) = match row {
                Ready::Contact(id, row, contact) => (*id, row, contact),
                Ready::Refused(row) => {
                    refused.push(row.clone());
                    continue;
                }
            };
            match plan_row(txn, import, contact, now)? {
                Plan::Add => {
                    let source = Source::Import(import.id);
                    let contact = Checked::clone(contact).into_contact(id, import.workspace, source, now);
                    writer.put(txn, &contact, None)?;
                    batch.added.push(id);
                    progress.counts.added += 1;
                }
                Plan::Update(change) => {
                    let (before, after) = *change;
                    writer.put(txn, &after, Some(&before))?;
                    batch.changed.push(before);
                    progress.counts.updated += 1;
                }
                Plan::Skip => progress.counts.skipped += 1,
                Plan::Refuse(reason) => refused.push(rows::refused(row, reason.to_owned())),
            }
        }
        writer.finish(txn)?;
        progress.counts.refused += refused.len() as u64;
        store::put_refused(txn, import.workspace, import.id, progress.batches, &refused)?;
        store::put_batch(txn, import.workspace, import.id, progress.batches, &batch)?;
        progress.batches += 1;
        store::put_progress(txn, import.workspace, import.id, &progress)?;
        plan_index(txn, import.workspace, now)?;
        Ok(progress)
    })
}

fn finish(app: &App, import: &Import, state: ImportState) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(found) = store::find(txn, import.workspace, import.id)? else { return Ok(()) };
        let counts = store::progress_of(txn, import.workspace, import.id)?.counts;
        store::put(txn, &Import { state: state.clone(), finished_at: Some(now), ..found })?;
        let what = Happened::ContactsImported { import: import.id, added: counts.added };
        events::append(txn, import.workspace, now, what)?;
        let detail = format!(
            "{} added, {} updated, {} unchanged, {} refused",
            counts.added, counts.updated, counts.skipped, counts.refused
        );
        let who = Who::of(&Actor::system(import.workspace));
        audit::record(txn, import.workspace, now, &who, "import.finished", &format!("import {}", import.id), &detail)
    })?;
    store::remove_file(&app.store, import.workspace, import.id)
}

/// The file was read to its end before the first row, so this is a damaged store; what was imported stays and can
/// be undone.
fn fail(app: &App, import: &Import, error: &Unreadable) -> Result<(), StoreError> {
    tracing::error!(%error, import = %import.id, "an import could not go on");
    let now = app.now();
    let reason = error.to_string();
    app.store.write(|txn| {
        let Some(found) = store::find(txn, import.workspace, import.id)? else { return Ok(()) };
        let state = ImportState::Failed { reason: reason.clone() };
        store::put(txn, &Import { state, finished_at: Some(now), ..found })
    })
}
