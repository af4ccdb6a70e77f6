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
    /// What it does, in words.
    pub what: String,
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
        what: kind_words(&job.kind),
        due: job.due,
        attempt: job.attempt,
        reason: job.reason.clone().unwrap_or_default(),
    }
}

/// What a job does, by its kind. One that a newer version knows is shown by its name.
fn kind_words(kind: &str) -> String {
    let words = match kind {
        "availability.busy" => "Read the busy times of a calendar",
        "bookings.calendar" => "Write a meeting into a calendar",
        "bookings.consider" => "Look at proposed times",
        "bookings.link" => "Fetch the video link of a meeting",
        "channels.email.poll" => "Look for new mail in a mailbox",
        "contacts.import" => "Import contacts from a file",
        "contacts.index" => "Make contacts findable",
        "drafts.expire" => "Let a draft end that nobody decided about",
        "events.deliver" => "Tell the rooms what happened",
        "identity.reset" => "Write a mail for a new password",
        "identity.sweep" => "Clear away sessions that have ended",
        "mailer.send" => "Send a mail of the server itself",
        "messaging.send" => "Send a mail",
        "operator.note_time" => "Note the time of day",
        "outreach.enrol" => "Add the contacts of a tag as leads",
        "outreach.step" => "Take the next step of a lead",
        "outreach.take_up" => "Remind of somebody who asked for later",
        "outreach.count" => "Count leads of an older version in the analytics",
        "workspace.close" => "Close a workspace",
        "housekeeping" => "Clear away what has reached its end",
        other => return other.replace(['.', '_'], " "),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_in_words_and_one_that_is_not_known_by_its_own_name() {
        assert_eq!(kind_words(crate::outreach::STEP), "Take the next step of a lead");
        assert_eq!(kind_words("surveys.send_all"), "surveys send all");
    }
}
