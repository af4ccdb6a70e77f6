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
use crate::base::{Cursor, Page};
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::ui::{reply_badge, Pager, Tab};
use crate::http::{html, run, see_other, Frame, PageError};
use crate::language::classify::Label;

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

/// Which replies are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    All,
    Waiting,
    Label(Label),
}

impl Choice {
    /// The address of this list; `more` is further query text.
    fn href(self, path: &str, more: &str) -> String {
        let own = match self {
            Choice::All => String::new(),
            Choice::Waiting => "waiting=yes".to_owned(),
            Choice::Label(label) => format!("label={label}"),
        };
        let query: Vec<&str> = [own.as_str(), more].into_iter().filter(|part| !part.is_empty()).collect();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct RepliesQuery {
    #[serde(default)]
    label: Option<String>,
    /// Only those that a person is to look at.
    #[serde(default)]
    waiting: Option<String>,
    #[serde(default)]
    before: Option<String>,
}

impl RepliesQuery {
    fn parts(&self) -> Result<(Choice, Option<Cursor>), PageError> {
        let before = self.before.as_deref().map(Cursor::parse).transpose();
        let before = before.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))?;
        let label = self.label.as_deref().and_then(Label::parse).map(Choice::Label);
        let waiting = self.waiting.as_ref().map(|_| Choice::Waiting);
        Ok((waiting.or(label).unwrap_or(Choice::All), before))
    }
}

/// GET /outreach/replies leads to where replies are.
pub async fn moved() -> HttpResponse {
    see_other("/replies")
}

/// GET /replies?label=…&waiting=…
pub async fn list(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<RepliesQuery>,
) -> Result<HttpResponse, PageError> {
    let (choice, before) = query.parts()?;
    let part = run(move || build(&app, &actor, choice, before)).await??;
    html(StatusCode::OK, &RepliesPage { layout: frame.live_layout("Replies"), tabs: tabs(choice), part })
}

/// GET /replies/part: the list alone.
pub async fn part(app: Data<App>, actor: Actor, query: Query<RepliesQuery>) -> Result<HttpResponse, PageError> {
    let (choice, before) = query.parts()?;
    let part = run(move || build(&app, &actor, choice, before)).await??;
    html(StatusCode::OK, &RepliesPart { part })
}

fn build(app: &App, actor: &Actor, choice: Choice, before: Option<Cursor>) -> Result<Part, AgentError> {
    let page = match choice {
        Choice::All => replies::list(app, actor, None, before.as_ref(), PAGE)?,
        Choice::Label(label) => replies::list(app, actor, Some(label.as_str()), before.as_ref(), PAGE)?,
        Choice::Waiting => Page { rows: replies::list_waiting(app, actor)?, next: None },
    };
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
            waits: reply.waits(),
        });
    }
    let first = before.is_none();
    let with = |path: &str, cursor: Option<&Cursor>| {
        choice.href(path, &cursor.map(|cursor| format!("before={cursor}")).unwrap_or_default())
    };
    let pager = Pager {
        shown: format!("{} shown", rows.len()),
        newer: (!first).then(|| with("/replies", None)),
        older: page.next.as_ref().map(|next| with("/replies", Some(next))),
    };
    let empty = match choice {
        Choice::All => "No reply yet. The first usually come after two working days.",
        Choice::Waiting => "Nobody waits for you.",
        Choice::Label(_) => "No reply was read this way.",
    };
    Ok(Part { rows, pager, source: with("/replies/part", before.as_ref()), empty })
}

fn tabs(current: Choice) -> Vec<Tab> {
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
    let tab = |choice: Choice, words: &str| Tab {
        href: choice.href("/replies", ""),
        label: words.to_owned(),
        count: String::new(),
        current: current == choice,
    };
    let first = [tab(Choice::All, "All"), tab(Choice::Waiting, "Waits for you")];
    let labels = labels.into_iter().map(|label| tab(Choice::Label(label), reply_badge(label.as_str()).words));
    first.into_iter().chain(labels).collect()
}
