//! The durable queue: what is due, who has it in hand, what became of it.
//!
//! Always true here:
//! - A job is enqueued, completed and re-planned inside the transaction of the change it belongs to.
//! - `Intent` is durable before the first byte of an effect leaves; after a crash an intent is in doubt and
//!   is never simply repeated (`Class::Once`).
//! - Jobs of one serial run one at a time, in the order they fall due, and share a pace.
//! - No job leaves the queue without an outcome: enqueued = done + dead + open.
//! - A job that was done leaves no row: what came of it stands with whoever planned it.
//!
//! This room knows no other room's jobs by name: `wiring` registers tasks and effects.

mod handlers;
mod leases;
mod leave;
mod lists;
mod model;
mod moves;
mod queue;
mod recover;
mod rows;
mod runner;
mod scheduler;
mod work;
mod worker;

#[cfg(test)]
mod tests;

pub use handlers::{Handlers, Threads};
pub use leases::{lease_due, Leases};
pub use leave::leave;
pub use lists::{count_open, list_due, list_later, list_needing_a_look, sweep_given_up};
pub use model::{backoff, spread, Class, Job, Lane, NewJob, Serial, State};
pub use queue::{
    cancel, complete, decide, enqueue, find_once, give_up, hurry, keep_pace, lift_pace, needs_look, pace_of,
    prove_done, reschedule, Verdict,
};
pub use recover::move_all_back;
pub use rows::{find, totals, Totals, TABLES};
pub use runner::{Load, Runner};
pub use work::{Effect, Outcome, Performed, Prepared, Ready, Reconciled, Settled, Task};
