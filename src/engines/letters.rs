//! Mails to a workspace's owners and admins: the service was stopped, a budget is spent.

use super::model::{Purse, Settings, Stopped};
use super::purse::News;
use crate::app::App;
use crate::base::WorkspaceId;
use crate::mailer::{self, Posting};
use crate::store::{StoreError, Txn};
use crate::workers;
use crate::workspaces::Warning;

pub const HERE: &str = "/settings/engines";

pub fn stopped(
    app: &App,
    workspace: WorkspaceId,
    settings: &Settings,
    stopped: &Stopped,
) -> Result<Vec<Posting>, StoreError> {
    let subject = format!("{} is not used any more", settings.name());
    let what = format!("{} {}", reason(&stopped.code), said(&stopped.words));
    letters(app, workspace, &subject, &what)
}

/// Why a service is not asked, for the page and the letter.
pub fn reason(code: &str) -> &'static str {
    match code {
        "billing" => "The account has no money left, or a limit set there was reached.",
        "address" => "Its address cannot be called from this server.",
        _ => "The key was refused.",
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!("It said: “{words}”.")
    }
}

pub fn budget(app: &App, workspace: WorkspaceId, purse: Purse, news: News) -> Result<Vec<Posting>, StoreError> {
    let whose = match purse {
        Purse::Workspace => "The AI budget".to_owned(),
        Purse::Worker(worker) => {
            let name = workers::get(&app.store, workspace, worker)?.map(|worker| worker.name).unwrap_or_default();
            format!("The AI budget of {name}")
        }
    };
    let (subject, what) = match news {
        News::Nearly(period) => {
            (format!("{whose} is nearly spent"), format!("80 % of it {} is spent.", period.words()))
        }
        News::Full(period) => (
            format!("{whose} is spent"),
            format!(
                "A call did not fit into what is left of it {}. Until then the built-in engine does the work.",
                period.words()
            ),
        ),
    };
    letters(app, workspace, &subject, &what)
}

fn letters(app: &App, workspace: WorkspaceId, title: &str, reason: &str) -> Result<Vec<Posting>, StoreError> {
    let warning = Warning {
        title,
        reason,
        meanwhile: "Nothing stands still: the built-in engine reads replies and writes drafts meanwhile.",
        path: HERE,
        go: "Look at the AI engines",
    };
    warning.letters(app, workspace, app.now())
}

pub fn queue(txn: &mut Txn<'_>, letters: &[Posting]) -> Result<(), StoreError> {
    letters.iter().try_for_each(|letter| mailer::queue(txn, letter))
}
