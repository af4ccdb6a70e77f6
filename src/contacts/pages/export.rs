//! GET /contacts/export.csv: the contacts of a list as a file, page by page, however many there are.

use std::collections::BTreeSet;

use actix_web::web::Bytes;
use actix_web::{web, HttpResponse};
use serde::Deserialize;

use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, WorkspaceId};
use crate::contacts::csv_out::CsvOut;
use crate::contacts::list::{page, Filter};
use crate::contacts::model::Contact;
use crate::contacts::service::ContactError;
use crate::http::download::{csv_in_pieces, Pieces};
use crate::http::{run, PageError};
use crate::store::{Store, StoreError};

const ROWS_AT_ONCE: usize = 500;
/// Named as the import recognises them, so that the file can come back.
const COLUMNS: [&str; 11] = [
    "E-mail",
    "First name",
    "Last name",
    "Company",
    "Job title",
    "Phone",
    "Web site",
    "Time zone",
    "Language",
    "Tags",
    "Added",
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExportQuery {
    q: String,
    tag: String,
}

/// What is left to write.
struct Export {
    store: Store,
    workspace: WorkspaceId,
    filter: Filter,
    own: Vec<String>,
    cursor: Option<Cursor>,
    begun: bool,
}

pub(super) async fn csv(
    app: web::Data<App>,
    actor: Actor,
    query: web::Query<ExportQuery>,
) -> Result<HttpResponse, PageError> {
    let query = query.into_inner();
    let filter = Filter { question: query.q, tag: query.tag };
    let begun = run(move || begin(&app, &actor, filter)).await??;
    Ok(csv_in_pieces("contacts.csv", begun))
}

fn begin(app: &App, actor: &Actor, filter: Filter) -> Result<Export, ContactError> {
    actor.require(Permission::EditContacts)?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| audit::record(txn, workspace, now, &Who::of(actor), "contacts.exported", "contacts", ""))?;
    let mut export =
        Export { store: app.store.clone(), workspace, filter, own: Vec::new(), cursor: None, begun: false };
    export.own = export.own_fields()?;
    Ok(export)
}

impl Export {
    /// The names of own fields that occur: they are columns, so all must be known before the first row.
    fn own_fields(&self) -> Result<Vec<String>, StoreError> {
        let (mut keys, mut cursor) = (BTreeSet::new(), None);
        loop {
            let found =
                self.store.read(|txn| page(txn, self.workspace, &self.filter, cursor.as_ref(), ROWS_AT_ONCE))?;
            keys.extend(found.rows.into_iter().flat_map(|contact| contact.custom.into_keys()));
            cursor = found.next;
            if cursor.is_none() {
                return Ok(keys.into_iter().collect());
            }
        }
    }

    fn write(&self, out: &mut CsvOut, contact: &Contact) {
        let addresses: Vec<&str> = contact.addresses.iter().map(|address| address.display()).collect();
        let (addresses, tags, added) = (addresses.join("; "), contact.tags.join("; "), contact.created_at.to_rfc3339());
        let known = [
            addresses.as_str(),
            &contact.first_name,
            &contact.last_name,
            &contact.company,
            &contact.job_title,
            &contact.phone,
            &contact.website,
            contact.time_zone.as_deref().unwrap_or_default(),
            contact.locale.as_deref().unwrap_or_default(),
            &tags,
            &added,
        ];
        let own = self.own.iter().map(|key| contact.custom.get(key).map_or("", String::as_str));
        out.row(known.into_iter().chain(own));
    }
}

impl Pieces for Export {
    fn next(mut self) -> Result<(Bytes, Option<Self>), StoreError> {
        let mut out = if self.begun { CsvOut::without_mark() } else { CsvOut::new() };
        if !self.begun {
            out.row(COLUMNS.into_iter().chain(self.own.iter().map(String::as_str)));
            self.begun = true;
        }
        let cursor = self.cursor.take();
        let found = self.store.read(|txn| page(txn, self.workspace, &self.filter, cursor.as_ref(), ROWS_AT_ONCE))?;
        for contact in &found.rows {
            self.write(&mut out, contact);
        }
        let bytes = Bytes::from(out.finish());
        self.cursor = found.next;
        let left = self.cursor.is_some().then_some(self);
        Ok((bytes, left))
    }
}
