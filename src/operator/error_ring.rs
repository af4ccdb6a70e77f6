//! The newest errors of this process, kept in memory for the operator's page: a `tracing` layer that copies what was
//! logged as an error into a ring of fixed size.
//!
//! Nothing about a person is kept: only the fields named in `KEPT_FIELDS`, cut short, with addresses taken out.
//! The log of a process is global, so the ring beside it is global too; a restart empties it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::base::{Clock, UnixMillis};

/// More than a day of a healthy server; an unhealthy one repeats itself.
const MOST: usize = 200;
const MOST_CHARS: usize = 400;
/// Fields that hold facts about the program. Others may hold what a person typed and are left out.
const KEPT_FIELDS: &[&str] = &["doing", "error", "kind", "subscriber", "lane", "connection"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentError {
    /// Under which the page that failed named it; empty for background work.
    pub id: String,
    pub at: UnixMillis,
    /// The part of the program.
    pub target: String,
    pub message: String,
}

/// Errors in the order in which they came; the oldest makes room.
#[derive(Debug, Default)]
pub struct ErrorRing {
    errors: Mutex<VecDeque<RecentError>>,
    clock: OnceLock<Clock>,
}

static RING: LazyLock<ErrorRing> = LazyLock::new(ErrorRing::default);

/// What was logged as an error since the start, at most the newest 200.
pub fn recent_errors() -> &'static ErrorRing {
    &RING
}

impl ErrorRing {
    /// Newest first.
    pub fn list(&self) -> Vec<RecentError> {
        self.errors().iter().rev().cloned().collect()
    }

    /// Errors from now on bear the times of this clock (the demo's can be moved). The first setting stays.
    pub fn follow(&self, clock: &Clock) {
        let _ = self.clock.set(clock.clone());
    }

    fn push(&self, error: RecentError) {
        let mut errors = self.errors();
        if errors.len() == MOST {
            errors.pop_front();
        }
        errors.push_back(error);
    }

    fn now(&self) -> UnixMillis {
        self.clock.get().map_or_else(|| Clock::system().now(), Clock::now)
    }

    fn errors(&self) -> MutexGuard<'_, VecDeque<RecentError>> {
        // A panic while holding the lock leaves a list that is still whole.
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes beside the layer that writes the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorLayer;

impl<S: Subscriber> Layer<S> for ErrorLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut read = Fields::default();
        event.record(&mut read);
        RING.push(read.into_error(RING.now(), event.metadata().target()));
    }
}

#[derive(Default)]
struct Fields {
    id: String,
    message: String,
    facts: String,
}

impl Fields {
    fn take(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            "request_id" => value.clone_into(&mut self.id),
            name if KEPT_FIELDS.contains(&name) => {
                // Writing to a String does not fail.
                let _ = write!(self.facts, "{}{name}: {value}", if self.facts.is_empty() { "" } else { ", " });
            }
            _ => {}
        }
    }

    fn into_error(self, at: UnixMillis, target: &str) -> RecentError {
        let joined = match self.facts.as_str() {
            "" => self.message,
            facts => format!("{} ({facts})", self.message),
        };
        let target = target.strip_prefix("launchyard::").unwrap_or(target).to_owned();
        RecentError { id: self.id, at, target, message: without_addresses(&joined).chars().take(MOST_CHARS).collect() }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.take(field, &format!("{value:?}"));
    }
}

/// Mail servers like to repeat addresses in their refusals.
fn without_addresses(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.contains('@') { "(an address)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn errors_are_kept_with_their_id_and_without_what_people_typed() {
        let subscriber = tracing_subscriber::registry().with(ErrorLayer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!("only a warning");
            tracing::error!(request_id = "r-1", doing = "could not save", typed = "my secret", "a request failed");
            tracing::error!(error = "550 <ada@example.com> is unknown", "the ring test's mail was refused");
        });
        let kept = recent_errors().list();
        assert!(!kept.iter().any(|error| error.message.contains("only a warning")));
        let failed = kept.iter().find(|error| error.id == "r-1").unwrap();
        assert_eq!(failed.message, "a request failed (doing: could not save)");
        assert_eq!(failed.target, "operator::error_ring::tests");
        assert!(
            kept.iter()
                .any(|error| error.message == "the ring test's mail was refused (error: 550 (an address) is unknown)"),
            "{kept:?}"
        );
    }

    #[test]
    fn the_ring_keeps_the_newest_and_never_grows() {
        let ring = ErrorRing::default();
        for number in 0..MOST + 5 {
            let (id, target, message) = (number.to_string(), String::new(), String::new());
            ring.push(RecentError { id, at: UnixMillis(0), target, message });
        }
        let kept = ring.list();
        assert_eq!((kept.len(), kept[0].id.as_str()), (MOST, "204"));
    }
}
