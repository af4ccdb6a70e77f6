//! What the address of the calendar asks for, and the addresses that lead on from it.

use jiff::civil::Date;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::filter::{Fate, Filter};
use crate::base::Cursor;
use crate::bookings::model::Source;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    Day,
    #[default]
    Week,
    Month,
    Agenda,
}

impl View {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Agenda];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Agenda => "agenda",
        }
    }

    /// Its name, and the key that opens it.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Day => ("Day", "D"),
            Self::Week => ("Week", "W"),
            Self::Month => ("Month", "M"),
            Self::Agenda => ("Agenda", "L"),
        }
    }
}

/// As the address says it. What cannot be read counts as absent: an address that was typed wrong still shows a week.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CalendarQuery {
    view: String,
    /// Any day of what is shown: `2026-11-24`.
    date: String,
    /// The same, of a week.
    week: String,
    /// Of the agenda: first and last day.
    from: String,
    to: String,
    /// Of the agenda: where the page before it ended.
    after: String,
    source: String,
    worker: String,
    host: String,
    event_type: String,
    state: String,
}

#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub view: View,
    /// Without it today.
    pub date: Option<Date>,
    /// Last day of the agenda.
    pub until: Option<Date>,
    pub after: Option<Cursor>,
    pub filter: Filter,
}

impl CalendarQuery {
    pub fn read(&self) -> Asked {
        let date = |text: &str| text.parse::<Date>().ok().filter(|date| (2000..2200).contains(&date.year()));
        Asked {
            view: View::ALL.into_iter().find(|view| view.as_str() == self.view).unwrap_or_default(),
            date: date(&self.date).or_else(|| date(&self.from)).or_else(|| date(&self.week)),
            until: date(&self.to),
            after: Some(self.after.as_str()).filter(|text| !text.is_empty()).and_then(|text| Cursor::parse(text).ok()),
            filter: Filter {
                source: Source::parse(&self.source),
                worker: self.worker.parse().ok(),
                host: self.host.parse().ok(),
                event_type: self.event_type.parse().ok(),
                fate: Fate::parse(&self.state),
            },
        }
    }
}

impl Asked {
    /// `/calendar?view=…` with the same filter.
    pub fn at(&self, view: View, date: Option<Date>) -> String {
        self.address("/calendar", Some(view), &[("date", date.map(|date| date.to_string()))])
    }

    /// The same view, elsewhere.
    pub fn here(&self, path: &str) -> String {
        let date = self.date.map(|date| date.to_string());
        let until = self.until.map(|date| date.to_string());
        let after = self.after.as_ref().map(ToString::to_string);
        self.address(path, Some(self.view), &[("date", date), ("to", until), ("after", after)])
    }

    pub fn address(&self, path: &str, view: Option<View>, more: &[(&str, Option<String>)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(view.map(|view| ("view", view.as_str())));
        for (name, value) in more {
            query.extend_pairs(value.as_ref().map(|value| (*name, value)));
        }
        query.extend_pairs(self.filter.source.map(|source| ("source", source.as_str())));
        query.extend_pairs(self.filter.worker.map(|worker| ("worker", worker.to_string())));
        query.extend_pairs(self.filter.host.map(|host| ("host", host.to_string())));
        query.extend_pairs(self.filter.event_type.map(|event| ("event_type", event.to_string())));
        query.extend_pairs(self.filter.fate.map(|fate| ("state", fate.as_str())));
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_far_as_it_can_be_and_leads_on_with_its_filter() {
        let read = |query: &str| actix_web::web::Query::<CalendarQuery>::from_query(query).unwrap().read();
        let cases = [
            ("", "/calendar?view=week"),
            ("week=2026-11-23", "/calendar?view=week&date=2026-11-23"),
            ("view=month&date=2026-11-24&source=by_hand", "/calendar?view=month&date=2026-11-24&source=by_hand"),
            ("view=year&date=31.12.&source=x&worker=y&state=z", "/calendar?view=week"),
            ("view=day&date=9999-12-31", "/calendar?view=day"),
            (
                "view=agenda&from=2026-11-02&to=2026-11-29&state=no_show",
                "/calendar?view=agenda&date=2026-11-02&to=2026-11-29&state=no_show",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(read(query).here("/calendar"), expected, "{query}");
        }
        let month = read("view=month&date=2026-11-24&state=cancelled").at(View::Day, None);
        assert_eq!(month, "/calendar?view=day&state=cancelled");
    }
}
