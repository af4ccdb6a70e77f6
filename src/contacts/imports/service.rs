//! What people and the command line do with imports.

use std::io::{Cursor, Read};

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::model::{Counts, Import, ImportState, Known, Progress, Refused};
use super::reader::{RowReader, Unreadable};
use super::run::{self, LookError};
use super::sniff::{find_delimiter, is_header, EncodingFinder, DELIMITERS};
use super::store::{self, FileReader, CHUNK_BYTES};
use super::{columns, model::Target};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ImportId, UnixMillis, WorkspaceId};
use crate::contacts::service::clean;
use crate::contacts::tags::{parse_tag, wrong_tag};
use crate::store::StoreError;
use crate::workspaces;

/// Chunks of an upload written in one transaction.
pub(in crate::contacts) const CHUNKS_AT_ONCE: usize = 32;
/// Bytes from which delimiter and columns are guessed.
const HEAD_BYTES: usize = 64 * 1024;
/// Refused rows that the command line prints.
const REFUSED_PRINTED: usize = 1_000;
/// How long an unfinished upload, and what belongs to a finished import, is kept.
const FILE_DAYS: u32 = 7;
pub const IMPORT_DAYS: u32 = 30;

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such import")]
    NotFound,
    /// The file as a whole: nothing was imported.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    #[error("There is no column “{column}”. The file has: {}.", known.join(", "))]
    NoColumn { column: String, known: Vec<String> },
    #[error("“{field}” is no field. Fields are {}.", Target::words_of_map())]
    NoField { field: String },
    #[error("No column holds e-mail addresses. Say which one does: {}.", known.join(", "))]
    NoEmail { known: Vec<String> },
    #[error("“{first}” and “{second}” both go to the same field. Leave one of them out.")]
    Twice { first: String, second: String },
    #[error("{0}")]
    Tag(String),
    #[error("“{0}” is not an encoding. Use for example UTF-8 or windows-1252.")]
    Encoding(String),
    /// Not in the state for this: it runs, or has ended.
    #[error("{0}")]
    State(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LookError> for ImportError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Unreadable(error) => error.into(),
            LookError::Store(error) => error.into(),
        }
    }
}

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Absent after a dry run.
    pub import: Option<String>,
    pub dry_run: bool,
    pub rows: u64,
    pub added: u64,
    pub updated: u64,
    /// Known already, and nothing to change.
    pub skipped: u64,
    pub rejected: u64,
    pub encoding: String,
    /// The character itself.
    pub delimiter: String,
    /// Column of the file and the field it went to.
    pub columns: Vec<(String, String)>,
    /// The first 1,000, with line and reason.
    pub rejected_rows: Vec<RejectedRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    pub line: u64,
    pub reason: String,
}

/// Imports a whole file and returns when it is done; `map` corrects the guessed columns (name or number from 1, and
/// field). With `dry_run` nothing is changed. A file that cannot be read to its end changes nothing either.
pub fn import_file(
    app: &App,
    actor: &Actor,
    file_name: &str,
    bytes: &[u8],
    map: &[(String, String)],
    dry_run: bool,
) -> Result<ImportReport, ImportError> {
    actor.require(Permission::ImportContacts)?;
    let mut finder = EncodingFinder::new();
    finder.feed(bytes);
    let mut import = new_import(app, actor, file_name);
    import.size_bytes = bytes.len() as u64;
    describe(&mut import, finder.finish(), &mut Cursor::new(bytes))?;
    columns::apply(&mut import.columns, map)?;
    refuse_wrong_mapping(&import)?;
    let mut printed = Vec::new();
    let look = run::look(&app.store, &import, bytes, |row| print_refused(&mut printed, &row))?;
    if dry_run {
        return Ok(report(&import, look.counts, printed, true));
    }
    import.look = Some(look);
    let mut upload = begin_with(app, actor, import.clone())?;
    for piece in bytes.chunks(CHUNK_BYTES * CHUNKS_AT_ONCE) {
        more_upload(app, actor, &mut upload, piece)?;
    }
    app.store.write(|txn| {
        import.state = ImportState::Mapping;
        store::put(txn, &import)
    })?;
    let at_work = run::AtWork::wait(import.id);
    start(app, actor, import.id)?;
    while run::go_on(app, actor.workspace, import.id, usize::MAX)? {}
    drop(at_work);
    let progress = app.store.read(|txn| store::progress_of(txn, actor.workspace, import.id))?;
    let mut printed = Vec::new();
    store::each_refused(&app.store, actor.workspace, import.id, |rows| {
        rows.iter().for_each(|row| print_refused(&mut printed, row));
        printed.len() < REFUSED_PRINTED
    })?;
    Ok(report(&import, progress.counts, printed, false))
}

fn print_refused(printed: &mut Vec<RejectedRow>, row: &Refused) {
    if printed.len() < REFUSED_PRINTED {
        printed.push(RejectedRow { line: row.line, reason: row.reason.clone() });
    }
}

fn report(import: &Import, counts: Counts, rejected_rows: Vec<RejectedRow>, dry_run: bool) -> ImportReport {
    ImportReport {
        import: (!dry_run).then(|| import.id.to_string()),
        dry_run,
        rows: counts.rows(),
        added: counts.added,
        updated: counts.updated,
        skipped: counts.skipped,
        rejected: counts.refused,
        encoding: import.encoding.clone(),
        delimiter: char::from(import.delimiter).to_string(),
        columns: import.columns.iter().map(|column| (column.name.clone(), column.target.key())).collect(),
        rejected_rows,
    }
}

fn new_import(app: &App, actor: &Actor, file_name: &str) -> Import {
    let now = app.now();
    let name: String = clean(file_name.rsplit(['/', '\\']).next().unwrap_or_default()).chars().take(120).collect();
    Import {
        id: ImportId::new(now),
        workspace: actor.workspace,
        file_name: if name.is_empty() { "contacts.csv".to_owned() } else { name },
        by: actor.display.clone(),
        created_at: now,
        state: ImportState::Arriving,
        size_bytes: 0,
        encoding: "UTF-8".to_owned(),
        delimiter: b',',
        has_header: true,
        columns: Vec::new(),
        tags: Vec::new(),
        known: Known::default(),
        look: None,
        finished_at: None,
    }
}

/// A file that is arriving.
pub(in crate::contacts) struct Upload {
    pub id: ImportId,
    chunks: u32,
    bytes: u64,
    finder: EncodingFinder,
}

pub(in crate::contacts) fn begin_upload(app: &App, actor: &Actor, file_name: &str) -> Result<Upload, ImportError> {
    actor.require(Permission::ImportContacts)?;
    begin_with(app, actor, new_import(app, actor, file_name))
}

fn begin_with(app: &App, actor: &Actor, import: Import) -> Result<Upload, ImportError> {
    let now = app.now();
    app.store.write(|txn| {
        store::put(txn, &import)?;
        let on = format!("import {}", import.id);
        audit::record(txn, import.workspace, now, &Who::of(actor), "import.uploaded", &on, "")
    })?;
    Ok(Upload { id: import.id, chunks: 0, bytes: 0, finder: EncodingFinder::new() })
}

/// Keeps the next bytes, sealed. Every piece but the last is a multiple of `CHUNK_BYTES` long.
pub(in crate::contacts) fn more_upload(
    app: &App,
    actor: &Actor,
    upload: &mut Upload,
    bytes: &[u8],
) -> Result<(), ImportError> {
    upload.finder.feed(bytes);
    let first = upload.chunks;
    app.store.write(|txn| {
        for (number, chunk) in (first..).zip(bytes.chunks(CHUNK_BYTES)) {
            store::put_chunk(txn, actor.workspace, upload.id, number, chunk)?;
        }
        Ok::<(), StoreError>(())
    })?;
    upload.chunks += u32::try_from(bytes.len().div_ceil(CHUNK_BYTES)).unwrap_or(u32::MAX);
    upload.bytes += bytes.len() as u64;
    Ok(())
}

/// The file is here: finds out what kind of file it is. One that is no table is thrown away at once.
pub(in crate::contacts) fn end_upload(app: &App, actor: &Actor, upload: Upload) -> Result<Import, ImportError> {
    let mut import = get(app, actor, upload.id)?;
    import.size_bytes = upload.bytes;
    let mut file = FileReader::open(&app.store, actor.workspace, upload.id);
    if let Err(error) = describe(&mut import, upload.finder.finish(), &mut file) {
        store::remove(&app.store, actor.workspace, upload.id)?;
        return Err(error);
    }
    import.state = ImportState::Mapping;
    app.store.write(|txn| store::put(txn, &import))?;
    Ok(import)
}

/// Fills in encoding, delimiter, header and columns from the file's beginning.
fn describe(import: &mut Import, encoding: &'static Encoding, file: &mut dyn Read) -> Result<(), ImportError> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| Unreadable::Io(error.to_string()))?;
    let is_whole = head.len() < HEAD_BYTES;
    let (text, ..) = encoding.decode(&head);
    if text.trim().is_empty() {
        return Err(Unreadable::Empty.into());
    }
    import.encoding = encoding.name().to_owned();
    import.delimiter = find_delimiter(&text);
    guess_columns(import, encoding, &head, is_whole)
}

fn guess_columns(
    import: &mut Import,
    encoding: &'static Encoding,
    head: &[u8],
    is_whole: bool,
) -> Result<(), ImportError> {
    let rows = first_rows(head, encoding, import.delimiter, is_whole)?;
    let Some(first) = rows.first() else { return Err(Unreadable::Empty.into()) };
    import.has_header = is_header(first);
    let (header, values) = if import.has_header { (Some(first.as_slice()), &rows[1..]) } else { (None, &rows[..]) };
    import.columns = columns::guess(header, values);
    Ok(())
}

/// The rows of the file's beginning; a row that the cut went through is left out.
fn first_rows(
    head: &[u8],
    encoding: &'static Encoding,
    delimiter: u8,
    is_whole: bool,
) -> Result<Vec<Vec<String>>, Unreadable> {
    let mut reader = RowReader::new(head, encoding, delimiter);
    let mut rows = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(row)) if rows.len() < 20 => rows.push(row.cells),
            Ok(_) => return Ok(rows),
            Err(Unreadable::OpenQuote { .. }) if !is_whole => return Ok(rows),
            // The cut may have gone through this row: how many there are is not known.
            Err(Unreadable::ManyColumns { line, .. }) if !is_whole => {
                return Err(Unreadable::VeryManyColumns { line });
            }
            Err(error) => return Err(error),
        }
    }
}

fn refuse_wrong_mapping(import: &Import) -> Result<(), ImportError> {
    if let Some((first, second)) = columns::doubled(&import.columns) {
        return Err(ImportError::Twice { first: first.name.clone(), second: second.name.clone() });
    }
    if !import.is_mapped_to(&Target::Email) {
        return Err(ImportError::NoEmail { known: import.columns.iter().map(|c| c.name.clone()).collect() });
    }
    Ok(())
}

/// What a person says about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::contacts) struct Choices {
    /// The field of each column, in the file's order.
    pub targets: Vec<String>,
    /// Put on every contact; separated by commas.
    pub tags: String,
    pub known: Known,
    /// As found, or corrected.
    pub encoding: String,
    pub delimiter: u8,
    pub has_header: bool,
}

/// Takes over the person's choices. Another encoding or delimiter cuts the file into other columns, which are
/// guessed anew; then the second value is true and the choices for the columns were not used.
pub(in crate::contacts) fn configure(
    app: &App,
    actor: &Actor,
    id: ImportId,
    choices: &Choices,
) -> Result<(Import, bool), ImportError> {
    let mut import = get_mapping(app, actor, id)?;
    let encoding = Encoding::for_label(choices.encoding.trim().as_bytes())
        .ok_or_else(|| ImportError::Encoding(choices.encoding.clone()))?;
    let delimiter = if DELIMITERS.contains(&choices.delimiter) { choices.delimiter } else { import.delimiter };
    import.tags = Vec::new();
    for raw in crate::contacts::tags::split_tags(&choices.tags) {
        import.tags.push(parse_tag(raw).ok_or_else(|| ImportError::Tag(wrong_tag()))?);
    }
    import.known = choices.known;
    import.look = None;
    let is_cut_anew = encoding.name() != import.encoding || delimiter != import.delimiter;
    let is_header_changed = choices.has_header != import.has_header;
    if is_cut_anew || is_header_changed {
        import.encoding = encoding.name().to_owned();
        import.delimiter = delimiter;
        cut_anew(app, &mut import, encoding, is_header_changed.then_some(choices.has_header))?;
    } else {
        for (column, word) in import.columns.iter_mut().zip(&choices.targets) {
            column.target = Target::parse(word).ok_or_else(|| ImportError::NoField { field: word.clone() })?;
        }
        refuse_wrong_mapping(&import)?;
    }
    app.store.write(|txn| store::put(txn, &import))?;
    Ok((import, is_cut_anew || is_header_changed))
}

fn cut_anew(
    app: &App,
    import: &mut Import,
    encoding: &'static Encoding,
    has_header: Option<bool>,
) -> Result<(), ImportError> {
    let file = FileReader::open(&app.store, import.workspace, import.id);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| Unreadable::Io(error.to_string()))?;
    guess_columns(import, encoding, &head, head.len() < HEAD_BYTES)?;
    if let Some(has_header) = has_header.filter(|said| *said != import.has_header) {
        let rows = first_rows(&head, encoding, import.delimiter, head.len() < HEAD_BYTES)?;
        import.has_header = has_header;
        let first = rows.first().map(Vec::as_slice).filter(|_| has_header);
        import.columns = columns::guess(first, &rows[usize::from(has_header).min(rows.len())..]);
    }
    Ok(())
}

/// Looks at the whole file with the present mapping and keeps what it found.
pub(in crate::contacts) fn check(app: &App, actor: &Actor, id: ImportId) -> Result<Import, ImportError> {
    let mut import = get_mapping(app, actor, id)?;
    refuse_wrong_mapping(&import)?;
    let file = FileReader::open(&app.store, actor.workspace, id);
    import.look = Some(run::look(&app.store, &import, file, |_| {})?);
    app.store.write(|txn| store::put(txn, &import))?;
    Ok(import)
}

/// Starts an import that was looked at.
pub(in crate::contacts) fn start(app: &App, actor: &Actor, id: ImportId) -> Result<Import, ImportError> {
    actor.require(Permission::ImportContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut import = store::find(txn, actor.workspace, id)?.ok_or(ImportError::NotFound)?;
        if import.state != ImportState::Mapping || import.look.is_none() {
            return Err(ImportError::State("This import has started already, or its file was not checked yet."));
        }
        import.state = ImportState::Running;
        import.columns.iter_mut().for_each(|column| column.samples.clear());
        store::put(txn, &import)?;
        run::plan_job(txn, &import, now)?;
        record(txn, actor, now, "import.started", id)?;
        Ok(import)
    })
}

/// Ends an import behind the batch that is at work.
pub(in crate::contacts) fn stop(app: &App, actor: &Actor, id: ImportId) -> Result<(), ImportError> {
    actor.require(Permission::ImportContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let import = store::find(txn, actor.workspace, id)?.ok_or(ImportError::NotFound)?;
        if import.state != ImportState::Running {
            return Ok(());
        }
        let mut progress = store::progress_of(txn, actor.workspace, id)?;
        progress.stop = true;
        store::put_progress(txn, actor.workspace, id, &progress)?;
        record(txn, actor, now, "import.stopped", id)
    })
}

/// Takes an ended import back.
pub(in crate::contacts) fn undo(app: &App, actor: &Actor, id: ImportId) -> Result<(), ImportError> {
    actor.require(Permission::ImportContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let import = store::find(txn, actor.workspace, id)?.ok_or(ImportError::NotFound)?;
        let has_ended =
            matches!(import.state, ImportState::Finished | ImportState::Stopped | ImportState::Failed { .. });
        if !has_ended {
            return Err(ImportError::State("Only an import that has ended can be undone."));
        }
        let import = Import { state: ImportState::Undoing, ..import };
        store::put(txn, &import)?;
        run::plan_job(txn, &import, now)?;
        record(txn, actor, now, "import.undone", id)
    })
}

/// Throws an upload away that was not imported.
pub(in crate::contacts) fn discard(app: &App, actor: &Actor, id: ImportId) -> Result<(), ImportError> {
    get_mapping(app, actor, id)?;
    Ok(store::remove(&app.store, actor.workspace, id)?)
}

fn record(
    txn: &mut crate::store::Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    id: ImportId,
) -> Result<(), ImportError> {
    Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("import {id}"), "")?)
}

fn get(app: &App, actor: &Actor, id: ImportId) -> Result<Import, ImportError> {
    actor.require(Permission::ImportContacts)?;
    app.store.read(|txn| store::find(txn, actor.workspace, id))?.ok_or(ImportError::NotFound)
}

fn get_mapping(app: &App, actor: &Actor, id: ImportId) -> Result<Import, ImportError> {
    let import = get(app, actor, id)?;
    match import.state {
        ImportState::Mapping => Ok(import),
        _ => Err(ImportError::State("This import has started already.")),
    }
}

pub(in crate::contacts) fn find_import(
    app: &App,
    actor: &Actor,
    id: ImportId,
) -> Result<(Import, Progress, Vec<Refused>), ImportError> {
    let import = get(app, actor, id)?;
    let progress = app.store.read(|txn| store::progress_of(txn, actor.workspace, id))?;
    let mut refused = Vec::new();
    store::each_refused(&app.store, actor.workspace, id, |rows| {
        refused.extend(rows);
        refused.len() < 20
    })?;
    refused.truncate(20);
    Ok((import, progress, refused))
}

/// The newest imports.
pub(in crate::contacts) fn list_imports(app: &App, actor: &Actor) -> Result<Vec<Import>, ImportError> {
    actor.require(Permission::ImportContacts)?;
    Ok(app.store.read(|txn| store::list(txn, actor.workspace, 10))?)
}

/// The refused rows as a CSV file, with line and reason in front, safe to open in a spreadsheet.
pub(in crate::contacts) fn refused_csv(app: &App, actor: &Actor, id: ImportId) -> Result<Vec<u8>, ImportError> {
    let import = get(app, actor, id)?;
    let mut out = crate::contacts::csv_out::CsvOut::with_mark();
    let names = import.columns.iter().map(|column| column.name.as_str());
    out.row(["Line", "Reason"].into_iter().chain(names));
    store::each_refused(&app.store, actor.workspace, id, |rows| {
        for row in rows {
            let line = row.line.to_string();
            out.row([line.as_str(), &row.reason].into_iter().chain(row.cells.iter().map(String::as_str)));
        }
        true
    })?;
    Ok(out.finish())
}

/// Removes uploads that nobody imported for a week, and what is kept of imports older than a month. The contacts
/// stay.
pub fn sweep_imports(app: &App, now: UnixMillis) -> Result<(), StoreError> {
    let days = |days: u32| now.minus(std::time::Duration::from_secs(86_400) * days);
    for workspace in workspaces::list_all(&app.store)? {
        for import in old_imports(app, workspace.id)? {
            let is_waiting = matches!(import.state, ImportState::Arriving | ImportState::Mapping);
            let is_at_work = matches!(import.state, ImportState::Running | ImportState::Undoing);
            let kept_since = if is_waiting { days(FILE_DAYS) } else { days(IMPORT_DAYS) };
            if !is_at_work && import.created_at < kept_since {
                store::remove(&app.store, workspace.id, import.id)?;
            }
        }
    }
    Ok(())
}

fn old_imports(app: &App, workspace: WorkspaceId) -> Result<Vec<Import>, StoreError> {
    app.store.read(|txn| store::list(txn, workspace, 500))
}
