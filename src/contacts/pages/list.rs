//! GET /contacts: the table, its search and its tags; POST /contacts/tags: a tag for many.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::words::{date, encoded, number, people};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor};
use crate::contacts::imports::{self, Import, Progress};
use crate::contacts::list::{page, Filter};
use crate::contacts::model::Contact;
use crate::contacts::service::ContactError;
use crate::contacts::tags::{self, TagCount};
use crate::contacts::{store, tag_all, untag_all};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Pager;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::store::StoreError;
use crate::workspaces;

const ROWS: usize = 50;
/// Tags shown above the table; all are offered by the field.
const TAGS_SHOWN: usize = 12;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    q: String,
    tag: String,
    cursor: String,
    /// Place of the first row, for "51 to 100"; only words.
    from: u64,
}

/// What one consistent read finds.
struct Listed {
    rows: Vec<Row>,
    next: Option<Cursor>,
    total: u64,
    tags: Vec<TagCount>,
    running: Option<(Import, Progress)>,
}

struct Row {
    id: String,
    name: String,
    address: String,
    company: String,
    tags: Vec<String>,
    restricted: bool,
    added_iso: String,
    added: String,
}

#[derive(Template)]
#[template(path = "contacts/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    total: u64,
    total_words: String,
    q: String,
    tag: String,
    tags: Vec<TagLink>,
    all_tags: Vec<TagCount>,
    running: Option<Running>,
    pager: Pager,
    export: String,
    may_edit: bool,
    may_import: bool,
}

struct TagLink {
    href: String,
    name: String,
    count: String,
    current: bool,
}

struct Running {
    id: String,
    file_name: String,
    done: u64,
    rows: u64,
    words: String,
}

pub(super) async fn list(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let query = query.into_inner();
    let cursor = match query.cursor.as_str() {
        "" => None,
        text => {
            let words = |_| PageError::bad_request("This page no longer exists.", "Start again from the first.");
            Some(Cursor::parse(text).map_err(words)?)
        }
    };
    let (may_edit, may_import) = (actor.may(Permission::EditContacts), actor.may(Permission::ImportContacts));
    let filter = Filter { question: query.q.clone(), tag: query.tag.clone() };
    let listed = run(move || read(&app, &actor, &filter, cursor.as_ref())).await??;
    let page = ListPage {
        layout: if listed.running.is_some() { frame.live_layout("Contacts") } else { frame.layout("Contacts") },
        pager: pager(&query, &listed),
        tags: tag_links(&query, &listed.tags),
        all_tags: listed.tags,
        rows: listed.rows,
        total: listed.total,
        total_words: people(listed.total),
        running: listed.running.map(running),
        export: format!("/contacts/export.csv?q={}&tag={}", encoded(&query.q), encoded(&query.tag)),
        q: query.q,
        tag: query.tag,
        may_edit,
        may_import,
    };
    html(StatusCode::OK, &page)
}

fn read(app: &App, actor: &Actor, filter: &Filter, cursor: Option<&Cursor>) -> Result<Listed, ContactError> {
    actor.require(Permission::ViewContacts)?;
    let workspace = actor.workspace;
    let may_import = actor.may(Permission::ImportContacts);
    let listed = app.store.read(|txn| {
        let found = page(txn, workspace, filter, cursor, ROWS)?;
        let zone = workspaces::find(txn, workspace)?.map_or(jiff::tz::TimeZone::UTC, |found| found.zone());
        Ok::<Listed, StoreError>(Listed {
            rows: found.rows.into_iter().map(|contact| row(contact, &zone)).collect(),
            next: found.next,
            total: store::counts(txn, workspace)?.people,
            tags: tags::all(txn, workspace)?,
            running: if may_import { imports::running(txn, workspace)? } else { None },
        })
    })?;
    Ok(listed)
}

fn row(contact: Contact, zone: &jiff::tz::TimeZone) -> Row {
    Row {
        id: contact.id.to_string(),
        name: contact.name(),
        address: contact.address().map(|address| address.display().to_owned()).unwrap_or_default(),
        added_iso: contact.created_at.to_rfc3339(),
        added: date(contact.created_at, zone),
        company: contact.company,
        tags: contact.tags,
        restricted: contact.restricted,
    }
}

fn pager(query: &ListQuery, listed: &Listed) -> Pager {
    let base = format!("/contacts?q={}&tag={}", encoded(&query.q), encoded(&query.tag));
    let from = query.from.clamp(1, u64::MAX / 2);
    let to = from + (listed.rows.len() as u64).saturating_sub(1);
    let is_all = query.q.is_empty() && query.tag.is_empty();
    let shown = match (listed.rows.is_empty(), is_all) {
        (true, _) => String::new(),
        (false, true) => format!("{} to {} of {}", number(from), number(to), number(listed.total)),
        (false, false) => format!("{} to {}", number(from), number(to)),
    };
    Pager {
        shown,
        newer: (!query.cursor.is_empty()).then(|| base.clone()),
        older: listed.next.as_ref().map(|next| format!("{base}&cursor={next}&from={}", to + 1)),
    }
}

fn tag_links(query: &ListQuery, tags: &[TagCount]) -> Vec<TagLink> {
    let chosen = query.tag.to_lowercase();
    let is_shown = |(at, tag): &(usize, &TagCount)| *at < TAGS_SHOWN || tag.name == chosen;
    let link = |(_, tag): (usize, &TagCount)| {
        let current = tag.name == chosen;
        let wanted = if current { String::new() } else { encoded(&tag.name) };
        TagLink {
            href: format!("/contacts?q={}&tag={wanted}", encoded(&query.q)),
            name: tag.name.clone(),
            count: number(tag.contacts),
            current,
        }
    };
    tags.iter().enumerate().filter(is_shown).map(link).collect()
}

fn running((import, progress): (Import, Progress)) -> Running {
    let rows = import.look.as_ref().map_or(0, |look| look.counts.rows());
    let counts = progress.counts;
    Running {
        id: import.id.to_string(),
        file_name: import.file_name,
        done: counts.rows(),
        rows,
        words: format!("{} of {} rows", number(counts.rows()), number(rows)),
    }
}

/// POST /contacts/tags: `contact` (many), `tag`, `act` (`tag` or `untag`), and where to go back to.
pub(super) async fn tag(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let value =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let ids: Vec<ContactId> =
        form.iter().filter(|(key, _)| key == "contact").filter_map(|(_, id)| id.parse().ok()).take(500).collect();
    let (tag, takes_off) = (value("tag"), value("act") == "untag");
    let back = format!("/contacts?q={}&tag={}", encoded(&value("q")), encoded(&value("shown_tag")));
    if ids.is_empty() {
        return Err(PageError::bad_request("No contact was chosen.", "Go back and tick those that you mean."));
    }
    let shown = tag.trim().to_lowercase();
    let changed =
        run(move || if takes_off { untag_all(&app, &actor, &ids, &tag) } else { tag_all(&app, &actor, &ids, &tag) })
            .await??;
    let words = match takes_off {
        true => format!("Took “{shown}” off {}.", people(changed as u64)),
        false => format!("Put “{shown}” on {}.", people(changed as u64)),
    };
    Ok(with_toast(see_other(&back), &cookies, &Toast::new(words)))
}
