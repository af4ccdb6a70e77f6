//! What a visitor sees of a routing form, and what becomes of the answers.

use std::collections::BTreeMap;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::model::{Outcome, RoutingForm, LONGEST_ANSWER};
use super::store;
use crate::app::App;
use crate::base::WorkspaceId;
use crate::bookings::public::form_words;
use crate::bookings::public::guest_form::{asked_of, read_said, Asked};
use crate::bookings::public::token::{read_route, route_token};
use crate::bookings::public::visit::{
    broken, languages, layout, of_browser, open_workspace, said, spoken, Chosen, Tries,
};
use crate::bookings::public::words::{self as page_words, Words};
use crate::bookings::types::{self, Answer};
use crate::bookings::words::Language;
use crate::http::layout::PublicLayout;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, ClientIp, PageError};
use crate::store::StoreError;
use crate::workspaces::Workspace;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/b/{workspace}/route/{form}").route(web::get().to(ask)).route(web::post().to(answer)));
}

/// The answers that came with a visitor from a form of this workspace. An address may be somebody else's: they are shown
/// before they become the booking's.
#[derive(Default)]
pub struct Carried {
    pub answers: Vec<Answer>,
    /// The address of the form that asked, where they can be corrected; empty without answers.
    pub slug: String,
}

/// None where the form was changed, closed or removed since.
pub fn carried(app: &App, workspace: WorkspaceId, token: &str) -> Result<Carried, StoreError> {
    let Some((form, changed_at, answers)) = read_route(app, token) else { return Ok(Carried::default()) };
    let form = store::get(&app.store, workspace, form)?;
    let form = form.filter(|form| form.changed_at == changed_at && form.is_open);
    Ok(form.map(|form| Carried { answers: form.spelled(&answers), slug: form.slug }).unwrap_or_default())
}

/// The way to the form that asked, which knows what was answered; empty without answers.
pub fn correction_path(workspace: &Workspace, carried: &Carried, chosen: &Chosen) -> String {
    match carried.answers.is_empty() {
        true => String::new(),
        false => format!("/b/{}/route/{}{}", workspace.slug, carried.slug, chosen.with(&[])),
    }
}

#[derive(Template)]
#[template(path = "bookings/public_route.html")]
struct RoutePage {
    layout: PublicLayout,
    words: &'static Words,
    business: String,
    name: String,
    description: String,
    path: String,
    tz: String,
    lang: String,
    source: String,
    questions: Vec<Asked>,
    /// Above several errors.
    to_mend: String,
    errors: FieldErrors,
    /// Where the answers lead to words; else empty.
    message: String,
    /// Where they lead to another site; else empty.
    elsewhere: String,
}

impl RoutePage {
    /// "optional" below what may stay empty.
    fn optional(&self, asked: &Asked) -> &'static str {
        if asked.required {
            ""
        } else {
            self.words.optional
        }
    }
}

/// What a visitor gets for their answers.
enum Lead {
    /// The path of the free times.
    Times(String),
    /// The address of another site.
    Elsewhere(String),
    Words(String),
}

struct Visit {
    workspace: Workspace,
    form: RoutingForm,
    chosen: Chosen,
    language: Language,
}

impl Visit {
    fn read(app: &App, path: &(String, String), chosen: Chosen, own: Language) -> Result<Self, PageError> {
        let workspace = open_workspace(app, &path.0)?;
        let form = app.store.read(|txn| store::find_by_slug(txn, workspace.id, &path.1)).map_err(broken)?;
        let form = form.filter(|form| form.is_open).ok_or(PageError::NotFound)?;
        Ok(Self { workspace, form, language: spoken(&chosen.lang, "").unwrap_or(own), chosen })
    }

    fn page(&self, typed: &BTreeMap<String, String>, errors: FieldErrors) -> RoutePage {
        let path = format!("/b/{}/route/{}", self.workspace.slug, self.form.slug);
        let mut layout = layout(&self.form.name, self.language, &self.workspace);
        layout.footer.extend(languages(&path, &self.chosen, self.language));
        RoutePage {
            layout,
            words: page_words::of(self.language),
            business: self.workspace.name.clone(),
            name: self.form.name.clone(),
            description: self.form.description.clone(),
            path,
            tz: self.chosen.tz.clone(),
            lang: self.chosen.lang.clone(),
            source: self.chosen.source.clone(),
            questions: asked_of(&self.form.questions, typed, &errors),
            to_mend: form_words::of(self.language).to_mend(errors.len()),
            errors,
            message: String::new(),
            elsewhere: String::new(),
        }
    }

    /// What was answered before, where somebody comes back to correct it.
    fn answered(&self, app: &App) -> BTreeMap<String, String> {
        let before = read_route(app, &self.chosen.route);
        let before = before.filter(|(form, at, _)| *form == self.form.id && *at == self.form.changed_at);
        let answers = before.map(|(.., answers)| answers).unwrap_or_default();
        answers.into_iter().enumerate().map(|(at, answer)| (format!("q-{at}"), answer)).collect()
    }

    fn lead(&self, app: &App, answers: &[String]) -> Result<Lead, PageError> {
        for outcome in self.form.lead(answers) {
            match outcome {
                Outcome::Link { url } => {
                    // As browsers spell it, for a header.
                    return Ok(Lead::Elsewhere(url::Url::parse(url).map_or_else(|_| url.clone(), String::from)));
                }
                Outcome::Message { text } => return Ok(Lead::Words(text.clone())),
                Outcome::EventType { id } => {
                    let event = types::get(&app.store, self.workspace.id, *id).map_err(broken)?;
                    let Some(event) = event.filter(|event| event.is_open) else { continue };
                    let token = route_token(app, self.form.id, self.form.changed_at, answers);
                    let query = self.chosen.with(&[("route", &token)]);
                    return Ok(Lead::Times(format!("/b/{}/{}{query}", self.workspace.slug, event.slug)));
                }
            }
        }
        Ok(Lead::Words(page_words::of(self.language).nothing_open.to_owned()))
    }
}

/// GET /b/{workspace}/route/{form}?route=: with what was answered before.
async fn ask(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen, own) = (path.into_inner(), chosen.into_inner(), of_browser(&request));
    let page = run(move || {
        let visit = Visit::read(&app, &path, chosen, own)?;
        Ok::<_, PageError>(visit.page(&visit.answered(&app), FieldErrors::default()))
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /b/{workspace}/route/{form}: 303 to the free times; 200 with words, or with the way to another site (browsers
/// apply `form-action` to redirects, so this one is a page that goes on by itself); 422 with the form.
async fn answer(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, typed, own) = (path.into_inner(), form.into_inner(), of_browser(&request));
    let led = run(move || {
        let text = |field: &str| said(&typed, field);
        let chosen = Chosen { tz: text("tz"), lang: text("lang"), source: text("source"), ..Chosen::default() };
        let visit = Visit::read(&app, &path, chosen, own)?;
        let mut errors = FieldErrors::default();
        let answers = read_said(&visit.form.questions, &typed, LONGEST_ANSWER, visit.language, &mut errors);
        if !errors.is_empty() {
            return Ok(Answered::Again(Box::new(visit.page(&typed, errors))));
        }
        let page = visit.page(&typed, errors);
        Ok::<_, PageError>(match visit.lead(&app, &answers)? {
            Lead::Times(path) => Answered::Times(path),
            Lead::Elsewhere(elsewhere) => Answered::Page(Box::new(RoutePage { elsewhere, ..page })),
            Lead::Words(message) => Answered::Page(Box::new(RoutePage { message, ..page })),
        })
    });
    match led.await?? {
        Answered::Times(to) => Ok(see_other(&to)),
        Answered::Again(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
        Answered::Page(page) => {
            let mut answer = html(StatusCode::OK, &*page)?;
            let refresh = HeaderValue::from_str(&format!("0; url={}", page.elsewhere)).ok();
            if let Some(refresh) = refresh.filter(|_| !page.elsewhere.is_empty()) {
                answer.headers_mut().insert(REFRESH, refresh);
            }
            Ok(answer)
        }
    }
}

enum Answered {
    Times(String),
    Page(Box<RoutePage>),
    Again(Box<RoutePage>),
}
