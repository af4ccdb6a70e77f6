//! Several mailboxes of one worker, and the limits of each.

use super::path::When;
use super::*;
use crate::workspaces;

impl World {
    /// One more mailbox for the worker.
    pub(super) fn more_mailbox(&self, name: &str, change: impl FnOnce(&mut Connection)) -> ConnectionId {
        let mut more = mailbox_of(&self.test);
        more.address = EmailAddress::parse(&format!("{name}@fernhill.example")).unwrap();
        more.id = ConnectionId::new(self.app().now());
        change(&mut more);
        self.app().store.write(|txn| connections::put(txn, &more)).unwrap();
        let worker = workers::get(&self.app().store, self.test.workspace, self.worker.id).unwrap().unwrap();
        let mut form = WorkerForm::of(&worker);
        form.more_mailboxes.push(more.id);
        workers::update(self.app(), &self.test.owner, self.worker.id, &form).unwrap();
        more.id
    }

    fn read_all(&self) {
        let now = self.app().now();
        for mailbox in connections::list(&self.app().store, self.test.workspace).unwrap() {
            connections::update(&self.app().store, self.test.workspace, mailbox.id, |mailbox| {
                mailbox.health.last_poll = Some(now);
            })
            .unwrap();
        }
    }

    pub(super) fn advance_all(&self, by: Duration) {
        self.app().clock.advance(by);
        self.read_all();
        self.settle();
    }

    /// How many mails left each mailbox.
    fn from(&self, mailbox: ConnectionId) -> usize {
        self.mailbox.0.lock().unwrap().iter().filter(|mail| mail.connection == mailbox).count()
    }
}

#[test]
fn new_leads_are_spread_over_the_mailboxes_and_each_lead_hears_from_one_only() {
    let world = World::new();
    let more = world.more_mailbox("office", |_| {});
    let leads: Vec<Enrolment> = (0..8).map(|number| world.lead(&format!("Lead{number}"), |_| {})).collect();
    world.activate();
    let (one, other) = (world.from(world.connection), world.from(more));
    assert!(one + other == 8 && one.abs_diff(other) <= 2, "{one} and {other}");
    world.advance_all(3 * DAY);
    world.advance_all(7 * DAY);
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 24);
    for lead in &leads {
        let mut of: Vec<ConnectionId> =
            sent.iter().filter(|mail| mail.contact == lead.contact).map(|mail| mail.connection).collect();
        of.dedup();
        assert_eq!(of.len(), 1, "a thread stays on its mailbox");
    }
}

#[test]
fn a_mailbox_with_less_room_gets_fewer_new_leads() {
    let world = World::with(three_steps(), |_, connection| connection.pace.daily_cap = 12);
    let more = world.more_mailbox("office", |mailbox| mailbox.pace.daily_cap = 4);
    for number in 0..12 {
        world.lead(&format!("Lead{number}"), |_| {});
    }
    world.activate();
    let (one, other) = (world.from(world.connection), world.from(more));
    assert!(one + other == 12 && other <= 4 && one > other, "{one} and {other}");
}

#[test]
fn a_lost_mailbox_holds_its_own_leads_and_the_others_go_on() {
    let world = World::with(vec![step(0, "Heating", "One."), step(3, "", "Two.")], |_, _| {});
    let more = world.more_mailbox("office", |_| {});
    for number in 0..4 {
        world.lead(&format!("Lead{number}"), |_| {});
    }
    world.activate();
    let (one, other) = (world.from(world.connection), world.from(more));
    assert!(one + other == 4 && other > 0, "{one} and {other}");
    let lost = connections::State::NeedsOwner { since: world.app().now(), reason: "Sign in again.".into() };
    connections::update(&world.app().store, world.test.workspace, more, |mailbox| mailbox.state = lost.clone())
        .unwrap();
    world.advance_all(3 * DAY);
    assert_eq!((world.from(world.connection), world.from(more)), (2 * one, other));
    assert_eq!(world.figure(Group::Held), other as u64, "they wait for the mailbox that wrote to them");
    connections::update(&world.app().store, world.test.workspace, more, |mailbox| {
        mailbox.state = connections::State::Working;
    })
    .unwrap();
    let what = Happened::ConnectionMade { connection: more };
    let now = world.app().now();
    world.app().store.write(|txn| events::append(txn, world.test.workspace, now, what.clone())).unwrap();
    world.settle();
    assert_eq!((world.from(world.connection), world.from(more)), (2 * one, 2 * other));
}

#[test]
fn a_part_of_each_day_is_kept_for_follow_ups() {
    let world = World::with(vec![step(0, "Heating", "One."), step(1, "", "Two.")], |worker, connection| {
        worker.limits.follow_up_percent = 40;
        connection.pace.daily_cap = 10;
    });
    for number in 0..20 {
        world.lead(&format!("Lead{number}"), |_| {});
    }
    world.activate();
    assert_eq!(world.texts().len(), 6, "four of ten are kept");
    world.advance(DAY + 2 * MINUTE);
    let two = world.texts().iter().filter(|text| *text == "Two.").count();
    assert_eq!((world.texts().len(), two), (16, 4 + two.saturating_sub(4)), "the day is full");
    assert!(two >= 4, "follow-ups have their share: {two}");
}

#[test]
fn a_mailbox_counts_what_all_its_sequences_send() {
    let world = World::with(three_steps(), |_, connection| connection.pace.daily_cap = 3);
    let other = create(world.app(), &world.test.owner, &SequenceForm { name: "Other".into(), steps: three_steps() });
    let second = world.second_worker(other.unwrap().id);
    for number in 0..4 {
        world.lead(&format!("Lead{number}"), |_| {});
        let contact = add_contact(&world.test, &format!("More{number}"), |_| {});
        enrol(world.app(), &world.test.owner, second.id, &[contact]).unwrap();
    }
    activate(world.app(), &world.test.owner, second.id).unwrap();
    world.activate();
    assert_eq!(world.texts().len(), 3, "both together");
}

/// A week as it was foretold, and as it went: mails of each mailbox on each day.
#[test]
fn the_forecast_of_a_week_is_what_leaves_in_that_week() {
    let steps = vec![
        step(0, "Heating", "One."),
        StepForm {
            kind: KindForm::Branch {
                when: When::Field { name: "city".into(), test: path::Test::Is, value: "York".into() },
                to: Some(3),
            },
            ..StepForm::default()
        },
        step(2, "", "Two."),
        step(1, "", "Three."),
    ];
    let world = World::with(steps, |worker, connection| {
        worker.limits.per_domain_day = 3;
        worker.limits.per_day = 14;
        worker.limits.follow_up_percent = 30;
        connection.pace = Pace { daily_cap: 14, min_gap_seconds: 600, jitter_seconds: 0, ramp_up: true };
    });
    let more = world.more_mailbox("office", |mailbox| {
        mailbox.pace = Pace { daily_cap: 6, min_gap_seconds: 300, jitter_seconds: 0, ramp_up: false };
    });
    let off = messaging::DaysOff {
        listed: vec![messaging::Listed {
            first: "2026-11-26".into(),
            last: "2026-11-26".into(),
            name: "Stocktaking".into(),
        }],
        ..messaging::DaysOff::default()
    };
    messaging::set_days_off(world.app(), &world.test.owner, &off).unwrap();
    for number in 0..60 {
        world.lead(&format!("Lead{number}"), |contact| {
            contact.addresses =
                vec![EmailAddress::parse(&format!("lead{number}@firm{}.example", number % 17)).unwrap()];
            if number % 3 == 0 {
                contact.custom.insert("city".into(), "York".into());
            }
            if number % 5 == 0 {
                contact.time_zone = Some("America/New_York".into());
            }
        });
    }
    world.read_all();
    world.activate();
    let before = world.mailbox.0.lock().unwrap().len();
    let told = forecast(world.app(), &world.test.owner).unwrap();
    assert_eq!(told.days.len(), 7);
    for _ in 0..7 * 24 * 6 {
        world.advance_all(10 * MINUTE);
    }
    let zone = workspaces::get(&world.app().store, world.test.workspace).unwrap().unwrap().zone();
    let sent = world.mailbox.0.lock().unwrap()[before..].to_vec();
    let rows = messaging::list_recent(&world.app().store, world.test.workspace, None, 1_000).unwrap().rows;
    let on = |message: &Message| {
        let row = rows.iter().find(|row| row.id == message.id).unwrap();
        row.sent_at.unwrap().in_zone(&zone).date()
    };
    let went = |mailbox: ConnectionId| -> Vec<u32> {
        let of =
            |day: &jiff::civil::Date| sent.iter().filter(|m| m.connection == mailbox && on(m) == *day).count() as u32;
        told.days.iter().map(of).collect()
    };
    // Which of two mailboxes a lead is given when several fall due at one moment is not foretold to the mail.
    for of in &told.mailboxes {
        let really = went(of.id);
        let apart = of.mails.iter().zip(&really).map(|(told, went)| told.abs_diff(*went));
        assert!(apart.max() <= Some(1), "{}: told {:?}, went {really:?} on {:?}", of.address, of.mails, told.days);
    }
    let all_told: u32 = told.mailboxes.iter().flat_map(|of| &of.mails).sum();
    let all_went: u32 = told.mailboxes.iter().flat_map(|of| went(of.id)).sum();
    assert!(all_told.abs_diff(all_went) <= 2, "told {all_told}, went {all_went}");
    assert!(told.mailboxes.iter().all(|of| of.mails.iter().sum::<u32>() > 15), "{told:?}");
    let quiet = told.days.iter().position(|day| day.to_string() == "2026-11-26").unwrap();
    assert!(told.mailboxes.iter().all(|of| of.mails[quiet] == 0), "nothing leaves on a day off: {told:?}");
    assert_eq!(told.mailboxes.iter().filter(|of| [world.connection, more].contains(&of.id)).count(), 2);
}
