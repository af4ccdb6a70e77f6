//! Analytics: every number opens exactly the leads that it counts, whatever happens to them.

use std::collections::BTreeSet;

use super::report::{self, figures_csv, list, report, Asked, LeadsCsv, Slice, What};
use super::*;
use crate::authz::Role;
use crate::base::{BookingId, Cursor, EnrolmentId};
use crate::http::download::Pieces;
use crate::http::layout::Layout;
use crate::http::Frame;
use crate::outreach::pages::analytics_at;
use crate::store::Person;

const HOUR: Duration = Duration::from_secs(3_600);

fn two_wordings_and_two_more() -> Vec<StepForm> {
    let other = VariantForm { id: None, subject: "Another subject".into(), text: "Hello, the other.".into() };
    vec![
        StepForm { variants: vec![other], ..step(0, "Heating", "Hi, the one.") },
        step(3, "", "Two."),
        step(5, "", "Three."),
    ]
}

/// The numbers of a page with the queries of the lists that they open.
fn numbers(html: &str) -> Vec<(String, u64)> {
    let links = html.split("href=\"/outreach/analytics/leads?").skip(1);
    let number = |part: &str| {
        let (query, rest) = part.split_once('"').unwrap();
        let text = rest.trim_start_matches('>').split('<').next().unwrap();
        (query.replace("&#38;", "&").replace("&amp;", "&"), text.replace(',', "").parse().unwrap())
    };
    links.map(number).collect()
}

fn asked(query: &str) -> (Slice, What) {
    actix_web::web::Query::<Asked>::from_query(query).unwrap().read().unwrap()
}

impl World {
    /// Everybody in a list, read in pages of two, each once.
    fn behind(&self, query: &str) -> BTreeSet<EnrolmentId> {
        let (slice, what) = asked(query);
        let (mut found, mut cursor): (Vec<EnrolmentId>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let (store, workspace) = (&self.app().store, self.test.workspace);
            let page = list(store, workspace, (&slice, what), cursor.as_ref(), 2).unwrap();
            assert!(page.rows.len() <= 2 && (!page.rows.is_empty() || page.next.is_none()), "{query}");
            found.extend(page.rows.iter().map(|lead| lead.id));
            cursor = page.next;
            if cursor.is_none() {
                let all: BTreeSet<EnrolmentId> = found.iter().copied().collect();
                assert_eq!(all.len(), found.len(), "{query}: somebody is listed twice");
                return all;
            }
        }
    }

    /// Walks every number of the page at `query`.
    fn every_number_opens_its_list(&self, query: &str) -> usize {
        let html = analytics_at(self.app(), &self.test.owner, &Frame(Layout::default()), query);
        let numbers = numbers(&html);
        for (list, number) in &numbers {
            assert_eq!(self.behind(list).len() as u64, *number, "{query}: {list}");
            let counted = report::count(self.app(), &self.test.owner, (&asked(list).0, asked(list).1)).unwrap();
            assert_eq!(counted, *number, "{query}: {list}");
        }
        numbers.len()
    }

    /// All pages that the page of everything leads on to, and that page.
    fn walk_all(&self) {
        let html = analytics_at(self.app(), &self.test.owner, &Frame(Layout::default()), "");
        let pages = html.split("href=\"/outreach/analytics?").skip(1).map(|part| part.split('"').next().unwrap());
        let pages: BTreeSet<String> = pages.map(|query| query.replace("&#38;", "&").replace("&amp;", "&")).collect();
        assert!(pages.len() > 4, "{pages:?}");
        for page in pages.iter().map(String::as_str).chain([""]) {
            assert!(self.every_number_opens_its_list(page) > 20, "{page}");
        }
        // What a page of a worker says of a step is what its list holds.
        let figures = figures(&self.app().store, self.test.workspace, self.worker.id).unwrap();
        for step in &self.sequence.steps {
            for group in StepFigures::LISTS {
                let of = Of { step: step.id, variant: None };
                let (store, workspace) = (&self.app().store, self.test.workspace);
                let listed = list_of_step(store, workspace, self.worker.id, (group, of), None, 100).unwrap();
                assert_eq!(figures.step(step.id).of(group), Some(listed.rows.len() as u64), "{group:?}");
            }
        }
    }

    fn all(&self) -> report::Report {
        report(self.app(), &self.test.owner, &Slice::default()).unwrap()
    }

    fn books(&self, lead: &Enrolment) {
        let now = self.app().now();
        let what = Happened::BookingConfirmed { booking: BookingId::new(now), contact: lead.contact };
        self.app().store.write(|txn| events::append(txn, self.test.workspace, now, what.clone())).unwrap();
        self.settle();
    }

    fn bounces(&self, lead: &Enrolment) {
        let message = self.now_stands(lead).last_sent().unwrap().message;
        messaging::bounced(self.app(), self.test.workspace, message, messaging::Bounce::Nobody, "5.1.1").unwrap();
        self.settle();
    }

    fn is_in(&self, query: &str, lead: &Enrolment) -> bool {
        self.behind(query).contains(&lead.id)
    }
}

/// Twelve leads with much that came of them, over two weeks, two mailboxes and two workers.
fn busy() -> (World, Vec<Enrolment>) {
    let world = World::with(two_wordings_and_two_more(), |_, _| {});
    world.more_mailbox("office", |_| {});
    let leads: Vec<Enrolment> = (0..12).map(|number| world.lead(&format!("Lead{number}"), |_| {})).collect();
    world.activate();
    world.app().clock.advance(HOUR);
    world.answer(&leads[0], "interested", |_| {});
    world.answer(&leads[1], "not_interested", |_| {});
    world.answer(&leads[2], "unsubscribe", |_| {});
    world.answer(&leads[3], "out_of_office", |_| {});
    world.bounces(&leads[4]);
    world.advance_all(3 * DAY);
    world.answer(&leads[5], "question", |_| {});
    world.books(&leads[0]);
    world.advance_all(7 * DAY);
    world.answer(&leads[6], "meeting_proposed", |_| {});
    world.advance_all(10 * DAY);
    world.books(&leads[6]);
    let other = create(world.app(), &world.test.owner, &SequenceForm { name: "Inns".into(), steps: three_steps() });
    let second = world.second_worker(other.unwrap().id);
    let contact = add_contact(&world.test, "Zoe", |_| {});
    enrol(world.app(), &world.test.owner, second.id, &[contact]).unwrap();
    let zoe = world.active(contact);
    activate(world.app(), &world.test.owner, second.id).unwrap();
    world.settle();
    world.answer(&zoe, "referral", |_| {});
    (world, leads.into_iter().chain([zoe]).collect())
}

#[test]
fn every_number_opens_exactly_the_leads_that_it_counts() {
    let (world, leads) = busy();
    world.walk_all();
    let found = world.all();
    assert_eq!((found.all.contacted, found.all.delivered(), found.all.replied), (13, 12, 6));
    assert_eq!((found.all.interested, found.all.booked, found.all.opted_out, found.all.bounced), (2, 2, 1, 1));
    assert_eq!((found.all.away, found.workers.len(), found.sequences.len(), found.mailboxes.len()), (1, 2, 2, 2));
    assert_eq!(found.cohorts.len(), 2, "{:?}", found.cohorts);
    let first = found.cohorts.values().next().unwrap();
    assert_eq!((first.replied, first.booked), ([4, 1, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0]));
    assert_eq!(found.waits[1], 3, "after an hour: {:?}", found.waits);
    assert!(world.is_in("what=label-referral", &leads[12]) && !world.is_in("what=replied", &leads[4]));
    assert!(world.is_in("what=away", &leads[3]) && world.is_in("what=bounced", &leads[4]));
}

#[test]
fn an_answer_counts_with_the_mail_that_was_answered_although_others_followed() {
    let (world, leads) = busy();
    let first = world.sequence.steps[0].id;
    let late = &leads[7];
    let message = world.now_stands(late).sent[0].message;
    assert_eq!(world.now_stands(late).sent.len(), 3);
    let reply = world.receive(message, false);
    world.read_as(reply, "interested", |_| {});
    assert!(world.is_in(&format!("what=interested&step={first}"), late));
    assert!(!world.is_in(&format!("what=interested&step={}", world.sequence.steps[2].id), late));
    assert!(world.is_in("what=replied-week-2", late), "of the lead: after its first mail");
    world.walk_all();
}

#[test]
fn a_corrected_label_a_lead_moved_or_taken_off_and_a_person_erased_or_only_stored_move_the_numbers_with_the_lists() {
    let (world, leads) = busy();
    let app = world.app();
    let reply =
        app.store.read(|txn| messaging::list_replies_of_contact(txn, world.test.workspace, leads[1].contact, 1));
    let reply = reply.unwrap()[0].id;
    world.read_as(reply, "question", |reading| reading.corrected_from = Some("not_interested".into()));
    assert!(world.is_in("what=label-question", &leads[1]) && !world.is_in("what=label-not_interested", &leads[1]));
    world.walk_all();

    resume(app, &world.test.owner, leads[5].id).unwrap();
    world.settle();
    world.advance_all(9 * DAY);
    assert_eq!(world.now_stands(&leads[5]).sent.len(), 3, "taken up again, it got the rest");
    world.walk_all();

    let before = world.all();
    contacts::restrict(app, &world.test.owner, leads[0].contact).unwrap();
    world.settle();
    assert!(!world.is_in("what=contacted", &leads[0]));
    assert_eq!(world.all().all.contacted, before.all.contacted - 1);
    world.walk_all();
    contacts::unrestrict(app, &world.test.owner, leads[0].contact).unwrap();
    world.settle();
    assert_eq!(world.all(), before);

    remove(app, &world.test.owner, leads[8].id).unwrap();
    contacts::erase_contact(app, &world.test.owner, leads[6].contact).unwrap();
    let person = Person::Contact(world.test.workspace, leads[6].contact);
    for table in tables().into_iter().filter_map(|table| table.erase) {
        table(&app.store, person).unwrap();
    }
    world.settle();
    let after = world.all();
    assert_eq!((after.all.contacted, after.all.interested), (before.all.contacted - 2, before.all.interested - 1));
    world.walk_all();
    for lead in &leads {
        app.store.write(|txn| store::drop_enrolment(txn, world.test.workspace, lead.id, "")).unwrap();
    }
    assert_eq!(world.all(), report::Report::default(), "nobody is left, and no figure");
}

#[test]
fn leads_of_an_older_version_are_counted_once_as_if_they_always_had_been() {
    let (world, leads) = busy();
    let (app, workspace) = (world.app(), world.test.workspace);
    let before = world.all();
    let of_steps = figures(&app.store, workspace, world.worker.id).unwrap();
    for lead in &leads {
        let stands = world.now_stands(lead);
        app.store.write(|txn| store::put_as_older_version(txn, &stands)).unwrap();
    }
    report::begin_anew(&app.store, workspace).unwrap();
    assert_eq!(world.all().all.contacted, 0);
    // One of them goes on before it is counted.
    world.answer(&leads[9], "later", |_| {});
    plan_all(app).unwrap();
    world.settle();
    let after = world.all();
    assert_eq!((after.all.contacted, after.all.away, after.cohorts.len()), (13, 1, 2));
    assert_eq!(after.all.replied, before.all.replied + 1);
    let weeks = |found: &report::Report| found.cohorts.values().map(|one| one.booked).collect::<Vec<_>>();
    assert_eq!(weeks(&after), weeks(&before), "the events tell when meetings were booked");
    assert_eq!(after.waits[1], before.waits[1], "the answers tell how long they took");
    world.walk_all();
    let now = figures(&app.store, workspace, world.worker.id).unwrap();
    for step in &world.sequence.steps {
        assert_eq!(now.step(step.id).sent, of_steps.step(step.id).sent);
    }
    assert!(report::begin(app, workspace).unwrap());
    plan_all(app).unwrap();
    world.settle();
    assert_eq!(world.all(), after, "again changes nothing");
}

#[test]
fn a_period_holds_those_first_written_to_in_its_weeks_and_no_others() {
    let (world, leads) = busy();
    // The clock of the tests begins on Tuesday 24 November 2026.
    let first = "from=2026-11-23&to=2026-11-29";
    assert_eq!(world.behind(first).len(), 12);
    assert_eq!(world.behind("from=2026-11-30"), BTreeSet::from([leads[12].id]));
    assert_eq!(world.behind("to=2026-11-22").len(), 0);
    assert!(world.every_number_opens_its_list(first) > 20);
    let html = analytics_at(world.app(), &world.test.owner, &Frame(Layout::default()), "to=2026-11-22");
    assert!(html.contains("Nobody was written to here"), "{html}");
}

#[test]
fn a_step_of_another_sequence_than_the_chosen_one_is_left_out_of_the_question() {
    let (world, _) = busy();
    let frame = Frame(Layout::default());
    let step = world.sequence.steps[0].id;
    let of = |sequence| {
        let query = format!("sequence={sequence}&step={step}&variant={step}");
        analytics_at(world.app(), &world.test.owner, &frame, &query)
    };
    let own = of(world.sequence.id);
    assert!(own.contains("Wording A") && own.contains(&format!("step={step}&#38;variant={step}")), "{own}");
    let all = list_sequences(&world.app().store, world.test.workspace).unwrap();
    let other = of(all.iter().find(|one| one.name == "Inns").unwrap().id);
    assert!(!other.contains(&format!("step={step}")) && !other.contains("Nobody was written to"), "{other}");
}

#[test]
fn another_workspace_sees_none_of_it_and_who_may_not_see_outreach_nothing() {
    let (world, _) = busy();
    let stranger = crate::authz::Actor {
        workspace: testing::add_workspace(world.app(), "Next door", "next-door"),
        ..world.test.owner.clone()
    };
    let found = report(world.app(), &stranger, &Slice::default()).unwrap();
    assert_eq!(found, report::Report::default());
    let theirs = Slice { worker: Some(world.worker.id), ..Slice::default() };
    let number = (&theirs, What::Contacted);
    assert_eq!(report::leads(world.app(), &stranger, number, None, 9).unwrap().rows.len(), 0);
    assert_eq!(report::count(world.app(), &stranger, number).unwrap(), 0);
    let agent = crate::authz::Actor { role: Role::Agent, ..world.test.owner.clone() };
    assert!(matches!(report(world.app(), &agent, &theirs), Err(OutreachError::Denied(_))));
    assert!(matches!(report::leads(world.app(), &agent, number, None, 9), Err(OutreachError::Denied(_))));
    assert!(matches!(figures_csv(world.app(), &agent, &theirs), Err(OutreachError::Denied(_))));
    let viewer = crate::authz::Actor { role: Role::Viewer, ..world.test.owner.clone() };
    assert!(report(world.app(), &viewer, &theirs).is_ok());
    assert!(matches!(LeadsCsv::begin(world.app(), &viewer, (theirs, What::Contacted)), Err(OutreachError::Denied(_))));
}

#[test]
fn the_files_hold_what_the_page_says_and_no_cell_is_a_formula() {
    let (world, leads) = busy();
    let before = contacts::get(&world.app().store, world.test.workspace, leads[0].contact).unwrap().unwrap();
    let named = Contact { company: "=1+1".into(), ..before.clone() };
    world.app().store.write(|txn| contacts::put(txn, &named, Some(&before))).unwrap();
    let figures = String::from_utf8(figures_csv(world.app(), &world.test.owner, &Slice::default()).unwrap()).unwrap();
    let line = |begins: &str| figures.lines().find(|line| line.starts_with(begins)).unwrap().to_owned();
    assert_eq!(line("All leads"), "All leads,,,,13,12,6,,,,2,2,1,1,1");
    assert_eq!(line("Week of,2026-11-23"), "Week of,2026-11-23,,,12,11,5,,,,2,2,1,1,1,4,1,0,0,0,0,1,0,1,0,0,0");
    assert_eq!(line("Answer,Wrong person"), "Answer,Wrong person,,,,,1");
    let mut left = LeadsCsv::begin(world.app(), &world.test.owner, asked("what=replied")).ok();
    let mut file = Vec::new();
    while let Some(piece) = left {
        let (bytes, rest) = piece.next().unwrap();
        file.extend_from_slice(&bytes);
        left = rest;
    }
    let file = String::from_utf8(file).unwrap();
    assert_eq!(file.lines().count(), 7, "{file}");
    assert!(file.contains(",'=1+1,") && !file.contains(",=1+1,"), "{file}");
}

#[test]
fn branches_tasks_and_leads_that_a_person_moves_are_counted_with_the_mails_that_they_got() {
    let branch = |when, to| StepForm { kind: KindForm::Branch { when, to }, ..StepForm::default() };
    let interested = crate::outreach::path::When::Replied { label: Some("interested".into()) };
    let steps = vec![
        step(0, "Heating", "One."),
        branch(interested, Some(4)),
        step(3, "", "Two."),
        branch(crate::outreach::path::When::Always, None),
        StepForm { kind: KindForm::Task, ..step(0, "Call", "Call them.") },
        step(1, "", "As we said."),
    ];
    let world = World::with(steps, |_, _| {});
    let leads: Vec<Enrolment> = (0..4).map(|number| world.lead(&format!("Lead{number}"), |_| {})).collect();
    world.activate();
    world.answer(&leads[0], "interested", |_| {});
    move_lead(world.app(), &world.test.owner, leads[1].id, Move::Skip(None)).unwrap();
    move_lead(world.app(), &world.test.owner, leads[2].id, Move::To(world.sequence.steps[5].id)).unwrap();
    world.settle();
    world.walk_all();
    world.advance(3 * DAY);
    world.walk_all();
    let sent = |place: usize| world.behind(&format!("what=contacted&step={}", world.sequence.steps[place].id));
    let names = |places: &[usize]| places.iter().map(|place| leads[*place].id).collect::<BTreeSet<_>>();
    assert_eq!(sent(0), names(&[0, 1, 2, 3]));
    assert_eq!(sent(2), names(&[3]), "one was told to skip it, one was moved past it");
    assert_eq!(sent(5), names(&[2]));
    assert_eq!(world.all().all.contacted, 4);
}
