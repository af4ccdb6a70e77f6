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

pub fn run() -> Vec<Figure> {
    let classifier = Classifier::embedded();
    let zone = TimeZone::get("Europe/London").unwrap();
    let context = TimeContext {
        sent_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        sender_zone: &zone,
        sender_zone_name: "Europe/London",
        workspace_zone: &zone,
        offered: &[],
    };
    let headers = ReplyHeaders::default();
    let mut worst: f64 = 0.0;
    let rounds = 2000;
    let began = Instant::now();
    for n in 0..rounds {
        let text = REPLIES[n % REPLIES.len()];
        let one = Instant::now();
        let input = ReplyInput { text, headers: &headers, sent_at: Some(context.sent_at), zone: Some(&zone) };
        std::hint::black_box(classifier.classify(&input));
        std::hint::black_box(read_times(text, &context));
        worst = worst.max(one.elapsed().as_secs_f64() * 1000.0);
    }
    let mean = began.elapsed().as_secs_f64() * 1000.0 / rounds as f64;
    vec![Figure {
        what: "reading a reply: label, reasons and times".into(),
        ours: format!("mean {mean:.2} ms, worst {worst:.2} ms"),
        limit: "5 ms".into(),
        ratio: Some(mean / 5.0),
        wanted: "under 5 ms".into(),
    }]
}
