//! A mailbox, a worker and its leads, on a clock that is moved.

use super::*;

pub(super) const DAY: Duration = Duration::from_secs(86_400);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A mailbox that takes everything and remembers it, unless it was told how to answer next, or always by one connection.
#[derive(Clone, Default)]
pub(super) struct Mailbox(
    pub(super) Arc<Mutex<Vec<Message>>>,
    pub(super) Arc<Mutex<VecDeque<SendOutcome>>>,
    pub(super) Arc<Mutex<VecDeque<Look>>>,
    pub(super) Arc<Mutex<Option<(ConnectionId, SendOutcome)>>>,
);

impl Channel for Mailbox {
    fn send(&self, _: &App, message: &Message, connection: &Connection) -> SendOutcome {
        match &*self.3.lock().unwrap() {
            Some((id, outcome)) if *id == connection.id => return outcome.clone(),
            _ => {}
        }
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

pub(super) struct World {
    pub(super) test: TestApp,
    pub(super) runner: Runner,
    pub(super) mailbox: Mailbox,
    pub(super) connection: ConnectionId,
    pub(super) sequence: Sequence,
    pub(super) worker: Worker,
}

pub(super) fn step(wait_days: u16, subject: &str, text: &str) -> StepForm {
    StepForm { wait_days, subject: subject.into(), text: text.into(), ..StepForm::default() }
}

pub(super) fn three_steps() -> Vec<StepForm> {
    vec![
        step(0, "Heating at {{company|your house}}", "Hi {{first_name|there}}, one."),
        step(3, "", "Two."),
        step(5, "", "Three."),
    ]
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(three_steps(), |_, _| {})
    }

    pub(super) fn with(steps: Vec<StepForm>, change: impl FnOnce(&mut WorkerForm, &mut Connection)) -> Self {
        let own = [
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000"),
            ("LAUNCHYARD_OUTREACH__MIN_GAP_SECONDS", "0"),
        ];
        let test = testing::app_with(&[own, testing::MAIL].concat());
        let mut connection = mailbox_of(&test);
        let sequence = create(&test.app, &test.owner, &SequenceForm { name: "Hotels".into(), steps }).unwrap();
        let mut form = WorkerForm {
            name: "Lake District hotels".into(),
            sequence: Some(sequence.id),
            mailbox: Some(connection.id),
            limits: Limits {
                per_day: 100_000,
                per_domain_day: 100_000,
                per_contact: 4,
                company_stops: false,
                follow_up_percent: 0,
            },
            sender: Sender { name: "Nora Whitfield".into(), ..Sender::default() },
            ..WorkerForm::default()
        };
        change(&mut form, &mut connection);
        test.app.store.write(|txn| connections::put(txn, &connection)).unwrap();
        let worker = workers::create(&test.app, &test.owner, &form).unwrap();
        let mailbox = Mailbox::default();
        let mut subscribers = subscribers();
        subscribers.extend(connections::subscribers());
        let deliver = Deliver::new(test.app.store.clone(), test.app.clock.clone(), subscribers);
        let handlers =
            handlers(Handlers::default()).task(deliver).effect(Outbox { channel: Arc::new(mailbox.clone()) });
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner =
            Runner::start(store, clock, Arc::clone(&test.app), Arc::new(handlers), &Threads::default()).unwrap();
        Self { runner, mailbox, connection: connection.id, sequence, worker, test }
    }

    pub(super) fn app(&self) -> &App {
        &self.test.app
    }

    pub(super) fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(180)), "the queue never came to rest");
    }

    /// Moves the clock in one go; the mailbox was read meanwhile, as its poll would.
    pub(super) fn advance(&self, by: Duration) {
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

    pub(super) fn lead(&self, first_name: &str, change: impl FnOnce(&mut Contact)) -> Enrolment {
        let contact = add_contact(&self.test, first_name, change);
        let tally = enrol(self.app(), &self.test.owner, self.worker.id, &[contact]).unwrap();
        assert_eq!(tally.added, 1, "{tally:?}");
        self.active(contact)
    }

    pub(super) fn active(&self, contact: ContactId) -> Enrolment {
        self.app().store.read(|txn| find_active(txn, self.test.workspace, contact)).unwrap().unwrap()
    }

    pub(super) fn activate(&self) {
        activate(self.app(), &self.test.owner, self.worker.id).unwrap();
        self.settle();
    }

    pub(super) fn now_stands(&self, lead: &Enrolment) -> Enrolment {
        get(&self.app().store, self.test.workspace, lead.id).unwrap().unwrap()
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.mailbox.0.lock().unwrap().iter().map(|message| message.text.clone()).collect()
    }

    /// The person answers the newest mail to them, and the answer is read as `label`.
    pub(super) fn answer(&self, lead: &Enrolment, label: &str, change: impl FnOnce(&mut Reading)) -> ReplyId {
        let message = self.now_stands(lead).last_sent().unwrap().message;
        let id = self.receive(message, label == "out_of_office");
        self.read_as(id, label, change);
        id
    }

    pub(super) fn receive(&self, message: MessageId, automatic: bool) -> ReplyId {
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

    pub(super) fn read_as(&self, id: ReplyId, label: &str, change: impl FnOnce(&mut Reading)) {
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

    /// Two who answer for the workspace, and one who only looks.
    pub(super) fn add_members(&self) {
        testing::add_members(self.app());
    }

    /// To whom letters of the server wait, in order, with their texts.
    pub(super) fn letters(&self) -> Vec<(String, String)> {
        let waiting = mailer::waiting(&self.app().store).unwrap();
        waiting.into_iter().map(|letter| (letter.to.to_string(), letter.text)).collect()
    }

    /// Another worker that writes from the same mailbox.
    pub(super) fn second_worker(&self, sequence: SequenceId) -> Worker {
        let form = WorkerForm {
            name: "Second".into(),
            sequence: Some(sequence),
            mailbox: Some(self.connection),
            limits: Limits { per_day: 1_000, per_domain_day: 1_000, follow_up_percent: 0, ..Limits::default() },
            sender: Sender { name: "Nora Whitfield".into(), ..Sender::default() },
            ..WorkerForm::default()
        };
        workers::create(self.app(), &self.test.owner, &form).unwrap()
    }

    pub(super) fn figure(&self, group: Group) -> u64 {
        figures(&self.app().store, self.test.workspace, self.worker.id).unwrap().of(group)
    }
}

pub(super) fn mailbox_of(test: &TestApp) -> Connection {
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

pub(super) fn add_contact(test: &TestApp, first_name: &str, change: impl FnOnce(&mut Contact)) -> ContactId {
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
