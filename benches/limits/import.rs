//! A CSV file of 100,000 rows becomes contacts, with dedupe, undo record and search index: time and memory.

use std::time::{Duration, Instant};

use launchyard::base::Clock;
use launchyard::wiring::start_jobs;

use super::measure::{forget_peak, own_memory, size};
use super::{people, Figure};

const MINUTES: Duration = Duration::from_secs(600);

pub fn run() -> Vec<Figure> {
    let rows = size("LAUNCHYARD_BENCH_ROWS", 100_000);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("leads.csv");
    std::fs::write(&file, people::csv(rows as usize)).unwrap();
    let opened = people::open(dir.path(), Clock::system(), "http://127.0.0.1:8080", &[]);
    let app = &opened.app;
    let workspace = people::add_business(app);
    start_jobs(app).unwrap();
    app.runner().unwrap().settle(MINUTES);

    forget_peak();
    let before = own_memory();
    let began = Instant::now();
    let report = people::import(app, workspace, &std::fs::read_to_string(&file).unwrap());
    let imported = began.elapsed().as_secs_f64();
    app.runner().unwrap().settle(MINUTES);
    let indexed = began.elapsed().as_secs_f64();
    let after = own_memory();

    let what = format!(
        "CSV of {rows} rows: {} added, {} known or twice; searchable after {indexed:.1} s",
        report.added,
        report.skipped + report.updated + report.rejected
    );
    let growth = after.peak - before.now;
    vec![
        Figure {
            what,
            ours: format!("{imported:.1} s"),
            limit: "30 s".into(),
            ratio: Some(imported / 30.0),
            wanted: "under 30 s".into(),
        },
        Figure {
            what: format!("its memory: {:.0} MB before, {:.0} at most, {:.0} after", before.now, after.peak, after.now),
            ours: format!("{growth:.0} MB more"),
            limit: "64 MB".into(),
            ratio: Some(growth / 64.0),
            wanted: "under 64 MB".into(),
        },
    ]
}
