//! "Sending" and "Workers": what left in the last two weeks, what leaves next, and who is at work.

use askama::Template;

use super::day::{Day, TodayError};
use super::figures::each_event_since;
use super::people::People;
use crate::authz::Permission;
use crate::base::{UnixMillis, WorkspaceId};
use crate::events::Happened;
use crate::http::charts::{Bar, BarChart};
use crate::jobs;
use crate::messaging::{self, sent_in_last_day, usage_by_day, Counted, Delivery, Message};
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerState};

const DAYS: usize = 14;
/// Newest messages looked at for those that wait.
const LOOKED_AT: usize = 200;
const NEXT_SHOWN: usize = 4;
const WORKERS_SHOWN: usize = 6;

#[derive(Template)]
#[template(path = "today/_sending.html")]
pub struct Sending {
    chart: BarChart,
    sent: u64,
    bounced: u64,
    opted_out: u64,
}

impl Sending {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewOutreach) {
            return Ok(None);
        }
        let (store, workspace) = (&day.app.store, day.workspace.id);
        let days = usage_by_day(store, workspace, Counted::Workspace, &day.zone, day.now, DAYS)?;
        let since = days.first().map_or(day.now, |(date, _)| day.start_of(*date));
        let (mut bounced, mut opted_out) = (0, 0);
        each_event_since(day, since, |event| match event.what {
            Happened::MessageBounced { hard: true, .. } => bounced += 1,
            Happened::Unsubscribed { .. } | Happened::Complained { .. } => opted_out += 1,
            _ => {}
        })?;
        let bars: Vec<Bar> = days.iter().map(|(date, count)| bar(*date, *count)).collect();
        let sent = bars.iter().map(|bar| bar.count).sum();
        Ok(Some(Self { chart: chart(bars), sent, bounced, opted_out }))
    }

    /// "1.2 %" of what was sent; nothing below twenty mails.
    fn bounced_share(&self) -> String {
        if self.sent < 20 {
            return String::new();
        }
        format!("({:.1}\u{a0}%)", self.bounced as f64 * 100.0 / self.sent as f64)
    }
}

fn bar(date: jiff::civil::Date, count: u32) -> Bar {
    Bar { label: date.strftime("%-d %b").to_string(), count: u64::from(count) }
}

fn chart(bars: Vec<Bar>) -> BarChart {
    let counts: Vec<u64> = bars.iter().map(|bar| bar.count).filter(|count| *count > 0).collect();
    let sentence = match (counts.iter().min(), counts.iter().max()) {
        (Some(least), Some(most)) if counts.len() == bars.len() => format!("between {least} and {most} each day"),
        (Some(least), Some(most)) => {
            format!("between {least} and {most} on {} of {} days, none on the others", counts.len(), bars.len())
        }
        _ => format!("none in the last {} days", bars.len()),
    };
    BarChart { title: "Mails sent".to_owned(), sentence, bars, is_ahead: false }
}

/// "Going out": the mails that wait for their time, the next first.
#[derive(Template)]
#[template(path = "today/_outgoing.html")]
pub struct Outgoing {
    waiting: usize,
    next: Vec<Leaving>,
}

struct Leaving {
    at_iso: String,
    at: String,
    name: String,
    href: String,
    /// Why it waits, as the gate last said.
    reason: String,
}

impl Outgoing {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewOutreach) {
            return Ok(None);
        }
        let newest = messaging::list_recent(&day.app.store, day.workspace.id, None, LOOKED_AT)?;
        let mut waiting = due_times(day, newest.rows)?;
        waiting.sort_by_key(|(at, _)| *at);
        let mut people = People::of(day.app, day.workspace.id);
        let mut next = Vec::new();
        for (place, (at, message)) in waiting.iter().take(NEXT_SHOWN).enumerate() {
            // Mails of one mailbox leave one after the other, so those that are due wait for their turn.
            let turn = if place == 0 { "Next" } else { "Then" };
            let words = if *at <= day.now { turn.to_owned() } else { day.time_words(*at) };
            next.push(leaving(&mut people, *at, words, message)?);
        }
        Ok(Some(Self { waiting: waiting.len(), next }))
    }
}

/// When the job of each waiting message is due.
fn due_times(day: &Day<'_>, messages: Vec<Message>) -> Result<Vec<(UnixMillis, Message)>, StoreError> {
    let waiting: Vec<Message> = messages.into_iter().filter(|message| message.state.is_waiting()).collect();
    day.app.store.read(|txn| {
        let mut timed = Vec::new();
        for message in &waiting {
            let job = jobs::find(txn, message.job)?;
            timed.push((job.map_or(day.now, |job| job.due), message.clone()));
        }
        Ok(timed)
    })
}

fn leaving(people: &mut People<'_>, at: UnixMillis, words: String, message: &Message) -> Result<Leaving, TodayError> {
    let known = people.get(message.contact)?;
    let reason = match &message.state {
        Delivery::Queued { .. } if message.noted.in_dry_run => "Dry run: it stays here.".to_owned(),
        Delivery::Queued { waits_for } => waits_for.clone().unwrap_or_default(),
        _ => String::new(),
    };
    Ok(Leaving {
        at_iso: at.to_rfc3339(),
        at: words,
        name: if known.name.is_empty() { message.to.display().to_owned() } else { known.name },
        href: format!("/contacts/{}", message.contact),
        reason,
    })
}

#[derive(Template)]
#[template(path = "today/_workers.html")]
pub struct Workers {
    lines: Vec<WorkerLine>,
}

struct WorkerLine {
    name: String,
    href: String,
    /// Shape and colour of the dot.
    tone: &'static str,
    words: String,
}

impl Workers {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewOutreach) {
            return Ok(None);
        }
        let mut all = workers::list(&day.app.store, day.workspace.id)?;
        all.sort_by_key(|worker| !worker.state.is_working());
        let lines = all.iter().take(WORKERS_SHOWN).map(|worker| worker_line(day, day.workspace.id, worker));
        Ok(Some(Self { lines: lines.collect::<Result<_, _>>()? }))
    }
}

fn worker_line(day: &Day<'_>, workspace: WorkspaceId, worker: &Worker) -> Result<WorkerLine, StoreError> {
    let (tone, words) = match &worker.state {
        WorkerState::Off => ("off", "Not activated".to_owned()),
        WorkerState::Paused(off) if off.by_itself => ("warn", "Held back".to_owned()),
        WorkerState::Paused(_) => ("off", "Paused".to_owned()),
        WorkerState::Working if worker.is_on_dry_run() => ("warn", "Dry run: nothing leaves".to_owned()),
        WorkerState::Working => {
            let sent = sent_in_last_day(&day.app.store, workspace, Counted::Worker(worker.id), day.now)?;
            ("ok", format!("{sent} in 24 hours"))
        }
    };
    Ok(WorkerLine { name: worker.name.clone(), href: format!("/outreach/{}", worker.id), tone, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_says_its_answer_in_a_sentence() {
        let bars = |counts: &[u64]| {
            counts.iter().map(|count| Bar { label: "x".to_owned(), count: *count }).collect::<Vec<_>>()
        };
        let cases: [(&[u64], &str); 3] = [
            (&[0, 0], "none in the last 2 days"),
            (&[38, 0, 74], "between 38 and 74 on 2 of 3 days, none on the others"),
            (&[5, 6], "between 5 and 6 each day"),
        ];
        for (counts, sentence) in cases {
            assert_eq!(chart(bars(counts)).sentence, sentence);
        }
    }
}
