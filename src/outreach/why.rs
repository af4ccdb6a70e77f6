//! "Why is nothing being sent?": the gate's own checks, asked for the next lead or one that is named, in their real
//! order, and the pause that the mailbox keeps.

use super::figures::Group;
use super::model::{Enrolment, State, Why};
use super::plan::hours_for;
use super::{activate, rotation, step, store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, EnrolmentId, MessageId, StepId, UnixMillis, WorkerId};
use crate::connections::{self, Connection};
use crate::contacts;
use crate::deliverability;
use crate::messaging::{self, Check, Checked, Delivery, Gate, Message, Noted, Purpose};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker, WorkerState};

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub outcome: Outcome,
    pub fact: String,
    pub context: String,
    pub help: Option<Help>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// The first that stops it.
    Stops,
    /// Behind the first.
    Later,
}

/// The one act that helps: a link, or a button that posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    pub words: &'static str,
    pub href: String,
    pub posts: bool,
}

/// The whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// For whom the checks were asked; absent when nobody waits.
    pub lead: Option<(Enrolment, String)>,
    pub lines: Vec<Line>,
    /// When the next mail leaves, as far as that is known.
    pub next_at: Option<UnixMillis>,
}

/// Leads looked at to find the one that is due first.
const SAMPLE: usize = 200;

/// `whose`: one lead of the worker; without it the checks are asked for the one that is next.
pub fn why(app: &App, actor: &Actor, id: WorkerId, whose: Option<EnrolmentId>) -> Result<Answer, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let now = app.now();
    app.store.read(|txn| {
        let worker = workers::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let next = match whose {
            Some(lead) => Some(lead_of(txn, actor, &worker, lead)?),
            None => next_lead(txn, actor, &worker)?,
        };
        let mut lines = match next.as_ref().filter(|_| whose.is_some()) {
            Some(lead) => lead_and_worker_lines(txn, actor, &worker, lead, now)?,
            None => worker_lines(txn, actor, &worker)?,
        };
        let mut next_at = None;
        if let Some(lead) = next.as_ref().filter(|lead| lead.state.may_be_written_to()) {
            next_at = lead_lines(app, txn, &worker, lead, now, &mut lines)?;
        }
        mark_first(&mut lines);
        lines.extend(domain_line(txn, actor, &worker)?);
        let lead = match next {
            Some(lead) => {
                let name = contacts::find(txn, actor.workspace, lead.contact)?.map_or(String::new(), |c| c.name());
                Some((lead, name))
            }
            None => None,
        };
        Ok(Answer { lead, lines, next_at })
    })
}

/// What concerns the worker as a whole: is there anything to send, and is it switched on?
fn worker_lines(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker) -> Result<Vec<Line>, StoreError> {
    let page = |tab: &str| format!("/outreach/{}/{tab}", worker.id);
    let figures = store::find_figures(txn, actor.workspace, worker.id)?;
    let active = figures.of(Group::Waiting) + figures.of(Group::Queued);
    let leads = if active > 0 {
        passed("There are leads to write to", format!("{active} wait for their next mail."))
    } else if figures.of(Group::All) == 0 {
        stops("There is no lead yet", "Add contacts by hand, by tag or from a file.", link("Add leads", page("leads")))
    } else {
        let words = format!("Of {} none has a step left.", counted(figures.of(Group::All), "lead", "leads"));
        stops("Nobody is left to write to", words, link("Add leads", page("leads")))
    };
    Ok(vec![leads, switched_line(worker), text_line(txn, actor, worker)?])
}

fn switched_line(worker: &Worker) -> Line {
    let on = post("Switch on", format!("/outreach/{}/activate", worker.id));
    match &worker.state {
        WorkerState::Working => passed("The worker is switched on", worker.name.clone()),
        WorkerState::Off => {
            stops("The worker is not switched on", "Switching it on approves the texts of its steps.", on)
        }
        WorkerState::Paused(off) => stops("The worker is paused", off.reason.clone(), on),
    }
}

fn text_line(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker) -> Result<Line, StoreError> {
    let missing = activate::look_for_missing(txn, actor.workspace, worker)?;
    // The mailbox and the leads have lines of their own.
    let text = missing.into_iter().find(|missing| missing.href.ends_with("/sequence"));
    let steps = link("Edit steps", format!("/outreach/{}/sequence", worker.id));
    if let Some(text) = text {
        return Ok(stops("The sequence is not ready", text.words, steps));
    }
    let sequence = worker.sequence.map(|id| store::find_sequence(txn, actor.workspace, id)).transpose()?.flatten();
    Ok(match sequence {
        Some(sequence) if !sequence.is_all_approved() && worker.activated_at.is_some() => {
            let read = link("Read the changes", format!("/outreach/{}/sequence", worker.id));
            stops("A changed text waits for approval", "Steps that were not changed go on.", read)
        }
        _ => passed("The texts are ready", "Each field has a value or a fallback."),
    })
}

/// The lead whose mail is next: one at the gate, else the one due first.
fn next_lead(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker) -> Result<Option<Enrolment>, StoreError> {
    let workspace = actor.workspace;
    if let Some(queued) = store::first_of_group(txn, workspace, worker.id, Group::Queued, 1)?.pop() {
        return Ok(Some(queued));
    }
    let waiting = store::first_of_group(txn, workspace, worker.id, Group::Waiting, SAMPLE)?;
    Ok(waiting.into_iter().min_by_key(due_of))
}

pub(super) fn due_of(lead: &Enrolment) -> UnixMillis {
    match &lead.state {
        State::Waiting { due, .. } => *due,
        State::PausedUntil { at, .. } => *at,
        _ => lead.changed_at,
    }
}

/// One that somebody asks about.
fn lead_of(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker, id: EnrolmentId) -> Result<Enrolment, OutreachError> {
    let lead = store::find(txn, actor.workspace, id)?.filter(|lead| lead.worker == worker.id);
    lead.ok_or(OutreachError::NotFound)
}

/// Where the lead itself stands, then the worker. Of a lead that gets no mail the worker is not asked.
fn lead_and_worker_lines(
    txn: &mut Txn<'_>,
    actor: &Actor,
    worker: &Worker,
    lead: &Enrolment,
    now: UnixMillis,
) -> Result<Vec<Line>, StoreError> {
    let leads = || link("See the lead", format!("/outreach/{}/leads", worker.id));
    let standing = match &lead.state {
        State::Finished { reason, .. } | State::Stopped { reason, .. } => {
            stops("This lead gets no mail any more", reason.clone(), contact(lead))
        }
        State::Task { .. } => stops("A person has something to do first", "The sequence goes on after that.", leads()),
        State::PausedUntil { at, reason, .. } if *at > now => stops("This lead is away", reason.clone(), contact(lead)),
        State::Waiting { .. } | State::Queued { .. } | State::PausedUntil { .. } => {
            passed("This lead is being written to", format!("{} sent so far.", lead.sent.len()))
        }
    };
    if !lead.state.may_be_written_to() {
        return Ok(vec![standing]);
    }
    Ok(vec![standing, switched_line(worker), text_line(txn, actor, worker)?])
}

/// The gate's checks for one lead; returns when it may leave if all but time agree.
fn lead_lines(
    app: &App,
    txn: &mut Txn<'_>,
    worker: &Worker,
    lead: &Enrolment,
    now: UnixMillis,
    lines: &mut Vec<Line>,
) -> Result<Option<UnixMillis>, StoreError> {
    let message = match lead.state.queued() {
        Some((message, _)) => messaging::find_message(txn, lead.workspace, message)?,
        None => as_if_written(app, txn, worker, lead, now)?,
    };
    let Some(message) = message else {
        lines.push(mailbox_line(txn, worker, lead)?);
        return Ok(None);
    };
    lines.push(step_line(lead, now));
    let mut next_at = Some(now);
    for Checked { check, answer } in messaging::explain(app, txn, &message, now)? {
        next_at = match (&answer, next_at) {
            (Gate::Later { at, .. }, Some(latest)) => Some(latest.max(*at)),
            (Gate::No { .. } | Gate::WouldGo, _) => None,
            (_, latest) => latest,
        };
        // The worker's own line stands above.
        if check != Check::Worker {
            lines.push(line_of(check, answer, worker, lead));
        }
    }
    let rests = messaging::rests_until(txn, &message, now)?;
    lines.push(pace_line(app, txn, &message, rests.is_some())?);
    let next_at = next_at.map(|at| at.max(rests.unwrap_or(now)));
    Ok(next_at.map(|at| at.max(due_of(lead))))
}

fn mailbox_line(txn: &mut Txn<'_>, worker: &Worker, lead: &Enrolment) -> Result<Line, StoreError> {
    Ok(match rotation::any_usable(txn, lead.workspace, worker)? {
        Ok(mailbox) => passed("The mailbox answers", mailbox.address.display()),
        Err(words) => stops("The mailbox does not work", words, link("Look at connections", "/connections".into())),
    })
}

/// The pause between two mails of the mailbox, or its rest after trouble. The queue keeps it before the gate is asked;
/// it stands last because it is over soon by itself.
fn pace_line(app: &App, txn: &mut Txn<'_>, message: &Message, rests: bool) -> Result<Line, StoreError> {
    let Some(mailbox) = connections::find(txn, message.workspace, message.connection)? else {
        return Ok(passed("The mailbox’s pause is over", ""));
    };
    if !rests {
        return Ok(passed("The mailbox’s pause is over", pace_words(app, &mailbox)));
    }
    let health = &mailbox.health;
    let trouble = health.last_error.as_ref().filter(|(at, _)| health.last_success.is_none_or(|success| success < *at));
    let (fact, context) = match trouble {
        Some((_, reason)) => ("The mailbox rests after trouble", reason.clone()),
        None => ("The mailbox rests between two mails", pace_words(app, &mailbox)),
    };
    Ok(stops(fact, context, link("Change the pace", format!("/connections/{}", mailbox.id))))
}

/// "Mails leave 2 to 5 min apart."
fn pace_words(app: &App, mailbox: &Connection) -> String {
    format!("Mails from {} leave {}.", mailbox.address.display(), pace_of(app, mailbox))
}

/// "60 to 100 s apart", "2 to 5 min apart": its own pause or the operator's, whichever is longer.
pub(super) fn pace_of(app: &App, mailbox: &Connection) -> String {
    let least = u64::from(mailbox.pace.min_gap_seconds).max(app.config.outreach.min_gap.as_secs());
    let most = least + u64::from(mailbox.pace.jitter_seconds);
    if most < 120 {
        format!("{least} to {most} s apart")
    } else {
        format!("{} to {} min apart", least.div_ceil(60), most.div_ceil(60))
    }
}

/// Holds nothing up, and may still be why nobody answers: receivers sort out what they do not believe. It stands apart
/// from the checks, so it keeps its link whatever stops the mail.
fn domain_line(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker) -> Result<Option<Line>, StoreError> {
    let Some(mailbox) = worker.mailboxes().first().copied() else { return Ok(None) };
    let Some(mailbox) = connections::find(txn, actor.workspace, mailbox)? else { return Ok(None) };
    let domain = mailbox.address.domain();
    let to_mend = deliverability::to_mend(txn, actor.workspace, domain)?;
    if to_mend.is_empty() {
        return Ok(None);
    }
    let context = format!("Receivers may sort out mail from {domain}. Not right: {}.", to_mend.join(", "));
    let mut line = passed("Its domain holds nothing up, but is not all right", context);
    line.help = Some(link("See the records", format!("/domains/{domain}")));
    Ok(Some(line))
}

/// What the lead's own step waits for.
fn step_line(lead: &Enrolment, now: UnixMillis) -> Line {
    match &lead.state {
        State::Waiting { waits_for: Some(hold), .. } if hold.why == Why::Lead => {
            stops("This lead’s mail cannot be written", hold.words.clone(), contact(lead))
        }
        State::Waiting { waits_for: Some(hold), .. } if hold.why == Why::Unknown => {
            stops("What came before is not known yet", hold.words.clone(), link("Open Today", "/".into()))
        }
        State::Waiting { waits_for: Some(hold), .. } if hold.why == Why::Backlog => {
            let forecast = link("See the next seven days", "/outreach/forecast".into());
            stops("Enough mails wait for its mailbox already", hold.words.clone(), forecast)
        }
        State::Waiting { waits_for: Some(hold), .. } if hold.why == Why::Review => {
            let read = link("Read it", format!("/outreach/{}/review", lead.worker));
            stops("A person has to read this mail first", hold.words.clone(), read)
        }
        State::Waiting { waits_for: None, due, .. } if *due > now => {
            let mut line = stops("The next step is not due yet", "It leaves when its wait is over.", contact(lead));
            line.help = None;
            line
        }
        State::Queued { .. } => passed("Its mail is written and stands at the gate", ""),
        _ => passed("The next step is due", ""),
    }
}

fn contact(lead: &Enrolment) -> Help {
    link("Open the contact", format!("/contacts/{}", lead.contact))
}

fn line_of(check: Check, answer: Gate, worker: &Worker, lead: &Enrolment) -> Line {
    let settings = || link("Change limits", format!("/outreach/{}/settings", worker.id));
    let connections = || link("Look at connections", "/connections".into());
    let (good, bad, help): (&str, &str, Option<Help>) = match check {
        Check::Workspace => (
            "The workspace may send",
            "The workspace may not send yet",
            Some(link("Open sending settings", "/settings/workspace".into())),
        ),
        Check::Contact => ("The contact may be written to", "The contact may not be written to", Some(contact(lead))),
        Check::Suppression => {
            ("Never opted out", "Must not be written to", Some(link("See opt-outs", "/suppressions".into())))
        }
        Check::Mailbox => ("The mailbox answers", "The mailbox cannot send now", Some(connections())),
        Check::UnreadAnswer => ("No unread answer", "An answer is being read", None),
        Check::Limits => ("Within the limits", "A limit is reached", Some(settings())),
        Check::Hours => ("Inside sending hours", "Outside sending hours", Some(settings())),
        Check::Worker => ("The worker is switched on", "The worker is off", None),
        Check::DryRun => (
            "No dry run",
            "The worker is on a dry run",
            Some(link("See what it would send", format!("/outreach/{}/dry-run", worker.id))),
        ),
    };
    match answer {
        Gate::Go => passed(good, ""),
        Gate::WouldGo => {
            let context = "Everything is decided and recorded, and nothing leaves.".to_owned();
            Line { outcome: Outcome::Stops, fact: bad.to_owned(), context, help }
        }
        Gate::Later { reason, .. } | Gate::No { reason } => {
            Line { outcome: Outcome::Stops, fact: bad.to_owned(), context: reason, help }
        }
    }
}

/// The message that would be made of a waiting step, for asking the gate; its words do not matter.
fn as_if_written(
    app: &App,
    txn: &mut Txn<'_>,
    worker: &Worker,
    lead: &Enrolment,
    now: UnixMillis,
) -> Result<Option<Message>, StoreError> {
    let scene = step::look(txn, lead.clone())?;
    let (Some(contact), Some(workspace)) = (&scene.contact, &scene.workspace) else { return Ok(None) };
    let mailbox = rotation::choose(app, txn, worker, lead, now)?.map(|mailbox| mailbox.id);
    let (Ok(mailbox), Some(to)) = (mailbox, contact.address()) else { return Ok(None) };
    let step: Option<StepId> = scene.sequence.as_ref().and_then(|s| s.next_step(&lead.trail())).map(|step| step.id);
    let before = lead.last_sent().map(|sent| sent.message.to_string());
    let newest_reply = messaging::list_replies_of_contact(txn, lead.workspace, lead.contact, 1)?;
    let newest_reply = newest_reply.first().map(|reply| reply.id);
    Ok(Some(Message {
        offered: Vec::new(),
        noted: Noted { newest_reply, ..Noted::default() },
        dress: Default::default(),
        id: MessageId(uuid::Uuid::nil()),
        workspace: lead.workspace,
        contact: lead.contact,
        purpose: Purpose::Outreach,
        connection: mailbox,
        worker: Some(worker.id),
        enrolment: Some(lead.id),
        step,
        variant: None,
        draft: None,
        booking: None,
        to: to.clone(),
        to_name: String::new(),
        subject: String::new(),
        text: String::new(),
        message_id: String::new(),
        in_reply_to: before,
        references: Vec::new(),
        provider_thread: None,
        provider_id: None,
        hours: Some(hours_for(worker, contact, workspace)),
        state: Delivery::Queued { waits_for: None },
        queued_at: now,
        sent_at: None,
        job: crate::base::JobId(uuid::Uuid::nil()),
        cursor_before: None,
    }))
}

/// Only the first that stops is marked; those behind it are not asked yet.
fn mark_first(lines: &mut [Line]) {
    let Some(first) = lines.iter().position(|line| line.outcome == Outcome::Stops) else { return };
    for line in &mut lines[first + 1..] {
        line.outcome = Outcome::Later;
        line.help = None;
    }
}

fn passed(fact: &str, context: impl Into<String>) -> Line {
    Line { outcome: Outcome::Passed, fact: fact.to_owned(), context: context.into(), help: None }
}

fn stops(fact: &str, context: impl Into<String>, help: Help) -> Line {
    Line { outcome: Outcome::Stops, fact: fact.to_owned(), context: context.into(), help: Some(help) }
}

fn link(words: &'static str, href: String) -> Help {
    Help { words, href, posts: false }
}

fn post(words: &'static str, href: String) -> Help {
    Help { words, href, posts: true }
}
