use std::time::Duration;

use serde_json::json;

use super::world::{World, OWNER};
use crate::authz::Actor;
use crate::base::{ConnectionId, SessionId};
use crate::connections::{self, ConnectError, Kind, Provider, State, Use, Withdrawn};
use crate::events::{self, Happened};
use crate::mailer;
use crate::providers::ProviderError;
use crate::testing::{self, NOW};
use crate::workers::{self, WorkerForm, WorkerState};
use crate::workspaces;

/// The same story with an account at each provider.
fn at_each(story: impl Fn(World)) {
    for provider in [Provider::Google, Provider::Microsoft] {
        story(World::at(provider));
    }
}

fn happened(world: &World) -> Vec<Happened> {
    let page = events::list(&world.test.app.store, world.test.workspace, None, 100).unwrap();
    page.rows.into_iter().map(|event| event.what).collect()
}

#[test]
fn connecting_google_asks_for_what_the_use_needs_and_begins_reading_from_now() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach, Use::Calendar]);
    assert_eq!(connection.address.display(), OWNER);
    assert_eq!(connection.uses, [Use::Outreach, Use::Calendar]);
    let Kind::Google(google) = &connection.kind else { panic!("not Google") };
    assert!(google.history_cursor.is_some());
    assert!(google.calendar_id.is_some() && google.busy_calendars.len() == 1);
    assert_eq!(world.ask_mailbox(&connection).unwrap(), OWNER);
    assert!(happened(&world).contains(&Happened::ConnectionMade { connection: connection.id }));
    let calls = connections::list_calls(&world.test.app, world.test.workspace, connection.id, None, 100).unwrap();
    assert!(calls.rows.iter().any(|call| call.url.ends_with("/token")), "the exchange is on the record");
    assert!(calls.rows.iter().any(|call| call.url.ends_with("/profile")));
}

#[test]
fn an_unticked_permission_is_named_and_nothing_is_saved() {
    at_each(|world| {
        let (left_out, named) = match world.provider {
            Provider::Google => ("gmail.readonly", "Read your e-mail"),
            _ => ("Mail.Read", "Read your mail"),
        };
        match world.try_connect(&[Use::Outreach], &[left_out]) {
            Err(ConnectError::NotGranted(names)) => assert_eq!(names, [named]),
            other => panic!("{other:?}"),
        }
        assert_eq!(connections::list(&world.test.app.store, world.test.workspace).unwrap(), []);
        let is_given_back = world.requests().iter().any(|request| request.ends_with("/google/revoke"));
        assert_eq!(is_given_back, world.provider == Provider::Google, "as far as its provider takes it back");
    });
}

#[test]
fn a_consent_works_once_and_only_in_the_browser_that_began_it() {
    at_each(|world| {
        let app = &world.test.app;
        let begin = || world.begin(&[Use::Outreach]).unwrap();
        let refused = |actor: &Actor, answer: &connections::ConsentAnswer| {
            matches!(connections::finish(app, actor, world.provider, answer), Err(ConnectError::NotBegunHere))
        };

        let answer = world.consent(&begin(), &[]);
        let other_browser = Actor { session: Some(SessionId::new(NOW)), ..world.owner.clone() };
        assert!(refused(&other_browser, &answer));
        assert!(refused(&world.owner, &answer), "a state is used up by a wrong try too");

        let answer = world.consent(&begin(), &[]);
        assert!(world.finish(&answer).is_ok());
        assert!(refused(&world.owner, &answer), "again");

        let answer = world.consent(&begin(), &[]);
        world.advance(Duration::from_secs(601));
        assert!(refused(&world.owner, &answer), "too late");

        let declined = world.decline(&begin());
        assert!(matches!(world.finish(&declined), Err(ConnectError::Declined)));
    });
}

#[test]
fn the_same_account_again_renews_its_connection_and_adds_uses() {
    let world = World::start();
    let first = world.connect(&[Use::Outreach]);
    let again = world.try_connect(&[Use::Calendar], &[]).unwrap();
    assert!(again.is_again);
    assert_eq!(again.connection.id, first.id);
    assert_eq!(again.connection.uses, [Use::Outreach, Use::Calendar]);
    assert_eq!(connections::list(&world.test.app.store, world.test.workspace).unwrap().len(), 1);
}

#[test]
fn a_token_is_refreshed_once_however_many_ask_and_is_kept() {
    at_each(|world| {
        let connection = world.connect(&[Use::Outreach]);
        world.advance(Duration::from_secs(3_600));
        world.forget_requests();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| world.ask_mailbox(&connection).unwrap());
            }
        });
        let refreshes =
            |world: &World| world.requests().iter().filter(|request| request.ends_with(world.tokens())).count();
        assert_eq!(refreshes(&world), 1);
        world.ask_mailbox(&connection).unwrap();
        assert_eq!(refreshes(&world), 1, "the new token was stored");
    });
}

#[test]
fn a_new_refresh_token_takes_the_place_of_the_old_one() {
    at_each(|world| {
        let connection = world.connect(&[Use::Outreach]);
        world.control("settings", &json!({"rotate_refresh": true}));
        for hour in 1..4 {
            world.advance(Duration::from_secs(3_600));
            assert_eq!(world.ask_mailbox(&connection).unwrap(), OWNER, "hour {hour}: the token before has ended");
        }
    });
}

#[test]
fn a_token_refused_before_its_time_is_refreshed_once() {
    at_each(|world| {
        let connection = world.connect(&[Use::Outreach]);
        world.control("faults", &json!({"match": world.reading(), "status": 401, "times": 1}));
        assert_eq!(world.ask_mailbox(&connection).unwrap(), OWNER);
        world.control("faults", &json!({"match": world.reading(), "status": 401, "times": 2}));
        assert!(matches!(world.ask_mailbox(&connection), Err(ProviderError::Reconnect { .. })));
    });
}

#[test]
fn a_revoked_grant_marks_the_connection_and_pauses_its_workers() {
    at_each(|world| {
        let app = &world.test.app;
        let connection = world.connect(&[Use::Outreach]);
        let form = WorkerForm { name: "Hotels".into(), mailbox: Some(connection.id), ..WorkerForm::default() };
        let worker = workers::create(app, &world.owner, &form).unwrap();
        workers::activate(app, &world.owner, worker.id, &|_, _| Ok(Vec::new())).unwrap();

        world.control("revoke", &json!({"email": OWNER}));
        assert!(matches!(world.ask_mailbox(&connection), Err(ProviderError::Reconnect { .. })));
        match world.stored(&connection).state {
            State::NeedsOwner { reason, .. } => assert!(reason.contains("Sign in again"), "{reason}"),
            other => panic!("{other:?}"),
        }
        let worker = workers::get(&app.store, world.test.workspace, worker.id).unwrap().unwrap();
        assert!(matches!(worker.state, WorkerState::Paused(off) if off.by_itself && off.reason.contains(OWNER)));
        let lost = |what: &Happened| matches!(what, Happened::ConnectionLost { .. });
        assert_eq!(happened(&world).iter().filter(|what| lost(what)).count(), 1);

        let again = world.try_connect(&[Use::Outreach], &[]).unwrap();
        assert_eq!((again.connection.id, again.connection.state), (connection.id, State::Working));
        assert_eq!(world.ask_mailbox(&connection).unwrap(), OWNER);
    });
}

#[test]
fn disconnecting_erases_first_then_withdraws_and_nothing_is_fetched_afterwards() {
    at_each(|world| {
        let app = &world.test.app;
        let connection = world.connect(&[Use::Outreach]);
        let sealed = match &connection.kind {
            Kind::Google(google) => google.credentials.clone().unwrap().sealed,
            Kind::Microsoft(microsoft) => microsoft.credentials.clone().unwrap().sealed,
            Kind::SmtpImap(_) | Kind::Meetings(_) | Kind::CalDav(_) => panic!("no mailbox let in by consent"),
        };
        let (gone, withdrawn) = connections::disconnect(app, &world.owner, connection.id).unwrap();
        let expected = match world.provider {
            Provider::Google => Withdrawn::Done,
            _ => Withdrawn::ByPersonOnly,
        };
        assert_eq!(withdrawn, expected);
        assert!(gone.is_disconnected());
        assert!(app.store.open_secret(&sealed).is_err(), "the key of the tokens is gone");
        world.forget_requests();
        assert!(world.ask_mailbox(&connection).is_err());
        assert_eq!(world.requests(), Vec::<String>::new());
        assert!(matches!(connections::disconnect(app, &world.owner, connection.id), Ok((_, Withdrawn::NotNeeded))));
    });
}

#[test]
fn disconnecting_erases_even_when_google_does_not_answer() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach]);
    world.control("faults", &json!({"match": "POST /google/revoke", "status": 503, "times": 9}));
    let (gone, withdrawn) = connections::disconnect(&world.test.app, &world.owner, connection.id).unwrap();
    assert!(gone.is_disconnected());
    assert!(matches!(withdrawn, Withdrawn::NotAnswered(_)), "{withdrawn:?}");
}

#[test]
fn a_withdrawal_that_fails_in_passing_is_tried_again() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach]);
    world.control("faults", &json!({"match": "POST /google/revoke", "status": 500, "times": 2}));
    let (_, withdrawn) = connections::disconnect(&world.test.app, &world.owner, connection.id).unwrap();
    assert_eq!(withdrawn, Withdrawn::Done);
}

#[test]
fn of_all_connections_one_that_cannot_be_erased_keeps_none_of_the_others_from_being_withdrawn() {
    let world = World::start();
    let app = &world.test.app;
    let whole = world.connect(&[Use::Outreach]);
    let mut broken =
        connections::Connection { id: ConnectionId::new(NOW.plus(Duration::from_secs(1))), ..whole.clone() };
    if let Kind::Google(google) = &mut broken.kind {
        let no_such_key = serde_json::from_value(json!({"slot": 1_000_000, "bytes": []})).unwrap();
        google.credentials.as_mut().unwrap().sealed = no_such_key;
    }
    app.store.write(|txn| connections::put(txn, &broken)).unwrap();
    world.forget_requests();
    assert!(connections::disconnect_all(app, &world.owner).is_err());
    assert!(world.stored(&whole).is_disconnected() && !world.stored(&broken).is_disconnected());
    assert!(world.requests().iter().any(|line| line.contains("/revoke")), "{:?}", world.requests());
}

#[test]
fn a_workspace_that_is_being_closed_meanwhile_gets_no_connection_and_keeps_no_access() {
    let world = World::start();
    let app = &world.test.app;
    let page = world.begin(&[Use::Outreach]).unwrap();
    let answer = world.consent(&page, &[]);
    let before = workspaces::get(&app.store, world.test.workspace).unwrap().unwrap();
    let closing = workspaces::Closing { at: NOW, by: None, ends_at: NOW.plus(Duration::from_secs(60)) };
    let after = workspaces::Workspace { closing: Some(closing), ..before.clone() };
    app.store.write(|txn| workspaces::put(txn, &after, Some(&before))).unwrap();
    world.forget_requests();
    assert!(matches!(world.finish(&answer), Err(ConnectError::Closing)));
    assert!(world.requests().iter().any(|line| line.contains("/revoke")), "{:?}", world.requests());
    let typed = super::mailbox::settings(&world, crate::sandbox::MAIL_PASSWORD);
    let mailbox = connections::connect_mailbox(app, &world.owner, &typed, None, true);
    assert!(matches!(mailbox, Err(connections::ConnectionError::Closing)));
    assert_eq!(connections::list(&app.store, world.test.workspace).unwrap(), []);
}

#[test]
fn only_calendars_of_the_account_can_be_chosen() {
    let world = World::start();
    let connection = world.connect(&[Use::Calendar]);
    let app = &world.test.app;
    let offered = connections::calendars(app, &world.owner, connection.id).unwrap();
    let own = offered.iter().find(|calendar| calendar.is_writable()).unwrap();
    let chosen = connections::choose_calendars(app, &world.owner, connection.id, &own.id, &[]).unwrap();
    let Kind::Google(google) = &chosen.kind else { panic!("not Google") };
    assert_eq!(google.busy_calendars, std::slice::from_ref(&own.id), "the one written to always counts");
    let foreign = connections::choose_calendars(app, &world.owner, connection.id, "somebody@else.example", &[]);
    assert!(matches!(foreign, Err(connections::ConnectionError::Invalid(_))));
}

#[test]
fn old_calls_are_swept_and_new_ones_stay() {
    let world = World::start();
    let app = &world.test.app;
    let connection = world.connect(&[Use::Outreach]);
    let count = || connections::list_calls(app, world.test.workspace, connection.id, None, 100).unwrap().rows.len();
    let before = count();
    assert!(before > 0);
    world.advance(Duration::from_secs(60));
    let middle = app.now();
    world.advance(Duration::from_secs(60));
    world.ask_mailbox(&connection).unwrap();
    assert_eq!(count(), before + 1);
    connections::sweep_calls(app, middle).unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn the_owners_get_one_mail_when_a_connection_needs_them() {
    for provider in [Provider::Google, Provider::Microsoft] {
        let world = World::start_with(provider, &testing::MAIL);
        let app = &world.test.app;
        testing::add_members(app);
        let connection = world.connect(&[Use::Outreach]);
        world.control("revoke", &json!({"email": OWNER}));
        for _ in 0..2 {
            assert!(matches!(world.ask_mailbox(&connection), Err(ProviderError::Reconnect { .. })));
        }
        let letters = mailer::waiting(&app.store).unwrap();
        let mut to: Vec<&str> = letters.iter().map(|letter| letter.to.display()).collect();
        to.sort_unstable();
        assert_eq!(to, ["ann@fernhill.example", "nora@fernhill.example"], "once, and to who may mend it");
        assert!(letters[0].subject.starts_with(OWNER), "{}", letters[0].subject);
        assert!(letters[0].text.contains(&format!("/connections/{}", connection.id)), "{}", letters[0].text);
        assert!(matches!(world.stored(&connection).state, State::NeedsOwner { .. }));
    }
}
