//! Moves the product's and the sandbox's time together, and lets the simulated people act while nobody moves it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::{self, Use, POLL_MAILBOX};
use crate::jobs;
use crate::sandbox::Sandbox;
use crate::store::StoreError;
use crate::workspaces;

/// How often people get their turn while nobody moves the clock.
const TURN: Duration = Duration::from_secs(1);
/// How often mailboxes are looked at then.
const LOOK_EVERY: u32 = 5;
/// The longest that one move may take; what is left is done in passing.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest that one instant may take to become quiet.
const QUIET: Duration = Duration::from_secs(20);
/// How far time goes on past work that is due but cannot be done.
const STEP: Duration = Duration::from_secs(1);

/// Moves the clock forward, visiting in order every instant at which work is due or a person wants to act. Returns
/// the new time once both are quiet.
pub fn advance(app: &App, sandbox: &Sandbox, by: Duration) -> UnixMillis {
    let (target, began) = (app.now().plus(by), Instant::now());
    settle(app, sandbox);
    while let Some(due) = next_due(app, sandbox).filter(|due| *due < target) {
        if began.elapsed() > PATIENCE {
            tracing::warn!("the clock is moved the rest of the way at once: there was too much to do on it");
            break;
        }
        app.clock.advance_to(due);
        settle(app, sandbox);
    }
    app.clock.advance_to(target);
    settle(app, sandbox);
    app.now()
}

/// Work that is due, then people, then what they set in motion, until nobody has anything to do at this instant.
fn settle(app: &App, sandbox: &Sandbox) {
    quiet(app);
    while sandbox.run_due(app.now()) > 0 {
        look_at_mailboxes(app);
        quiet(app);
    }
}

fn next_due(app: &App, sandbox: &Sandbox) -> Option<UnixMillis> {
    let work = app.runner().and_then(|runner| runner.next_due().ok().flatten());
    let due = [work, sandbox.next_due()].into_iter().flatten().min()?;
    // What is due and could not be done (a mailbox at rest) must not hold the clock.
    let now = app.now();
    Some(if due > now { due } else { now.plus(STEP) })
}

pub struct TimeMachine {
    // Weak, because both of them hold this as their hook.
    app: Weak<App>,
    sandbox: Weak<Sandbox>,
    /// One at a time moves the clock or lets people act.
    turn: Mutex<()>,
    ticker: Mutex<Option<JoinHandle<()>>>,
    is_stopped: Mutex<bool>,
}

impl TimeMachine {
    pub fn new(app: &Arc<App>, sandbox: &Arc<Sandbox>) -> Arc<Self> {
        Arc::new(Self {
            app: Arc::downgrade(app),
            sandbox: Arc::downgrade(sandbox),
            turn: Mutex::default(),
            ticker: Mutex::default(),
            is_stopped: Mutex::default(),
        })
    }

    /// `advance`, one at a time.
    pub fn advance(&self, by: Duration) -> UnixMillis {
        let (Some(app), Some(sandbox)) = (self.app.upgrade(), self.sandbox.upgrade()) else { return UnixMillis(0) };
        let _turn = lock(&self.turn);
        advance(&app, &sandbox, by)
    }

    /// Begins to let people act as time goes by on its own.
    pub fn start(self: &Arc<Self>) {
        let own = Arc::clone(self);
        let spawned = std::thread::Builder::new().name("demo-time".into()).spawn(move || own.tick());
        match spawned {
            Ok(thread) => *lock(&self.ticker) = Some(thread),
            Err(error) => tracing::error!(%error, "no thread for the demo's people"),
        }
    }

    pub fn stop(&self) {
        *lock(&self.is_stopped) = true;
        if let Some(thread) = lock(&self.ticker).take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }

    fn tick(&self) {
        for round in 1_u32.. {
            std::thread::park_timeout(TURN);
            let (Some(app), Some(sandbox)) = (self.app.upgrade(), self.sandbox.upgrade()) else { return };
            if *lock(&self.is_stopped) {
                return;
            }
            // While somebody moves the clock, they also give people their turn.
            let Ok(_turn) = self.turn.try_lock() else { continue };
            if sandbox.run_due(app.now()) > 0 || round.is_multiple_of(LOOK_EVERY) {
                look_at_mailboxes(&app);
            }
        }
    }
}

/// A panic of another thread leaves nothing half done in these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn quiet(app: &App) {
    if let Some(runner) = app.runner() {
        if !runner.settle(QUIET) {
            tracing::warn!("work is still in hand; the clock moves on all the same");
        }
    }
}

/// Somebody may have written: the next look at each mailbox is due now.
fn look_at_mailboxes(app: &App) {
    if let Err(error) = plan_looks(app) {
        tracing::error!(%error, "mailboxes could not be looked at");
    }
}

fn plan_looks(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    for workspace in workspaces::list_all(&app.store)? {
        for connection in connections::list(&app.store, workspace.id)? {
            if connection.can(Use::Outreach) && connection.state.is_working() {
                app.store.write(|txn| {
                    match jobs::find_once(txn, workspace.id, POLL_MAILBOX, &connection.id.to_string())? {
                        Some(job) if job.due > now => jobs::reschedule(txn, job.id, now).map(drop),
                        _ => Ok::<(), StoreError>(()),
                    }
                })?;
            }
        }
    }
    Ok(())
}
