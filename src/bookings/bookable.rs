//! Whether a proposed time can still be booked, as far as that is known without asking the calendar. What was found
//! when the mail was read grows old: the hour comes nearer, another booking is made, a calendar is taken away.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::model::{Booking, State};
use super::slots::{self, Slots};
use super::store;
use super::types::EventType;
use crate::app::App;
use crate::availability::{self, Busy, Diary, FreeTimes, Owner, Rules, Span, WhyNot};
use crate::base::ConnectionId;
use crate::connections::{self, Use};
use crate::store::StoreError;
use crate::workers::{self, Meeting};

/// How a proposed time stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookable {
    /// What is known about the time, in words.
    pub note: String,
    /// A button may offer it.
    pub is_offered: bool,
    /// Sets mere warnings aside, as the form's field; empty when nothing speaks against it.
    pub anyway: String,
    /// The page where a calendar is chosen, where none can be written to.
    pub choose_calendar: String,
}

/// The longest meeting.
const LONGEST: Duration = Duration::from_secs(8 * 3600);
const NO_CALENDAR: &str = "No calendar is connected: only your bookings here were checked.";

impl Bookable {
    pub fn of(app: &App, booking: &Booking) -> Result<Self, StoreError> {
        let State::Proposed { note } = &booking.state else { return Ok(Self::default()) };
        if booking.is_request() {
            return Ok(Self { note: note.clone(), is_offered: true, ..Self::default() });
        }
        let worker = match booking.worker {
            Some(id) => workers::get(&app.store, booking.workspace, id)?,
            None => None,
        };
        if let Some(event) = slots::event_of(app, booking.workspace, worker.as_ref())? {
            return Self::on_event(app, booking, note, event);
        }
        let meeting = worker.as_ref().map_or_else(Meeting::default, |worker| worker.meeting.clone());
        let rules = Rules { length: booking.span().length(), ..Rules::of(&meeting) };
        let calendar = booking.connection.or(worker.as_ref().and_then(|worker| worker.calendar));
        let objections = objections(app, booking, calendar, rules)?;
        if let Some(no) = objections.iter().find(|why| !why.is_warning()) {
            return Ok(Self { note: no.words(), ..Self::default() });
        }
        if !is_connected(app, booking, calendar)? {
            let choose_calendar = match &worker {
                Some(worker) if calendar.is_none() => format!("/outreach/{}/settings#calendar", worker.id),
                _ => "/connections".to_owned(),
            };
            return Ok(Self { note: NO_CALENDAR.to_owned(), choose_calendar, ..Self::default() });
        }
        if objections.is_empty() {
            return Ok(Self { note: note.clone(), is_offered: true, ..Self::default() });
        }
        let words: Vec<String> = objections.iter().map(WhyNot::words).collect();
        let anyway = objections.iter().map(WhyNot::code).collect::<Vec<_>>().join(" ");
        Ok(Self { note: words.join(" "), is_offered: true, anyway, ..Self::default() })
    }
}

impl Bookable {
    /// By the rules of the worker's event type.
    fn on_event(
        app: &App,
        booking: &Booking,
        note: &str,
        event: Result<EventType, String>,
    ) -> Result<Self, StoreError> {
        let event = match event {
            Ok(event) => event,
            Err(words) => return Ok(Self { note: words, ..Self::default() }),
        };
        let moved = match booking.instead_of {
            Some(earlier) => store::get(&app.store, booking.workspace, earlier)?,
            None => None,
        };
        let minutes = u32::try_from(booking.span().length().as_secs() / 60).unwrap_or_default();
        let slots = Slots::known(app, &event, minutes, &[booking.start], &TimeZone::UTC, moved.as_ref())?;
        Ok(match slots.check(booking.start) {
            Ok(_) => Self { note: note.to_owned(), is_offered: true, ..Self::default() },
            Err(why) => Self { note: why.words(), ..Self::default() },
        })
    }
}

/// All that speaks against the time but what stands in the calendar.
fn objections(
    app: &App,
    booking: &Booking,
    calendar: Option<ConnectionId>,
    rules: Rules,
) -> Result<Vec<WhyNot>, StoreError> {
    // What began hours before may still last.
    let around = rules.with_buffers(booking.start).widened(LONGEST, Duration::ZERO);
    let others = store::list_between(&app.store, booking.workspace, around)?;
    let stands_in_the_way = |other: &&Booking| {
        let is_another = other.id != booking.id && Some(other.id) != booking.instead_of;
        is_another && other.state.is_booked() && (calendar.is_none() || other.connection == calendar)
    };
    let claimed: Vec<Span> = others.iter().filter(stands_in_the_way).map(Booking::span).collect();
    let schedule = availability::times_of(&app.store, booking.workspace, Owner::Workspace)?.open_times(None);
    let busy = Busy::Known(Vec::new());
    let diary = Diary { schedule: &schedule, rules, busy: &busy, claimed: &claimed, now: app.now() };
    Ok(diary.objections(booking.start).collect())
}

fn is_connected(app: &App, booking: &Booking, calendar: Option<ConnectionId>) -> Result<bool, StoreError> {
    let Some(id) = calendar else { return Ok(false) };
    let found = connections::get(&app.store, booking.workspace, id)?;
    Ok(found.is_some_and(|connection| connection.can(Use::Calendar) && !connection.is_disconnected()))
}
