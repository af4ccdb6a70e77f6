//! A sequence as each lead will read it, and the test mail to oneself.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::preview::{preview, send_test, subject_at, Preview};
use super::super::words::in_words;
use super::super::{list_group, Group, OutreachError};
use super::{head, when, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{Cursor, EmailAddress, EnrolmentId, StepId, WorkerId};
use crate::connections;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

#[derive(Template)]
#[template(path = "outreach/preview.html")]
pub struct PreviewPage {
    pub layout: Layout,
    pub head: Head,
    pub shown: Option<Shown>,
}

pub struct Shown {
    pub lead: EnrolmentId,
    pub name: String,
    pub address: String,
    pub contact_href: String,
    pub from: String,
    pub letters: Vec<LetterView>,
    pub newer: Option<String>,
    pub older: Option<String>,
}

pub struct LetterView {
    pub number: usize,
    pub step: String,
    pub subject: String,
    pub paragraphs: Vec<Vec<String>>,
    /// Why it would be held back, in words; empty when nothing is missing.
    pub missing: String,
    pub mistake: String,
    pub sent: String,
    /// A person may make it the lead's next step.
    pub may_come_next: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    lead: Option<EnrolmentId>,
}

/// GET /outreach/{worker}/preview?lead=…: without a lead, the newest.
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *worker, query.lead)).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    lead: Option<EnrolmentId>,
) -> Result<PreviewPage, OutreachError> {
    let head = head(app, actor, id, "preview")?;
    let store = &app.store;
    let lead = match lead {
        Some(lead) => Some(lead),
        None => list_group(store, actor.workspace, id, Group::All, None, 1)?.rows.first().map(|lead| lead.id),
    };
    let shown = lead.map(|lead| shown(app, actor, &head, lead)).transpose()?;
    let layout = frame.layout(format!("Preview of {}", head.worker.name));
    Ok(PreviewPage { layout, head, shown })
}

fn shown(app: &App, actor: &Actor, head: &Head, lead: EnrolmentId) -> Result<Shown, OutreachError> {
    let preview = preview(app, actor, lead)?;
    if preview.lead.worker != head.worker.id {
        return Err(OutreachError::NotFound);
    }
    let href = |id: EnrolmentId| format!("/outreach/{}/preview?lead={id}", head.worker.id);
    let here = Cursor(lead.as_bytes().to_vec());
    let older = list_group(&app.store, actor.workspace, head.worker.id, Group::All, Some(&here), 1)?;
    let newer = super::super::store::next_newer(&app.store, actor.workspace, head.worker.id, lead)?;
    let mailbox = match head.worker.mailbox {
        Some(id) => connections::get(&app.store, actor.workspace, id)?,
        None => None,
    };
    let from = mailbox.map(|mailbox| mailbox.address.display().to_owned()).unwrap_or_default();
    Ok(Shown {
        lead,
        contact_href: format!("/contacts/{}", preview.lead.contact),
        from: format!("{}, {from}", head.worker.sender.name).trim_matches([',', ' ']).to_owned(),
        letters: letters(app, actor, &preview)?,
        newer: newer.map(href),
        older: older.rows.first().map(|lead| href(lead.id)),
        name: preview.name,
        address: preview.address,
    })
}

fn letters(app: &App, actor: &Actor, preview: &Preview) -> Result<Vec<LetterView>, OutreachError> {
    let zone = zone(app, actor)?;
    let view = |(place, letter): (usize, &super::super::preview::Letter)| LetterView {
        number: letter.number,
        step: letter.step.id.to_string(),
        subject: subject_at(&preview.letters, place),
        paragraphs: paragraphs(&letter.written.text),
        missing: missing_words(&letter.missing),
        mistake: letter.mistake.clone().unwrap_or_default(),
        may_come_next: preview.lead.state.is_active() && !preview.lead.trail().done.contains(&letter.step.id),
        sent: letter.sent_at.map(|at| format!("Sent {}", when(at, &zone))).unwrap_or_default(),
    };
    Ok(preview.letters.iter().enumerate().map(view).collect())
}

fn missing_words(fields: &[String]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let names: Vec<String> = fields.iter().map(|name| in_words(name)).collect();
    let names = names.join(" and the ");
    format!("Held back: the {names} of this lead is missing. Add it to the contact, or write a fallback into the text.")
}

/// Paragraphs of lines.
pub(super) fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let lines = |paragraph: &str| paragraph.lines().map(str::to_owned).collect::<Vec<_>>();
    text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).map(lines).collect()
}

#[derive(Debug, Deserialize)]
pub struct TestForm {
    lead: EnrolmentId,
    step: StepId,
    /// Set where the guide asked for it and goes on.
    #[serde(default)]
    guide: Option<String>,
}

/// POST /outreach/{worker}/test: one step to the address of the person who asks.
pub async fn test(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<TestForm>,
) -> Result<HttpResponse, PageError> {
    let to = EmailAddress::parse(&frame.0.user_email).map_err(|_| {
        PageError::conflict("Your own address is not known.", "Add it to your profile, then send the test again.")
    })?;
    let worker = *worker;
    let TestForm { lead, step, guide } = form.into_inner();
    let address = to.display().to_owned();
    run(move || send_test(&app, &actor, worker, lead, step, &to)).await??;
    let toast = Toast::new(format!("A test is on its way to {address}."));
    let back = guide.map_or_else(|| format!("/outreach/{worker}/preview?lead={lead}"), |_| "/guide".to_owned());
    Ok(with_toast(see_other(&back), &cookies, &toast))
}
