//! What a visitor sees of the line: the form that joins it, and the page of whoever waits.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::join::{confirm, join, NotJoined};
use super::leave;
use super::letters::{when, wish};
use super::model::Waiter;
use super::store;
use super::wish::{what_is_full, Full};
use super::words::{self as line_words, Words};
use crate::app::App;
use crate::audit::Who;
use crate::base::{BookingId, EventTypeId, WaiterId, WorkspaceId};
use crate::bookings::public::about::{about, About};
use crate::bookings::public::commit::Guest;
use crate::bookings::public::form_words;
use crate::bookings::public::guest_form::read_person;
use crate::bookings::public::month::{free_of_month, month_question};
use crate::bookings::public::token::{read_waiter, Held, WAITING};
use crate::bookings::public::visit::{broken, layout, of_browser, place, said, spoken, zone_of, Chosen, Place, Tries};
use crate::bookings::public::words::{self as page_words, Words as PageWords};
use crate::bookings::types;
use crate::bookings::words::{fill, Language};
use crate::http::layout::PublicLayout;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, ClientIp, PageError};
use crate::store::StoreError;
use crate::workspaces;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/b/{workspace}/{event}/waitlist").route(web::get().to(ask)).route(web::post().to(add)))
        .service(web::resource("/b/{workspace}/{event}/waitlist/joined").route(web::get().to(joined)))
        .service(web::resource("/waiting/{token}").route(web::get().to(show)))
        .service(web::resource("/waiting/{token}/confirm").route(web::post().to(confirm_it)))
        .service(web::resource("/waiting/{token}/leave").route(web::post().to(leave_it)));
    super::desk_pages::routes(config);
}

/// Name and address of whoever a held time is offered to, for the form.
pub fn invited(app: &App, workspace: WorkspaceId, hold: BookingId) -> Result<BTreeMap<String, String>, StoreError> {
    let waiter = app.store.read(|txn| store::find_held(txn, workspace, hold))?;
    let typed = waiter.map(|waiter| {
        let email = waiter.email.display().to_owned();
        BTreeMap::from([("name".to_owned(), waiter.name), ("email".to_owned(), email)])
    });
    Ok(typed.unwrap_or_default())
}

#[derive(Template)]
#[template(path = "bookings/public_waitlist.html")]
struct JoinPage {
    layout: PublicLayout,
    words: &'static PageWords,
    line: &'static Words,
    about: About,
    path: String,
    /// The free times.
    back: String,
    tz: String,
    lang: String,
    length: String,
    month: String,
    wishes: Vec<Choice>,
    typed: BTreeMap<String, String>,
    /// Above several errors.
    to_mend: String,
    errors: FieldErrors,
    /// They are on the list now.
    is_done: bool,
}

impl JoinPage {
    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// What was asked for, read from the address or the form.
struct Asked {
    place: Place,
    chosen: Chosen,
    language: Language,
    month: Date,
    zone: (String, TimeZone),
    minutes: u32,
}

impl Asked {
    fn read(app: &App, path: &(String, String), chosen: Chosen, own: Language) -> Result<Self, PageError> {
        let place = place(app, path)?;
        let zone = zone_of(&chosen.tz, &place.workspace.time_zone);
        let this_month = app.now().in_zone(&zone.1).date().first_of_month();
        let month: Option<Date> = format!("{}-01", chosen.month).parse().ok();
        Ok(Self {
            language: spoken(&chosen.lang, &place.event.language).unwrap_or(own),
            month: month.unwrap_or(this_month).max(this_month),
            minutes: place.event.duration(chosen.length.parse().ok()),
            place,
            chosen,
            zone,
        })
    }

    fn full(&self, app: &App) -> Result<Full, PageError> {
        let event = &self.place.event;
        let free = free_of_month(app, event, self.month, self.minutes, &self.zone.1, None)?;
        let question = month_question(self.month, self.minutes, &self.zone.1, None);
        what_is_full(app, event, &question, &free).map_err(broken)
    }

    fn path(&self) -> String {
        format!("/b/{}/{}", self.place.workspace.slug, self.place.event.slug)
    }

    fn times(&self) -> String {
        let month = self.month.strftime("%Y-%m").to_string();
        format!("{}{}", self.path(), self.chosen.with(&[("month", &month)]))
    }

    fn joined(&self) -> String {
        format!("{}/waitlist/joined{}", self.path(), self.chosen.with(&[]))
    }

    fn page(
        &self,
        app: &App,
        full: &Full,
        typed: BTreeMap<String, String>,
        errors: FieldErrors,
    ) -> Result<JoinPage, PageError> {
        let words = page_words::of(self.language);
        let event = &self.place.event;
        Ok(JoinPage {
            layout: layout(&event.name, self.language, &self.place.workspace),
            line: line_words::of(self.language),
            about: about(app, &self.place, &self.minutes.to_string(), self.language)?,
            path: format!("{}/waitlist", self.path()),
            back: self.times(),
            tz: self.zone.0.clone(),
            lang: self.chosen.lang.clone(),
            length: self.minutes.to_string(),
            month: self.month.strftime("%Y-%m").to_string(),
            wishes: full.choices(self.language, &self.zone.0),
            words,
            typed,
            to_mend: form_words::of(self.language).to_mend(errors.len()),
            errors,
            is_done: false,
        })
    }
}

/// GET /b/{workspace}/{event}/waitlist: the form; back to the times where nothing is full.
async fn ask(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen, own) = (path.into_inner(), chosen.into_inner(), of_browser(&request));
    let page = run(move || {
        let day = chosen.day.clone();
        let asked = Asked::read(&app, &path, chosen, own)?;
        let full = asked.full(&app)?;
        if full.is_empty() {
            return Ok(Err(asked.times()));
        }
        let typed = BTreeMap::from([("wish".to_owned(), day)]);
        asked.page(&app, &full, typed, FieldErrors::default()).map(Ok)
    });
    match page.await?? {
        Ok(page) => html(StatusCode::OK, &page),
        Err(times) => Ok(see_other(&times)),
    }
}

/// GET /b/{workspace}/{event}/waitlist/joined: what happens now.
async fn joined(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen, own) = (path.into_inner(), chosen.into_inner(), of_browser(&request));
    let page = run(move || {
        let asked = Asked::read(&app, &path, chosen, own)?;
        if asked.place.event.waitlist.is_none() {
            return Err(PageError::NotFound);
        }
        let page = asked.page(&app, &Full::default(), BTreeMap::new(), FieldErrors::default())?;
        Ok::<_, PageError>(JoinPage { is_done: true, ..page })
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /b/{workspace}/{event}/waitlist: 303 to what happens now; 422 with the form; 303 to the times where what was
/// wished for is free by now.
async fn add(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, typed, own) = (path.into_inner(), form.into_inner(), of_browser(&request));
    let answer = run(move || {
        let text = |field: &str| said(&typed, field);
        let chosen = Chosen {
            tz: text("tz"),
            lang: text("lang"),
            length: text("length"),
            month: text("month"),
            ..Chosen::default()
        };
        let asked = Asked::read(&app, &path, chosen, own)?;
        let full = asked.full(&app)?;
        let Some(within) = full.period(&text("wish"), &asked.zone.1, app.now()) else {
            return Ok(Answered::Elsewhere(asked.times()));
        };
        let mut errors = FieldErrors::default();
        let Some((name, email)) = read_person(&typed, asked.language, &mut errors) else {
            return asked.page(&app, &full, typed, errors).map(|page| Answered::Again(Box::new(page)));
        };
        let guest = Guest {
            name,
            email,
            phone: String::new(),
            zone: asked.zone.0.clone(),
            language: asked.language.tag().to_owned(),
            others: Vec::new(),
        };
        match join(&app, &asked.place.event, &guest, (within, asked.minutes), &Who::Visitor) {
            Ok(_) => Ok(Answered::Elsewhere(asked.joined())),
            Err(NotJoined::Full | NotJoined::Enough) => {
                errors.add("wish", line_words::of(asked.language).list_full);
                asked.page(&app, &full, typed, errors).map(|page| Answered::Again(Box::new(page)))
            }
            Err(NotJoined::Closed) => Err(PageError::NotFound),
            Err(NotJoined::Store(error)) => Err(broken(error)),
        }
    });
    match answer.await?? {
        Answered::Again(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
        Answered::Elsewhere(to) => Ok(see_other(&to)),
    }
}

enum Answered {
    Again(Box<JoinPage>),
    Elsewhere(String),
}

#[derive(Template)]
#[template(path = "bookings/public_waiting.html")]
struct WaitingPage {
    layout: PublicLayout,
    line: &'static Words,
    business: String,
    title: String,
    wish: String,
    /// The time that is kept, until when, and the form that takes it.
    offer: Option<(String, String, String)>,
    here: String,
    times: String,
    /// They are on the list.
    waits: bool,
    /// Nobody has said yet that the address is theirs.
    is_in_doubt: bool,
}

fn waiting_page(app: &App, token: &str) -> Result<(WaitingPage, Option<Waiter>), PageError> {
    let (workspace, event, id) = read_waiter(app, token).ok_or(PageError::NotFound)?;
    let found = match workspaces::get(&app.store, workspace) {
        // A workspace that was erased has no key to open rows with.
        Err(StoreError::KeyGone) => None,
        found => found.map_err(broken)?,
    };
    let workspace = found.ok_or(PageError::NotFound)?;
    let event = types::get(&app.store, workspace.id, event).map_err(broken)?.ok_or(PageError::NotFound)?;
    let waiter = app.store.read(|txn| store::find(txn, workspace.id, event.id, id)).map_err(broken)?;
    let tag = waiter.as_ref().map_or(event.language.as_str(), |waiter| waiter.language.as_str());
    let language = Language::of(tag);
    let times = format!("/b/{}/{}", workspace.slug, event.slug);
    let offer = waiter.as_ref().and_then(|waiter| {
        let offer = waiter.offer().filter(|offer| offer.until > app.now() && event.is_open)?;
        let held =
            Held { event: event.id, id: offer.hold, start: offer.start, minutes: waiter.minutes, until: offer.until };
        let chosen = Chosen { tz: waiter.zone.clone(), lang: waiter.language.clone(), ..Chosen::default() };
        let take = format!("{times}/details{}", chosen.with(&[("hold", &held.token(app))]));
        let until = fill(line_words::of(language).kept_until, &[("until", &when(waiter, offer.until))]);
        Some((when(waiter, offer.start), until, take))
    });
    let page = WaitingPage {
        layout: layout(&event.name, language, &workspace),
        line: line_words::of(language),
        business: workspace.name.clone(),
        title: event.name.clone(),
        wish: waiter.as_ref().map(|waiter| wish(waiter, language)).unwrap_or_default(),
        offer,
        here: format!("{WAITING}/{token}"),
        times: if event.is_open { times } else { String::new() },
        waits: waiter.is_some(),
        is_in_doubt: waiter.as_ref().is_some_and(|waiter| waiter.confirmed_at.is_none()),
    };
    Ok((page, waiter))
}

/// GET /waiting/{token}
async fn show(app: Data<App>, token: Path<String>) -> Result<HttpResponse, PageError> {
    let (page, _) = run(move || waiting_page(&app, &token)).await??;
    html(StatusCode::OK, &page)
}

/// POST /waiting/{token}/confirm: 303 to the page. A look would not do: programs that check mails follow links.
async fn confirm_it(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    act(app, token, confirm).await
}

/// POST /waiting/{token}/leave: 303 to the page, which says that they are not on the list any more.
async fn leave_it(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    act(app, token, |app, of| leave::leave(app, of, &Who::Visitor, "They left it.").map(drop)).await
}

/// Does something for whoever holds the link, while they wait; 303 to their page.
async fn act(
    app: Data<App>,
    token: Path<String>,
    what: fn(&App, (WorkspaceId, EventTypeId, WaiterId)) -> Result<(), StoreError>,
) -> Result<HttpResponse, PageError> {
    let here = run(move || {
        let (page, waiter) = waiting_page(&app, &token)?;
        if let Some(waiter) = waiter {
            what(&app, (waiter.workspace, waiter.event, waiter.id)).map_err(broken)?;
        }
        Ok::<_, PageError>(page.here)
    });
    Ok(see_other(&here.await??))
}
