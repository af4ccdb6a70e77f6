//! The guide to the first mail: what is set up, what comes next. Nothing is stored about it; each step is done when
//! what it asks for is there.

use super::day::{Day, TodayError};
use crate::base::UnixMillis;
use crate::connections::{self, Use};
use crate::contacts;
use crate::messaging::{self, Delivery};
use crate::outreach;
use crate::workers;

/// Newest messages looked at for one that left.
const LOOKED_AT: usize = 50;

pub struct Guide {
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub title: &'static str,
    /// What it is for; once done, what there is.
    pub words: String,
    pub is_done: bool,
    minutes: u32,
    /// Where it is done, and the words of the button.
    pub href: &'static str,
    pub act: &'static str,
}

impl Guide {
    pub fn read(day: &Day<'_>) -> Result<Self, TodayError> {
        let steps =
            vec![account(day), business(day), mailbox(day)?, leads(day)?, sequence(day)?, worker(day)?, sent(day)?];
        Ok(Self { steps })
    }

    pub fn done(&self) -> u64 {
        self.steps.iter().filter(|step| step.is_done).count() as u64
    }

    pub fn all(&self) -> u64 {
        self.steps.len() as u64
    }

    /// The first step that is not done.
    pub fn now(&self) -> Option<&Step> {
        self.steps.iter().find(|step| !step.is_done)
    }

    pub fn minutes_left(&self) -> u32 {
        self.steps.iter().filter(|step| !step.is_done).map(|step| step.minutes).sum()
    }

    /// `done`, `now` or `later`, as the guide's parts are drawn.
    pub fn state(&self, step: &Step) -> &'static str {
        match self.now() {
            _ if step.is_done => "done",
            Some(now) if now.title == step.title => "now",
            _ => "later",
        }
    }
}

fn step(
    title: &'static str,
    done: Option<String>,
    todo: &str,
    minutes: u32,
    (href, act): (&'static str, &'static str),
) -> Step {
    let is_done = done.is_some();
    Step { title, words: done.unwrap_or_else(|| todo.to_owned()), is_done, minutes, href, act }
}

/// Whoever reads this has one.
fn account(day: &Day<'_>) -> Step {
    let words = format!("{}. A second step at sign-in keeps it yours.", day.actor.display);
    step("Your account", Some(words), "", 0, ("/settings", "Change"))
}

fn business(day: &Day<'_>) -> Step {
    let address = day.workspace.postal_address.lines().map(str::trim).filter(|line| !line.is_empty());
    let address = address.collect::<Vec<_>>().join(", ");
    let done = (!address.is_empty()).then(|| format!("{address}. Shown below each mail, as the law asks."));
    let todo = "Your postal address stands below each mail, as the law asks. Without it nothing leaves.";
    step("Your business", done, todo, 1, ("/settings/workspace", "Add the address"))
}

fn mailbox(day: &Day<'_>) -> Result<Step, TodayError> {
    let all = connections::list(&day.app.store, day.workspace.id)?;
    let working = all.iter().find(|connection| connection.can(Use::Outreach) && connection.state.is_working());
    let done = working.map(|connection| format!("{}, {}.", connection.address, connection.kind_words()));
    let todo = "The mailbox you write from: Google, or any mail server. Only answers to your own mails are opened.";
    Ok(step("Your mailbox", done, todo, 2, ("/connections", "Connect a mailbox")))
}

fn leads(day: &Day<'_>) -> Result<Step, TodayError> {
    let page = contacts::list_newest(&day.app.store, day.workspace.id, None, 2)?;
    let done = match page.rows.as_slice() {
        [] => None,
        [only] => Some(format!("{} is your first.", only.name())),
        [newest, ..] => Some(format!("{} came last.", newest.name())),
    };
    let todo = "A CSV file, or the first three by hand. Adding somebody sends nothing.";
    Ok(step("Your leads", done, todo, 2, ("/contacts/import", "Import a CSV file")))
}

fn sequence(day: &Day<'_>) -> Result<Step, TodayError> {
    let first = outreach::list_sequences(&day.app.store, day.workspace.id)?.into_iter().next();
    let done = first.map(|sequence| format!("{}.", sequence.name));
    let todo = "What is written, and after how many days again. It stops for a person at the first answer.";
    Ok(step("Your sequence", done, todo, 3, ("/outreach/sequences/new", "Write a sequence")))
}

fn worker(day: &Day<'_>) -> Result<Step, TodayError> {
    let all = workers::list(&day.app.store, day.workspace.id)?;
    let working = all.iter().find(|worker| worker.activated_at.is_some());
    let done = working.map(|worker| format!("{} is switched on.", worker.name));
    let todo =
        "Whom to write to and why, from which mailbox, within which limits. Nothing leaves before you switch it on.";
    let way = if all.is_empty() { ("/outreach/new", "Make a worker") } else { ("/outreach", "Switch it on") };
    Ok(step("Your first worker", done, todo, 2, way))
}

fn sent(day: &Day<'_>) -> Result<Step, TodayError> {
    let newest = messaging::list_recent(&day.app.store, day.workspace.id, None, LOOKED_AT)?;
    let sent = newest
        .rows
        .iter()
        .filter(|message| matches!(message.state, Delivery::Sent))
        .find_map(|message| message.sent_at);
    let done = sent.map(|at: UnixMillis| format!("The last one left {}.", day.time_words(at)));
    let todo =
        "Send one to yourself from the sequence, or wait: the worker sends the first in its lead’s office hours.";
    Ok(step("Your first mail", done, todo, 1, ("/outreach", "Send a test")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_that_is_not_done_is_open_and_later_ones_are_closed() {
        let test = crate::testing::app();
        let day = Day::open(&test.app, &test.owner).unwrap();
        let guide = Guide::read(&day).unwrap();
        let states: Vec<&str> = guide.steps.iter().map(|step| guide.state(step)).collect();
        assert_eq!(states, ["done", "done", "now", "later", "later", "later", "later"]);
        assert_eq!((guide.done(), guide.minutes_left()), (2, 10));
        assert!(guide.steps[1].words.starts_with("1 Mill Lane, Kendal LA9 4QD."));
    }
}
