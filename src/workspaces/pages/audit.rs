//! `/settings/audit`: who did what.

use std::collections::hash_map::{Entry as Slot, HashMap};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::audit::{Entry, Who};
use crate::authz::Actor;
use crate::base::{Cursor, UserId};
use crate::http::layout::Layout;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, Frame, PageError};
use crate::identity::pages::settings_tabs;
use crate::identity::{self, SignedIn};
use crate::store::StoreError;
use crate::workspaces::{settings, WorkspaceError};

#[derive(Template)]
#[template(path = "workspaces/audit.html")]
struct AuditPage {
    layout: Layout,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    iso: String,
    time: String,
    who: String,
    act: String,
    detail: String,
    /// By what a decision of the program can be checked later; most entries have none.
    proof: String,
}

#[derive(Deserialize)]
pub struct AuditQuery {
    cursor: Option<String>,
}

/// GET /settings/audit?cursor=…
pub async fn show(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, PageError> {
    let cursor = query.into_inner().cursor.map(|text| Cursor::parse(&text)).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Begin at the first page."))?;
    let work = move || {
        let is_first = cursor.is_none();
        let page = settings::audit_trail(&app, &actor, cursor.as_ref())?;
        let older = page.next.as_ref().map(|next| format!("/settings/audit?cursor={next}"));
        let names = names(&app, &page.rows)?;
        let rows: Vec<Row> = page.rows.iter().map(|entry| row(entry, &names, &signed_in)).collect();
        let shown = match rows.len() {
            1 => "1 entry".to_owned(),
            many => format!("{many} entries"),
        };
        let newer = (!is_first).then(|| "/settings/audit".to_owned());
        Ok::<_, WorkspaceError>(AuditPage {
            layout: frame.layout("Audit trail"),
            tabs: settings_tabs(&actor, "/settings/audit"),
            rows,
            pager: Pager { shown, newer, older },
        })
    };
    html(StatusCode::OK, &run(work).await??)
}

/// The names of the people in these entries; who was erased has none.
fn names(app: &App, entries: &[Entry]) -> Result<HashMap<UserId, String>, StoreError> {
    let mut names = HashMap::new();
    for entry in entries {
        let by = match entry.who {
            Who::User(id) => Some(id),
            _ => None,
        };
        for id in by.into_iter().chain(person_in(&entry.on)) {
            if let Slot::Vacant(slot) = names.entry(id) {
                let user = identity::get(&app.store, id)?;
                slot.insert(user.map_or_else(|| "Somebody who left".to_owned(), |user| user.name));
            }
        }
    }
    Ok(names)
}

fn row(entry: &Entry, names: &HashMap<UserId, String>, signed_in: &SignedIn) -> Row {
    let who = match &entry.who {
        Who::User(id) => names.get(id).cloned().unwrap_or_default(),
        Who::ApiKey(sid) => format!("API key {sid}"),
        Who::System(why) => why.clone(),
        Who::Visitor => "A visitor".to_owned(),
        Who::CommandLine => "Command line".to_owned(),
    };
    let on = person_in(&entry.on).and_then(|id| names.get(&id)).cloned();
    let (detail, proof) = split_proof(&entry.detail);
    let details: Vec<String> = on.into_iter().chain([detail.to_owned()]).filter(|text| !text.is_empty()).collect();
    Row {
        iso: entry.at.to_rfc3339(),
        time: signed_in.time_words(entry.at),
        who,
        act: act_words(&entry.act),
        detail: details.join(": "),
        proof: proof.to_owned(),
    }
}

/// Decisions of the program end with "(Engine …)": what a person reads stands before it.
fn split_proof(detail: &str) -> (&str, &str) {
    match detail.rsplit_once(" (Engine ").and_then(|(words, _)| detail.get(words.len()..)) {
        Some(proof) => (&detail[..detail.len() - proof.len()], proof.trim().trim_matches(['(', ')'])),
        None => (detail, ""),
    }
}

/// The person an entry is about, where it is about one: `user <id>`.
fn person_in(on: &str) -> Option<UserId> {
    on.strip_prefix("user ").and_then(|id| id.parse().ok())
}

/// `api_key.made` becomes "API key made": the act's own words, as a sentence, where pages use no others.
fn act_words(act: &str) -> String {
    match act {
        "suppression.added" => return "Put on the list of opt-outs".to_owned(),
        "suppression.lifted" => return "Taken off the list of opt-outs".to_owned(),
        "workers.paused" => return "Everything paused".to_owned(),
        "workers.resumed" => return "Sending switched on again".to_owned(),
        "enrolment.left" => return "Lead let rest".to_owned(),
        "meeting.left" => return "Meeting left to a person".to_owned(),
        _ => {}
    }
    let words = act.replace(['.', '_'], " ").replace("api key", "API key").replace("enrolment", "lead");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decision_can_be_checked_by_stands_apart_from_its_words() {
        let cases = [
            ("role: viewer → admin", ("role: viewer → admin", "")),
            (
                "Later, 52 % sure: recorded. (Engine embedded 0.1.0, reply 01a2.)",
                ("Later, 52 % sure: recorded.", "Engine embedded 0.1.0, reply 01a2."),
            ),
        ];
        for (detail, expected) in cases {
            assert_eq!(split_proof(detail), expected);
        }
    }

    #[test]
    fn an_act_reads_as_a_sentence() {
        let cases = [
            ("member.role_changed", "Member role changed"),
            ("worker.activated", "Worker activated"),
            ("api_key.made", "API key made"),
            ("enrolments.added", "Leads added"),
            ("suppression.added", "Put on the list of opt-outs"),
            ("", ""),
        ];
        for (act, expected) in cases {
            assert_eq!(act_words(act), expected);
        }
    }
}
