//! What several sections measure with.

use std::time::{Duration, Instant};

/// Sorted samples.
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The value below which this share of the samples lies (nearest rank).
    pub fn at(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }

    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub fn worst(&self) -> f64 {
        self.at(1.0)
    }
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Memory of a process in MiB: what it holds now, and the most it ever held.
#[derive(Clone, Copy)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

pub fn memory_of(process: u32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    Memory { now: field("VmRSS:"), peak: field("VmHWM:") }
}

pub fn own_memory() -> Memory {
    memory_of(std::process::id())
}

/// From here on `peak` counts anew (proc(5), `clear_refs`).
pub fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// A number from the environment, for shorter runs.
pub fn size(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}

/// Looks until `done` says so; panics when it takes too long.
pub fn wait_until(at_most: Duration, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + at_most;
    while !done() {
        assert!(Instant::now() < until, "still not there after {at_most:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
