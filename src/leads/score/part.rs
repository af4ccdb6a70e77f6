//! The score as a contact's page shows it.

use askama::Template;
use jiff::tz::TimeZone;

use super::store::{self, Source, Term};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::contacts::Contact;
use crate::store::StoreError;
use crate::workspaces;

#[derive(Template)]
#[template(path = "leads/_score.html")]
struct Part {
    /// Absent before it was counted.
    points: Option<i32>,
    terms: Vec<ShownTerm>,
    may_change_rules: bool,
}

/// One line: what is true, the points with their sign, and the row that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShownTerm {
    pub words: &'static str,
    pub points: String,
    pub is_against: bool,
    pub from: String,
}

pub fn part(app: &App, actor: &Actor, contact: &Contact) -> Result<String, StoreError> {
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    let zone = workspace.map_or(TimeZone::UTC, |workspace| workspace.zone());
    let score = app.store.read(|txn| store::find(txn, actor.workspace, contact.id))?;
    let part = Part {
        points: score.as_ref().map(super::Score::points),
        terms: score.iter().flat_map(|score| &score.terms).map(|term| shown(term, &zone)).collect(),
        may_change_rules: actor.may(Permission::ManageWorkspace),
    };
    part.render().map_err(|error| StoreError::Engine(error.to_string()))
}

pub(super) fn shown(term: &Term, zone: &TimeZone) -> ShownTerm {
    let day = term.at.in_zone(zone).strftime("%-d %b %Y").to_string();
    ShownTerm {
        words: term.rule.words(),
        points: signed(term.points),
        is_against: term.points < 0,
        from: match term.from {
            Source::Contact => format!("Details, {day}"),
            Source::Address => format!("Address check, {day}"),
            Source::Event(number) => format!("Event {number}, {day}"),
            Source::Suppressions => "Opt-outs".to_owned(),
        },
    }
}

/// "+10", "−60": with the sign that reads as one.
pub(super) fn signed(points: i32) -> String {
    if points < 0 {
        format!("−{}", points.unsigned_abs())
    } else {
        format!("+{points}")
    }
}
