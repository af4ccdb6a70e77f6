//! Contacts and tags for programs: `/v1/contacts`, `/v1/tags`.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::model::{Contact, Source};
use super::service::{self, ContactError, ContactFields};
use super::tags::{self, TagCount};
use super::timeline::Neighbours;
use super::{list, store};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ContactId;
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, IdempotencyStore};
use crate::http::{run, ApiError, ApiJson, ApiPage, PageQuery};

/// Contacts of one request on tags.
const MAX_TAGGED: usize = 1_000;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/contacts").route(web::get().to(list_contacts)).route(web::post().to(create_contact)))
        .service(
            web::resource("/contacts/{id}")
                .route(web::get().to(get_contact))
                .route(web::patch().to(change_contact))
                .route(web::delete().to(delete_contact)),
        )
        .service(web::resource("/tags").route(web::get().to(list_all_tags)))
        .service(
            web::resource("/tags/{tag}/contacts").route(web::post().to(add_tag)).route(web::delete().to(remove_tag)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list_contacts,
        create_contact,
        get_contact,
        change_contact,
        delete_contact,
        list_all_tags,
        add_tag,
        remove_tag
    ),
    components(schemas(ContactBody, NewContactBody, ContactPatch, Tagged, TagChange, TagCount))
)]
struct Document;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// A contact as programs see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactBody {
    pub id: String,
    /// The first is the one written to.
    pub addresses: Vec<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub job_title: String,
    pub phone: String,
    pub website: String,
    /// IANA name; null: the workspace's own.
    pub time_zone: Option<String>,
    /// BCP 47.
    pub locale: Option<String>,
    pub custom: BTreeMap<String, String>,
    pub tags: Vec<String>,
    /// `by_hand`, `import`, `api`, `referral`, `reply`, `web_page`, `crm` or `webhook`.
    pub source: String,
    /// Processing is frozen on the person's request.
    pub restricted: bool,
    /// RFC 3339, UTC.
    pub created_at: String,
    pub changed_at: String,
}

impl From<&Contact> for ContactBody {
    fn from(contact: &Contact) -> Self {
        let source = match &contact.source {
            Source::ByHand => "by_hand",
            Source::Import(_) => "import",
            Source::Api => "api",
            Source::Referral => "referral",
            Source::Reply => "reply",
            Source::WebPage => "web_page",
            Source::Booked => "booked",
            Source::Crm(_) => "crm",
            Source::Webhook(_) => "webhook",
        };
        let fields = ContactFields::of(contact);
        Self {
            id: contact.id.to_string(),
            addresses: fields.addresses,
            first_name: fields.first_name,
            last_name: fields.last_name,
            company: fields.company,
            job_title: fields.job_title,
            phone: fields.phone,
            website: fields.website,
            time_zone: contact.time_zone.clone(),
            locale: contact.locale.clone(),
            custom: fields.custom,
            tags: fields.tags,
            source: source.to_owned(),
            restricted: contact.restricted,
            created_at: contact.created_at.to_rfc3339(),
            changed_at: contact.changed_at.to_rfc3339(),
        }
    }
}

/// A new contact; only `addresses` is needed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewContactBody {
    pub addresses: Vec<String>,
    pub first_name: String,
    pub last_name: String,
    pub company: String,
    pub job_title: String,
    pub phone: String,
    pub website: String,
    /// Null: the workspace's own.
    pub time_zone: Option<String>,
    pub locale: Option<String>,
    pub custom: BTreeMap<String, String>,
    pub tags: Vec<String>,
}

/// Changes of a contact; what is absent stays, null takes time zone and locale away. In `custom` an empty value removes
/// the field.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContactPatch {
    pub addresses: Option<Vec<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub job_title: Option<String>,
    pub phone: Option<String>,
    pub website: Option<String>,
    #[serde(deserialize_with = "null_or_text")]
    #[schema(value_type = Option<String>)]
    pub time_zone: Option<Option<String>>,
    #[serde(deserialize_with = "null_or_text")]
    #[schema(value_type = Option<String>)]
    pub locale: Option<Option<String>>,
    pub custom: Option<BTreeMap<String, String>>,
    pub tags: Option<Vec<String>>,
}

/// Tells null (take it away) from absent (leave it).
fn null_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ContactPatch {
    fn over(self, contact: &Contact) -> ContactFields {
        let mut fields = ContactFields::of(contact);
        let set = |own: &mut String, new: Option<String>| {
            if let Some(new) = new {
                *own = new;
            }
        };
        set(&mut fields.first_name, self.first_name);
        set(&mut fields.last_name, self.last_name);
        set(&mut fields.company, self.company);
        set(&mut fields.job_title, self.job_title);
        set(&mut fields.phone, self.phone);
        set(&mut fields.website, self.website);
        set(&mut fields.time_zone, self.time_zone.map(Option::unwrap_or_default));
        set(&mut fields.locale, self.locale.map(Option::unwrap_or_default));
        fields.addresses = self.addresses.unwrap_or(fields.addresses);
        fields.tags = self.tags.unwrap_or(fields.tags);
        fields.custom.extend(self.custom.unwrap_or_default());
        fields
    }
}

/// The contacts that a tag is put on or taken off.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tagged {
    /// Ids, at most 1,000.
    pub contacts: Vec<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TagChange {
    /// How many contacts were changed by it.
    pub changed: usize,
    /// Ids of no contact here; nothing was done about them.
    pub unknown: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Beginnings of words of name, address or company.
    q: Option<String>,
    /// Only contacts with this tag.
    tag: Option<String>,
}

/// Contacts, newest first; with `q` those of whom each word begins a word of name, address or company.
#[utoipa::path(
    get, path = "/v1/contacts", tag = "contacts",
    params(Search, PageQuery),
    responses((status = 200, description = "A page of contacts", body = ApiPage<ContactBody>))
)]
async fn list_contacts(
    app: web::Data<App>,
    actor: Actor,
    search: web::Query<Search>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let asked = search.into_inner();
    let listed = run(move || {
        actor.require(Permission::ViewContacts)?;
        let filter = list::Filter { question: asked.q.unwrap_or_default(), tag: asked.tag.unwrap_or_default() };
        Ok::<_, ContactError>(app.store.read(|txn| list::page(txn, actor.workspace, &filter, cursor.as_ref(), limit))?)
    })
    .await??;
    Ok(HttpResponse::Ok().json(query.answer(listed.map(|contact| ContactBody::from(&contact)))))
}

/// Adds a contact. An address that is known already is a conflict; the answer names its contact.
#[utoipa::path(
    post, path = "/v1/contacts", tag = "contacts", request_body = NewContactBody,
    responses((status = 201, description = "The contact as it was made", body = ContactBody), (status = 409, description = "The address is known"))
)]
async fn create_contact(
    app: web::Data<App>,
    actor: Actor,
    answers: web::Data<Arc<dyn IdempotencyStore>>,
    key: IdempotencyKey,
    body: ApiJson<NewContactBody>,
) -> Result<ApiAnswer, ApiError> {
    let fields = ContactFields::from(body.value);
    run(move || {
        let workspace = actor.workspace;
        idempotent(answers.as_ref().as_ref(), workspace, &key, body.fingerprint, || {
            let contact = service::add_contact(&app, &actor, &fields, Source::Api)?;
            Ok(ApiAnswer {
                status: StatusCode::CREATED.as_u16(),
                location: Some(format!("/v1/contacts/{}", contact.id)),
                body: serde_json::to_vec(&ContactBody::from(&contact)).unwrap_or_default(),
                is_replay: false,
            })
        })
    })
    .await?
}

/// One contact.
#[utoipa::path(
    get, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, description = "The contact", body = ContactBody), (status = 404, description = "Not in this workspace"))
)]
async fn get_contact(app: web::Data<App>, actor: Actor, id: web::Path<ContactId>) -> Result<HttpResponse, ApiError> {
    let contact = run(move || find(&app, &actor, *id)).await??;
    Ok(HttpResponse::Ok().json(ContactBody::from(&contact)))
}

/// Changes some fields of a contact.
#[utoipa::path(
    patch, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = String, Path)), request_body = ContactPatch,
    responses((status = 200, description = "The contact", body = ContactBody), (status = 404, description = "Not in this workspace"), (status = 409, description = "Another contact has one of these addresses"), (status = 422, description = "A value is wrong"))
)]
async fn change_contact(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<ContactId>,
    body: ApiJson<ContactPatch>,
) -> Result<HttpResponse, ApiError> {
    let contact = run(move || {
        let before = find(&app, &actor, *id)?;
        service::update_contact(&app, &actor, *id, &body.value.over(&before))
    })
    .await??;
    Ok(HttpResponse::Ok().json(ContactBody::from(&contact)))
}

/// Erases a person with everything that is held about them, as the button on their page does: messages, answers,
/// bookings, notes. Of the address a keyed hash stays, so that nobody writes to them again by mistake.
#[utoipa::path(
    delete, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = String, Path)),
    responses((status = 204, description = "Gone"), (status = 404, description = "Not in this workspace"))
)]
async fn delete_contact(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<ContactId>,
    neighbours: web::Data<Arc<dyn Neighbours>>,
) -> Result<HttpResponse, ApiError> {
    run(move || neighbours.erase(&app, &actor, *id)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// All tags with how many contacts have each.
#[utoipa::path(
    get, path = "/v1/tags", tag = "tags", params(PageQuery), responses((status = 200, description = "A page of tags", body = ApiPage<TagCount>))
)]
async fn list_all_tags(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<HttpResponse, ApiError> {
    let all = run(move || {
        actor.require(Permission::ViewContacts)?;
        Ok::<_, ContactError>(tags::list_tags(&app.store, actor.workspace)?)
    })
    .await??;
    // In the order of the list: the most used first, then by name.
    let page = query.part_of(all, |tag| [&(u64::MAX - tag.contacts).to_be_bytes(), tag.name.as_bytes()].concat())?;
    Ok(HttpResponse::Ok().json(query.answer(page)))
}

/// Puts a tag on contacts.
#[utoipa::path(
    post, path = "/v1/tags/{tag}/contacts", tag = "tags", params(("tag" = String, Path)), request_body = Tagged,
    responses((status = 200, description = "How many contacts changed", body = TagChange), (status = 422, description = "A value is wrong"))
)]
async fn add_tag(
    app: web::Data<App>,
    actor: Actor,
    answers: web::Data<Arc<dyn IdempotencyStore>>,
    key: IdempotencyKey,
    tag: web::Path<String>,
    body: ApiJson<Tagged>,
) -> Result<ApiAnswer, ApiError> {
    let ids = read_ids(&body.value)?;
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let changed = tags::tag_all(&app, &actor, &ids, &tag)?;
            let unknown = unknown_of(&app, &actor, &ids)?;
            ApiAnswer::json(StatusCode::OK, &TagChange { changed, unknown })
        })
    })
    .await?
}

/// Takes a tag off contacts.
#[utoipa::path(
    delete, path = "/v1/tags/{tag}/contacts", tag = "tags", params(("tag" = String, Path)), request_body = Tagged,
    responses((status = 200, description = "How many contacts changed", body = TagChange), (status = 422, description = "A value is wrong"))
)]
async fn remove_tag(
    app: web::Data<App>,
    actor: Actor,
    tag: web::Path<String>,
    body: ApiJson<Tagged>,
) -> Result<HttpResponse, ApiError> {
    let ids = read_ids(&body.value)?;
    let change = run(move || {
        let changed = tags::untag_all(&app, &actor, &ids, &tag)?;
        Ok::<_, ContactError>(TagChange { changed, unknown: unknown_of(&app, &actor, &ids)? })
    });
    Ok(HttpResponse::Ok().json(change.await??))
}

/// Those of `ids` that name no contact of the workspace.
fn unknown_of(app: &App, actor: &Actor, ids: &[ContactId]) -> Result<Vec<String>, ContactError> {
    let mut unknown = Vec::new();
    for id in ids {
        if store::get(&app.store, actor.workspace, *id)?.is_none() {
            unknown.push(id.to_string());
        }
    }
    Ok(unknown)
}

fn find(app: &App, actor: &Actor, id: ContactId) -> Result<Contact, ContactError> {
    actor.require(Permission::ViewContacts)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)
}

fn read_ids(body: &Tagged) -> Result<Vec<ContactId>, ApiError> {
    if body.contacts.len() > MAX_TAGGED {
        let words = format!("At most {MAX_TAGGED} contacts at once.");
        return Err(ApiError::invalid(vec![FieldError::at("/contacts", words)]));
    }
    let each = body.contacts.iter().enumerate().map(|(at, id)| {
        id.parse()
            .map_err(|_| ApiError::invalid(vec![FieldError::at(&format!("/contacts/{at}"), "Not a contact's id.")]))
    });
    each.collect()
}

impl From<NewContactBody> for ContactFields {
    fn from(body: NewContactBody) -> Self {
        Self {
            first_name: body.first_name,
            last_name: body.last_name,
            addresses: body.addresses,
            company: body.company,
            job_title: body.job_title,
            phone: body.phone,
            website: body.website,
            time_zone: body.time_zone.unwrap_or_default(),
            locale: body.locale.unwrap_or_default(),
            custom: body.custom,
            tags: body.tags,
        }
    }
}

impl From<ContactError> for ApiError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Denied(denied) => denied.into(),
            ContactError::NotFound => Self::not_found(),
            ContactError::Invalid(errors) => {
                let place = |field: &str| format!("/{}", if field == "email" { "addresses" } else { field });
                Self::invalid(errors.iter().map(|(field, words)| FieldError::at(&place(field), words)).collect())
            }
            ContactError::Duplicate(id) => {
                Self::conflict(format!("The address belongs to contact {id}. Change that one with PATCH /v1/contacts/{id}."))
            }
            ContactError::Restricted => Self::conflict(
                "Processing of this contact is restricted at the person's request. Lift the restriction on its page first.",
            ),
            ContactError::Store(error) => Self::internal("could not reach the contacts", &error),
        }
    }
}
