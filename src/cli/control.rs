//! The Unix socket in the data folder (mode 0600) by which commands use the running server: one request as a JSON
//! line, followed by as many bytes as it says, one answer as a JSON line.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, Context};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::commands::Request;
use crate::app::App;
use crate::store::DataFolder;

/// A file that travels with a request is at most this large.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
const MAX_LINE: u64 = 1024 * 1024;
/// An import of a large file takes its time.
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Serialize, Deserialize)]
struct Envelope {
    request: Request,
    /// Bytes that follow the line.
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Done(Value),
    Failed(String),
}

/// The listening side. Removes the socket when dropped.
pub struct ControlSocket {
    path: PathBuf,
    stop: Arc<AtomicBool>,
}

impl ControlSocket {
    pub fn start(app: &Arc<App>, dir: &Path) -> anyhow::Result<Self> {
        let path = DataFolder::socket_path(dir);
        // The folder's lock is ours: a socket that lies here was left by a process that died.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (own_stop, app) = (Arc::clone(&stop), Arc::clone(app));
        std::thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming() {
                if own_stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let app = Arc::clone(&app);
                let answered = std::thread::Builder::new().name("command".into()).spawn(move || {
                    if let Err(error) = answer(&app, &stream) {
                        tracing::warn!(error = format!("{error:#}"), "a command was cut off");
                    }
                });
                if let Err(error) = answered {
                    tracing::error!(%error, "no thread for a command");
                }
            }
        })?;
        Ok(Self { path, stop })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener so that it sees the stop.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn answer(app: &App, stream: &UnixStream) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.by_ref().take(MAX_LINE).read_line(&mut line)?;
    if line.is_empty() {
        return Ok(());
    }
    let envelope: Envelope = serde_json::from_str(&line).context("not a request")?;
    if envelope.bytes > MAX_BYTES {
        bail!("a file of {} bytes is too large", envelope.bytes);
    }
    let mut bytes = Vec::new();
    reader.take(envelope.bytes).read_to_end(&mut bytes)?;
    let answer = match envelope.request.carry_out(app, &bytes) {
        Ok(value) => Answer::Done(value),
        Err(error) => Answer::Failed(format!("{error:#}")),
    };
    let mut writer = stream;
    writeln!(writer, "{}", serde_json::to_string(&answer)?)?;
    Ok(())
}

/// Asks the running server. `None` when none runs on this folder.
pub fn ask(dir: &Path, request: &Request, bytes: &[u8]) -> anyhow::Result<Option<Value>> {
    let Ok(mut stream) = UnixStream::connect(DataFolder::socket_path(dir)) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    let envelope = Envelope { request: request.clone(), bytes: bytes.len() as u64 };
    writeln!(stream, "{}", serde_json::to_string(&envelope)?)?;
    stream.write_all(bytes)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    match serde_json::from_str(&line).context("the server ended in the middle of the command")? {
        Answer::Done(value) => Ok(Some(value)),
        Answer::Failed(words) => bail!("{words}"),
    }
}
