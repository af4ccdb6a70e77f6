//! The list of workers, and one worker's overview.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::mails::Which;
use super::super::period::{self, Period};
use super::super::variants::{compare, Measured};
use super::super::why::pace_of;
use super::super::words::for_nobody;
use super::super::{
    activate, figures, get_sequence, store, Enrolment, Figures, Group, Kind, Missing, OutreachError, State,
    StepFigures, Then,
};
use super::{branches, head, leads, mails, when, zone, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, JobId, UnixMillis, VariantId, WorkerId};
use crate::connections;
use crate::contacts;
use crate::drafts;
use crate::http::charts::{grouped, Bar, Funnel};
use crate::http::layout::Layout;
use crate::http::ui::{reply_badge, Tab};
use crate::http::{html, run, Frame, PageError};
use crate::jobs;
use crate::messaging::{self, Counted, Delivery};
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerState};

/// Rows of the lists on the overview.
const FEW: usize = 5;
/// Mails at the gate that are put in order: as many as a mailbox is given at a time.
const AT_THE_GATE: usize = 100;

#[derive(Template)]
#[template(path = "outreach/workers.html")]
pub struct WorkersPage {
    pub layout: Layout,
    pub rows: Vec<WorkerRow>,
    pub may_edit: bool,
}

pub struct WorkerRow {
    pub href: String,
    pub name: String,
    pub goal: String,
    pub tone: &'static str,
    pub state: &'static str,
    pub today: u32,
    pub leads: String,
    pub written: String,
    pub replied: String,
    pub meetings: String,
}

/// GET /outreach
pub async fn list(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || workers_page(&app, &actor, &frame)).await??;
    html(StatusCode::OK, &page)
}

pub fn workers_page(app: &App, actor: &Actor, frame: &Frame) -> Result<WorkersPage, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let mut rows = Vec::new();
    for worker in workers::list(&app.store, actor.workspace)? {
        rows.push(row(app, actor, worker)?);
    }
    let layout = frame.live_layout("Outreach");
    Ok(WorkersPage { layout, rows, may_edit: actor.may(Permission::EditOutreach) })
}

fn row(app: &App, actor: &Actor, worker: Worker) -> Result<WorkerRow, OutreachError> {
    let figures = figures(&app.store, actor.workspace, worker.id)?;
    let (tone, state) = match &worker.state {
        WorkerState::Working if worker.is_on_dry_run() => ("warn", "Dry run"),
        WorkerState::Working => ("ok", "Active"),
        WorkerState::Off => ("off", "Not activated"),
        WorkerState::Paused(_) => ("warn", "Paused"),
    };
    let sent = messaging::sent_in_last_day(&app.store, actor.workspace, Counted::Worker(worker.id), app.now())?;
    Ok(WorkerRow {
        href: format!("/outreach/{}", worker.id),
        tone,
        state,
        today: sent,
        leads: grouped(figures.of(Group::All)),
        written: grouped(figures.of(Group::Written)),
        replied: grouped(figures.of(Group::Replied)),
        meetings: grouped(figures.of(Group::Meeting)),
        name: worker.name,
        goal: worker.goal,
    })
}

#[derive(Template)]
#[template(path = "outreach/worker.html")]
pub struct OverviewPage {
    pub layout: Layout,
    pub head: Head,
    /// What keeps it from being switched on; only asked while it is off.
    pub missing: Vec<Missing>,
    pub waits_for_approval: bool,
    pub funnel: Funnel,
    pub periods: Vec<Tab>,
    /// Where the figures are read again, with their period.
    pub figures_src: String,
    pub is_all: bool,
    /// The figures as links to the lists they count.
    pub lists: Vec<ListLink>,
    pub steps: Vec<StepRow>,
    /// Steps with several wordings, compared.
    pub trials: Vec<Trial>,
    pub next: Vec<NextMail>,
    pub replies: Vec<ReplyRow>,
    pub now: Now,
    pub brakes: Brakes,
}

/// What the brakes go by, in words.
pub struct Brakes {
    pub counted: Counting,
    pub bounced: Counting,
    pub opted_out: Counting,
    pub complained: Counting,
    /// Why it stopped by itself; only a person switches it on again.
    pub pulled: String,
}

/// A number in words, and the mails behind it.
pub struct Counting {
    pub words: String,
    pub href: String,
}

pub struct ListLink {
    pub href: String,
    pub words: &'static str,
    pub count: String,
}

pub struct StepRow {
    pub is_mail: bool,
    pub when: String,
    pub title: String,
    pub note: &'static str,
    pub sent: String,
    pub replied: String,
    /// Where the leads behind "sent" and "replied" stand.
    pub written: String,
    pub answered: String,
    pub rest: Vec<ListLink>,
}

/// The wordings of one step beside each other.
pub struct Trial {
    pub number: usize,
    pub wordings: Vec<TrialRow>,
    /// Words that a wording had before, with what came of them.
    pub earlier: Vec<TrialRow>,
    pub has_winner: bool,
    pub verdict: String,
}

pub struct TrialRow {
    /// A, B, …; of words that are gone with their wording a dash.
    pub letter: char,
    pub begins: String,
    pub is_winner: bool,
    pub sent: String,
    pub written: String,
    pub replied: String,
    pub answered: String,
    pub interested: ListLink,
    /// Of the interested: "8.0 % (4.1 to 15.0 %)".
    pub rate: String,
    /// The same of all answers.
    pub answered_rate: String,
    pub opted_out: ListLink,
}

pub struct NextMail {
    pub name: String,
    pub href: String,
    pub words: String,
    pub held: bool,
}

pub struct ReplyRow {
    pub name: String,
    pub company: String,
    pub href: String,
    pub excerpt: String,
    pub label: String,
    pub iso: String,
    pub at: String,
}

/// The facts at the side.
pub struct Now {
    pub sent: u64,
    pub cap: u64,
    pub sent_words: String,
    /// The mails behind it.
    pub sent_href: String,
    pub limit_words: String,
    pub held: String,
    /// "Write from …"; empty without a mailbox.
    pub from_words: String,
    /// "Offer free times from …"; empty without a calendar.
    pub times_words: String,
    pub days: String,
    pub hours: String,
    pub pace: String,
    /// "Answer “Interested” and “Question” by itself"; empty while a person decides everything.
    pub automatic_words: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    days: String,
}

/// GET /outreach/{worker}?days=…: the figures of the leads added in these days; without, of all.
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let period = Period::parse(&query.days);
    let page = run(move || overview(&app, &actor, &frame, *worker, period)).await??;
    html(StatusCode::OK, &page)
}

pub fn overview(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    period: Period,
) -> Result<OverviewPage, OutreachError> {
    let head = head(app, actor, id, "")?;
    let worker = head.worker.clone();
    let figures = figures(&app.store, actor.workspace, id)?;
    let sequence = worker.sequence.map(|id| get_sequence(&app.store, actor.workspace, id)).transpose()?.flatten();
    let missing = if head.is_working() { Vec::new() } else { activate::missing(app, actor, id)? };
    Ok(OverviewPage {
        layout: frame.live_layout(worker.name.clone()),
        missing,
        waits_for_approval: worker.activated_at.is_some()
            && sequence.as_ref().is_some_and(|s| !s.is_all_approved() && s.without_text().is_empty()),
        funnel: funnel(app, actor, id, period)?,
        periods: periods(id, period),
        figures_src: address_of(id, period),
        is_all: period == Period::All,
        lists: lists(app, actor, id, period)?,
        trials: sequence.as_ref().map(|sequence| trials(&worker, sequence, &figures)).unwrap_or_default(),
        steps: sequence.map(|sequence| step_rows(&worker, &sequence, &figures)).unwrap_or_default(),
        next: next_mails(app, actor, &worker)?,
        replies: replies(app, actor, &worker)?,
        now: now_facts(app, actor, &worker, &figures)?,
        brakes: brakes(app, actor, &worker)?,
        head,
    })
}

fn funnel(app: &App, actor: &Actor, id: WorkerId, period: Period) -> Result<Funnel, OutreachError> {
    let steps = [
        ("Leads added", Group::All),
        ("Written to", Group::Written),
        ("Replied", Group::Replied),
        ("Interested", Group::Interested),
        ("Meetings", Group::Meeting),
    ];
    let since = period.since(app.now());
    let hrefs = steps.iter().map(|(_, group)| leads::list_of(id, *group, period)).collect();
    let bar = |(label, group): (&str, Group)| {
        let count = period::count(&app.store, actor.workspace, id, group, since)?;
        Ok(Bar { label: label.to_owned(), count })
    };
    let steps = steps.into_iter().map(bar).collect::<Result<_, OutreachError>>()?;
    Ok(Funnel { steps, base: 1, hrefs })
}

fn address_of(id: WorkerId, period: Period) -> String {
    match period {
        Period::All => format!("/outreach/{id}"),
        period => format!("/outreach/{id}?days={}", period.as_str()),
    }
}

fn periods(id: WorkerId, chosen: Period) -> Vec<Tab> {
    let tab = |period: Period| Tab {
        href: address_of(id, period),
        label: period.words().to_owned(),
        count: String::new(),
        current: period == chosen,
    };
    Period::EACH.into_iter().map(tab).collect()
}

fn lists(app: &App, actor: &Actor, id: WorkerId, period: Period) -> Result<Vec<ListLink>, OutreachError> {
    let groups = [Group::Written, Group::Replied, Group::Interested, Group::Meeting, Group::Bounced, Group::OptedOut];
    let since = period.since(app.now());
    let link = |group: Group| {
        Ok(ListLink {
            href: leads::list_of(id, group, period),
            words: group.words(),
            count: grouped(period::count(&app.store, actor.workspace, id, group, since)?),
        })
    };
    groups.into_iter().map(link).collect()
}

fn step_rows(worker: &Worker, sequence: &super::super::Sequence, figures: &Figures) -> Vec<StepRow> {
    let row = |(place, step): (usize, &super::super::Step)| {
        let counted = figures.step(step.id);
        let list = |group: Group| format!("/outreach/{}/leads?group={}&step={}", worker.id, group.as_str(), step.id);
        let kind = if step.working_days { "working days" } else { "days" };
        StepRow {
            when: match (place, step.wait_days) {
                (0, 0) => "At once".to_owned(),
                (_, 0) => "The same day".to_owned(),
                (_, 1) => format!("1 {} later", kind.trim_end_matches('s')),
                (_, days) => format!("{days} {kind} later"),
            },
            title: title_of(sequence, step),
            note: match (sequence.is_approved(step), step.subject.is_empty()) {
                _ if matches!(step.kind, Kind::Branch { .. }) => "",
                _ if step.kind == Kind::Task => "A person does it; it stands on Today.",
                _ if step.text.trim().is_empty() => "No text yet, so it cannot leave.",
                (false, _) => "Waits for approval.",
                (true, true) => "Same thread. Leaves by itself.",
                (true, false) => "Leaves by itself.",
            },
            sent: grouped(counted.sent),
            replied: grouped(counted.replied),
            is_mail: step.kind == Kind::Mail,
            rest: rest_links(&counted, &list),
            written: list(Group::Written),
            answered: list(Group::Replied),
        }
    };
    sequence.steps.iter().enumerate().map(row).collect()
}

fn title_of(sequence: &super::super::Sequence, step: &super::super::Step) -> String {
    match &step.kind {
        Kind::Branch { when, then } => {
            let to = match then {
                Then::Step { step } => sequence.find_step(*step).map(|(place, _)| place + 1),
                Then::End => None,
            };
            branches::words(when, to)
        }
        Kind::Task if !step.subject.is_empty() => format!("Task: {}", for_nobody(&step.subject)),
        Kind::Task => format!("Task: {}", first_line(&step.text)),
        Kind::Mail if step.subject.is_empty() => first_line(&step.text),
        Kind::Mail => for_nobody(&step.subject),
    }
}

fn trials(worker: &Worker, sequence: &super::super::Sequence, figures: &Figures) -> Vec<Trial> {
    let tried = (1..).zip(&sequence.steps).filter(|(_, step)| !step.variants.is_empty());
    let trial = |(number, step): (usize, &super::super::Step)| {
        let wordings = step.wordings();
        let measured: Vec<Measured> =
            wordings.iter().map(|one| Measured { letter: one.letter, figures: figures.variant(one.counted) }).collect();
        let verdict = compare(&measured);
        let row = |measured: &Measured, counted: VariantId, (subject, text): (&str, &str)| {
            let of = &measured.figures;
            let list = |group: Group| {
                let (group, id) = (group.as_str(), worker.id);
                format!("/outreach/{id}/leads?group={group}&step={}&variant={counted}", step.id)
            };
            let link =
                |group: Group, count| ListLink { href: list(group), words: group.words(), count: grouped(count) };
            TrialRow {
                letter: measured.letter,
                begins: if subject.is_empty() { first_line(text) } else { for_nobody(subject) },
                is_winner: false,
                sent: grouped(of.sent),
                written: list(Group::Written),
                replied: grouped(of.replied),
                answered: list(Group::Replied),
                answered_rate: measured.replied_words(),
                interested: link(Group::Interested, of.interested),
                rate: measured.rate_words(),
                opted_out: link(Group::OptedOut, of.opted_out),
            }
        };
        let now = wordings.iter().zip(&measured).map(|(one, measured)| TrialRow {
            is_winner: verdict.winner == Some(one.letter),
            ..row(measured, one.counted, (one.subject, one.text))
        });
        let earlier = step.earlier.iter().rev().filter_map(|one| {
            let measured =
                Measured { letter: step.letter_of(one.of).unwrap_or('–'), figures: figures.variant(one.counted) };
            (measured.figures.sent > 0).then(|| row(&measured, one.counted, (&one.subject, &one.text)))
        });
        Trial {
            number,
            wordings: now.collect(),
            earlier: earlier.collect(),
            has_winner: verdict.winner.is_some(),
            verdict: verdict.words.clone(),
        }
    };
    tried.map(trial).collect()
}

/// What else came of a step, each figure with the list it counts.
fn rest_links(counted: &StepFigures, list: &impl Fn(Group) -> String) -> Vec<ListLink> {
    let each = [
        (counted.interested, Group::Interested, "interested"),
        (counted.bounced, Group::Bounced, "bounced"),
        (counted.opted_out, Group::OptedOut, "opted out"),
    ];
    let link = |(count, group, words)| ListLink { href: list(group), words, count: grouped(count) };
    each.into_iter().filter(|(count, ..)| *count > 0).map(link).collect()
}

/// What a follow-up begins with, after its salutation.
fn first_line(text: &str) -> String {
    let text = for_nobody(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("No text yet");
    let line = if first.ends_with(',') { lines.next().unwrap_or(first) } else { first };
    let mut chars = line.chars();
    let capital = chars.next().into_iter().flat_map(char::to_uppercase);
    let line: String = capital.chain(chars).collect();
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Mails at the gate first, in the order in which they leave; then leads that are held back with their reason.
fn next_mails(app: &App, actor: &Actor, worker: &Worker) -> Result<Vec<NextMail>, OutreachError> {
    let list = |group, limit| store::list_group(&app.store, actor.workspace, worker.id, group, None, limit);
    let mut queued = Vec::new();
    for lead in list(Group::Queued, AT_THE_GATE)?.rows {
        queued.push((leaves_at(app, &lead)?, lead));
    }
    queued.sort_by_key(|(at, _)| *at);
    let mut leads: Vec<Enrolment> = queued.into_iter().map(|(_, lead)| lead).collect();
    leads.extend(list(Group::Held, FEW)?.rows);
    leads.truncate(FEW);
    let mail = |lead: &Enrolment| next_mail(app, actor, lead);
    leads.iter().map(mail).collect()
}

/// The place of a lead's mail in its mailbox's row.
fn leaves_at(app: &App, lead: &Enrolment) -> Result<Option<(UnixMillis, JobId)>, StoreError> {
    let State::Queued { message, .. } = &lead.state else { return Ok(None) };
    app.store.read(|txn| {
        let Some(message) = messaging::find_message(txn, lead.workspace, *message)? else { return Ok(None) };
        Ok(jobs::find(txn, message.job)?.map(|job| (job.due, job.id)))
    })
}

fn next_mail(app: &App, actor: &Actor, lead: &Enrolment) -> Result<NextMail, OutreachError> {
    let contact = contacts::get(&app.store, actor.workspace, lead.contact)?;
    let (words, held) = match &lead.state {
        State::Waiting { waits_for: Some(hold), .. } => (hold.words.clone(), true),
        State::Queued { message, .. } => {
            match messaging::get_message(&app.store, actor.workspace, *message)?.map(|message| message.state) {
                Some(Delivery::Queued { waits_for: Some(reason) }) => (reason, false),
                Some(state) if !state.is_waiting() => (state.words().to_owned(), false),
                _ => ("Leaves as soon as the mailbox is free.".to_owned(), false),
            }
        }
        state => (state.words().to_owned(), false),
    };
    Ok(NextMail {
        name: contact.map_or_else(|| "Somebody who was erased".to_owned(), |contact| contact.name()),
        href: format!("/contacts/{}", lead.contact),
        words,
        held,
    })
}

fn replies(app: &App, actor: &Actor, worker: &Worker) -> Result<Vec<ReplyRow>, OutreachError> {
    let zone = zone(app, actor)?;
    let latest = messaging::list_replies_of_worker(&app.store, actor.workspace, worker.id, None, FEW)?;
    let mut rows = Vec::new();
    for reply in latest.rows {
        let contact = contacts::get(&app.store, actor.workspace, reply.contact)?;
        rows.push(ReplyRow {
            name: contact.as_ref().map_or_else(|| reply.from.display().to_owned(), contacts::Contact::name),
            company: contact.map(|contact| contact.company).unwrap_or_default(),
            href: format!("/contacts/{}", reply.contact),
            excerpt: reply.excerpt.chars().take(200).collect(),
            label: reply.reading.map(|reading| reading.label).unwrap_or_default(),
            iso: reply.received_at.to_rfc3339(),
            at: when(reply.received_at, &zone),
        });
    }
    Ok(rows)
}

fn now_facts(app: &App, actor: &Actor, worker: &Worker, figures: &Figures) -> Result<Now, OutreachError> {
    let account = |id: Option<crate::base::ConnectionId>| {
        id.map(|id| connections::get(&app.store, actor.workspace, id)).transpose().map(Option::flatten)
    };
    let mailbox = account(worker.mailbox)?;
    let words = |verb: &str, found: &Option<connections::Connection>| {
        found.as_ref().map(|found| format!("{verb} {}", found.address.display())).unwrap_or_default()
    };
    let sent = messaging::sent_in_last_day(&app.store, actor.workspace, Counted::Worker(worker.id), app.now())?;
    let (sent, cap) = (u64::from(sent), u64::from(worker.limits.per_day.min(app.config.outreach.hard_daily_cap)));
    let per_domain = grouped(u64::from(worker.limits.per_domain_day));
    Ok(Now {
        sent,
        cap,
        sent_words: format!("{} of {}", grouped(sent), grouped(cap)),
        sent_href: mails::list_of(worker.id, Which::Day),
        limit_words: format!("{}, {per_domain} to one domain", counted(cap, "mail", "mails")),
        held: counted(figures.of(Group::Held) + figures.of(Group::Backlog), "lead", "leads"),
        automatic_words: automatic_words(worker),
        times_words: match worker.books_on {
            Some(_) => "Offer the times of its event type".to_owned(),
            None => words("Offer free times from", &account(worker.calendar)?),
        },
        pace: mailbox.as_ref().map(|mailbox| pace_of(app, mailbox)).unwrap_or_default(),
        from_words: words("Write from", &mailbox),
        days: days_words(&worker.hours.days),
        hours: format!("{} to {}", clock(worker.hours.from), clock(worker.hours.to)),
    })
}

fn brakes(app: &App, actor: &Actor, worker: &Worker) -> Result<Brakes, OutreachError> {
    let last = app.store.read(|txn| store::last_hundred(txn, actor.workspace, worker.id))?.counts();
    let counting = |which: Which, words: String| Counting { words, href: mails::list_of(worker.id, which) };
    let of = |which: Which, count: usize| {
        let words = match last.mails {
            0 => "none".to_owned(),
            mails => format!("{count} of {mails}, {:.1} %", count as f64 * 100.0 / mails as f64),
        };
        counting(which, words)
    };
    Ok(Brakes {
        counted: counting(Which::Counted, counted(last.mails as u64, "mail", "mails")),
        bounced: of(Which::Bounced, last.bounced),
        opted_out: of(Which::OptedOut, last.opted_out),
        complained: of(Which::Complained, last.complained),
        pulled: match &worker.state {
            WorkerState::Paused(off) if off.by_itself => off.reason.clone(),
            _ => String::new(),
        },
    })
}

fn automatic_words(worker: &Worker) -> String {
    let labels = worker.autonomy.labels().into_iter().filter(|label| !drafts::is_locked(label));
    let names: Vec<String> = labels.map(|label| format!("“{}”", reply_badge(label).words)).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => format!("Answer {only} by itself"),
        Some((last, before)) => format!("Answer {} and {last} by itself", before.join(", ")),
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// "Mon to Fri", "Mon, Wed, Fri".
fn days_words(days: &[u8]) -> String {
    let name = |day: &u8| DAYS.get(usize::from(*day).wrapping_sub(1)).copied().unwrap_or("");
    let is_run = days.len() > 2 && days.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if is_run => format!("{} to {}", name(first), name(last)),
        _ => days.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

/// "9:00" of minutes after midnight.
pub fn clock(minutes: u16) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_said_as_people_say_them() {
        assert_eq!(days_words(&[1, 2, 3, 4, 5]), "Mon to Fri");
        assert_eq!(days_words(&[1, 3, 5]), "Mon, Wed, Fri");
        assert_eq!(days_words(&[6, 7]), "Sat, Sun");
        assert_eq!(days_words(&[]), "");
        assert_eq!((clock(540), clock(1439)), ("9:00".to_owned(), "23:59".to_owned()));
    }
}
