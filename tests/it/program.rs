//! The program as people run it: a process of its own, in a folder of its own, with nothing of this machine's
//! configuration.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{kill_process, Pid, Signal};
use serde_json::Value;

/// A debug build on a busy machine needs a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where one installation lies: configuration, key, data and backups beside each other.
pub struct Home {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        finish(command.spawn().unwrap(), b"")
    }

    /// Standard output, which is one line of JSON.
    pub fn json(&self) -> Value {
        assert!(self.ok, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What it refused with.
    pub fn refusal(&self) -> &str {
        assert!(!self.ok, "{self:?}");
        &self.err
    }
}

impl Home {
    /// With a configuration that names nothing but the places in this folder.
    pub fn new() -> Self {
        Self::with("")
    }

    /// `more` stands at the end of the configuration file.
    pub fn with(more: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), variables: Vec::new() };
        home.configure(more);
        home
    }

    pub fn configure(&self, more: &str) {
        let at = |name: &str| self.path(name).display().to_string();
        let own = format!(
            "server.listen = \"127.0.0.1:0\"\ndata.dir = {:?}\ndata.backup_dir = {:?}\nkey.file = {:?}\n\
             log.format = \"json\"\n",
            at("data"),
            at("backups"),
            at("master.key")
        );
        std::fs::write(self.path("config.toml"), own + more).unwrap();
    }

    /// Sets a variable of the environment for every command from now on.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Gives the installation this master key.
    pub fn put_key(&self, key: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("master.key");
        std::fs::write(&path, key).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_launchyard"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("LAUNCHYARD_CONFIG", self.path("config.toml"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args))
    }

    pub fn run_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Ran {
        finish(self.command(args).stdin(Stdio::piped()).spawn().unwrap(), input.as_ref())
    }

    /// `user add` with a key; JSON of the ids.
    pub fn add_user(&self, email: &str, workspace: &str) -> Value {
        let name = "Nora Whitfield";
        let args = ["user", "add", "--email", email, "--name", name, "--workspace", workspace, "--api-key"];
        self.run_with(&[&args[..], &["--password-stdin"]].concat(), super::support::PASSWORD).json()
    }

    /// Starts the server and waits until it answers.
    pub fn serve(&self) -> Served {
        let mut served = self.spawn();
        served.wait_until_it_answers();
        served
    }

    /// Starts the server without waiting for it.
    pub fn spawn(&self) -> Served {
        Served::follow(self.command(&["serve"]).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Starts a demo; gives it with the line of JSON that says how to get in.
    pub fn demo(&self, args: &[&str]) -> (Served, Value) {
        let mut child = self.command(&[&["demo", "--json", "--listen", "127.0.0.1:0"], args].concat()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut demo = Served::follow(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let way_in: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {}", demo.said()));
        demo.url = way_in["url"].as_str().unwrap().to_owned();
        (demo, way_in)
    }
}

impl Served {
    fn follow(mut child: Child) -> Self {
        let (sender, lines) = channel();
        let stderr = child.stderr.take().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                let _ = sender.send(line);
            }
        });
        Self { child, lines, said, url: String::new() }
    }
}

fn finish(mut child: Child, input: &[u8]) -> Ran {
    if let Some(mut stdin) = child.stdin.take() {
        // A command that ends before it has read everything says so itself.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().unwrap();
    Ran {
        ok: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server in its own process. Killed when dropped.
pub struct Served {
    child: Child,
    lines: Receiver<String>,
    said: Arc<Mutex<Vec<String>>>,
    pub url: String,
}

impl Served {
    pub fn wait_until_it_answers(&mut self) {
        let answers = |line: &str| {
            let line: Value = serde_json::from_str(line).ok()?;
            let is_it = line["fields"]["message"] == "Launchyard answers";
            is_it.then(|| format!("http://{}", line["fields"]["address"].as_str().unwrap()))
        };
        while self.url.is_empty() {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.url = answers(&line).unwrap_or_default(),
                Err(_) => panic!("the server does not answer: {}", self.said()),
            }
        }
    }

    /// Everything it wrote to standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// The one-time link for the owner's account, as it stands on the console.
    pub fn link(&self) -> Option<String> {
        let said = self.said();
        said.lines().map(str::trim).find(|line| line.starts_with("http")).map(str::to_owned)
    }

    /// As a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager does; waits for the end.
    pub fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }

    pub fn api(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        super::browser::api(&self.url, key, method, path, body)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.said());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Waits for something that another process does. The condition ends the wait; the limit only ends a failure.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = std::time::Instant::now() + Duration::from_secs(150);
    while std::time::Instant::now() < until {
        if let Some(found) = look() {
            return found;
        }
        pause(Duration::from_millis(50));
    }
    panic!("in vain waited for: {what}");
}

/// Lets other processes go on for a moment.
pub fn pause(time: Duration) {
    let (_keep, never) = channel::<()>();
    let _ = never.recv_timeout(time);
}
