use super::world::{World, OWNER};
use crate::base::EmailAddress;
use crate::connections::{
    self, connect_mailbox, ConnectionError, Kind, MailServerSettings, MailboxSettings, SecurityMode, State,
};
use crate::providers::Secret;
use crate::sandbox::MAIL_PASSWORD;

pub(crate) fn settings(world: &World, password: &str) -> MailboxSettings {
    let server = |address: std::net::SocketAddr| MailServerSettings {
        host: "127.0.0.1".into(),
        port: address.port(),
        security: SecurityMode::Plain,
        user: OWNER.into(),
    };
    MailboxSettings {
        address: EmailAddress::parse(OWNER).unwrap(),
        display_name: "Robin Larkfield".into(),
        smtp: server(world.sandbox.smtp.unwrap()),
        imap: server(world.sandbox.imap.unwrap()),
        ca_pem: None,
        password: Secret::new(password),
    }
}

#[test]
fn a_mailbox_that_answers_is_saved_with_its_password_sealed() {
    let world = World::start();
    let app = &world.test.app;
    let made = connect_mailbox(app, &world.owner, &settings(&world, MAIL_PASSWORD), None, false).unwrap();
    assert!(made.test.passed(), "{:?}", made.test);
    let connection = made.connection.unwrap();
    assert_eq!(connection.state, State::Working);
    let tried = connections::check(app, &world.owner, connection.id).unwrap();
    assert!(tried.iter().all(|one| one.ok) && tried.last().unwrap().what == "Incoming: inbox", "{tried:?}");

    let Kind::SmtpImap(server) = &connection.kind else { panic!("not a mail server") };
    let sealed = server.password.clone().unwrap();
    connections::disconnect(app, &world.owner, connection.id).unwrap();
    assert!(app.store.open_secret(&sealed).is_err());
}

#[test]
fn a_wrong_password_is_said_in_words_and_saved_only_when_the_owner_insists() {
    let world = World::start();
    let app = &world.test.app;
    let wrong = settings(&world, "guess");
    let refused = connect_mailbox(app, &world.owner, &wrong, None, false).unwrap();
    assert!(refused.connection.is_none());
    let step = refused.test.smtp.last().unwrap();
    assert!(!step.ok && step.words.contains("app password"), "{step:?}");
    let kept = connect_mailbox(app, &world.owner, &wrong, None, true).unwrap().connection.unwrap();
    assert!(kept.health.last_error.is_some());

    let again = connect_mailbox(app, &world.owner, &settings(&world, MAIL_PASSWORD), Some(kept.id), false).unwrap();
    assert_eq!(again.connection.unwrap().id, kept.id, "the same connection, put right");
    let unchanged = connect_mailbox(app, &world.owner, &settings(&world, ""), Some(kept.id), false).unwrap();
    assert!(unchanged.test.passed(), "an empty password keeps the stored one");
}

#[test]
fn a_stored_password_goes_only_to_the_servers_that_it_was_typed_for() {
    let world = World::start();
    let app = &world.test.app;
    let made = connect_mailbox(app, &world.owner, &settings(&world, MAIL_PASSWORD), None, false).unwrap();
    let id = made.connection.unwrap().id;
    let changes: [fn(&mut MailboxSettings); 4] = [
        |settings| settings.smtp.host = "localhost".into(),
        |settings| settings.imap.port += 1,
        |settings| settings.smtp.user = "someone@else.example".into(),
        |settings| settings.ca_pem = Some("one more to trust".into()),
    ];
    for change in changes {
        let mut elsewhere = settings(&world, "");
        change(&mut elsewhere);
        match connect_mailbox(app, &world.owner, &elsewhere, Some(id), true) {
            Err(ConnectionError::Invalid(fields)) => assert_eq!(fields[0].0, "password"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_password_never_goes_over_an_open_line_to_another_machine() {
    let world = World::start();
    let mut open = settings(&world, MAIL_PASSWORD);
    open.smtp.host = "mail.larkfield.example".into();
    match connect_mailbox(&world.test.app, &world.owner, &open, None, true) {
        Err(ConnectionError::Invalid(fields)) => assert_eq!(fields[0].0, "smtp_security"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mailbox_that_works_again_wakes_what_waits_for_it() {
    let world = World::start();
    let (app, workspace) = (&world.test.app, world.test.workspace);
    let made = connect_mailbox(app, &world.owner, &settings(&world, MAIL_PASSWORD), None, false).unwrap();
    let id = made.connection.unwrap().id;
    let told = || {
        let events = crate::events::list(&app.store, workspace, None, 50).unwrap().rows;
        let made = crate::events::Happened::ConnectionMade { connection: id };
        events.iter().filter(|event| event.what == made).count()
    };
    connections::lose(app, workspace, id, "The password was changed.").unwrap();
    assert_eq!(told(), 1);
    connections::check(app, &world.owner, id).unwrap();
    assert_eq!(connections::get(&app.store, workspace, id).unwrap().unwrap().state, State::Working);
    assert_eq!(told(), 2);
}
