//! Bringing a file in: choose it, say what is in it, look, import, and afterwards see or undo it.

use actix_multipart::Multipart;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use futures_util::StreamExt;

use super::words::{date, number};
use crate::addresses;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ImportId;
use crate::contacts::imports::{
    self, choices, Choices, Column, Counts, Import, ImportError, ImportState, Known, Progress, Refused, Target, Upload,
    CHUNKS_AT_ONCE, CHUNK_BYTES,
};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Choice;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

#[derive(Template)]
#[template(path = "contacts/import_new.html")]
struct NewPage {
    layout: Layout,
    error: String,
    past: Vec<Past>,
}

struct Past {
    href: String,
    file_name: String,
    words: String,
    when: String,
}

#[derive(Template)]
#[template(path = "contacts/import.html")]
struct ImportPage {
    layout: Layout,
    import: Import,
    id: String,
    error: String,
    notice: String,
    columns: Vec<ColumnRow>,
    encodings: Vec<Choice>,
    delimiters: Vec<Choice>,
    delimiter: String,
    tags: String,
    known: Vec<KnownChoice>,
    /// Of the look before the import.
    look: Option<Figures>,
    /// Addresses to look at: of the look, and once they were asked about, of what was imported.
    doubts: Vec<(u64, &'static str)>,
    done: Figures,
    refused: Vec<Refused>,
    progress: Progress,
    rows: u64,
    rows_words: String,
}

struct ColumnRow {
    number: usize,
    column: Column,
    choices: Vec<Choice>,
    chosen: String,
}

struct KnownChoice {
    value: &'static str,
    words: &'static str,
    chosen: bool,
}

/// Counts in words.
struct Figures {
    rows: String,
    added: String,
    updated: String,
    skipped: String,
    refused: String,
    counts: Counts,
}

impl From<Counts> for Figures {
    fn from(counts: Counts) -> Self {
        Self {
            rows: number(counts.rows()),
            added: number(counts.added),
            updated: number(counts.updated),
            skipped: number(counts.skipped),
            refused: number(counts.refused),
            counts,
        }
    }
}

impl Figures {
    /// Rows that are not refused.
    fn importable(&self) -> String {
        number(self.counts.rows() - self.counts.refused)
    }

    fn has_some(&self) -> bool {
        self.counts.rows() > self.counts.refused
    }
}

impl ImportPage {
    fn is(&self, state: &str) -> bool {
        state == state_word(&self.import.state)
    }
}

fn state_word(state: &ImportState) -> &'static str {
    match state {
        ImportState::Arriving => "arriving",
        ImportState::Mapping => "mapping",
        ImportState::Running => "running",
        ImportState::Stopped => "stopped",
        ImportState::Finished => "finished",
        ImportState::Undoing => "undoing",
        ImportState::Undone => "undone",
        ImportState::Failed { .. } => "failed",
    }
}

fn state_words(state: &ImportState) -> &'static str {
    match state {
        ImportState::Arriving => "Not whole",
        ImportState::Mapping => "Waits for you",
        ImportState::Running => "At work",
        ImportState::Stopped => "Stopped",
        ImportState::Finished => "Finished",
        ImportState::Undoing => "Being undone",
        ImportState::Undone => "Undone",
        ImportState::Failed { .. } => "Failed",
    }
}

/// GET /contacts/import
pub(super) async fn new(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || new_page(&app, &actor, &frame, String::new())).await??;
    html(StatusCode::OK, &page)
}

fn new_page(app: &App, actor: &Actor, frame: &Frame, error: String) -> Result<NewPage, ImportError> {
    let past = imports::list_imports(app, actor)?.into_iter().map(|import| Past {
        href: format!("/contacts/import/{}", import.id),
        words: state_words(&import.state).to_owned(),
        when: date(import.created_at, &jiff::tz::TimeZone::UTC),
        file_name: import.file_name,
    });
    Ok(NewPage { layout: frame.layout("Import contacts"), error, past: past.collect() })
}

/// POST /contacts/import: 303 to the page that asks what the columns mean; 422 when the file is no table.
pub(super) async fn upload(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    form: Multipart,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ImportContacts)?;
    let received = receive(&app, &actor, form).await?;
    let Some(upload) = received else {
        let words = "No file was chosen. Choose a CSV file.".to_owned();
        let page = run(move || new_page(&app, &actor, &frame, words)).await??;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (ended, page) = run(move || {
        let ended = imports::end_upload(&app, &actor, upload);
        let page = match &ended {
            Err(ImportError::Unreadable(error)) => Some(new_page(&app, &actor, &frame, error.to_string())),
            _ => None,
        };
        (ended, page)
    })
    .await?;
    match (ended, page) {
        (_, Some(page)) => html(StatusCode::UNPROCESSABLE_ENTITY, &page?),
        (ended, None) => Ok(see_other(&format!("/contacts/import/{}", ended?.id))),
    }
}

/// Takes the field `file` in as it arrives, some hundred kB in memory at a time. `None` when no file was chosen.
async fn receive(app: &web::Data<App>, actor: &Actor, mut form: Multipart) -> Result<Option<Upload>, PageError> {
    let cut = || PageError::bad_request("The file did not arrive whole.", "Send it again.");
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|_| cut())?;
        if field.name() != Some("file") {
            while let Some(rest) = field.next().await {
                rest.map_err(|_| cut())?;
            }
            continue;
        }
        let name = field.content_disposition().and_then(|said| said.get_filename()).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Ok(None);
        }
        let mut upload = keep(app, actor, None, &name, Vec::new()).await?;
        let mut held: Vec<u8> = Vec::with_capacity(CHUNK_BYTES * (CHUNKS_AT_ONCE + 2));
        while let Some(bytes) = field.next().await {
            held.extend_from_slice(&bytes.map_err(|_| cut())?);
            if held.len() >= CHUNK_BYTES * CHUNKS_AT_ONCE {
                let whole = held.len() / CHUNK_BYTES * CHUNK_BYTES;
                let rest = held.split_off(whole);
                upload = keep(app, actor, Some(upload), &name, std::mem::replace(&mut held, rest)).await?;
            }
        }
        return Ok(Some(keep(app, actor, Some(upload), &name, held).await?));
    }
    Ok(None)
}

/// Begins an upload, or adds to it.
async fn keep(
    app: &web::Data<App>,
    actor: &Actor,
    upload: Option<Upload>,
    name: &str,
    bytes: Vec<u8>,
) -> Result<Upload, PageError> {
    let (app, actor, name) = (app.clone(), actor.clone(), name.to_owned());
    let kept = run(move || {
        let mut upload = match upload {
            Some(upload) => upload,
            None => imports::begin_upload(&app, &actor, &name)?,
        };
        imports::more_upload(&app, &actor, &mut upload, &bytes)?;
        Ok::<Upload, ImportError>(upload)
    })
    .await??;
    Ok(kept)
}

/// GET /contacts/import/{id}: whatever the import needs next, or how far it is.
pub(super) async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    id: web::Path<ImportId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *id)).await??;
    html(StatusCode::OK, &page)
}

fn page(app: &App, actor: &Actor, frame: &Frame, id: ImportId) -> Result<ImportPage, ImportError> {
    let (import, progress, refused) = imports::find_import(app, actor, id)?;
    let title = match import.state {
        ImportState::Mapping => format!("What is in {}?", import.file_name),
        _ => format!("Import of {}", import.file_name),
    };
    let is_at_work = matches!(import.state, ImportState::Running | ImportState::Undoing);
    let layout = if is_at_work { frame.live_layout(title) } else { frame.layout(title) };
    let rows = import.look.as_ref().map_or(0, |look| look.counts.rows());
    let is_mapping = import.state == ImportState::Mapping;
    let refused = match &import.look {
        Some(look) if is_mapping => look.refused.clone(),
        _ => refused,
    };
    let asked = addresses::tally_of(&app.store, actor.workspace, id).map_err(ImportError::from)?;
    let tally = asked.or(import.look.as_ref().map(|look| look.addresses)).unwrap_or_default();
    Ok(ImportPage {
        layout,
        doubts: tally.lines(),
        id: id.to_string(),
        error: String::new(),
        notice: String::new(),
        columns: column_rows(&import),
        encodings: encodings(&import.encoding),
        delimiters: delimiters(),
        delimiter: char::from(import.delimiter).to_string().replace('\t', "tab"),
        tags: import.tags.join(", "),
        known: Known::ALL
            .map(|known| KnownChoice { value: known.as_str(), words: known.words(), chosen: known == import.known })
            .into(),
        look: import.look.as_ref().map(|look| Figures::from(look.counts)),
        done: progress.counts.into(),
        refused,
        progress,
        rows,
        rows_words: number(rows),
        import,
    })
}

fn column_rows(import: &Import) -> Vec<ColumnRow> {
    let row = |(number, column): (usize, &Column)| ColumnRow {
        number,
        choices: choices(column),
        chosen: column.target.key(),
        column: column.clone(),
    };
    import.columns.iter().enumerate().map(row).collect()
}

impl ColumnRow {
    fn is_left_out(&self) -> bool {
        self.column.target == Target::LeaveOut
    }

    fn samples(&self) -> String {
        self.column.samples.join(" · ")
    }
}

fn encodings(found: &str) -> Vec<Choice> {
    let mut names = vec!["UTF-8", "windows-1252", "UTF-16LE", "UTF-16BE", "ISO-8859-2", "windows-1251", "Shift_JIS"];
    if !names.contains(&found) {
        names.insert(0, found);
    }
    names.into_iter().map(|name| Choice { value: name.to_owned(), label: name.to_owned() }).collect()
}

fn delimiters() -> Vec<Choice> {
    [(",", "Comma"), (";", "Semicolon"), ("tab", "Tab"), ("|", "Bar")]
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned() })
        .into()
}

/// POST /contacts/import/{id}: takes the choices over and looks at the whole file; 422 with what is wrong.
pub(super) async fn configure(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    id: web::Path<ImportId>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let wanted = read_choices(&form);
    let (looked, page) = run(move || {
        let looked = imports::configure(&app, &actor, id, &wanted).and_then(|(_, is_cut_anew)| {
            if is_cut_anew {
                return Ok(Some("The file was read anew. Look at the columns once more."));
            }
            imports::check(&app, &actor, id).map(|_| None)
        });
        (looked, page(&app, &actor, &frame, id))
    })
    .await?;
    match looked {
        Ok(None) => Ok(see_other(&format!("/contacts/import/{id}#look"))),
        Ok(Some(notice)) => html(StatusCode::OK, &ImportPage { notice: notice.to_owned(), ..page? }),
        Err(
            error @ (ImportError::Denied(_) | ImportError::NotFound | ImportError::State(_) | ImportError::Store(_)),
        ) => Err(error.into()),
        Err(error) => html(StatusCode::UNPROCESSABLE_ENTITY, &ImportPage { error: error.to_string(), ..page? }),
    }
}

/// `col-0`, `col-1`, … are the fields of the columns.
fn read_choices(form: &[(String, String)]) -> Choices {
    let value =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let mut targets: Vec<(usize, String)> =
        form.iter().filter_map(|(key, value)| Some((key.strip_prefix("col-")?.parse().ok()?, value.clone()))).collect();
    targets.sort_unstable_by_key(|(number, _)| *number);
    let delimiter = value("delimiter");
    Choices {
        targets: targets.into_iter().map(|(_, target)| target).collect(),
        tags: value("tags"),
        known: Known::parse(&value("known")).unwrap_or_default(),
        encoding: value("encoding"),
        delimiter: if delimiter == "tab" { b'\t' } else { delimiter.bytes().next().unwrap_or(b',') },
        has_header: value("has_header") == "on",
    }
}

/// POST /contacts/import/{id}/start, stop, undo or discard.
pub(super) async fn act(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<(ImportId, String)>,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    let is_discarded = act == "discard";
    run(move || match act.as_str() {
        "start" => imports::start(&app, &actor, id).map(|_| ()),
        "stop" => imports::stop(&app, &actor, id),
        "undo" => imports::undo(&app, &actor, id),
        "discard" => imports::discard(&app, &actor, id),
        _ => Err(ImportError::NotFound),
    })
    .await??;
    if is_discarded {
        let toast = Toast::new("The file was thrown away. Nothing was imported.");
        return Ok(with_toast(see_other("/contacts/import"), &cookies, &toast));
    }
    Ok(see_other(&format!("/contacts/import/{id}")))
}

/// GET /contacts/import/{id}/refused.csv
pub(super) async fn refused(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<ImportId>,
) -> Result<HttpResponse, PageError> {
    let file = run(move || imports::refused_csv(&app, &actor, *id)).await??;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"refused-rows.csv\""))
        .body(file))
}
