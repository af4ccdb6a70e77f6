//! Accounts that hold meetings: consent, scopes, refusals, checks and the way out.

use serde_json::json;

use super::world::{World, OWNER};
use crate::connections::{self, ConnectError, Kind, Provider, Use, Withdrawn};

const HOSTS: [Provider; 3] = [Provider::Zoom, Provider::Webex, Provider::Goto];

#[test]
fn an_account_is_connected_for_meetings_alone_and_answers_when_it_is_checked() {
    let world = World::start();
    for provider in HOSTS {
        let connection = world.connect_host(provider);
        assert_eq!((connection.address.display(), &connection.uses[..]), (OWNER, &[Use::Meetings][..]), "{provider:?}");
        assert!(
            matches!(&connection.kind, Kind::Meetings(account) if account.host == provider && !account.scopes.is_empty())
        );
        let tried = connections::check(&world.test.app, &world.owner, connection.id).unwrap();
        assert!(tried.len() == 1 && tried[0].ok, "{tried:?}");
        assert!(world.meetings_at(provider.word()).is_empty(), "nothing is made for it");
        let again = world.try_connect_host(provider).unwrap();
        assert!(again.is_again && again.connection.id == connection.id, "{provider:?}");
    }
    assert_eq!(connections::list(&world.test.app.store, world.test.workspace).unwrap().len(), 3);
}

#[test]
fn only_webex_is_asked_for_permissions_by_name_and_none_for_mail() {
    let world = World::start();
    for provider in HOSTS {
        let page = connections::begin(&world.test.app, &world.owner, provider, &[Use::Meetings], None).unwrap();
        let scope = page.query_pairs().find(|(name, _)| name == "scope").map(|(_, value)| value.into_owned());
        let expected = "spark:people_read meeting:schedules_write meeting:schedules_read";
        assert_eq!(scope.as_deref(), (provider == Provider::Webex).then_some(expected), "{provider:?}");
        let refused = connections::begin(&world.test.app, &world.owner, provider, &[Use::Outreach], None);
        assert!(matches!(refused, Err(ConnectError::NotOffered)), "{provider:?}");
    }
}

#[test]
fn teams_is_for_work_and_school_accounts_and_needs_no_mailbox() {
    let world = World::at(Provider::Microsoft);
    world.control("settings", &json!({"personal_account": true}));
    let refused = world.try_connect_host(Provider::Microsoft);
    assert!(matches!(&refused, Err(ConnectError::Unusable(words)) if words.contains("work or school")), "{refused:?}");
    world.control("settings", &json!({"personal_account": false}));
    world.forget_requests();
    let connection = world.connect_host(Provider::Microsoft);
    assert_eq!(connection.uses, [Use::Meetings]);
    assert!(!world.requests().iter().any(|request| request.contains("/messages") || request.contains("mailFolders")));
    let tried = connections::check(&world.test.app, &world.owner, connection.id).unwrap();
    assert_eq!(tried.iter().map(|one| (one.what.as_str(), one.ok)).collect::<Vec<_>>(), [("Microsoft Teams", true)]);
    // Mail may be added to it later.
    let both = world.connect(&[Use::Outreach]);
    assert_eq!((both.id, &both.uses[..]), (connection.id, &[Use::Outreach, Use::Meetings][..]));
}

#[test]
fn zoom_takes_its_access_back_and_the_others_leave_that_to_the_person() {
    let world = World::start();
    for provider in HOSTS {
        let connection = world.connect_host(provider);
        let (gone, withdrawn) = connections::disconnect(&world.test.app, &world.owner, connection.id).unwrap();
        let expected = if provider == Provider::Zoom { Withdrawn::Done } else { Withdrawn::ByPersonOnly };
        assert_eq!((gone.is_disconnected(), withdrawn), (true, expected), "{provider:?}");
        world.forget_requests();
        let asked = connections::meeting_session(&world.test.app, gone.workspace, gone.id, |client| client.cancel("1"));
        assert!(asked.is_err() && world.requests().is_empty(), "{provider:?}");
    }
}
