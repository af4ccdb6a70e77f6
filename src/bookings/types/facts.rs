//! From an event type to a question for the slot engine: whose hours, what is busy, what stands.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::Timestamp;
use uuid::Uuid;

use super::calendars::{Calendars, Known};
use super::ledger::{self, Entry};
use super::model::{Align, Assignment, EventType, Horizon, HostOf, Limits};
use crate::app::App;
use crate::availability::engine::{self, Rule};
use crate::availability::{self, Busy, CalendarRef, OpenTimes, Own, Owner, Span};
use crate::base::{BookingId, UnixMillis, UserId, WorkspaceId};
use crate::identity;
use crate::store::{StoreError, Txn};

/// Around a time, what else may decide about it: the free stretch that it lies in.
const AROUND: Duration = Duration::from_secs(86_400);

/// All about an event type that stands outside a transaction: its hosts, their hours and their calendars.
#[derive(Clone, Debug)]
pub struct Facts {
    pub event: EventType,
    pub hosts: Vec<HostFacts>,
    pub now: UnixMillis,
}

#[derive(Clone, Debug)]
pub struct HostFacts {
    pub user: UserId,
    pub name: String,
    pub open: OpenTimes,
    pub busy: Busy,
    /// Further ahead than the calendars are read: as good as taken, where they are not asked anew.
    pub unread: Option<Span>,
    /// Under which ids their time is claimed.
    pub resources: Vec<Uuid>,
    pub calendars: Calendars,
}

impl HostFacts {
    pub fn write_to(&self) -> Option<&CalendarRef> {
        self.calendars.write_to()
    }
}

/// Which starts are asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// Days of the visitor, both included.
    pub from: Date,
    pub to: Date,
    pub zone: TimeZone,
    pub duration: u32,
    /// A booking that would move: its own time does not stand in its way.
    pub but: Option<BookingId>,
    /// When that is.
    pub own: Option<Span>,
}

impl Question {
    /// One start and nothing else.
    pub fn at(start: UnixMillis, duration: u32, but: Option<BookingId>) -> Self {
        let day = start.in_zone(&TimeZone::UTC).date();
        Self { from: day, to: day, zone: TimeZone::UTC, duration, but, own: None }
    }

    fn range(&self) -> Span {
        let midnight = |date: Date| {
            let start = date.to_zoned(self.zone.clone()).map(|start| start.timestamp());
            UnixMillis::from(start.unwrap_or(Timestamp::UNIX_EPOCH))
        };
        let end = midnight(self.to.tomorrow().unwrap_or(self.to));
        Span::new(midnight(self.from), end).widened(AROUND, AROUND)
    }
}

/// Reads what the question needs, calendars as last read.
pub fn load_for(app: &App, event: &EventType, question: &Question) -> Result<Facts, StoreError> {
    load(app, event, question.range())
}

pub fn load(app: &App, event: &EventType, range: Span) -> Result<Facts, StoreError> {
    let (mut hosts, now) = (Vec::new(), app.now());
    // Each in a read of its own: many hosts keep no writer waiting.
    for host in &event.hosts {
        hosts.extend(app.store.read(|txn| host_facts(app, txn, (event.workspace, host), range, now))?);
    }
    Ok(Facts { event: event.clone(), hosts, now })
}

/// As `load_for`, inside a transaction.
pub fn find_for(app: &App, txn: &mut Txn<'_>, event: &EventType, question: &Question) -> Result<Facts, StoreError> {
    let (mut hosts, now) = (Vec::new(), app.now());
    for host in &event.hosts {
        hosts.extend(host_facts(app, txn, (event.workspace, host), question.range(), now)?);
    }
    Ok(Facts { event: event.clone(), hosts, now })
}

/// `None` of who has left: they hold no meetings any more.
fn host_facts(
    app: &App,
    txn: &mut Txn<'_>,
    (workspace, host): (WorkspaceId, &HostOf),
    range: Span,
    now: UnixMillis,
) -> Result<Option<HostFacts>, StoreError> {
    let Some(user) = identity::find(txn, host.user)? else { return Ok(None) };
    let times = availability::find_times(txn, workspace, Owner::Person(host.user))?;
    let calendars = Calendars::of(txn, workspace, host.user)?;
    let Known { busy, unread } = calendars.known(app, txn, workspace, range, now)?;
    Ok(Some(HostFacts {
        user: host.user,
        name: user.name,
        open: times.open_times(host.schedule),
        busy,
        unread,
        resources: calendars.resources(host.user),
        calendars,
    }))
}

/// What the owner wants, and may set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnersRule {
    Notice,
    Horizon,
    /// And the starts within them.
    Hours,
    Limits,
}

impl OwnersRule {
    pub const ALL: [Self; 4] = [Self::Notice, Self::Horizon, Self::Hours, Self::Limits];
}

/// What stands in our own books.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    entries: Vec<Entry>,
    claims: BTreeMap<Uuid, Vec<(Span, BookingId)>>,
}

impl Facts {
    /// What a booking claims: each host, their calendars, each room.
    pub fn claimable(&self) -> Vec<Uuid> {
        let hosts = self.hosts.iter().flat_map(|host| host.resources.iter().copied());
        hosts.chain(self.event.rooms.iter().map(|room| room.0)).collect()
    }

    /// The hosts that a booking could be given to: all together, or one of them. Without those who have left, a
    /// meeting that needs everybody cannot be held.
    pub fn can_be_held(&self) -> bool {
        match self.event.assignment {
            Assignment::Collective => !self.hosts.is_empty() && self.hosts.len() == self.event.hosts.len(),
            Assignment::RoundRobin => !self.hosts.is_empty(),
        }
    }

    /// Why a host offers nothing, in words for the owner.
    pub fn unknown(&self) -> Vec<String> {
        let unknown = self.hosts.iter().filter_map(|host| match &host.busy {
            Busy::Unknown { reason } => Some(format!("The calendar of {} could not be read: {reason}", host.name)),
            Busy::Known(_) => None,
        });
        unknown.collect()
    }

    /// The same with a fresh answer about one host.
    pub fn with_busy(mut self, user: UserId, busy: Busy) -> Self {
        for host in self.hosts.iter_mut().filter(|host| host.user == user) {
            host.busy = match (&host.busy, &busy) {
                (Busy::Known(before), Busy::Known(fresh)) => Busy::Known([before.as_slice(), fresh].concat()),
                _ => busy.clone(),
            };
        }
        self
    }

    /// The same without an event of ours in what was read of one host's calendars.
    pub fn freed(mut self, user: UserId, own: Span) -> Self {
        for host in self.hosts.iter_mut().filter(|host| host.user == user) {
            if let Busy::Known(busy) = &mut host.busy {
                *busy = busy.iter().flat_map(|busy| busy.without(&own).collect::<Vec<_>>()).collect();
            }
        }
        self
    }

    /// The same with just these rules, for a member who insists: what is taken stays taken, and what nobody can read
    /// counts as free.
    pub fn with_rules(&self, kept: &[OwnersRule]) -> Self {
        let mut one = self.clone();
        let lacks = |rule: OwnersRule| !kept.contains(&rule);
        if lacks(OwnersRule::Notice) {
            one.event.notice = 0;
        }
        if lacks(OwnersRule::Horizon) {
            one.event.horizon = Horizon::any();
        }
        if lacks(OwnersRule::Limits) {
            one.event.limits = Limits::default();
        }
        if lacks(OwnersRule::Hours) {
            (one.event.step, one.event.align) = (1, Align::Window);
        }
        for host in &mut one.hosts {
            if lacks(OwnersRule::Hours) {
                host.open.hours = engine::Hours::always();
            }
            if matches!(host.busy, Busy::Unknown { .. }) {
                host.busy = Busy::Known(Vec::new());
            }
            if lacks(OwnersRule::Horizon) {
                host.unread = None;
            }
        }
        one
    }

    /// The same for a later date of a series: notice, a horizon that moves on and the grid of starts hold for the
    /// first.
    pub fn for_later(self) -> Self {
        Self { event: self.event.for_later(), ..self.beyond_read() }
    }

    /// The same for moving a date of a series, which may lie beyond the horizon, and so may where it moves.
    pub fn beyond_horizon(self) -> Self {
        Self { event: self.event.beyond_horizon(), ..self.beyond_read() }
    }

    /// How far calendars were read says nothing about it: they are asked when it is booked.
    fn beyond_read(mut self) -> Self {
        for host in &mut self.hosts {
            host.unread = None;
        }
        self
    }

    /// The clock of an event type: that of its first host.
    pub fn zone(&self) -> TimeZone {
        self.hosts.first().map_or(TimeZone::UTC, |host| host.open.zone.clone())
    }

    /// The same for one host, as if the event were theirs alone.
    pub fn only(&self, users: &[UserId]) -> Self {
        let mut one = self.clone();
        one.hosts.retain(|host| users.contains(&host.user));
        one.event.hosts.retain(|host| users.contains(&host.user));
        one.event.assignment = Assignment::Collective;
        one
    }

    pub fn host(&self, user: UserId) -> Option<&HostFacts> {
        self.hosts.iter().find(|host| host.user == user)
    }

    /// Asks the calendars of one host about exactly one time, its buffers with it.
    pub fn ask_now(&self, app: &App, user: UserId, needed: Span, but: Option<Own<'_>>) -> Result<Busy, StoreError> {
        match self.host(user) {
            Some(host) => host.calendars.busy_now(app, self.event.workspace, needed, but),
            None => Ok(Busy::Unknown { reason: "this host has left.".to_owned() }),
        }
    }

    /// The question as the engine takes it.
    fn request(&self, standing: &Standing, question: &Question) -> engine::Request {
        let event = &self.event;
        let hosts = self.hosts.iter().map(|host| engine::Host {
            zone: host.open.zone.clone(),
            hours: host.open.hours.clone(),
            taken: self.taken_of(host, standing, question.but),
        });
        let minutes = |count: u32| i64::from(count);
        let zone = self.zone();
        let limit = |limit: Option<u32>| limit.map(u64::from);
        let dates = engine::DateRange { from: question.from, to: question.to };
        let event = engine::EventType {
            duration: minutes(question.duration),
            step: minutes(event.step.max(1)),
            buffer_before: minutes(event.buffer_before),
            buffer_after: minutes(event.buffer_after),
            notice: minutes(event.notice),
            horizon: Some(match event.horizon {
                Horizon::RollingDays { days } => engine::Horizon::RollingDays(days),
                Horizon::RollingBusinessDays { days } => engine::Horizon::RollingBusinessDays(days),
                Horizon::Range { from, to } => engine::Horizon::Range(engine::DateRange { from, to }),
            }),
            zone,
            hours: engine::Hours::default(),
            limits: engine::Limits {
                per_day: limit(event.limits.per_day),
                per_week: limit(event.limits.per_week),
                per_month: limit(event.limits.per_month),
                minutes_per_day: limit(event.limits.minutes_per_day),
                minutes_per_week: limit(event.limits.minutes_per_week),
                minutes_per_month: limit(event.limits.minutes_per_month),
            },
            seats: event.seats.filter(|seats| *seats > 1).map(u64::from),
            assignment: match event.assignment {
                Assignment::Collective => engine::Assignment::Collective,
                Assignment::RoundRobin => engine::Assignment::RoundRobin,
            },
            hosts: hosts.collect(),
            align: match event.align {
                Align::Window => engine::Align::Window,
                Align::Clock => engine::Align::Clock,
            },
        };
        engine::Request {
            now: self.now.to_timestamp(),
            event,
            taken: Vec::new(),
            query: engine::Query { dates, zone: question.zone.clone() },
        }
    }

    /// What blocks one host: their calendars, what is claimed of them and of the rooms, and what they hold of this
    /// event type, a group's time once with its seats.
    fn taken_of(&self, host: &HostFacts, standing: &Standing, but: Option<BookingId>) -> Vec<engine::Taken> {
        let of_host = |entry: &&Entry| entry.hosts.contains(&host.user) && entry.stands(self.now);
        let all: Vec<&Entry> = standing.entries.iter().filter(of_host).collect();
        let own: Vec<&Entry> = all.iter().copied().filter(|entry| Some(entry.booking) != but).collect();
        let is_group = self.event.is_group();
        let mut taken: Vec<engine::Taken> = host.unread.iter().map(Span::as_taken).collect();
        match &host.busy {
            // Unknown is not free.
            Busy::Unknown { .. } => {
                taken.push(Span::new(UnixMillis(0), UnixMillis(i64::from(u32::MAX) * 1000)).as_taken())
            }
            Busy::Known(busy) => {
                let mut left = busy.clone();
                // Our own event of a group stands in the calendar too; whoever joins it is not in its way.
                for entry in own.iter().filter(|_| is_group) {
                    left = left.iter().flat_map(|busy| busy.without(&entry.span).collect::<Vec<_>>()).collect();
                }
                taken.extend(left.iter().map(Span::as_taken));
            }
        }
        let is_own = |id: &BookingId| {
            Some(*id) == but || all.iter().any(|entry| entry.booking == *id || entry.session == Some(*id))
        };
        let resources = host.resources.iter().copied().chain(self.event.rooms.iter().map(|room| room.0));
        for resource in resources {
            let claims = standing.claims.get(&resource).into_iter().flatten();
            taken.extend(claims.filter(|(_, id)| !is_own(id)).map(|(span, _)| span.as_taken()));
        }
        let mut groups: BTreeMap<Span, (u64, &Entry)> = BTreeMap::new();
        for entry in own {
            if is_group {
                groups.entry(entry.span).or_insert((0, entry)).0 += 1;
            } else {
                taken.push(booked(entry, None));
            }
        }
        taken.extend(groups.into_values().map(|(seats, entry)| booked(entry, Some(seats))));
        taken
    }
}

fn booked(entry: &Entry, seats_taken: Option<u64>) -> engine::Taken {
    let booked =
        engine::Booked { buffer_before: i64::from(entry.before), buffer_after: i64::from(entry.after), seats_taken };
    engine::Taken { booking: Some(booked), ..entry.span.as_taken() }
}

/// What stands in the days of a question. For pages: a range read, nothing is promised by it.
pub fn standing(txn: &mut Txn<'_>, facts: &Facts, question: &Question) -> Result<Standing, StoreError> {
    let range = question.range();
    let entries = ledger::read(txn, facts.event.workspace, facts.event.id, range)?;
    let mut claims = BTreeMap::new();
    for resource in facts.claimable() {
        let found = availability::taken_between(txn, facts.event.workspace, resource, range, facts.now)?;
        claims.insert(resource, found);
    }
    Ok(Standing { entries, claims })
}

/// What stands around one time, by point reads: for the transaction that books it.
pub fn taken_in(txn: &mut Txn<'_>, facts: &Facts, around: Span) -> Result<Standing, StoreError> {
    let around = around.widened(AROUND, AROUND);
    let entries = ledger::read(txn, facts.event.workspace, facts.event.id, around)?;
    let mut claims = BTreeMap::new();
    for resource in facts.claimable() {
        let found = availability::taken_around(txn, facts.event.workspace, resource, around, facts.now)?;
        claims.insert(resource, found);
    }
    Ok(Standing { entries, claims })
}

impl Standing {
    /// As if these stood there, too.
    pub fn with(mut self, more: &[Entry]) -> Self {
        self.entries.extend_from_slice(more);
        self
    }

    /// Until when the last seat of a group is kept that nobody has booked for good; `None` where somebody has.
    pub fn kept_until(&self, session: BookingId, now: UnixMillis) -> Option<UnixMillis> {
        let of = |entry: &&Entry| entry.session == Some(session) && entry.stands(now);
        self.entries
            .iter()
            .filter(of)
            .map(|entry| entry.until)
            .try_fold(now, |last, until| until.map(|at| at.max(last)))
    }

    /// The group that sits at a time already, if one does.
    pub fn session_at(&self, span: Span, host: UserId, now: UnixMillis) -> Option<BookingId> {
        let same = |entry: &&Entry| entry.span == span && entry.hosts.contains(&host) && entry.stands(now);
        self.entries.iter().filter(same).find_map(|entry| entry.session)
    }
}

/// The free starts of the visitor's days, ascending.
pub fn free_starts(app: &App, event: &EventType, question: &Question) -> Result<Vec<UnixMillis>, StoreError> {
    let facts = load_for(app, event, question)?;
    if !facts.can_be_held() {
        return Ok(Vec::new());
    }
    find_free(app, &facts, question)
}

/// The free starts to which a booking could move with the hosts that it has; the one it has is none. A date `of_series` may
/// go beyond the horizon.
pub fn free_starts_with(
    app: &App,
    event: &EventType,
    question: &Question,
    (hosts, of_series): (&[UserId], bool),
) -> Result<Vec<UnixMillis>, StoreError> {
    let mut facts = load_for(app, event, question)?.only(hosts);
    if facts.hosts.is_empty() {
        return Ok(Vec::new());
    }
    if of_series {
        facts = facts.beyond_horizon();
    }
    if let Some(own) = question.own {
        facts = hosts.iter().fold(facts, |facts, user| facts.freed(*user, own));
    }
    let mut free = find_free(app, &facts, question)?;
    free.retain(|start| question.own.is_none_or(|own| own.start != *start));
    Ok(free)
}

/// Starts of a group within the visitor's days at which all seats are taken, ascending; `free` are those that can be
/// booked. Seats are counted over all hosts, and one of them may have one left.
pub fn full_starts(
    app: &App,
    event: &EventType,
    question: &Question,
    free: &[UnixMillis],
) -> Result<Vec<UnixMillis>, StoreError> {
    let Some(seats) = event.seats.filter(|_| event.is_group()) else { return Ok(Vec::new()) };
    let now = app.now();
    let minutes = Duration::from_secs(60 * u64::from(question.duration));
    let entries = app.store.read(|txn| ledger::read(txn, event.workspace, event.id, question.range()))?;
    let mut taken: BTreeMap<UnixMillis, usize> = BTreeMap::new();
    let days = question.from..=question.to;
    let is_asked = |entry: &&Entry| {
        let of_days = days.contains(&entry.span.start.in_zone(&question.zone).date());
        of_days && entry.stands(now) && entry.span.start > now && entry.span.length() == minutes
    };
    for entry in entries.iter().filter(is_asked) {
        *taken.entry(entry.span.start).or_default() += 1;
    }
    let is_full = |(start, count): &(UnixMillis, usize)| *count >= seats as usize && !free.contains(start);
    Ok(taken.into_iter().filter(is_full).map(|(start, _)| start).collect())
}

/// How many seats a start has for a group where each of them is taken, at any of the hosts that are known of; `None`: it
/// is not for want of a seat that it cannot be booked.
pub fn full_sitting(facts: &Facts, standing: &Standing, question: &Question, at: UnixMillis) -> Option<u32> {
    let seats = facts.event.seats.filter(|_| facts.event.is_group())?;
    let span = Span::lasting(at, Duration::from_secs(60 * u64::from(question.duration)));
    let sits = |entry: &&Entry| entry.span == span && entry.stands(facts.now) && Some(entry.booking) != question.but;
    let at_host =
        |host: UserId| standing.entries.iter().filter(sits).filter(|entry| entry.hosts.contains(&host)).count();
    facts.hosts.iter().any(|host| at_host(host.user) >= seats as usize).then_some(seats)
}

/// The starts that hours, notice and horizon allow, whatever stands there; none where nobody can hold it.
pub fn possible_starts(app: &App, event: &EventType, question: &Question) -> Result<Vec<UnixMillis>, StoreError> {
    let mut facts = load_for(app, event, question)?;
    if !facts.can_be_held() {
        return Ok(Vec::new());
    }
    for host in &mut facts.hosts {
        (host.busy, host.unread) = (Busy::Known(Vec::new()), None);
    }
    Ok(free_of(&facts, &Standing::default(), question))
}

fn find_free(app: &App, facts: &Facts, question: &Question) -> Result<Vec<UnixMillis>, StoreError> {
    let standing = app.store.read(|txn| standing(txn, facts, question))?;
    Ok(free_of(facts, &standing, question))
}

/// The free starts, of what was read already.
pub fn free_of(facts: &Facts, standing: &Standing, question: &Question) -> Vec<UnixMillis> {
    engine::find(&facts.request(standing, question)).into_iter().map(UnixMillis::from).collect()
}

/// The first rule that removes a start; `None`: it can be booked.
pub fn why_not(facts: &Facts, standing: &Standing, question: &Question, at: UnixMillis) -> Option<Rule> {
    engine::explain(&facts.request(standing, question), at.to_timestamp())
}
