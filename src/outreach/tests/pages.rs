//! Every page of the room, and the one that says why nothing leaves.

use super::*;
use crate::follow_ups::{self, RuleForm};
use crate::http::layout::Layout;
use crate::http::Frame;
use crate::outreach::mails::{mails_of, Which};
use crate::outreach::pages::samples;

#[test]
fn every_page_is_drawn_with_real_leads_and_with_nothing_at_all() {
    let world = World::new();
    let anna = world.lead("Anna", |_| {});
    world.lead("Ben", |contact| contact.company = String::new());
    world.activate();
    world.answer(&anna, "interested", |_| {});
    let rule = RuleForm { on: true, after_days: 4, then_days: 7, most: 1, text: "Hi, any news?".into() };
    follow_ups::set_rule(world.app(), &world.test.owner, world.worker.id, &rule).unwrap();
    let empty = World::with(vec![], |form, _| {
        form.sequence = None;
        form.mailbox = None;
    });
    let layout = Layout { csrf: "token".into(), user_name: "Nora Whitfield".into(), ..Layout::default() };
    let frame = Frame(layout.with_places("/outreach", |_| true, |_| None));
    let folder = std::env::var("LAUNCHYARD_GALLERY").ok();
    for (world, kind) in [(&world, "full"), (&empty, "empty")] {
        for (name, html) in samples(world.app(), &world.test.owner, &frame, world.worker.id) {
            assert!(html.contains("<h1>"), "{name}, {kind}: {html}");
            assert!(!html.contains(" style="), "{name}, {kind}");
            assert!(!html.contains(r#"value="name""#), "{name}, {kind}: a macro's argument hid a field");
            let seen: Vec<&str> = html.split(r#"name="seen" value=""#).skip(1).collect();
            let numbers = seen.iter().filter_map(|rest| rest.split('"').next()?.parse::<u64>().ok()).count();
            assert_eq!(numbers, seen.len(), "{name}, {kind}: a yes says which words were read");
            assert!(name != "follow-ups" || kind != "full" || numbers == 1, "its text can be approved: {html}");
            if let Some(folder) = &folder {
                std::fs::write(format!("{folder}/{name}-{kind}.html"), &html).unwrap();
            }
        }
    }
}

#[test]
fn each_number_of_mails_opens_a_list_of_that_length() {
    let world = World::new();
    for name in ["Anna", "Ben", "Carl"] {
        world.lead(name, |_| {});
    }
    world.activate();
    (0..4).for_each(|_| world.advance(Duration::from_secs(1_800)));
    let (app, owner, id, workspace) = (world.app(), &world.test.owner, world.worker.id, world.test.workspace);
    let list = |which: Which| mails_of(app, owner, id, which, None, 50).unwrap().rows;
    let sent = messaging::sent_in_last_day(&app.store, workspace, messaging::Counted::Worker(id), app.now()).unwrap();
    assert_eq!((sent, list(Which::Day).len()), (3, 3));
    let bounced = list(Which::Counted)[1].clone().unwrap();
    app.store
        .write(|txn| {
            let mut last = store::last_hundred(txn, workspace, id)?;
            last.note(bounced.id, figures::Fate::Bounced);
            store::put_last_hundred(txn, workspace, id, &last)
        })
        .unwrap();
    let found = Which::ALL.map(|which| list(which).len());
    assert_eq!(found, [3, 3, 1, 0, 0]);
    assert_eq!(list(Which::Bounced)[0].as_ref().map(|mail| mail.id), Some(bounced.id));
    world.advance(DAY);
    let sent = messaging::sent_in_last_day(&app.store, workspace, messaging::Counted::Worker(id), app.now()).unwrap();
    assert_eq!(list(Which::Day).len(), sent as usize, "a day later those are no longer of it");
}

#[test]
fn the_mails_of_a_day_come_in_pages_that_hold_each_of_them_once() {
    let world = World::new();
    for name in ["Anna", "Ben", "Carl", "Dora", "Emil"] {
        world.lead(name, |_| {});
    }
    world.activate();
    (0..8).for_each(|_| world.advance(Duration::from_secs(1_800)));
    let (app, owner, id) = (world.app(), &world.test.owner, world.worker.id);
    let ids = |page: &crate::base::Page<Option<messaging::Message>>| -> Vec<_> {
        page.rows.iter().map(|mail| mail.as_ref().unwrap().id).collect()
    };
    let whole = mails_of(app, owner, id, Which::Day, None, 50).unwrap();
    assert_eq!((whole.rows.len(), whole.next.is_none()), (5, true));
    let (mut found, mut lengths, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = mails_of(app, owner, id, Which::Day, after.as_ref(), 2).unwrap();
        found.extend(ids(&page));
        lengths.push(page.rows.len());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((found, lengths), (ids(&whole), vec![2, 2, 1]));
    let exact = mails_of(app, owner, id, Which::Day, None, 5).unwrap();
    assert!(exact.next.is_none(), "no empty page behind the last");
}

#[test]
fn why_nothing_is_sent_marks_the_first_check_that_stops_and_its_cure() {
    let cases: [(&str, fn(&World), &str, Option<&str>); 6] = [
        ("off", |_| {}, "The worker is not switched on", Some("Switch on")),
        (
            "paused",
            |world| {
                world.activate();
                workers::pause(world.app(), &world.test.owner, world.worker.id, "Paused by Nora.").unwrap();
            },
            "The worker is paused",
            Some("Switch on"),
        ),
        (
            "mailbox",
            |world| {
                world.activate();
                world.app().clock.advance(3 * DAY);
                world.settle();
                world
                    .app()
                    .store
                    .write(|txn| {
                        let mut mailbox = connections::find(txn, world.test.workspace, world.connection)?.unwrap();
                        mailbox.state =
                            connections::State::NeedsOwner { since: UnixMillis(0), reason: "Sign in again.".into() };
                        connections::put(txn, &mailbox)
                    })
                    .unwrap();
            },
            "The mailbox cannot send now",
            Some("Look at connections"),
        ),
        (
            "pace",
            |world| {
                let slow = |mailbox: &mut Connection| mailbox.pace.min_gap_seconds = 600;
                connections::update(&world.app().store, world.test.workspace, world.connection, slow).unwrap();
                world.lead("Ben", |_| {});
                world.activate();
                assert_eq!(world.texts().len(), 1);
            },
            "The mailbox rests between two mails",
            Some("Change the pace"),
        ),
        ("not due", |world| world.activate(), "The next step is not due yet", None),
        (
            "all done",
            |world| {
                world.activate();
                let lead =
                    list_group(&world.app().store, world.test.workspace, world.worker.id, Group::All, None, 1).unwrap();
                stop(world.app(), &world.test.owner, lead.rows[0].id).unwrap();
            },
            "Nobody is left to write to",
            Some("Add leads"),
        ),
    ];
    for (name, prepare, fact, help) in cases {
        let world = World::new();
        world.lead("Anna", |_| {});
        prepare(&world);
        let answer = crate::outreach::why::why(world.app(), &world.test.owner, world.worker.id, None).unwrap();
        let stops = |line: &&crate::outreach::why::Line| line.outcome == crate::outreach::why::Outcome::Stops;
        let marked: Vec<_> = answer.lines.iter().filter(stops).collect();
        assert_eq!(marked.len(), 1, "{name}: {:?}", answer.lines);
        assert_eq!(marked[0].fact, fact, "{name}");
        assert_eq!(marked[0].help.as_ref().map(|help| help.words), help, "{name}");
    }
}

#[test]
fn why_one_lead_gets_nothing_names_what_holds_this_lead_and_its_mailbox() {
    let world = World::new();
    let slow = |mailbox: &mut Connection| mailbox.pace.min_gap_seconds = 600;
    connections::update(&world.app().store, world.test.workspace, world.connection, slow).unwrap();
    let leads: Vec<Enrolment> = ["Anna", "Ben", "Cara"].map(|name| world.lead(name, |_| {})).into();
    world.activate();
    let (first, others): (Vec<_>, Vec<_>) = leads.iter().partition(|lead| !world.now_stands(lead).sent.is_empty());
    assert_eq!((first.len(), others.len()), (1, 2));
    let stops = |lead: &Enrolment| {
        let of = Some(lead.id);
        let answer = crate::outreach::why::why(world.app(), &world.test.owner, world.worker.id, of).unwrap();
        assert_eq!(answer.lead.as_ref().map(|(lead, _)| lead.id), of);
        let line = answer.lines.into_iter().find(|line| line.outcome == crate::outreach::why::Outcome::Stops).unwrap();
        (line.fact, line.context, answer.next_at)
    };
    let (fact, _, next_at) = stops(first[0]);
    assert_eq!(fact, "The next step is not due yet");
    assert!(next_at.unwrap() > world.app().now().plus(2 * DAY));
    let (fact, context, next_at) = stops(others[0]);
    assert_eq!(fact, "The mailbox rests between two mails");
    assert!(context.starts_with("Mails from nora@fernhill.example leave 10 to"), "{context}");
    assert!(next_at.unwrap() <= world.app().now().plus(11 * MINUTE));
    stop(world.app(), &world.test.owner, others[1].id).unwrap();
    assert_eq!(stops(others[1]).0, "This lead gets no mail any more");
    let elsewhere = World::new();
    let theirs =
        crate::outreach::why::why(elsewhere.app(), &elsewhere.test.owner, elsewhere.worker.id, Some(first[0].id));
    assert!(matches!(theirs, Err(OutreachError::NotFound)));
}

/// Every lead of a list, over all its pages.
fn listed(world: &World, group: Group, step: crate::base::StepId) -> usize {
    let (mut count, mut before) = (0, None);
    loop {
        let (store, workspace) = (&world.app().store, world.test.workspace);
        let page =
            list_of_step(store, workspace, world.worker.id, (group, Of { step, variant: None }), before.as_ref(), 2)
                .unwrap();
        assert!(page.rows.len() <= 2);
        count += page.rows.len();
        before = page.next;
        if before.is_none() {
            return count;
        }
    }
}

#[test]
fn a_steps_figure_opens_exactly_the_leads_that_it_counts() {
    let world = World::new();
    let leads: Vec<Enrolment> = (0..9).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
    world.activate();
    for lead in &leads[..3] {
        world.answer(lead, "interested", |_| {});
    }
    world.advance(3 * DAY);
    for lead in &leads[3..5] {
        world.answer(lead, "question", |_| {});
    }
    let message = world.now_stands(&leads[5]).last_sent().unwrap().message;
    messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "5.1.1").unwrap();
    world.settle();
    let figures = figures(&world.app().store, world.test.workspace, world.worker.id).unwrap();
    for step in &world.sequence.steps {
        for group in StepFigures::LISTS {
            let figure = figures.step(step.id).of(group).unwrap();
            assert_eq!(listed(&world, group, step.id) as u64, figure, "{}: {group:?}", step.text);
        }
    }
    let of = |place: usize| figures.step(world.sequence.steps[place].id);
    assert_eq!((of(0).sent, of(0).replied, of(0).interested), (9, 3, 3));
    assert_eq!((of(1).sent, of(1).replied, of(1).interested, of(1).bounced), (6, 2, 0, 1));
}

#[test]
fn the_numbers_of_a_period_open_the_leads_that_were_added_in_it() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    world.advance(14 * DAY);
    let (ben, cara) = (world.lead("Ben", |_| {}), world.lead("Cara", |_| {}));
    world.advance(DAY);
    world.answer(&ben, "interested", |_| {});
    assert!(!world.now_stands(&cara).sent.is_empty());
    let (app, owner, id) = (world.app(), &world.test.owner, world.worker.id);
    let frame = Frame(Layout::default());
    let html = crate::outreach::pages::overview_within(app, owner, &frame, id, crate::outreach::Period::Week);
    let mut opened = Vec::new();
    for link in html.split(&format!("href=\"/outreach/{id}/leads?")).skip(1) {
        let (query, rest) = link.split_once('"').unwrap();
        if !query.contains("days=7") {
            continue;
        }
        let number = rest.split("</a>").next().unwrap().replace("</span>", "");
        let number: usize = number.rsplit('>').next().unwrap().parse().unwrap();
        let list = crate::outreach::pages::leads_at(
            app,
            owner,
            &frame,
            id,
            &query.replace("&#38;", "&").replace("&amp;", "&"),
        );
        assert_eq!(list.matches("class=\"c-main\"").count(), number, "{query}");
        assert!(!list.contains("Anna Lund") && list.contains("added in the last 7 days"), "{list}");
        opened.push(number);
    }
    assert_eq!(opened[..4], [2, 2, 1, 1], "added, written to, replied, interested");
    let all = crate::outreach::pages::leads_at(app, owner, &frame, id, "group=all");
    assert!(all.contains("Anna Lund") && !all.contains("added in the last"), "{all}");
}

#[test]
fn a_list_of_a_step_shows_only_its_leads_and_numbers_that_agree_with_it() {
    let world = World::new();
    let anna = world.lead("Anna", |_| {});
    let ben = world.lead("Ben", |_| {});
    world.activate();
    world.answer(&anna, "interested", |_| {});
    world.advance(3 * DAY);
    world.answer(&ben, "question", |_| {});
    let frame = Frame(Layout::default());
    let second = world.sequence.steps[1].id;
    let html = crate::outreach::pages::leads_of_step(world.app(), &world.test.owner, &frame, world.worker.id, second);
    assert!(html.contains("Ben Lund") && !html.contains("Anna Lund"), "{html}");
    assert!(html.contains("Only step 2"), "{html}");
    assert!(html.contains(r#"Replied <span class="num">1</span>"#), "{html}");
}

#[test]
fn the_editor_says_at_the_step_that_it_is_one_too_many() {
    for (per_contact, marked) in [(4, 0), (3, 0), (2, 1), (1, 2)] {
        let world = World::with(three_steps(), |form, _| form.limits.per_contact = per_contact);
        let frame = Frame(Layout::default());
        let pages = samples(world.app(), &world.test.owner, &frame, world.worker.id);
        let (_, html) = pages.into_iter().find(|(name, _)| *name == "sequence").unwrap();
        assert_eq!(html.matches("so this step never leaves").count(), marked, "{per_contact}: {html}");
    }
}

#[test]
fn every_sequence_is_listed_however_many_there_are() {
    let test = testing::app();
    for number in 0..205 {
        let form = SequenceForm { name: format!("Sequence {number}"), steps: vec![] };
        create(&test.app, &test.owner, &form).unwrap();
    }
    assert_eq!(list_sequences(&test.app.store, test.workspace).unwrap().len(), 205);
}
