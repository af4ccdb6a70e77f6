//! On a dry run everything is decided and recorded, and nothing leaves: not now, and not when it is over.

use super::*;
use crate::messaging::Counted;

impl World {
    fn dry_run(&self, on: bool) {
        workers::set_dry_run(self.app(), &self.test.owner, self.worker.id, on).unwrap();
        self.settle();
    }

    fn would_have_left(&self) -> Vec<String> {
        let found =
            messaging::list_would_have_left(&self.app().store, self.test.workspace, self.worker.id, None, 50).unwrap();
        found.rows.into_iter().map(|message| message.text).collect()
    }

    fn counted(&self) -> u32 {
        let (store, now) = (&self.app().store, self.app().now());
        messaging::sent_in_last_day(store, self.test.workspace, Counted::Mailbox(self.connection), now).unwrap()
    }
}

#[test]
fn a_dry_run_records_each_mail_once_and_sends_none() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.dry_run(true);
    world.activate();
    assert_eq!((world.texts(), world.would_have_left()), (vec![], vec!["Hi Anna, one.".to_owned()]));
    assert_eq!(world.counted(), 0, "nothing counts as sent");
    world.advance(4 * DAY);
    assert_eq!(world.would_have_left().len(), 1, "the lead stays at its first mail");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.starts_with("Dry run:"), "{}", hold.words);
    assert_eq!(world.figure(Group::Written), 0);
    let trail = crate::audit::list(&world.app().store, world.test.workspace, None, 50).unwrap().rows;
    assert_eq!(trail.iter().filter(|entry| entry.act == "worker.dry_run_began").count(), 1);
}

#[test]
fn when_a_dry_run_ends_each_lead_is_written_to_anew_and_nothing_of_it_leaves_late() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.dry_run(true);
    world.activate();
    let store = &world.app().store;
    let rehearsed = messaging::list_would_have_left(store, world.test.workspace, world.worker.id, None, 5).unwrap();
    world.advance(MINUTE);
    world.dry_run(false);
    world.advance(MINUTE);
    assert_eq!(world.texts(), ["Hi Anna, one."], "once");
    let sent = world.mailbox.0.lock().unwrap()[0].id;
    assert_ne!(sent, rehearsed.rows[0].id, "it is another mail, decided after the dry run");
    assert_eq!(world.now_stands(&lead).sent.len(), 1);
    assert_eq!(world.counted(), 1);
}

#[test]
fn what_waited_at_the_gate_during_a_dry_run_stays_there_for_good() {
    let world = World::with(three_steps(), |form, _| form.hours = workers::Hours { days: vec![7], from: 0, to: 60 });
    world.lead("Anna", |_| {});
    world.dry_run(true);
    world.activate();
    assert!(world.would_have_left().is_empty(), "it waits for Sunday");
    let waiting = messaging::list_recent(&world.app().store, world.test.workspace, None, 5).unwrap().rows.remove(0);
    assert!(waiting.noted.in_dry_run && waiting.state.is_waiting());
    world.dry_run(false);
    let after = messaging::get_message(&world.app().store, world.test.workspace, waiting.id).unwrap().unwrap();
    assert!(!after.state.is_waiting(), "{:?}", after.state);
}

#[test]
fn a_dry_run_keeps_to_the_caps_as_if_its_mail_had_left() {
    let world = World::with(three_steps(), |form, _| form.limits.per_day = 2);
    for name in ["Anna", "Ben", "Cleo"] {
        world.lead(name, |_| {});
    }
    world.dry_run(true);
    world.activate();
    assert_eq!(world.would_have_left().len(), 2);
    world.advance(DAY + MINUTE);
    assert_eq!(world.would_have_left().len(), 3);
    assert!(world.texts().is_empty());
}
