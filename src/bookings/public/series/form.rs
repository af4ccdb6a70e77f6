//! The part of the form that shows a series, and what it says when it is sent.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::dates::{judged, starts, Asked, DateOf, Limited, Why};
use super::words::SeriesWords;
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::public::asking::Gone;
use crate::bookings::public::token::Held;
use crate::bookings::types::{EventType, Price};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::http::ui::Choice;
use crate::payments;
use crate::store::StoreError;

/// What the form shows of a series.
pub struct SeriesForm {
    pub words: &'static SeriesWords,
    /// Empty where it is always the same number.
    pub counts: Vec<Choice>,
    pub count: String,
    /// When, and why it cannot be had; empty: it can.
    pub dates: Vec<(String, &'static str)>,
    /// The starts that can be had, as the form sends them back.
    pub seen: String,
    /// How many cannot be had, in words; empty: none.
    pub lacking: String,
    /// The box that leaves these out; empty where nothing would be left.
    pub leave_out: String,
    pub leaves_out: bool,
    /// Empty where there is one date only.
    pub button: String,
    /// "6 × €20.00 = €120.00"; empty where nothing is paid, or for one date only.
    pub total: String,
}

impl SeriesForm {
    /// `None` where one date is booked at a time.
    pub fn of(
        app: &App,
        event: &EventType,
        held: &Held,
        (count, zone, language): (&str, &TimeZone, Language),
        words: &'static SeriesWords,
        gone: &[Gone],
    ) -> Result<Option<Self>, StoreError> {
        let Some(repeats) = event.repeats else { return Ok(None) };
        let count = repeats.count(count.parse().ok()).unwrap_or(repeats.dates);
        let all = starts(app, event, held.start, count)?;
        let asked = Asked { starts: &all, minutes: held.minutes, hold: Some(held.id), gone };
        let dates = judged(app, event, &asked)?;
        let clocks = Clocks { guest: zone.clone(), ours: zone.clone() };
        let had: Vec<String> =
            dates.iter().filter(|date| date.why.is_none()).map(|date| date.start.0.to_string()).collect();
        let number = |count: usize| count.to_string();
        let lacks = dates.len() - had.len();
        let choice = |count: u32| Choice {
            value: count.to_string(),
            label: match count {
                1 => words.once.to_owned(),
                many => fill(words.many, &[("n", &many.to_string())]),
            },
        };
        let shown =
            |date: &DateOf| (words::when(language, date.start, &clocks), date.why.map_or("", |why| words.of_why(why)));
        let total = |price: &Price| {
            let said = |units| payments::amount_said(units, &price.currency, language);
            let all = price.amount.saturating_mul(had.len() as u64);
            format!("{} × {} = {}", had.len(), said(price.amount), said(all))
        };
        let button = if event.needs_approval { words.request } else { words.book };
        Ok(Some(Self {
            counts: if repeats.guest_chooses { (1..=repeats.dates).map(choice).collect() } else { Vec::new() },
            count: count.to_string(),
            lacking: if lacks > 0 {
                fill(words.lacking, &[("n", &number(lacks)), ("of", &number(dates.len()))])
            } else {
                String::new()
            },
            leave_out: match had.len() {
                0 => String::new(),
                1 => words.leave_out_all_but_one.to_owned(),
                many => fill(words.leave_out, &[("n", &number(many))]),
            },
            leaves_out: false,
            button: if had.len() > 1 { fill(button, &[("n", &number(had.len()))]) } else { String::new() },
            total: event.price.as_ref().filter(|_| had.len() > 1).map(total).unwrap_or_default(),
            dates: dates.iter().map(shown).collect(),
            seen: had.join(" "),
            words,
        }))
    }
}

/// The later dates that a form asks for. An error where it does not say what is to become of those that cannot be had, or
/// names others than the series has: it is shown once more.
pub fn later_of(
    app: &App,
    event: &EventType,
    held: &Held,
    typed: &BTreeMap<String, String>,
) -> Result<Result<Vec<UnixMillis>, Refused>, StoreError> {
    let text = |field: &str| typed.get(field).map_or("", |text| text.trim());
    let seen: Vec<UnixMillis> = text("dates").split(' ').filter_map(|at| at.parse().ok()).map(UnixMillis).collect();
    let Some(repeats) = event.repeats else {
        return Ok(if seen.len() > 1 { Err(Refused::Changed) } else { Ok(Vec::new()) });
    };
    let Some(count) = text("count").parse().ok().and_then(|count| repeats.count(Some(count))) else {
        return Ok(Err(Refused::Changed));
    };
    let all = starts(app, event, held.start, count)?;
    let is_part = seen.windows(2).all(|pair| pair[0] < pair[1]) && seen.iter().all(|start| all.contains(start));
    if !is_part {
        return Ok(Err(Refused::Changed));
    }
    if seen.first() != Some(&held.start) {
        return Ok(Err(Refused::First));
    }
    if seen.len() < all.len() && !typed.contains_key("leave_out") {
        return Ok(Err(Refused::Lacking));
    }
    Ok(Ok(seen.into_iter().skip(1).collect()))
}

/// Why a form is shown once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The event type repeats in another way by now.
    Changed,
    /// Some dates cannot be had, and the visitor has not said to leave them out.
    Lacking,
    /// The date that they chose cannot be had: they choose another.
    First,
}

impl SeriesWords {
    fn of_why(&self, why: Why) -> &'static str {
        match why {
            Why::Taken => self.taken,
            Why::Closed => self.closed,
            Why::Full(Limited::Day) => self.full_day,
            Why::Full(Limited::Week) => self.full_week,
            Why::Full(Limited::Month) => self.full_month,
            Why::Outside => self.outside,
            Why::Unknown => self.unknown,
        }
    }
}
