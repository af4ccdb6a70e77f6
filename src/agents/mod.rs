//! Agents: what a worker makes of an answer. Replies are read, drafts written, and a person decides.
//!
//! Always true here:
//! - A reply is read once; its label, reasons and times are written in the transaction that announces them.
//! - What a person corrects and lets be remembered is used for answers that are nearly the same, in this workspace only;
//!   it talks no opt-out, absence or bounce down.
//! - Inbound text is data: it can raise a flag, never a permission. Recipients and links are ours alone.
//! - Engine-written text leaves only after a person approved it, or where the owner switched that label to
//!   automatic, the figures allow it, and nothing about the reply or the text is delicate.
//! - Where a workspace has chosen an AI service, replies are read and answers written in jobs; the built-in engine reads
//!   first, and its word on opt-outs, bounces and absences stands.
//! - What a rule of the owner hands to a person gets no draft, and no time of it is booked.
//! - An approval sends at most once, whoever presses how often.
//! - A draft that a newer answer, a booking or an opt-out has overtaken can no longer be approved.

mod api;
mod auto;
mod decide;
mod errors;
mod follow;
mod follow_ups;
mod hand_over;
mod lessons;
mod lines;
mod newer;
mod opt_out;
mod pages;
mod read;
mod rehearse;
mod replies;
mod service;
pub mod snippets;
mod tagging;
mod words;
mod write;

#[cfg(test)]
mod decide_tests;
#[cfg(test)]
mod pages_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod service_tests;
#[cfg(test)]
pub(crate) mod testing;

/// The room's part of `/v1`.
pub fn api_routes(config: &mut actix_web::web::ServiceConfig) {
    api::api_routes(config);
    snippets::api_routes(config);
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api::openapi();
    document.merge(snippets::openapi());
    document
}

pub use errors::AgentError;
pub use lines::{classify_line, LineError};
pub use pages::routes;
pub use read::{read_reply, Effect};
pub use rehearse::{rehearse_answer, rehearse_draft, rehearse_reading, Answer, Rehearsed, Written};

use crate::app::{App, AskedFor};
use crate::base::WorkspaceId;
use crate::drafts;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::{Declared, StoreError};

/// All tables of the room, with those of the drafts.
pub fn tables() -> Vec<Declared> {
    [drafts::tables(), snippets::TABLES.to_vec(), lessons::TABLES.to_vec()].concat()
}

/// In this order: what a reply makes old is withdrawn before a new draft is written, a reply is read before it is answered, a draft is written before it may leave by itself.
pub fn subscribers() -> Subscribers<App> {
    vec![
        Box::new(newer::Newer),
        Box::new(read::Reader),
        Box::new(write::Writer),
        Box::new(auto::AutoSender),
        Box::new(follow::Follower),
        Box::new(follow_ups::FollowUps),
        Box::new(tagging::Tagger),
    ]
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(drafts::ExpireDraft).task(service::ReadTask).task(service::WriteTask).task(follow_ups::FollowUpDue)
}

/// Drafts and times asked for that wait for a decision.
pub fn count_waiting(app: &App, workspace: WorkspaceId) -> Result<u32, StoreError> {
    let asked = app.between().map_or(Ok(0), |between| (between.count_asked_for)(app, workspace))?;
    Ok(drafts::count_pending(&app.store, workspace)?.saturating_add(asked))
}

/// Times asked for that are listed beside the drafts.
const MOST_ASKED: usize = 100;

/// Times that somebody asks for and a person has to decide about; another room knows them.
fn waiting_times(app: &App, workspace: WorkspaceId) -> Result<Vec<AskedFor>, StoreError> {
    match app.between() {
        Some(between) => (between.asked_for)(app, workspace, MOST_ASKED),
        None => Ok(Vec::new()),
    }
}
