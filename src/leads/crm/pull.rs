//! People of a connected system become contacts.

use super::model::{Report, System, Vendor};
use super::session;
use super::store;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{UnixMillis, WorkspaceId};
use crate::contacts::{self, Brought, ContactError, Source};
use crate::leads::LeadError;
use crate::providers::crm::Person;
use crate::providers::ProviderError;
use crate::store::StoreError;

/// Pages that a look reads.
const LOOK_PAGES: usize = 3;
/// Refused people that a report names.
const REASONS: usize = 10;

/// What pulling would do with the first people, oldest change first.
pub(super) fn look(app: &App, actor: &Actor, vendor: Vendor) -> Result<Report, LeadError> {
    let mut report = Report { at: app.now(), ..Report::default() };
    let mut cursor: Option<String> = None;
    for _ in 0..LOOK_PAGES {
        let read = session::with(app, actor.workspace, vendor, |crm, system| {
            let from = cursor.clone().unwrap_or_else(|| crm.start(None));
            Ok((crm.changed(&from)?, system.clone()))
        });
        let (people, system) = read.map_err(|error| LeadError::field("token", error.to_string()))?;
        for person in &people.rows {
            take(app, actor, &system, person, true, &mut report)?;
        }
        cursor = people.next;
        if cursor.is_none() {
            break;
        }
    }
    report.has_more = cursor.is_some();
    Ok(report)
}

/// One page of a pull; where the next one begins.
pub(super) fn page(
    app: &App,
    workspace: WorkspaceId,
    vendor: Vendor,
    report: &mut Report,
) -> Result<Option<String>, PullError> {
    let actor = Actor { display: vendor.name().to_owned(), ..Actor::system(workspace) };
    let (people, system) = session::with(app, workspace, vendor, |crm, system| {
        let from = system.pull.cursor.clone().unwrap_or_else(|| crm.start(system.pull.since));
        Ok((crm.changed(&from)?, system.clone()))
    })?;
    for person in &people.rows {
        take(app, &actor, &system, person, false, report)?;
    }
    Ok(people.next)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PullError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Lead(#[from] LeadError),
}

fn take(
    app: &App,
    actor: &Actor,
    system: &System,
    person: &Person,
    only_look: bool,
    report: &mut Report,
) -> Result<(), LeadError> {
    let source = Source::Crm(system.vendor.name().to_owned());
    let brought = contacts::bring_in(app, actor, &system.fields_of(person), &source, only_look).map_err(unexpected)?;
    let contact = match &brought {
        Brought::Added(id) => {
            report.added += 1;
            *id
        }
        Brought::Updated(id) => {
            report.updated += 1;
            *id
        }
        Brought::Same(id) => {
            report.same += 1;
            *id
        }
        Brought::Refused(words) => {
            report.refused += 1;
            if report.reasons.len() < REASONS {
                // The report outlasts an erasure: it names nobody but by the system's own number.
                report.reasons.push((format!("person {}", person.id), without_quotes(words)));
            }
            return Ok(());
        }
    };
    if !only_look && store::linked(&app.store, actor.workspace, contact, system.vendor)?.as_ref() != Some(&person.id) {
        let account = system.account_key();
        app.store
            .write(|txn| store::link_of_account(txn, actor.workspace, contact, system.vendor, &account, &person.id))?;
    }
    Ok(())
}

/// The words without what they quote of the person.
fn without_quotes(words: &str) -> String {
    let mut parts = words.split('“');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + "…" + part.split_once('”').map_or("", |(_, behind)| behind))
}

fn unexpected(error: ContactError) -> LeadError {
    match error {
        ContactError::Denied(denied) => denied.into(),
        ContactError::Store(error) => error.into(),
        other => StoreError::Engine(other.to_string()).into(),
    }
}

/// Changes are asked for from a little before the last pull began, because clocks differ.
pub(super) fn next_since(begun: UnixMillis) -> UnixMillis {
    begun.minus(std::time::Duration::from_secs(120))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_report_quotes_nobody() {
        let words = "“ada at fellside”: an address has an @. “x”: shorten it.";
        assert_eq!(super::without_quotes(words), "…: an address has an @. …: shorten it.");
        assert_eq!(super::without_quotes("Restricted."), "Restricted.");
    }
}
