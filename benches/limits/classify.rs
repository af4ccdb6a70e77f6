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
/// Characters of the longest reply that is read.
const LONGEST: usize = 2_000;

pub fn run() -> Vec<Figure> {
    let classifier = Classifier::embedded();
    let texts = texts();
    let mut each: Vec<f64> = (0..ROUNDS)
        .map(|n| {
            let one = Instant::now();
            read(classifier, &texts[n % texts.len()]);
            one.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    // The first one also makes what the others find made.
    let first = each.remove(0);
    each.sort_by(f64::total_cmp);
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    let p99 = each[each.len() * 99 / 100];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (alone, together) = (replies_a_second(classifier, &texts, 1), replies_a_second(classifier, &texts, cores));
    let limit = alone * cores as f64;
    vec![
        Figure {
            what: format!("reading a reply: label, reasons and times; one in {} of {LONGEST} characters", texts.len()),
            ours: format!("mean {mean:.2} ms, p99 {p99:.2} ms; the first of all {first:.1} ms"),
            limit: "5 ms".into(),
            ratio: Some(p99 / 5.0),
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

/// Everyday replies, and one as long as any is kept.
fn texts() -> Vec<String> {
    let long = REPLIES.iter().cycle().flat_map(|text| text.chars().chain(['\n'])).take(LONGEST).collect();
    REPLIES.iter().map(|text| (*text).to_owned()).chain([long]).collect()
}

fn read(classifier: &Classifier, text: &str) {
    let zone = TimeZone::UTC;
    let context = TimeContext {
        sent_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        sender_zone: &zone,
        sender_zone_name: "UTC",
        workspace_zone: &zone,
        offered: &[],
    };
    let headers = ReplyHeaders::default();
    let input = ReplyInput { text, headers: &headers, sent_at: Some(context.sent_at), zone: Some(&zone) };
    std::hint::black_box(classifier.classify(&input));
    std::hint::black_box(read_times(text, &context));
}

/// Of all threads together, each reading as many.
fn replies_a_second(classifier: &Classifier, texts: &[String], threads: usize) -> f64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..ROUNDS).for_each(|n| read(classifier, &texts[n % texts.len()])));
        }
    });
    (ROUNDS * threads) as f64 / began.elapsed().as_secs_f64()
}
