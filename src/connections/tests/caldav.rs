//! Connecting a calendar at any server: what is said when it does not work, and that nothing is kept then.

use super::world::{World, OWNER};
use crate::authz::{Actor, Role};
use crate::base::EmailAddress;
use crate::connections::{self, connect_calendar, CalendarSettings, ConnectionError};
use crate::providers::Secret;

fn settings(server: &str, password: &str) -> CalendarSettings {
    CalendarSettings {
        address: EmailAddress::parse(OWNER).unwrap(),
        server: server.into(),
        user: String::new(),
        password: Secret::new(password),
    }
}

#[test]
fn the_step_that_fails_is_named_and_nothing_is_saved() {
    let world = World::start();
    let (app, owner) = (&world.test.app, &world.owner);
    let nothing = format!("{}/nothing/here/", world.sandbox.url);
    let cases = [
        // What is there leads to where the calendars are, and they are not this password's.
        (nothing.as_str(), "Sign-in", "password"),
        ("http://127.0.0.1:1/", "Server", "does not answer as a calendar server"),
        // Of a private network, which the operator has not listed.
        ("https://10.0.0.1/dav/", "Server", "does not answer as a calendar server"),
        ("https://", "Server", "no address"),
    ];
    for (server, name, words) in cases {
        let attempt = connect_calendar(app, owner, &settings(server, "secret"), None).unwrap();
        let step = attempt.steps.last().unwrap();
        assert_eq!((step.name, step.ok, attempt.connection.is_none()), (name, false, true), "{server}");
        assert!(step.words.contains(words), "{server}: {}", step.words);
        assert!(!step.words.contains("secret"), "{server}");
    }
    assert_eq!(connections::list(&app.store, world.test.workspace).unwrap(), []);
}

#[test]
fn a_calendar_is_connected_with_a_password_and_by_whoever_may() {
    let world = World::start();
    let empty = connect_calendar(&world.test.app, &world.owner, &settings("", ""), None);
    assert!(matches!(&empty, Err(ConnectionError::Invalid(fields)) if fields[0].0 == "password"), "{empty:?}");
    let agent = Actor { role: Role::Agent, ..world.owner.clone() };
    let refused = connect_calendar(&world.test.app, &agent, &settings("", "x"), None);
    assert!(matches!(refused, Err(ConnectionError::Denied(_))), "{refused:?}");
}
