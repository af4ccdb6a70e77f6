//! The gate: may this message leave now? Asked at enqueue and again in the transaction that writes the intent.
//! The order of the checks is the order in which "why is nothing being sent?" lists them.

use std::time::Duration;

use super::answered::{answered_meanwhile, Answered};
use super::days_off;
use super::hours::{kept_now, next_working};
use super::limits::{first_reached, mailbox_cap, reserve_of, Caps, Reached, Sent};
use super::model::{Delivery, Message, Purpose};
use super::store::{list_of_enrolment, may_have_opted_out};
use super::suppression::is_suppressed;
use super::usage::{count, count_in_dry_run, window, window_with_dry, Counted, Window};
use crate::app::{App, Offer};
use crate::base::{city_of, counted, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, State, Use};
use crate::contacts;
use crate::jobs::spread;
use crate::store::{StoreError, Txn};
use crate::workers::{self, WorkerState};
use crate::workspaces::{self, WorkspaceState};

/// The gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    Go,
    /// Not yet; `whole_mailbox` when nothing from this mailbox may leave before then.
    Later {
        at: UnixMillis,
        whole_mailbox: bool,
        reason: String,
    },
    /// Not at all. The reason is recorded with the message.
    No {
        reason: String,
    },
    /// Its worker is on a dry run: but for that it would leave now. It is recorded, and stays.
    WouldGo,
}

/// Why an offer did not leave that waited for longer than its times last.
const TIMES_PASSED: &str = "Times that it offers passed before it could leave.";
/// Or that waited until somebody else had one of them.
const TIMES_TAKEN: &str = "A time that it offers was taken before it could leave.";

/// Whether a message did not leave because times that it offers are gone.
pub fn is_for_times(reason: &str) -> bool {
    [TIMES_PASSED, TIMES_TAKEN].contains(&reason)
}

/// A follow-up leaves only when the mailbox was read this recently: an answer must stop the sequence first.
const READ_WITHIN: Duration = Duration::from_secs(20 * 60);
/// Mails of one lead's sequence that are looked at.
const LOOK_BACK: usize = 20;
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long a message waits before a switched-off worker or broken mailbox is looked at again; switching it on
/// wakes its messages at once.
const ASLEEP: Duration = Duration::from_secs(3600);

/// The checks in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Workspace,
    Contact,
    Suppression,
    Mailbox,
    Worker,
    UnreadAnswer,
    Limits,
    Hours,
    DryRun,
}

/// One check with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub check: Check,
    pub answer: Gate,
}

type Asked = fn(&App, &mut Txn<'_>, &Message, UnixMillis) -> Result<Gate, StoreError>;

const CHECKS: [(Check, Asked); 9] = [
    (Check::Workspace, workspace_open),
    (Check::Contact, contact_allows),
    (Check::Suppression, not_suppressed),
    (Check::Mailbox, mailbox_works),
    (Check::Worker, worker_works),
    (Check::UnreadAnswer, no_unread_answer),
    (Check::Limits, caps),
    (Check::Hours, hours),
    // The last: what a dry run records has passed everything else.
    (Check::DryRun, dry_run),
];

/// Asks every check for `message` at `now`.
pub fn check_now(app: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    // However long it waited for all else: nobody is offered a time that has passed.
    if message.offered.iter().any(|(start, _)| *start <= now) {
        return no(TIMES_PASSED);
    }
    for (_, check) in CHECKS {
        let answer = check(app, txn, message, now)?;
        if answer != Gate::Go {
            return Ok(answer);
        }
    }
    Ok(Gate::Go)
}

/// The same in the transaction that lets it leave, where times that it offers are looked at once more: they were free when
/// it was approved. Only a draft is stopped for them, as it can be written anew.
pub(super) fn check_leaving(
    app: &App,
    txn: &mut Txn<'_>,
    message: &Message,
    now: UnixMillis,
) -> Result<Gate, StoreError> {
    let answer = check_now(app, txn, message, now)?;
    let is_offer = message.draft.is_some() && !message.offered.is_empty();
    if matches!(answer, Gate::No { .. }) || !is_offer {
        return Ok(answer);
    }
    let (workspace, contact, worker) = (message.workspace, message.contact, message.worker);
    let offer = Offer { workspace, contact, worker, times: &message.offered };
    match app.between() {
        Some(between) if (between.is_offer_taken)(app, txn, &offer)? => no(TIMES_TAKEN),
        _ => Ok(answer),
    }
}

/// Every check with its answer, also those behind the first that stops: "why is nothing being sent?".
pub fn explain(app: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Vec<Checked>, StoreError> {
    let each = CHECKS.iter().map(|(check, ask)| Ok(Checked { check: *check, answer: ask(app, txn, message, now)? }));
    each.collect()
}

fn no(reason: impl Into<String>) -> Result<Gate, StoreError> {
    Ok(Gate::No { reason: reason.into() })
}

fn later(at: UnixMillis, reason: impl Into<String>) -> Result<Gate, StoreError> {
    Ok(Gate::Later { at, whole_mailbox: false, reason: reason.into() })
}

fn workspace_open(app: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    if let Some(until) = app.sending_held(now) {
        let reason = "The server's clock was set back. Its operator has to look, on the operator's page.";
        return later(until.min(now.plus(ASLEEP)), reason);
    }
    let Some(workspace) = workspaces::find(txn, message.workspace)? else {
        return no("The workspace was closed.");
    };
    if workspace.closing.is_some() {
        return later(now.plus(ASLEEP), "The workspace is being closed. An owner can take that back.");
    }
    if let WorkspaceState::Suspended { reason, .. } = &workspace.state {
        return later(now.plus(ASLEEP), format!("The workspace is suspended: {reason}"));
    }
    if message.purpose == Purpose::Outreach && workspace.postal_address.trim().is_empty() {
        return later(
            now.plus(ASLEEP),
            "The postal address that must stand below each mail is missing. Add it in Settings.",
        );
    }
    Ok(Gate::Go)
}

fn contact_allows(_: &App, txn: &mut Txn<'_>, message: &Message, _: UnixMillis) -> Result<Gate, StoreError> {
    if message.purpose == Purpose::Test {
        return Ok(Gate::Go);
    }
    match contacts::find(txn, message.workspace, message.contact)? {
        None => no("The contact was erased."),
        Some(contact) if contact.restricted => no("The contact asked that their data is only stored."),
        Some(_) => Ok(Gate::Go),
    }
}

fn not_suppressed(_: &App, txn: &mut Txn<'_>, message: &Message, _: UnixMillis) -> Result<Gate, StoreError> {
    match is_suppressed(txn, message.workspace, &message.to, message.purpose)? {
        Some(entry) => no(format!("{} must not be written to: {}.", entry.target.words(), entry.reason.words())),
        None => Ok(Gate::Go),
    }
}

fn mailbox_works(_: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    let Some(connection) = connections::find(txn, message.workspace, message.connection)? else {
        return no("The mailbox is no longer connected.");
    };
    match &connection.state {
        State::Disconnected { .. } => no("The mailbox was disconnected."),
        State::NeedsOwner { reason, .. } => {
            let reason = format!("{} needs its owner: {reason}", connection.address);
            Ok(Gate::Later { at: now.plus(ASLEEP), whole_mailbox: true, reason })
        }
        State::Waiting { until, reason } if *until > now => {
            Ok(Gate::Later { at: *until, whole_mailbox: true, reason: reason.clone() })
        }
        _ if !connection.can(Use::Outreach) => no("This connection may not send."),
        _ => follow_up_reads_first(txn, &connection, message, now),
    }
}

/// The mailbox that sends, and each other one that wrote to the lead before: an answer may have come to any of them.
fn follow_up_reads_first(
    txn: &mut Txn<'_>,
    connection: &Connection,
    message: &Message,
    now: UnixMillis,
) -> Result<Gate, StoreError> {
    if message.purpose != Purpose::Outreach || !is_follow_up(txn, message)? {
        return Ok(Gate::Go);
    }
    // A look that is still to come was made before the clock was set back: nobody knows how long ago.
    let is_read =
        |mailbox: &Connection| mailbox.health.last_poll.is_some_and(|at| at <= now && now.since(at) <= READ_WITHIN);
    if !is_read(connection) {
        return later(now.plus(LOOK_AGAIN), "The mailbox is read first, so that an answer stops the follow-up.");
    }
    let mut looked_at = vec![connection.id];
    for other in earlier_mails(txn, message)? {
        if looked_at.contains(&other.connection) {
            continue;
        }
        looked_at.push(other.connection);
        // One that was disconnected is read by nobody any more: what came to it, its owner sees there.
        let found = connections::find(txn, message.workspace, other.connection)?;
        let Some(mailbox) = found.filter(|mailbox| !mailbox.is_disconnected()) else { continue };
        if !is_read(&mailbox) {
            let reason = format!("{} wrote to them before and is read first: an answer may be there.", mailbox.address);
            return later(now.plus(LOOK_AGAIN), reason);
        }
    }
    Ok(Gate::Go)
}

/// The mails of this sequence to the lead that may have left before this one.
fn earlier_mails(txn: &mut Txn<'_>, message: &Message) -> Result<Vec<Message>, StoreError> {
    let Some(enrolment) = message.enrolment else { return Ok(Vec::new()) };
    let may_have_left = |other: &Message| !matches!(other.state, Delivery::Queued { .. } | Delivery::NotSent { .. });
    let mut earlier = list_of_enrolment(txn, message.workspace, enrolment, LOOK_BACK)?;
    earlier.retain(|other| other.id != message.id && may_have_left(other));
    Ok(earlier)
}

/// The lead was written to before in this sequence, whether or not this mail goes on in the same thread.
fn is_follow_up(txn: &mut Txn<'_>, message: &Message) -> Result<bool, StoreError> {
    match message.enrolment {
        Some(_) => Ok(!earlier_mails(txn, message)?.is_empty()),
        None => Ok(message.in_reply_to.is_some()),
    }
}

fn worker_works(_: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    let (Some(worker), Purpose::Outreach | Purpose::Answer) = (message.worker, message.purpose) else {
        return Ok(Gate::Go);
    };
    let Some(worker) = workers::find(txn, message.workspace, worker)? else {
        return no("The worker was deleted.");
    };
    // In a conversation, and of no sequence: it follows an answer of ours up.
    let follows_up = message.enrolment.is_none() && message.in_reply_to.is_some();
    if message.purpose == Purpose::Outreach && follows_up && !worker.follow_ups.on {
        return no("Follow-ups of the worker were switched off.");
    }
    match worker.state {
        WorkerState::Working => Ok(Gate::Go),
        WorkerState::Off => later(now.plus(ASLEEP), format!("{} is not switched on.", worker.name)),
        WorkerState::Paused(off) => later(now.plus(ASLEEP), format!("{} is paused: {}", worker.name, off.reason)),
    }
}

/// Between an answer's arrival and the end of the sequence, nothing of it may slip out.
fn no_unread_answer(_: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    if message.purpose != Purpose::Outreach {
        return Ok(Gate::Go);
    }
    if may_have_opted_out(txn, message.workspace, message.contact)? {
        return later(now.plus(ASLEEP), "An answer of theirs may be an opt-out. Say in Replies whether it is.");
    }
    match answered_meanwhile(txn, message)? {
        Some(Answered::Person) => no("They answered after this mail was planned."),
        Some(Answered::Unread) => later(now.plus(LOOK_AGAIN), "An answer came in and is being read."),
        Some(Answered::Away) => later(now.plus(LOOK_AGAIN), "They are away; the sequence is being paused."),
        None => Ok(Gate::Go),
    }
}

fn caps(app: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    if matches!(message.purpose, Purpose::Test | Purpose::Transactional) {
        return Ok(Gate::Go);
    }
    let workspace = message.workspace;
    let Some(connection) = connections::find(txn, workspace, message.connection)? else { return Ok(Gate::Go) };
    // In a dry run what would have left fills the caps as well, in windows of its own.
    let is_dry = is_dry(txn, message)?;
    let window = |txn: &mut Txn<'_>, what| {
        if is_dry {
            window_with_dry(txn, workspace, what)
        } else {
            window(txn, workspace, what)
        }
    };
    let mailbox = window(txn, Counted::Mailbox(connection.id))?;
    let cap = cap_of(app, &connection, &mailbox, now);
    if message.purpose == Purpose::Answer {
        // Answers share their row with confirmations, which no cap holds.
        let is_full = mailbox.last_day(now) >= cap;
        return Ok(if is_full {
            full_mailbox(&connection, cap, false, mailbox.below(cap, now), now)
        } else {
            Gate::Go
        });
    }
    let limits = match message.worker {
        Some(worker) => workers::find(txn, workspace, worker)?.map(|worker| worker.limits).unwrap_or_default(),
        None => Default::default(),
    };
    let domain = message.to.domain();
    let of_worker = message.worker.map(|worker| window(txn, Counted::Worker(worker))).transpose()?;
    let first_mails = window(txn, Counted::FirstMails(connection.id))?;
    let of_domain = window(txn, Counted::Domain(domain))?;
    let sent = Sent { mailbox: &mailbox, first_mails: &first_mails, worker: of_worker.as_ref(), domain: &of_domain };
    let reserve = reserve_of(&workers::list_in(txn, workspace)?, connection.id).max(limits.follow_up_percent);
    let caps = Caps::of(cap, reserve, &limits, app.config.outreach.hard_daily_cap);
    let is_first = !is_follow_up(txn, message)?;
    let Some((reached, cap, at)) = first_reached(&sent, &caps, is_first, now) else { return Ok(Gate::Go) };
    let reason = match reached {
        Reached::Mailbox => return Ok(full_mailbox(&connection, cap, true, at, now)),
        Reached::FirstMails => format!(
            "{} has sent {} to new leads in the last 24 hours; the rest of its day is kept for follow-ups.",
            connection.address,
            counted(u64::from(cap), "mail", "mails")
        ),
        Reached::Worker => format!("The worker's limit of {cap} a day is reached."),
        Reached::Domain => format!("{} a day to {domain} is the limit.", counted(u64::from(cap), "mail", "mails")),
    };
    later(at.max(now.plus(LOOK_AGAIN)), reason)
}

fn full_mailbox(connection: &Connection, cap: u32, whole_mailbox: bool, at: UnixMillis, now: UnixMillis) -> Gate {
    let reason = format!(
        "{} has sent its {} of the last 24 hours.",
        connection.address,
        counted(u64::from(cap), "mail", "mails")
    );
    Gate::Later { at: at.max(now.plus(LOOK_AGAIN)), whole_mailbox, reason }
}

/// What this mailbox may send in 24 hours as of now.
fn cap_of(app: &App, connection: &Connection, sent: &Window, now: UnixMillis) -> u32 {
    mailbox_cap(&connection.pace, app.config.outreach.hard_daily_cap, sent, now)
}

/// The same, for showing.
pub fn daily_cap(app: &App, connection: &Connection, now: UnixMillis) -> Result<u32, StoreError> {
    let sent = app.store.read(|txn| window(txn, connection.workspace, Counted::Mailbox(connection.id)))?;
    Ok(cap_of(app, connection, &sent, now))
}

/// How many mails this mailbox may still send in the running 24 hours.
pub fn room_of(app: &App, txn: &mut Txn<'_>, connection: &Connection, now: UnixMillis) -> Result<u32, StoreError> {
    let sent = window(txn, connection.workspace, Counted::Mailbox(connection.id))?;
    Ok(cap_of(app, connection, &sent, now).saturating_sub(sent.last_day(now)))
}

fn hours(_: &App, txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Gate, StoreError> {
    if message.dress.useful_until.is_some_and(|until| until <= now) {
        return no("It could not leave in time to be of use.");
    }
    let Some(hours) = &message.hours else { return Ok(Gate::Go) };
    let off = days_off::find(txn, message.workspace)?;
    match next_working(hours, &off, now) {
        Some(at) if at <= now => Ok(Gate::Go),
        Some(at) => match kept_now(hours, &off, now) {
            Some(name) => later(at, format!("It is a day off where they are: {name}.")),
            None => later(at, format!("It is outside sending hours, {} time.", city_of(&hours.zone))),
        },
        None if hours.days.is_empty() => no("No day is chosen on which mail may be sent."),
        None => later(now.plus(LOOK_AGAIN), "There is no working day for two months: look at the days off."),
    }
}

fn dry_run(_: &App, txn: &mut Txn<'_>, message: &Message, _: UnixMillis) -> Result<Gate, StoreError> {
    Ok(if is_dry(txn, message)? { Gate::WouldGo } else { Gate::Go })
}

/// Whether a message stays here because its worker is, or was when it was made, on a dry run. A confirmation tells of
/// what a person agreed upon, and a test goes to ourselves: both leave.
pub(super) fn is_dry(txn: &mut Txn<'_>, message: &Message) -> Result<bool, StoreError> {
    if matches!(message.purpose, Purpose::Test | Purpose::Transactional) {
        return Ok(false);
    }
    if message.noted.in_dry_run {
        return Ok(true);
    }
    let worker = message.worker.map(|id| workers::find(txn, message.workspace, id)).transpose()?.flatten();
    Ok(worker.is_some_and(|worker| worker.is_on_dry_run()))
}

/// The pause after a mail of this mailbox: its own gap or the operator's, whichever is longer, and a part that
/// differs from mail to mail.
pub(super) fn pause_after(app: &App, connection: &Connection, message: &Message) -> Duration {
    let gap = Duration::from_secs(u64::from(connection.pace.min_gap_seconds)).max(app.config.outreach.min_gap);
    let width = Duration::from_secs(u64::from(connection.pace.jitter_seconds));
    if width.is_zero() {
        gap
    } else {
        gap + spread(message.job, 0, width)
    }
}

/// Counts a message towards (or back from) all limits.
pub(super) fn count_sent(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    message: &Message,
    now: UnixMillis,
    by: i32,
) -> Result<(), StoreError> {
    for what in counted_as(txn, message)? {
        count(txn, workspace, what, now, by)?;
    }
    Ok(())
}

/// Counts what a dry run would have sent, beside what was sent.
pub(super) fn count_dry(txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<(), StoreError> {
    for what in counted_as(txn, message)? {
        count_in_dry_run(txn, message.workspace, what, now)?;
    }
    Ok(())
}

/// The limits that a message counts towards.
fn counted_as<'m>(txn: &mut Txn<'_>, message: &'m Message) -> Result<Vec<Counted<'m>>, StoreError> {
    if message.purpose == Purpose::Test {
        return Ok(Vec::new());
    }
    let mut all = vec![Counted::Mailbox(message.connection), Counted::Workspace];
    if message.purpose == Purpose::Outreach {
        all.push(Counted::Domain(message.to.domain()));
        if !is_follow_up(txn, message)? {
            all.push(Counted::FirstMails(message.connection));
        }
        all.extend(message.worker.map(Counted::Worker));
    }
    Ok(all)
}
