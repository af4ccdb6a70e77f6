//! What goes wrong with a booking, in words for people and for programs.

use actix_web::http::StatusCode;

use super::service::{warnings_words, BookError};
use crate::availability::{Span, WhyNot};
use crate::http::api::{FieldError, FreeTime};
use crate::http::{ApiError, PageError};

/// "Your calendar is busy then. 11:00 and 14:00 on Tue 24 Nov are free." `zone` is that of the reader.
pub fn not_free_words(why: &str, free: &[Span], zone: &jiff::tz::TimeZone) -> String {
    match free_words(free, zone) {
        None => why.to_owned(),
        Some(free) => format!("{why} {free}"),
    }
}

fn free_words(free: &[Span], zone: &jiff::tz::TimeZone) -> Option<String> {
    let times: Vec<String> =
        free.iter().map(|span| span.start.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()).collect();
    match times.as_slice() {
        [] => None,
        [only] => Some(format!("{only} is free.")),
        [first @ .., last] => Some(format!("{} and {last} are free.", first.join("; "))),
    }
}

impl BookError {
    /// What is wrong with a note, with when it is written, or with a reason, beside its field; else empty.
    pub fn words(&self) -> &'static str {
        match self {
            Self::NotBegun => "This meeting has not begun yet.",
            Self::ReasonLength => "At most 500 characters.",
            Self::NoteLength => "A note has 1 to 2,000 characters.",
            Self::ManyNotes => "This booking has 30 notes, and more are not kept.",
            _ => "",
        }
    }
}

impl From<BookError> for PageError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Denied(denied) => denied.into(),
            BookError::NotFound => Self::NotFound,
            BookError::NotFree { why, .. } => Self::conflict(why.words(), "Go back and choose another time."),
            BookError::Unsure { why, .. } => {
                Self::conflict(warnings_words(&why), "Open the booking and choose another time.")
            }
            BookError::NoContact => {
                Self::conflict("This contact has no address that can be invited.", "Add an address to the contact.")
            }
            BookError::NoCalendar => Self::conflict(
                "No calendar is chosen for this worker.",
                "Choose one in the worker's settings, or connect one under Connections.",
            ),
            BookError::NotOpen(state) => {
                Self::conflict(format!("This booking is “{state}” by now."), "Open it again to see how it stands.")
            }
            BookError::NotOffered(words) => {
                Self::conflict(words, "Open the event type again, or choose another one in the worker’s settings.")
            }
            BookError::NotBegun => Self::conflict(error.words(), "Come back when its time has come."),
            BookError::ReasonLength => Self::bad_request(error.words(), "Go back and shorten the reason."),
            BookError::NoteLength => Self::bad_request(error.words(), "Go back and change the note."),
            BookError::ManyNotes => Self::conflict(error.words(), "Remove one that is not needed any more."),
            BookError::Store(error) => Self::internal("could not read or write bookings", &error),
        }
    }
}

fn not_free(why: &WhyNot, free: &[Span]) -> ApiError {
    if let WhyNot::Unknown { reason } = why {
        let words = format!("The calendar could not be read, so nothing was booked: {reason}");
        return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "calendar_unreadable", words);
    }
    let time = |span: &Span| FreeTime { start: span.start.to_rfc3339(), end: span.end.to_rfc3339() };
    let times: Vec<FreeTime> = free.iter().map(time).collect();
    let starts: Vec<&str> = times.iter().map(|time| time.start.as_str()).collect();
    let words = if starts.is_empty() { String::new() } else { format!(" Free: {}.", starts.join(", ")) };
    ApiError::new(StatusCode::CONFLICT, "not_free", format!("{}{words}", why.words())).with_free_times(times)
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::NotFree { why, free } => not_free(&why, &free),
            BookError::Unsure { why, free } => {
                let unreadable = why.iter().find(|why| matches!(why, WhyNot::Unknown { .. }));
                unreadable.or(why.first()).map_or_else(
                    || Self::new(StatusCode::CONFLICT, "not_free", "The time is not free.".to_owned()),
                    |why| not_free(why, &free),
                )
            }
            BookError::ReasonLength => Self::invalid(vec![FieldError::at("/reason", BookError::ReasonLength.words())]),
            BookError::NoteLength => Self::invalid(vec![FieldError::at("/text", BookError::NoteLength.words())]),
            other => PageError::from(other).into(),
        }
    }
}
