//! The room as a whole: real queue, real gate, real events; only the mailbox is made up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::sequences::{approve, create, update};
use super::*;
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, ReplyId, UnixMillis};
use crate::connections::{self, Connection, Kind, MailServerSettings, Pace, SecurityMode, SmtpImap, Use};
use crate::contacts::{self, Contact, Source};
use crate::events::{self, Deliver, Happened};
use crate::jobs::{Runner, Threads};
use crate::messaging::{self, Channel, Incoming, Look, Message, Outbox, Reading, SendOutcome, SentAs};
use crate::testing::{self, TestApp};
use crate::workers::{self, Limits, Sender, Worker, WorkerForm};

mod doubt;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// A mailbox that takes everything and remembers it, unless it was told how to answer next.
#[derive(Clone, Default)]
struct Mailbox(Arc<Mutex<Vec<Message>>>, Arc<Mutex<VecDeque<SendOutcome>>>, Arc<Mutex<VecDeque<Look>>>);

impl Channel for Mailbox {
    fn send(&self, _: &App, message: &Message, _: &Connection) -> SendOutcome {
        let provider_thread = Some(format!("thread of {}", message.to));
        let taken = SendOutcome::Sent(SentAs { provider_thread, ..SentAs::default() });
        let outcome = self.1.lock().unwrap().pop_front().unwrap_or(taken);
        if matches!(outcome, SendOutcome::Sent(_) | SendOutcome::Unknown { .. }) {
            self.0.lock().unwrap().push(message.clone());
        }
        outcome
    }
    fn look(&self, _: &App, _: &Message, _: &Connection, _: u32) -> Look {
        self.2.lock().unwrap().pop_front().unwrap_or(Look::Absent)
    }
}

struct World {
    test: TestApp,
    runner: Runner,
    mailbox: Mailbox,
    connection: ConnectionId,
    sequence: Sequence,
    worker: Worker,
}

fn step(wait_days: u16, subject: &str, text: &str) -> StepForm {
    StepForm { id: None, wait_days, working_days: false, subject: subject.into(), text: text.into() }
}

fn three_steps() -> Vec<StepForm> {
    vec![
        step(0, "Heating at {{company|your house}}", "Hi {{first_name|there}}, one."),
        step(3, "", "Two."),
        step(5, "", "Three."),
    ]
}

impl World {
    fn new() -> Self {
        Self::with(three_steps(), |_, _| {})
    }

    fn with(steps: Vec<StepForm>, change: impl FnOnce(&mut WorkerForm, &mut Connection)) -> Self {
        let test = testing::app_with(&[
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000"),
            ("LAUNCHYARD_OUTREACH__MIN_GAP_SECONDS", "0"),
        ]);
        let mut connection = mailbox_of(&test);
        let sequence = create(&test.app, &test.owner, &SequenceForm { name: "Hotels".into(), steps }).unwrap();
        let mut form = WorkerForm {
            name: "Lake District hotels".into(),
            sequence: Some(sequence.id),
            mailbox: Some(connection.id),
            limits: Limits { per_day: 100_000, per_domain_day: 100_000, per_contact: 4 },
            sender: Sender { name: "Nora Whitfield".into(), ..Sender::default() },
            ..WorkerForm::default()
        };
        change(&mut form, &mut connection);
        test.app.store.write(|txn| connections::put(txn, &connection)).unwrap();
        let worker = workers::create(&test.app, &test.owner, &form).unwrap();
        let mailbox = Mailbox::default();
        let deliver =
            Deliver { store: test.app.store.clone(), clock: test.app.clock.clone(), subscribers: subscribers() };
        let handlers =
            handlers(Handlers::default()).task(deliver).effect(Outbox { channel: Arc::new(mailbox.clone()) });
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner =
            Runner::start(store, clock, Arc::clone(&test.app), Arc::new(handlers), &Threads::default()).unwrap();
        Self { runner, mailbox, connection: connection.id, sequence, worker, test }
    }

    fn app(&self) -> &App {
        &self.test.app
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(180)), "the queue never came to rest");
    }

    /// Moves the clock in one go; the mailbox was read meanwhile, as its poll would.
    fn advance(&self, by: Duration) {
        let now = self.app().clock.advance(by);
        self.app()
            .store
            .write(|txn| {
                let mut mailbox = connections::find(txn, self.test.workspace, self.connection)?.unwrap();
                mailbox.health.last_poll = Some(now);
                connections::put(txn, &mailbox)
            })
            .unwrap();
        self.settle();
    }

    fn lead(&self, first_name: &str, change: impl FnOnce(&mut Contact)) -> Enrolment {
        let contact = add_contact(&self.test, first_name, change);
        let tally = enrol(self.app(), &self.test.owner, self.worker.id, &[contact]).unwrap();
        assert_eq!(tally.added, 1, "{tally:?}");
        self.active(contact)
    }

    fn active(&self, contact: ContactId) -> Enrolment {
        self.app().store.read(|txn| find_active(txn, self.test.workspace, contact)).unwrap().unwrap()
    }

    fn activate(&self) {
        activate(self.app(), &self.test.owner, self.worker.id).unwrap();
        self.settle();
    }

    fn now_stands(&self, lead: &Enrolment) -> Enrolment {
        get(&self.app().store, self.test.workspace, lead.id).unwrap().unwrap()
    }

    fn texts(&self) -> Vec<String> {
        self.mailbox.0.lock().unwrap().iter().map(|message| message.text.clone()).collect()
    }

    /// The person answers the newest mail to them, and the answer is read as `label`.
    fn answer(&self, lead: &Enrolment, label: &str, change: impl FnOnce(&mut Reading)) -> ReplyId {
        let message = self.now_stands(lead).last_sent().unwrap().message;
        let id = self.receive(message, label == "out_of_office");
        self.read_as(id, label, change);
        id
    }

    fn receive(&self, message: MessageId, automatic: bool) -> ReplyId {
        let incoming = Incoming {
            message,
            from: EmailAddress::parse("anna@fellside.example").unwrap(),
            from_name: "Anna".into(),
            subject: "Re: Heating".into(),
            text: "…".into(),
            message_id: format!("{message}-answer-{}@fellside.example", self.app().now().0),
            references: vec![],
            provider_thread: None,
            sent_at: self.app().now(),
            header_facts: vec![],
            automatic,
        };
        messaging::receive(self.app(), self.test.workspace, &incoming).unwrap().unwrap()
    }

    fn read_as(&self, id: ReplyId, label: &str, change: impl FnOnce(&mut Reading)) {
        let now = self.app().now();
        let mut reading = Reading {
            label: label.into(),
            confidence: 0.99,
            language: "en".into(),
            reasons: vec![],
            flags: vec![],
            times: vec![],
            return_date: None,
            follow_up_on: None,
            read_at: now,
            corrected_from: None,
            ..Reading::default()
        };
        change(&mut reading);
        self.app()
            .store
            .write(|txn| {
                let mut reply = messaging::find_reply(txn, self.test.workspace, id)?.unwrap();
                reply.reading = Some(reading.clone());
                messaging::update_reply(txn, &reply)?;
                let what = Happened::ReplyClassified { reply: id, contact: reply.contact, label: label.into() };
                events::append(txn, self.test.workspace, now, what)
            })
            .unwrap();
        self.settle();
    }

    fn figure(&self, group: Group) -> u64 {
        figures(&self.app().store, self.test.workspace, self.worker.id).unwrap().of(group)
    }
}

fn mailbox_of(test: &TestApp) -> Connection {
    let server =
        MailServerSettings { host: "127.0.0.1".into(), port: 25, security: SecurityMode::Plain, user: "nora".into() };
    Connection {
        id: ConnectionId::new(test.app.now()),
        workspace: test.workspace,
        address: EmailAddress::parse("nora@fernhill.example").unwrap(),
        display_name: "Nora Whitfield".into(),
        kind: Kind::SmtpImap(SmtpImap {
            smtp: server.clone(),
            imap: server,
            ca_pem: None,
            password: None,
            folders: vec![],
        }),
        uses: vec![Use::Outreach],
        state: connections::State::Working,
        pace: Pace { daily_cap: 100_000, min_gap_seconds: 0, jitter_seconds: 0, ramp_up: false },
        health: connections::Health::default(),
        made_by: None,
        made_at: test.app.now(),
    }
}

fn add_contact(test: &TestApp, first_name: &str, change: impl FnOnce(&mut Contact)) -> ContactId {
    let now = test.app.now();
    let id = ContactId::new(now);
    let mut contact = Contact {
        id,
        workspace: test.workspace,
        first_name: first_name.into(),
        last_name: "Lund".into(),
        addresses: vec![EmailAddress::parse(&format!("{}@lead.example", id)).unwrap()],
        company: "Fellside".into(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: vec![],
        source: Source::ByHand,
        created_at: now,
        changed_at: now,
        restricted: false,
    };
    change(&mut contact);
    test.app.store.write(|txn| contacts::put(txn, &contact, None)).unwrap();
    id
}

#[test]
fn nothing_leaves_before_the_worker_is_switched_on_and_then_each_step_leaves_in_its_turn() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.advance(DAY);
    assert!(world.texts().is_empty(), "it is off");
    assert_eq!(world.figure(Group::Held), 1);
    world.activate();
    assert_eq!(world.texts(), ["Hi Anna, one."]);
    world.advance(2 * DAY);
    assert_eq!(world.texts().len(), 1, "the second step waits three days");
    world.advance(4 * DAY);
    world.advance(7 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two.", "Three."]);
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent[0].subject, "Heating at Fellside");
    assert_eq!(sent[1].subject, "Re: Heating at Fellside");
    assert_eq!(sent[2].subject, "Re: Heating at Fellside");
    assert_eq!(sent[2].in_reply_to.as_deref(), Some(sent[1].message_id.as_str()));
    assert_eq!(sent[2].references, [sent[0].message_id.clone(), sent[1].message_id.clone()]);
    assert_eq!(sent[1].provider_thread, Some(format!("thread of {}", sent[0].to)));
    assert!(matches!(world.now_stands(&lead).state, State::Finished { .. }));
    assert_eq!((world.figure(Group::Written), world.figure(Group::Finished), world.figure(Group::Waiting)), (1, 1, 0));
}

#[test]
fn any_answer_of_a_person_stops_the_sequence_even_when_the_next_mail_is_already_queued() {
    for label in
        ["interested", "meeting_proposed", "question", "referral", "not_interested", "later", "unsubscribe", "other"]
    {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let first = world.now_stands(&lead).last_sent().unwrap().message;
        // The mailbox has not been read, so the second mail is queued and waits at the gate.
        world.app().clock.advance(3 * DAY);
        world.settle();
        let queued = world.now_stands(&lead);
        let State::Queued { message, .. } = queued.state else { panic!("{label}: {:?}", queued.state) };
        let reply = world.receive(first, false);
        world.read_as(reply, label, |_| {});
        let State::Stopped { follow_up_on, .. } = world.now_stands(&lead).state else { panic!("{label}") };
        assert_eq!(follow_up_on.is_some(), label == "later", "{label}");
        for _ in 0..4 {
            world.advance(4 * DAY);
        }
        assert_eq!(world.texts().len(), 1, "{label}: the queued mail must not leave");
        let cancelled = messaging::get_message(&world.app().store, world.test.workspace, message).unwrap().unwrap();
        assert!(matches!(cancelled.state, messaging::Delivery::NotSent { .. }), "{label}");
        assert_eq!(world.figure(Group::Replied), 1, "{label}");
        let interested = u64::from(matches!(label, "interested" | "meeting_proposed"));
        assert_eq!(world.figure(Group::Interested), interested, "{label}");
        assert_eq!(world.figure(Group::OptedOut), u64::from(label == "unsubscribe"), "{label}");
    }
}

#[test]
fn a_follow_up_waits_for_the_mailbox_to_be_read_also_when_it_has_a_subject_of_its_own() {
    for subject in ["", "Another thought"] {
        let world = World::with(vec![step(0, "Heating", "One."), step(3, subject, "Two.")], |_, _| {});
        world.lead("Anna", |_| {});
        world.activate();
        assert_eq!(world.texts(), ["One."], "the first mail needs no reading");
        world.app().clock.advance(3 * DAY);
        world.settle();
        assert_eq!(world.texts().len(), 1, "“{subject}”: nobody has looked for an answer");
        world.advance(MINUTE);
        assert_eq!(world.texts(), ["One.", "Two."], "“{subject}”");
    }
}

#[test]
fn an_absence_pauses_until_after_the_return_and_counts_as_no_answer() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.answer(&lead, "out_of_office", |reading| reading.return_date = Some("2026-12-03".into()));
    let State::PausedUntil { at, reason, .. } = world.now_stands(&lead).state else { panic!() };
    assert_eq!(at.to_rfc3339(), "2026-12-04T09:00:00Z");
    assert_eq!(reason, "Away until 3 December 2026.");
    world.advance(9 * DAY);
    assert_eq!(world.texts().len(), 1, "she is away");
    world.advance(DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two."]);
    assert_eq!(world.figure(Group::Replied), 0);
}

#[test]
fn what_a_person_wrote_and_only_perhaps_is_an_absence_stops_the_sequence() {
    for (automatic, confidence, stops) in
        [(false, 0.40, true), (false, 0.69, true), (false, 0.70, false), (true, 0.40, false)]
    {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let reply = world.receive(world.now_stands(&lead).last_sent().unwrap().message, automatic);
        world.read_as(reply, "out_of_office", |reading| reading.confidence = confidence);
        let state = world.now_stands(&lead).state;
        assert_eq!(matches!(state, State::Stopped { .. }), stops, "automatic {automatic}, {confidence}: {state:?}");
        world.advance(10 * DAY);
        assert_eq!(world.texts().len() == 1, stops, "automatic {automatic}, {confidence}");
    }
}

#[test]
fn who_puts_it_off_is_taken_up_on_the_day_by_the_sequence_or_by_a_person() {
    type Change = fn(&mut Reading);
    let cases: [(&str, Change, bool); 3] = [
        ("read surely", |_| {}, true),
        ("not surely enough", |reading| reading.confidence = 0.79, false),
        ("delicate", |reading| reading.flags = vec!["legal".into()], false),
    ];
    for (name, change, goes_on) in cases {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        world.answer(&lead, "later", |reading| {
            reading.follow_up_on = Some("2026-12-10".into());
            change(reading);
        });
        assert!(world.now_stands(&lead).state.is_put_off(), "{name}");
        world.advance(14 * DAY);
        assert_eq!((world.texts().len(), world.figure(Group::AskAgain)), (1, 0), "{name}: the day has not come");
        world.advance(2 * DAY);
        assert_eq!(world.figure(Group::AskAgain), u64::from(!goes_on), "{name}");
        world.advance(MINUTE);
        assert_eq!(world.texts().len(), 1 + usize::from(goes_on), "{name}");
    }
}

#[test]
fn a_deferral_after_the_last_mail_comes_to_a_person_and_can_be_let_rest() {
    let world = World::with(vec![step(0, "S", "One.")], |_, _| {});
    let lead = world.lead("Anna", |_| {});
    world.activate();
    assert!(matches!(world.now_stands(&lead).state, State::Finished { .. }));
    world.answer(&lead, "later", |_| {});
    world.advance(89 * DAY);
    assert_eq!(world.figure(Group::AskAgain), 0);
    world.advance(4 * DAY);
    assert_eq!(world.figure(Group::AskAgain), 1, "no day was named: after ninety");
    leave(world.app(), &world.test.owner, lead.id).unwrap();
    assert_eq!((world.figure(Group::AskAgain), world.figure(Group::Stopped)), (0, 1));
}

#[test]
fn a_day_that_was_misread_is_dropped_with_its_label() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let reply = world.answer(&lead, "later", |reading| reading.follow_up_on = Some("2026-12-10".into()));
    world.read_as(reply, "question", |_| {});
    assert!(!world.now_stands(&lead).state.is_put_off());
    world.advance(30 * DAY);
    assert_eq!((world.texts().len(), world.figure(Group::AskAgain)), (1, 0));
}

#[test]
fn an_automatic_acknowledgement_changes_nothing() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let first = world.now_stands(&lead).last_sent().unwrap().message;
    let reply = world.receive(first, true);
    world.read_as(reply, "other", |_| {});
    assert!(matches!(world.now_stands(&lead).state, State::Waiting { .. }));
}

#[test]
fn a_changed_text_waits_for_approval_and_the_unchanged_steps_go_on() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let mut form =
        SequenceForm::of(&get_sequence(&world.app().store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, but better.".into();
    update(world.app(), &world.test.owner, world.sequence.id, &form).unwrap();
    let other = world.lead("Ben", |_| {});
    world.advance(3 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Hi Ben, one."], "the first step was approved as it stands");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.contains("waits for your approval"), "{}", hold.words);
    approve(world.app(), &world.test.owner, world.sequence.id).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts().last().unwrap(), "Two, but better.");
    assert_eq!(world.now_stands(&other).sent.len(), 1);
}

#[test]
fn a_field_that_a_lead_lacks_holds_its_mail_back_until_it_is_there() {
    let steps = vec![step(0, "For {{company}}", "Hi {{first_name}}, hello.")];
    let world = World::with(steps, |_, _| {});
    let lead = world.lead("", |contact| contact.last_name = String::new());
    world.activate();
    assert!(world.texts().is_empty(), "never “Hi ,”");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.starts_with("The first name of this lead is missing."), "{}", hold.words);
    let store = &world.app().store;
    store
        .write(|txn| {
            let before = contacts::find(txn, world.test.workspace, lead.contact)?.unwrap();
            let after = Contact { first_name: "Anna".into(), ..before.clone() };
            contacts::put(txn, &after, Some(&before))?;
            events::append(
                txn,
                world.test.workspace,
                world.app().now(),
                Happened::ContactChanged { contact: lead.contact },
            )
        })
        .unwrap();
    world.settle();
    assert_eq!(world.texts(), ["Hi Anna, hello."]);
}

#[test]
fn mail_arrives_in_the_leads_own_hours_also_over_a_clock_change() {
    let world = World::new();
    // 24 November, 10:00 UTC: open in London, night in New York. The clocks change on 14 March there.
    world.app().clock.advance_to(UnixMillis::parse_rfc3339("2027-03-12T11:00:00Z").unwrap());
    let lead = world.lead("Anna", |contact| contact.time_zone = Some("America/New_York".into()));
    world.activate();
    assert!(world.texts().is_empty(), "it is six in the morning there");
    world.advance(3 * 3600 * Duration::from_secs(1));
    assert_eq!(world.texts().len(), 1, "nine in the morning");
    let State::Waiting { due, .. } = world.now_stands(&lead).state else { panic!() };
    assert_eq!(due.to_rfc3339(), "2027-03-15T13:00:00Z", "nine in the morning after the change");
}

#[test]
fn the_limits_of_worker_mailbox_and_domain_hold_and_the_rest_leaves_later() {
    let cases: [(&str, fn(&mut WorkerForm, &mut Connection)); 3] = [
        ("worker", |form, _| form.limits.per_day = 2),
        ("mailbox", |_, mailbox| mailbox.pace.daily_cap = 2),
        ("domain", |form, _| form.limits.per_domain_day = 2),
    ];
    for (name, change) in cases {
        let world = World::with(vec![step(0, "S", "One.")], change);
        for number in 0..5 {
            world.lead(&format!("Lead {number}"), |_| {});
        }
        world.activate();
        assert_eq!(world.texts().len(), 2, "{name}");
        world.advance(DAY);
        assert_eq!(world.texts().len(), 4, "{name}");
    }
}

#[test]
fn a_contact_is_enrolled_once_and_in_one_sequence_at_a_time() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    let again = enrol(app, owner, world.worker.id, &[lead.contact]).unwrap();
    assert_eq!((again.added, again.skipped_words()), (0, "1 in a sequence already".into()));
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let form = WorkerForm { limits: Limits::default(), ..form };
    let other = workers::create(app, owner, &form).unwrap();
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().skipped[&Skip::AlreadyEnrolled], 1);
    stop(app, owner, lead.id).unwrap();
    assert_eq!(enrol(app, owner, world.worker.id, &[lead.contact]).unwrap().skipped[&Skip::HadThisSequence], 1);
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().added, 1);
    assert!(matches!(resume(app, owner, lead.id), Err(OutreachError::InAnother)));
    let nobody = add_contact(&world.test, "Nobody", |contact| contact.addresses.clear());
    assert_eq!(enrol(app, owner, world.worker.id, &[nobody]).unwrap().skipped[&Skip::NoAddress], 1);
    let restricted = add_contact(&world.test, "R", |contact| contact.restricted = true);
    assert_eq!(enrol(app, owner, world.worker.id, &[restricted]).unwrap().skipped[&Skip::Restricted], 1);
}

#[test]
fn nobody_is_enrolled_whose_answer_may_be_an_opt_out() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.answer(&lead, "unsubscribe", |reading| reading.undecided = true);
    assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }));
    assert_eq!(world.figure(Group::OptedOut), 0, "nobody has said so yet");
    assert!(matches!(resume(app, owner, lead.id), Err(OutreachError::MayNotWrite(_))));
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let other = workers::create(app, owner, &form).unwrap();
    let tally = enrol(app, owner, other.id, &[lead.contact]).unwrap();
    assert_eq!(tally.skipped.get(&Skip::MayHaveOptedOut), Some(&1), "{tally:?}");
}

#[test]
fn an_answer_to_an_earlier_sequence_stops_the_one_that_runs_now() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let first = world.now_stands(&lead).last_sent().unwrap().message;
    stop(app, owner, lead.id).unwrap();
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let other = workers::create(app, owner, &form).unwrap();
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().added, 1);
    let running = world.active(lead.contact);
    let reply = world.receive(first, false);
    world.read_as(reply, "question", |_| {});
    assert!(matches!(world.now_stands(&running).state, State::Stopped { .. }));
    assert_eq!(world.now_stands(&lead).came.label.as_deref(), Some("question"));
}

#[test]
fn a_worker_that_is_not_ready_says_everything_that_is_missing() {
    let world = World::with(vec![step(0, "", "For {{roof_area}}")], |form, _| {
        form.mailbox = None;
        form.sender = Sender::default();
    });
    let Err(OutreachError::NotReady(missing)) = activate(world.app(), &world.test.owner, world.worker.id) else {
        panic!()
    };
    let words = missing.join("\n");
    for expected in ["no mailbox", "needs a subject", "needs the roof area", "sender’s name", "no lead yet"] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn pausing_holds_from_that_moment_and_switching_on_wakes_what_waited() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    workers::pause_all(world.app(), &world.test.owner).unwrap();
    world.lead("Ben", |_| {});
    world.advance(6 * DAY);
    assert_eq!(world.texts().len(), 1);
    workers::resume_all(world.app(), &world.test.owner).unwrap();
    world.settle();
    let mut texts = world.texts();
    texts.sort();
    assert_eq!(texts, ["Hi Anna, one.", "Hi Ben, one.", "Two."], "the order between leads is free");
}

#[test]
fn pausing_everything_takes_waiting_mails_back_and_writes_them_anew() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    // The mailbox has not been read, so the second mail is queued and waits at the gate.
    app.clock.advance(3 * DAY);
    world.settle();
    let State::Queued { message, .. } = world.now_stands(&lead).state else { panic!("not queued") };
    workers::pause_all(app, owner).unwrap();
    world.settle();
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!("not back") };
    assert!(hold.words.contains("is paused"), "{}", hold.words);
    let taken = messaging::get_message(&app.store, world.test.workspace, message).unwrap().unwrap();
    assert!(matches!(taken.state, messaging::Delivery::NotSent { .. }), "{:?}", taken.state);
    let mut form =
        SequenceForm::of(&get_sequence(&app.store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, a day later.".into();
    update(app, owner, world.sequence.id, &form).unwrap();
    approve(app, owner, world.sequence.id).unwrap();
    workers::resume_all(app, owner).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two, a day later."]);
}

#[test]
fn taking_a_pause_back_approves_no_text_and_releases_no_brake() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    world.lead("Anna", |_| {});
    assert!(matches!(workers::resume(app, owner, world.worker.id), Err(workers::WorkerError::NotPaused)), "it is off");
    world.activate();
    let mut form =
        SequenceForm::of(&get_sequence(&app.store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, unread.".into();
    update(app, owner, world.sequence.id, &form).unwrap();
    workers::pause(app, owner, world.worker.id, "Paused by Nora.").unwrap();
    workers::resume(app, owner, world.worker.id).unwrap();
    world.advance(4 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one."], "the changed text was read by nobody");

    let brake = |txn: &mut crate::store::Txn<'_>| {
        workers::pause_by_itself(txn, world.test.workspace, world.worker.id, app.now(), "Too many bounced.")
    };
    app.store.write(brake).unwrap();
    workers::pause(app, owner, world.worker.id, "Paused by Nora.").unwrap();
    assert!(matches!(workers::resume(app, owner, world.worker.id), Err(workers::WorkerError::NotPaused)));
    let stands = workers::get(&app.store, world.test.workspace, world.worker.id).unwrap().unwrap().state;
    assert!(matches!(&stands, workers::WorkerState::Paused(off) if off.by_itself), "{stands:?}");
}

#[test]
fn hundreds_of_leads_get_exactly_one_mail_each() {
    let world = World::with(vec![step(0, "S", "Hi {{first_name}}.")], |form, _| form.audience_tag = "hotel".into());
    for number in 0..300 {
        add_contact(&world.test, &format!("Lead{number}"), |contact| contact.tags = vec!["hotel".into()]);
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert_eq!(world.figure(Group::All), 300);
    let run = last_run(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert_eq!((run.is_running, run.tally.added), (false, 300));
    world.activate();
    let mut texts = world.texts();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), world.texts().len()), (300, 300));
    assert_eq!((world.figure(Group::Finished), world.figure(Group::Queued)), (300, 0));
}

#[test]
fn contacts_that_come_in_while_a_tag_is_looked_through_become_leads_too() {
    let world = World::with(vec![step(0, "S", "Hi {{first_name}}.")], |form, _| form.audience_tag = "hotel".into());
    let add = |name: &str| add_contact(&world.test, name, |contact| contact.tags = vec!["hotel".into()]);
    for number in 0..250 {
        add(&format!("Early{number}"));
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    // The newest come first, so these may stand before the place where the run is by now.
    for number in 0..5 {
        add(&format!("Late{number}"));
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert_eq!(world.figure(Group::All), 255);
    let run = last_run(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert!(!run.is_running);
}

#[test]
fn a_deleted_workers_leads_are_free_for_another() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    workers::pause(world.app(), &world.test.owner, world.worker.id, "enough").unwrap();
    workers::delete(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }), "{:?}", world.now_stands(&lead).state);
}

#[test]
fn too_many_bounces_pause_the_worker() {
    let world = World::with(vec![step(0, "S", "One."), step(3, "", "Two.")], |_, _| {});
    let leads: Vec<Enrolment> = (0..8).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
    world.activate();
    for lead in &leads[..6] {
        let message = world.now_stands(lead).last_sent().unwrap().message;
        messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "5.1.1 unknown")
            .unwrap();
    }
    world.settle();
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    let workers::WorkerState::Paused(off) = worker.state else { panic!("{:?}", worker.state) };
    assert!(off.by_itself && off.reason.starts_with("3 of the last 8 mails bounced"), "{}", off.reason);
    assert_eq!(world.figure(Group::Bounced), 6);
    assert!(matches!(world.now_stands(&leads[0]).state, State::Stopped { .. }));
}

#[test]
fn a_bounce_that_came_as_an_answer_ends_the_sequence_and_counts_as_no_answer() {
    for automatic in [true, false] {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let message = world.now_stands(&lead).last_sent().unwrap().message;
        let reply = world.receive(message, automatic);
        // As the reader does in the transaction of its reading.
        messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "550").unwrap();
        world.read_as(reply, "other", |reading| reading.other_kind = Some("bounce_hard".into()));
        assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }));
        assert_eq!((world.figure(Group::Bounced), world.figure(Group::Replied)), (1, 0), "automatic {automatic}");
    }
}

#[test]
fn an_erased_contact_leaves_no_trace_in_the_room() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let person = crate::store::Person::Contact(world.test.workspace, lead.contact);
    let store = &world.app().store;
    let declared = tables().into_iter().find(|table| table.info.name == "enrolments").unwrap();
    assert_eq!(declared.export.unwrap()(store, person).unwrap().len(), 1);
    assert_eq!(declared.erase.unwrap()(store, person).unwrap(), 1);
    assert_eq!(declared.export.unwrap()(store, person).unwrap().len(), 0);
    assert_eq!((world.figure(Group::All), world.figure(Group::Written)), (0, 0));
    world.advance(5 * DAY);
    assert_eq!(world.texts().len(), 1);
}

mod pages_of_it {

    use super::*;
    use crate::http::layout::Layout;
    use crate::http::Frame;
    use crate::outreach::pages::samples;

    #[test]
    fn every_page_is_drawn_with_real_leads_and_with_nothing_at_all() {
        let world = World::new();
        let anna = world.lead("Anna", |_| {});
        world.lead("Ben", |contact| contact.company = String::new());
        world.activate();
        world.answer(&anna, "interested", |_| {});
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
                if let Some(folder) = &folder {
                    std::fs::write(format!("{folder}/{name}-{kind}.html"), &html).unwrap();
                }
            }
        }
    }
}

#[test]
fn why_nothing_is_sent_marks_the_first_check_that_stops_and_its_cure() {
    let cases: [(&str, fn(&World), &str, Option<&str>); 5] = [
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
        let answer = super::why::why(world.app(), &world.test.owner, world.worker.id).unwrap();
        let stops = |line: &&super::why::Line| line.outcome == super::why::Outcome::Stops;
        let marked: Vec<_> = answer.lines.iter().filter(stops).collect();
        assert_eq!(marked.len(), 1, "{name}: {:?}", answer.lines);
        assert_eq!(marked[0].fact, fact, "{name}");
        assert_eq!(marked[0].help.as_ref().map(|help| help.words), help, "{name}");
    }
}

#[test]
fn a_test_mail_goes_to_oneself_and_belongs_to_no_lead() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    let me = EmailAddress::parse("me@fernhill.example").unwrap();
    let second = world.sequence.steps[1].id;
    super::preview::send_test(world.app(), &world.test.owner, world.worker.id, lead.id, second, &me).unwrap();
    world.settle();
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1, "although the worker is off");
    assert_eq!(
        (sent[0].to.display(), sent[0].subject.as_str()),
        ("me@fernhill.example", "[Test] Re: Heating at Fellside")
    );
    assert!(world.now_stands(&lead).sent.is_empty());
}
