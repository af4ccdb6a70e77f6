//! What will leave in the next seven days, by mailbox. The future is played through on a clock of its own with the very
//! rules of the gate (`messaging::first_reached`, `next_working`), of the sequences and of the rotation. Assumed is that
//! nobody answers, opts out or bounces, so it is the most that leaves; what waits for a person is left out and counted.
//! Where several mailboxes share a limit, which of them gets a place that comes free is left to their threads: then the sum
//! of a day is foretold, and its split is one of those that may come. The part of the pause that differs from mail to mail
//! is taken at its middle.

use std::collections::{hash_map, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::figures::Group;
use super::foretold::Foretold;
use super::model::{Came, Enrolment, Sequence, State, Why};
use super::path::{Kind, Standing, Then, Trail};
use super::plan::hours_for;
use super::{rotation, store, timing, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, JobId, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::connections::{self, Connection, Use};
use crate::contacts::{self, Contact};
use crate::follow_ups::{self, FollowUp, State as FollowUpState};
use crate::jobs;
use crate::messaging::{
    self, first_reached, mailbox_cap, next_working, reserve_of, Caps, Counted, DaysOff, Reached, SendingHours,
    SentInADay, Window,
};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Limits, Worker};
use crate::workspaces::{self, Workspace};

pub const DAYS: usize = 7;
/// Leads of a worker that are looked at, those first that were added first.
const LOOKED_AT: usize = 1_000;
/// The gate looks again after this long at the earliest.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Decisions that are played through; far more than a week of the largest caps has.
const MOST_TURNS: usize = 60_000;

/// Mails by mailbox and day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The days in the workspace's zone, today first.
    pub days: Vec<Date>,
    pub mailboxes: Vec<OfMailbox>,
    /// Leads whose next mail waits for a person: a missing field, a mail to be read, a task, a text to approve.
    pub waiting_for_people: u64,
    /// Workers with more leads than were looked at.
    pub is_part: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfMailbox {
    pub id: ConnectionId,
    pub address: String,
    /// Why it sends nothing; empty when it works.
    pub trouble: String,
    /// Mails on each day, from now on.
    pub mails: Vec<u32>,
    /// First mails among them.
    pub first_mails: Vec<u32>,
    /// What left today already.
    pub sent_today: u32,
}

pub fn forecast(app: &App, actor: &Actor) -> Result<Forecast, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let now = app.now();
    let play = Play::played(app, actor.workspace)?;
    let sent_today = |id| {
        let of = messaging::usage_by_day(&app.store, actor.workspace, Counted::Mailbox(id), &play.zone, now, 1)?;
        Ok::<_, StoreError>(of.first().map_or(0, |(_, count)| *count))
    };
    let mut mailboxes = Vec::new();
    for desk in &play.desks {
        mailboxes.push(OfMailbox {
            id: desk.mailbox.id,
            address: desk.mailbox.address.display().to_owned(),
            trouble: if desk.works { String::new() } else { "It needs its owner.".to_owned() },
            mails: desk.mails.clone(),
            first_mails: desk.first_mails.clone(),
            sent_today: sent_today(desk.mailbox.id)?,
        });
    }
    Ok(Forecast { days: play.days, mailboxes, waiting_for_people: play.waiting_for_people, is_part: play.is_part })
}

/// A mailbox as the play goes on.
pub(super) struct Desk {
    pub(super) mailbox: Connection,
    works: bool,
    /// What all workers together keep of its day for follow-ups, in percent.
    reserve: u32,
    sent: Window,
    first_sent: Window,
    /// Until then it keeps its pause.
    rests_until: UnixMillis,
    /// Until then it is full.
    full_until: UnixMillis,
    /// Mails that wait here: when each is due, in the order in which they came, and whose.
    waiting: BTreeSet<(UnixMillis, usize, usize)>,
    waiting_first: BTreeSet<(UnixMillis, usize, usize)>,
    mails: Vec<u32>,
    first_mails: Vec<u32>,
}

impl Desk {
    fn queue(&mut self, is_first: bool) -> &mut BTreeSet<(UnixMillis, usize, usize)> {
        if is_first {
            &mut self.waiting_first
        } else {
            &mut self.waiting
        }
    }

    /// When the next mail of either kind would be looked at, and whether it is a first one: that which waits longest.
    fn next(&self) -> Option<(UnixMillis, bool)> {
        let free = self.rests_until.max(self.full_until);
        let head = |row: &BTreeSet<(UnixMillis, usize, usize)>, is_first| {
            row.first().map(|(due, turn, _)| ((*due).max(free), *due, *turn, is_first))
        };
        let (follow_up, new) = (head(&self.waiting, false), head(&self.waiting_first, true));
        follow_up.into_iter().chain(new).min().map(|(at, .., is_first)| (at, is_first))
    }

    /// There is no room for first mails before `free`: those that would be looked at now, before the next follow-up
    /// leaves, are put off until then.
    fn put_first_mails_off(&mut self, at: UnixMillis, free: UnixMillis) {
        let follow_up = self.waiting.first().filter(|(due, ..)| *due <= at).map(|(due, turn, _)| (*due, *turn));
        let behind = follow_up.unwrap_or((at, usize::MAX));
        let later = self.waiting_first.split_off(&(behind.0, behind.1, 0));
        let now = std::mem::replace(&mut self.waiting_first, later);
        self.waiting_first.extend(now.into_iter().map(|(_, turn, lead)| (free, turn, lead)));
    }
}

struct Sender {
    worker: WorkerId,
    limits: Limits,
    mailboxes: Vec<usize>,
    sent: Window,
    full_until: UnixMillis,
}

struct Lead {
    sender: usize,
    sequence: Rc<Sequence>,
    contact: Contact,
    hours: SendingHours,
    trail: Trail,
    came: Came,
    added_at: UnixMillis,
    /// When the last thing behind it was done.
    done_at: UnixMillis,
    mails: usize,
    desk: Option<usize>,
}

/// Sequences as they are for whoever was added when, each made once: many leads share one.
#[derive(Default)]
struct Editions {
    known: HashMap<SequenceId, Option<Rc<Sequence>>>,
    /// By the number of the older version.
    older: HashMap<(SequenceId, u32), Rc<Sequence>>,
}

impl Editions {
    fn of(&mut self, txn: &mut Txn<'_>, lead: &Enrolment) -> Result<Option<Rc<Sequence>>, StoreError> {
        let known = match self.known.entry(lead.sequence) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(unread) => {
                unread.insert(store::find_sequence(txn, lead.workspace, lead.sequence)?.map(Rc::new))
            }
        };
        let Some(newest) = known else { return Ok(None) };
        let Some(edition) = newest.edition_of(lead.enrolled_at) else { return Ok(Some(Rc::clone(newest))) };
        let made = self.older.entry((lead.sequence, edition.version));
        let older = made.or_insert_with(|| Rc::new(Sequence::clone(newest).for_added(lead.enrolled_at)));
        Ok(Some(Rc::clone(older)))
    }
}

/// A follow-up after an answer is followed by nothing that is known yet.
fn only_this_mail(row: &FollowUp) -> Sequence {
    Sequence {
        id: SequenceId(row.id.0),
        name: String::new(),
        steps: Vec::new(),
        version: 0,
        approved: None,
        editions: Vec::new(),
        created_at: row.made_at,
        changed_at: row.made_at,
    }
}

pub(super) struct Play {
    now: UnixMillis,
    ends: UnixMillis,
    pub(super) zone: TimeZone,
    pub(super) days: Vec<Date>,
    hard_cap: u32,
    least_gap: Duration,
    off: DaysOff,
    pub(super) desks: Vec<Desk>,
    /// What has left so far.
    pub(super) mails: Vec<Foretold>,
    senders: Vec<Sender>,
    leads: Vec<Lead>,
    /// Mails that wait at the gate already: their job, whose, where, and since when.
    at_gate: Vec<(JobId, usize, usize, UnixMillis)>,
    domains: HashMap<String, Window>,
    /// Steps that fall due: when, in which order, whose.
    due: BTreeSet<(UnixMillis, usize, usize)>,
    turns: usize,
    waiting_for_people: u64,
    is_part: bool,
}

impl Play {
    /// The week that is to come, played to its end.
    pub(super) fn played(app: &App, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let now = app.now();
        let mut play = app.store.read(|txn| Self::set_up(app, txn, workspace, now))?;
        play.run();
        Ok(play)
    }

    fn set_up(app: &App, txn: &mut Txn<'_>, workspace: WorkspaceId, now: UnixMillis) -> Result<Self, StoreError> {
        let settings = workspaces::find(txn, workspace)?;
        let zone = settings.as_ref().map_or(TimeZone::UTC, Workspace::zone);
        let today = now.in_zone(&zone).date();
        let days: Vec<Date> =
            (0..DAYS as i32).filter_map(|ahead| today.checked_add(jiff::Span::new().days(ahead)).ok()).collect();
        let after = days.last().and_then(|last| last.tomorrow().ok()).and_then(|day| day.to_zoned(zone.clone()).ok());
        let mut play = Self {
            now,
            ends: after.map_or(now, |after| after.timestamp().into()),
            zone,
            days,
            hard_cap: app.config.outreach.hard_daily_cap,
            least_gap: app.config.outreach.min_gap,
            off: messaging::find_days_off(txn, workspace)?,
            desks: Vec::new(),
            mails: Vec::new(),
            senders: Vec::new(),
            leads: Vec::new(),
            at_gate: Vec::new(),
            domains: HashMap::new(),
            due: BTreeSet::new(),
            turns: 0,
            waiting_for_people: 0,
            is_part: false,
        };
        let Some(settings) = settings else { return Ok(play) };
        let workers = workers::list_in(txn, workspace)?;
        for worker in workers.iter().filter(|worker| worker.state.is_working() && !worker.is_on_dry_run()) {
            play.add_worker(txn, &settings, worker)?;
        }
        // In the order in which the queue takes what falls due together.
        let mut at_gate = std::mem::take(&mut play.at_gate);
        at_gate.sort_unstable_by_key(|(job, ..)| *job);
        for (_, lead, desk, due) in at_gate {
            play.put_at_gate(lead, desk, due);
        }
        for desk in &mut play.desks {
            desk.reserve = reserve_of(&workers, desk.mailbox.id);
        }
        Ok(play)
    }

    fn add_worker(&mut self, txn: &mut Txn<'_>, workspace: &Workspace, worker: &Worker) -> Result<(), StoreError> {
        let mut mailboxes = Vec::new();
        for id in worker.mailboxes() {
            mailboxes.extend(self.desk_of(txn, workspace.id, id)?);
        }
        let sender = self.senders.len();
        self.senders.push(Sender {
            worker: worker.id,
            limits: worker.limits.clone(),
            mailboxes,
            sent: messaging::usage(txn, workspace.id, Counted::Worker(worker.id))?,
            full_until: self.now,
        });
        let mut sequences = Editions::default();
        for group in [Group::Queued, Group::Waiting, Group::Away, Group::Task] {
            let leads = store::first_of_group(txn, workspace.id, worker.id, group, LOOKED_AT)?;
            self.is_part |= leads.len() == LOOKED_AT;
            for lead in leads {
                let Some(sequence) = sequences.of(txn, &lead)? else { continue };
                self.add_lead(txn, workspace, worker, sender, lead, sequence)?;
            }
        }
        let follow_ups = follow_ups::open_of_worker(txn, workspace.id, worker.id, LOOKED_AT)?;
        self.is_part |= follow_ups.len() == LOOKED_AT;
        for follow_up in follow_ups {
            self.add_follow_up(txn, workspace, worker, sender, &follow_up)?;
        }
        Ok(())
    }

    /// One after an answer, in words that were approved, leaves on its day; one that becomes a draft waits for a person.
    fn add_follow_up(
        &mut self,
        txn: &mut Txn<'_>,
        workspace: &Workspace,
        worker: &Worker,
        sender: usize,
        row: &FollowUp,
    ) -> Result<(), StoreError> {
        let leaves = matches!(row.state, FollowUpState::Queued { .. })
            || (row.state == FollowUpState::Planned && worker.follow_ups.is_approved());
        if !leaves {
            return self.wait_for_a_person();
        }
        let Some(before) = messaging::find_message(txn, workspace.id, row.after)? else { return Ok(()) };
        let Some(contact) = contacts::find(txn, workspace.id, row.contact)? else { return Ok(()) };
        let Some(desk) = self.desk_of(txn, workspace.id, before.connection)? else { return Ok(()) };
        self.know_domain(txn, workspace.id, before.to.domain())?;
        let number = self.leads.len();
        self.leads.push(Lead {
            sender,
            sequence: Rc::new(only_this_mail(row)),
            hours: hours_for(worker, &contact, workspace),
            contact,
            trail: Trail::default(),
            came: Came::default(),
            added_at: row.made_at,
            done_at: row.made_at,
            mails: 1,
            desk: Some(desk),
        });
        self.put_at_gate(number, desk, row.due.max(self.now));
        Ok(())
    }

    fn know_domain(&mut self, txn: &mut Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<(), StoreError> {
        if let hash_map::Entry::Vacant(unread) = self.domains.entry(domain.to_owned()) {
            let window = messaging::usage(txn, workspace, Counted::Domain(unread.key()))?;
            unread.insert(window);
        }
        Ok(())
    }

    fn desk_of(
        &mut self,
        txn: &mut Txn<'_>,
        workspace: WorkspaceId,
        id: ConnectionId,
    ) -> Result<Option<usize>, StoreError> {
        if let Some(known) = self.desks.iter().position(|desk| desk.mailbox.id == id) {
            return Ok(Some(known));
        }
        let found = connections::find(txn, workspace, id)?;
        let Some(mailbox) = found.filter(|mailbox| mailbox.can(Use::Outreach) && !mailbox.is_disconnected()) else {
            return Ok(None);
        };
        let rests_until = jobs::pace_of(txn, jobs::Lane::MailOut, id.0)?.max(self.now);
        self.desks.push(Desk {
            works: mailbox.state.is_working(),
            reserve: 0,
            sent: messaging::usage(txn, workspace, Counted::Mailbox(id))?,
            first_sent: messaging::usage(txn, workspace, Counted::FirstMails(id))?,
            rests_until,
            full_until: self.now,
            waiting: BTreeSet::new(),
            waiting_first: BTreeSet::new(),
            mails: vec![0; DAYS],
            first_mails: vec![0; DAYS],
            mailbox,
        });
        Ok(Some(self.desks.len() - 1))
    }

    fn add_lead(
        &mut self,
        txn: &mut Txn<'_>,
        workspace: &Workspace,
        worker: &Worker,
        sender: usize,
        lead: Enrolment,
        sequence: Rc<Sequence>,
    ) -> Result<(), StoreError> {
        let (from, at_gate) = match &lead.state {
            State::Queued { message, mailbox, .. } => {
                let message = messaging::find_message(txn, workspace.id, *message)?;
                let Some(message) = message.filter(|message| message.state.is_waiting()) else { return Ok(()) };
                let due = jobs::find(txn, message.job)?.map_or(self.now, |job| job.due);
                // What the gate put off is looked at with all the rest: the play finds the same moment.
                (message.queued_at.max(UnixMillis(due.0.min(self.now.0))), Some((*mailbox, message.job)))
            }
            State::Waiting { due, waits_for, .. } => match waits_for.as_ref().map(|hold| hold.why) {
                // What held the worker back may be gone: whether it still is, shows when the step is played.
                None | Some(Why::Backlog | Why::Worker) => (*due, None),
                Some(Why::Lead | Why::Unknown | Why::Review) => return self.wait_for_a_person(),
            },
            State::PausedUntil { at, .. } => (*at, None),
            _ => return self.wait_for_a_person(),
        };
        if worker.review || lead.is_led_by_event() {
            return self.wait_for_a_person();
        }
        let Some(contact) = contacts::find(txn, workspace.id, lead.contact)? else { return Ok(()) };
        let own = match at_gate {
            Some((mailbox, _)) => Some(mailbox),
            None => rotation::of_thread(txn, worker, &lead)?,
        };
        let desk = match own {
            Some(id) => self.desk_of(txn, workspace.id, id)?,
            None => None,
        };
        let Some(domain) = contact.address().map(|address| address.domain().to_owned()) else { return Ok(()) };
        self.know_domain(txn, workspace.id, &domain)?;
        let number = self.leads.len();
        self.leads.push(Lead {
            sender,
            sequence,
            hours: hours_for(worker, &contact, workspace),
            contact,
            trail: lead.trail(),
            added_at: lead.enrolled_at,
            done_at: lead.last_done_at().unwrap_or(lead.enrolled_at),
            mails: lead.sent.len(),
            came: lead.came,
            desk,
        });
        match desk.zip(at_gate) {
            Some((desk, (_, job))) => self.at_gate.push((job, number, desk, from.max(UnixMillis(0)))),
            None => drop(self.due.insert((from.max(self.now), self.turns, number))),
        }
        self.turns += 1;
        Ok(())
    }

    fn wait_for_a_person(&mut self) -> Result<(), StoreError> {
        self.waiting_for_people += 1;
        Ok(())
    }

    fn put_at_gate(&mut self, lead: usize, desk: usize, due: UnixMillis) {
        let is_first = self.leads[lead].mails == 0;
        self.turns += 1;
        let turn = self.turns;
        self.leads[lead].desk = Some(desk);
        self.desks[desk].queue(is_first).insert((due, turn, lead));
    }

    fn run(&mut self) {
        for _ in 0..MOST_TURNS {
            let step = self.due.first().map(|(at, ..)| *at);
            let open = self.desks.iter().enumerate().filter(|(_, desk)| desk.works);
            let mail = open.filter_map(|(place, desk)| desk.next().map(|(at, is_first)| (at, place, is_first))).min();
            match (step, mail) {
                (Some(at), mail) if at < self.ends && mail.is_none_or(|(mail, ..)| at <= mail) => self.take_step(),
                (_, Some((at, desk, is_first))) if at < self.ends => self.try_mail(desk, is_first, at),
                _ => return,
            }
        }
        self.is_part = true;
    }

    /// A step falls due: as `step::decide` does.
    fn take_step(&mut self) {
        let Some((at, _, number)) = self.due.pop_first() else { return };
        let lead = &mut self.leads[number];
        let Some(step) = lead.sequence.next_step(&lead.trail).cloned() else { return };
        match &step.kind {
            Kind::Task => {}
            Kind::Mail => {
                let most = self.senders[lead.sender].limits.mails_per_contact() as usize;
                if lead.mails >= most || !lead.sequence.is_approved(&step) {
                    self.waiting_for_people += u64::from(lead.mails < most);
                    return;
                }
                let desk = lead.desk.filter(|desk| self.desks[*desk].works || self.leads[number].mails > 0);
                if let Some(desk) = desk.or_else(|| self.roomiest(number, at)) {
                    self.put_at_gate(number, desk, at);
                }
            }
            Kind::Branch { when, then } => {
                let contact = &lead.contact;
                let standing = Standing { came: &lead.came, added_at: lead.added_at, now: at };
                let holds = when.holds(&standing, &|name| contact.field(name));
                lead.trail.done.push(step.id);
                lead.trail.next = match then {
                    Then::Step { step } if holds => Some(*step),
                    _ => None,
                };
                lead.done_at = at;
                if !(holds && *then == Then::End) {
                    self.plan_next(number, at);
                }
            }
        }
    }

    /// As `rotation::choose` does.
    fn roomiest(&self, lead: usize, at: UnixMillis) -> Option<usize> {
        let mut best: Option<(i64, usize)> = None;
        for place in self.senders[self.leads[lead].sender].mailboxes.iter().copied() {
            let desk = &self.desks[place];
            let cap = mailbox_cap(&desk.mailbox.pace, self.hard_cap, &desk.sent, at);
            let queued = desk.waiting.len() + desk.waiting_first.len();
            let room = i64::from(cap.saturating_sub(desk.sent.last_day(at))) - queued as i64;
            if desk.works && best.is_none_or(|(most, _)| room > most) {
                best = Some((room, place));
            }
        }
        best.map(|(_, place)| place)
    }

    fn plan_next(&mut self, number: usize, at: UnixMillis) {
        let lead = &self.leads[number];
        let Some(step) = lead.sequence.next_step(&lead.trail) else { return };
        let due = match step.kind {
            Kind::Branch { .. } if step.wait_days == 0 => at,
            _ => timing::due_after(lead.done_at, step, &lead.hours).max(at),
        };
        self.turns += 1;
        self.due.insert((due, self.turns, number));
    }

    /// The first mail of a row is at the gate: as `gate::check_now` does.
    fn try_mail(&mut self, place: usize, is_first: bool, at: UnixMillis) {
        let Some((due, turn, number)) = self.desks[place].queue(is_first).pop_first() else { return };
        let again = |play: &mut Self, due| play.desks[place].queue(is_first).insert((due, turn, number));
        let (sender, domain) = {
            let lead = &self.leads[number];
            (lead.sender, lead.contact.address().map(|address| address.domain().to_owned()).unwrap_or_default())
        };
        if self.senders[sender].full_until > at {
            let until = self.senders[sender].full_until;
            again(self, until);
            return;
        }
        match self.reached(place, sender, &domain, is_first, at) {
            Some((reached, free)) => {
                let free = free.max(at.plus(LOOK_AGAIN));
                match reached {
                    Reached::Mailbox => {
                        self.desks[place].full_until = free;
                        again(self, due);
                    }
                    Reached::FirstMails => {
                        again(self, due);
                        self.desks[place].put_first_mails_off(at, free);
                    }
                    Reached::Worker => {
                        self.senders[sender].full_until = free;
                        again(self, free);
                    }
                    Reached::Domain => drop(again(self, free)),
                }
            }
            None => match next_working(&self.leads[number].hours, &self.off, at) {
                Some(open) if open <= at => self.send(place, number, &domain, is_first, at),
                Some(open) => drop(again(self, open)),
                None => {}
            },
        }
    }

    fn reached(
        &self,
        place: usize,
        sender: usize,
        domain: &str,
        is_first: bool,
        at: UnixMillis,
    ) -> Option<(Reached, UnixMillis)> {
        let (desk, sender, none) = (&self.desks[place], &self.senders[sender], Window::default());
        let sent = SentInADay {
            mailbox: &desk.sent,
            first_mails: &desk.first_sent,
            worker: Some(&sender.sent),
            domain: self.domains.get(domain).unwrap_or(&none),
        };
        let cap = mailbox_cap(&desk.mailbox.pace, self.hard_cap, &desk.sent, at);
        let caps = Caps::of(cap, desk.reserve, &sender.limits, self.hard_cap);
        first_reached(&sent, &caps, is_first, at).map(|(reached, _, free)| (reached, free))
    }

    fn send(&mut self, place: usize, number: usize, domain: &str, is_first: bool, at: UnixMillis) {
        let day = at.in_zone(&self.zone).date();
        let column = self.days.iter().position(|other| *other == day);
        let desk = &mut self.desks[place];
        desk.sent.add(at, 1);
        if is_first {
            desk.first_sent.add(at, 1);
        }
        if let Some(column) = column {
            desk.mails[column] += 1;
            desk.first_mails[column] += u32::from(is_first);
        }
        let pace = &desk.mailbox.pace;
        let gap = Duration::from_secs(u64::from(pace.min_gap_seconds)).max(self.least_gap);
        // The part that differs from mail to mail, at its middle.
        desk.rests_until = at.plus(gap + Duration::from_secs(u64::from(pace.jitter_seconds) / 2));
        if let Some(window) = self.domains.get_mut(domain) {
            window.add(at, 1);
        }
        let mailbox = desk.mailbox.id;
        let lead = &mut self.leads[number];
        let sender = &mut self.senders[lead.sender];
        sender.sent.add(at, 1);
        let step = lead.sequence.next_step(&lead.trail).map(|step| step.id);
        self.mails.push(Foretold {
            at,
            mailbox,
            worker: sender.worker,
            contact: lead.contact.id,
            is_first,
            step: step.and_then(|id| lead.sequence.find_step(id)).map(|(place, _)| place + 1),
        });
        lead.trail.done.extend(step);
        lead.trail.next = None;
        (lead.mails, lead.done_at, lead.desk) = (lead.mails + 1, at, Some(place));
        self.plan_next(number, at);
    }
}
