//! A worker's leads: lists by what became of them, adding, stopping, taking up again, removing.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::{
    enrol, enrol_tag, figures, last_run, leave, list_group, remove, resume, stop, Enrolment, Group, OutreachError,
    State, Tally,
};
use super::{head, when, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{day_words, ContactId, Cursor, EnrolmentId, StepId, WorkerId};
use crate::contacts;
use crate::http::charts::grouped;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

const PAGE: usize = 50;
/// Pages looked through for the leads of one step.
const MOST_PAGES: usize = 20;

#[derive(Template)]
#[template(path = "outreach/leads.html")]
pub struct LeadsPage {
    pub layout: Layout,
    pub head: Head,
    pub filters: Vec<Tab>,
    pub rows: Vec<LeadRow>,
    pub pager: Pager,
    /// What came of the newest run over the tag; empty when there was none.
    pub run: String,
    pub import_href: String,
    pub here: String,
}

pub struct LeadRow {
    pub id: EnrolmentId,
    pub name: String,
    pub detail: String,
    pub href: String,
    pub preview: String,
    pub company: String,
    pub tone: &'static str,
    pub state: &'static str,
    pub words: String,
    pub sent: String,
    pub label: String,
    pub is_active: bool,
    pub may_resume: bool,
    /// It waits for a day, or for a person now that the day has come.
    pub may_leave: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    step: Option<StepId>,
    #[serde(default)]
    cursor: Option<String>,
}

/// GET /outreach/{worker}/leads?group=&step=&cursor=
pub async fn list(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let cursor = query.cursor.as_deref().map(Cursor::parse).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))?;
    let page = run(move || page(&app, &actor, &frame, *worker, &query, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    query: &Query,
    cursor: Option<&Cursor>,
) -> Result<LeadsPage, OutreachError> {
    let head = head(app, actor, id, "leads")?;
    let group = query.group.as_deref().and_then(Group::parse).unwrap_or(Group::All);
    let (leads, next) = leads_of(app, actor, id, group, query.step, cursor)?;
    let rows = leads.iter().map(|lead| row(app, actor, id, lead)).collect::<Result<Vec<_>, _>>()?;
    let query_of = |group: Group| match query.step {
        Some(step) => format!("/outreach/{id}/leads?group={}&step={step}", group.as_str()),
        None => format!("/outreach/{id}/leads?group={}", group.as_str()),
    };
    let tag = &head.worker.audience_tag;
    let import_href = match tag.as_str() {
        "" => "/contacts/import".to_owned(),
        tag => {
            format!("/contacts/import?tag={}", url::form_urlencoded::byte_serialize(tag.as_bytes()).collect::<String>())
        }
    };
    Ok(LeadsPage {
        layout: frame.live_layout(format!("Leads of {}", head.worker.name)),
        filters: filters(app, actor, id, group)?,
        pager: Pager {
            shown: format!("{} shown", grouped(rows.len() as u64)),
            newer: cursor.map(|_| query_of(group)),
            older: next.map(|next| format!("{}&cursor={next}", query_of(group))),
        },
        here: query_of(group),
        rows,
        run: run_words(app, actor, id)?,
        import_href,
        head,
    })
}

fn leads_of(
    app: &App,
    actor: &Actor,
    worker: WorkerId,
    group: Group,
    step: Option<StepId>,
    cursor: Option<&Cursor>,
) -> Result<(Vec<Enrolment>, Option<Cursor>), OutreachError> {
    let mut cursor = cursor.cloned();
    let mut found = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = list_group(&app.store, actor.workspace, worker, group, cursor.as_ref(), PAGE)?;
        let had = |lead: &Enrolment| step.is_none_or(|step| lead.sent.iter().any(|sent| sent.step == step));
        found.extend(page.rows.into_iter().filter(had));
        cursor = page.next;
        if cursor.is_none() || found.len() >= PAGE {
            break;
        }
    }
    Ok((found, cursor))
}

fn filters(app: &App, actor: &Actor, worker: WorkerId, current: Group) -> Result<Vec<Tab>, OutreachError> {
    let figures = figures(&app.store, actor.workspace, worker)?;
    let tab = |group: &Group| Tab {
        href: format!("/outreach/{worker}/leads?group={}", group.as_str()),
        label: group.words().to_owned(),
        count: grouped(figures.of(*group)),
        current: *group == current,
    };
    let shown = |group: &&Group| **group == Group::All || **group == current || figures.of(**group) > 0;
    Ok(Group::ALL.iter().filter(shown).map(tab).collect())
}

fn row(app: &App, actor: &Actor, worker: WorkerId, lead: &Enrolment) -> Result<LeadRow, OutreachError> {
    let contact = contacts::get(&app.store, actor.workspace, lead.contact)?;
    let zone = zone(app, actor)?;
    let (tone, words) = match &lead.state {
        State::Waiting { waits_for: Some(hold), .. } => ("warn", hold.words.clone()),
        State::Waiting { due, .. } => ("ok", format!("Next mail from {}", when(*due, &zone))),
        State::Queued { .. } => ("ok", "At the gate out".to_owned()),
        State::PausedUntil { at, reason, .. } => ("off", format!("{reason} Goes on {}.", when(*at, &zone))),
        State::Finished { reason, .. } => ("off", reason.clone()),
        State::Stopped { reason, follow_up_on: Some(date), is_due: true, .. } => {
            ("warn", format!("{reason} They asked to be written to again on {}.", day_words(date)))
        }
        State::Stopped { reason, follow_up_on: Some(date), .. } => {
            ("off", format!("{reason} Ask again on {}.", day_words(date)))
        }
        State::Stopped { reason, .. } => ("off", reason.clone()),
    };
    Ok(LeadRow {
        id: lead.id,
        href: format!("/contacts/{}", lead.contact),
        preview: format!("/outreach/{worker}/preview?lead={}", lead.id),
        detail: contact.as_ref().and_then(|c| c.address()).map(|a| a.display().to_owned()).unwrap_or_default(),
        company: contact.as_ref().map(|contact| contact.company.clone()).unwrap_or_default(),
        name: contact.map_or_else(|| "Erased".to_owned(), |contact| contact.name()),
        tone,
        state: lead.state.words(),
        words,
        sent: match lead.sent.len() {
            0 => String::new(),
            1 => "1 mail".to_owned(),
            count => format!("{count} mails"),
        },
        label: lead.came.label.clone().unwrap_or_default(),
        is_active: lead.state.is_active(),
        may_leave: lead.state.is_put_off(),
        may_resume: !matches!(lead.state, State::Waiting { .. } | State::Queued { .. }) && !lead.came.opted_out,
    })
}

fn run_words(app: &App, actor: &Actor, worker: WorkerId) -> Result<String, OutreachError> {
    let Some(run) = last_run(&app.store, actor.workspace, worker)? else { return Ok(String::new()) };
    let counted = tally_words(&run.tally);
    Ok(if run.is_running {
        format!("Adding contacts tagged “{}”: {counted} so far. You can leave this page.", run.tag)
    } else {
        format!("Contacts tagged “{}”: {counted}.", run.tag)
    })
}

fn tally_words(tally: &Tally) -> String {
    let added = format!("{} added", grouped(tally.added));
    match tally.skipped_words() {
        skipped if skipped.is_empty() => added,
        skipped => format!("{added}, left out: {skipped}"),
    }
}

/// A list's ids stand under `contact`, once each.
type Pairs = Vec<(String, String)>;

fn chosen(pairs: &Pairs) -> Vec<ContactId> {
    let named = pairs.iter().filter(|(name, _)| name == "contact" || name == "contacts");
    named.flat_map(|(_, value)| value.split(',')).filter_map(|id| id.trim().parse().ok()).collect()
}

/// POST /outreach/{worker}/leads with `contact=…` for each: chosen contacts become leads.
pub async fn add(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    add_chosen(app, actor, cookies, *worker, chosen(&form)).await
}

/// POST /outreach/leads with `worker` and `contact=…`: the same from a contact's page or a list.
pub async fn add_to_worker(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    let worker = form.iter().find(|(name, _)| name == "worker").and_then(|(_, id)| id.parse().ok());
    let worker = worker.ok_or_else(|| PageError::bad_request("No worker was chosen.", "Choose one and send again."))?;
    add_chosen(app, actor, cookies, worker, chosen(&form)).await
}

async fn add_chosen(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: WorkerId,
    contacts: Vec<ContactId>,
) -> Result<HttpResponse, PageError> {
    if contacts.is_empty() {
        return Err(PageError::bad_request("No contact was chosen.", "Tick at least one and send again."));
    }
    let tally = run(move || enrol(&app, &actor, worker, &contacts)).await??;
    let toast = Toast::new(format!("{}.", tally_words(&tally)));
    Ok(with_toast(see_other(&format!("/outreach/{worker}/leads")), &cookies, &toast))
}

/// POST /outreach/{worker}/leads/tag: all contacts of its tag, in the background.
pub async fn add_tag(
    app: web::Data<App>,
    actor: Actor,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let worker = *worker;
    run(move || enrol_tag(&app, &actor, worker)).await??;
    Ok(see_other(&format!("/outreach/{worker}/leads")))
}

/// POST /outreach/{worker}/leads/{lead}/{stop|resume|leave|remove}
pub async fn act(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<(WorkerId, EnrolmentId, String)>,
) -> Result<HttpResponse, PageError> {
    let (worker, lead, act) = path.into_inner();
    let done = run(move || match act.as_str() {
        "stop" => stop(&app, &actor, lead).map(|_| ("Nothing more is sent to this lead.", Some("resume"))),
        "resume" => resume(&app, &actor, lead).map(|_| ("The lead goes on with the next step.", Some("stop"))),
        "leave" => leave(&app, &actor, lead).map(|_| ("Noted. Nobody is reminded of it any more.", Some("resume"))),
        "remove" => remove(&app, &actor, lead).map(|()| ("The lead was taken off the list.", None)),
        _ => Err(OutreachError::NotFound),
    });
    let (words, undo) = done.await??;
    let mut toast = Toast::new(words);
    if let Some(undo) = undo {
        toast = toast.with_undo(format!("/outreach/{worker}/leads/{lead}/{undo}"));
    }
    Ok(with_toast(see_other(&format!("/outreach/{worker}/leads")), &cookies, &toast))
}
