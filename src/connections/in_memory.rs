//! What this process holds of a connection besides its row: the lock of its tokens, and calls not yet written.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::base::ConnectionId;
use crate::providers::outbound::CallRecord;

#[derive(Default)]
pub(super) struct Held {
    /// Held while tokens are opened, refreshed, replaced or erased. Never while a provider works for us otherwise.
    pub tokens: Mutex<()>,
    pub calls: Mutex<Vec<CallRecord>>,
}

static HELD: LazyLock<Mutex<HashMap<ConnectionId, Arc<Held>>>> = LazyLock::new(Mutex::default);

pub(super) fn held(id: ConnectionId) -> Arc<Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone()
}
