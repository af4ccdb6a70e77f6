//! The calendar of the team: a day, a week, a month or a list, of all bookings or of some.

mod agenda;
mod api;
mod asked;
mod filter;
mod month;
mod names;

pub use agenda::Agenda;
pub use api::{list as list_filtered, parsed, BookingFilter, EVENT_TYPE, HOST, SOURCE};
pub use asked::{Asked, CalendarQuery, View};
pub use filter::{Fate, Filter};
pub use month::Month;
pub use names::Names;

use jiff::civil::Date;
use jiff::ToSpan;

use super::grid::{after, monday_of, Grid};
use super::model::Source;
use super::service::BookError;
use crate::app::App;
use crate::authz::Actor;
use crate::availability;
use crate::bookings::types;
use crate::http::ui::Choice;
use crate::workers;
use crate::workspaces::{self, WorkspaceError};

/// What bookings can be told apart by, each with "all" first.
pub struct Choices {
    pub sources: Vec<Choice>,
    pub workers: Vec<Choice>,
    pub hosts: Vec<Choice>,
    pub event_types: Vec<Choice>,
}

impl Choices {
    pub fn read(app: &App, actor: &Actor) -> Result<Self, BookError> {
        Ok(Self {
            sources: choices("All sources", Source::ALL.map(|source| (source.as_str(), source.words()))),
            workers: workers_to_choose(app, actor)?,
            hosts: hosts_to_choose(app, actor)?,
            event_types: event_types_to_choose(app, actor)?,
        })
    }
}

/// One view of the calendar with the way to the others.
pub struct Calendar {
    pub asked: Asked,
    /// "23 to 29 November", "Tuesday 24 November", "November 2026".
    pub title: String,
    pub earlier: String,
    pub later: String,
    pub today: String,
    /// Address, name, key and whether it is this one.
    pub views: Vec<(String, &'static str, &'static str, bool)>,
    pub only: Choices,
    pub fates: Vec<Choice>,
    /// Address of the part that changes while the page is open.
    pub part: String,
    /// Address of the same bookings as a file.
    pub export: String,
    pub body: Body,
}

pub enum Body {
    Grid(Grid),
    Month(Month),
    Agenda(Agenda),
}

impl Calendar {
    /// Whoever asks must be allowed to see the calendar: each body sees to it.
    pub fn read(app: &App, actor: &Actor, asked: Asked) -> Result<Self, BookError> {
        let zone = availability::schedule_of(&app.store, actor.workspace)?.time_zone();
        let today = app.now().in_zone(&zone).date();
        let date = asked.date.unwrap_or(today);
        let (first, last, earlier, later) = match asked.view {
            View::Day => (date, date, after(date, -1), after(date, 1)),
            View::Week => {
                let monday = monday_of(date);
                (monday, after(monday, 6), after(monday, -7), after(monday, 7))
            }
            View::Month => {
                let first = date.first_of_month();
                (first, date.last_of_month(), first.saturating_sub(1.months()), first.saturating_add(1.months()))
            }
            View::Agenda => {
                (date, asked.until.unwrap_or_else(|| after(date, 27)).max(date), after(date, -28), after(date, 28))
            }
        };
        let body = match asked.view {
            View::Day => Body::Grid(Grid::read(app, actor, first, 1, &asked.filter)?),
            View::Week => Body::Grid(Grid::read(app, actor, first, 7, &asked.filter)?),
            View::Month => Body::Month(Month::read(app, actor, first, &asked)?),
            View::Agenda => Body::Agenda(Agenda::read(app, actor, first, last, &asked)?),
        };
        let span = [("from", Some(first.to_string())), ("to", Some(last.to_string()))];
        Ok(Self {
            title: title(asked.view, first, last),
            earlier: asked.at(asked.view, Some(earlier)),
            later: asked.at(asked.view, Some(later)),
            today: asked.at(asked.view, None),
            views: View::ALL
                .map(|view| (asked.at(view, Some(date)), view.words().0, view.words().1, view == asked.view))
                .into(),
            only: Choices::read(app, actor)?,
            fates: choices("All but cancelled", Fate::ALL.map(|fate| (fate.as_str(), fate.words()))),
            part: asked.here("/calendar/part"),
            export: asked.address("/calendar/export.csv", None, &span),
            body,
            asked,
        })
    }

    pub fn no_calendar(&self) -> bool {
        matches!(&self.body, Body::Grid(grid) if grid.no_calendar)
    }

    pub fn unread(&self) -> &[String] {
        match &self.body {
            Body::Grid(grid) => &grid.unread,
            Body::Month(_) | Body::Agenda(_) => &[],
        }
    }

    /// More is booked than one page shows.
    pub fn is_cut(&self) -> bool {
        match &self.body {
            Body::Grid(grid) => grid.is_cut,
            Body::Month(month) => month.is_cut,
            Body::Agenda(_) => false,
        }
    }

    pub fn fate(&self) -> &'static str {
        self.asked.filter.fate.map_or("", Fate::as_str)
    }

    /// The day that the address names, for forms that keep it.
    pub fn date(&self) -> String {
        self.asked.date.map(|date| date.to_string()).unwrap_or_default()
    }

    pub fn until(&self) -> String {
        self.asked.until.map(|date| date.to_string()).unwrap_or_default()
    }
}

fn choices<const N: usize>(all: &str, some: [(&str, &str); N]) -> Vec<Choice> {
    let choice = |(value, label): (&str, &str)| Choice { value: value.to_owned(), label: label.to_owned() };
    std::iter::once(("", all)).chain(some).map(choice).collect()
}

fn named(all: &str, some: impl Iterator<Item = (String, String)>) -> Vec<Choice> {
    let all = (String::new(), all.to_owned());
    std::iter::once(all).chain(some).map(|(value, label)| Choice { value, label }).collect()
}

fn workers_to_choose(app: &App, actor: &Actor) -> Result<Vec<Choice>, BookError> {
    let workers = workers::list(&app.store, actor.workspace)?;
    Ok(named("All workers", workers.into_iter().map(|worker| (worker.id.to_string(), worker.name))))
}

fn hosts_to_choose(app: &App, actor: &Actor) -> Result<Vec<Choice>, BookError> {
    let members = workspaces::list_members(app, actor).map_err(|error| match error {
        WorkspaceError::Denied(denied) => BookError::Denied(denied),
        WorkspaceError::Store(error) => BookError::Store(error),
        _ => BookError::NotFound,
    })?;
    Ok(named("All hosts", members.into_iter().map(|(_, user)| (user.id.to_string(), user.name))))
}

fn event_types_to_choose(app: &App, actor: &Actor) -> Result<Vec<Choice>, BookError> {
    let types = app.store.read(|txn| types::list(txn, actor.workspace))?;
    Ok(named("All event types", types.into_iter().map(|event| (event.id.to_string(), event.name))))
}

/// "16 to 22 November", "30 November to 6 December", "Tuesday 24 November", "November 2026".
fn title(view: View, first: Date, last: Date) -> String {
    match view {
        View::Day => first.strftime("%A %-d %B").to_string(),
        View::Month => first.strftime("%B %Y").to_string(),
        View::Week | View::Agenda => {
            let shape = match (first.month() == last.month(), first.year() == last.year()) {
                (true, true) => "%-d",
                (false, true) => "%-d %B",
                _ if view == View::Week => "%-d %B",
                _ => "%-d %B %Y",
            };
            format!("{} to {}", first.strftime(shape), last.strftime("%-d %B"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_named_by_its_days() {
        let day = |year, month, day| jiff::civil::date(year, month, day);
        let week = |of: Date| title(View::Week, monday_of(of), after(monday_of(of), 6));
        assert_eq!(week(day(2026, 11, 24)), "23 to 29 November");
        assert_eq!(week(day(2026, 12, 6)), "30 November to 6 December");
        assert_eq!(week(day(2026, 12, 28)), "28 December to 3 January");
        assert_eq!(title(View::Day, day(2026, 11, 24), day(2026, 11, 24)), "Tuesday 24 November");
        assert_eq!(title(View::Month, day(2026, 11, 1), day(2026, 11, 30)), "November 2026");
        assert_eq!(title(View::Agenda, day(2025, 11, 3), day(2026, 1, 4)), "3 November 2025 to 4 January");
    }
}
