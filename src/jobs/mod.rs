//! The durable queue: what is due, who has it in hand, what became of it.
//!
//! Always true here:
//! - A job is enqueued, completed and re-planned inside the transaction of the change it belongs to.
//! - `Intent` is durable before the first byte of an effect leaves; after a crash an intent is in doubt and
//!   is never simply repeated (`Class::Once`).
//! - Jobs of one serial run one at a time, in the order they fall due, and share a pace.
//! - No job leaves the queue without an outcome: enqueued = done + dead + open.
//!
//! This room knows no other room's jobs by name: `wiring` registers tasks and effects.

mod model;
mod queue;
mod runner;
mod work;

#[cfg(test)]
mod tests;

pub use model::{backoff, spread, Class, Job, Lane, NewJob, Serial, State};
pub use queue::{
    cancel, complete, count_open, decide, enqueue, find, find_once, give_up, hurry, lift_pace, list_due, list_later,
    list_needing_a_look, needs_look, prove_done, reschedule, sweep_finished, totals, Totals, Verdict, TABLES,
};
pub use runner::{lease_due, Handlers, Load, Runner, Threads};
pub use work::{Effect, Outcome, Performed, Prepared, Reconciled, Settled, Task};
