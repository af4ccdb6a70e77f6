//! The real program, started and left alone: its memory, and its size on disk.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::measure::{memory_of, wait_until};
use super::Figure;

const PROGRAM: &str = env!("CARGO_BIN_EXE_launchyard");
const QUIET: Duration = Duration::from_secs(10);
const MIB: f64 = 1024.0 * 1024.0;

/// Ends the program however the bench ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn run() -> Vec<Figure> {
    let dir = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let served = Served(
        Command::new(PROGRAM)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(dir.path().join("data"))
            .env("LAUNCHYARD_KEY__FILE", dir.path().join("master.key"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_until(Duration::from_secs(60), || is_ready(address));
    std::thread::sleep(QUIET);
    let memory = memory_of(served.0.id());
    drop(served);
    let size = std::fs::metadata(PROGRAM).unwrap().len() as f64 / MIB;
    let figure = |what: &str, ours: f64| Figure {
        what: what.into(),
        ours: format!("{ours:.1} MB"),
        limit: "40 MB".into(),
        ratio: Some(ours / 40.0),
        wanted: "under 40 MB".into(),
    };
    let what =
        format!("memory of `serve` after {} s with nothing to do ({:.0} MB at most)", QUIET.as_secs(), memory.peak);
    vec![figure(&what, memory.now), figure("the stripped release program", size)]
}

fn is_ready(address: SocketAddr) -> bool {
    let page = ureq::get(format!("http://{address}/readyz")).call();
    TcpStream::connect(address).is_ok() && page.is_ok()
}
