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
        self.read_all_at(self.app().now());
    }

    fn read_all_at(&self, now: UnixMillis) {
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

    /// Moves the clock from one instant at which something is due to the next: nothing is done later than it could be.
    fn live_through(&self, length: Duration) {
        let ends = self.app().now().plus(length);
        while let Some(due) = self.runner.next_due().unwrap().filter(|due| *due < ends) {
            let next = due.max(self.app().now().plus(Duration::from_secs(1)));
            // First, so that no follow-up finds its mailbox unread at the moment at which the clock moves.
            self.read_all_at(next);
            self.app().clock.advance_to(next);
            self.settle();
        }
        self.app().clock.advance_to(ends);
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
    // A lead that was given to the smaller one when its room was gone waits there for the next day.
    assert!((10..=12).contains(&(one + other)) && other <= 4 && one > other, "{one} and {other}");
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

#[test]
fn what_one_worker_keeps_for_follow_ups_another_one_of_the_same_mailbox_does_not_take() {
    let world = World::with(vec![step(0, "Heating", "One."), step(1, "", "Two.")], |worker, connection| {
        worker.limits.follow_up_percent = 60;
        connection.pace.daily_cap = 10;
    });
    let steps = vec![step(0, "Other", "First of the other.")];
    let other = create(world.app(), &world.test.owner, &SequenceForm { name: "Other".into(), steps }).unwrap();
    let second = world.second_worker(other.id);
    world.lead("Anna", |_| {});
    for number in 0..20 {
        let contact = add_contact(&world.test, &format!("More{number}"), |_| {});
        enrol(world.app(), &world.test.owner, second.id, &[contact]).unwrap();
    }
    world.activate();
    activate(world.app(), &world.test.owner, second.id).unwrap();
    world.settle();
    assert_eq!(world.texts().len(), 4, "six of ten are kept, whoever sends: {:?}", world.texts());
}

#[test]
fn a_lead_hears_nothing_more_while_any_mailbox_that_wrote_to_it_is_unread() {
    let world = World::with(vec![step(0, "Heating", "One."), step(3, "Again", "Two.")], |_, _| {});
    world.lead("Anna", |_| {});
    world.activate();
    let first = world.connection;
    // The worker goes on from another mailbox; the one that wrote stays connected.
    let more = world.more_mailbox("office", |_| {});
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    let mut form = WorkerForm::of(&worker);
    (form.mailbox, form.more_mailboxes) = (Some(more), Vec::new());
    workers::update(world.app(), &world.test.owner, world.worker.id, &form).unwrap();
    world.app().clock.advance(3 * DAY);
    let read = |mailbox: ConnectionId| {
        let now = world.app().now();
        connections::update(&world.app().store, world.test.workspace, mailbox, |mailbox| {
            mailbox.health.last_poll = Some(now);
        })
        .unwrap();
    };
    read(more);
    world.settle();
    assert_eq!(world.texts(), ["One."], "an answer may lie in the mailbox that wrote");
    world.app().clock.advance(2 * MINUTE);
    read(more);
    read(first);
    world.settle();
    assert_eq!((world.texts().len(), world.from(more)), (2, 1));
}

/// A lead of York takes the branch, and gets other mails than the rest.
fn branching() -> Vec<StepForm> {
    let york = When::Field { name: "city".into(), test: path::Test::Is, value: "York".into() };
    let branch = |when, to| StepForm { kind: KindForm::Branch { when, to }, ..StepForm::default() };
    vec![
        step(0, "Heating", "One."),
        branch(york, Some(4)),
        step(2, "", "Two."),
        branch(When::Always, None),
        step(2, "", "Two, for York."),
    ]
}

/// What one of two mailboxes answers from the second day on, and what its leads and those of the other one get meanwhile
/// and afterwards.
fn live_with_trouble_at_one_mailbox(trouble: SendOutcome, state: impl Fn(&connections::State) -> bool) {
    let world = World::with(branching(), |_, _| {});
    world.add_members();
    let more = world.more_mailbox("office", |_| {});
    let leads: Vec<Enrolment> = (0..10)
        .map(|number| {
            world.lead(&format!("Lead{number}"), |contact| {
                if number % 2 == 0 {
                    contact.custom.insert("city".into(), "York".into());
                }
            })
        })
        .collect();
    world.activate();
    let (one, other) = (world.from(world.connection), world.from(more));
    assert!(one + other == 10 && one > 0 && other > 0, "{one} and {other}");
    *world.mailbox.3.lock().unwrap() = Some((more, trouble));
    for _ in 0..10 {
        world.advance_all(DAY / 4);
    }
    assert_eq!((world.from(world.connection), world.from(more)), (2 * one, other), "the others' leads go on");
    let mailbox = connections::get(&world.app().store, world.test.workspace, more).unwrap().unwrap();
    assert!(state(&mailbox.state), "{:?}", mailbox.state);
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert!(worker.state.is_working(), "it writes from the other one: {:?}", worker.state);

    *world.mailbox.3.lock().unwrap() = None;
    connections::update(&world.app().store, world.test.workspace, more, |mailbox| {
        mailbox.state = connections::State::Working;
    })
    .unwrap();
    let (now, what) = (world.app().now(), Happened::ConnectionMade { connection: more });
    world.app().store.write(|txn| events::append(txn, world.test.workspace, now, what.clone())).unwrap();
    for _ in 0..8 {
        world.advance_all(DAY / 4);
    }
    let sent = world.mailbox.0.lock().unwrap().clone();
    for (number, lead) in leads.iter().enumerate() {
        let of: Vec<_> = sent.iter().filter(|mail| mail.contact == lead.contact).collect();
        let texts: Vec<&str> = of.iter().map(|mail| mail.text.as_str()).collect();
        let second = if number % 2 == 0 { "Two, for York." } else { "Two." };
        assert_eq!(texts, ["One.", second], "each step once, and none left out");
        assert_eq!(of[0].connection, of[1].connection, "from the mailbox that knows them");
    }
}

#[test]
fn one_of_two_mailboxes_is_revoked_and_its_leads_alone_wait_for_it() {
    let refused = SendOutcome::NeedsOwner { reason: "Sign in again.".into() };
    live_with_trouble_at_one_mailbox(refused, |state| matches!(state, connections::State::NeedsOwner { .. }));
}

#[test]
fn one_of_two_mailboxes_is_out_for_days_and_its_leads_alone_wait_for_it() {
    let out = SendOutcome::Wait { after: None, whole_mailbox: true, reason: "503".into() };
    let is_waited_for = |state: &connections::State| !matches!(state, connections::State::NeedsOwner { .. });
    live_with_trouble_at_one_mailbox(out, is_waited_for);
}

/// A week as it was foretold, and as it went: the mails of each mailbox on each day.
struct Week {
    days: Vec<String>,
    told: Vec<(String, Vec<u32>)>,
    went: Vec<(String, Vec<u32>)>,
}

impl Week {
    /// Of 60 leads, a branch, two mailboxes that begin differently, a day off and two time zones.
    fn live(per_day: u32, per_domain_day: u32) -> Self {
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
            (worker.limits.per_domain_day, worker.limits.per_day) = (per_domain_day, per_day);
            worker.limits.follow_up_percent = 30;
            connection.pace = Pace { daily_cap: 14, min_gap_seconds: 600, jitter_seconds: 0, ramp_up: true };
        });
        world.more_mailbox("office", |mailbox| {
            mailbox.pace = Pace { daily_cap: 6, min_gap_seconds: 300, jitter_seconds: 0, ramp_up: false };
        });
        let (first, last) = ("2026-11-26".to_owned(), "2026-11-26".to_owned());
        let listed = vec![messaging::Listed { first, last, name: "Stocktaking".into() }];
        let off = messaging::DaysOff { listed, ..messaging::DaysOff::default() };
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
        world.live_through(7 * DAY);
        let zone = workspaces::get(&world.app().store, world.test.workspace).unwrap().unwrap().zone();
        let sent = world.mailbox.0.lock().unwrap()[before..].to_vec();
        let rows = messaging::list_recent(&world.app().store, world.test.workspace, None, 1_000).unwrap().rows;
        let on = |message: &Message| {
            let row = rows.iter().find(|row| row.id == message.id).unwrap();
            row.sent_at.unwrap().in_zone(&zone).date()
        };
        let went = |of: &OfMailbox| {
            let on_day =
                |day: &jiff::civil::Date| sent.iter().filter(|m| m.connection == of.id && on(m) == *day).count();
            (of.address.clone(), told.days.iter().map(|day| on_day(day) as u32).collect())
        };
        Self {
            days: told.days.iter().map(ToString::to_string).collect(),
            went: told.mailboxes.iter().map(went).collect(),
            told: told.mailboxes.iter().map(|of| (of.address.clone(), of.mails.clone())).collect(),
        }
    }

    fn by_day(all: &[(String, Vec<u32>)]) -> Vec<u32> {
        (0..7).map(|day| all.iter().map(|(_, mails)| mails[day]).sum()).collect()
    }
}

#[test]
fn each_number_of_the_forecast_opens_as_many_mails_of_its_mailbox_and_day() {
    let world = World::new();
    world.more_mailbox("office", |_| {});
    let leads: Vec<ContactId> = (0..5).map(|number| world.lead(&format!("Lead{number}"), |_| {}).contact).collect();
    world.read_all();
    world.activate();
    let (app, owner) = (world.app(), &world.test.owner);
    let told = forecast(app, owner).unwrap();
    let mut all = 0;
    for of in &told.mailboxes {
        for (day, count) in told.days.iter().zip(&of.mails) {
            let cell = Cell { mailbox: Some(of.id), day: Some(*day) };
            let (page, whole) = foretold(app, owner, cell, None, 100).unwrap();
            assert_eq!((page.rows.len(), whole), (*count as usize, *count as usize), "{} {day}", of.address);
            assert!(page.rows.iter().all(|mail| mail.mailbox == of.id && mail.step == Some(2) && !mail.is_first));
            assert!(page.rows.iter().all(|mail| leads.contains(&mail.contact) && mail.worker == world.worker.id));
            all += whole;
        }
    }
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let (page, whole) = foretold(app, owner, Cell::default(), cursor.as_ref(), 2).unwrap();
        assert_eq!((whole, all), (5, 5), "the first mails have left, the third are more than a week ahead");
        listed.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(listed.len() == all && listed.is_sorted_by_key(|mail| mail.at), "{listed:?}");
    let elsewhere = World::new();
    for unknown in [
        Cell { mailbox: Some(elsewhere.connection), day: None },
        Cell { mailbox: None, day: Some(told.days[0].yesterday().unwrap()) },
    ] {
        assert!(matches!(foretold(app, owner, unknown, None, 2), Err(OutreachError::NotFound)), "{unknown:?}");
    }
}

#[test]
fn the_forecast_of_a_week_is_what_leaves_in_that_week() {
    let week = Week::live(1_000, 1_000);
    assert_eq!(week.told, week.went, "{:?}", week.days);
    assert_eq!(week.told.len(), 2);
    assert!(week.told.iter().all(|(_, mails)| mails.iter().sum::<u32>() > 15), "{:?}", week.told);
    let quiet = week.days.iter().position(|day| day == "2026-11-26").unwrap();
    assert!(week.told.iter().all(|(_, mails)| mails[quiet] == 0), "nothing leaves on a day off: {:?}", week.told);
}

/// Which of two mailboxes gets a place of a limit that both share, when it comes free, hangs on which of their threads
/// asks first; how many leave together on a day does not.
#[test]
fn where_mailboxes_share_a_limit_the_forecast_of_each_day_is_what_leaves_on_it_from_both() {
    let week = Week::live(14, 1_000);
    assert_eq!(Week::by_day(&week.told), Week::by_day(&week.went), "told {:?}, went {:?}", week.told, week.went);
    let all: u32 = Week::by_day(&week.told).iter().sum();
    assert!(all < Week::by_day(&Week::live(1_000, 1_000).told).iter().sum(), "the limit is felt: {all}");
    let week = Week::live(14, 3);
    let (told, went) = (Week::by_day(&week.told), Week::by_day(&week.went));
    assert_eq!(told, went, "told {:?}, went {:?}", week.told, week.went);
}
