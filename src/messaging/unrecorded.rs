//! Mails whose outcome could not be recorded. The queue then leaves the job to a person; here its message follows, so
//! that it waits where people look instead of leaving for ever.

use super::model::Delivery;
use super::outbox::{Payload, SEND};
use super::store::{find_message, put_in_doubt, update_message};
use crate::app::App;
use crate::base::JobId;
use crate::events::{self, Happened};
use crate::jobs::{self, State};
use crate::store::StoreError;

/// Jobs that are looked at in one round; more of them than that is an outage that the operator knows of.
const LOOKED_AT: usize = 1_000;

/// Puts each message before a person whose job waits for one already. Called at the start and every hour; again is
/// harmless. Returns how many.
pub fn hand_over_unrecorded(app: &App) -> Result<usize, StoreError> {
    let waiting = jobs::list_needing_a_look(&app.store, LOOKED_AT)?;
    let mut handed_over = 0;
    for job in waiting.iter().filter(|job| job.kind == SEND) {
        match hand_over(app, job.id) {
            Ok(is_new) => handed_over += usize::from(is_new),
            // Its record may be what cannot be read. The job itself stands before the operator.
            Err(error) => tracing::error!(%error, job = %job.id, "a mail without an outcome cannot be handed over"),
        }
    }
    if handed_over > 0 {
        tracing::error!(handed_over, "mails may have left without a record of it; they need a look");
    }
    Ok(handed_over)
}

fn hand_over(app: &App, job: JobId) -> Result<bool, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(job) = jobs::find(txn, job)?.filter(|job| job.state == State::NeedsHuman) else { return Ok(false) };
        let Payload { workspace, message } = job.payload()?;
        let Some(mut message) = find_message(txn, workspace, message)? else { return Ok(false) };
        if !matches!(message.state, Delivery::Leaving | Delivery::InDoubt { .. }) {
            return Ok(false);
        }
        let reason = job.reason.unwrap_or_else(|| "what came of it could not be recorded".to_owned());
        message.state = Delivery::NeedsHuman { reason };
        put_in_doubt(txn, &message)?;
        update_message(txn, &message)?;
        let what = Happened::MessageInDoubt { message: message.id, contact: message.contact };
        events::append(txn, workspace, now, what)?;
        Ok(true)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::base::UnixMillis;
    use crate::connections::Connection;
    use crate::jobs::{
        Effect, Handlers, Job, Performed, Prepared, Ready, Reconciled, Runner, Settled, Threads, Verdict,
    };
    use crate::messaging::testing::queue_mail;
    use crate::messaging::{get_message, list_in_doubt, resolve, Channel, Look, Message, Outbox, SendOutcome, SentAs};
    use crate::store::Txn;
    use crate::testing;

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

    /// The outbox, but what came of a mail cannot be written down.
    struct Forgetful(Outbox);

    impl Effect<App> for Forgetful {
        fn kind(&self) -> &'static str {
            self.0.kind()
        }
        fn prepare(&self, app: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
            self.0.prepare(app, txn, job, now)
        }
        fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
            self.0.perform(app, job, ready)
        }
        fn settle(
            &self,
            _: &App,
            _: &mut Txn<'_>,
            _: &Job,
            _: &Performed,
            _: UnixMillis,
        ) -> Result<Settled, StoreError> {
            Err(StoreError::Engine("the record cannot be read".into()))
        }
        fn reconcile(&self, app: &App, job: &Job, now: UnixMillis) -> Reconciled {
            self.0.reconcile(app, job, now)
        }
    }

    #[test]
    fn a_mail_whose_outcome_could_not_be_recorded_waits_for_a_person_and_is_not_sent_twice() {
        let test = testing::app();
        let (app, workspace) = (&test.app, test.workspace);
        let mail = queue_mail(app, workspace, "anna@fellside.example");
        let handlers = Arc::new(Handlers::default().effect(Forgetful(Outbox { channel: Arc::new(Post) })));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        app.clock.advance(Duration::from_secs(3600));
        runner.wake();
        assert!(runner.settle(Duration::from_secs(20)));
        runner.stop(Duration::from_secs(5));
        let stored = || get_message(&app.store, workspace, mail.id).unwrap().unwrap();
        assert_eq!(stored().state, Delivery::Leaving);

        assert_eq!(hand_over_unrecorded(app).unwrap(), 1);
        let doubtful = list_in_doubt(&app.store, workspace, None, 10).unwrap().rows;
        assert_eq!(doubtful.iter().map(|message| message.id).collect::<Vec<_>>(), [mail.id]);
        assert!(matches!(&stored().state, Delivery::NeedsHuman { reason } if reason.contains("could not be recorded")));
        assert_eq!(hand_over_unrecorded(app).unwrap(), 0, "once");

        resolve(app, &test.owner, mail.id, Verdict::Arrived).unwrap();
        assert_eq!(stored().state, Delivery::Sent);
        assert!(list_in_doubt(&app.store, workspace, None, 10).unwrap().rows.is_empty());
        assert_eq!(hand_over_unrecorded(app).unwrap(), 0, "what was decided stays so");
    }
}
