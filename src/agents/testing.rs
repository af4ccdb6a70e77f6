//! A small business with a worker, a mailbox, a lead, and a mail to the lead that an answer can come to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, ReplyId, UserId, WorkerId, WorkspaceId};
use crate::connections::{self, Connection, Google, Health, Kind, Pace, State, Use};
use crate::contacts::{self, Contact, Source};
use crate::drafts::{self, Draft};
use crate::events::Deliver;
use crate::jobs::{self, Handlers, Job, Lane, Runner, Threads};
use crate::messaging::{
    self, Channel, Delivery, Incoming, Look, Message, NewMessage, Outbox, Purpose, Reply, SendOutcome, SentAs,
};
use crate::store::Txn;
use crate::testing::{self, TestApp, NOW};
use crate::workers::{self, Sender, Worker, WorkerForm, WorkerState};

/// What a person does, for the tests of other rooms.
pub use super::decide::{reject, undo};
pub use super::replies::{correct, uncorrect};

pub struct Desk {
    pub test: TestApp,
    pub worker: WorkerId,
    pub contact: ContactId,
    pub connection: Connection,
    pub first_mail: MessageId,
}

impl Desk {
    pub fn new() -> Self {
        Self::over(testing::app())
    }

    pub fn over(test: TestApp) -> Self {
        let app = Arc::clone(&test.app);
        let connection = add_mailbox(&app, test.workspace);
        let contact =
            add_contact(&app, test.workspace, "Anna", "Lund", "anna@fellside.example", "Fellside Guest House");
        let worker = add_worker(&app, &test.owner, connection.id);
        let first_mail = send(&app, test.workspace, contact, &connection, worker);
        Self { test, worker, contact, connection, first_mail }
    }

    pub fn app(&self) -> &App {
        &self.test.app
    }

    /// Takes in an answer that nobody has read yet.
    pub fn unread(&self, text: &str) -> ReplyId {
        self.receive(self.first_mail, text, false)
    }

    pub fn owner(&self) -> &Actor {
        &self.test.owner
    }

    pub fn member(&self, role: Role, name: &str) -> Actor {
        Actor { user: Some(UserId::new(NOW)), role, display: name.into(), ..self.test.owner.clone() }
    }

    /// Takes in an answer to the first mail.
    pub fn reply(&self, text: &str) -> ReplyId {
        self.reply_to(self.first_mail, text)
    }

    pub fn reply_to(&self, message: MessageId, text: &str) -> ReplyId {
        self.receive(message, text, false)
    }

    pub fn receive(&self, message: MessageId, text: &str, automatic: bool) -> ReplyId {
        let incoming = Incoming {
            message,
            from: address("anna@fellside.example"),
            from_name: "Anna Lund".into(),
            subject: "Re: Heating eleven rooms".into(),
            text: text.into(),
            message_id: format!("{}@fellside.example", MessageId::new(NOW)),
            references: vec![],
            provider_thread: Some("thread-1".into()),
            sent_at: self.app().now(),
            header_facts: vec![],
            automatic,
        };
        messaging::receive(self.app(), self.test.workspace, &incoming).unwrap().unwrap()
    }

    /// Takes in an answer and reads it.
    pub fn read(&self, text: &str) -> Reply {
        self.read_with(text, false)
    }

    pub fn read_with(&self, text: &str, automatic: bool) -> Reply {
        let id = self.receive(self.first_mail, text, automatic);
        super::read_reply(self.app(), self.test.workspace, id).unwrap();
        self.get_reply(id)
    }

    pub fn get_reply(&self, id: ReplyId) -> Reply {
        messaging::get_reply(&self.app().store, self.test.workspace, id).unwrap().unwrap()
    }

    pub fn get_worker(&self) -> Worker {
        workers::get(&self.app().store, self.test.workspace, self.worker).unwrap().unwrap()
    }

    pub fn put_worker(&self, worker: &Worker) {
        self.app().store.write(|txn| workers::put(txn, self.test.workspace, worker)).unwrap();
    }

    pub fn mark_first_mail_sent(&self) {
        self.set_state(self.first_mail, Delivery::Sent);
    }

    pub fn set_state(&self, message: MessageId, state: Delivery) {
        messaging::set_state(self.app(), self.test.workspace, message, state).unwrap();
    }

    /// Housekeeping jobs of one kind.
    pub fn due_jobs(&self, kind: &str) -> Vec<Job> {
        let app = self.app();
        let due = jobs::lease_due(&app.store, Lane::Housekeeping, app.now(), 100).unwrap();
        due.into_iter().filter(|job| job.kind == kind).collect()
    }

    /// Reads an answer and writes the draft for it.
    pub fn draft(&self, text: &str) -> Draft {
        let reply = self.read(text);
        super::write::write_draft(self.app(), self.test.workspace, reply.id).unwrap();
        let of_reply = drafts::list_pending(&self.app().store, self.test.workspace, 10).unwrap().into_iter();
        of_reply.into_iter().find(|draft| draft.reply == Some(reply.id)).unwrap()
    }

    pub fn approve(&self, draft: &Draft) -> Draft {
        super::decide::approve(self.app(), self.owner(), draft.id).unwrap()
    }

    /// Everything written to the lead, newest first.
    pub fn mails(&self) -> Vec<Message> {
        messaging::list_of_contact(&self.app().store, self.test.workspace, self.contact, 50).unwrap()
    }
}

/// A mailbox that takes everything and remembers it.
#[derive(Clone, Default)]
pub struct Post(pub Arc<Mutex<Vec<Message>>>);

impl Channel for Post {
    fn send(&self, _: &App, message: &Message, _: &Connection) -> SendOutcome {
        self.0.lock().unwrap().push(message.clone());
        SendOutcome::Sent(SentAs::default())
    }
    fn look(&self, _: &App, _: &Message, _: &Connection, _: u32) -> Look {
        Look::Absent
    }
}

/// The desk with its queue at work: events reach the room, and mail leaves.
pub struct Office {
    pub desk: Desk,
    pub post: Post,
    runner: Runner,
}

impl Office {
    pub fn open() -> Self {
        let desk = Desk::new();
        desk.mark_first_mail_sent();
        let (test, post) = (&desk.test, Post::default());
        let deliver = Deliver::new(test.app.store.clone(), test.app.clock.clone(), super::subscribers());
        let handlers =
            super::handlers(Handlers::default()).task(deliver).effect(Outbox { channel: Arc::new(post.clone()) });
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner =
            Runner::start(store, clock, Arc::clone(&test.app), Arc::new(handlers), &Threads::default()).unwrap();
        Self { desk, post, runner }
    }

    pub fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(120)), "the queue never came to rest");
    }

    /// Moves the clock in one go; the mailbox was read meanwhile, as its poll would.
    pub fn advance(&self, by: Duration) {
        let app = self.desk.app();
        let now = app.clock.advance(by);
        let read = |txn: &mut Txn<'_>| {
            let mut mailbox = connections::find(txn, self.desk.test.workspace, self.desk.connection.id)?.unwrap();
            mailbox.health.last_poll = Some(now);
            connections::put(txn, &mailbox)
        };
        app.store.write(read).unwrap();
        self.settle();
    }

    /// What has left, oldest first.
    pub fn sent(&self) -> Vec<Message> {
        self.post.0.lock().unwrap().clone()
    }
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn add_mailbox(app: &App, workspace: WorkspaceId) -> Connection {
    let google = Google {
        subject: "1".into(),
        scopes: vec![],
        credentials: None,
        history_cursor: None,
        relisting: None,
        calendar_id: None,
        busy_calendars: vec![],
        calendar_zone: None,
    };
    let connection = Connection {
        id: ConnectionId::new(NOW),
        workspace,
        address: address("nora@fernhill.example"),
        display_name: "Nora Whitfield".into(),
        kind: Kind::Google(google),
        uses: vec![Use::Outreach],
        state: State::Working,
        pace: Pace::default(),
        health: Health { last_poll: Some(NOW), ..Health::default() },
        made_by: None,
        made_at: NOW,
    };
    app.store.write(|txn| connections::put(txn, &connection)).unwrap();
    connection
}

pub fn add_contact(app: &App, workspace: WorkspaceId, first: &str, last: &str, mail: &str, company: &str) -> ContactId {
    let contact = Contact {
        id: ContactId::new(NOW),
        workspace,
        first_name: first.into(),
        last_name: last.into(),
        addresses: vec![address(mail)],
        company: company.into(),
        job_title: "Owner".into(),
        phone: String::new(),
        website: String::new(),
        time_zone: Some("Europe/London".into()),
        locale: None,
        custom: Default::default(),
        tags: vec![],
        source: Source::ByHand,
        created_at: NOW,
        changed_at: NOW,
        restricted: false,
    };
    app.store.write(|txn| contacts::put(txn, &contact, None)).unwrap();
    contact.id
}

fn add_worker(app: &App, owner: &Actor, mailbox: ConnectionId) -> WorkerId {
    let form = WorkerForm {
        name: "Lake District hotels".into(),
        goal: "Hotels heated by oil.".into(),
        mailbox: Some(mailbox),
        sender: Sender { name: "Nora Whitfield".into(), ..Sender::default() },
        ..WorkerForm::default()
    };
    let worker = workers::create(app, owner, &form).unwrap();
    let working = Worker { state: WorkerState::Working, ..worker };
    app.store.write(|txn| workers::put(txn, owner.workspace, &working)).unwrap();
    working.id
}

fn send(app: &App, workspace: WorkspaceId, contact: ContactId, from: &Connection, worker: WorkerId) -> MessageId {
    let to = address("anna@fellside.example");
    let new = NewMessage::new(NOW, workspace, contact, Purpose::Outreach, from, &to)
        .to_name("Anna Lund")
        .words("Heating eleven rooms", "Dear Anna, would a call help?")
        .worker(worker);
    app.store.write(|txn| messaging::enqueue(app, txn, &new, NOW)).unwrap();
    new.id()
}
