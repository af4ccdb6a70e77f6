//! From a message of ours to the mail that leaves: names, threading, footer, the way to opt out.

use super::compose::{self, AutoSubmitted, CalendarPart, ComposeError, Footer, ListUnsubscribe, Outgoing};
use super::wording::{footer_words, FooterWords};
use crate::app::App;
use crate::connections::Connection;
use crate::contacts;
use crate::messaging::{mail_links, MailLinks, Message, Purpose};
use crate::store::StoreError;
use crate::workers;
use crate::workspaces::{self, Workspace};

#[derive(Debug, thiserror::Error)]
pub(super) enum LetterError {
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error("the workspace was closed")]
    NoWorkspace,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The finished bytes of RFC 5322.
pub(super) fn write(app: &App, message: &Message, connection: &Connection) -> Result<Vec<u8>, LetterError> {
    let workspace = workspaces::get(&app.store, message.workspace)?.ok_or(LetterError::NoWorkspace)?;
    let links = mail_links(app, message);
    let dress = &message.dress;
    let calendar = dress.calendar.clone();
    let mail = Outgoing {
        from_name: from_name(app, message, connection)?,
        from: connection.address.clone(),
        to_name: Some(message.to_name.clone()).filter(|name| !name.trim().is_empty()),
        to: message.to.clone(),
        subject: subject(message),
        text: message.text.clone(),
        html: dress.sheet.as_ref().map(|sheet| sheet.html(workspace.postal_address.trim())).transpose()?,
        message_id: message.message_id.clone(),
        in_reply_to: message.in_reply_to.clone(),
        references: message.references.clone(),
        date: app.now(),
        list_unsubscribe: links.as_ref().map(one_click),
        own_id: message.id.to_string(),
        footer: Some(footer(message, &workspace, links.as_ref(), words(app, message, &workspace)?)),
        auto_submitted: (message.purpose == Purpose::Transactional).then_some(AutoSubmitted::Generated),
        calendar: calendar.map(|file| CalendarPart { method: file.method, ics: file.ics }),
    };
    Ok(compose::render(&mail)?)
}

fn subject(message: &Message) -> String {
    match message.in_reply_to {
        Some(_) => compose::reply_subject(&message.subject),
        None => message.subject.clone(),
    }
}

/// The mailbox's name; where it has none, that of the worker's sender.
fn from_name(app: &App, message: &Message, connection: &Connection) -> Result<Option<String>, StoreError> {
    let own = connection.display_name.trim();
    if !own.is_empty() {
        return Ok(Some(own.to_owned()));
    }
    let Some(worker) = message.worker else { return Ok(None) };
    let worker = workers::get(&app.store, message.workspace, worker)?;
    Ok(worker.map(|worker| worker.sender.name).filter(|name| !name.trim().is_empty()))
}

fn one_click(links: &MailLinks) -> ListUnsubscribe {
    ListUnsubscribe { url: links.unsubscribe.clone(), mailto: None }
}

fn footer(message: &Message, workspace: &Workspace, links: Option<&MailLinks>, words: FooterWords) -> Footer {
    let is_by_engine = message.draft.is_some() && workspace.discloses_ai;
    Footer {
        line: is_by_engine.then(|| words.ai.to_owned()),
        postal_address: Some(workspace.postal_address.trim().to_owned()).filter(|address| !address.is_empty()),
        unsubscribe_label: words.unsubscribe.to_owned(),
        unsubscribe_url: links.map(|links| links.unsubscribe.clone()),
    }
}

/// In the reader's language, as far as it is known.
fn words(app: &App, message: &Message, workspace: &Workspace) -> Result<FooterWords, StoreError> {
    let contact = contacts::get(&app.store, message.workspace, message.contact)?;
    let own = contact.and_then(|contact| contact.locale);
    Ok(footer_words(own.as_deref().unwrap_or(&workspace.locale)))
}
