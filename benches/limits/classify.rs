//! Reading one reply: label and times.

use std::time::Instant;

use jiff::tz::TimeZone;
use launchyard::language::classify::{Classifier, ReplyHeaders, ReplyInput};
use launchyard::language::times::{read_times, TimeContext};

use super::Figure;

const REPLIES: &[&str] = &[
    "Thanks for writing. Could we talk on Tuesday around half past ten, or Thursday afternoon? What does it cost for a house of 180 m2?",
    "Bitte nehmen Sie mich aus dem Verteiler, ich habe kein Interesse.",
    "Je suis en congés jusqu'au lundi 12. Je vous réponds à mon retour.",
    "No thanks, we are happy with what we have.",
    "Me parece bien el viernes a las 11, mi número es 555 0199.",
];

const ROUNDS: usize = 2_000;

pub fn run() -> Vec<Figure> {
    let classifier = Classifier::embedded();
    let mut worst: f64 = 0.0;
    let began = Instant::now();
    for n in 0..ROUNDS {
        let one = Instant::now();
        read(classifier, n);
        worst = worst.max(one.elapsed().as_secs_f64() * 1000.0);
    }
    let mean = began.elapsed().as_secs_f64() * 1000.0 / ROUNDS as f64;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let alone = replies_a_second(classifier, 1);
    let together = replies_a_second(classifier, cores);
    let limit = alone * cores as f64;
    vec![
        Figure {
            what: "reading a reply: label, reasons and times".into(),
            ours: format!("mean {mean:.2} ms, worst {worst:.2} ms"),
            limit: "5 ms".into(),
            ratio: Some(mean / 5.0),
            wanted: "under 5 ms".into(),
        },
        Figure {
            what: format!("reading replies on all {cores} cores at once"),
            ours: format!("{together:.0} replies/s"),
            limit: format!("{limit:.0}/s (what one core reads alone, {alone:.0}/s, times the cores)"),
            ratio: Some(together / limit),
            wanted: "at least 0.8".into(),
        },
    ]
}

fn read(classifier: &Classifier, n: usize) {
    let zone = TimeZone::UTC;
    let context = TimeContext {
        sent_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        sender_zone: &zone,
        sender_zone_name: "UTC",
        workspace_zone: &zone,
        offered: &[],
    };
    let (text, headers) = (REPLIES[n % REPLIES.len()], ReplyHeaders::default());
    let input = ReplyInput { text, headers: &headers, sent_at: Some(context.sent_at), zone: Some(&zone) };
    std::hint::black_box(classifier.classify(&input));
    std::hint::black_box(read_times(text, &context));
}

/// Of all threads together, each reading as many.
fn replies_a_second(classifier: &Classifier, threads: usize) -> f64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..ROUNDS).for_each(|n| read(classifier, n)));
        }
    });
    (ROUNDS * threads) as f64 / began.elapsed().as_secs_f64()
}
