//! A million future steps in the queue: how long claiming the next thousand takes.

use std::time::{Duration, Instant};

use launchyard::base::{UnixMillis, INSTANCE};
use launchyard::jobs::{complete, enqueue, Lane, Leases, NewJob};
use launchyard::store::{DataFolder, MasterKey, OpenOptions, StoreError};

use super::Figure;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

pub fn run() -> Vec<Figure> {
    let steps: u32 = std::env::var("LAUNCHYARD_BENCH_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions { cache_bytes: 64 << 20, ..OpenOptions::at(&dir.path().join("data")) };
    let folder = DataFolder::open(&options, &MasterKey::new([1; 32])).unwrap();
    let filled = Instant::now();
    for batch in 0..steps.div_ceil(500) {
        let jobs: Vec<NewJob> = (0..500)
            .map(|n| {
                // The first thousands fall due one second apart, the rest over the coming weeks.
                let due = NOW.plus(Duration::from_millis(u64::from(batch) * 500 + n));
                NewJob::new("bench", Lane::Steps, INSTANCE, NOW, &n).due(due)
            })
            .collect();
        folder.store.write(|txn| jobs.iter().try_for_each(|job| enqueue(txn, job).map(|_| ()))).unwrap();
    }
    let filled = filled.elapsed();
    let leases = Leases::default();
    let mut claims: Vec<f64> = (1..=20_u32)
        .map(|round| {
            let now = NOW.plus(Duration::from_millis(u64::from(round) * 1000));
            let began = Instant::now();
            let claimed = leases.claim(&folder.store, Lane::Steps, now, 1000).unwrap();
            let took = began.elapsed().as_secs_f64() * 1000.0;
            assert_eq!(claimed.len(), 1000);
            for some in claimed.chunks(50) {
                folder
                    .store
                    .write(|txn| some.iter().try_for_each(|job| complete(txn, job)))
                    .unwrap_or_else(|error: StoreError| panic!("{error}"));
                some.iter().for_each(|job| leases.ended(job.id, true));
            }
            took
        })
        .collect();
    claims.sort_by(f64::total_cmp);
    let median = claims[claims.len() / 2];
    vec![Figure {
        what: format!(
            "claiming the next 1,000 of {steps} future steps (planned at {:.0}/s)",
            f64::from(steps) / filled.as_secs_f64()
        ),
        ours: format!("median {median:.1} ms, worst {:.1} ms", claims[claims.len() - 1]),
        limit: "20 ms".into(),
        ratio: Some(median / 20.0),
        wanted: "under 20 ms".into(),
    }]
}
