//! Answers and test mails that were held back go on as soon as what held them is gone. (Steps of a sequence are woken by
//! their enrolments.)

use super::outbox::{answers_of, Payload, SEND};
use super::store::find_message;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkerId, WorkspaceId};
use crate::connections;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane};
use crate::store::{StoreError, Txn};

/// Mails woken in one transaction.
const BATCH: usize = 20;

/// Looks at what waits when a worker is switched on, a mailbox works again or is gone, or the workspace may send again.
pub struct Wake;

impl Subscriber<App> for Wake {
    fn name(&self) -> &'static str {
        "messaging"
    }

    /// What waits is looked at by the hour anyway: only what happens from now on can be missed.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        match event.what {
            Happened::WorkerActivated { worker } => all_mailboxes(app, workspace, Some(worker), now),
            Happened::SendingResumed => all_mailboxes(app, workspace, None, now),
            Happened::ConnectionMade { connection } | Happened::ConnectionRemoved { connection } => {
                app.store.write(|txn| jobs::lift_pace(txn, Lane::MailOut, answers_of(connection)))?;
                mailbox(app, connection, None, now)
            }
            _ => Ok(()),
        }
    }
}

/// A worker's mails may wait in any mailbox: it may have been given another since.
fn all_mailboxes(
    app: &App,
    workspace: WorkspaceId,
    worker: Option<WorkerId>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let all = connections::list(&app.store, workspace)?;
    all.iter().try_for_each(|connection| mailbox(app, connection.id, worker, now))
}

/// Mails that the gate put off are asked about again now; those of one worker, or all.
fn mailbox(app: &App, id: ConnectionId, worker: Option<WorkerId>, now: UnixMillis) -> Result<(), StoreError> {
    let waiting = jobs::list_later(&app.store, Lane::MailOut, answers_of(id), now)?;
    for batch in waiting.chunks(BATCH) {
        app.store.write(|txn| {
            for job in batch {
                if is_held_back(txn, job, worker)? {
                    jobs::hurry(txn, job.id, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(())
}

/// Whether the gate has said "not yet" to it, rather than that its time has not come.
fn is_held_back(txn: &mut Txn<'_>, job: &Job, worker: Option<WorkerId>) -> Result<bool, StoreError> {
    if job.kind != SEND || job.reason.is_none() {
        return Ok(false);
    }
    let Payload { workspace, message } = job.payload()?;
    let message = find_message(txn, workspace, message)?;
    Ok(message.is_some_and(|message| worker.is_none() || message.worker == worker))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::authz::Actor;
    use crate::base::{ContactId, EmailAddress};
    use crate::connections::{Connection, State};
    use crate::events::{self, Deliver};
    use crate::jobs::{Handlers, Runner, Threads};
    use crate::messaging::{self, testing, Channel, Delivery, Look, Message, NewMessage, Outbox, Purpose, SendOutcome};
    use crate::operator as tenants;
    use crate::testing::{TestApp, NOW};
    use crate::workers::{self, WorkerForm};

    struct Takes;

    impl Channel for Takes {
        fn send(&self, _: &App, _: &Message, _: &Connection) -> SendOutcome {
            SendOutcome::Sent(Default::default())
        }
        fn look(&self, _: &App, _: &Message, _: &Connection, _: u32) -> Look {
            Look::Absent
        }
    }

    /// A workspace with a worker that works, and its mailbox.
    struct Desk {
        test: TestApp,
        mailbox: Connection,
        worker: WorkerId,
        runner: Runner,
    }

    impl Desk {
        fn new() -> Self {
            let test = crate::testing::app();
            let mailbox = testing::mailbox(test.workspace, ConnectionId::new(NOW));
            test.app.store.write(|txn| connections::put(txn, &mailbox)).unwrap();
            let form = WorkerForm { mailbox: Some(mailbox.id), ..WorkerForm::fresh("Nora") };
            let form = WorkerForm { name: "Hotels".into(), ..form };
            let worker = workers::create(&test.app, &test.owner, &form).unwrap().id;
            let subscribers = messaging::subscribers();
            let deliver = Deliver::new(test.app.store.clone(), test.app.clock.clone(), subscribers);
            let handlers = Handlers::default().task(deliver).effect(Outbox { channel: Arc::new(Takes) });
            let (store, clock) = (&test.app.store, &test.app.clock);
            let runner =
                Runner::start(store, clock, Arc::clone(&test.app), Arc::new(handlers), &Threads::default()).unwrap();
            let desk = Self { test, mailbox, worker, runner };
            desk.switch_on();
            desk
        }

        fn settle(&self) {
            assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
        }

        fn switch_on(&self) {
            workers::activate(&self.test.app, &self.test.owner, self.worker, &|_, _| Ok(Vec::new())).unwrap();
        }

        fn operator(&self) -> Actor {
            Actor { is_operator: true, ..self.test.owner.clone() }
        }

        fn set_mailbox(&self, state: &State) {
            let put =
                |txn: &mut Txn<'_>| connections::put(txn, &Connection { state: state.clone(), ..self.mailbox.clone() });
            self.test.app.store.write(put).unwrap();
        }

        fn write(&self, purpose: Purpose) -> Message {
            let (app, to) = (&self.test.app, EmailAddress::parse("anna@fellside.example").unwrap());
            let now = app.now();
            let mut contact = ContactId::new(now);
            if purpose == Purpose::Answer {
                contact = testing::queue_mail(app, self.test.workspace, "anna@fellside.example").contact;
            }
            let new = NewMessage::new(now, self.test.workspace, contact, purpose, &self.mailbox, &to)
                .words("Re: Heating", "Thursday it is.")
                .worker(self.worker);
            app.store.write(|txn| messaging::enqueue(app, txn, &new, now)).unwrap()
        }

        fn state(&self, message: &Message) -> Delivery {
            let found = messaging::get_message(&self.test.app.store, self.test.workspace, message.id);
            found.unwrap().unwrap().state
        }
    }

    #[test]
    fn an_answer_or_a_test_mail_that_was_held_leaves_as_soon_as_what_held_it_is_gone() {
        let needs_owner = || State::NeedsOwner { since: NOW, reason: "Sign in again.".into() };
        type Act = fn(&Desk);
        let pause: Act = |desk| workers::pause(&desk.test.app, &desk.test.owner, desk.worker, "A break.").unwrap();
        let suspend: Act = |desk| {
            drop(tenants::suspend(&desk.test.app, &desk.operator(), desk.test.workspace, "9 % bounced.").unwrap())
        };
        let lift: Act =
            |desk| drop(tenants::lift_suspension(&desk.test.app, &desk.operator(), desk.test.workspace).unwrap());
        let cases = [
            ("the worker was paused", Purpose::Answer, Some(pause), Desk::switch_on as Act),
            ("the workspace was suspended", Purpose::Answer, Some(suspend), lift),
            ("the workspace was suspended", Purpose::Test, Some(suspend), lift),
            ("the mailbox needed its owner", Purpose::Answer, None, reconnect as Act),
            ("the mailbox needed its owner", Purpose::Test, None, reconnect as Act),
        ];
        for (name, purpose, hold, free) in cases {
            let desk = Desk::new();
            match hold {
                Some(hold) => hold(&desk),
                None => desk.set_mailbox(&needs_owner()),
            }
            let message = desk.write(purpose);
            desk.settle();
            assert!(matches!(desk.state(&message), Delivery::Queued { waits_for: Some(_) }), "{name} {purpose:?}");
            free(&desk);
            desk.settle();
            assert_eq!(desk.state(&message), Delivery::Sent, "{name} {purpose:?}: and the clock stood still");
        }
    }

    fn reconnect(desk: &Desk) {
        desk.set_mailbox(&State::Working);
        let what = Happened::ConnectionMade { connection: desk.mailbox.id };
        desk.test.app.store.write(|txn| events::append(txn, desk.test.workspace, NOW, what.clone())).unwrap();
    }

    #[test]
    fn waking_one_worker_leaves_the_mails_of_another_where_they_are() {
        let desk = Desk::new();
        let form = WorkerForm { name: "Farms".into(), mailbox: Some(desk.mailbox.id), ..WorkerForm::fresh("Nora") };
        let other = workers::create(&desk.test.app, &desk.test.owner, &form).unwrap();
        workers::pause(&desk.test.app, &desk.test.owner, desk.worker, "A break.").unwrap();
        let message = desk.write(Purpose::Answer);
        desk.settle();
        let due = || desk.test.app.store.read(|txn| jobs::find(txn, message.job)).unwrap().unwrap().due;
        let before = due();
        workers::activate(&desk.test.app, &desk.test.owner, other.id, &|_, _| Ok(Vec::new())).unwrap();
        desk.settle();
        assert_eq!(due(), before);
    }
}
