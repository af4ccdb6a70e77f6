//! The list behind a worker's number of mails.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::mails::{mails_of, Which};
use super::super::OutreachError;
use super::{cursor, head, when, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{counted, grouped, Cursor, WorkerId};
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, Frame, PageError};
use crate::messaging::Message;

#[derive(Template)]
#[template(path = "outreach/mails.html")]
pub struct MailsPage {
    pub layout: Layout,
    pub head: Head,
    pub title: &'static str,
    /// "3 mails".
    pub shown: String,
    pub lists: Vec<Tab>,
    pub rows: Vec<Row>,
    /// Where there is more than one page of them.
    pub pager: Option<Pager>,
    /// Older entries of the log may hold some.
    pub goes_on: bool,
}

pub struct Row {
    pub name: String,
    pub address: String,
    /// Empty where the contact was erased.
    pub href: String,
    pub subject: String,
    pub at: String,
    pub state: &'static str,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    which: String,
    #[serde(default)]
    cursor: Option<String>,
}

const PAGE: usize = 50;

/// GET /outreach/{worker}/mails?which=day|counted|bounced|opted_out|complained&cursor=
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let which = Which::parse(&asked.which).unwrap_or(Which::Day);
    let cursor = cursor(asked.cursor.as_deref())?;
    let page = run(move || page(&app, &actor, &frame, *worker, which, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

/// Where the mails stand.
pub fn list_of(worker: WorkerId, which: Which) -> String {
    format!("/outreach/{worker}/mails?which={}", which.as_str())
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    which: Which,
    cursor: Option<&Cursor>,
) -> Result<MailsPage, OutreachError> {
    let mails = mails_of(app, actor, id, which, cursor, PAGE)?;
    let count = counted(mails.rows.len() as u64, "mail", "mails");
    let is_whole = cursor.is_none() && mails.next.is_none();
    let pager = (!is_whole).then(|| Pager {
        shown: format!("{} shown", grouped(mails.rows.len() as u64)),
        newer: cursor.map(|_| list_of(id, which)),
        older: mails.next.as_ref().map(|next| format!("{}&cursor={next}", list_of(id, which))),
    });
    let zone = zone(app, actor)?;
    let row = |mail: &Option<Message>| match mail {
        Some(mail) => {
            let contact = contacts::get(&app.store, actor.workspace, mail.contact)?;
            Ok(Row {
                name: contact.map_or_else(|| mail.to_name.clone(), |contact| contact.name()),
                address: mail.to.display().to_owned(),
                href: format!("/contacts/{}", mail.contact),
                subject: mail.subject.clone(),
                at: when(mail.sent_at.unwrap_or(mail.queued_at), &zone),
                state: mail.state.words(),
            })
        }
        None => Ok(Row {
            name: "Somebody who was erased".to_owned(),
            address: String::new(),
            href: String::new(),
            subject: String::new(),
            at: String::new(),
            state: "",
        }),
    };
    let tab = |one: Which| Tab {
        href: list_of(id, one),
        label: one.words().to_owned(),
        count: String::new(),
        current: one == which,
    };
    Ok(MailsPage {
        layout: frame.layout("Mails of a worker"),
        head: head(app, actor, id, "")?,
        title: which.words(),
        shown: if is_whole { count } else { format!("{count} on this page") },
        lists: Which::ALL.into_iter().map(tab).collect(),
        goes_on: mails.next.is_some(),
        pager,
        rows: mails.rows.iter().map(row).collect::<Result<_, OutreachError>>()?,
    })
}
