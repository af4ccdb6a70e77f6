//! `/outreach/{worker}/dry-run`: think an answer through, switch the dry run, and see what it would have sent.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::story::Story;
use super::think::{think, About};
use super::DryRunError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, ReplyId, WorkerId};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{language_name, reply_badge, FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::messaging::{self, Message, Reply};
use crate::outreach::pages::{head, Head};
use crate::outreach::OutreachError;
use crate::today::{Day, People};
use crate::workers;

/// Answers to choose from, and mails shown at once.
const PICKS: usize = 8;
const PAGE: usize = 25;
/// Labels whose probability is shown.
const SHOWN_ODDS: usize = 4;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/outreach/{worker}/dry-run").route(web::get().to(show)).route(web::post().to(ponder)))
        .service(web::resource("/outreach/{worker}/dry-run/switch").route(web::post().to(switch)));
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    reply: Option<ReplyId>,
    cursor: Option<String>,
}

/// What somebody pasted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PastedForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct SwitchForm {
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "dry_run/worker.html")]
struct DryRunPage {
    layout: Layout,
    head: Head,
    /// "Tue 24 Nov, 10:30"; empty while there is no dry run.
    since: String,
    typed: PastedForm,
    errors: FieldErrors,
    story: Option<Shown>,
    picks: Vec<Pick>,
    mails: Vec<Mail>,
    pager: Pager,
    may_read: bool,
}

/// A story as the page shows it.
struct Shown {
    text: Vec<Vec<String>>,
    from: String,
    label: String,
    language: String,
    odds: Vec<(&'static str, u64)>,
    steps: Vec<super::story::Step>,
    alone: bool,
    decision: String,
    /// Subject and paragraphs of what would be written.
    letter: Option<(String, Vec<Vec<String>>)>,
}

impl From<Story> for Shown {
    fn from(story: Story) -> Self {
        let percent = |odds: f32| (f64::from(odds) * 100.0).round() as u64;
        let odds = story.odds.iter().take(SHOWN_ODDS).map(|(label, odds)| (reply_badge(label).words, percent(*odds)));
        let letter =
            story.draft.as_ref().map(|draft| (draft.final_subject().to_owned(), paragraphs(draft.final_text())));
        Self {
            odds: odds.collect(),
            letter,
            language: language_name(&story.language),
            alone: story.decision.alone,
            decision: story.decision.words,
            text: paragraphs(&story.text),
            from: story.from,
            label: story.label,
            steps: story.steps,
        }
    }
}

struct Pick {
    href: String,
    name: String,
    said: String,
    label: String,
    current: bool,
}

struct Mail {
    name: String,
    href: String,
    subject: String,
    text: Vec<Vec<String>>,
    iso: String,
    at: String,
}

/// GET /outreach/{worker}/dry-run?reply=&cursor=
async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    worker: Path<WorkerId>,
    asked: Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let cursor = asked.cursor.as_deref().map(Cursor::parse).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))?;
    let reply = asked.reply;
    let page = run(move || {
        let story = match reply {
            Some(reply) => Some(think(&app, &actor, *worker, &About::Past(reply))?),
            None => None,
        };
        let open = Open { story, picked: reply, cursor, ..Open::default() };
        page(&app, &actor, &frame, *worker, open)
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /outreach/{worker}/dry-run: thinks the pasted words through. It changes nothing, so the page itself is the
/// answer; 422 with the form when it does not parse.
async fn ponder(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    worker: Path<WorkerId>,
    form: Form<PastedForm>,
) -> Result<HttpResponse, PageError> {
    let typed = form.into_inner();
    let answer = run(move || {
        let PastedForm { text, from, name } = typed.clone();
        let (status, open) = match think(&app, &actor, *worker, &About::Pasted { text, from, name }) {
            Ok(story) => (StatusCode::OK, Open { story: Some(story), typed, ..Open::default() }),
            Err(DryRunError::Invalid(mistakes)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Open { typed, errors: mistakes.into(), ..Open::default() })
            }
            Err(error) => return Err(error),
        };
        Ok((status, page(&app, &actor, &frame, *worker, open)?))
    });
    let (status, page) = answer.await??;
    html(status, &page)
}

/// POST /outreach/{worker}/dry-run/switch: `to` is `on` or `off`.
async fn switch(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    worker: Path<WorkerId>,
    form: Form<SwitchForm>,
) -> Result<HttpResponse, PageError> {
    let (worker, on) = (*worker, form.to == "on");
    run(move || workers::set_dry_run(&app, &actor, worker, on)).await?.map_err(OutreachError::from)?;
    let words = match on {
        true => "A dry run: everything is decided, and nothing leaves.",
        false => "The dry run is over. Nothing of it leaves late.",
    };
    Ok(with_toast(see_other(&format!("/outreach/{worker}/dry-run")), &cookies, &Toast::new(words)))
}

/// What is open on the page.
#[derive(Default)]
struct Open {
    story: Option<Story>,
    picked: Option<ReplyId>,
    typed: PastedForm,
    errors: FieldErrors,
    cursor: Option<Cursor>,
}

fn page(app: &App, actor: &Actor, frame: &Frame, id: WorkerId, open: Open) -> Result<DryRunPage, DryRunError> {
    let head = head(app, actor, id, "dry-run")?;
    let day = Day::open(app, actor)?;
    let mut people = People::of(app, actor.workspace);
    let may_read = actor.may(Permission::ViewReplies);
    let mut picks = Vec::new();
    if may_read {
        let page = messaging::list_replies_of_worker(&app.store, actor.workspace, id, None, PICKS)?;
        for reply in page.rows {
            let name = people.get(reply.contact)?.name;
            picks.push(pick(&reply, id, name, open.picked));
        }
    }
    let here = format!("/outreach/{id}/dry-run");
    let (mut mails, mut older) = (Vec::new(), None);
    if may_read {
        let would = messaging::list_would_have_left(&app.store, actor.workspace, id, open.cursor.as_ref(), PAGE)?;
        for message in would.rows {
            let name = people.get(message.contact)?.name;
            mails.push(mail(message, name, &day));
        }
        older = would.next.map(|next| format!("{here}?cursor={next}"));
    }
    let shown = if mails.is_empty() { String::new() } else { "Newest first".to_owned() };
    Ok(DryRunPage {
        layout: frame.layout(format!("Dry run of {}", head.worker.name)),
        since: head.worker.dry_run.map(|at| day.time_words(at)).unwrap_or_default(),
        pager: Pager { shown, newer: open.cursor.map(|_| here), older },
        head,
        typed: open.typed,
        errors: open.errors,
        story: open.story.map(Shown::from),
        picks,
        mails,
        may_read,
    })
}

/// Paragraphs, each as its lines.
fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.lines().map(str::to_owned).collect()).collect()
}

fn pick(reply: &Reply, worker: WorkerId, name: String, picked: Option<ReplyId>) -> Pick {
    const QUOTED: usize = 90;
    let line = reply.excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: String = line.chars().take(QUOTED).collect();
    Pick {
        href: format!("/outreach/{worker}/dry-run?reply={}", reply.id),
        name,
        said: if line.chars().count() > QUOTED { format!("{}…", said.trim_end()) } else { said },
        label: reply.reading.as_ref().map(|reading| reading.label.clone()).unwrap_or_default(),
        current: picked == Some(reply.id),
    }
}

fn mail(message: Message, name: String, day: &Day<'_>) -> Mail {
    let at = message.noted.would_have_left.unwrap_or(message.queued_at);
    Mail {
        name,
        href: format!("/contacts/{}", message.contact),
        subject: message.subject,
        text: paragraphs(&message.text),
        iso: at.to_rfc3339(),
        at: day.time_words(at),
    }
}
