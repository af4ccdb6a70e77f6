//! GET /leads/export.csv: all contacts with their score, its terms, and what their companies' pages say.

use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;

use super::{page, score};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkspaceId;
use crate::contacts::{self, Contact, MoreColumns};
use crate::http::PageError;
use crate::providers::web_page::Kind;
use crate::store::{StoreError, Txn};

const MORE: MoreColumns = MoreColumns {
    names: &[
        "Score",
        "Score terms",
        "Page: company",
        "Page: title",
        "Page: description",
        "Page: phone",
        "Page: postal address",
        "Page: social links",
        "Page: addresses",
        "Page: read from",
    ],
    of: known_of,
};

pub fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/leads/export.csv").route(web::get().to(csv)));
}

async fn csv(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, PageError> {
    contacts::export_with(app, actor, "leads.csv", MORE).await
}

/// Values for `MORE`: the score, the facts by kind, and on which pages they stand and since when.
fn known_of(txn: &mut Txn<'_>, workspace: WorkspaceId, contact: &Contact) -> Result<Vec<String>, StoreError> {
    let score = score::find(txn, workspace, contact.id)?;
    let points = score.as_ref().map_or_else(String::new, |score| score.points().to_string());
    let terms: Vec<String> = score
        .iter()
        .flat_map(|score| &score.terms)
        .map(|term| format!("{} {:+}", term.rule.as_str(), term.points))
        .collect();
    let reading = page::find(txn, workspace, contact.id)?;
    let facts: Vec<_> = reading.iter().flat_map(|reading| &reading.facts).collect();
    let of_kind = |kind: Kind| {
        let values: Vec<&str> = facts.iter().filter(|fact| fact.kind == kind).map(|fact| fact.value.as_str()).collect();
        values.join("; ")
    };
    let mut sources: Vec<String> =
        facts.iter().map(|fact| format!("{} ({})", fact.source, &fact.at.to_rfc3339()[..10])).collect();
    sources.sort();
    sources.dedup();
    let facts = Kind::ALL.into_iter().map(of_kind);
    Ok([points, terms.join("; ")].into_iter().chain(facts).chain([sources.join("; ")]).collect())
}
