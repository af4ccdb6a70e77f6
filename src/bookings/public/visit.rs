//! What every page of a visitor begins with: how often they try, what they have chosen, where they are, and in which
//! language and on which clock they read it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::web::Data;
use actix_web::HttpRequest;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::app::App;
use crate::bookings::types::{self, EventType};
use crate::bookings::words::Language;
use crate::http::layout::{FooterLink, PublicLayout};
use crate::http::rate_limit::{Allowed, Limiter};
use crate::http::ui::language_name;
use crate::http::{run, ClientIp, PageError};
use crate::store::StoreError;
use crate::workspaces::{self, Workspace};

/// Times held and forms sent from one network, for each web thread.
const TRIES: u32 = 40;
const TRIES_IN: Duration = Duration::from_secs(600);
/// Looks at the dates of a series, each of which is judged anew.
pub(super) const LOOKS: u32 = 200;

#[derive(Default)]
pub(super) struct Tries {
    tries: OnceLock<Limiter<IpAddr>>,
    looks: OnceLock<Limiter<IpAddr>>,
}

impl Tries {
    pub(super) fn check(&self, app: &App, client: ClientIp) -> Result<(), PageError> {
        count(&self.tries, TRIES, app, client)
    }

    /// A look at a series, which asks no calendar but reads much.
    pub(super) fn look(&self, app: &App, client: ClientIp) -> Result<(), PageError> {
        count(&self.looks, LOOKS, app, client)
    }
}

fn count(limiter: &OnceLock<Limiter<IpAddr>>, most: u32, app: &App, client: ClientIp) -> Result<(), PageError> {
    let limiter = limiter.get_or_init(|| Limiter::new(app.clock.clone(), Allowed::new(most, TRIES_IN)));
    Ok(limiter.check(&client.network()).map(|_| ())?)
}

/// What a visitor has chosen so far. All of it stands in the address, so a page can be sent to somebody else.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    pub month: String,
    #[serde(default)]
    pub day: String,
    /// IANA name.
    #[serde(default)]
    pub tz: String,
    #[serde(default)]
    pub lang: String,
    /// Minutes.
    #[serde(default)]
    pub length: String,
    /// The booking that would move.
    #[serde(default, rename = "move")]
    pub moves: String,
    #[serde(default)]
    pub source: String,
    /// A time that is kept.
    #[serde(default)]
    pub hold: String,
    #[serde(default)]
    pub start: String,
    /// How many dates of a series.
    #[serde(default)]
    pub count: String,
    /// What was answered on a routing form, signed.
    #[serde(default)]
    pub route: String,
    /// Inside the page of a customer: never read from the address.
    #[serde(skip)]
    pub is_embedded: bool,
}

impl Chosen {
    /// As a query that keeps the rest, with some of it changed.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let own = [
            ("tz", self.tz.as_str()),
            ("lang", &self.lang),
            ("length", &self.length),
            ("move", &self.moves),
            ("source", &self.source),
            ("route", &self.route),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in own {
            let changed = changes.iter().any(|(other, _)| *other == name);
            if !value.is_empty() && !changed {
                query.append_pair(name, value);
            }
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("?{}", query.finish())
    }
}

/// The workspace and the event type of a public address; what is closed is not there.
pub(super) struct Place {
    pub workspace: Workspace,
    pub event: EventType,
}

pub(super) fn open_workspace(app: &App, slug: &str) -> Result<Workspace, PageError> {
    let found = app.store.read(|txn| workspaces::find_by_slug(txn, slug)).map_err(broken)?;
    found.filter(is_open).ok_or(PageError::NotFound)
}

/// Visitors are let in.
pub(super) fn is_open(workspace: &Workspace) -> bool {
    workspace.closing.is_none() && workspace.state == workspaces::WorkspaceState::Open
}

pub(super) fn place(app: &App, path: &(String, String)) -> Result<Place, PageError> {
    let workspace = open_workspace(app, &path.0)?;
    let event = app.store.read(|txn| types::find_by_slug(txn, workspace.id, &path.1)).map_err(broken)?;
    let event = event.filter(|event| event.is_open).ok_or(PageError::NotFound)?;
    Ok(Place { workspace, event })
}

/// The same outside of a thread that may wait.
pub(super) async fn enter(app: &Data<App>, path: &(String, String)) -> Result<Place, PageError> {
    let (app, path) = (app.clone(), path.clone());
    run(move || place(&app, &path)).await?
}

/// What was typed into a field of a visitor's form.
pub(super) fn said(typed: &BTreeMap<String, String>, field: &str) -> String {
    typed.get(field).map(|text| text.trim().to_owned()).unwrap_or_default()
}

pub(super) fn broken(error: StoreError) -> PageError {
    PageError::internal("could not read or write a booking", &error)
}

/// The language of a page: the one that was chosen, that of the event type, what the browser prefers, English.
pub(super) fn language(chosen: &str, event: &str, request: &HttpRequest) -> Language {
    spoken(chosen, event).unwrap_or_else(|| of_browser(request))
}

/// The one that was chosen, else that of the event type, where we speak it.
pub(super) fn spoken(chosen: &str, event: &str) -> Option<Language> {
    [chosen, event].into_iter().find_map(Language::spoken)
}

/// What the browser prefers.
pub(super) fn of_browser(request: &HttpRequest) -> Language {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    Language::accepted(accepted.unwrap_or_default())
}

pub(super) fn layout(title: &str, language: Language, workspace: &Workspace) -> PublicLayout {
    PublicLayout {
        title: format!("{title} · {}", workspace.name),
        lang: language.tag().to_owned(),
        no_index: true,
        footer: vec![FooterLink { href: String::new(), label: workspace.name.clone() }],
        ..PublicLayout::default()
    }
}

pub(super) fn languages(path: &str, chosen: &Chosen, current: Language) -> Vec<FooterLink> {
    let others = types::LANGUAGES.iter().filter(|tag| Language::of(tag) != current);
    let own_name = |tag: &str| match tag {
        "de" => "Deutsch".to_owned(),
        "es" => "Español".to_owned(),
        "fr" => "Français".to_owned(),
        "pt" => "Português".to_owned(),
        "hi" => "हिन्दी".to_owned(),
        other => language_name(other),
    };
    others
        .map(|tag| FooterLink {
            href: format!("{path}{}", chosen.with(&[("lang", tag), ("day", &chosen.day), ("month", &chosen.month)])),
            label: own_name(tag),
        })
        .collect()
}

pub(super) fn zone_of(chosen: &str, fallback: &str) -> (String, TimeZone) {
    let found = [chosen, fallback, "UTC"].into_iter().find_map(|name| Some((name, TimeZone::get(name).ok()?)));
    found.map_or_else(|| ("UTC".to_owned(), TimeZone::UTC), |(name, zone)| (name.to_owned(), zone))
}
