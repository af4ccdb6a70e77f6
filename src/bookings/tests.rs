//! Bookings against the sandbox's Google, over its wire: replies come in, the queue runs, the calendar is looked at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{json, Value};

use super::*;
use crate::audit;
use crate::availability::WhyNot;
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
use crate::providers::google::calendar::{client_event_id, NewEvent, SendUpdates};
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
        self.approved_before(20);
    }

    /// People have booked so many of the times that were proposed.
    fn approved_before(&self, approved: u32) {
        let (workspace, worker) = (self.world.test.workspace, self.worker);
        let known = drafts::Figures { approved, ..drafts::Figures::default() };
        let count = |figures: &mut drafts::Figures| *figures = known;
        let counted =
            self.app().store.write(|txn| drafts::count_decision(txn, workspace, worker, "meeting_proposed", count));
        counted.unwrap();
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
        self.reply_flagged(contact, text, offered, &[])
    }

    fn reply_flagged(
        &self,
        contact: ContactId,
        text: &str,
        offered: &[(UnixMillis, UnixMillis)],
        flags: &[&str],
    ) -> ReplyId {
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
        let (times, booking_links, duration_minutes) = read(text, now, offered);
        let reading = Reading {
            label: "meeting_proposed".into(),
            confidence: 0.97,
            language: "en".into(),
            times,
            booking_links,
            duration_minutes,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
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

    /// The owner writes something of their own into the calendar.
    fn add_event(&self, summary: &str, start: &str, end: &str) {
        let event = NewEvent {
            id: client_event_id(MessageId::new(NOW).0.as_bytes()),
            summary: summary.into(),
            description: String::new(),
            location: String::new(),
            start: at(start),
            end: at(end),
            time_zone: "Europe/London".into(),
            attendees: vec![],
            private: Default::default(),
            meet_request_id: None,
        };
        let calendar = self.bookings()[0].calendar_id.clone();
        crate::availability::with_calendar(self.app(), self.world.test.workspace, self.connection.id, |google| {
            google.insert_event(&calendar, &event, SendUpdates::None)
        })
        .unwrap();
    }

    /// Thursday 26 November from eleven to four as the week draws it: from, until, whose ("" for what is not ours).
    fn noon_on_thursday(&self) -> Vec<(String, String, String)> {
        let week = week::Week::read(self.app(), &self.world.owner, None).unwrap();
        let blocks = week.days.into_iter().nth(3).unwrap().blocks.into_iter();
        let blocks = blocks.filter(|block| ("11:00".."16:00").contains(&block.from.as_str()));
        blocks.map(|block| (block.from, block.until, block.meeting.map_or_else(String::new, |m| m.who))).collect()
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

fn read(
    text: &str,
    now: UnixMillis,
    offered: &[(UnixMillis, UnixMillis)],
) -> (Vec<ProposedTime>, Vec<String>, Option<u32>) {
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
    (times, found.booking_links, found.duration_minutes)
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
    accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
    let reply = messaging::get_reply(&desk.app().store, desk.world.test.workspace, reply).unwrap().unwrap();
    assert!(reply.handled_at.is_some());
    let again = accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default());
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
    let refused = create(desk.app(), &key, &by_program, &Anyway::default());
    assert!(
        matches!(&refused, Err(BookError::Unsure { why, .. }) if matches!(why[..], [WhyNot::Unknown { .. }])),
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
fn a_worker_books_alone_only_what_people_know_and_what_is_not_delicate() {
    type Change = fn(&Desk);
    let off: Change = |desk| desk.change_worker(|worker| worker.state = WorkerState::Off);
    let cases: [(&str, &str, &[&str], Change, &str); 6] = [
        ("known", "", &[], |_| {}, "confirmed"),
        ("too few booked by people", "", &[], |desk| desk.approved_before(19), "proposed"),
        ("money back", "It is about the refund.", &[], |_| {}, "proposed"),
        ("legal", "", &["legal"], |_| {}, "proposed"),
        ("price", "", &["price"], |_| {}, "proposed"),
        ("the worker is off", "", &[], off, "proposed"),
    ];
    for (name, more, flags, change, expected) in cases {
        let desk = Desk::new();
        desk.may_book_by_itself();
        change(&desk);
        let text = format!("Could you do Thursday at 11:30? {more}");
        desk.reply_flagged(desk.contact, &text, &[], flags);
        desk.settle();
        assert_eq!(states(&desk.bookings()), [expected], "{name}");
    }
}

#[test]
fn what_was_decided_about_a_time_is_on_record() {
    let desk = Desk::new();
    let id = desk.reply("Could you do Thursday at 11:30?");
    let trail = audit::list(&desk.app().store, desk.world.test.workspace, None, 50).unwrap().rows;
    let entry = trail.iter().find(|entry| entry.act == "booking.proposed").unwrap();
    for words in ["meeting_proposed at 0.97, 1 times", "left to a person", "engine embedded", &format!("reply {id}")] {
        assert!(entry.detail.contains(words), "{words}: {}", entry.detail);
    }
}

#[test]
fn what_people_book_of_what_was_proposed_is_counted() {
    let desk = Desk::new();
    desk.reply("Could you do Thursday at 11:30?");
    accept(desk.app(), &desk.world.owner, desk.bookings()[0].id, None, &Anyway::default()).unwrap();
    let (store, workspace) = (&desk.app().store, desk.world.test.workspace);
    let known = drafts::figures_of(store, workspace, desk.worker, "meeting_proposed").unwrap();
    assert_eq!(known.approved, 1);
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
    let busy = move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T16:15:00Z"), &Anyway::default());
    let Err(BookError::NotFree { free, .. }) = busy else { panic!("the stock count is then: {busy:?}") };
    assert_eq!(free.len(), 3);
    // Half an hour later overlaps its own old time, which is no conflict.
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
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
    assert!(create(desk.app(), &desk.world.owner, &free_again, &Anyway::default()).is_ok());
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
    move_to(desk.app(), &desk.world.owner, booking.id, later, &Anyway::default()).unwrap();
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
    accept(desk.app(), &desk.world.owner, bookings[0].id, None, &Anyway::default()).unwrap();
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

#[test]
fn what_is_written_about_a_meeting_is_signed_like_every_other_letter() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let signature = "Robin Larkfield\nFernhill Heat Pumps";
    desk.change_worker(|worker| worker.sender.signature = signature.into());
    desk.reply("How about tomorrow at 10?");
    let draft = desk.drafts().remove(0);
    assert!(draft.text.ends_with(signature), "{}", draft.text);
    assert_eq!(draft.ungrounded, Vec::<String>::new());
    desk.advance(Duration::from_secs(60));
    desk.reply("Could you do Thursday at 11:30?");
    assert!(desk.letters()[0].text.ends_with(signature), "{}", desk.letters()[0].text);
    desk.change_worker(|worker| worker.sender = workers::Sender::default());
    let named = Connection { display_name: "Robin at Fernhill".into(), ..desk.connection.clone() };
    desk.app().store.write(|txn| connections::put(txn, &named)).unwrap();
    desk.advance(Duration::from_secs(60));
    cancel(desk.app(), &desk.world.owner, desk.bookings()[0].id, "").unwrap();
    desk.settle();
    let last = desk.letters().pop().unwrap();
    assert!(last.text.ends_with("Robin at Fernhill"), "the mailbox's own name: {}", last.text);
}

#[test]
fn the_length_that_they_ask_for_is_the_length_that_is_checked_and_booked() {
    let minutes = |booking: &Booking| booking.span().length().as_secs() / 60;
    let cases = [
        ("Could we do 15 minutes on Thursday at 11:30?", 15, "confirmed", ""),
        ("Thursday at 11:30 for an hour?", 60, "proposed", "They ask for 60 minutes, not 30."),
        ("Thursday at 11:30, a 4 hour workshop?", 30, "confirmed", ""),
    ];
    for (text, length, state, note) in cases {
        let desk = Desk::new();
        desk.may_book_by_itself();
        desk.reply(text);
        let [booking] = &desk.bookings()[..] else { panic!("{text}: {:?}", desk.bookings()) };
        assert_eq!((minutes(booking), booking.state.as_str()), (length, state), "{text}");
        if let State::Proposed { note: said } = &booking.state {
            assert!(said.contains(note), "{said}");
            accept(desk.app(), &desk.world.owner, booking.id, None, &Anyway::default()).unwrap();
            let held = desk.bookings().remove(0);
            assert_eq!((minutes(&held), held.claim.length().as_secs() / 60), (60, 70), "with the buffer behind it");
        }
    }
    // The stock count on Thursday begins at 16:00: half an hour fits before it, an hour does not.
    let desk = Desk::new();
    desk.reply("Thursday at 15:15 for an hour?");
    assert!(desk.bookings().is_empty() && desk.drafts().len() == 1, "{:?}", desk.bookings());
}

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

#[test]
fn a_move_never_covers_what_else_stands_at_its_old_time() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    // Something of the owner's own overlaps the meeting; Google melts both into one busy stretch.
    desk.add_event("Dentist", "2026-11-26T11:45:00Z", "2026-11-26T12:15:00Z");
    let covered = move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:40:00Z"), &Anyway::default());
    assert!(matches!(covered, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{covered:?}");
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:05:00Z"), &Anyway::default()).unwrap();
    let asked = desk.world.requests();
    assert!(asked.iter().any(|url| url.contains("fields=nextPageToken")), "no titles are asked for: {asked:?}");
}

#[test]
fn the_week_shows_what_else_stands_at_the_time_of_a_meeting() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let block = |from: &str, until: &str, who: &str| (from.to_owned(), until.to_owned(), who.to_owned());
    let ours = block("11:30", "12:00", "Gwen Hartley");
    let sync = || desk.advance(desk.app().config.jobs.calendar_sync);
    sync();
    assert_eq!(desk.noon_on_thursday(), [ours.clone()], "our own event is no other");
    desk.add_event("Plumber", "2026-11-26T11:40:00Z", "2026-11-26T11:50:00Z");
    sync();
    assert_eq!(desk.noon_on_thursday(), [ours.clone(), block("11:40", "11:50", "")], "wholly inside");
    desk.add_event("Dentist", "2026-11-26T11:45:00Z", "2026-11-26T12:15:00Z");
    sync();
    assert_eq!(desk.noon_on_thursday(), [ours, block("11:40", "12:15", "")], "what overlaps is one stretch");
}

#[test]
fn what_the_calendar_refuses_waits_for_a_person_and_can_be_tried_again() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    let reply = desk.reply("Could you do Thursday at 11:30?");
    let workspace = desk.world.test.workspace;
    let troubled = || list_troubled(&desk.app().store, workspace, 10).unwrap();
    let [failed] = &troubled()[..] else { panic!("it waits: {:?}", desk.bookings()) };
    assert_eq!(failed.state.as_str(), "failed");
    let open = messaging::get_reply(&desk.app().store, workspace, reply).unwrap().unwrap();
    assert_eq!(open.handled_at, None, "the answer is open again");
    assert!(desk.letters().is_empty() && desk.events().is_empty());
    try_again(desk.app(), &desk.world.owner, failed.id, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!((states(&desk.bookings()), desk.events()), (vec!["confirmed"], vec!["2026-11-26T11:30:00Z".to_owned()]));
    assert!(troubled().is_empty());
    // A refused move stands at its new time here and at the old one in the calendar.
    desk.world.control("faults", &json!({"match": "PATCH /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    let booking = desk.bookings().remove(0);
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T14:00:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!(troubled()[0].trouble_words(), "The calendar still shows it as it was before.");
    try_again(desk.app(), &desk.world.owner, booking.id, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!((desk.events(), troubled().len()), (vec!["2026-11-26T14:00:00Z".to_owned()], 0));
    assert_eq!(desk.letters().len(), 2, "booked, moved: each told once, when the calendar had it");
}

#[test]
fn what_the_calendar_refuses_can_be_left_as_it_is() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    desk.reply("Could you do Thursday at 11:30?");
    let failed = desk.bookings().remove(0);
    dismiss(desk.app(), &desk.world.owner, failed.id).unwrap();
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    assert!(list_troubled(&desk.app().store, failed.workspace, 10).unwrap().is_empty());
}

#[test]
fn a_person_is_told_what_speaks_against_a_time_before_it_is_booked() {
    let desk = Desk::new();
    let new = |start: &str| NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    let book = |start: &str, anyway: &str| {
        create(desk.app(), &desk.world.owner, &new(start), &Anyway::parse(anyway)).map(|booking| booking.id)
    };
    let warned = |outcome: Result<crate::base::BookingId, BookError>| match outcome {
        Err(BookError::Unsure { why, .. }) => Anyway::field(&why),
        other => panic!("not warned: {other:?}"),
    };
    assert_eq!(warned(book("2026-11-26T19:00:00Z", "")), "outside_hours");
    assert_eq!(warned(book("2026-11-24T10:30:00Z", "")), "too_soon");
    assert_eq!(warned(book("2026-11-26T19:00:00Z", "too_soon")), "outside_hours", "another warning was set aside");
    assert!(book("2026-11-26T19:00:00Z", "outside_hours").is_ok());
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 2}));
    assert_eq!(warned(book("2026-11-26T11:30:00Z", "outside_hours")), "unreadable");
    assert!(book("2026-11-26T11:30:00Z", "unreadable").is_ok(), "known, and wanted all the same");
    let taken = book("2026-11-25T10:00:00Z", "busy claimed past");
    assert!(matches!(taken, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{taken:?}");
}

#[test]
fn a_time_beyond_sixty_days_is_asked_about_where_it_lies() {
    let desk = Desk::new();
    let new = |start: &str| NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    let book = |start: &str| create(desk.app(), &desk.world.owner, &new(start), &Anyway::parse("too_far"));
    // The diary's supplier call is on every Wednesday, 9:30 to 10:30, for twelve weeks; 3 February is the eleventh.
    let taken = book("2027-02-03T10:00:00Z");
    assert!(matches!(taken, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{taken:?}");
    assert!(book("2027-02-03T11:00:00Z").is_ok());
}

#[test]
fn a_proposal_whose_time_has_gone_is_booked_at_a_free_one() {
    let desk = Desk::new();
    desk.reply("Could you do Thursday at 11:30?");
    let asked = desk.bookings().remove(0);
    let other = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let new = NewBooking { contact: other, worker: desk.worker, start: asked.start };
    create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
    let gone = accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default());
    let Err(BookError::NotFree { free, .. }) = gone else { panic!("somebody was quicker: {gone:?}") };
    assert_eq!(free.len(), 3);
    let booked = accept(desk.app(), &desk.world.owner, asked.id, Some(free[0].start), &Anyway::default()).unwrap();
    assert_eq!((booked.start, booked.state), (free[0].start, State::Held));
}
