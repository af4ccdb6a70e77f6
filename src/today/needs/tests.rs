use askama::Template;

use super::{InDoubt, Need, Needs};
use crate::base::UnixMillis;
use crate::drafts;
use crate::http::layout::Layout;
use crate::jobs;
use crate::messaging::testing::queue_mail;
use crate::messaging::{self, Delivery, Incoming, Reading, Reply};
use crate::store::StoreError;
use crate::today::day::{Day, TodayError};
use crate::workspaces::WorkspaceState;

#[test]
fn a_new_workspace_is_led_to_its_first_mail_and_nothing_else_waits() {
    let test = crate::testing::app();
    let day = Day::open(&test.app, &test.owner).unwrap();
    let needs = Needs::read(&day, "token").unwrap();
    assert_eq!(needs.rows.len(), 1, "{:?}", needs.rows);
    assert_eq!(needs.rows[0].href, "/guide");
    let viewer = crate::authz::Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
    let day = Day::open(&test.app, &viewer).unwrap();
    assert_eq!(Needs::read(&day, "token").unwrap().rows, Vec::new(), "a viewer can decide nothing");
}

/// A reply of this reading, come in now.
fn receive(test: &crate::testing::TestApp, who: &str, label: &str, change: impl FnOnce(&mut Reading)) -> Reply {
    let (app, workspace) = (&test.app, test.workspace);
    let mail = queue_mail(app, workspace, &format!("{who}@fellside.example"));
    let incoming = Incoming {
        message: mail.id,
        from: mail.to.clone(),
        from_name: "Anna Lund".into(),
        subject: "Re: Heating".into(),
        text: "How loud is it?".into(),
        message_id: format!("{}@fellside.example", mail.id),
        references: vec![],
        provider_thread: None,
        sent_at: app.now(),
        header_facts: vec![],
        automatic: false,
    };
    let id = messaging::receive(app, workspace, &incoming).unwrap().unwrap();
    let mut reading = Reading { label: label.into(), confidence: 0.95, ..Reading::default() };
    change(&mut reading);
    let read = app.store.write(|txn| {
        let mut reply = messaging::find_reply(txn, workspace, id)?.unwrap();
        reply.reading = Some(reading.clone());
        messaging::update_reply(txn, &reply)?;
        Ok::<_, StoreError>(reply)
    });
    read.unwrap()
}

fn needs(test: &crate::testing::TestApp) -> Vec<Need> {
    let day = Day::open(&test.app, &test.owner).unwrap();
    let mut rows = Needs::read(&day, "token").unwrap().rows;
    rows.retain(|row| row.href != "/guide");
    rows
}

#[test]
fn what_nobody_else_takes_care_of_is_handed_to_a_person() {
    type Change = fn(&mut Reading);
    let injected: Change = |reading| reading.flags = vec!["injection".into()];
    let unsure: Change = |reading| reading.confidence = 0.4;
    let cases: [(&str, Change, bool); 7] = [
        ("question", |_| {}, true),
        ("other", injected, true),
        ("later", injected, true),
        ("not_interested", unsure, true),
        ("not_interested", |_| {}, false),
        ("out_of_office", |_| {}, false),
        ("other", |_| {}, false),
    ];
    for (label, change, waits) in cases {
        let test = crate::testing::app();
        let reply = receive(&test, "anna", label, change);
        let rows = needs(&test);
        assert_eq!(!rows.is_empty(), waits, "{label}: {rows:?}");
        if waits {
            assert_eq!(rows[0].fact, "1 reply waits for your answer");
            assert_eq!(rows[0].href, format!("/replies/{}", reply.id));
            assert!(rows[0].context.contains("Anna Lund: “How loud is it?”"), "{rows:?}");
        }
    }
}

#[test]
fn a_reply_with_a_draft_is_counted_once_and_one_that_was_dealt_with_not_at_all() {
    let test = crate::testing::app();
    let (app, workspace) = (&test.app, test.workspace);
    let first = receive(&test, "anna", "question", |_| {});
    let new = drafts::NewDraft::answering(&first, drafts::Intent::Question, app.now()).words("As a fridge.", "en");
    app.store.write(|txn| drafts::propose(app, txn, &new, app.now())).unwrap();
    let facts = |rows: Vec<Need>| rows.into_iter().map(|row| row.fact).collect::<Vec<_>>();
    assert_eq!(facts(needs(&test)), ["1 draft waits for your approval"]);
    let second = receive(&test, "ben", "question", |_| {});
    receive(&test, "carl", "interested", |_| {});
    assert_eq!(facts(needs(&test)), ["1 draft waits for your approval", "2 replies wait for your answer"]);
    let handled = app.store.write(|txn| {
        let mut reply = messaging::find_reply(txn, workspace, second.id)?.unwrap();
        reply.handled_at = Some(app.now());
        messaging::update_reply(txn, &reply)
    });
    handled.unwrap();
    assert_eq!(facts(needs(&test))[1], "1 reply waits for your answer");
}

#[test]
fn what_may_be_an_opt_out_is_decided_here() {
    let test = crate::testing::app();
    let reply = receive(&test, "anna", "unsubscribe", |reading| reading.undecided = true);
    let rows = needs(&test);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].fact, "Anna Lund may have asked not to be written to");
    let acts: Vec<&str> = rows[0].acts.iter().map(|act| act.action.as_str()).collect();
    let paths = ["no-opt-out", "stop-writing"].map(|verb| format!("/replies/{}/{verb}", reply.id));
    assert_eq!(acts, paths);
}

#[test]
fn every_mail_in_doubt_can_be_decided_also_the_fifth() {
    let test = crate::testing::app();
    for number in 0..6 {
        let mail = queue_mail(&test.app, test.workspace, &format!("lead{number}@fellside.example"));
        let doubtful = test.app.store.write(|txn| jobs::needs_look(txn, mail.job, "The line was cut."));
        assert!(doubtful.unwrap());
        let state = Delivery::NeedsHuman { reason: "The line was cut.".into() };
        messaging::set_state(&test.app, test.workspace, mail.id, state).unwrap();
    }
    let rows = needs(&test);
    let rest = rows.iter().find(|row| row.fact == "2 more such mails").unwrap();
    assert_eq!((rest.href.as_str(), rest.go), ("/needs-a-look", "Look"));
    let day = Day::open(&test.app, &test.owner).unwrap();
    let list = InDoubt::read(&day, Layout::default()).unwrap();
    assert_eq!(list.rows.len(), 6);
    let html = list.render().unwrap();
    assert_eq!(html.matches("/arrived").count(), 6, "{html}");
    let viewer = crate::authz::Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
    let day = Day::open(&test.app, &viewer).unwrap();
    assert!(matches!(InDoubt::read(&day, Layout::default()), Err(TodayError::Denied(_))));
}

#[test]
fn a_suspension_is_explained_before_anything_else() {
    let test = crate::testing::app();
    let mut day = Day::open(&test.app, &test.owner).unwrap();
    let at = UnixMillis(day.now.0 - 3_600_000);
    day.workspace.state = WorkspaceState::Suspended { at, reason: "9 % of the mails bounced.".into() };
    let needs = Needs::read(&day, "token").unwrap();
    assert!(needs.rows[0].context.starts_with("Since 09:00: 9 % of the mails bounced."), "{:?}", needs.rows[0]);
}
