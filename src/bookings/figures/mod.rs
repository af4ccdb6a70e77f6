//! Bookings in numbers: how many were made, moved, cancelled and missed, and how long ahead, week by week.
//!
//! Always true here:
//! - A booking counts once, in the week in which it begins, from the day the calendar confirmed it.
//! - Its count changes in the transaction that changes the booking (`store::count`, called by the room's `put`), so
//!   the sums are those of the bookings behind them: what is erased goes from both.
//! - A page of figures reads one row for each week and split, however many bookings there are.

mod api;
mod counted;
mod lead;
mod recount;
mod store;

pub use api::{api_routes, FiguresApi};
pub use counted::{date_of, Counted, Ended};
pub use lead::{hours as lead_hours, quartile, words as lead_words};
pub use store::{count, find_counted, forget, Sums, TABLES};
#[cfg(test)]
pub use store::{count_as_before, forget_as_before};

/// Takes erased bookings out of the sums; `meanwhile` happens between reading and writing.
#[cfg(test)]
pub fn recount(
    store: &crate::store::Store,
    workspace: crate::base::WorkspaceId,
    meanwhile: impl FnMut(),
) -> Result<bool, StoreError> {
    recount::drop_erased(store, workspace, meanwhile)
}

use std::cmp::Reverse;

use jiff::civil::Date;
use jiff::ToSpan;

use super::grid::monday_of;
use super::model::Source;
use super::service::BookError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability;
use crate::base::{EventTypeId, UserId, WorkerId};
use crate::bookings::types;
use crate::identity;
use crate::store::StoreError;
use crate::workers;

/// Weeks that one question may span.
pub const MOST_WEEKS: u32 = 106;

/// Which weeks, and of them which bookings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    /// Any day of the first and of the last week. Without them: the last 13 weeks, up to this one.
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub source: Option<Source>,
    pub worker: Option<WorkerId>,
    pub host: Option<UserId>,
    pub event_type: Option<EventTypeId>,
}

pub struct Figures {
    /// Mondays of the first and the last week.
    pub first: Date,
    pub last: Date,
    pub all: Sums,
    /// Each week of the span, the empty ones too.
    pub weeks: Vec<(Date, Sums)>,
    /// The most booked first.
    pub by_source: Vec<(Source, Sums)>,
    /// With the worker's name; `None`: of no worker.
    pub by_worker: Vec<(Option<WorkerId>, String, Sums)>,
    /// With their names; a meeting with several hosts counts for each of them, one without for nobody.
    pub by_host: Vec<(UserId, String, Sums)>,
    /// Of those that a visitor chose from a page, with its name.
    pub by_event_type: Vec<(EventTypeId, String, Sums)>,
}

impl Figures {
    pub fn read(app: &App, actor: &Actor, question: &Question) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        store::complete(&app.store, actor.workspace)?;
        let zone = availability::schedule_of(&app.store, actor.workspace)?.time_zone();
        let last = monday_of(question.to.unwrap_or_else(|| app.now().in_zone(&zone).date()));
        let first = monday_of(question.from.unwrap_or_else(|| last.saturating_sub(12.weeks()))).min(last);
        let first = first.max(last.saturating_sub(i64::from(MOST_WEEKS - 1).weeks()));
        let mut figures = Self {
            first,
            last,
            all: Sums::default(),
            weeks: Vec::new(),
            by_source: Vec::new(),
            by_worker: Vec::new(),
            by_host: Vec::new(),
            by_event_type: Vec::new(),
        };
        let mut week = first;
        while week <= last {
            figures.weeks.push((week, Sums::default()));
            week = week.saturating_add(1.weeks());
        }
        for (week, row) in store::rows_between(&app.store, actor.workspace, first, last)? {
            let is_wanted = question.source.is_none_or(|source| source == row.split.source)
                && question.worker.is_none_or(|worker| Some(worker) == row.split.worker)
                && question.host.is_none_or(|host| row.split.hosts.contains(&host))
                && question.event_type.is_none_or(|event| Some(event) == row.split.event_type);
            if is_wanted {
                figures.add(question, date_of(week), &row);
            }
        }
        figures.sort();
        figures.name(app, actor)?;
        Ok(figures)
    }

    /// The most booked first.
    fn sort(&mut self) {
        self.by_source.sort_by_key(|(source, sums)| (Reverse(sums.booked), source.as_str()));
        self.by_worker.sort_by_key(|(worker, _, sums)| (Reverse(sums.booked), *worker));
        self.by_host.sort_by_key(|(host, _, sums)| (Reverse(sums.booked), *host));
        self.by_event_type.sort_by_key(|(event, _, sums)| (Reverse(sums.booked), *event));
    }

    fn name(&mut self, app: &App, actor: &Actor) -> Result<(), StoreError> {
        for (worker, name, _) in &mut self.by_worker {
            *name = match worker {
                None => "No worker".to_owned(),
                Some(id) => workers::get(&app.store, actor.workspace, *id)?
                    .map_or_else(|| "A worker that was deleted".to_owned(), |worker| worker.name),
            };
        }
        app.store.read(|txn| {
            for (host, name, _) in &mut self.by_host {
                *name = identity::find(txn, *host)?.map_or_else(|| "Somebody who left".to_owned(), |user| user.name);
            }
            for (event, name, _) in &mut self.by_event_type {
                let found = types::find(txn, actor.workspace, *event)?;
                *name = found.map_or_else(|| "An event type that was deleted".to_owned(), |event| event.name);
            }
            Ok(())
        })
    }

    fn add(&mut self, question: &Question, week: Date, row: &store::Row) {
        self.all.add(&row.sums);
        if let Some((_, sums)) = self.weeks.iter_mut().find(|(monday, _)| *monday == week) {
            sums.add(&row.sums);
        }
        let (source, worker) = (row.split.source, row.split.worker);
        match self.by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, sums)) => sums.add(&row.sums),
            None => self.by_source.push((source, row.sums.clone())),
        }
        match self.by_worker.iter_mut().find(|(known, ..)| *known == worker) {
            Some((.., sums)) => sums.add(&row.sums),
            None => self.by_worker.push((worker, String::new(), row.sums.clone())),
        }
        // Of one host's meetings the others' part is no number of theirs.
        let hosts = row.split.hosts.iter().filter(|host| question.host.is_none_or(|only| only == **host));
        hosts.for_each(|host| add_named(&mut self.by_host, Some(*host), &row.sums));
        add_named(&mut self.by_event_type, row.split.event_type, &row.sums);
    }
}

fn add_named<Id: Copy + PartialEq>(all: &mut Vec<(Id, String, Sums)>, id: Option<Id>, sums: &Sums) {
    let Some(id) = id else { return };
    match all.iter_mut().find(|(known, ..)| *known == id) {
        Some((.., known)) => known.add(sums),
        None => all.push((id, String::new(), sums.clone())),
    }
}
