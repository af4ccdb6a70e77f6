//! Analytics: what became of everybody who was written to, by week, worker, sequence, mailbox, step and wording.
//!
//! Always true here:
//! - A lead stands in marks (`Mark`): one for itself and one for each mail it got. What is counted is marks, and what a
//!   number opens is the leads of the same marks, so a number and its list cannot disagree.
//! - A mark belongs to one cell: the week of the first mail, the worker, the sequence, the mailbox. Cells hold how many
//!   there are of each mark; they are written in the transaction that writes the lead.
//! - A page reads cells, of which there are as many as weeks times mailboxes at work, whatever the number of leads.
//! - Who is erased, taken off the list or only stored stands in no list and in no number.

mod asked;
mod cell;
mod csv;
mod fill;
mod mark;
mod names;
mod rows;
mod slice;
mod sum;
mod week;

pub use asked::Asked;
pub use csv::{figures_csv, LeadsCsv};
pub use fill::{begin, plan_all, FillReport};
pub use mark::{wait_words, LABELS, UNKNOWN_WAIT, WAITS};
pub use names::Names;
pub use rows::{count, leads, list_of_step};
pub use slice::{Slice, What};
pub use sum::{report, Cohort, Rate, Report, Tally, COHORT_WEEKS};
pub use week::Week;

#[cfg(test)]
pub(super) use fill::begin_anew;
pub(super) use fill::follow_restriction;
#[cfg(test)]
pub(super) use rows::list;
pub(super) use rows::{place, tables, turn};
