//! `/replies`: what came back, newest first, by label.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::agents::words::{short_time, zone_of};
use crate::agents::{replies, AgentError};
use crate::app::App;
use crate::authz::Actor;
use crate::base::Cursor;
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::ui::{reply_badge, Pager, Tab};
use crate::http::{html, run, see_other, Frame, PageError};
use crate::language::classify::Label;
use crate::messaging::Reply;

const PAGE: usize = 25;

#[derive(Template)]
#[template(path = "agents/replies.html")]
struct RepliesPage {
    layout: Layout,
    tabs: Vec<Tab>,
    part: Part,
}

/// The list; fetched again by itself when something comes in.
#[derive(Template)]
#[template(path = "agents/_replies.html")]
struct RepliesPart {
    part: Part,
}

struct Part {
    rows: Vec<Row>,
    pager: Pager,
    /// Where this list is fetched again.
    source: String,
    empty: &'static str,
}

struct Row {
    href: String,
    name: String,
    excerpt: String,
    /// Empty until it was read.
    label: String,
    iso: String,
    when: String,
    /// A person has not dealt with it, and it asks for one.
    waits: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct RepliesQuery {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    before: Option<String>,
}

impl RepliesQuery {
    fn parts(&self) -> Result<(Option<Label>, Option<Cursor>), PageError> {
        let before = self.before.as_deref().map(Cursor::parse).transpose();
        let before = before.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))?;
        Ok((self.label.as_deref().and_then(Label::parse), before))
    }
}

/// GET /outreach/replies leads to where replies are.
pub async fn moved() -> HttpResponse {
    see_other("/replies")
}

/// GET /replies?label=…
pub async fn list(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<RepliesQuery>,
) -> Result<HttpResponse, PageError> {
    let (label, before) = query.parts()?;
    let part = run(move || build(&app, &actor, label, before)).await??;
    html(StatusCode::OK, &RepliesPage { layout: frame.live_layout("Replies"), tabs: tabs(label), part })
}

/// GET /replies/part: the list alone.
pub async fn part(app: Data<App>, actor: Actor, query: Query<RepliesQuery>) -> Result<HttpResponse, PageError> {
    let (label, before) = query.parts()?;
    let part = run(move || build(&app, &actor, label, before)).await??;
    html(StatusCode::OK, &RepliesPart { part })
}

fn build(app: &App, actor: &Actor, label: Option<Label>, before: Option<Cursor>) -> Result<Part, AgentError> {
    let page = replies::list(app, actor, label.map(Label::as_str), before.as_ref(), PAGE)?;
    let (now, zone) = (app.now(), zone_of(app, actor.workspace)?);
    let mut rows = Vec::new();
    for reply in &page.rows {
        let contact = contacts::get(&app.store, actor.workspace, reply.contact)?;
        rows.push(Row {
            href: format!("/replies/{}", reply.id),
            name: contact.map_or_else(|| reply.from_name.clone(), |contact| contact.name()),
            excerpt: reply.excerpt.chars().take(160).collect(),
            label: reply.reading.as_ref().map(|reading| reading.label.clone()).unwrap_or_default(),
            iso: reply.received_at.to_rfc3339(),
            when: short_time(reply.received_at, now, &zone),
            waits: waits(reply),
        });
    }
    let filter = label.map(|label| format!("label={label}")).unwrap_or_default();
    let first = before.is_none();
    let with = |path: &str, cursor: Option<&Cursor>| {
        let before = cursor.map(|cursor| format!("before={cursor}")).unwrap_or_default();
        let query: Vec<&str> = [filter.as_str(), &before].into_iter().filter(|part| !part.is_empty()).collect();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", query.join("&"))
        }
    };
    let pager = Pager {
        shown: format!("{} shown", rows.len()),
        newer: (!first).then(|| with("/replies", None)),
        older: page.next.as_ref().map(|next| with("/replies", Some(next))),
    };
    let empty = if label.is_some() {
        "No reply was read this way."
    } else {
        "No reply yet. The first usually come after two working days."
    };
    Ok(Part { rows, pager, source: with("/replies/part", before.as_ref()), empty })
}

/// Somebody wants something, and nobody has dealt with it.
fn waits(reply: &Reply) -> bool {
    let asks = |label: &str| matches!(label, "interested" | "question" | "meeting_proposed" | "referral");
    reply.handled_at.is_none() && reply.reading.as_ref().is_some_and(|reading| asks(&reading.label))
}

fn tabs(current: Option<Label>) -> Vec<Tab> {
    let all = Tab { href: "/replies".into(), label: "All".into(), count: String::new(), current: current.is_none() };
    let labels = [
        Label::Interested,
        Label::MeetingProposed,
        Label::Question,
        Label::Referral,
        Label::Later,
        Label::NotInterested,
        Label::OutOfOffice,
        Label::Unsubscribe,
        Label::Other,
    ];
    let tab = |label: Label| Tab {
        href: format!("/replies?label={label}"),
        label: reply_badge(label.as_str()).words.to_owned(),
        count: String::new(),
        current: current == Some(label),
    };
    [all].into_iter().chain(labels.into_iter().map(tab)).collect()
}
