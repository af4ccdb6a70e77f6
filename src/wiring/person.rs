//! What concerns a person in all rooms at once: everything held about them, erasing it, and their whole timeline.

use std::sync::Arc;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::HttpResponse;
use serde_json::{json, Map, Value};

use super::erasure::{self, EraseError};
use super::personal_data;
use crate::addresses;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, ContactId, MessageId, ReplyId, WorkspaceId};
use crate::contacts::{self, Contact, Exchange, Neighbours};
use crate::http::layout::ConfirmPage;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::leads;
use crate::messaging::{self, Purpose};
use crate::store::StoreError;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/contacts/{id}/export").route(web::get().to(export)))
        .service(web::resource("/contacts/{id}/erase").route(web::get().to(ask)).route(web::post().to(erase)));
}

/// For the pages and the API of contacts.
pub fn neighbours() -> Data<Arc<dyn Neighbours>> {
    let neighbours: Arc<dyn Neighbours> = Arc::new(Correspondence);
    Data::new(neighbours)
}

/// What contacts' timeline shows of mail, without that room knowing the one that holds it.
struct Correspondence;

impl Neighbours for Correspondence {
    fn message(&self, app: &App, workspace: WorkspaceId, id: MessageId) -> Result<Option<Exchange>, StoreError> {
        let message = messaging::get_message(&app.store, workspace, id)?;
        Ok(message.map(|message| Exchange { subject: message.subject, ..Exchange::default() }))
    }

    fn reply(&self, app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Exchange>, StoreError> {
        let reply = messaging::get_reply(&app.store, workspace, id)?;
        Ok(reply.map(|reply| Exchange {
            subject: reply.subject,
            excerpt: reply.excerpt,
            label: reply.reading.map(|reading| reading.label).unwrap_or_default(),
        }))
    }

    fn why_not_written_to(&self, app: &App, contact: &Contact) -> Result<Option<String>, StoreError> {
        let Some(address) = contact.address() else { return Ok(None) };
        app.store.read(|txn| {
            if let Some(entry) = messaging::is_suppressed(txn, contact.workspace, address, Purpose::Outreach)? {
                let (target, reason) = (entry.target.words(), entry.reason.words());
                return Ok(Some(format!("{target} is on the list of those not written to: {reason}.")));
            }
            addresses::why_no_mail(txn, contact.workspace, address)
        })
    }

    fn beside(&self, app: &App, actor: &Actor, csrf: &str, contact: &Contact) -> Result<Vec<String>, StoreError> {
        let mut parts = vec![addresses::part(app, actor, csrf, contact)?];
        parts.extend(leads::parts(app, actor, csrf, contact)?);
        Ok(parts)
    }

    fn erase(&self, app: &App, actor: &Actor, contact: ContactId) -> Result<(), PageError> {
        erase_everywhere(app, actor, contact)
    }
}

/// GET /contacts/<id>/export: everything held about the person, as JSON, table by table (promise 12).
async fn export(app: Data<App>, actor: Actor, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditContacts)?;
    let id: ContactId = id.parse().map_err(|_| PageError::NotFound)?;
    let held = run(move || held_about(&app, &actor, id)).await??;
    let name = format!("attachment; filename=\"contact-{id}.json\"");
    Ok(HttpResponse::Ok().insert_header((CONTENT_DISPOSITION, name)).json(held))
}

fn held_about(app: &App, actor: &Actor, id: ContactId) -> Result<Value, PageError> {
    let failed = |error: StoreError| PageError::internal("could not read what is held about a person", &error);
    let contact = contacts::get(&app.store, actor.workspace, id).map_err(failed)?.ok_or(PageError::NotFound)?;
    let tables = personal_data::export_contact(&app.store, actor.workspace, id).map_err(failed)?;
    let tables: Map<String, Value> = tables.into_iter().map(|(name, rows)| (name.to_owned(), rows.into())).collect();
    Ok(json!({ "contact": contact.name(), "made_at": app.now().to_rfc3339(), "held": tables }))
}

/// GET /contacts/<id>/erase: asks before what cannot be undone.
async fn ask(app: Data<App>, actor: Actor, frame: Frame, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditContacts)?;
    let id: ContactId = id.parse().map_err(|_| PageError::NotFound)?;
    let (name, rows) = run(move || count_rows(&app, &actor, id)).await??;
    let (records, are) = (counted(rows as u64, "record", "records"), if rows == 1 { "is" } else { "are" });
    let page = ConfirmPage {
        layout: frame.layout(format!("Erase {name}")),
        question: format!("Erase {name}?"),
        consequence: format!(
            "{records} about this person {are} gone at once, and from backups as they grow old. Of the address only \
             a mark without letters stays, so that nobody writes to them again by mistake."
        ),
        button: "Erase 1 contact".to_owned(),
        action: format!("/contacts/{id}/erase"),
        fields: Vec::new(),
        back: format!("/contacts/{id}"),
    };
    html(StatusCode::OK, &page)
}

fn count_rows(app: &App, actor: &Actor, id: ContactId) -> Result<(String, usize), PageError> {
    let failed = |error: StoreError| PageError::internal("could not count what is held about a person", &error);
    let contact = contacts::get(&app.store, actor.workspace, id).map_err(failed)?.ok_or(PageError::NotFound)?;
    let tables = personal_data::export_contact(&app.store, actor.workspace, id).map_err(failed)?;
    Ok((contact.name(), tables.iter().map(|(_, rows)| rows.len()).sum()))
}

/// POST /contacts/<id>/erase: 303 to the list.
async fn erase(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id: ContactId = id.parse().map_err(|_| PageError::NotFound)?;
    run(move || erase_everywhere(&app, &actor, id)).await??;
    Ok(with_toast(see_other("/contacts"), &cookies, &Toast::new("Erased, with everything that was held.")))
}

fn erase_everywhere(app: &App, actor: &Actor, id: ContactId) -> Result<(), PageError> {
    actor.require(Permission::EditContacts)?;
    erasure::erase(app, actor, id).map_err(|error| match error {
        EraseError::Contact(error) => error.into(),
        other => PageError::internal("could not erase a person", &other),
    })
}
