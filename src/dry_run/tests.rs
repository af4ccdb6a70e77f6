use std::time::Duration;

use super::story::Story;
use super::think::{think, About};
use super::DryRunError;
use crate::agents::snippets::{self, SnippetForm};
use crate::agents::testing::{Desk, Office};
use crate::authz::Actor;
use crate::drafts::{self, DraftState, Figures};
use crate::events;
use crate::messaging;
use crate::testing;
use crate::workers::{self, Escalation, Guidelines};

fn pasted(text: &str) -> About {
    About::Pasted { text: text.into(), from: String::new(), name: "Ada Byron".into() }
}

fn ponder(desk: &Desk, text: &str) -> Story {
    think(desk.app(), desk.owner(), desk.worker, &pasted(text)).unwrap()
}

fn words(story: &Story, kind: &str) -> String {
    let step = story.steps.iter().find(|step| step.kind == kind);
    step.map(|step| [vec![step.words.clone()], step.lines.clone()].concat().join(" ")).unwrap_or_default()
}

fn snippet(desk: &Desk, title: &str, text: &str) {
    let form = SnippetForm { title: title.into(), text: text.into(), language: "en".into() };
    let made = snippets::create(desk.app(), desk.owner(), &form).unwrap();
    snippets::approve(desk.app(), desk.owner(), made.id, None).unwrap();
}

#[test]
fn an_answer_is_told_step_by_step_with_its_probabilities() {
    let desk = Desk::new();
    let story = ponder(&desk, "Yes, we are interested. Please tell us more about how it works.");
    assert_eq!(story.label, "interested");
    let sum: f32 = story.odds.iter().map(|(_, odds)| odds).sum();
    assert!((sum - 1.0).abs() < 0.01 && story.odds[0].0 == "interested", "{:?}", story.odds);
    assert!(words(&story, "binding").contains("the built-in engine’s word stands"));
    assert_eq!(words(&story, "at_once"), "Nothing has to hold at once.");
    assert_eq!(words(&story, "sequence"), "It ends: they answered.");
    let draft = story.draft.unwrap();
    assert!(draft.text.starts_with("Hello Ada,"), "{}", draft.text);
    assert!(!story.decision.alone);
    assert_eq!(story.decision.words, "It waits for your approval. Nobody has switched this label to leave by itself.");
}

#[test]
fn the_rule_that_decides_is_named() {
    let desk = Desk::new();
    let unknown = ponder(&desk, "How loud is the outdoor unit at night?");
    assert!(words(&unknown, "answer").contains("a fact is missing"), "{unknown:?}");
    assert_eq!(unknown.decision.words, "It is handed to a person: nothing is guessed.");
    snippet(&desk, "How loud is the outdoor unit?", "The outdoor unit makes about as much noise as a fridge.");
    let story = ponder(&desk, "How loud is the outdoor unit at night?");
    assert!(words(&story, "answer").contains("It quotes Snippet: How loud is the outdoor unit?"), "{story:?}");

    let gone = ponder(&desk, "Please remove me from your list and never write again.");
    assert!(words(&gone, "binding").contains("binding"), "{gone:?}");
    assert_eq!(words(&gone, "at_once"), "They are never written to again, from that instant on.");
    assert!(gone.draft.is_none() && gone.decision.words == "Nothing is written back.", "{gone:?}");

    let rule = Escalation::Says { words: vec!["noise".into()] };
    workers::set_escalations(desk.app(), desk.owner(), desk.worker, vec![rule], &Guidelines::default()).unwrap();
    let handed = ponder(&desk, "How loud is the outdoor unit at night, I mean the noise?");
    assert!(words(&handed, "answer").contains("Handed to a person because it says “noise”."), "{handed:?}");
}

#[test]
fn thinking_an_answer_through_leaves_no_trace() {
    let desk = Desk::new();
    let before = events::list_newest(&desk.app().store, desk.test.workspace, None, None, 100).unwrap().rows.len();
    for text in ["Yes, we are interested.", "Stop writing to me.", "Could you call me on Thursday at 3 pm?"] {
        ponder(&desk, text);
    }
    let reply = desk.read("Yes, we are interested.");
    think(desk.app(), desk.owner(), desk.worker, &About::Past(reply.id)).unwrap();
    let after = events::list_newest(&desk.app().store, desk.test.workspace, None, None, 100).unwrap().rows.len();
    assert_eq!(after - before, 2, "the real answer came in and was read, and nothing else happened");
    assert_eq!(desk.get_reply(reply.id), reply);
    assert_eq!(drafts::count_pending(&desk.app().store, desk.test.workspace).unwrap(), 0);
}

#[test]
fn an_answer_is_thought_through_as_a_real_one_is_dealt_with() {
    let desk = Desk::new();
    desk.mark_first_mail_sent();
    snippet(&desk, "How loud is the outdoor unit?", "The outdoor unit makes about as much noise as a fridge.");
    let texts =
        ["Yes, we are interested. Please tell us more about how it works.", "How loud is the outdoor unit at night?"];
    for text in texts {
        let draft = desk.draft(text);
        let story = think(desk.app(), desk.owner(), desk.worker, &About::Past(draft.reply.unwrap())).unwrap();
        let told = story.draft.unwrap();
        assert_eq!((told.text, told.label, told.sources), (draft.text, draft.label, draft.sources), "{text}");
    }
}

#[test]
fn only_a_worker_and_a_reply_of_the_workspace_are_thought_about() {
    let desk = Desk::new();
    let workspace = testing::add_workspace(desk.app(), "Other", "other");
    let stranger = Actor { workspace, ..desk.owner().clone() };
    let refused = think(desk.app(), &stranger, desk.worker, &pasted("Yes"));
    assert!(matches!(refused, Err(DryRunError::NotFound)));
    for (text, from) in [("", ""), ("Yes", "no address"), (&"a".repeat(2_001), "")] {
        let about = About::Pasted { text: text.into(), from: from.into(), name: String::new() };
        let refused = think(desk.app(), desk.owner(), desk.worker, &about);
        assert!(matches!(refused, Err(DryRunError::Invalid(_))), "{text:.10} {from}");
    }
}

#[test]
fn an_answer_that_would_have_left_by_itself_waits_for_a_person_again() {
    let office = Office::open();
    let desk = &office.desk;
    let (app, workspace) = (desk.app(), desk.test.workspace);
    let good = Figures { approved: 25, ..Figures::default() };
    let count = |figures: &mut Figures| *figures = good;
    app.store.write(|txn| drafts::count_decision(txn, workspace, desk.worker, ("interested", ""), count)).unwrap();
    drafts::switch_label(app, desk.owner(), desk.worker, ("interested", ""), true).unwrap();
    workers::set_dry_run(app, desk.owner(), desk.worker, true).unwrap();
    let reply = desk.unread("Yes, we are very interested. Please tell us more about how it works.");
    office.settle();
    let draft = drafts::list_pending(&app.store, workspace, 5).unwrap().remove(0);
    assert_eq!((draft.reply, draft.would_have_left), (Some(reply), Some(app.now())));
    assert_eq!((draft.state.clone(), draft.decided.clone()), (DraftState::Pending, None));
    assert_eq!(desk.get_reply(reply).handled_at, None, "nobody was answered, so the reply is open");
    let figures = drafts::figures_of(&app.store, workspace, desk.worker, "interested", "").unwrap();
    assert_eq!(figures, good, "a dry run is nobody's decision");
    workers::set_dry_run(app, desk.owner(), desk.worker, false).unwrap();
    office.advance(Duration::from_secs(24 * 3600));
    let would = messaging::list_would_have_left(&app.store, workspace, desk.worker, None, 5).unwrap().rows;
    assert_eq!((would.len(), office.sent().len()), (1, 0), "and nothing of it leaves late");
}
