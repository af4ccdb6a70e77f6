//! `cargo bench`: each figure of the product beside its physical limit, measured in the same run, as a ratio.
//! `cargo bench --bench limits -- smtp queue` runs only these. Nothing here passes or fails by time: the reader
//! judges. Each section runs in a process of its own, so that memory is that of the section.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod bookings;
mod classify;
mod idle;
mod import;
mod list;
mod measure;
mod people;
mod poll;
mod queue;
mod report;
mod sink;
mod slots;
mod smtp;
mod store;

/// The program's own, so that its memory is measured.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One line of the report.
pub struct Figure {
    pub what: String,
    pub ours: String,
    pub limit: String,
    /// Ours over the limit, where both are rates or both are times.
    pub ratio: Option<f64>,
    /// What the product promises.
    pub wanted: String,
}

type Section = (&'static str, fn() -> Vec<Figure>);

const SECTIONS: &[Section] = &[
    ("store", store::run),
    ("smtp", smtp::run),
    ("list", list::run),
    ("queue", queue::run),
    ("import", import::run),
    ("classify", classify::run),
    ("report", report::run),
    ("slots", slots::run),
    ("bookings", bookings::run),
    ("poll", poll::run),
    ("idle", idle::run),
];

/// Set for the process that measures one section.
const ALONE: &str = "LAUNCHYARD_BENCH_ALONE";

fn main() {
    if let Ok(name) = std::env::var(ALONE) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        return SECTIONS.iter().filter(|(known, _)| *known == name).for_each(|(_, run)| print(&run()));
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!("| what | ours | limit in the same run | ratio | wanted |\n|---|---|---|---|---|");
    for (name, _) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            let program = std::env::current_exe().unwrap();
            let ended = std::process::Command::new(program).env(ALONE, name).status().unwrap();
            assert!(ended.success(), "{name}: {ended}");
        }
    }
}

fn print(figures: &[Figure]) {
    for figure in figures {
        let ratio = figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        println!("| {} | {} | {} | {ratio} | {} |", figure.what, figure.ours, figure.limit, figure.wanted);
    }
}
