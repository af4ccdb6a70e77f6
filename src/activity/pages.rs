//! `/outreach/{worker}/activity`: the feed of one worker.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::doing::Way;
use super::kind::Kind;
use super::{read, ActivityError};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{Cursor, WorkerId};
use crate::http::layout::Layout;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, Frame, PageError};
use crate::outreach::pages::{head, Head};
use crate::today::Day;

const PAGE: usize = 40;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/outreach/{worker}/activity").route(web::get().to(show)));
}

#[derive(Debug, Deserialize)]
pub struct Asked {
    kind: Option<String>,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "activity/worker.html")]
struct ActivityPage {
    layout: Layout,
    head: Head,
    here: String,
    filters: Vec<Tab>,
    lines: Vec<Line>,
    /// Nothing was found as far back as was looked, but the log goes on.
    goes_on: bool,
    pager: Pager,
}

struct Line {
    icon: &'static str,
    tone: &'static str,
    words: String,
    name: String,
    href: String,
    at_iso: String,
    at: String,
    said: String,
    why: Vec<String>,
    way: Option<Way>,
}

/// GET /outreach/{worker}/activity?kind=&cursor=
async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    worker: Path<WorkerId>,
    query: Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let cursor = query.cursor.as_deref().map(Cursor::parse).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))?;
    let kind = query.kind.as_deref().and_then(Kind::parse);
    let page = run(move || page(&app, &actor, &frame, *worker, kind, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    worker: WorkerId,
    kind: Option<Kind>,
    cursor: Option<&Cursor>,
) -> Result<ActivityPage, ActivityError> {
    let head = head(app, actor, worker, "activity")?;
    let day = Day::open(app, actor)?;
    let found = read::list(app, actor, worker, kind, cursor, PAGE)?;
    let (here, first) = (address(worker, kind), address(worker, None));
    let line = |doing: super::doing::Doing| Line {
        icon: doing.icon,
        tone: doing.tone,
        words: doing.words,
        href: doing.contact.map(|contact| format!("/contacts/{contact}")).unwrap_or_default(),
        name: doing.name,
        at_iso: doing.at.to_rfc3339(),
        at: day.time_words(doing.at),
        said: doing.said,
        why: doing.why,
        way: doing.way,
    };
    let older = found.next.map(|next| format!("{here}{}cursor={next}", if here.contains('?') { '&' } else { '?' }));
    let lines: Vec<Line> = found.rows.into_iter().map(line).collect();
    let shown = match lines.len() {
        0 => String::new(),
        _ => "Newest first".to_owned(),
    };
    let filter =
        |href: String, label: &str, current: bool| Tab { href, label: label.to_owned(), count: String::new(), current };
    let mut filters = vec![filter(first, "Everything", kind.is_none())];
    filters.extend(Kind::ALL.map(|one| filter(address(worker, Some(one)), one.words(), kind == Some(one))));
    Ok(ActivityPage {
        layout: frame.live_layout(format!("{}: what it did", head.worker.name)),
        head,
        filters,
        goes_on: lines.is_empty() && older.is_some(),
        pager: Pager { shown, newer: cursor.map(|_| here.clone()), older },
        lines,
        here,
    })
}

fn address(worker: WorkerId, kind: Option<Kind>) -> String {
    let path = format!("/outreach/{worker}/activity");
    kind.map_or(path.clone(), |kind| format!("{path}?kind={}", kind.as_str()))
}

impl From<ActivityError> for PageError {
    fn from(error: ActivityError) -> Self {
        match error {
            ActivityError::Denied(denied) => denied.into(),
            ActivityError::NotFound => PageError::NotFound,
            ActivityError::Outreach(error) => error.into(),
            ActivityError::Store(error) => PageError::internal("could not read what the worker did", &error),
        }
    }
}
