use std::collections::BTreeSet;

use super::doing::{Doing, Way};
use super::kind::Kind;
use super::read::list;
use super::ActivityError;
use crate::agents::testing::{self as agents, Desk};
use crate::authz::{Actor, Role};
use crate::base::{Cursor, WorkerId};
use crate::drafts;
use crate::events::{self, Happened};
use crate::jobs::Task as _;
use crate::store::StoreError;
use crate::testing;
use crate::workers::{self, WorkerForm};

const YES: &str = "Yes, we are interested. Please tell us more about how it works.";

fn feed(desk: &Desk, worker: WorkerId, kind: Option<Kind>) -> Vec<Doing> {
    list(desk.app(), desk.owner(), worker, kind, None, 100).unwrap().rows
}

fn said(rows: &[Doing]) -> Vec<&str> {
    rows.iter().map(|doing| doing.words.as_str()).collect()
}

fn another_worker(desk: &Desk) -> WorkerId {
    workers::create(desk.app(), desk.owner(), &WorkerForm { name: "Second".into(), ..WorkerForm::default() })
        .unwrap()
        .id
}

#[test]
fn a_worker_s_feed_says_what_it_made_of_an_answer_and_why() {
    let desk = Desk::new();
    let draft = desk.draft(YES);
    let rows = feed(&desk, desk.worker, None);
    assert_eq!(said(&rows), ["Draft written for approval", "Read as: Interested"]);
    let read = &rows[1];
    assert_eq!((read.name.as_str(), read.contact), ("Anna Lund", Some(desk.contact)));
    assert!(read.said.contains("we are interested"), "{:?}", read.said);
    assert!(read.why.iter().any(|why| why.starts_with("Sure to ")), "{:?}", read.why);
    assert_eq!(read.way, Some(Way::page("Read or correct it", format!("/replies/{}", draft.reply.unwrap()))));
    assert_eq!(rows[0].why, ["Answer to somebody interested."]);
    assert_eq!(rows[0].way, Some(Way::page("Decide", format!("/approvals/{}", draft.id))));
    assert_eq!(feed(&desk, another_worker(&desk), None), [], "what one worker does is not another's");
}

#[test]
fn a_way_back_is_offered_while_there_is_one() {
    let desk = Desk::new();
    desk.mark_first_mail_sent();
    let draft = desk.draft(YES);
    desk.approve(&draft);
    let newest = || feed(&desk, desk.worker, Some(Kind::Drafts)).remove(0);
    assert_eq!(newest().words, "Draft approved");
    assert_eq!(newest().why, ["Answer to somebody interested.", "Nora Whitfield decided."]);
    assert_eq!(newest().way, Some(Way::act("Take it back", format!("/approvals/{}/undo", draft.id))));
    let sent = drafts::Draft {
        state: drafts::DraftState::Sent,
        ..drafts::get(&desk.app().store, desk.test.workspace, draft.id).unwrap().unwrap()
    };
    desk.app().store.write(|txn| drafts::put(txn, &sent)).unwrap();
    assert_eq!(newest().way.map(|way| way.words), Some("Their answer"), "what has left cannot be taken back");
    let viewer = Actor { role: Role::Viewer, ..desk.owner().clone() };
    let seen = list(desk.app(), &viewer, desk.worker, None, None, 100).unwrap().rows;
    assert!(seen.iter().all(|doing| doing.way.as_ref().is_none_or(|way| !way.does)), "{seen:?}");
}

#[test]
fn a_draft_that_nobody_decided_about_says_so() {
    let desk = Desk::new();
    let draft = desk.draft(YES);
    desk.app().clock.advance(drafts::LIFETIME);
    let job = desk.due_jobs(drafts::EXPIRE).remove(0);
    drafts::ExpireDraft.run(desk.app(), &job);
    let newest = feed(&desk, desk.worker, Some(Kind::Drafts)).remove(0);
    assert_eq!(newest.words, "Draft not approved");
    assert!(newest.why[1].starts_with("Nobody decided within three days"), "{:?}", newest.why);
    assert_eq!(newest.way, Some(Way::page("Their answer", format!("/replies/{}", draft.reply.unwrap()))));
}

#[test]
fn pages_of_the_feed_lead_on_without_gap_or_repetition_also_among_many_others() {
    let desk = Desk::new();
    let other = another_worker(&desk);
    for number in 0..1_100 {
        let worker = if number % 100 == 7 { desk.worker } else { other };
        let what = Happened::WorkerPaused { worker, reason: number.to_string() };
        let written: Result<_, StoreError> =
            desk.app().store.write(|txn| events::append(txn, desk.test.workspace, testing::NOW, what.clone()));
        written.unwrap();
    }
    let (mut cursor, mut seen) = (None::<Cursor>, Vec::new());
    loop {
        let page = list(desk.app(), desk.owner(), desk.worker, Some(Kind::Worker), cursor.as_ref(), 3).unwrap();
        assert!(page.rows.len() <= 3);
        seen.extend(page.rows.iter().map(|doing| doing.words.clone()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 11);
    assert_eq!(seen[0], "Worker paused: 1007");
}

#[test]
fn nobody_reads_the_feed_of_another_workspace() {
    let desk = Desk::new();
    let workspace = testing::add_workspace(desk.app(), "Other", "other");
    let stranger = Actor { workspace, ..desk.owner().clone() };
    let read = list(desk.app(), &stranger, desk.worker, None, None, 10);
    assert!(matches!(read, Err(ActivityError::NotFound)), "{read:?}");
}

#[test]
fn what_was_corrected_rejected_paused_or_planned_has_its_way_back() {
    let desk = Desk::new();
    desk.mark_first_mail_sent();
    let (app, owner, worker) = (desk.app(), desk.owner(), desk.worker);
    let newest = |kind| feed(&desk, worker, Some(kind)).remove(0);
    let draft = desk.draft(YES);
    let reply = draft.reply.unwrap();
    agents::reject(app, owner, draft.id, "").unwrap();
    let reopen = Way::act("Open it again", format!("/approvals/{}/undo", draft.id));
    assert_eq!(newest(Kind::Drafts).way, Some(reopen));
    agents::undo(app, owner, draft.id).unwrap();
    let returned = newest(Kind::Drafts);
    assert_eq!(returned.words, "Draft waits for a decision again");
    assert_eq!(returned.way, Some(Way::page("Decide", format!("/approvals/{}", draft.id))));
    agents::reject(app, owner, draft.id, "too stiff").unwrap();
    let lines = feed(&desk, worker, Some(Kind::Drafts));
    assert_eq!(lines[1].why, ["Answer to somebody interested."], "what was decided since stands above it");

    agents::correct(app, owner, reply, "not_interested").unwrap();
    let back = Way::act("Take the correction back", format!("/replies/{reply}/uncorrect"));
    assert_eq!(newest(Kind::Answers).way, Some(back));
    let again = agents::uncorrect(app, owner, reply).unwrap().reading.unwrap();
    assert_eq!((again.label.as_str(), again.corrected_from), ("interested", None));
    assert_eq!(newest(Kind::Answers).way.map(|way| way.words), Some("Read or correct it"));

    agents::correct(app, owner, reply, "unsubscribe").unwrap();
    assert_eq!(newest(Kind::Answers).way.map(|way| way.does), Some(false), "an opt-out has no button");
    assert!(agents::uncorrect(app, owner, reply).is_err());
    let opted_out = newest(Kind::Leads);
    assert_eq!(opted_out.way, Some(Way::page("Look at it, or undo it", format!("/replies/{reply}"))));

    let running = workers::Worker { activated_at: Some(app.now()), ..desk.get_worker() };
    desk.put_worker(&running);
    workers::pause(app, owner, worker, "A break.").unwrap();
    assert_eq!(newest(Kind::Worker).way, Some(Way::act("Let it go on", format!("/outreach/{worker}/resume"))));
    workers::resume(app, owner, worker).unwrap();
    assert_eq!(newest(Kind::Worker).way, Some(Way::act("Pause it", format!("/outreach/{worker}/pause"))));
}
