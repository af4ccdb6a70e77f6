//! Times as people read and write them on these pages.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::app::App;
use crate::authz::Actor;
use crate::availability;
use crate::base::{BookingId, UnixMillis};
use crate::bookings::errors::not_free_words;
use crate::bookings::service::{warnings_words, Anyway, BookError};
use crate::http::ui::FieldErrors;

/// Date and time as the browser's fields send them, on the clock of the working hours.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct WhenForm {
    #[serde(default)]
    pub(super) date: String,
    #[serde(default)]
    pub(super) time: String,
    #[serde(default)]
    pub(super) anyway: String,
    /// Page of the calendar to come back to.
    #[serde(default)]
    pub(super) back: String,
}

impl WhenForm {
    pub(super) fn of(at: UnixMillis, zone: &TimeZone) -> Self {
        let at = at.in_zone(zone);
        let (date, time) = (at.date().to_string(), at.strftime("%H:%M").to_string());
        Self { date, time, ..Self::default() }
    }

    /// Where the question about this time is asked.
    pub(super) fn address(&self, id: BookingId) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("date", &self.date).append_pair("time", &self.time).append_pair("back", &self.back);
        format!("/calendar/{id}/move?{}", query.finish())
    }

    /// The page to come back to: one of the calendar, else the booking's own.
    pub(super) fn back_or(&self, id: impl std::borrow::Borrow<BookingId>) -> String {
        match self.back.strip_prefix("/calendar") {
            Some(rest) if rest.is_empty() || rest.starts_with('?') => self.back.clone(),
            _ => format!("/calendar/{}", id.borrow()),
        }
    }

    pub(super) fn read(&self, zone: &TimeZone, errors: &mut FieldErrors) -> Option<UnixMillis> {
        let date = self.date.trim().parse::<Date>().ok();
        let time = self.time.trim().parse::<Time>().ok();
        if date.is_none() {
            errors.add("date", "Choose a day, for example 2026-11-24.");
        }
        if time.is_none() {
            errors.add("time", "Write the time as 10:30.");
        }
        Some(date?.to_datetime(time?).to_zoned(zone.clone()).ok()?.timestamp().into())
    }
}

/// Says beside the time why it will not do; gives the field that sets mere warnings aside. Other errors go on.
pub(super) fn add_refusal(error: BookError, zone: &TimeZone, errors: &mut FieldErrors) -> Result<String, BookError> {
    let (words, free, anyway) = match error {
        BookError::NotFree { why, free } => (why.words(), free, String::new()),
        BookError::Unsure { why, free } => (warnings_words(&why), free, Anyway::field(&why)),
        other => return Err(other),
    };
    errors.add("time", not_free_words(&words, &free, zone));
    Ok(anyway)
}

/// The clock on which a person reads and writes times here.
pub(super) fn zone_of(app: &App, actor: &Actor) -> TimeZone {
    availability::schedule_of(&app.store, actor.workspace).map_or(TimeZone::UTC, |schedule| schedule.time_zone())
}
