//! Fields of a JSON object, read by their names, with the place of each mistake.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// A mistake: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {words}")]
pub struct Wrong {
    pub field: String,
    pub words: String,
}

/// An object with its place: `event_type`, `busy[3]`, empty for the line itself.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: &'a str,
}

impl<'a> Fields<'a> {
    pub fn of(value: &'a Value, place: &'a str) -> Result<Self, Wrong> {
        let wrong = || Wrong { field: place.to_owned(), words: "must be an object".to_owned() };
        Ok(Self { map: value.as_object().ok_or_else(wrong)?, place })
    }

    pub fn name(&self, field: &str) -> String {
        if self.place.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.place)
        }
    }

    pub fn wrong(&self, field: &str, words: impl Into<String>) -> Wrong {
        Wrong { field: self.name(field), words: words.into() }
    }

    /// `None` where it is absent or null.
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub fn needed(&self, field: &str) -> Result<&'a Value, Wrong> {
        self.get(field).ok_or_else(|| self.wrong(field, "is missing"))
    }

    fn text(&self, field: &str) -> Result<Option<&'a str>, Wrong> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(field, "must be text in quotes"))
    }

    /// One of `words`; the first where it is absent.
    pub fn one_of<T: Copy>(&self, field: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
        let given = self.text(field)?.unwrap_or(words[0].0);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        found.ok_or_else(|| self.wrong(field, format!("must be {}, is \"{given}\"", known())))
    }

    pub fn is_set(&self, field: &str) -> Result<bool, Wrong> {
        match self.get(field) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(field, "must be true or false")),
        }
    }

    /// A whole number from `least` on, within the minutes of fifty years.
    pub fn count(&self, field: &str, least: i64) -> Result<Option<i64>, Wrong> {
        const MOST: i64 = 26_280_000;
        let Some(value) = self.get(field) else { return Ok(None) };
        let whole = value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
        let found = whole.filter(|number| (least..=MOST).contains(number));
        found.map(Some).ok_or_else(|| self.wrong(field, format!("must be a whole number from {least} to {MOST}")))
    }

    pub fn instant(&self, field: &str) -> Result<Timestamp, Wrong> {
        self.needed(field)?;
        let text = self.text(field)?.unwrap_or_default();
        text.parse().map_err(|_| self.wrong(field, "must be an instant, as 2026-05-12T07:00:00Z"))
    }

    pub fn maybe_instant(&self, field: &str) -> Result<Option<Timestamp>, Wrong> {
        self.get(field).map(|_| self.instant(field)).transpose()
    }

    pub fn date(&self, field: &str) -> Result<Date, Wrong> {
        self.needed(field)?;
        date(self.text(field)?.unwrap_or_default()).ok_or_else(|| self.wrong(field, "must be a date, as 2026-05-12"))
    }

    pub fn maybe_date(&self, field: &str) -> Result<Option<Date>, Wrong> {
        self.get(field).map(|_| self.date(field)).transpose()
    }

    pub fn zone(&self, field: &str) -> Result<TimeZone, Wrong> {
        self.needed(field)?;
        let name = self.text(field)?.unwrap_or_default();
        TimeZone::get(name).map_err(|_| self.wrong(field, "must be the name of a time zone, as Europe/Berlin"))
    }

    pub fn maybe_zone(&self, field: &str) -> Result<Option<TimeZone>, Wrong> {
        self.get(field).map(|_| self.zone(field)).transpose()
    }

    /// Each entry of a list, read with its place; none where it is absent.
    pub fn each<T>(&self, field: &str, read: impl Fn(Fields<'_>) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let Some(value) = self.get(field) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| self.wrong(field, "must be a list"))?;
        let entry = |(at, value): (usize, &Value)| {
            let place = self.name(&format!("{field}[{at}]"));
            read(Fields::of(value, &place)?)
        };
        list.iter().enumerate().map(entry).collect()
    }

    /// The names and values of an object; none where it is absent.
    pub fn entries(&self, field: &str) -> Result<BTreeMap<&'a str, &'a Value>, Wrong> {
        let Some(value) = self.get(field) else { return Ok(BTreeMap::new()) };
        let map = value.as_object().ok_or_else(|| self.wrong(field, "must be an object"))?;
        Ok(map.iter().map(|(name, value)| (name.as_str(), value)).collect())
    }
}

/// `2026-05-12`, and nothing else that a reader of dates might take.
fn date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

/// `09:30`; `Some(None)` for `24:00`.
pub fn wall_time(text: &str) -> Option<Option<Time>> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok()).flatten().filter(|n| *n >= 0);
    match (two(hour)?, two(minute)?) {
        (24, 0) => Some(None),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok().map(Some),
    }
}
