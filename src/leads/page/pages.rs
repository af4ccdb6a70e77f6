//! What a contact's page shows of the company's own, and the forms there.

use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::model::{kind_words, Fact, Reading, State};
use super::{service, store};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, ContactId, UnixMillis};
use crate::contacts::Contact;
use crate::http::respond::with_toast;
use crate::http::{run, see_other, Cookies, PageError, Toast};
use crate::providers::web_page::Kind;
use crate::store::StoreError;
use crate::workspaces;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/contacts/{id}/page").route(web::post().to(ask)))
        .service(web::resource("/contacts/{id}/page/forget").route(web::post().to(forget)))
        .service(web::resource("/contacts/{id}/page/accept").route(web::post().to(accept)))
        .service(web::resource("/leads/pages").route(web::post().to(ask_tag)));
}

#[derive(Template)]
#[template(path = "leads/_page.html")]
struct Part {
    id: String,
    csrf: String,
    url: String,
    /// How it stands, with its tone; empty before anybody asked.
    tone: &'static str,
    state: String,
    facts: Vec<ShownFact>,
    may_edit: bool,
}

struct ShownFact {
    kind: &'static str,
    kind_words: &'static str,
    value: String,
    href: String,
    source: String,
    source_host: String,
    day: String,
    /// An address that belongs to nobody yet.
    is_suggestion: bool,
}

/// Drawn beside a contact.
pub fn part(app: &App, actor: &Actor, csrf: &str, contact: &Contact) -> Result<String, StoreError> {
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    let zone = workspace.map_or(TimeZone::UTC, |workspace| workspace.zone());
    let reading = store::get(&app.store, actor.workspace, contact.id)?;
    let suggested = match &reading {
        Some(reading) => app.store.read(|txn| service::suggestions(txn, actor.workspace, reading))?,
        None => Vec::new(),
    };
    let (tone, state) = reading.as_ref().map_or(("", String::new()), |reading| standing(reading, &zone));
    let facts = reading.iter().flat_map(|reading| &reading.facts);
    let part = Part {
        id: contact.id.to_string(),
        csrf: csrf.to_owned(),
        url: reading.as_ref().map_or_else(|| contact.website.clone(), |reading| reading.start.clone()),
        tone,
        state,
        facts: facts.map(|fact| shown(fact, &suggested, &zone)).collect(),
        may_edit: actor.may(Permission::EditContacts) && !contact.restricted,
    };
    part.render().map_err(|error| StoreError::Engine(error.to_string()))
}

fn standing(reading: &Reading, zone: &TimeZone) -> (&'static str, String) {
    match &reading.state {
        State::Waiting => ("warn", "It is read in a moment. Load this page again to see what it says.".to_owned()),
        State::Read { .. } if reading.facts.is_empty() => {
            ("off", "The page was read and says nothing that is kept.".to_owned())
        }
        State::Read { at } => ("ok", format!("Read on {}.", day(*at, zone))),
        State::Refused { words, .. } => ("bad", words.clone()),
    }
}

fn day(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y").to_string()
}

fn shown(fact: &Fact, suggested: &[String], zone: &TimeZone) -> ShownFact {
    let host = url::Url::parse(&fact.source).ok().and_then(|url| url.host_str().map(str::to_owned));
    ShownFact {
        kind: fact.kind.as_str(),
        kind_words: kind_words(fact.kind),
        href: if fact.kind == Kind::Social { fact.value.clone() } else { String::new() },
        value: fact.value.clone(),
        source: fact.source.clone(),
        source_host: host.unwrap_or_default(),
        day: day(fact.at, zone),
        is_suggestion: fact.kind == Kind::Email && suggested.contains(&fact.value),
    }
}

/// Who asks about which contact.
type Asked = (web::Data<App>, Actor, web::Data<Cookies>, web::Path<ContactId>);

#[derive(Deserialize)]
struct AskForm {
    #[serde(default)]
    url: String,
}

/// POST /contacts/{id}/page: 303 back to the contact; it is read in the background.
async fn ask((app, actor, cookies, id): Asked, form: web::Form<AskForm>) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || service::ask(&app, &actor, id, &form.url)).await??;
    Ok(back(id, &cookies, "The page is read in a moment."))
}

#[derive(Deserialize)]
struct FactForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    value: String,
}

/// POST /contacts/{id}/page/forget
async fn forget((app, actor, cookies, id): Asked, form: web::Form<FactForm>) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || {
        actor.require(Permission::EditContacts)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == form.kind).ok_or(PageError::NotFound)?;
        service::forget(&app, &actor, id, kind, &form.value).map_err(PageError::from)
    })
    .await??;
    Ok(back(id, &cookies, "Forgotten. Reading the page again does not bring it back."))
}

/// POST /contacts/{id}/page/accept: 303 to the contact that it became.
async fn accept((app, actor, cookies, id): Asked, form: web::Form<FactForm>) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let added = run(move || service::accept(&app, &actor, id, &form.value)).await??;
    Ok(back(added, &cookies, "Added to the contacts. Nobody is written to by that."))
}

fn back(id: ContactId, cookies: &Cookies, words: &str) -> HttpResponse {
    with_toast(see_other(&format!("/contacts/{id}")), cookies, &Toast::new(words))
}

#[derive(Deserialize)]
struct TagForm {
    #[serde(default)]
    tag: String,
}

/// POST /leads/pages: the pages of all contacts of a tag; 303 to the scores.
async fn ask_tag(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    form: web::Form<TagForm>,
) -> Result<HttpResponse, PageError> {
    let tag = form.into_inner().tag.trim().to_lowercase();
    let asked = run(move || service::ask_tag(&app, &actor, &tag)).await??;
    let words = match asked {
        0 => "Nobody with this tag has a web site that was not read yet.".to_owned(),
        asked => format!("{} will be read, one after the other.", counted(asked as u64, "page", "pages")),
    };
    Ok(with_toast(see_other("/leads"), &cookies, &Toast::new(words)))
}
