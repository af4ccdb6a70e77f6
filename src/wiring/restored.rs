//! The first start after a restore. What left between the backup and the restore is not known here, so nothing that
//! might leave a second time does so by itself, and whoever was erased in between is erased again.

use super::erasure::{self, EraseError};
use crate::app::App;
use crate::store::{Restored, StoreError};
use crate::{messaging, workers, workspaces};

/// Pauses every worker and puts what waits without one before a person. Called before the queue starts; a start that
/// is cut off in between does it all again.
pub fn hold_back(app: &App) -> Result<(), StoreError> {
    let Some(Restored::Whole { of, .. }) = app.store.restored()? else { return Ok(()) };
    let erased_again = erasure::replay(app, of).map_err(|error| match error {
        EraseError::Store(error) => error,
        other => StoreError::Engine(format!("erasures made since the backup could not be repeated: {other}")),
    })?;
    let (mut paused, mut held) = (0, 0);
    for workspace in workspaces::list_all(&app.store)? {
        paused += workers::pause_restored(app, workspace.id, of)?;
        held += messaging::hold_restored(app, workspace.id)?;
    }
    tracing::warn!(backup_of = %of.to_rfc3339(), paused, held, erased_again, "the data was restored: workers are paused, waiting messages need a look");
    app.store.set_restored(None)
}
