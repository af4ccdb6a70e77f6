//! The held-out replies of `heldout.tsv`: how many are read exactly, and how many texts that name no
//! time give a proposal.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{read_times, Kind, TimeContext, TimesFound};

const ROWS: &str = include_str!("heldout.tsv");

/// What a table row expects, and what tests compare: wall times in the sender's zone.
pub fn written(found: &TimesFound, zone: &TimeZone) -> String {
    let mut rows: Vec<String> = found
        .proposals
        .iter()
        .map(|proposal| {
            let start = proposal.start.to_zoned(zone.clone());
            let month = if start.month() == 5 { String::new() } else { format!("{:02}-", start.month()) };
            let from = format!("{month}{:02}T{:02}:{:02}", start.day(), start.hour(), start.minute());
            let doubt = if proposal.ambiguous { "?" } else { "" };
            match (proposal.kind, proposal.end.map(|end| end.to_zoned(zone.clone()))) {
                (Kind::Window, Some(end)) => format!("{from}-{:02}:{:02}{doubt}", end.hour(), end.minute()),
                _ => format!("{from}{doubt}"),
            }
        })
        .collect();
    rows.sort();
    if rows.is_empty() {
        "-".to_owned()
    } else {
        rows.join(" ")
    }
}

/// Reads `text` as sent on 2026-05-13 at 10:20, a Wednesday, in `zone`.
pub fn read_on_wednesday(zone: &str, text: &str) -> String {
    read_at(zone, Date::constant(2026, 5, 13).to_datetime(Time::constant(10, 20, 0, 0)), text)
}

pub fn read_at(zone_name: &str, sent: DateTime, text: &str) -> String {
    let zone = TimeZone::get(zone_name).unwrap();
    let sent_at = sent.to_zoned(zone.clone()).unwrap().timestamp();
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let context =
        TimeContext { sent_at, sender_zone: &zone, sender_zone_name: zone_name, workspace_zone: &berlin, offered: &[] };
    written(&read_times(text, &context), &zone)
}

pub fn sorted(expected: &str) -> String {
    let mut rows: Vec<&str> = expected.split_whitespace().collect();
    rows.sort_unstable();
    rows.join(" ")
}

#[test]
fn held_out_replies_are_read_exactly_and_texts_without_a_time_stay_silent() {
    let (mut rows, mut exact, mut silent, mut false_alarms) = (0, 0, 0, 0);
    let mut misses = Vec::new();
    for line in ROWS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut columns = line.split('\t');
        let (zone, text, expected) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        let text = text.replace("\\n", "\n");
        let got = read_on_wednesday(zone, &text);
        let expected = sorted(expected);
        rows += 1;
        exact += usize::from(got == expected);
        silent += usize::from(expected == "-");
        false_alarms += usize::from(expected == "-" && got != "-");
        if got != expected {
            misses.push(format!("{text:?}\n    expected {expected}\n    read     {got}"));
        }
    }
    let exactness = f64::from(exact as u32) / f64::from(rows);
    let false_rate = f64::from(false_alarms as u32) / f64::from(silent as u32);
    let report = format!(
        "{rows} texts, exact {exactness:.3}, false proposals on {false_rate:.3} of {silent}\n{}",
        misses.join("\n")
    );
    assert!(rows >= 230, "{report}");
    assert!(exactness >= 0.96, "{report}");
    assert!(false_rate <= 0.02, "{report}");
}
