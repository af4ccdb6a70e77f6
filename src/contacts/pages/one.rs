//! GET /contacts/{id}: who somebody is, what happened, what the team noted.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::words::{date, day, time};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, NoteId, UnixMillis};
use crate::contacts::model::{Contact, Source};
use crate::contacts::service::{self, ContactError};
use crate::contacts::timeline::{timeline, Moment, Neighbours};
use crate::contacts::{store, tag_all, untag_all};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::language_name;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workspaces;

#[derive(Template)]
#[template(path = "contacts/one.html")]
struct OnePage {
    layout: Layout,
    id: String,
    name: String,
    subtitle: String,
    contact: Contact,
    facts: Vec<(String, String)>,
    time_there: String,
    source: String,
    days: Vec<Day>,
    /// Why nothing may be sent; empty when nothing stands against it.
    not_written_to: String,
    /// Drawn by other rooms.
    beside: Vec<String>,
    note_error: String,
    note_typed: String,
    may_edit: bool,
}

struct Day {
    words: String,
    moments: Vec<Shown>,
}

struct Shown {
    moment: Moment,
    iso: String,
    time: String,
}

type Others = Option<web::Data<Arc<dyn Neighbours>>>;

pub(super) async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    neighbours: Others,
    id: web::Path<ContactId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let page = run(move || read(&app, &actor, &frame, neighbours, id)).await??;
    html(StatusCode::OK, &page)
}

fn read(app: &App, actor: &Actor, frame: &Frame, others: Others, id: ContactId) -> Result<OnePage, ContactError> {
    actor.require(Permission::ViewContacts)?;
    let others = others.as_ref().map(|others| &**others.get_ref());
    let contact = store::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
    let zone = workspaces::get(&app.store, actor.workspace)?.map_or(jiff::tz::TimeZone::UTC, |found| found.zone());
    let moments = timeline(app, actor.workspace, id, others)?;
    let not_written_to = match (contact.restricted, others) {
        (true, _) => {
            Some("Processing is restricted, as the person asked. Nothing is sent and nothing is changed.".into())
        }
        (false, Some(others)) => others.why_not_written_to(app, &contact)?,
        (false, None) => None,
    };
    let now = app.now();
    let layout = frame.layout(contact.name());
    let beside = others.map(|others| others.beside(app, actor, &layout.csrf, &contact)).transpose()?;
    Ok(OnePage {
        layout,
        id: id.to_string(),
        name: contact.name(),
        subtitle: [contact.job_title.as_str(), &contact.company]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        facts: facts(&contact),
        time_there: time_there(&contact, now),
        source: source(&contact, &zone),
        days: by_day(moments, now, &zone),
        not_written_to: not_written_to.unwrap_or_default(),
        beside: beside.unwrap_or_default(),
        note_error: String::new(),
        note_typed: String::new(),
        may_edit: actor.may(Permission::EditContacts),
        contact,
    })
}

fn facts(contact: &Contact) -> Vec<(String, String)> {
    let known = [("Phone", &contact.phone), ("Web site", &contact.website)]
        .map(|(name, value)| (name.to_owned(), value.clone()));
    let more = [
        ("Language", contact.locale.as_deref().map(language_name)),
        ("Time zone", contact.time_zone.as_deref().map(|zone| zone.replace('_', " "))),
    ]
    .map(|(name, value)| (name.to_owned(), value.unwrap_or_default()));
    let own = contact.custom.iter().map(|(key, value)| (capitalised(&key.replace('_', " ")), value.clone()));
    known.into_iter().chain(more).chain(own).filter(|(_, value)| !value.is_empty()).collect()
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn time_there(contact: &Contact, now: UnixMillis) -> String {
    let zone = contact.time_zone.as_deref().and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
    zone.map_or_else(String::new, |zone| time(now, &zone))
}

fn source(contact: &Contact, zone: &jiff::tz::TimeZone) -> String {
    let how = match &contact.source {
        Source::ByHand => "Added by hand".to_owned(),
        Source::Import(_) => "Imported from a file".to_owned(),
        Source::Api => "Added by a program".to_owned(),
        Source::Referral => "Named in somebody’s reply".to_owned(),
        Source::Reply => "Answered from another address".to_owned(),
        Source::Booked => "Booked a meeting on a public page".to_owned(),
        Source::WebPage => "Taken from a company’s own page".to_owned(),
        Source::Crm(name) => format!("Pulled from {name}"),
        Source::Webhook(consent) if consent.is_empty() => "Came in over your address for leads".to_owned(),
        Source::Webhook(consent) => format!("Came in over your address for leads ({consent})"),
    };
    format!("{how} on {}.", date(contact.created_at, zone))
}

fn by_day(moments: Vec<Moment>, now: UnixMillis, zone: &jiff::tz::TimeZone) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for moment in moments {
        let words = day(moment.at, now, zone);
        let shown = Shown { iso: moment.at.to_rfc3339(), time: time(moment.at, zone), moment };
        match days.last_mut() {
            Some(last) if last.words == words => last.moments.push(shown),
            _ => days.push(Day { words, moments: vec![shown] }),
        }
    }
    days
}

#[derive(Deserialize)]
pub(super) struct TagForm {
    tag: String,
    #[serde(default)]
    act: String,
}

/// POST /contacts/{id}/tags: puts a tag on, or takes it off with `act=untag`.
pub(super) async fn tag(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<ContactId>,
    form: web::Form<TagForm>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || {
        actor.require(Permission::EditContacts)?;
        store::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
        match form.act.as_str() {
            "untag" => untag_all(&app, &actor, &[id], &form.tag),
            _ => tag_all(&app, &actor, &[id], &form.tag),
        }
    })
    .await??;
    Ok(see_other(&format!("/contacts/{id}")))
}

#[derive(Deserialize)]
pub(super) struct NoteForm {
    note: String,
}

/// POST /contacts/{id}/notes
pub(super) async fn add_note(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    neighbours: Others,
    id: web::Path<ContactId>,
    form: web::Form<NoteForm>,
) -> Result<HttpResponse, PageError> {
    let (id, typed) = (id.into_inner(), form.into_inner().note);
    let again = run(move || match service::add_note(&app, &actor, id, &typed) {
        Ok(_) => Ok(None),
        Err(ContactError::Invalid(errors)) => {
            let page = read(&app, &actor, &frame, neighbours, id)?;
            Ok(Some(OnePage { note_error: errors.of("note").to_owned(), note_typed: typed, ..page }))
        }
        Err(error) => Err(error),
    })
    .await??;
    match again {
        None => Ok(see_other(&format!("/contacts/{id}"))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// POST /contacts/{id}/notes/{note}/remove
pub(super) async fn remove_note(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<(ContactId, NoteId)>,
) -> Result<HttpResponse, PageError> {
    let (id, note) = path.into_inner();
    run(move || service::remove_note(&app, &actor, id, note)).await??;
    Ok(with_toast(see_other(&format!("/contacts/{id}")), &cookies, &Toast::new("The note was removed.")))
}

pub(super) async fn restrict(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    id: web::Path<ContactId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || service::restrict(&app, &actor, id)).await??;
    let toast = Toast::new("Processing is restricted. Nothing is sent any more.")
        .with_undo(format!("/contacts/{id}/unrestrict"));
    Ok(with_toast(see_other(&format!("/contacts/{id}")), &cookies, &toast))
}

pub(super) async fn unrestrict(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    id: web::Path<ContactId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || service::unrestrict(&app, &actor, id)).await??;
    let toast = Toast::new("The restriction was lifted.");
    Ok(with_toast(see_other(&format!("/contacts/{id}")), &cookies, &toast))
}
