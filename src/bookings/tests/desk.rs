//! A business whose calendar is connected, and a lead who answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::app::App;
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, ReplyId, UnixMillis, WorkerId};
use crate::bookings::public::Guest;
use crate::bookings::views::{Asked, Body, Calendar};
use crate::bookings::{handlers, list, list_left, subscribers, Booking, Left};
use crate::connections::tests::world::{World, OWNER};
use crate::connections::{Connection, Provider, Use};
use crate::contacts::{self, Contact};
use crate::drafts::{self, Draft};
use crate::events::{self, Deliver, Happened};
use crate::jobs::{Handlers, Runner, Threads};
use crate::language::times::{read_times, OfferedTime, TimeContext};
use crate::messaging::{
    self, Channel, Incoming, Look, Message, NewMessage, Outbox, ProposedTime, Purpose, Reading, SendOutcome, SentAs,
};
use crate::payments;
use crate::providers::calendar::{client_event_id, NewEvent, SendUpdates};
use crate::testing::NOW;
use crate::workers::{self, Meeting, Worker, WorkerForm, WorkerState};

pub const GWEN: &str = "gwen@oldmill.example";

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
pub struct Desk {
    pub world: World,
    runner: Runner,
    mailbox: Connection,
    /// The calendar's.
    pub connection: Connection,
    pub worker: WorkerId,
    pub contact: ContactId,
}

impl Desk {
    pub fn new() -> Self {
        Self::with_meeting(Meeting { notice: 60, ..Meeting::default() })
    }

    pub fn with_meeting(meeting: Meeting) -> Self {
        Self::at(Provider::Google, meeting)
    }

    /// Whose mailbox and calendar are those of an account at `provider`.
    pub fn at(provider: Provider, meeting: Meeting) -> Self {
        let world = World::at(provider);
        let connection = world.connect(&[Use::Outreach, Use::Calendar]);
        Self::with(world, connection.clone(), connection, meeting)
    }

    /// Whose calendar is at a server of its own.
    pub fn at_server(meeting: Meeting) -> Self {
        let world = World::start();
        let (mailbox, calendar) = (world.connect(&[Use::Outreach]), world.connect_server());
        Self::with(world, mailbox, calendar, meeting)
    }

    /// Whose server has an address that providers can tell of changes.
    pub fn told(provider: Provider) -> Self {
        let mut world = World::at(provider);
        let connection = world.connect(&[Use::Outreach, Use::Calendar]);
        Arc::get_mut(&mut world.test.app).unwrap().public_url = "https://desk.example.com".into();
        Self::with(world, connection.clone(), connection, Meeting { notice: 60, ..Meeting::default() })
    }

    fn with(world: World, mailbox: Connection, connection: Connection, meeting: Meeting) -> Self {
        let app = Arc::clone(&world.test.app);
        let deliver = Deliver::new(app.store.clone(), app.clock.clone(), subscribers());
        let outbox = Outbox { channel: Arc::new(Post) };
        let handlers = payments::handlers(handlers(Handlers::default())).task(deliver).effect(outbox);
        let runner =
            Runner::start(&app.store, &app.clock, Arc::clone(&app), Arc::new(handlers), &Threads::default()).unwrap();
        let worker = add_worker(&world, mailbox.id, connection.id, meeting);
        let contact = add_contact(&world, "Gwen", "Hartley", GWEN);
        let desk = Self { world, runner, mailbox, connection, worker, contact };
        desk.settle();
        desk
    }

    pub fn app(&self) -> &App {
        &self.world.test.app
    }

    pub fn settle(&self) {
        // A full calendar takes its time where everything else is tested beside it.
        assert!(self.runner.settle(Duration::from_secs(120)), "the queue does not come to rest");
    }

    pub fn advance(&self, by: Duration) {
        self.world.advance(by);
        self.runner.wake();
        self.settle();
    }

    /// Until the calendars are read the next time.
    pub fn sync(&self) {
        self.advance(self.app().config.jobs.calendar_sync);
    }

    /// Carries what the provider has to tell to where it is to be told; what each was answered with.
    pub fn carry_notices(&self) -> Vec<(u16, String)> {
        let waiting = self.world.ask_control("notices", &serde_json::json!({}));
        let answers = waiting.as_array().unwrap().iter().map(|notice| {
            let headers: Vec<(&str, &str)> =
                notice["headers"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect();
            self.post(notice["url"].as_str().unwrap(), &headers, notice["body"].as_str().unwrap())
        });
        let answers = answers.collect();
        self.runner.wake();
        self.settle();
        answers
    }

    /// What the hooks of connections answer.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        use actix_web::test::{call_service, init_service, read_body, TestRequest};
        let app = actix_web::web::Data::from(Arc::clone(&self.world.test.app));
        let path = url.strip_prefix("https://desk.example.com").unwrap().to_owned();
        actix_web::rt::System::new().block_on(async move {
            let routes = actix_web::App::new().app_data(app).configure(crate::connections::routes);
            let service = init_service(routes).await;
            let request = TestRequest::post().uri(&path).set_payload(body.to_owned());
            let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
            let response = call_service(&service, request.to_request()).await;
            let status = response.status().as_u16();
            (status, String::from_utf8(read_body(response).await.to_vec()).unwrap())
        })
    }

    pub fn change_worker(&self, change: impl FnOnce(&mut Worker)) {
        let mut worker = workers::get(&self.app().store, self.world.test.workspace, self.worker).unwrap().unwrap();
        change(&mut worker);
        self.app().store.write(|txn| workers::put(txn, self.world.test.workspace, &worker)).unwrap();
    }

    pub fn may_book_by_itself(&self) {
        self.change_worker(|worker| {
            worker.autonomy.automatic.insert("meeting_proposed".into(), NOW);
        });
        self.approved_before(20);
    }

    /// People have booked so many of the times that were proposed.
    pub fn approved_before(&self, approved: u32) {
        let (workspace, worker) = (self.world.test.workspace, self.worker);
        let known = drafts::Figures { approved, ..drafts::Figures::default() };
        let count = |figures: &mut drafts::Figures| *figures = known;
        let counted = self
            .app()
            .store
            .write(|txn| drafts::count_decision(txn, workspace, worker, ("meeting_proposed", ""), count));
        counted.unwrap();
    }

    /// A mail of ours to the contact, which may offer times.
    pub fn send(&self, contact: ContactId, offered: &[(UnixMillis, UnixMillis)]) -> MessageId {
        let workspace = self.world.test.workspace;
        let to = contacts::get(&self.app().store, workspace, contact).unwrap().unwrap().addresses[0].clone();
        let new = NewMessage::new(self.app().now(), workspace, contact, Purpose::Test, &self.mailbox, &to)
            .words("Heating", "Would a call help?")
            .offering(offered)
            .worker(self.worker);
        let now = self.app().now();
        self.app().store.write(|txn| messaging::enqueue(self.app(), txn, &new, now)).unwrap();
        new.id()
    }

    /// The contact answers `text`; it is read as a proposed meeting, its times as the time reader finds them.
    pub fn reply_of(&self, contact: ContactId, text: &str, offered: &[(UnixMillis, UnixMillis)]) -> ReplyId {
        self.reply_flagged(contact, text, offered, &[])
    }

    pub fn reply_flagged(
        &self,
        contact: ContactId,
        text: &str,
        offered: &[(UnixMillis, UnixMillis)],
        flags: &[&str],
    ) -> ReplyId {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.reply_read(contact, text, offered, |reading| Reading { flags, ..reading })
    }

    /// The answer, read as `change` makes of a proposed meeting.
    pub fn reply_read(
        &self,
        contact: ContactId,
        text: &str,
        offered: &[(UnixMillis, UnixMillis)],
        change: impl FnOnce(Reading) -> Reading,
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
        let reading = change(Reading {
            label: "meeting_proposed".into(),
            confidence: 0.97,
            language: "en".into(),
            times,
            booking_links,
            duration_minutes,
            read_at: now,
            ..Reading::default()
        });
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

    pub fn reply(&self, text: &str) -> ReplyId {
        let id = self.reply_of(self.contact, text, &[]);
        self.settle();
        id
    }

    /// A person says that the answer means something else.
    pub fn correct(&self, id: ReplyId, label: &str) {
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

    pub fn bookings(&self) -> Vec<Booking> {
        list(self.app(), &self.world.owner, None, 50).unwrap().rows
    }

    /// Our events in the calendar: start in UTC, or "cancelled".
    pub fn events(&self) -> Vec<String> {
        let all: Value = serde_json::from_str(&self.world.get(&format!("/control/calendars/{OWNER}"))).unwrap();
        let calendars = match self.connection.kind.provider() {
            Some(Provider::Microsoft) => "microsoft",
            Some(_) => "calendars",
            None => "caldav",
        };
        let events = all[calendars].as_array().unwrap().iter().flat_map(|one| one["events"].as_array().unwrap());
        let ours = events.filter(|event| event["extendedProperties"]["private"]["app"] == "launchyard");
        ours.map(|event| match event["status"].as_str() {
            Some("cancelled") => "cancelled".to_owned(),
            _ => UnixMillis::parse_rfc3339(event["start"]["dateTime"].as_str().unwrap()).unwrap().to_rfc3339(),
        })
        .collect()
    }

    /// The owner writes something of their own into the calendar.
    pub fn add_event(&self, summary: &str, start: &str, end: &str) {
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
        let calendar =
            crate::bookings::own_meeting::calendar_id(self.app(), self.world.test.workspace, self.connection.id);
        crate::availability::with_calendar(self.app(), self.world.test.workspace, self.connection.id, |google| {
            google.insert_event(&calendar, &event, SendUpdates::None)
        })
        .unwrap();
    }

    /// Thursday 26 November from eleven to four as the week draws it: from, until, whose ("" for what is not ours).
    pub fn noon_on_thursday(&self) -> Vec<(String, String, String)> {
        let calendar = Calendar::read(self.app(), &self.world.owner, Asked::default()).unwrap();
        let Body::Grid(week) = calendar.body else { panic!("a week is a grid") };
        let blocks = week.days.into_iter().nth(3).unwrap().blocks.into_iter();
        let blocks = blocks.filter(|block| ("11:00".."16:00").contains(&block.from.as_str()));
        blocks.map(|block| (block.from, block.until, block.meeting.map_or_else(String::new, |m| m.who))).collect()
    }

    /// The transactional mails to the contact, oldest first. They leave when the mailbox's pace lets them.
    pub fn letters(&self) -> Vec<Message> {
        let workspace = self.world.test.workspace;
        let mut mails = messaging::list_of_contact(&self.app().store, workspace, self.contact, 50).unwrap();
        mails.retain(|message| message.purpose == Purpose::Transactional);
        mails.reverse();
        mails
    }

    pub fn left(&self) -> Vec<(messaging::Reply, Left)> {
        list_left(&self.app().store, self.world.test.workspace, 10).unwrap()
    }

    pub fn drafts(&self) -> Vec<Draft> {
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

pub fn add_contact(world: &World, first: &str, last: &str, address: &str) -> ContactId {
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

fn add_worker(world: &World, mailbox: ConnectionId, calendar: ConnectionId, meeting: Meeting) -> WorkerId {
    let form = WorkerForm {
        name: "Lake District hotels".into(),
        mailbox: Some(mailbox),
        calendar: Some(calendar),
        meeting,
        sender: workers::Sender { name: "Robin Larkfield".into(), ..workers::Sender::default() },
        ..WorkerForm::default()
    };
    let worker = workers::create(&world.test.app, &world.owner, &form).unwrap();
    let working = Worker { state: WorkerState::Working, ..worker };
    world.test.app.store.write(|txn| workers::put(txn, world.test.workspace, &working)).unwrap();
    working.id
}

pub fn states(bookings: &[Booking]) -> Vec<&'static str> {
    bookings.iter().map(|booking| booking.state.as_str()).collect()
}

pub fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

/// Somebody in London who visits a public page, alone.
pub fn guest(name: &str, email: &str) -> Guest {
    Guest {
        name: name.to_owned(),
        email: EmailAddress::parse(email).unwrap(),
        phone: String::new(),
        zone: "Europe/London".into(),
        language: "en".into(),
        others: Vec::new(),
    }
}
