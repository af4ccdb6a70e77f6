//! The mails of a worker that wait for a person who reads them.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::review::{self, ToRead};
use super::super::OutreachError;
use super::preview::paragraphs;
use super::{cursor, head, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, Cursor, EnrolmentId, WorkerId};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers;

const PAGE: usize = 10;

#[derive(Template)]
#[template(path = "outreach/review.html")]
pub struct ReviewPage {
    pub layout: Layout,
    pub head: Head,
    pub mails: Vec<MailView>,
    pub may_approve: bool,
    pub older: Option<String>,
}

pub struct MailView {
    pub lead: EnrolmentId,
    pub name: String,
    pub href: String,
    pub to: String,
    pub from: String,
    pub subject: String,
    pub paragraphs: Vec<Vec<String>>,
    pub words: u64,
    pub step: String,
}

impl From<ToRead> for MailView {
    fn from(mail: ToRead) -> Self {
        let ToRead { lead, name, to, from, subject, text, words, step } = mail;
        let (href, paragraphs) = (format!("/contacts/{}", lead.contact), paragraphs(&text));
        Self { lead: lead.id, name, href, to, from, subject, paragraphs, words, step: step.to_string() }
    }
}

impl ReviewPage {
    /// The address of an act on one lead that comes back here.
    fn act(&self, lead: &EnrolmentId, act: &str) -> String {
        format!("{}?back=review", self.head.lead(lead, act))
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    cursor: Option<String>,
}

/// GET /outreach/{worker}/review?cursor=
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let cursor = cursor(query.cursor.as_deref())?;
    let page = run(move || page(&app, &actor, &frame, *worker, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    cursor: Option<&Cursor>,
) -> Result<ReviewPage, OutreachError> {
    let head = head(app, actor, id, "review")?;
    let found = review::list(app, actor, id, cursor, PAGE)?;
    Ok(ReviewPage {
        layout: frame.layout(format!("To be read of {}", head.worker.name)),
        older: found.next.map(|next| format!("/outreach/{id}/review?cursor={next}")),
        mails: found.rows.into_iter().map(MailView::from).collect(),
        may_approve: actor.may(Permission::ApproveDrafts),
        head,
    })
}

/// POST /outreach/{worker}/review: yes to each mail that was shown, as it was shown (`mail` is lead and words).
pub async fn approve(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let id = *worker;
    let approved = run(move || {
        actor.require(Permission::ApproveDrafts)?;
        workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let shown = form.iter().filter(|(name, _)| name == "mail").filter_map(|(_, value)| value.split_once(':'));
        let mut approved = 0;
        for (lead, words) in shown.filter_map(|(lead, words)| Some((lead.parse().ok()?, words.parse().ok()?))) {
            match review::approve(&app, &actor, lead, words) {
                Ok(_) => approved += 1,
                // One that changed meanwhile stays on the page.
                Err(OutreachError::MayNotMove(_) | OutreachError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok::<_, OutreachError>(approved)
    });
    let approved = counted(approved.await??, "mail leaves", "mails leave");
    let toast = Toast::new(format!("{approved} in turn."));
    Ok(with_toast(see_other(&format!("/outreach/{worker}/review")), &cookies, &toast))
}
