//! Held-out replies: how many are read exactly, and how many texts that name no time give a proposal. Those of
//! `heldout.tsv` go to the time reader alone; the sets of `heldout/`, each by another habit and sent at another time,
//! are read as `launchyard classify` reads them, where what surely proposes nothing gives no times.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{read_times, Kind, TimeContext, TimesFound};
use crate::language::classify::{without_orders, Classifier, ReplyHeaders, ReplyInput};

const ROWS: &str = include_str!("heldout.tsv");
const SETS: [(&str, &str); 3] = [
    ("thumbs", include_str!("heldout/thumbs.tsv")),
    ("business", include_str!("heldout/business.tsv")),
    ("genres", include_str!("heldout/genres.tsv")),
];

/// What a table row expects, and what tests compare: wall times in the sender's zone, the month where it is not May.
pub fn written(found: &TimesFound, zone: &TimeZone) -> String {
    written_in(5, found, zone)
}

fn written_in(month: i8, found: &TimesFound, zone: &TimeZone) -> String {
    let mut rows: Vec<String> = found
        .proposals
        .iter()
        .map(|proposal| {
            let start = proposal.start.to_zoned(zone.clone());
            let month = if start.month() == month { String::new() } else { format!("{:02}-", start.month()) };
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

/// What a table gave.
#[derive(Default)]
struct Tally {
    rows: u32,
    exact: u32,
    silent: u32,
    false_alarms: u32,
    misses: Vec<String>,
}

impl Tally {
    /// Goes through rows of zone, text and expectation.
    fn of(table: &str, read: impl Fn(&str, &str) -> String) -> Self {
        let mut tally = Self::default();
        for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut columns = line.split('\t');
            let (zone, text, expected) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
            let text = text.replace("\\n", "\n");
            tally.add(&text, &sorted(expected), &read(zone, &text));
        }
        tally
    }

    fn add(&mut self, text: &str, expected: &str, got: &str) {
        self.rows += 1;
        self.exact += u32::from(got == expected);
        self.silent += u32::from(expected == "-");
        self.false_alarms += u32::from(expected == "-" && got != "-");
        if got != expected {
            self.misses.push(format!("{text:?}\n    expected {expected}\n    read     {got}"));
        }
    }

    fn assert_at_least(&self, name: &str, exact: f64, false_rate: f64) {
        let (is, alarms) = (f64::from(self.exact) / f64::from(self.rows), f64::from(self.false_alarms));
        let of_silent = alarms / f64::from(self.silent);
        let report = format!(
            "{name}: {} texts, exact {is:.3}, false proposals on {of_silent:.3} of {}\n{}",
            self.rows,
            self.silent,
            self.misses.join("\n")
        );
        assert!(is >= exact && of_silent <= false_rate, "{report}");
    }
}

#[test]
fn held_out_replies_are_read_exactly_and_texts_without_a_time_stay_silent() {
    let tally = Tally::of(ROWS, read_on_wednesday);
    assert!(tally.rows >= 230);
    tally.assert_at_least("heldout", 0.96, 0.02);
}

#[test]
fn replies_of_other_habits_are_read_exactly_and_give_no_times_where_none_are_proposed() {
    for (name, table) in SETS {
        let sent: DateTime = table.lines().find_map(|line| line.strip_prefix("# sent ")).unwrap().parse().unwrap();
        let tally = Tally::of(table, |zone, text| read_as_classified(zone, sent, text));
        assert!(tally.rows >= 75 && tally.silent >= 25, "{name}");
        tally.assert_at_least(name, 0.90, 0.04);
    }
}

fn read_as_classified(zone_name: &str, sent: DateTime, text: &str) -> String {
    let zone = TimeZone::get(zone_name).unwrap();
    let sent_at = sent.to_zoned(zone.clone()).unwrap().timestamp();
    let headers = ReplyHeaders::default();
    let input = ReplyInput { text, headers: &headers, sent_at: Some(sent_at), zone: Some(&zone) };
    if Classifier::embedded().classify(&input).proposes_no_time() {
        return "-".to_owned();
    }
    let context =
        TimeContext { sent_at, sender_zone: &zone, sender_zone_name: zone_name, workspace_zone: &zone, offered: &[] };
    written_in(sent.month(), &read_times(&without_orders(text), &context), &zone)
}
