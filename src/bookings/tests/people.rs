//! Calendars of a person: which count, which one is written to, and what is not known of them.

use std::time::Duration;

use serde_json::json;

use super::desk::{at, Desk};
use crate::authz::{Actor, Role};
use crate::availability::{self, Busy, CalendarRef, ChooseError, Span};
use crate::base::UserId;
use crate::connections::tests::world::OWNER;
use crate::connections::with_calendar;
use crate::store::Txn;
use crate::testing;
use crate::workspaces;

struct Team {
    desk: Desk,
    /// Who connected the account.
    robin: Actor,
    /// A colleague without a calendar.
    vic: Actor,
}

fn member(desk: &Desk, name: &str, role: Role) -> Actor {
    let add = workspaces::AddUser {
        email: crate::base::EmailAddress::parse(&format!("{name}@fernhill.example")).unwrap(),
        name: name.into(),
        workspace: "fernhill".into(),
        role,
        password: "moor-lantern-rowboat-17".into(),
        api_key: false,
    };
    workspaces::add_user(desk.app(), &add).unwrap();
    let found = workspaces::list_members(desk.app(), &desk.world.owner).unwrap();
    let (member, _) = found.into_iter().find(|(_, user)| user.name == name).unwrap();
    Actor { user: Some(member.user), role, session: None, ..desk.world.owner.clone() }
}

fn team() -> Team {
    let desk = Desk::new();
    let robin = member(&desk, "Robin", Role::Admin);
    let vic = member(&desk, "Vic", Role::Agent);
    let made_by = robin.user;
    crate::connections::update(&desk.app().store, desk.world.test.workspace, desk.connection.id, |connection| {
        connection.made_by = made_by;
    })
    .unwrap();
    Team { desk, robin, vic }
}

impl Team {
    fn cached(&self, who: &Actor, from: &str, until: &str) -> Busy {
        let range = Span::new(at(from), at(until));
        let app = self.desk.app();
        let busy = |txn: &mut Txn<'_>| availability::busy_of(app, txn, who.workspace, who.user.unwrap(), range);
        app.store.read(busy).unwrap()
    }

    fn asked(&self, who: &Actor, from: &str, until: &str) -> Busy {
        let range = Span::new(at(from), at(until));
        availability::busy_of_now(self.desk.app(), who.workspace, who.user.unwrap(), range, None).unwrap()
    }

    fn calendars(&self) -> Vec<CalendarRef> {
        let connection = self.desk.connection.id;
        let listed = with_calendar(self.desk.app(), self.robin.workspace, connection, |one| one.list_calendars());
        listed.unwrap().into_iter().map(|entry| CalendarRef { connection, calendar: entry.id }).collect()
    }

    fn choose(
        &self,
        by: &Actor,
        who: &Actor,
        write_to: Option<CalendarRef>,
        conflicts: &[CalendarRef],
    ) -> Result<(), ChooseError> {
        let chosen = availability::choose(self.desk.app(), by, who.user.unwrap(), write_to, conflicts.to_vec());
        self.desk.settle();
        chosen.map(drop)
    }
}

/// Thursday 26 November has something at 16:15 in the calendar of the sandbox ("the stock count").
const THURSDAY: (&str, &str) = ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z");

#[test]
fn the_calendars_of_an_account_are_those_of_whoever_connected_it_until_somebody_chooses() {
    let team = team();
    let (app, workspace) = (team.desk.app(), team.robin.workspace);
    let own = availability::calendars_of(&app.store, workspace, team.robin.user.unwrap()).unwrap();
    assert!(own.is_default && own.write_to.is_some() && !own.conflicts.is_empty(), "{own:?}");
    let cached = team.cached(&team.robin, THURSDAY.0, THURSDAY.1);
    let Busy::Known(busy) = &cached else { panic!("{cached:?}") };
    assert!(!busy.is_empty());
    assert_eq!(team.asked(&team.robin, THURSDAY.0, THURSDAY.1), cached, "asked now it is the same");
    let none = availability::calendars_of(&app.store, workspace, team.vic.user.unwrap()).unwrap();
    assert!(none.is_default && none.counted().is_empty(), "{none:?}");
    assert_eq!(team.cached(&team.vic, THURSDAY.0, THURSDAY.1), Busy::Known(vec![]));
}

#[test]
fn an_admin_gives_a_colleague_calendars_and_the_colleague_cannot_take_them() {
    let team = team();
    let all = team.calendars();
    assert!(all.len() > 1, "{all:?}");
    let own = team.choose(&team.vic, &team.vic, None, &all);
    assert!(matches!(own, Err(ChooseError::Invalid(_))), "{own:?}");
    let others = team.choose(&team.vic, &team.robin, None, &[]);
    assert!(matches!(others, Err(ChooseError::Denied(_))), "{others:?}");
    team.choose(&team.robin, &team.vic, None, &all).unwrap();
    let known = team.cached(&team.vic, THURSDAY.0, THURSDAY.1);
    assert!(matches!(&known, Busy::Known(busy) if !busy.is_empty()), "{known:?}");
    // What was given may be chosen from afterwards.
    team.choose(&team.vic, &team.vic, None, &all[..1]).unwrap();
    let nobody = Actor { user: Some(UserId::new(testing::NOW)), ..team.vic.clone() };
    assert!(matches!(team.choose(&team.robin, &nobody, None, &[]), Err(ChooseError::NotFound)));
}

#[test]
fn a_calendar_that_may_only_be_read_is_not_written_to() {
    let team = team();
    let listed =
        with_calendar(team.desk.app(), team.robin.workspace, team.desk.connection.id, |one| one.list_calendars());
    let (writable, read_only): (Vec<_>, Vec<_>) = listed.unwrap().into_iter().partition(|entry| entry.is_writable());
    let refer = |id: &str| CalendarRef { connection: team.desk.connection.id, calendar: id.to_owned() };
    let refused = team.choose(&team.robin, &team.robin, Some(refer(&read_only[0].id)), &[]);
    assert!(matches!(refused, Err(ChooseError::Invalid(_))), "{refused:?}");
    team.choose(&team.robin, &team.robin, Some(refer(&writable[0].id)), &[]).unwrap();
}

#[test]
fn what_cannot_be_read_is_unknown_and_never_free() {
    let team = team();
    let every = team.desk.app().config.jobs.calendar_sync;
    team.desk.world.control("faults", &json!({"match": "* /google/calendar/v3/", "status": 503, "times": 999}));
    let asked = team.asked(&team.robin, THURSDAY.0, THURSDAY.1);
    assert!(matches!(asked, Busy::Unknown { .. }), "{asked:?}");
    assert!(matches!(team.cached(&team.robin, THURSDAY.0, THURSDAY.1), Busy::Known(_)), "read a moment ago");
    for _ in 0..5 {
        team.desk.advance(every + Duration::from_secs(60));
    }
    let old = team.cached(&team.robin, THURSDAY.0, THURSDAY.1);
    assert!(matches!(old, Busy::Unknown { .. }), "{old:?}");
    let beyond = team.cached(&team.robin, "2027-08-01T00:00:00Z", "2027-08-02T00:00:00Z");
    assert!(matches!(beyond, Busy::Unknown { .. }), "further than anything is read: {beyond:?}");
}

#[test]
fn a_grant_that_was_withdrawn_leaves_the_person_unknown_and_says_why() {
    let team = team();
    team.desk.world.control("revoke", &json!({"email": OWNER}));
    team.desk.advance(team.desk.app().config.jobs.calendar_sync * 20);
    let Busy::Unknown { reason } = team.cached(&team.robin, THURSDAY.0, THURSDAY.1) else { panic!("known") };
    assert!(reason.contains("robin@larkfield.example"), "{reason}");
    assert!(matches!(team.asked(&team.robin, THURSDAY.0, THURSDAY.1), Busy::Unknown { .. }));
}
