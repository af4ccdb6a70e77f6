//! Choosing contacts to become leads of a worker: the newest, or those that answer a question.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::{find_active, OutreachError};
use super::{head, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, WorkerId};
use crate::contacts::{self, Contact};
use crate::http::layout::Layout;
use crate::http::ui::Pager;
use crate::http::{html, run, Frame, PageError};
use crate::store::StoreError;

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "outreach/choose.html")]
pub struct ChoosePage {
    pub layout: Layout,
    pub head: Head,
    pub q: String,
    pub rows: Vec<Row>,
    pub pager: Pager,
}

pub struct Row {
    pub id: String,
    pub name: String,
    pub detail: String,
    pub company: String,
    /// Why there is no box to tick; empty where there is one.
    pub not: &'static str,
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    q: String,
    #[serde(default)]
    cursor: String,
}

/// GET /outreach/{worker}/leads/choose?q=…
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let query = query.into_inner();
    let cursor = match query.cursor.as_str() {
        "" => None,
        text => Some(
            Cursor::parse(text)
                .map_err(|_| PageError::bad_request("This page no longer exists.", "Start again from the first."))?,
        ),
    };
    let page = run(move || page(&app, &actor, &frame, *worker, &query.q, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    q: &str,
    cursor: Option<&Cursor>,
) -> Result<ChoosePage, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let head = head(app, actor, id, "leads")?;
    let found = match q.trim() {
        "" => contacts::list_newest(&app.store, actor.workspace, cursor, PAGE)?,
        question => contacts::search(&app.store, actor.workspace, question, None, cursor, PAGE)?,
    };
    let here = format!("/outreach/{id}/leads/choose");
    let encoded: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let rows = app.store.read(|txn| {
        let row = |contact: &Contact| {
            let is_lead = find_active(txn, actor.workspace, contact.id)?.is_some();
            Ok::<Row, StoreError>(row(contact, is_lead))
        };
        found.rows.iter().map(row).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(ChoosePage {
        layout: frame.layout(format!("Leads for {}", head.worker.name)),
        pager: Pager {
            shown: format!("{} shown", rows.len()),
            newer: cursor.map(|_| format!("{here}?q={encoded}")),
            older: found.next.map(|next| format!("{here}?q={encoded}&cursor={next}")),
        },
        q: q.to_owned(),
        rows,
        head,
    })
}

fn row(contact: &Contact, is_lead: bool) -> Row {
    let address = contact.address().map(|address| address.display().to_owned());
    Row {
        id: contact.id.to_string(),
        name: contact.name(),
        company: contact.company.clone(),
        not: match (is_lead, &address) {
            (true, _) => "In a sequence",
            (false, None) => "No address",
            (false, Some(_)) => "",
        },
        detail: address.unwrap_or_default(),
    }
}
