//! The slot engine: how long a page's worth of free starts takes.

use std::time::Instant;

use launchyard::availability::engine::{find, read_line, Request};
use serde_json::{json, Value};

use super::Figure;

const ROUNDS: usize = 500;

pub fn run() -> Vec<Figure> {
    let cases = [
        ("1 host, 31 days, 500 busy", request(1, 500, 30), 0.5),
        ("20 hosts, 31 days, 100 busy each", request(20, 100, 30), 5.0),
        ("100 hosts at a step of 5 minutes, 31 days, 50 busy each", request(100, 50, 5), 50.0),
    ];
    cases.into_iter().map(|(what, request, aim)| figure(what, &request, aim)).collect()
}

fn figure(what: &str, request: &Request, aim: f64) -> Figure {
    let found = find(request).len();
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(find(std::hint::black_box(request)));
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let p99 = times[ROUNDS * 99 / 100];
    Figure {
        what: format!("free starts of {what} ({found} found)"),
        ours: format!("p99 {p99:.2} ms, median {:.2} ms", times[ROUNDS / 2]),
        limit: format!("{aim} ms"),
        ratio: Some(p99 / aim),
        wanted: format!("under {aim} ms"),
    }
}

/// Working days of a month, each host in a zone of its own; one host is the event type itself.
fn request(hosts: i64, busy: i64, step: i64) -> Request {
    let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London", "America/Sao_Paulo"];
    let day = json!([["09:00", "12:30"], ["13:30", "18:00"]]);
    let week = json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day });
    let taken = |host: i64| -> Value {
        let entry = |at: i64| {
            let start = 1_777_766_400 + at * (31 * 86_400 / busy) / 900 * 900 + host * 300;
            let text = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap().to_string();
            json!({ "start": text(start), "end": text(start + 1500) })
        };
        (0..busy).map(entry).collect()
    };
    let mut event = json!({
        "duration": 30, "step": step, "buffer_before": 5, "buffer_after": 5, "minimum_notice": 60,
        "time_zone": zones[0], "assignment": "round_robin",
    });
    let mut all = json!([]);
    if hosts == 1 {
        event["weekly_hours"] = week;
        all = taken(0);
    } else {
        let host = |at: i64| {
            let zone = zones[usize::try_from(at).unwrap() % zones.len()];
            json!({ "name": at.to_string(), "time_zone": zone, "weekly_hours": week, "busy": taken(at) })
        };
        event["hosts"] = (0..hosts).map(host).collect();
    }
    let line = json!({
        "now": "2026-05-03T08:00:00Z", "event_type": event, "busy": all,
        "query": { "from": "2026-05-04", "to": "2026-06-03", "time_zone": "Europe/Paris" },
    });
    read_line(&line.to_string()).unwrap()
}
