//! The hours of people: several named schedules each, days that differ, days off, and journeys.
//!
//! Always true here:
//! - Everybody has hours: whoever set none has those of the workspace, and whoever has schedules has one default.
//! - Days off and journeys belong to the person, whichever schedule an event type takes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::engine::{DateRange, Hours, Travel, WallRange, WeeklyHours};
use super::model::{OpenHours, OpenTimes, Schedule};
use super::store::find_schedule;
use crate::base::{Mistakes, ScheduleId, UserId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// Schedules, days that differ, days off and journeys of one person: a page lists them all.
const MOST: usize = 100;
/// Stretches of one day.
const MOST_STRETCHES: usize = 12;
/// Characters of a name or a note.
const LONGEST: usize = 80;

/// Whose hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Of the workspace itself: what its workers offer, and whoever has set none.
    Workspace,
    Person(UserId),
}

/// All about when one owner takes meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimesOf {
    pub schedules: Vec<NamedSchedule>,
    #[serde(default)]
    pub away: Vec<Away>,
    #[serde(default)]
    pub trips: Vec<Trip>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSchedule {
    pub id: ScheduleId,
    pub name: String,
    pub hours: Schedule,
    /// In place of the weekly hours of a date, each date once; no hours: closed.
    #[serde(default)]
    pub overrides: Vec<DayOverride>,
    /// Taken where an event type names none. Exactly one of an owner's.
    #[serde(default)]
    pub is_default: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayOverride {
    pub date: Date,
    pub hours: Vec<OpenHours>,
}

/// Out of office, both dates included; goes before everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    pub from: Date,
    pub to: Date,
    #[serde(default)]
    pub note: String,
}

/// In another zone, both dates included: the hours are on that clock then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    pub from: Date,
    /// Absent: until further notice.
    #[serde(default)]
    pub to: Option<Date>,
    /// IANA name.
    pub zone: String,
}

const TIMES: Table<TimesOf> = Table::sealed(
    0x0d10,
    "hours_of_people",
    Tree::Bookings,
    Holds::User,
    Retention::Account,
    "When each person takes meetings: schedules, days that differ, days off and journeys.",
);
const OF_USER: Table<()> = Table::index(0x0d11, "hours_by_person", "In which workspaces somebody has set hours.");

pub(super) const TABLES: &[Declared] = &[Declared::personal(&TIMES, export, erase), Declared::plain(&OF_USER)];

fn key(workspace: WorkspaceId, owner: Owner) -> Key {
    let id = match owner {
        Owner::Workspace => Uuid::nil(),
        Owner::Person(user) => user.0,
    };
    Key::of(&TIMES, workspace).id(id)
}

/// Which workspace, by person: the key begins with the instance, for an erasure knows the person only.
fn by_user(user: UserId, workspace: WorkspaceId) -> Key {
    Key::of(&OF_USER, crate::base::INSTANCE).id(user.0).id(workspace.0)
}

/// The hours of an owner. Who has set none has one schedule: that of the workspace.
pub fn find_times(txn: &mut Txn<'_>, workspace: WorkspaceId, owner: Owner) -> Result<TimesOf, StoreError> {
    if let Some(own) = txn.get(&TIMES, &key(workspace, owner))? {
        return Ok(own);
    }
    match owner {
        Owner::Workspace => Ok(TimesOf::of(find_schedule(txn, workspace)?)),
        Owner::Person(_) => find_times(txn, workspace, Owner::Workspace),
    }
}

pub fn times_of(store: &Store, workspace: WorkspaceId, owner: Owner) -> Result<TimesOf, StoreError> {
    store.read(|txn| find_times(txn, workspace, owner))
}

/// Whether the owner has hours of their own.
pub fn has_own_times(txn: &mut Txn<'_>, workspace: WorkspaceId, owner: Owner) -> Result<bool, StoreError> {
    txn.exists(&TIMES, &key(workspace, owner))
}

/// Writes checked hours. Those of the workspace stay readable as its one schedule too: the default one is it.
pub fn put_times(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    owner: Owner,
    times: &TimesOf,
) -> Result<(), StoreError> {
    match owner {
        Owner::Workspace => super::store::write_schedule(txn, workspace, &times.default().hours)?,
        Owner::Person(user) => txn.mark(&OF_USER, &by_user(user, workspace))?,
    }
    txn.put(&TIMES, &key(workspace, owner), times)
}

/// The workspace's one schedule was set: it becomes the hours of its default one.
pub(super) fn follow(txn: &mut Txn<'_>, workspace: WorkspaceId, schedule: &Schedule) -> Result<(), StoreError> {
    let key = key(workspace, Owner::Workspace);
    let Some(mut times) = txn.get(&TIMES, &key)? else { return Ok(()) };
    if let Some(default) = times.schedules.iter_mut().find(|own| own.is_default) {
        default.hours = schedule.clone();
    }
    txn.put(&TIMES, &key, &times)
}

impl TimesOf {
    fn of(hours: Schedule) -> Self {
        // The same id each time, as long as nobody has written these hours.
        let id = ScheduleId(Uuid::from_u128(1));
        let only =
            NamedSchedule { id, name: "Working hours".to_owned(), hours, overrides: Vec::new(), is_default: true };
        Self { schedules: vec![only], away: Vec::new(), trips: Vec::new() }
    }

    /// The schedule that an event type asks for, else the default one.
    pub fn schedule(&self, wanted: Option<ScheduleId>) -> &NamedSchedule {
        let named = wanted.and_then(|id| self.schedules.iter().find(|own| own.id == id));
        named.unwrap_or_else(|| self.default())
    }

    pub fn default(&self) -> &NamedSchedule {
        // Checked before it is written, so the first is only ever asked of a row that is broken.
        self.schedules.iter().find(|own| own.is_default).unwrap_or(&self.schedules[0])
    }

    /// As the engine wants them.
    pub fn open_times(&self, wanted: Option<ScheduleId>) -> OpenTimes {
        let schedule = self.schedule(wanted);
        let hours = Hours {
            weekly: weekly(&schedule.hours),
            overrides: schedule.overrides.iter().map(|day| (day.date, wall_ranges(&day.hours))).collect(),
            out_of_office: self.away.iter().map(|away| DateRange { from: away.from, to: away.to }).collect(),
            travel: self.trips.iter().filter_map(Trip::as_travel).collect(),
        };
        OpenTimes { zone: schedule.hours.time_zone(), hours }
    }

    /// What is wrong with them, by the name of the part.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mut wrong = Mistakes::default();
        let defaults = self.schedules.iter().filter(|own| own.is_default).count();
        wrong.expect(defaults == 1, "schedules", "Exactly one schedule is the default.");
        for part in [self.schedules.len(), self.away.len(), self.trips.len()] {
            wrong.expect(part <= MOST, "schedules", format!("At most {MOST} of a kind."));
        }
        let mut ids: Vec<ScheduleId> = self.schedules.iter().map(|own| own.id).collect();
        ids.sort();
        ids.dedup();
        wrong.expect(ids.len() == self.schedules.len(), "schedules", "Two schedules have the same id.");
        self.schedules.iter().for_each(|schedule| schedule.check(&mut wrong));
        for away in &self.away {
            wrong.expect(away.from <= away.to, "away", "The last day must not be before the first.");
            wrong.expect(away.note.chars().count() <= LONGEST, "away", "Use at most 80 characters.");
        }
        for trip in &self.trips {
            wrong.expect(trip.to.is_none_or(|to| trip.from <= to), "trips", "The last day must not be before the first.");
            wrong.expect(TimeZone::get(&trip.zone).is_ok(), "trips", "Choose a time zone of the list.");
        }
        wrong.into_result()
    }
}

impl NamedSchedule {
    fn check(&self, wrong: &mut Mistakes) {
        let length = self.name.trim().chars().count();
        wrong.expect((1..=LONGEST).contains(&length), "name", "Write a name of at most 80 characters.");
        wrong.expect(
            TimeZone::get(&self.hours.zone).is_ok(),
            "zone",
            "Choose a time zone of the list, for example Europe/London.",
        );
        let all = self.hours.days.iter().chain(self.overrides.iter().map(|day| &day.hours));
        for day in all {
            wrong.expect(day.len() <= MOST_STRETCHES, "hours", "Use at most 12 stretches a day.");
            let fits = day.iter().all(|open| open.from < open.to && open.to <= 24 * 60);
            wrong.expect(fits, "hours", "Each stretch ends after it begins, by 24:00 at the latest.");
        }
        let mut dates: Vec<Date> = self.overrides.iter().map(|day| day.date).collect();
        dates.sort();
        dates.dedup();
        wrong.expect(dates.len() == self.overrides.len(), "overrides", "A date stands there twice.");
        wrong.expect(dates.len() <= 4 * MOST, "overrides", "Use at most 400 days.");
    }
}

impl Trip {
    fn as_travel(&self) -> Option<Travel> {
        let zone = TimeZone::get(&self.zone).ok()?;
        Some(Travel { dates: DateRange { from: self.from, to: self.to.unwrap_or(Date::MAX) }, zone })
    }
}

/// Weekly hours as the engine wants them.
pub(super) fn weekly(schedule: &Schedule) -> WeeklyHours {
    std::array::from_fn(|day| schedule.days.get(day).map(|hours| wall_ranges(hours)).unwrap_or_default())
}

fn wall_ranges(hours: &[OpenHours]) -> Vec<WallRange> {
    hours.iter().filter_map(OpenHours::as_wall).collect()
}

impl OpenHours {
    fn as_wall(&self) -> Option<WallRange> {
        let time = |minute: u16| {
            let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
            jiff::civil::Time::new(hour, minute, 0, 0).ok()
        };
        let end = match self.to {
            1440.. => None,
            minute => Some(time(minute)?),
        };
        Some(WallRange { start: time(self.from)?, end })
    }
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    store.read(|txn| {
        let mut found = Vec::new();
        for workspace in workspaces_of(txn, user)? {
            let times = txn.get(&TIMES, &key(workspace, Owner::Person(user)))?;
            found.extend(times.and_then(|times| serde_json::to_value(times).ok()));
        }
        Ok(found)
    })
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(user) = person else { return Ok(0) };
    store.write_reserved(|txn| {
        let mut gone = 0;
        for workspace in workspaces_of(txn, user)? {
            let key = key(workspace, Owner::Person(user));
            gone += usize::from(txn.exists(&TIMES, &key)?);
            txn.remove(&TIMES, &key)?;
            txn.remove(&OF_USER, &by_user(user, workspace))?;
        }
        Ok(gone)
    })
}

fn workspaces_of(txn: &mut Txn<'_>, user: UserId) -> Result<Vec<WorkspaceId>, StoreError> {
    let prefix = Key::of(&OF_USER, crate::base::INSTANCE).id(user.0);
    let keys = txn.keys(&OF_USER, &prefix, Dir::Forward, MOST)?;
    Ok(keys.iter().filter_map(Key::last_id).map(WorkspaceId).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn own(name: &str, is_default: bool) -> NamedSchedule {
        NamedSchedule {
            id: ScheduleId::new(testing::NOW),
            name: name.into(),
            hours: Schedule::office("Europe/Berlin"),
            overrides: Vec::new(),
            is_default,
        }
    }

    #[test]
    fn whoever_set_no_hours_has_those_that_the_workspace_has_had_all_along() {
        let test = testing::app();
        let person = Owner::Person(UserId::new(testing::NOW));
        let before = Schedule::office("Asia/Kolkata");
        let store = &test.app.store;
        store.write(|txn| super::super::store::put_schedule(txn, test.workspace, &before)).unwrap();
        let times = times_of(store, test.workspace, person).unwrap();
        assert_eq!(times.default().hours, before);

        let mine = TimesOf { schedules: vec![own("Mornings", false), own("Berlin", true)], away: vec![], trips: vec![] };
        mine.check().unwrap();
        store.write(|txn| put_times(txn, test.workspace, person, &mine)).unwrap();
        assert_eq!(times_of(store, test.workspace, person).unwrap(), mine);
        assert_eq!(times_of(store, test.workspace, Owner::Workspace).unwrap().default().hours, before);
    }

    #[test]
    fn the_workspaces_hours_are_one_thing_however_they_are_set() {
        let test = testing::app();
        let store = &test.app.store;
        let times = TimesOf { schedules: vec![own("Office", true)], away: vec![], trips: vec![] };
        store.write(|txn| put_times(txn, test.workspace, Owner::Workspace, &times)).unwrap();
        assert_eq!(super::super::store::schedule_of(store, test.workspace).unwrap(), times.default().hours);
        let other = Schedule::office("America/New_York");
        store.write(|txn| super::super::store::put_schedule(txn, test.workspace, &other)).unwrap();
        assert_eq!(times_of(store, test.workspace, Owner::Workspace).unwrap().default().hours, other);
    }

    #[test]
    fn wrong_hours_are_told_part_by_part() {
        let day = |from, to| OpenHours { from, to };
        let date = jiff::civil::date(2026, 12, 24);
        let cases: [(&str, fn(&mut TimesOf)); 5] = [
            ("schedules", |times| times.schedules[0].is_default = false),
            ("name", |times| times.schedules[0].name = " ".into()),
            ("zone", |times| times.schedules[0].hours.zone = "Mars/Olympus".into()),
            ("away", |times| {
                let (from, to) = (jiff::civil::date(2026, 12, 31), jiff::civil::date(2026, 12, 1));
                times.away.push(Away { from, to, note: String::new() });
            }),
            ("trips", |times| {
                times.trips.push(Trip { from: jiff::civil::date(2026, 12, 1), to: None, zone: "Nowhere".into() });
            }),
        ];
        for (field, spoil) in cases {
            let mut times = TimesOf { schedules: vec![own("Office", true)], away: vec![], trips: vec![] };
            spoil(&mut times);
            let wrong = times.check().unwrap_err();
            assert_eq!(wrong.fields().collect::<Vec<_>>(), [field]);
        }
        let mut times = TimesOf { schedules: vec![own("Office", true)], away: vec![], trips: vec![] };
        times.schedules[0].overrides = vec![DayOverride { date, hours: vec![day(600, 500)] }];
        assert_eq!(times.check().unwrap_err().fields().collect::<Vec<_>>(), ["hours"]);
    }

    #[test]
    fn the_hours_of_a_person_are_handed_out_and_erased() {
        let test = testing::app();
        let user = UserId::new(testing::NOW);
        let times = TimesOf { schedules: vec![own("Office", true)], away: vec![], trips: vec![] };
        let store = &test.app.store;
        store.write(|txn| put_times(txn, test.workspace, Owner::Person(user), &times)).unwrap();
        assert_eq!(export(store, Person::User(user)).unwrap().len(), 1);
        assert_eq!(erase(store, Person::User(user)).unwrap(), 1);
        assert!(export(store, Person::User(user)).unwrap().is_empty());
    }
}
