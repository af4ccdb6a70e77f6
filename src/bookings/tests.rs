//! Bookings against the sandbox's Google, over its wire: replies come in, the queue runs, the calendar is looked at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{json, Value};

use super::*;
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, ReplyId, UnixMillis, WorkerId};
use crate::connections::tests::world::{World, OWNER};
use crate::connections::{self, Connection, Use};
use crate::contacts::{self, Contact};
use crate::drafts::{self, Draft};
use crate::events::{self, Deliver, Happened};
use crate::jobs::{Runner, Threads};
use crate::language::times::{read_times, OfferedTime, TimeContext};
use crate::messaging::{
    self, Channel, Incoming, Look, Message, NewMessage, Outbox, ProposedTime, Purpose, Reading, SendOutcome, SentAs,
};
use crate::testing::NOW;
use crate::workers::{self, Meeting, Worker, WorkerForm, WorkerState};

const GWEN: &str = "gwen@oldmill.example";

/// A post that takes everything.
struct Post;

impl Channel for Post {
    fn send(&self, _: &App, _: &Message, _: &Connection) -> SendOutcome {
        SendOutcome::Sent(SentAs::default())
    }
    fn look(&self, _: &App, _: &Message, _: &Connection, _: u32) -> Look {
        Look::CannotKnow { reason: "never asked here".into() }
    }
}

/// A business whose calendar is connected, with a worker that may book, and a lead that was written to.
struct Desk {
    world: World,
    runner: Runner,
    connection: Connection,
    worker: WorkerId,
    contact: ContactId,
}

impl Desk {
    fn new() -> Self {
        Self::with_meeting(Meeting { notice: 60, ..Meeting::default() })
    }

    fn with_meeting(meeting: Meeting) -> Self {
        let world = World::start();
        let connection = world.connect(&[Use::Outreach, Use::Calendar]);
        let app = Arc::clone(&world.test.app);
        let deliver = Deliver { store: app.store.clone(), clock: app.clock.clone(), subscribers: subscribers() };
        let outbox = Outbox { channel: Arc::new(Post) };
        let handlers = handlers(Handlers::default()).task(deliver).effect(outbox);
        let runner =
            Runner::start(&app.store, &app.clock, Arc::clone(&app), Arc::new(handlers), &Threads::default()).unwrap();
        let worker = add_worker(&world, connection.id, meeting);
        let contact = add_contact(&world, "Gwen", "Hartley", GWEN);
        let desk = Self { world, runner, connection, worker, contact };
        desk.settle();
        desk
    }

    fn app(&self) -> &App {
        &self.world.test.app
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(20)), "the queue does not come to rest");
    }

    fn advance(&self, by: Duration) {
        self.world.advance(by);
        self.runner.wake();
        self.settle();
    }

    fn change_worker(&self, change: impl FnOnce(&mut Worker)) {
        let mut worker = workers::get(&self.app().store, self.world.test.workspace, self.worker).unwrap().unwrap();
        change(&mut worker);
        self.app().store.write(|txn| workers::put(txn, self.world.test.workspace, &worker)).unwrap();
    }

    fn may_book_by_itself(&self) {
        self.change_worker(|worker| {
            worker.autonomy.automatic.insert("meeting_proposed".into(), NOW);
        });
    }

    /// A mail of ours to the contact, which may offer times.
    fn send(&self, contact: ContactId, offered: &[(UnixMillis, UnixMillis)]) -> MessageId {
        let workspace = self.world.test.workspace;
        let to = contacts::get(&self.app().store, workspace, contact).unwrap().unwrap().addresses[0].clone();
        let new = NewMessage::new(self.app().now(), workspace, contact, Purpose::Test, &self.connection, &to)
            .words("Heating", "Would a call help?")
            .offering(offered)
            .worker(self.worker);
        let now = self.app().now();
        self.app().store.write(|txn| messaging::enqueue(self.app(), txn, &new, now)).unwrap();
        new.id()
    }

    /// The contact answers `text`; it is read as a proposed meeting, its times as the time reader finds them.
    fn reply_of(&self, contact: ContactId, text: &str, offered: &[(UnixMillis, UnixMillis)]) -> ReplyId {
        let workspace = self.world.test.workspace;
        let from = contacts::get(&self.app().store, workspace, contact).unwrap().unwrap().addresses[0].clone();
        let incoming = Incoming {
            message: self.send(contact, offered),
            from,
            from_name: String::new(),
            subject: "Re: Heating".into(),
            text: text.into(),
            message_id: format!("{}@oldmill.example", MessageId::new(NOW)),
            references: vec![],
            provider_thread: None,
            sent_at: self.app().now(),
            header_facts: vec![],
            automatic: false,
        };
        let id = messaging::receive(self.app(), workspace, &incoming).unwrap().unwrap();
        let now = self.app().now();
        let reading = Reading {
            label: "meeting_proposed".into(),
            confidence: 0.97,
            language: "en".into(),
            times: read(text, now, offered).0,
            booking_links: read(text, now, offered).1,
            read_at: now,
            ..Reading::default()
        };
        self.app()
            .store
            .write(|txn| {
                let reply = messaging::find_reply(txn, workspace, id)?.unwrap();
                messaging::update_reply(txn, &messaging::Reply { reading: Some(reading.clone()), ..reply })?;
                let what = Happened::ReplyClassified { reply: id, contact, label: reading.label.clone() };
                events::append(txn, workspace, now, what)
            })
            .unwrap();
        id
    }

    fn reply(&self, text: &str) -> ReplyId {
        let id = self.reply_of(self.contact, text, &[]);
        self.settle();
        id
    }

    /// A person says that the answer means something else.
    fn correct(&self, id: ReplyId, label: &str) {
        let (app, workspace, now) = (self.app(), self.world.test.workspace, self.app().now());
        let corrected = app.store.write(|txn| {
            let mut reply = messaging::find_reply(txn, workspace, id)?.unwrap();
            reply.reading = reply.reading.map(|reading| Reading { label: label.into(), ..reading });
            messaging::update_reply(txn, &reply)?;
            let what = Happened::ReplyCorrected { reply: id, contact: reply.contact, label: label.into() };
            events::append(txn, workspace, now, what)
        });
        corrected.unwrap();
        self.settle();
    }

    fn bookings(&self) -> Vec<Booking> {
        list(self.app(), &self.world.owner, None, 50).unwrap().rows
    }

    /// Our events in the calendar: start in UTC, or "cancelled".
    fn events(&self) -> Vec<String> {
        let all: Value = serde_json::from_str(&self.world.get(&format!("/control/calendars/{OWNER}"))).unwrap();
        let events = all["calendars"].as_array().unwrap().iter().flat_map(|one| one["events"].as_array().unwrap());
        let ours = events.filter(|event| event["extendedProperties"]["private"]["app"] == "launchyard");
        ours.map(|event| match event["status"].as_str() {
            Some("cancelled") => "cancelled".to_owned(),
            _ => UnixMillis::parse_rfc3339(event["start"]["dateTime"].as_str().unwrap()).unwrap().to_rfc3339(),
        })
        .collect()
    }

    /// The transactional mails to the contact, oldest first. They leave when the mailbox's pace lets them.
    fn letters(&self) -> Vec<Message> {
        let workspace = self.world.test.workspace;
        let mut mails = messaging::list_of_contact(&self.app().store, workspace, self.contact, 50).unwrap();
        mails.retain(|message| message.purpose == Purpose::Transactional);
        mails.reverse();
        mails
    }

    fn left(&self) -> Vec<(messaging::Reply, Left)> {
        list_left(&self.app().store, self.world.test.workspace, 10).unwrap()
    }

    fn drafts(&self) -> Vec<Draft> {
        drafts::list_newest(&self.app().store, self.world.test.workspace, None, 20).unwrap().rows
    }
}

fn read(text: &str, now: UnixMillis, offered: &[(UnixMillis, UnixMillis)]) -> (Vec<ProposedTime>, Vec<String>) {
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let offered: Vec<OfferedTime> = offered
        .iter()
        .map(|(start, end)| OfferedTime { start: start.to_timestamp(), end: end.to_timestamp() })
        .collect();
    let context = TimeContext {
        sent_at: now.to_timestamp(),
        sender_zone: &zone,
        sender_zone_name: "Europe/London",
        workspace_zone: &zone,
        offered: &offered,
    };
    let found = read_times(text, &context);
    let times = found
        .proposals
        .into_iter()
        .map(|time| ProposedTime {
            start: time.start.into(),
            end: time.end.map(UnixMillis::from),
            source_text: time.source_text,
            ambiguous: time.ambiguous,
        })
        .collect();
    (times, found.booking_links)
}

fn add_contact(world: &World, first: &str, last: &str, address: &str) -> ContactId {
    let contact = Contact {
        id: ContactId::new(NOW),
        workspace: world.test.workspace,
        first_name: first.into(),
        last_name: last.into(),
        addresses: vec![EmailAddress::parse(address).unwrap()],
        company: String::new(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: vec![],
        source: contacts::Source::ByHand,
        created_at: NOW,
        changed_at: NOW,
        restricted: false,
    };
    world.test.app.store.write(|txn| contacts::put(txn, &contact, None)).unwrap();
    contact.id
}

fn add_worker(world: &World, connection: ConnectionId, meeting: Meeting) -> WorkerId {
    let form = WorkerForm {
        name: "Lake District hotels".into(),
        mailbox: Some(connection),
        calendar: Some(connection),
        meeting,
        sender: workers::Sender { name: "Robin Larkfield".into(), ..workers::Sender::default() },
        ..WorkerForm::default()
    };
    let worker = workers::create(&world.test.app, &world.owner, &form).unwrap();
    let working = Worker { state: WorkerState::Working, ..worker };
    world.test.app.store.write(|txn| workers::put(txn, world.test.workspace, &working)).unwrap();
    working.id
}

fn states(bookings: &[Booking]) -> Vec<&'static str> {
    bookings.iter().map(|booking| booking.state.as_str()).collect()
}

#[test]
fn a_free_time_is_booked_with_one_event_and_one_confirmation() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let bookings = desk.bookings();
    assert_eq!(states(&bookings), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    let [letter] = &desk.letters()[..] else { panic!("one letter") };
    assert!(
        letter.text.starts_with("Hello Gwen,\n\nThat works. We meet on Thursday 26 November, 11:30."),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("Video call: https://"), "{}", letter.text);
    assert_eq!((letter.subject.as_str(), letter.to.display()), ("Re: Heating", GWEN));
    let invitation = desk.world.mails_of(GWEN);
    assert_eq!(invitation.len(), 1, "Google invites, once");
    desk.advance(Duration::from_secs(3600));
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
}

#[test]
fn a_person_decides_unless_the_owner_said_otherwise() {
    let desk = Desk::new();
    let reply = desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    assert_eq!(asked.state, State::Proposed { note: "You are free then.".into() });
    assert!(desk.events().is_empty());
    accept(desk.app(), &desk.world.owner, asked.id).unwrap();
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
    let reply = messaging::get_reply(&desk.app().store, desk.world.test.workspace, reply).unwrap().unwrap();
    assert!(reply.handled_at.is_some());
    let again = accept(desk.app(), &desk.world.owner, asked.id);
    assert!(matches!(again, Err(BookError::NotOpen("Booked"))), "{again:?}");
}

#[test]
fn a_taken_time_is_answered_with_three_free_ones_and_the_chosen_one_is_booked() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    // The diary has a call with a supplier from 9:30 to 10:30 on Wednesday.
    desk.reply("How about tomorrow at 10?");
    assert_eq!(states(&desk.bookings()), Vec::<&str>::new());
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!(draft.offered.len(), 3);
    assert_eq!(draft.ungrounded, Vec::<String>::new(), "{}", draft.text);
    assert!(draft.text.contains("- Wednesday 25 November, 10:30\n"), "{}", draft.text);
    let offered = draft.offered.clone();
    desk.reply_of(desk.contact, "The second one works for me.", &offered);
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), [offered[1].0.to_rfc3339()]);
}

#[test]
fn a_time_outside_working_hours_is_answered_with_free_ones() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could we talk on Thursday at 19:30?");
    assert!(desk.events().is_empty());
    assert_eq!(desk.drafts()[0].offered.len(), 3);
}

#[test]
fn a_calendar_that_cannot_be_read_is_left_to_a_person() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 50}));
    desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    assert!(matches!(&asked.state, State::Proposed { note } if note.contains("could not be read")), "{asked:?}");
    assert!(desk.events().is_empty());
    let by_program = NewBooking { contact: desk.contact, worker: desk.worker, start: asked.start };
    let key =
        crate::authz::Actor { api_key: Some(crate::base::ApiKeyId::new(NOW)), user: None, ..desk.world.owner.clone() };
    let refused = create(desk.app(), &key, &by_program);
    assert!(
        matches!(refused, Err(BookError::NotFree { why: crate::availability::WhyNot::Unknown { .. }, .. })),
        "{refused:?}"
    );
}

#[test]
fn an_answer_read_differently_ends_its_proposal_and_read_back_proposes_anew() {
    let desk = Desk::new();
    let reply = desk.reply("Could you do Thursday at 11:30?");
    assert_eq!(states(&desk.bookings()), ["proposed"]);
    desk.correct(reply, "question");
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    desk.correct(reply, "meeting_proposed");
    let bookings = desk.bookings();
    let mut all = states(&bookings);
    all.sort_unstable();
    assert_eq!(all, ["cancelled", "proposed"]);
}

#[test]
fn two_replies_for_the_same_slot_make_one_booking() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    desk.reply_of(desk.contact, "Could you do Thursday at 11:30?", &[]);
    desk.reply_of(tom, "Thursday 11:30 would suit me.", &[]);
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!(desk.drafts().len(), 1, "the other is offered other times");
}

#[test]
fn a_provider_that_times_out_after_the_work_still_gives_one_event() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let insert = "POST /google/calendar/v3/calendars/";
    desk.world.control("faults", &json!({"match": insert, "drop": true, "after": true, "times": 2}));
    desk.reply("Could you do Thursday at 11:30?");
    assert_eq!(states(&desk.bookings()), ["held"]);
    for _ in 0..4 {
        desk.advance(Duration::from_secs(300));
    }
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!((desk.letters().len(), desk.world.mails_of(GWEN).len()), (1, 1));
}

#[test]
fn a_moved_booking_moves_its_event_and_a_cancelled_one_takes_it_away() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    desk.advance(Duration::from_secs(60));
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let busy = move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T16:15:00Z"));
    let Err(BookError::NotFree { free, .. }) = busy else { panic!("the stock count is then: {busy:?}") };
    assert_eq!(free.len(), 3);
    // Half an hour later overlaps its own old time, which is no conflict.
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:45:00Z")).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:45:00Z"]);
    desk.advance(Duration::from_secs(60));
    cancel(desk.app(), &desk.world.owner, booking.id, "Robin is ill.").unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["cancelled"]);
    let letters: Vec<String> =
        desk.letters().iter().map(|letter| letter.text.lines().nth(2).unwrap().to_owned()).collect();
    assert_eq!(
        letters,
        [
            "That works. We meet on Thursday 26 November, 11:30.",
            "Our meeting has a new time: Thursday 26 November, 11:45.",
            "Our meeting on Thursday 26 November, 11:45 is cancelled."
        ]
    );
    let free_again = NewBooking { contact: desk.contact, worker: desk.worker, start: at("2026-11-26T11:45:00Z") };
    assert!(create(desk.app(), &desk.world.owner, &free_again).is_ok());
}

#[test]
fn an_event_that_is_not_ours_any_more_is_never_touched() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    let foreign = json!({"id": booking.event_id, "status": "confirmed", "etag": "1", "summary": "Mine"});
    desk.world.control(
        "faults",
        &json!({"match": "GET /google/calendar/v3/calendars/", "status": 200, "body": foreign, "times": 9}),
    );
    cancel(desk.app(), &desk.world.owner, booking.id, "").unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"], "left alone");
    let kept = desk.bookings().remove(0);
    assert!(kept.trouble.as_ref().is_some_and(|why| why.contains("our mark")), "{kept:?}");
}

#[test]
fn an_event_that_was_deleted_in_the_calendar_is_gone_or_made_anew() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    let calendar = booking.calendar_id.clone();
    crate::availability::with_calendar(desk.app(), booking.workspace, desk.connection.id, |google| {
        let id = booking.event_id.as_ref().unwrap();
        google.delete_event(&calendar, id, crate::providers::google::calendar::SendUpdates::None)
    })
    .unwrap();
    let later = UnixMillis::parse_rfc3339("2026-11-26T14:00:00Z").unwrap();
    move_to(desk.app(), &desk.world.owner, booking.id, later).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["cancelled", "2026-11-26T14:00:00Z"]);
}

#[test]
fn a_link_that_takes_its_time_is_waited_for() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("settings", &json!({"slow_conferences": true}));
    desk.reply("Could you do Thursday at 11:30?");
    assert!(desk.letters().is_empty(), "not before the link is there");
    desk.advance(Duration::from_secs(2));
    let [letter] = &desk.letters()[..] else { panic!("one letter") };
    assert!(letter.text.contains("Video call: https://"), "{}", letter.text);
}

#[test]
fn who_has_a_meeting_and_names_another_time_moves_it() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    desk.advance(Duration::from_secs(60));
    desk.reply("Sorry, can we make it Friday at 9:30?");
    let bookings = desk.bookings();
    assert_eq!(states(&bookings), ["proposed", "confirmed"], "a person is asked");
    accept(desk.app(), &desk.world.owner, bookings[0].id).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-27T09:30:00Z"]);
    assert_eq!(states(&desk.bookings()), ["cancelled", "confirmed"]);
}

#[test]
fn busy_times_are_kept_fresh_and_forgotten_with_the_connection() {
    let desk = Desk::new();
    let kept =
        || crate::availability::cached(&desk.app().store, desk.world.test.workspace, desk.connection.id).unwrap();
    let first = kept().unwrap();
    assert!(first.busy.len() > 20 && first.failed.is_none(), "{first:?}");
    desk.advance(desk.app().config.jobs.calendar_sync);
    assert!(kept().unwrap().read_at > first.read_at);
    connections::disconnect(desk.app(), &desk.world.owner, desk.connection.id).unwrap();
    desk.settle();
    assert_eq!(kept(), None);
}

#[test]
fn a_worker_asked_across_a_clock_change_keeps_its_wall_clock() {
    let desk = Desk::new();
    desk.advance(Duration::from_secs(120 * 86_400));
    desk.may_book_by_itself();
    // 24 March 2027; the clocks go forward on the 28th.
    desk.reply("Could you do 31 March at 9:00?");
    assert_eq!(desk.events(), ["2027-03-31T08:00:00Z"]);
    assert!(desk.letters()[0].text.contains("Wednesday 31 March, 9:00"), "{}", desk.letters()[0].text);
}

#[test]
fn who_wants_to_meet_and_names_no_time_is_offered_three_days() {
    let desk = Desk::new();
    desk.reply("Gladly, let us talk. When suits you?");
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!(draft.offered.len(), 3);
    assert!(draft.text.starts_with("Hello Gwen,\n\nGladly. These times are free:"), "{}", draft.text);
    assert_eq!(draft.ungrounded, Vec::<String>::new());
    assert!(desk.left().is_empty(), "the draft waits; nothing else does");
}

#[test]
fn a_link_to_their_calendar_is_a_person_s_and_times_are_offered_all_the_same() {
    let desk = Desk::new();
    let reply = desk.reply("Sure, pick a time here: https://calendly.com/gwen-hartley/intro");
    assert_eq!(desk.drafts().len(), 1);
    let [(left, why)] = &desk.left()[..] else { panic!("one waits: {:?}", desk.left()) };
    assert_eq!((left.id, why.reason.as_str()), (reply, "They sent a link to their own calendar."));
    desk.app().store.write(|txn| hold::handled(txn, desk.world.test.workspace, reply, NOW)).unwrap();
    assert!(desk.left().is_empty(), "somebody has dealt with it");
}

#[test]
fn when_nothing_can_be_offered_a_person_hears_of_it() {
    let desk = Desk::new();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 50}));
    let reply = desk.reply("Gladly, let us talk. When suits you?");
    assert!(desk.drafts().is_empty() && desk.bookings().is_empty());
    let [(left, why)] = &desk.left()[..] else { panic!("one waits: {:?}", desk.left()) };
    assert_eq!(left.id, reply);
    assert!(why.reason.contains("could not be read"), "{why:?}");
}

#[test]
fn who_has_a_meeting_already_is_not_offered_another() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    desk.advance(Duration::from_secs(60));
    desk.reply("Good, let us talk then.");
    assert!(desk.drafts().is_empty(), "{:?}", desk.drafts());
    assert!(desk.left()[0].1.reason.contains("Thursday 26 November, 11:30"), "{:?}", desk.left());
}
