//! The pages on which members make routing forms.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;

use super::desk;
use super::form;
use super::model::{RoutingForm, Test, MOST_QUESTIONS};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::RoutingFormId;
use crate::bookings::schedules::SetupError;
use crate::bookings::types::{self, question_rows, Kind, Typed};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workspaces;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/routing-forms").route(web::get().to(list)))
        .service(web::resource("/routing-forms/new").route(web::get().to(new)).route(web::post().to(create)))
        .service(web::resource("/routing-forms/{form}").route(web::get().to(show)).route(web::post().to(save)))
        .service(web::resource("/routing-forms/{form}/open").route(web::post().to(open)))
        .service(web::resource("/routing-forms/{form}/close").route(web::post().to(close)))
        .service(web::resource("/routing-forms/{form}/remove").route(web::post().to(remove)));
}

#[derive(Template)]
#[template(path = "bookings/routing_forms.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    may_edit: bool,
}

struct Row {
    id: String,
    name: String,
    address: String,
    /// "3 questions, 2 rules".
    about: String,
    is_open: bool,
}

fn address(app: &App, actor: &Actor, form: &RoutingForm) -> Result<String, SetupError> {
    let slug = workspaces::get(&app.store, actor.workspace)?.map(|home| home.slug).unwrap_or_default();
    Ok(app.url(&format!("/b/{slug}/route/{}", form.slug)))
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// GET /routing-forms
async fn list(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Routing forms");
    let page = run(move || {
        let rows = desk::list(&app, &actor)?.into_iter().map(|form| {
            Ok(Row {
                id: form.id.to_string(),
                address: address(&app, &actor, &form)?,
                about: format!("{}, {}", counted(form.questions.len(), "question"), counted(form.rules.len(), "rule")),
                is_open: form.is_open,
                name: form.name,
            })
        });
        let rows = rows.collect::<Result<Vec<Row>, SetupError>>()?;
        Ok::<_, SetupError>(ListPage { layout, rows, may_edit: actor.may(Permission::EditBookings) })
    });
    html(StatusCode::OK, &page.await??)
}

#[derive(Template)]
#[template(path = "bookings/routing_form.html")]
struct FormPage {
    layout: Layout,
    /// Empty for a new one.
    id: String,
    heading: String,
    address: String,
    is_open: bool,
    typed: Typed,
    questions: Vec<usize>,
    rules: Vec<usize>,
    /// The questions to choose from, by their row.
    asked: Vec<Choice>,
    /// Event types, a page elsewhere, a message.
    ways: Vec<Choice>,
    errors: FieldErrors,
    may_edit: bool,
}

impl FormPage {
    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }

    fn at(&self, prefix: &str, row: &usize, name: &str) -> &str {
        self.of(&field_name(prefix, row, name))
    }

    fn is_on(&self, field: &str) -> bool {
        self.typed.contains_key(field)
    }

    fn kinds(&self) -> Vec<Choice> {
        Kind::ALL.iter().map(|(_, value, label)| choice(value, label)).collect()
    }

    fn tests(&self) -> Vec<Choice> {
        Test::ALL.iter().map(|(_, value, label)| choice(value, label)).collect()
    }

    fn action(&self) -> String {
        match self.id.as_str() {
            "" => "/routing-forms/new".to_owned(),
            id => format!("/routing-forms/{id}"),
        }
    }
}

fn field_name(prefix: &str, row: &usize, name: &str) -> String {
    match name {
        "" => format!("{prefix}-{row}"),
        name => format!("{prefix}-{row}-{name}"),
    }
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

fn form_page(
    app: &App,
    actor: &Actor,
    layout: Layout,
    form: &RoutingForm,
    (typed, errors): (Typed, FieldErrors),
) -> Result<FormPage, SetupError> {
    let is_new = form.slug.is_empty();
    let questions: Vec<usize> = (0..question_rows(&typed).min(MOST_QUESTIONS)).collect();
    let label = |row: usize| {
        let label = typed.get(&format!("q-{row}")).map_or("", String::as_str);
        let short: String = label.chars().take(40).collect();
        choice(&(row + 1).to_string(), format!("Question {} {short}", row + 1).trim_end())
    };
    let mut ways = vec![choice("", "…"), choice("message", "A message"), choice("link", "A page elsewhere")];
    let known = app.store.read(|txn| types::list(txn, actor.workspace))?;
    ways.extend(known.iter().map(|event| {
        let note = if event.is_open { "" } else { " (off)" };
        choice(&event.id.to_string(), &format!("{}{note}", event.name))
    }));
    Ok(FormPage {
        layout,
        id: if is_new { String::new() } else { form.id.to_string() },
        heading: if is_new { "New routing form".to_owned() } else { form.name.clone() },
        address: if is_new { String::new() } else { address(app, actor, form)? },
        is_open: form.is_open,
        asked: std::iter::once(choice("", "…")).chain(questions.iter().map(|row| label(*row))).collect(),
        rules: (0..form::rule_rows(&typed)).collect(),
        questions,
        ways,
        errors,
        may_edit: actor.may(Permission::EditBookings),
        typed,
    })
}

/// GET /routing-forms/new
async fn new(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("New routing form");
    let page = run(move || {
        let form = desk::blank(actor.workspace, app.now());
        let typed = form::write(&form);
        form_page(&app, &actor, layout, &form, (typed, FieldErrors::default()))
    });
    html(StatusCode::OK, &page.await??)
}

/// Reads the form and writes what it says; 303, or 422 with what was typed.
async fn write(
    app: Data<App>,
    actor: Actor,
    (frame, cookies): (Frame, Data<Cookies>),
    id: Option<RoutingFormId>,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("Routing form");
    let outcome = run(move || {
        let before = match id {
            Some(id) => desk::get(&app, &actor, id)?,
            None => desk::blank(actor.workspace, app.now()),
        };
        let read = form::read(&typed, &before).map_err(SetupError::Invalid);
        match read.and_then(|form| desk::save(&app, &actor, form)) {
            Ok(form) => Ok(Ok(form.id)),
            Err(SetupError::Invalid(wrong)) => {
                form_page(&app, &actor, layout, &before, (typed, wrong.into())).map(|page| Err(Box::new(page)))
            }
            Err(error) => Err(error),
        }
    });
    match outcome.await?? {
        Ok(id) => Ok(with_toast(see_other(&format!("/routing-forms/{id}")), &cookies, &Toast::new("Saved."))),
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// POST /routing-forms/new
async fn create(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<Typed>,
) -> Result<HttpResponse, PageError> {
    write(app, actor, (frame, cookies), None, form.into_inner()).await
}

/// GET /routing-forms/{form}
async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<RoutingFormId>,
) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Routing form");
    let page = run(move || {
        let form = desk::get(&app, &actor, path.into_inner())?;
        let typed = form::write(&form);
        form_page(&app, &actor, layout, &form, (typed, FieldErrors::default()))
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /routing-forms/{form}
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<RoutingFormId>,
    form: Form<Typed>,
) -> Result<HttpResponse, PageError> {
    write(app, actor, (frame, cookies), Some(path.into_inner()), form.into_inner()).await
}

/// POST /routing-forms/{form}/open
async fn open(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<RoutingFormId>,
) -> Result<HttpResponse, PageError> {
    run(move || desk::set_open(&app, &actor, path.into_inner(), true)).await??;
    Ok(with_toast(see_other("/routing-forms"), &cookies, &Toast::new("Visitors see it now.")))
}

/// POST /routing-forms/{form}/close
async fn close(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<RoutingFormId>,
) -> Result<HttpResponse, PageError> {
    run(move || desk::set_open(&app, &actor, path.into_inner(), false)).await??;
    Ok(with_toast(see_other("/routing-forms"), &cookies, &Toast::new("Switched off.")))
}

/// POST /routing-forms/{form}/remove
async fn remove(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<RoutingFormId>,
) -> Result<HttpResponse, PageError> {
    run(move || desk::remove(&app, &actor, path.into_inner())).await??;
    Ok(with_toast(see_other("/routing-forms"), &cookies, &Toast::new("Removed.")))
}
