//! A workspace with a contact, a mailbox in the sandbox, and a message to send by hand.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::app::App;
use crate::base::{ContactId, EmailAddress, WorkspaceId};
use crate::channels::email::EmailChannel;
use crate::connections::tests::world::World;
pub use crate::connections::tests::world::OWNER;
use crate::connections::{self, Connection, Provider, Settings, Use};
use crate::contacts::{self, Contact, Source};
use crate::jobs::{Handlers, Runner, Threads};
use crate::messaging::{self, Delivery, Message, NewMessage, Outbox, Purpose};
use crate::testing::NOW;

pub const LEAD: &str = "anna@fellside.example";

pub struct Desk {
    pub world: World,
    pub connection: Connection,
    pub contact: ContactId,
}

impl Desk {
    pub fn with_gmail() -> Self {
        Self::with(Provider::Google)
    }

    /// One for each provider whose mailboxes are connected by consent.
    pub fn by_consent() -> impl Iterator<Item = Self> {
        [Provider::Google, Provider::Microsoft].into_iter().map(Self::with)
    }

    /// One for each kind of mailbox.
    pub fn of_every_kind() -> impl Iterator<Item = Self> {
        Self::by_consent().chain(std::iter::once_with(Self::with_mail_server))
    }

    pub fn with(provider: Provider) -> Self {
        Self::new(World::at(provider), |world| {
            let connection = world.connect(&[Use::Outreach]);
            let settings = Settings { display_name: "Robin Larkfield".into(), pace: connection.pace };
            connections::change_settings(&world.test.app, &world.owner, connection.id, &settings).unwrap()
        })
    }

    pub fn with_mail_server() -> Self {
        Self::new(World::start(), |world| {
            let settings = crate::connections::tests::mailbox::settings(world, crate::sandbox::MAIL_PASSWORD);
            let made = connections::connect_mailbox(&world.test.app, &world.owner, &settings, None, false).unwrap();
            made.connection.unwrap()
        })
    }

    fn new(world: World, connect: impl FnOnce(&World) -> Connection) -> Self {
        let connection = connect(&world);
        let contact = add_contact(&world);
        let desk = Self { world, connection, contact };
        // The first look finds where the mailbox ends.
        desk.poll();
        desk.world.forget_requests();
        desk
    }

    pub fn app(&self) -> &Arc<App> {
        &self.world.test.app
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.world.test.workspace
    }

    /// A message through the one gate out, sent by the queue.
    pub fn send(&self) -> Message {
        self.send_with(|new| new)
    }

    pub fn send_with(&self, change: impl FnOnce(NewMessage) -> NewMessage) -> Message {
        let message = self.enqueue(change);
        self.run_queue();
        self.stored(&message)
    }

    pub fn enqueue(&self, change: impl FnOnce(NewMessage) -> NewMessage) -> Message {
        let (app, to) = (self.app(), EmailAddress::parse(LEAD).unwrap());
        let new = NewMessage::new(app.now(), self.workspace(), self.contact, Purpose::Answer, &self.connection, &to);
        let new = change(new.to_name("Anna Lund").words("Your oil heating", "Hello Anna,\n\nstill on oil?"));
        app.store.write(|txn| messaging::enqueue(app, txn, &new, app.now())).unwrap()
    }

    /// Runs the queue until nothing is due.
    pub fn run_queue(&self) {
        let handlers = Handlers::default().effect(Outbox { channel: Arc::new(EmailChannel) });
        let app = self.app();
        let runner =
            Runner::start(&app.store, &app.clock, Arc::clone(app), Arc::new(handlers), &Threads::default()).unwrap();
        assert!(runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
        runner.stop(Duration::from_secs(5));
    }

    pub fn stored(&self, message: &Message) -> Message {
        messaging::get_message(&self.app().store, self.workspace(), message.id).unwrap().unwrap()
    }

    pub fn poll(&self) -> crate::channels::email::PollReport {
        crate::channels::poll_now(self.app(), self.workspace(), self.connection.id).unwrap()
    }

    /// Puts a mail into the owner's mailbox.
    pub fn arrives(&self, head: &str, body: &str) {
        let raw = format!("To: {OWNER}\nDate: Tue, 24 Nov 2026 10:05:00 +0000\n{head}\n\n{body}\n");
        self.world.control("mail", &json!({"to": OWNER, "raw": raw}));
    }

    /// The lead answers a message of ours.
    pub fn answers(&self, message: &Message, id: &str, body: &str) {
        let head = format!(
            "From: Anna Lund <{LEAD}>\nSubject: Re: {}\nMessage-ID: <{id}>\nIn-Reply-To: <{}>",
            message.subject, message.message_id
        );
        self.arrives(&head, body);
    }

    pub fn replies(&self) -> Vec<messaging::Reply> {
        messaging::list_replies(&self.app().store, self.workspace(), None, 100).unwrap().rows
    }
}

fn add_contact(world: &World) -> ContactId {
    let contact = Contact {
        id: ContactId::new(NOW),
        workspace: world.test.workspace,
        first_name: "Anna".into(),
        last_name: "Lund".into(),
        addresses: vec![EmailAddress::parse(LEAD).unwrap()],
        company: String::new(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: vec![],
        source: Source::ByHand,
        created_at: NOW,
        changed_at: NOW,
        restricted: false,
    };
    world.test.app.store.write(|txn| contacts::put(txn, &contact, None)).unwrap();
    contact.id
}

pub fn is_sent(message: &Message) -> bool {
    message.state == Delivery::Sent
}
