//! For whoever runs this server: is it well, what waits, what failed, who is on it, what is stored.
//!
//! Always true here:
//! - Only an operator signed in as a person comes in (`Permission::Operate`), whatever their role in a workspace.
//! - The pages show counts, states and ids; no content of a workspace can be reached from here.
//! - Whatever the operator does to a workspace stands in that workspace's own audit trail.

mod backups;
mod clock;
mod data_map;
mod error_ring;
mod health;
mod look;
mod pages;
mod queue;
mod tenants;

pub use backups::write_backup;
pub use clock::{last_seen, look_at_the_clock, note_time, plan as plan_clock, NoteTime};
pub use data_map::DataMap;
pub use error_ring::{recent_errors, ErrorLayer, RecentError};
pub use pages::routes;
pub use tenants::{lift_suspension, suspend, TenantError};

use crate::store::Declared;

pub fn tables() -> Vec<Declared> {
    clock::TABLES.to_vec()
}
