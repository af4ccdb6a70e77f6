//! Who removes the rows of each table whose declaration says after how many days they go.

use std::time::Duration;

use super::idempotency;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId, INSTANCE};
use crate::config::Config;
use crate::store::StoreError;
use crate::{audit, connections, contacts, events, jobs, messaging, workspaces};

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
        by: By::Round(|app, before| all(|| jobs::sweep_finished(&app.store, before, BATCH))),
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
        tables: &["provider_calls"],
        days: |config| config.retention.provider_calls_days,
        by: By::Round(connections::sweep_calls),
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
        tables: &["sessions", "sessions_by_secret"],
        days: |config| config.sessions.absolute_days,
        by: By::Job("identity.sweep"),
    },
];

/// The hourly round: every table's old rows, and the words of old answers.
pub fn run_all(app: &App, now: UnixMillis) -> Result<(), StoreError> {
    for sweeper in SWEEPERS {
        if let By::Round(sweep) = sweeper.by {
            sweep(app, now.minus(DAY * (sweeper.days)(&app.config)))?;
        }
    }
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
