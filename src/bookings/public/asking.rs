//! Whether dates can be had: by our own books first, and only then by the calendars of those who would hold them.
//!
//! Always true here:
//! - No calendar is asked about dates of which one cannot be had by our own books.
//! - Who could not be read once is not asked again within one booking, and all of the asking has an end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::commit::NotBooked;
use super::hold::with_buffers;
use crate::app::App;
use crate::availability::{Busy, Span};
use crate::base::{BookingId, UnixMillis, UserId};
use crate::bookings::types::{self, Entry, Facts, SlotQuestion, Standing};
use crate::store::StoreError;

/// For all dates and hosts of one booking together; a call that is under way then is waited for.
const MOST: Duration = Duration::from_secs(20);

/// A date that could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub start: UnixMillis,
    /// A calendar could not be read.
    pub is_unknown: bool,
}

/// One date that is wanted, with what was read about it.
#[derive(Clone)]
pub struct Dated {
    pub facts: Facts,
    pub question: SlotQuestion,
    pub span: Span,
}

impl Dated {
    fn why_not(&self, standing: &Standing) -> Option<NotBooked> {
        types::why_not(&self.facts, standing, &self.question, self.span.start)?;
        Some(match self.facts.unknown().into_iter().next() {
            Some(reason) => NotBooked::Unreadable(reason),
            None => NotBooked::Taken,
        })
    }

    /// As if it were booked, for the dates after it.
    pub fn as_entry(&self) -> Entry {
        Entry {
            booking: BookingId::new(self.facts.now),
            span: self.span,
            before: self.facts.event.buffer_before,
            after: self.facts.event.buffer_after,
            hosts: self.facts.hosts.iter().map(|host| host.user).collect(),
            session: None,
            until: None,
        }
    }
}

/// The asking of calendars for one booking.
pub struct Asking {
    begun: Instant,
    at_most: Duration,
    /// Who could not be read, and why: their other dates are as unknown.
    silent: BTreeMap<UserId, String>,
}

impl Asking {
    pub fn begin() -> Self {
        Self::for_at_most(MOST)
    }

    pub(super) fn for_at_most(at_most: Duration) -> Self {
        Self { begun: Instant::now(), at_most, silent: BTreeMap::new() }
    }

    /// One start, with all of these hosts.
    pub fn one(&mut self, app: &App, facts: &Facts, question: &SlotQuestion, span: Span) -> Result<Facts, NotBooked> {
        let date = Dated { facts: facts.clone(), question: question.clone(), span };
        let standing = app.store.read(|txn| types::taken_in(txn, facts, span))?;
        match date.why_not(&standing) {
            Some(error) => Err(error),
            None => self.calendars(app, &date, &standing, false),
        }
    }

    /// The dates for these hosts, all asked about; every one that cannot be had is told of in `gone`.
    pub fn all(
        &mut self,
        app: &App,
        dates: &[Dated],
        hosts: &[UserId],
        insists: bool,
        gone: &mut Vec<Gone>,
    ) -> Result<Vec<Dated>, NotBooked> {
        let (mut all, mut lacks) = (Vec::new(), None);
        for (date, standing) in by_our_books(app, dates, hosts, gone)? {
            match self.judge(app, &date, &standing, (insists, dates.len() > 1)) {
                Ok(facts) => all.push(Dated { facts, ..date }),
                Err(error) => lacks = Some(noted(error, &date, gone)?),
            }
        }
        lacks.map_or(Ok(all), Err)
    }

    /// What the calendars said just now is judged with the rest in the transaction; of several dates it is named here.
    fn judge(
        &mut self,
        app: &App,
        date: &Dated,
        standing: &Standing,
        (insists, is_named): (bool, bool),
    ) -> Result<Facts, NotBooked> {
        let asked = Dated { facts: self.calendars(app, date, standing, insists)?, ..date.clone() };
        match asked.why_not(standing).filter(|_| is_named) {
            Some(error) => Err(error),
            None => Ok(asked.facts),
        }
    }

    /// Asks the calendars of the hosts about the time. Who joins a group that sits there already needs no answer.
    fn calendars(&mut self, app: &App, date: &Dated, standing: &Standing, insists: bool) -> Result<Facts, NotBooked> {
        let facts = &date.facts;
        let (mut asked, needed) = (facts.clone(), with_buffers(&facts.event, date.span));
        for host in &facts.hosts {
            if standing.session_at(date.span, host.user, facts.now).is_some() {
                continue;
            }
            match self.host(app, facts, host.user, needed)? {
                Busy::Unknown { .. } if insists => {}
                Busy::Unknown { reason } => return Err(NotBooked::Unreadable(reason)),
                busy => asked = asked.with_busy(host.user, busy),
            }
        }
        Ok(asked)
    }

    fn host(&mut self, app: &App, facts: &Facts, user: UserId, needed: Span) -> Result<Busy, StoreError> {
        if let Some(reason) = self.silent.get(&user) {
            return Ok(Busy::Unknown { reason: reason.clone() });
        }
        if self.begun.elapsed() >= self.at_most {
            return Ok(Busy::Unknown { reason: "the calendars took too long to answer.".to_owned() });
        }
        let busy = facts.ask_now(app, user, needed, None)?;
        if let Busy::Unknown { reason } = &busy {
            self.silent.insert(user, reason.clone());
        }
        Ok(busy)
    }
}

/// The dates with these hosts, each with what stands around it, those before it counted as booked. An error where one of
/// them cannot be had; all of those are told of in `gone`.
fn by_our_books(
    app: &App,
    dates: &[Dated],
    hosts: &[UserId],
    gone: &mut Vec<Gone>,
) -> Result<Vec<(Dated, Standing)>, NotBooked> {
    let (mut all, mut own, mut lacks) = (Vec::new(), Vec::new(), None);
    for date in dates {
        let date = Dated { facts: date.facts.only(hosts), ..date.clone() };
        let standing = app.store.read(|txn| types::taken_in(txn, &date.facts, date.span))?.with(&own);
        if let Some(error) = date.why_not(&standing) {
            lacks = Some(noted(error, &date, gone)?);
            continue;
        }
        // A hold stands in the books already.
        if date.question.but.is_none() {
            own.push(date.as_entry());
        }
        all.push((date, standing));
    }
    lacks.map_or(Ok(all), Err)
}

/// A date that cannot be had is told of; what is broken is an error at once.
fn noted(error: NotBooked, date: &Dated, gone: &mut Vec<Gone>) -> Result<NotBooked, NotBooked> {
    let is_unknown = match error {
        NotBooked::Taken => false,
        NotBooked::Unreadable(_) => true,
        other => return Err(other),
    };
    gone.push(Gone { start: date.span.start, is_unknown });
    Ok(error)
}
