//! What is Microsoft's own way of being connected.

use std::time::Duration;

use serde_json::json;
use url::Url;

use super::world::{World, OWNER};
use crate::connections::{self, ConnectError, Hurdle, Kind, Provider, State, Use};
use crate::providers::microsoft::mail::Mail;
use crate::providers::ProviderError;

fn world() -> World {
    World::at(Provider::Microsoft)
}

#[test]
fn connecting_microsoft_asks_for_what_the_use_needs_and_begins_reading_from_now() {
    let world = world();
    let arrives = |id: &str| {
        let raw = format!("From: ann@x.example\nMessage-ID: <{id}@x.example>\nSubject: Hello\n\nx");
        world.control("mail", &json!({"to": OWNER, "raw": raw}));
        world.advance(Duration::from_secs(60));
    };
    arrives("before");
    let page = world.begin(&[Use::Outreach]).unwrap();
    let scope = page.query_pairs().find(|(name, _)| name == "scope").unwrap().1.into_owned();
    assert_eq!(scope, "openid offline_access User.Read Mail.Send Mail.Read");
    let connection = world.connect(&[Use::Outreach]);
    assert_eq!(connection.address.display(), OWNER);
    arrives("after");
    let Kind::Microsoft(microsoft) = &connection.kind else { panic!("not Microsoft") };
    let folders: Vec<&str> = microsoft.folders.iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(folders, ["inbox", "junkemail", "archive", "deleteditems"]);
    let link = Url::parse(&microsoft.folders[0].link).unwrap();
    let (app, workspace) = (&world.test.app, world.test.workspace);
    let seen = connections::microsoft_session(app, workspace, connection.id, |session| Mail(session).changes(&link));
    let seen: Vec<_> = seen.unwrap().heads.into_iter().filter_map(|head| head.internet_message_id).collect();
    assert_eq!(seen, ["<after@x.example>"], "what came in before is never looked at");
    let calls = connections::list_calls(app, workspace, connection.id, None, 100).unwrap();
    assert!(calls.rows.iter().any(|call| call.url.ends_with("/oauth2/v2.0/token")), "the exchange is on the record");
}

#[test]
fn a_calendar_alone_asks_for_no_mail_and_begins_with_the_accounts_own() {
    let world = world();
    let page = world.begin(&[Use::Calendar]).unwrap();
    let scope = page.query_pairs().find(|(name, _)| name == "scope").unwrap().1.into_owned();
    assert_eq!(scope, "openid offline_access User.Read Calendars.ReadWrite");
    let connection = world.connect(&[Use::Calendar]);
    let calendars = connection.calendars().unwrap();
    assert!(calendars.write_to.is_some() && calendars.busy.len() == 1, "{calendars:?}");
    let asked = world.requests();
    assert!(!asked.iter().any(|url| url.contains("mailFolders")), "{asked:?}");
    let tried = connections::check(&world.test.app, &world.owner, connection.id).unwrap();
    assert_eq!(
        tried.iter().map(|one| (one.what.as_str(), one.ok)).collect::<Vec<_>>(),
        [("Microsoft 365 calendar", true)]
    );
}

#[test]
fn an_organisation_that_lets_its_administrator_decide_is_told_from_a_persons_no() {
    let world = world();
    world.control("settings", &json!({"admin_consent": true}));
    let held_up = world.try_connect(&[Use::Outreach], &[]);
    assert!(matches!(held_up, Err(ConnectError::Hurdle(Hurdle::NeedsAdministrator))), "{held_up:?}");
    world.control("settings", &json!({"admin_consent": false}));
    assert!(world.try_connect(&[Use::Outreach], &[]).is_ok());
}

#[test]
fn an_answer_of_one_provider_is_never_taken_for_the_others() {
    let world = World::at(Provider::Google);
    let (app, owner) = (&world.test.app, &world.owner);
    let answer = world.consent(&world.begin(&[Use::Outreach]).unwrap(), &[]);
    let mixed_up = connections::finish(app, owner, Provider::Microsoft, &answer);
    assert!(matches!(mixed_up, Err(ConnectError::NotBegunHere)), "{mixed_up:?}");
}

#[test]
fn an_account_without_a_mailbox_is_not_connected() {
    let world = world();
    let body = json!({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": "no mailbox"}});
    world.control("faults", &json!({"match": "GET /microsoft/v1.0/me/mailFolders", "status": 404, "body": body}));
    match world.try_connect(&[Use::Outreach], &[]) {
        Err(ConnectError::Unusable(words)) => assert!(words.contains("no mailbox"), "{words}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(connections::list(&world.test.app.store, world.test.workspace).unwrap(), []);
}

#[test]
fn a_client_secret_that_has_run_out_costs_nobody_their_connection() {
    let world = world();
    let connection = world.connect(&[Use::Outreach]);
    world.advance(Duration::from_secs(3_600));
    let body = json!({"error": "invalid_client", "error_description": "AADSTS7000222: The client secret has expired."});
    world.control("faults", &json!({"match": format!("POST {}", world.tokens()), "status": 401, "body": body}));
    assert!(matches!(world.ask_mailbox(&connection), Err(ProviderError::Retry { after: Some(_), .. })));
    let stored = world.stored(&connection);
    assert_eq!(stored.state, State::Working);
    assert!(stored.health.last_error.unwrap().1.contains("providers.microsoft.client_secret"));
    assert_eq!(world.ask_mailbox(&connection).unwrap(), OWNER, "the operator has renewed it");
}
