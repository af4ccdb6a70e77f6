//! Live pages: server-sent events, one topic per workspace.
//!
//! An event says what changed; the page fetches what it shows. So nothing is lost when a reader is
//! dropped for being slow: its browser connects again and looks again.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::Bytes;
use actix_web::HttpResponse;
use futures_core::Stream;
use tokio::sync::mpsc::{channel, error::TrySendError, Receiver, Sender};
use tokio::time::{interval_at, Instant, Interval, MissedTickBehavior};

use super::respond::PageError;
use crate::base::WorkspaceId;

/// A reader this many events behind is not reading.
const BACKLOG: usize = 64;
/// Open pages of one workspace.
const MAX_READERS: usize = 200;
/// Proxies close a line on which nothing comes for a minute.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Something changed. `event` is the name that the page listens for, `data` a short text or JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEvent {
    pub event: String,
    pub data: String,
}

impl LiveEvent {
    pub fn new(event: impl Into<String>, data: impl Into<String>) -> Self {
        Self { event: event.into(), data: data.into() }
    }

    /// As it goes over the line (HTML Living Standard, section 9.2.6). A line break in the name would
    /// begin another field, so it is taken out; in the data it begins another data line.
    fn encode(&self) -> Bytes {
        let name: String = self.event.chars().filter(|c| !c.is_control()).collect();
        let mut text = format!("event: {name}\n");
        for line in self.data.split(['\n', '\r']) {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        Bytes::from(text)
    }
}

/// Hands events to the open pages of a workspace. Clones are the same hub.
#[derive(Clone, Debug, Default)]
pub struct LiveHub(Arc<Mutex<Readers>>);

#[derive(Debug, Default)]
struct Readers {
    by_workspace: HashMap<WorkspaceId, Vec<Sender<Bytes>>>,
    is_closed: bool,
}

impl LiveHub {
    fn readers(&self) -> MutexGuard<'_, Readers> {
        // A panic while holding the lock leaves a map that is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never waits: a reader whose backlog is full is let go, and its browser connects again.
    pub fn publish(&self, workspace: WorkspaceId, event: &LiveEvent) {
        let mut readers = self.readers();
        let Some(list) = readers.by_workspace.get_mut(&workspace) else { return };
        let text = event.encode();
        list.retain(|reader| match reader.try_send(text.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
        });
        if list.is_empty() {
            readers.by_workspace.remove(&workspace);
        }
    }

    /// The events of `workspace` from now on. Refused while shutting down and beyond 200 readers.
    /// Must be called on a web thread (it sets a timer for the heartbeat).
    pub fn subscribe(&self, workspace: WorkspaceId) -> Result<LiveStream, PageError> {
        let mut readers = self.readers();
        if readers.is_closed {
            return Err(PageError::Unavailable { what: "The server is stopping.".into(), cure: String::new() });
        }
        let list = readers.by_workspace.entry(workspace).or_default();
        list.retain(|reader| !reader.is_closed());
        if list.len() >= MAX_READERS {
            return Err(PageError::TooMany { retry_after: HEARTBEAT });
        }
        let (sender, receiver) = channel(BACKLOG);
        // The browser waits three seconds before it connects again.
        let _ = sender.try_send(Bytes::from_static(b"retry: 3000\n\n"));
        list.push(sender);
        Ok(LiveStream::new(receiver, HEARTBEAT))
    }

    /// How many pages are open.
    pub fn reader_count(&self) -> usize {
        self.readers().by_workspace.values().flatten().filter(|reader| !reader.is_closed()).count()
    }

    /// Ends every stream, so that a stopping server need not wait for them.
    pub fn close(&self) {
        let mut readers = self.readers();
        readers.is_closed = true;
        readers.by_workspace.clear();
    }
}

/// The events as bytes, with a comment line every 20 s of silence.
#[derive(Debug)]
pub struct LiveStream {
    events: Receiver<Bytes>,
    heartbeat: Interval,
}

impl LiveStream {
    fn new(events: Receiver<Bytes>, silence: Duration) -> Self {
        let mut heartbeat = interval_at(Instant::now() + silence, silence);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { events, heartbeat }
    }

    /// The answer to the browser. `identity` keeps the compressor away, which would hold events back.
    pub fn into_response(self) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("text/event-stream; charset=utf-8")
            .insert_header((CONTENT_ENCODING, "identity"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(self)
    }
}

impl Stream for LiveStream {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(event) = self.events.poll_recv(context) {
            self.heartbeat.reset();
            return Poll::Ready(event.map(Ok));
        }
        self.heartbeat.poll_tick(context).map(|_| Some(Ok(Bytes::from_static(b": still here\n\n"))))
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
