//! What this process holds of a connection besides its row: the lock of its tokens, whose turn it is, and calls not yet
//! written.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use crate::base::ConnectionId;
use crate::providers::outbound::CallRecord;

#[derive(Default)]
pub(super) struct Held {
    /// Held while tokens are opened, refreshed, replaced or erased. Never while a provider works for us otherwise.
    pub tokens: Mutex<()>,
    pub calls: Mutex<Vec<CallRecord>>,
    pub turns: Turns,
}

static HELD: LazyLock<Mutex<HashMap<ConnectionId, Arc<Held>>>> = LazyLock::new(Mutex::default);

pub(super) fn held(id: ConnectionId) -> Arc<Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone()
}

/// How many work with a connection at present.
#[derive(Default)]
pub(super) struct Turns {
    taken: Mutex<usize>,
    given_back: Condvar,
}

/// Given back when it is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits until fewer than `most` are at work; `None` when that takes longer than `patience`.
    pub fn take(&self, most: usize, patience: Duration) -> Option<Turn<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.given_back.wait_timeout_while(taken, patience, |taken| *taken >= most);
        let (mut taken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *taken += 1;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(1);
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_have_their_turn_at_once() {
        let turns = Turns::default();
        let first = turns.take(2, Duration::ZERO);
        let second = turns.take(2, Duration::ZERO);
        assert!(first.is_some() && second.is_some());
        assert!(turns.take(2, Duration::ZERO).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.take(2, Duration::from_secs(30)).is_some());
            drop(first);
            assert!(waiting.join().unwrap(), "who waits gets the turn that is given back");
        });
    }
}
