//! Days on which nothing of a sequence leaves: public holidays of the recipient's country, and days that the workspace
//! lists. A day is one of the recipient's calendar, on the recipient's clock.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::holidays::{country_name, country_of_zone, holiday};
use super::model::SendingHours;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::WorkspaceId;
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const DAYS_OFF: Table<DaysOff> = Table::sealed(
    0x0a21,
    "days_off",
    Tree::Outreach,
    Holds::Nothing,
    Retention::Account,
    "On which days the workspace sends nothing of its sequences.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&DAYS_OFF)];

/// Spans of days that a workspace may list.
const MOST_LISTED: usize = 100;
const NAME_CHARS: usize = 80;
/// Days of one span. Longer than this nobody is away; a wrong year would hold all mail.
const MOST_DAYS: i32 = 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaysOff {
    /// Public holidays of the recipient's country count.
    pub public_holidays: bool,
    #[serde(default)]
    pub listed: Vec<Listed>,
}

/// From the first to the last day, YYYY-MM-DD, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub first: String,
    pub last: String,
    #[serde(default)]
    pub name: String,
}

impl Default for DaysOff {
    fn default() -> Self {
        Self { public_holidays: true, listed: Vec::new() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DaysOffError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What is wrong with a line (from 1) of the list.
    #[error("line {0}: {1}")]
    Line(usize, &'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DaysOff {
    /// The name of what is kept on a day of the recipient's calendar; none on a day like any other.
    pub fn name_of(&self, hours: &SendingHours, date: Date) -> Option<String> {
        let text = date.to_string();
        let listed = self.listed.iter().find(|listed| listed.first <= text && text <= listed.last);
        if let Some(listed) = listed {
            let name = if listed.name.is_empty() { "a day on your list" } else { &listed.name };
            return Some(name.to_owned());
        }
        let country =
            hours.country.as_deref().or_else(|| country_of_zone(&hours.zone)).filter(|_| self.public_holidays)?;
        let name = holiday(country, date)?;
        Some(format!("{name} in {}", country_name(country).unwrap_or(country)))
    }

    /// Reads a list of lines: "2026-12-24", "2026-12-24 Christmas Eve", "2026-12-24 to 2027-01-03 Between the years".
    pub fn read_lines(text: &str) -> Result<Vec<Listed>, DaysOffError> {
        let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
        let lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty()).collect();
        if let Some((number, _)) = lines.get(MOST_LISTED) {
            return Err(DaysOffError::Line(*number, "At most 100 lines."));
        }
        lines
            .into_iter()
            .map(|(number, line)| Listed::read(line).map_err(|words| DaysOffError::Line(number, words)))
            .collect()
    }

    pub fn lines(&self) -> String {
        self.listed.iter().map(Listed::line).collect::<Vec<_>>().join("\n")
    }
}

impl Listed {
    pub fn read(line: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "Begin with a day as 2026-12-24, or with two: 2026-12-24 to 2027-01-03.";
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let first: Date = first.parse().map_err(|_| WRONG)?;
        let (last, name) = match rest.trim_start().strip_prefix("to ") {
            None => (first, rest),
            Some(rest) => {
                let (last, name) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
                (last.parse().map_err(|_| WRONG)?, name)
            }
        };
        if last < first {
            return Err("The last day lies before the first.");
        }
        if (last - first).get_days() >= MOST_DAYS {
            return Err("At most 60 days in one line. Pause the worker to send nothing for longer.");
        }
        if name.chars().count() > NAME_CHARS {
            return Err("A name has at most 80 characters.");
        }
        Ok(Self { first: first.to_string(), last: last.to_string(), name: name.trim().to_owned() })
    }

    fn line(&self) -> String {
        let days =
            if self.first == self.last { self.first.clone() } else { format!("{} to {}", self.first, self.last) };
        format!("{days} {}", self.name).trim_end().to_owned()
    }
}

fn key(workspace: WorkspaceId) -> Key {
    Key::of(&DAYS_OFF, workspace).id(Uuid::nil())
}

/// Without a row of its own a workspace keeps public holidays.
pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<DaysOff, StoreError> {
    Ok(txn.get(&DAYS_OFF, &key(workspace))?.unwrap_or_default())
}

pub fn get(store: &Store, workspace: WorkspaceId) -> Result<DaysOff, StoreError> {
    store.read(|txn| find(txn, workspace))
}

pub fn set(app: &App, actor: &Actor, wanted: &DaysOff) -> Result<(), DaysOffError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        txn.put(&DAYS_OFF, &key(actor.workspace), wanted)?;
        let detail = if wanted.public_holidays { "public holidays kept" } else { "public holidays not kept" };
        audit::record(txn, actor.workspace, now, &Who::of(actor), "days_off.changed", "workspace", detail)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_days_are_read_as_people_write_them() {
        let text = "2026-12-24 Christmas Eve\n\n 2026-12-28 to 2026-12-30 Between the years\n2027-01-04";
        let listed = DaysOff::read_lines(text).unwrap();
        let off = DaysOff { public_holidays: false, listed };
        assert_eq!(off.lines(), text.replace("\n\n ", "\n"));
        let hours = SendingHours { zone: "Europe/London".into(), ..SendingHours::any_time() };
        let name = |date: &str| off.name_of(&hours, date.parse().unwrap());
        assert_eq!(name("2026-12-29").as_deref(), Some("Between the years"));
        assert_eq!(name("2027-01-04").as_deref(), Some("a day on your list"));
        assert_eq!((name("2026-12-25"), name("2026-12-31")), (None, None), "public holidays are switched off");
        let wrong = [
            ("Christmas", "Begin with"),
            ("2026-12-24 to 2026-12-01 x", "before the first"),
            ("2026-12-24 to 2062-01-03", "At most 60 days"),
            ("2026-01-01 to 2026-03-02", "At most 60 days"),
        ];
        assert!(DaysOff::read_lines("2026-01-01 to 2026-03-01").is_ok(), "60 days");
        for (line, words) in wrong {
            let Err(DaysOffError::Line(1, found)) = DaysOff::read_lines(line) else { panic!("{line}") };
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn a_holiday_is_that_of_the_recipients_own_country() {
        let off = DaysOff::default();
        let of = |zone: &str, country: Option<&str>| {
            let hours =
                SendingHours { zone: zone.into(), country: country.map(str::to_owned), ..SendingHours::any_time() };
            off.name_of(&hours, "2026-11-26".parse().unwrap())
        };
        assert_eq!(of("America/New_York", None).as_deref(), Some("Thanksgiving in United States"));
        assert_eq!(of("Europe/London", None), None);
        assert_eq!(of("Europe/London", Some("US")).as_deref(), Some("Thanksgiving in United States"));
    }
}
