//! `/approvals`: the queue, one letter at a time, and the decisions. Each decision leads to the next draft.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::letter::Letter;
use crate::agents::decide;
use crate::agents::words::{short_time, zone_of};
use crate::agents::write::Style;
use crate::agents::{waiting_times, AgentError};
use crate::app::{App, Occasion};
use crate::authz::{Actor, Permission};
use crate::base::{DraftId, Mistakes};
use crate::contacts;
use crate::drafts::{self, Draft, DraftState};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Seen, Toast};
use crate::language::draft::Manner;
use crate::workers;

/// Drafts shown in the queue.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "agents/approvals.html")]
struct ApprovalsPage {
    layout: Layout,
    queue: Queue,
    letter: Option<Letter>,
}

/// The list beside the letter; fetched again by itself when drafts come and go.
#[derive(Template)]
#[template(path = "agents/_queue.html")]
struct QueuePart {
    queue: Queue,
}

struct Queue {
    /// No drafts: times that somebody asks for, decided about on their own pages.
    asked: Vec<QueueRow>,
    groups: Vec<(String, Vec<QueueRow>)>,
    total: usize,
    /// From 1; 0 when the open draft does not wait.
    place: usize,
    previous: String,
    next: String,
    /// The open draft, for fetching the list again.
    current: String,
}

struct QueueRow {
    href: String,
    name: String,
    what: String,
    iso: String,
    when: String,
    current: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct QueueQuery {
    #[serde(default)]
    current: String,
}

impl Queue {
    fn build(app: &App, actor: &Actor, current: Option<DraftId>) -> Result<Self, AgentError> {
        let waiting = drafts::list_pending(&app.store, actor.workspace, MOST)?;
        let (now, zone) = (app.now(), zone_of(app, actor.workspace)?);
        let names: Vec<(Option<_>, String)> = workers::list(&app.store, actor.workspace)?
            .into_iter()
            .map(|worker| (Some(worker.id), worker.name))
            .chain([(None, "Answers".to_owned())])
            .collect();
        let known = |draft: &Draft| names.iter().any(|(id, _)| *id == draft.worker);
        let mut groups = Vec::new();
        let mut order: Vec<DraftId> = Vec::new();
        for (id, name) in &names {
            let own = waiting.iter().filter(|draft| draft.worker == *id || (id.is_none() && !known(draft)));
            let mut rows = Vec::new();
            for draft in own {
                order.push(draft.id);
                let contact = contacts::get(&app.store, actor.workspace, draft.contact)?;
                rows.push(QueueRow {
                    href: format!("/approvals/{}", draft.id),
                    name: contact.as_ref().map_or_else(|| draft.to_name.clone(), contacts::Contact::name),
                    what: draft.intent.words().to_owned(),
                    iso: draft.created_at.to_rfc3339(),
                    when: short_time(draft.created_at, now, &zone),
                    current: Some(draft.id) == current,
                });
            }
            if !rows.is_empty() {
                groups.push((name.clone(), rows));
            }
        }
        let asked = waiting_times(app, actor.workspace)?.into_iter().map(|asked| QueueRow {
            href: asked.href,
            name: asked.who,
            what: asked.what,
            iso: asked.since.to_rfc3339(),
            when: short_time(asked.since, now, &zone),
            current: false,
        });
        let at = order.iter().position(|id| Some(*id) == current);
        let href = |place: Option<usize>| {
            place.and_then(|place| order.get(place)).map(|id| format!("/approvals/{id}")).unwrap_or_default()
        };
        Ok(Self {
            total: order.len(),
            place: at.map_or(0, |at| at + 1),
            previous: href(at.and_then(|at| at.checked_sub(1))),
            next: href(at.map(|at| at + 1)),
            current: current.map(|id| id.to_string()).unwrap_or_default(),
            asked: asked.collect(),
            groups,
        })
    }
}

/// GET /approvals: the draft that waits longest, or that nothing does.
pub async fn first(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        actor.require(Permission::ApproveDrafts)?;
        let oldest = drafts::list_pending(&app.store, actor.workspace, 1)?.first().map(|draft| draft.id);
        build(&app, &actor, &frame, oldest)
    })
    .await??;
    html(StatusCode::OK, &page)
}

/// GET /approvals/{id}: this draft, decided or not.
pub async fn one(app: Data<App>, actor: Actor, frame: Frame, id: Path<DraftId>) -> Result<HttpResponse, PageError> {
    let page = run(move || build(&app, &actor, &frame, Some(*id))).await??;
    html(StatusCode::OK, &page)
}

fn build(app: &App, actor: &Actor, frame: &Frame, id: Option<DraftId>) -> Result<ApprovalsPage, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let letter = match id {
        Some(id) => {
            let renewed = decide::renew(app, actor.workspace, id, Occasion::Shown)?;
            let draft = drafts::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
            Some(Letter::of(app, &draft, renewed, app.now())?)
        }
        None => None,
    };
    Ok(ApprovalsPage { layout: frame.live_layout("Approvals"), queue: Queue::build(app, actor, id)?, letter })
}

/// GET /approvals/queue?current=…: the list alone.
pub async fn queue(app: Data<App>, actor: Actor, query: Query<QueueQuery>) -> Result<HttpResponse, PageError> {
    let current = query.current.parse().ok();
    let queue = run(move || {
        actor.require(Permission::ApproveDrafts)?;
        Queue::build(&app, &actor, current)
    })
    .await??;
    html(StatusCode::OK, &QueuePart { queue })
}

/// POST /approvals/{id}/approve: sends it, once, and goes on to the next.
pub async fn approve(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<DraftId>,
    form: Form<Seen>,
) -> Result<HttpResponse, PageError> {
    let (draft, next) = run(move || {
        let draft = decide::approve_seen(&app, &actor, *id, form.seen)?;
        Ok::<_, AgentError>((draft, drafts::next_pending(&app.store, actor.workspace, *id)?))
    })
    .await??;
    Ok(go_on(&cookies, &draft, next))
}

/// POST /approvals/{id}/reject: nothing leaves. `reason` is kept for those who tune the worker.
pub async fn reject(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<DraftId>,
    form: Form<RejectForm>,
) -> Result<HttpResponse, PageError> {
    let (draft, next) = run(move || {
        let draft = decide::reject(&app, &actor, *id, &form.reason)?;
        Ok::<_, AgentError>((draft, drafts::next_pending(&app.store, actor.workspace, *id)?))
    })
    .await??;
    Ok(go_on(&cookies, &draft, next))
}

/// POST /approvals/{id}/offer: the offer is written anew with times of now; what a person had changed is dropped.
pub async fn offer_anew(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<DraftId>,
) -> Result<HttpResponse, PageError> {
    let back = format!("/approvals/{id}");
    run(move || decide::offer_anew(&app, &actor, *id)).await??;
    Ok(with_toast(see_other(&back), &cookies, &Toast::new("Written anew, with times that are free now.")))
}

#[derive(Debug, Default, Deserialize)]
pub struct RejectForm {
    #[serde(default)]
    reason: String,
}

fn go_on(cookies: &Cookies, draft: &Draft, next: Option<DraftId>) -> HttpResponse {
    let to = if draft.to_name.is_empty() { draft.to.display() } else { &draft.to_name };
    let undo = format!("/approvals/{}/undo", draft.id);
    let toast = match &draft.state {
        DraftState::NotSent { reason } => Toast::new(format!("Approved, but it does not leave: {reason}")),
        DraftState::Rejected { .. } => Toast::new(format!("Rejected. {to} gets no answer.")).with_undo(undo),
        _ => Toast::new(format!("Approved. The answer to {to} is on its way.")).with_undo(undo),
    };
    let path = next.map_or_else(|| "/approvals".to_owned(), |next| format!("/approvals/{next}"));
    with_toast(see_other(&path), cookies, &toast)
}

/// POST /approvals/{id}/undo: the draft waits again, if its message has not left.
pub async fn undo(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<DraftId>,
) -> Result<HttpResponse, PageError> {
    let draft = run(move || decide::undo(&app, &actor, *id)).await??;
    let toast = Toast::new("Taken back. It waits for your decision again.");
    Ok(with_toast(see_other(&format!("/approvals/{}", draft.id)), &cookies, &toast))
}

#[derive(Template)]
#[template(path = "agents/edit.html")]
struct EditPage {
    layout: Layout,
    id: String,
    to: String,
    subject: String,
    text: String,
    errors: FieldErrors,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct EditForm {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// `send` approves at once.
    #[serde(default)]
    then: String,
}

/// GET /approvals/{id}/edit
pub async fn edit_form(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    id: Path<DraftId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || edit_page(&app, &actor, &frame, *id, None)).await??;
    html(StatusCode::OK, &page)
}

fn edit_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: DraftId,
    typed: Option<(EditForm, FieldErrors)>,
) -> Result<EditPage, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let draft = drafts::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
    if !draft.is_pending() {
        return Err(AgentError::Decided(decide::outcome_words(app, &draft)?));
    }
    let (form, errors) = typed.unwrap_or_else(|| {
        let form = EditForm {
            subject: draft.final_subject().to_owned(),
            text: draft.final_text().to_owned(),
            then: String::new(),
        };
        (form, FieldErrors::default())
    });
    let to = if draft.to_name.is_empty() { draft.to.display().to_owned() } else { draft.to_name };
    let layout = frame.layout("Edit the draft");
    Ok(EditPage { layout, id: id.to_string(), to, subject: form.subject, text: form.text, errors })
}

/// POST /approvals/{id}/edit: keeps the wording, and sends it when asked to.
pub async fn edit(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<DraftId>,
    form: Form<EditForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (id.into_inner(), form.into_inner());
    let edited = run({
        let (app, actor, form) = (app.clone(), actor.clone(), form.clone());
        move || {
            let draft = decide::edit(&app, &actor, id, &form.subject, &form.text)?;
            if form.then != "send" {
                return Ok((draft, None));
            }
            let draft = decide::approve_seen(&app, &actor, id, Some(decide::words_of(&draft)))?;
            Ok::<_, AgentError>((draft, Some(drafts::next_pending(&app.store, actor.workspace, id)?)))
        }
    })
    .await?;
    match edited {
        Ok((draft, Some(next))) => Ok(go_on(&cookies, &draft, next)),
        Ok((draft, None)) => Ok(see_other(&format!("/approvals/{}", draft.id))),
        Err(AgentError::Invalid(mistakes)) => {
            let typed = Some((form, mistakes.into()));
            let page = run(move || edit_page(&app, &actor, &frame, id, typed)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(AgentError::Held(words)) => {
            let words = format!("{words} Your text is kept; nothing has been sent.");
            let typed = Some((form, Mistakes::one("text", words).into()));
            let page = run(move || edit_page(&app, &actor, &frame, id, typed)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "agents/rewrite.html")]
struct RewritePage {
    layout: Layout,
    id: String,
    to: String,
    manners: Vec<Choice>,
}

#[derive(Debug, Default, Deserialize)]
pub struct RewriteForm {
    #[serde(default)]
    manner: String,
    #[serde(default)]
    brief: Option<String>,
}

const MANNERS: &[(&str, &str, Manner)] =
    &[("plain", "Plain", Manner::Plain), ("warm", "Warmer", Manner::Warm), ("formal", "More formal", Manner::Formal)];

/// GET /approvals/{id}/rewrite
pub async fn rewrite_form(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    id: Path<DraftId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        actor.require(Permission::ApproveDrafts)?;
        let draft = drafts::get(&app.store, actor.workspace, *id)?.ok_or(AgentError::NotFound)?;
        let to = if draft.to_name.is_empty() { draft.to.display().to_owned() } else { draft.to_name };
        let choice =
            |(value, label, _): &(&str, &str, Manner)| Choice { value: (*value).into(), label: (*label).into() };
        let layout = frame.layout("Write it another way");
        Ok::<_, AgentError>(RewritePage {
            layout,
            id: id.to_string(),
            to,
            manners: MANNERS.iter().map(choice).collect(),
        })
    })
    .await??;
    html(StatusCode::OK, &page)
}

/// POST /approvals/{id}/rewrite: the same facts in another manner.
pub async fn rewrite(
    app: Data<App>,
    actor: Actor,
    id: Path<DraftId>,
    form: Form<RewriteForm>,
) -> Result<HttpResponse, PageError> {
    let manner = MANNERS.iter().find(|(value, ..)| *value == form.manner).map_or(Manner::Plain, |(.., manner)| *manner);
    let style = Style { manner, brief: form.brief.is_some() };
    let draft = run(move || decide::rewrite(&app, &actor, *id, style)).await??;
    Ok(see_other(&format!("/approvals/{}", draft.id)))
}
