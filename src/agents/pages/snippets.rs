//! `/snippets`: what a worker may say, written and approved by people.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::agents::snippets::{self, languages, Snippet, SnippetForm};
use crate::agents::words::{time_words, zone_of};
use crate::agents::AgentError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::SnippetId;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Seen, Toast};

#[derive(Template)]
#[template(path = "agents/snippets.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    typed: SnippetForm,
    errors: FieldErrors,
    languages: Vec<Choice>,
    may_edit: bool,
}

struct Row {
    href: String,
    title: String,
    text: String,
    language: String,
    version: u32,
    approved: bool,
}

#[derive(Template)]
#[template(path = "agents/snippet.html")]
struct ShowPage {
    layout: Layout,
    id: String,
    snippet: Snippet,
    typed: SnippetForm,
    errors: FieldErrors,
    languages: Vec<Choice>,
    versions: Vec<(u32, String, String)>,
    approved_words: String,
    may_edit: bool,
    may_approve: bool,
}

/// GET /snippets
pub async fn list(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let empty = SnippetForm { language: "en".into(), ..SnippetForm::default() };
    let page = run(move || list_page(&app, &actor, &frame, empty, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

fn list_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    typed: SnippetForm,
    errors: FieldErrors,
) -> Result<ListPage, AgentError> {
    let row = |snippet: Snippet| Row {
        href: format!("/snippets/{}", snippet.id),
        language: snippet.language_words().to_owned(),
        title: snippet.title,
        text: snippet.text.chars().take(160).collect(),
        version: snippet.version,
        approved: snippet.approved.is_some(),
    };
    let rows = snippets::list(app, actor)?.into_iter().map(row).collect();
    let may_edit = actor.may(Permission::EditOutreach);
    Ok(ListPage { layout: frame.layout("Snippets"), rows, typed, errors, languages: languages(), may_edit })
}

/// POST /snippets: 422 with the form when something is missing.
pub async fn create(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<SnippetForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let made = run({
        let (app, actor, form) = (app.clone(), actor.clone(), form.clone());
        move || snippets::create(&app, &actor, &form)
    })
    .await?;
    match made {
        Ok(snippet) => {
            let toast = Toast::new("Written. It is used once it is approved.");
            Ok(with_toast(see_other(&format!("/snippets/{}", snippet.id)), &cookies, &toast))
        }
        Err(AgentError::Invalid(mistakes)) => {
            let errors = FieldErrors::from(mistakes);
            let page = run(move || list_page(&app, &actor, &frame, form, errors)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// GET /snippets/{id}
pub async fn show(app: Data<App>, actor: Actor, frame: Frame, id: Path<SnippetId>) -> Result<HttpResponse, PageError> {
    let page = run(move || show_page(&app, &actor, &frame, *id, None)).await??;
    html(StatusCode::OK, &page)
}

fn show_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: SnippetId,
    typed: Option<(SnippetForm, FieldErrors)>,
) -> Result<ShowPage, AgentError> {
    let snippet = snippets::get(app, actor, id)?;
    let zone = zone_of(app, actor.workspace)?;
    let versions = snippets::versions(app, actor, id)?;
    let written = |version: Snippet| {
        (version.version, format!("{}, {}", version.changed_by, time_words(version.changed_at, &zone)), version.text)
    };
    let (typed, errors) = typed.unwrap_or_else(|| (SnippetForm::from(&snippet), FieldErrors::default()));
    let approved_words = match &snippet.approved {
        Some(approval) => format!("Approved by {}, {}", approval.by, time_words(approval.at, &zone)),
        None => String::new(),
    };
    Ok(ShowPage {
        layout: frame.layout("Snippet"),
        id: id.to_string(),
        typed,
        errors,
        languages: languages(),
        versions: versions.into_iter().map(written).collect(),
        approved_words,
        may_edit: actor.may(Permission::EditOutreach),
        may_approve: actor.may(Permission::ApproveDrafts) && snippet.approved.is_none(),
        snippet,
    })
}

/// POST /snippets/{id}: a new version, which waits for approval.
pub async fn update(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<SnippetId>,
    form: Form<SnippetForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (id.into_inner(), form.into_inner());
    let changed = run({
        let (app, actor, form) = (app.clone(), actor.clone(), form.clone());
        move || snippets::update(&app, &actor, id, &form)
    })
    .await?;
    match changed {
        Ok(snippet) => {
            let toast = Toast::new(format!("Version {} is kept.", snippet.version));
            Ok(with_toast(see_other(&format!("/snippets/{id}")), &cookies, &toast))
        }
        Err(AgentError::Invalid(mistakes)) => {
            let errors = FieldErrors::from(mistakes);
            let page = run(move || show_page(&app, &actor, &frame, id, Some((form, errors)))).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// POST /snippets/{id}/approve
pub async fn approve(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<SnippetId>,
    form: Form<Seen>,
) -> Result<HttpResponse, PageError> {
    let snippet = run(move || snippets::approve(&app, &actor, *id, form.version())).await??;
    let toast = Toast::new(format!("Version {} may be quoted from now on.", snippet.version));
    Ok(with_toast(see_other("/snippets"), &cookies, &toast))
}

#[derive(Debug, Deserialize)]
pub struct VersionForm {
    version: u32,
}

/// POST /snippets/{id}/restore: an older version, written anew.
pub async fn restore(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<SnippetId>,
    form: Form<VersionForm>,
) -> Result<HttpResponse, PageError> {
    let (id, older) = (id.into_inner(), form.version);
    let snippet = run(move || snippets::restore(&app, &actor, id, older)).await??;
    let toast =
        Toast::new(format!("Version {} says what version {older} said. It waits for approval.", snippet.version));
    Ok(with_toast(see_other(&format!("/snippets/{id}")), &cookies, &toast))
}

/// POST /snippets/{id}/remove
pub async fn remove(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<SnippetId>,
) -> Result<HttpResponse, PageError> {
    run(move || snippets::remove(&app, &actor, *id)).await??;
    Ok(with_toast(see_other("/snippets"), &cookies, &Toast::new("Out of use. Earlier answers keep what they cite.")))
}
