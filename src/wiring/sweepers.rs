//! Who removes the rows of each table whose declaration says after how many days they go.

use std::time::Duration;

use super::idempotency;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId, INSTANCE};
use crate::config::Config;
use crate::store::StoreError;
use crate::{addresses, audit, connections, contacts, engines, events, jobs, leads, messaging, workspaces};

/// Rows removed in one transaction.
const BATCH: usize = 20;
const DAY: Duration = Duration::from_secs(86_400);

/// One sweep with the tables that it empties.
pub struct Sweeper {
    pub tables: &'static [&'static str],
    /// After how many days, as configured.
    pub days: fn(&Config) -> u32,
    pub by: By,
}

pub enum By {
    /// The hourly round; removes what is from before then.
    Round(fn(&App, UnixMillis) -> Result<(), StoreError>),
    /// A repeating job of the room itself, by its kind.
    Job(&'static str),
}

pub const SWEEPERS: &[Sweeper] = &[
    Sweeper {
        tables: &["jobs"],
        days: |config| config.retention.job_outcomes_days,
        by: By::Round(|app, before| all(|| jobs::sweep_given_up(&app.store, before, BATCH))),
    },
    Sweeper {
        tables: &["api_answers"],
        days: |_| 1,
        by: By::Round(|app, before| all(|| idempotency::sweep(&app.store, before, BATCH))),
    },
    Sweeper {
        tables: &["contact_imports", "contact_import_progress", "contact_import_refused", "contact_import_undo"],
        days: |_| contacts::IMPORT_DAYS,
        by: By::Round(|app, _| contacts::sweep_imports(app, app.now())),
    },
    Sweeper {
        tables: &["mail_domains", "import_address_checks"],
        days: |_| addresses::DAYS,
        by: By::Round(|app, before| {
            in_each(app, |workspace| all(|| addresses::sweep(&app.store, workspace, before, BATCH)))
        }),
    },
    Sweeper {
        tables: &["lead_posts_by_key"],
        days: |_| leads::POSTS_DAYS,
        by: By::Round(|app, before| {
            in_each(app, |workspace| all(|| leads::sweep_posts(&app.store, workspace, before, BATCH)))
        }),
    },
    Sweeper {
        tables: &["provider_calls"],
        days: |config| config.retention.provider_calls_days,
        by: By::Round(connections::sweep_calls),
    },
    Sweeper {
        tables: &["ai_transfers"],
        days: |config| config.retention.ai_transfers_days,
        by: By::Round(engines::sweep),
    },
    Sweeper {
        tables: &["events"],
        days: |config| config.retention.events_days,
        by: By::Round(|app, before| {
            in_each(app, |workspace| all(|| events::sweep(&app.store, workspace, before, BATCH)))
        }),
    },
    Sweeper {
        tables: &["audit_entries"],
        days: |config| config.retention.audit_days,
        by: By::Round(|app, before| {
            let sweep = |owner| all(|| audit::sweep(&app.store, owner, before, BATCH));
            sweep(INSTANCE)?;
            in_each(app, sweep)
        }),
    },
    Sweeper {
        tables: &["invitations", "invitations_by_secret"],
        days: |_| workspaces::INVITATION_DAYS,
        by: By::Round(|app, _| {
            let now = app.now();
            in_each(app, |workspace| all(|| workspaces::sweep_invitations(&app.store, workspace, now)))
        }),
    },
    Sweeper {
        tables: &["closed_workspaces"],
        days: |_| workspaces::CLOSED_DAYS,
        by: By::Round(|app, before| all(|| workspaces::sweep_closed(&app.store, before, BATCH))),
    },
    Sweeper {
        tables: &["sessions", "sessions_by_secret"],
        days: |config| config.sessions.absolute_days,
        by: By::Job("identity.sweep"),
    },
];

/// The hourly round: every table's old rows, the words of old answers, and mails whose outcome is on no record.
pub fn run_all(app: &App, now: UnixMillis) -> Result<(), StoreError> {
    for sweeper in SWEEPERS {
        if let By::Round(sweep) = sweeper.by {
            sweep(app, now.minus(DAY * (sweeper.days)(&app.config)))?;
        }
    }
    messaging::hand_over_unrecorded(app)?;
    let before = now.minus(DAY * app.config.retention.excerpts_days);
    in_each(app, |workspace| all(|| messaging::sweep_excerpts(&app.store, workspace, before, BATCH)))
}

/// Goes on until less than a batch is found.
fn all(mut sweep: impl FnMut() -> Result<usize, StoreError>) -> Result<(), StoreError> {
    while sweep()? == BATCH {}
    Ok(())
}

fn in_each(app: &App, sweep: impl Fn(WorkspaceId) -> Result<(), StoreError>) -> Result<(), StoreError> {
    workspaces::list_all(&app.store)?.iter().try_for_each(|workspace| sweep(workspace.id))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::authz::Role;
    use crate::base::{ConnectionId, ContactId, EmailAddress};
    use crate::connections::Log;
    use crate::events::Happened;
    use crate::http::idempotency::{Fingerprint, IdempotencyStore, ScopedKey};
    use crate::identity::{self, Client, NewAccount};
    use crate::jobs::{Lane, NewJob, Runner, Threads};
    use crate::providers::outbound::{CallLog, CallRecord};
    use crate::store::{Declared, Retention};
    use crate::testing::{self, TestApp, NOW};
    use crate::wiring::{housekeeping, jobs as all_jobs, personal_data};

    /// Tables whose rows go after a number of days.
    fn by_days() -> Vec<(Declared, u32)> {
        let all = personal_data::tables().into_iter();
        let days = all.filter_map(|table| match table.info.retention {
            Retention::Days(days) => Some((table, days)),
            _ => None,
        });
        days.collect()
    }

    #[test]
    fn every_table_that_promises_a_number_of_days_has_one_sweeper_that_keeps_it_unless_told_otherwise() {
        let test = testing::app();
        for (table, days) in by_days() {
            let name = table.info.name;
            let own: Vec<&Sweeper> = SWEEPERS.iter().filter(|sweeper| sweeper.tables.contains(&name)).collect();
            assert_eq!(own.len(), 1, "{name} promises {days} days and has {} sweepers", own.len());
            assert_eq!((own[0].days)(&test.app.config), days, "{name}: what is declared is the default");
        }
        let kinds = all_jobs::kinds(&test.app).unwrap();
        for sweeper in SWEEPERS {
            for table in sweeper.tables {
                assert!(by_days().iter().any(|(known, _)| known.info.name == *table), "{table} promises no days");
            }
            if let By::Job(kind) = sweeper.by {
                assert!(kinds.contains(&kind), "nothing does {kind}");
            }
        }
    }

    #[test]
    fn what_is_older_than_its_table_promises_is_gone_after_the_next_round_and_younger_rows_stay() {
        let test = testing::app();
        let handlers = Arc::new(all_jobs::handlers(&test.app).unwrap());
        let (store, clock) = (&test.app.store, &test.app.clock);
        let runner = Runner::start(store, clock, Arc::clone(&test.app), handlers, &Threads::default()).unwrap();
        let settle = || assert!(runner.settle(Duration::from_secs(60)), "the queue does not come to rest");
        let old = fill(&test);
        housekeeping::plan(&test.app).unwrap();
        identity::schedule(&test.app).unwrap();
        settle();
        for (table, _) in by_days() {
            assert!(rows(&test, &table) > 0, "this test puts no row into {}", table.info.name);
        }
        clock.advance(DAY * 3 * 365);
        settle();
        for (table, days) in by_days().into_iter().filter(|(table, _)| table.info.name != "jobs") {
            assert_eq!(rows(&test, &table), 0, "{} promises {days} days", table.info.name);
        }
        assert_eq!(store.read(|txn| jobs::find(txn, old)).unwrap(), None);

        let young = fill(&test);
        clock.advance(DAY / 3);
        settle();
        for (table, _) in by_days() {
            assert!(rows(&test, &table) > 0, "{} lost what is hours old", table.info.name);
        }
        assert!(store.read(|txn| jobs::find(txn, young)).unwrap().is_some());
        assert!(runner.stop(Duration::from_secs(10)));
    }

    fn rows(test: &TestApp, table: &Declared) -> u64 {
        test.app.store.verify(&table.info).unwrap().rows
    }

    /// A row in each table that promises days; gives the job that is finished.
    fn fill(test: &TestApp) -> crate::base::JobId {
        let (app, workspace, owner) = (&test.app, test.workspace, &test.owner);
        let now = app.now();
        let nth = now.0 - NOW.0;
        let job = NewJob::new("outreach.step", Lane::Steps, workspace, now, &()).due(now.plus(Duration::from_secs(1)));
        let account = NewAccount {
            name: "Tom Ash".into(),
            email: EmailAddress::parse(&format!("tom{nth}@fernhill.example")).unwrap(),
            password: None,
        };
        let account = identity::prepare(&account, &[], now).unwrap();
        let client = Client { address: [127, 0, 0, 1].into(), device: "Firefox on Linux".into() };
        let (_, session) = identity::prepare_in(app, account.user.id, &client, workspace);
        let contact = ContactId::new(now);
        let write = app.store.write::<_, StoreError>(|txn| {
            jobs::enqueue(txn, &job)?;
            jobs::cancel(txn, job.id(), "not needed")?;
            identity::insert(txn, &account)?;
            identity::begin(txn, &session, "password")?;
            events::append(txn, workspace, now, Happened::ContactCreated { contact }).map(drop)
        });
        write.unwrap();
        let invited = EmailAddress::parse(&format!("guest{nth}@fernhill.example")).unwrap();
        workspaces::invite(app, owner, &invited, Role::Viewer).unwrap();
        let answers = idempotency::Answers::new(app.store.clone(), app.clock.clone());
        answers
            .begin(workspace, ScopedKey { digest: [7; 32], role: crate::authz::Role::Owner }, Fingerprint([7; 32]))
            .unwrap();
        let mailbox = messaging::testing::mailbox(workspace, ConnectionId::new(now));
        app.store.write(|txn| connections::put(txn, &mailbox)).unwrap();
        let call = CallRecord {
            at: now,
            method: "GET".into(),
            url: "https://gmail.googleapis.com/".into(),
            status: Some(200),
            took: Duration::ZERO,
            sent_bytes: 1,
            received_bytes: 1,
        };
        Log::of(mailbox.id).record(call);
        connections::list_calls(app, workspace, mailbox.id, None, 1).unwrap();
        engines::testing::put_transfer(app, workspace, None);
        let closed = testing::add_workspace(app, "Lakeside", &format!("lakeside{nth}"));
        workspaces::remove_again(app, closed, now).unwrap();
        let leads = format!("email\nlead{nth}@fellside.example\nnobody\n");
        contacts::import_file(app, owner, "leads.csv", leads.as_bytes(), &[], false).unwrap();
        addresses::remember_for_test(app, workspace, &format!("d{nth}.example"));
        leads::post_for_test(app, owner, &format!("key {nth}"), &format!("posted{nth}@fellside.example"));
        job.id()
    }

    #[test]
    fn the_words_of_old_answers_go_and_how_they_were_read_stays() {
        let test = testing::app();
        let (app, workspace) = (&test.app, test.workspace);
        let message = messaging::testing::queue_mail(app, workspace, "anna@fellside.example");
        let answer = |nth: u32| {
            let incoming = messaging::Incoming {
                message: message.id,
                from: message.to.clone(),
                from_name: "Anna".into(),
                subject: "Re: Heating".into(),
                text: "Yes, Thursday.".into(),
                message_id: format!("a{nth}@fellside.example"),
                references: vec![],
                provider_thread: None,
                sent_at: app.now(),
                header_facts: vec![],
                automatic: false,
            };
            messaging::receive(app, workspace, &incoming).unwrap().unwrap()
        };
        // More than one batch, all of one moment.
        let old: Vec<_> = (0..45).map(answer).collect();
        let reading = messaging::Reading { label: "interested".into(), ..Default::default() };
        let read = app.store.write::<_, StoreError>(|txn| {
            let Some(mut reply) = messaging::find_reply(txn, workspace, old[0])? else { return Ok(()) };
            reply.reading = Some(reading.clone());
            messaging::update_reply(txn, &reply)
        });
        read.unwrap();
        app.clock.advance(DAY * 731);
        let young = answer(99);
        run_all(app, app.now()).unwrap();
        let stored = |id| messaging::get_reply(&app.store, workspace, id).unwrap().unwrap();
        assert!(old.iter().all(|id| stored(*id).excerpt.is_empty()));
        assert_eq!(stored(old[0]).reading.unwrap().label, "interested");
        assert_eq!(stored(young).excerpt, "Yes, Thursday.");
        app.clock.advance(DAY * 731);
        run_all(app, app.now()).unwrap();
        assert_eq!(stored(young).excerpt, "", "it goes on where it had ended");
    }
}
