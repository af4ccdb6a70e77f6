//! Listening for mail clients: one thread that accepts for each protocol, one for each connection.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::stream::Stream;
use super::{imap, smtp};
use crate::sandbox::world::Shared;
use crate::sandbox::SandboxError;

const MOST_CONNECTIONS: usize = 128;

pub(in crate::sandbox) struct MailServers {
    pub smtp: SocketAddr,
    pub imap: SocketAddr,
    lines: Arc<Lines>,
    threads: Vec<JoinHandle<()>>,
}

/// The open connections, so that stopping can end them.
#[derive(Default)]
struct Lines {
    closing: AtomicBool,
    next: AtomicU64,
    open: Mutex<HashMap<u64, TcpStream>>,
}

impl Lines {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Session = fn(&Shared, Stream) -> std::io::Result<()>;

impl MailServers {
    pub fn start(at: IpAddr, shared: &Shared) -> Result<Self, SandboxError> {
        let lines = Arc::new(Lines::default());
        let mut threads = Vec::new();
        let mut serve = |name: &str, session: Session| {
            let listen = SocketAddr::new(at, 0);
            let listener = TcpListener::bind(listen).map_err(|source| SandboxError::Listen { listen, source })?;
            let address = listener.local_addr().map_err(SandboxError::Thread)?;
            let (lines, shared) = (lines.clone(), shared.clone());
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || accept(&listener, &lines, &shared, session))
                .map_err(SandboxError::Thread)?;
            threads.push(thread);
            Ok(address)
        };
        let smtp = serve("sandbox-smtp", smtp::serve)?;
        let imap = serve("sandbox-imap", imap::serve)?;
        Ok(Self { smtp, imap, lines, threads })
    }

    pub fn stop(self) {
        self.lines.closing.store(true, Ordering::SeqCst);
        for address in [self.smtp, self.imap] {
            // Wakes the thread that accepts; it looks at `closing` first.
            drop(TcpStream::connect(address));
        }
        for stream in self.lines.open().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, lines: &Arc<Lines>, shared: &Shared, session: Session) {
    for stream in listener.incoming() {
        if lines.closing.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if lines.open().len() >= MOST_CONNECTIONS {
            continue; // dropped, which hangs up
        }
        let Ok(second) = stream.try_clone() else { continue };
        let number = lines.next.fetch_add(1, Ordering::SeqCst);
        lines.open().insert(number, second);
        let (lines, shared) = (lines.clone(), shared.clone());
        let spawned = std::thread::Builder::new().name("sandbox-mail".into()).spawn(move || {
            // A client that hangs up in the middle of a command is everyday life, not an error.
            let _ = Stream::new(stream).and_then(|stream| session(&shared, stream));
            lines.open().remove(&number);
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for a mail client of the sandbox");
        }
    }
}
