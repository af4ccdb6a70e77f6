//! Engines: the AI service that a workspace may use beside the built-in engine, and what it may cost.
//!
//! Always true here:
//! - Without a service everything works; with one, everything that fails falls back to the built-in engine and says why.
//! - The built-in engine reads first. What it says of opt-outs, bounces and absences stands, and nobody else is asked.
//! - A key is sealed, shown by its last four characters only, and erased at once when it is taken away.
//! - Nothing is asked that the budgets of the workspace and of the worker have no room for, also by calls at the same
//!   time: what a call may cost is set aside in the transaction that lets it go.
//! - Every request that leaves has a row among the transfers, without what was asked or answered.
//! - A service that refuses the key or the money is not asked again before a person has looked; they are told once.

mod api;
mod breaker;
mod budget;
mod call;
mod error;
mod letters;
mod model;
mod money;
mod pages;
mod purse;
mod remote;
mod setup;
mod store;
mod tasks;
#[cfg(test)]
pub mod testing;
mod transfers;
mod trouble;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use call::{About, Line, TRIES};
pub use error::EngineError;
pub use model::Task;
pub use pages::routes;
pub use remote::is_binding;
pub use setup::{end_access, standing};
pub use store::tables;
pub use trouble::{trouble, Trouble};

use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::store::StoreError;
use crate::workspaces;

/// Whether a service is chosen for the task. It may be stopped or out of money all the same; then asking it says so.
pub fn is_chosen(app: &App, workspace: WorkspaceId, task: Task) -> Result<bool, StoreError> {
    Ok(store::get_settings(&app.store, workspace)?.is_some_and(|settings| settings.model_of(task).is_some()))
}

/// Removes transfers from before then, in every workspace.
pub fn sweep(app: &App, before: UnixMillis) -> Result<(), StoreError> {
    for workspace in workspaces::list_all(&app.store)? {
        while store::sweep(&app.store, workspace.id, before)? == store::SWEPT {}
    }
    Ok(())
}

/// Why a text was made by the built-in engine although a service is chosen, for people.
pub fn fallback_words(reason: &str) -> &'static str {
    match reason {
        "timeout" | "unreachable" => "the AI service did not answer in time",
        "budget" => "the AI budget is spent",
        "schema" | "invalid_json" => "what the AI service answered did not have the right shape",
        "policy" => "what the AI service wrote claimed something that stands in no source",
        "refusal" => "the AI service declined to answer",
        "truncated" => "the AI service’s answer was cut off",
        "no_key" => "no AI service was set up any more",
        "circuit_open" => "the AI service had failed several times in a row",
        "stopped" | "key" | "billing" | "address" => "the AI service is stopped until somebody looks at its key",
        "no_model" => "the AI service does not have the model that was chosen",
        _ => "the AI service could not do it",
    }
}
