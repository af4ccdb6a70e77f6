//! The queue, lane by lane: how much waits, what is in work, what comes next and when.

use super::health::ReadError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::UnixMillis;
use crate::jobs::{self, Job, Lane, Totals};

/// Waiting jobs that are counted one by one; above it the page says "more than".
pub const COUNTED: u64 = 400;
/// One more than is counted, to know whether there are more. A transaction touches at most 1,000 rows, two for each.
const LISTED: usize = 401;
/// Next jobs shown for each lane.
const SHOWN: usize = 5;

#[derive(Debug)]
pub struct LaneReport {
    pub lane: Lane,
    pub waiting: u64,
    pub is_more: bool,
    pub in_work: usize,
    pub next: Vec<NextJob>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextJob {
    pub kind: String,
    pub due: UnixMillis,
    pub attempt: u32,
    /// Why it waits or failed before. Never content.
    pub reason: String,
}

pub fn report(app: &App, actor: &Actor) -> Result<(Totals, Vec<LaneReport>), ReadError> {
    actor.require(Permission::Operate)?;
    let load = app.runner().map(jobs::Runner::load).unwrap_or_default();
    let mut lanes = Vec::new();
    for lane in Lane::ALL {
        let mut waiting = jobs::list_due(&app.store, lane, LISTED)?;
        waiting.sort_by_key(|job| job.due);
        let count = waiting.len() as u64;
        lanes.push(LaneReport {
            lane,
            waiting: count.min(COUNTED),
            is_more: count > COUNTED,
            in_work: load.running.get(&lane).copied().unwrap_or(0),
            next: waiting.iter().take(SHOWN).map(next).collect(),
        });
    }
    Ok((jobs::totals(&app.store)?, lanes))
}

fn next(job: &Job) -> NextJob {
    NextJob {
        kind: job.kind.clone(),
        due: job.due,
        attempt: job.attempt,
        reason: job.reason.clone().unwrap_or_default(),
    }
}
