//! Bookings as a list, day by day, page by page.

use jiff::civil::Date;

use super::{Asked, Names, View};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Span};
use crate::base::{clock_there, WorkerId};
use crate::bookings::away::DaysOff;
use crate::bookings::grid::{after, midnight};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, State};
use crate::bookings::service::BookError;
use crate::bookings::store::{find_all, Wanted};
use crate::workers;

/// Bookings on one page.
const ROWS: usize = 100;

pub struct Agenda {
    pub days: Vec<AgendaDay>,
    /// The next page of the same days; empty on the last.
    pub more: String,
}

pub struct AgendaDay {
    /// "Tuesday 24 November".
    pub name: String,
    pub is_today: bool,
    /// "Out of office: Ann"; empty on a day on which nobody is.
    pub away: String,
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub href: String,
    pub from: String,
    pub until: String,
    pub who: String,
    pub title: String,
    /// "Lake District hotels · Answers · 11:30 in Berlin".
    pub about: String,
    pub state: State,
    pub became: Option<Became>,
    pub has_video: bool,
}

impl Agenda {
    pub fn read(app: &App, actor: &Actor, first: Date, last: Date, asked: &Asked) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        let zone = availability::schedule_of(&app.store, actor.workspace)?.time_zone();
        let today = app.now().in_zone(&zone).date();
        let within = Some(Span::new(midnight(first, &zone), midnight(after(last, 1), &zone)));
        let wanted = Wanted { within, after: asked.after.as_ref(), limit: ROWS };
        let found = find_all(&app.store, actor.workspace, &wanted, |txn, booking| asked.filter.keeps(txn, booking))?;
        let workers: Vec<(WorkerId, String)> =
            workers::list(&app.store, actor.workspace)?.into_iter().map(|worker| (worker.id, worker.name)).collect();
        let off = DaysOff::read(app, actor, asked.filter.host)?;
        let mut names = Names::new(app, actor.workspace);
        let mut days: Vec<AgendaDay> = Vec::new();
        for booking in &found.rows {
            let start = booking.start.in_zone(&zone);
            let name = start.strftime("%A %-d %B").to_string();
            let entry = entry(booking, names.of(booking.contact)?, &workers, &zone);
            match days.last_mut().filter(|day| day.name == name) {
                Some(day) => day.entries.push(entry),
                None => {
                    let date = start.date();
                    days.push(AgendaDay { name, is_today: date == today, away: off.words(date), entries: vec![entry] });
                }
            }
        }
        let more = found.next.map(|next| {
            let rest =
                [("date", Some(first.to_string())), ("to", Some(last.to_string())), ("after", Some(next.to_string()))];
            asked.address("/calendar", Some(View::Agenda), &rest)
        });
        Ok(Self { days, more: more.unwrap_or_default() })
    }
}

fn entry(booking: &Booking, who: String, workers: &[(WorkerId, String)], zone: &jiff::tz::TimeZone) -> Entry {
    let clock = |at: crate::base::UnixMillis| at.in_zone(zone).strftime("%-H:%M").to_string();
    let worker = workers.iter().find(|(id, _)| Some(*id) == booking.worker).map(|(_, name)| name.as_str());
    let there = clock_there(booking.start, zone, &booking.guest_zone);
    let about = [worker.unwrap_or_default(), booking.source.words(), &there];
    Entry {
        href: format!("/calendar/{}", booking.id),
        from: clock(booking.start),
        until: clock(booking.end),
        who,
        title: booking.title.clone(),
        about: about.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" · "),
        state: booking.state.clone(),
        became: booking.kept.became(),
        has_video: booking.state.is_booked() && booking.video_link.is_some(),
    }
}
