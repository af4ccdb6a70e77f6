//! All dates of a series on the page of one of them.

use super::words::SeriesWords;
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::{Booking, State};
use crate::bookings::public::paid_words::Money;
use crate::bookings::public::token::manage_path;
use crate::bookings::series::{ending, read};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::store::StoreError;

/// What the visitor's page shows of a series.
pub struct Listed {
    pub words: &'static SeriesWords,
    /// "Date 3 of 8".
    pub nth: String,
    /// When, the page of it, whether it is off, and whether it is the one that is shown.
    pub dates: Vec<(String, String, bool, bool)>,
    /// This one ends alone.
    pub cancel_one: String,
    /// So many end where this one and all later ones are cancelled, in words; empty: it is the last.
    pub cancel_rest: String,
    /// It is only asked for or not paid yet, and so taken back with all others.
    pub is_whole: bool,
}

impl Listed {
    /// A choice is made of what ends: each says what becomes of the money.
    pub fn with_money(mut self, money: &mut Money) -> Self {
        if !self.is_whole && !self.cancel_rest.is_empty() && !money.if_cancelled.is_empty() {
            self.cancel_one = format!("{}. {}", self.cancel_one, std::mem::take(&mut money.if_cancelled));
            self.cancel_rest = format!("{}. {}", self.cancel_rest, money.if_rest);
        }
        self
    }
}

/// `None` where a booking stands by itself.
pub fn listed(
    app: &App,
    booking: &Booking,
    (language, now): (Language, UnixMillis),
    words: &'static SeriesWords,
) -> Result<Option<Listed>, StoreError> {
    let Some(part) = booking.details.series else { return Ok(None) };
    let all = read(app, booking)?;
    let clocks = Clocks::of(&booking.guest_zone, &booking.guest_zone);
    let shown = |one: &Booking| {
        let is_off = matches!(one.state, State::Cancelled { .. } | State::Failed { .. });
        (words::when(language, one.start, &clocks), manage_path(app, one), is_off, one.id == booking.id)
    };
    let rest = ending(&all, booking, now).count();
    let is_whole = booking.is_pending();
    let (number, of) = (part.number.to_string(), part.of.to_string());
    Ok(Some(Listed {
        nth: fill(words.nth, &[("n", &number), ("of", &of)]),
        dates: all.iter().map(shown).collect(),
        cancel_one: words.cancel_one.to_owned(),
        cancel_rest: if rest > 1 { fill(words.cancel_rest, &[("n", &rest.to_string())]) } else { String::new() },
        is_whole: is_whole && rest > 1,
        words,
    }))
}
