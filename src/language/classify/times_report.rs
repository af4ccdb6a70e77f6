//! Held-out replies: how many are read exactly, and how many texts that name no time give a proposal. Each set is by
//! another habit, sent at another time, and read as `launchyard classify` reads it: where a reply surely proposes
//! nothing, it gives no times.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::heldout::HeldOut;
use super::{without_orders, Classifier, ReplyHeaders, ReplyInput};
use crate::language::times::{read_times, Kind, TimeContext, TimesFound};

/// The sets, in the order of the report; files below the folder of the time reader.
pub(super) const SETS: &[HeldOut] = &[
    HeldOut {
        file: "heldout/first.tsv",
        habit: "mixed registers, in five batches",
        history: "looked at after each batch; 0.92 exact and 0.03 false on first contact with the first",
    },
    HeldOut {
        file: "heldout/thumbs.tsv",
        habit: "short, rude, misspelt, typed with thumbs",
        history: "looked at once it had been measured",
    },
    HeldOut {
        file: "heldout/business.tsv",
        habit: "long polite prose, hedges, sarcasm, conditions",
        history: "looked at once it had been measured",
    },
    HeldOut {
        file: "heldout/genres.tsv",
        habit: "quotes, signatures, automatic and legal texts, mixed languages, orders to the machine",
        history: "looked at once it had been measured",
    },
    HeldOut {
        file: "heldout/dictated.tsv",
        habit: "dictated without commas, passed on by an assistant",
        history: "written last; its mistakes were looked at once",
    },
];

/// What a set gave.
#[derive(Clone, Debug, Default)]
pub(super) struct TimesMeasured {
    pub rows: usize,
    /// Texts of which every proposal and none besides was found, to the minute.
    pub exact: usize,
    /// Texts that propose no time.
    pub silent: usize,
    /// Those of them that gave one.
    pub false_alarms: usize,
    /// Text, what it says and what was read.
    pub mistakes: Vec<String>,
}

/// Reads rows of zone, text (`\n` = line break) and expectation; the line `# sent` says when they were sent.
///
/// # Errors
///
/// The line that is no such row.
pub(super) fn measure(table: &str) -> Result<TimesMeasured, String> {
    let sent = table.lines().find_map(|line| line.strip_prefix("# sent "));
    let sent: DateTime =
        sent.ok_or("no line says when it was sent")?.parse().map_err(|error: jiff::Error| error.to_string())?;
    let mut measured = TimesMeasured::default();
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [zone, text, expected] = columns[..] else { return Err(line.to_owned()) };
        let text = text.replace("\\n", "\n");
        let got = read_as_classified(zone, sent, &text).map_err(|error| format!("{line}: {error}"))?;
        measured.add(&text, &sorted(expected), &got);
    }
    Ok(measured)
}

impl TimesMeasured {
    fn add(&mut self, text: &str, expected: &str, got: &str) {
        self.rows += 1;
        self.exact += usize::from(got == expected);
        self.silent += usize::from(expected == "-");
        self.false_alarms += usize::from(expected == "-" && got != "-");
        if got != expected {
            let text: String = text.replace('\n', " / ").chars().take(110).collect();
            self.mistakes.push(format!("{expected} read as {got}: {text}"));
        }
    }

    /// Adds the outcomes of another set.
    pub fn join(&mut self, other: &Self) {
        self.rows += other.rows;
        self.exact += other.exact;
        self.silent += other.silent;
        self.false_alarms += other.false_alarms;
    }

    /// Shares of texts read exactly and, of those without a time, that gave a proposal.
    pub fn shares(&self) -> (f64, f64) {
        let of = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        (of(self.exact, self.rows), of(self.false_alarms, self.silent))
    }

    /// The figures that a test recomputes, in the report's own words.
    pub fn headline(&self) -> String {
        let (exact, false_share) = self.shares();
        format!(
            "texts {}, read exactly {exact:.3}, false proposals on {} of {} texts without a time ({false_share:.3})",
            self.rows, self.false_alarms, self.silent
        )
    }
}

/// What a table row expects, and what tests compare: wall times in the sender's zone, with the month where it is not
/// that of the sending.
pub fn written(month: i8, found: &TimesFound, zone: &TimeZone) -> String {
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

pub fn sorted(expected: &str) -> String {
    let mut rows: Vec<&str> = expected.split_whitespace().collect();
    rows.sort_unstable();
    rows.join(" ")
}

fn read_as_classified(zone_name: &str, sent: DateTime, text: &str) -> Result<String, jiff::Error> {
    let (zone, workspace) = (TimeZone::get(zone_name)?, TimeZone::get("Europe/Berlin")?);
    let sent_at = sent.to_zoned(zone.clone())?.timestamp();
    let headers = ReplyHeaders::default();
    let input = ReplyInput { text, headers: &headers, sent_at: Some(sent_at), zone: Some(&zone) };
    if Classifier::embedded().classify(&input).proposes_no_time() {
        return Ok("-".to_owned());
    }
    let context = TimeContext {
        sent_at,
        sender_zone: &zone,
        sender_zone_name: zone_name,
        workspace_zone: &workspace,
        offered: &[],
    };
    Ok(written(sent.month(), &read_times(&without_orders(text), &context), &zone))
}

/// The report's part on times, in Markdown.
pub(super) fn write(page: &mut String, sets: &[(&HeldOut, TimesMeasured)]) {
    let _ = writeln!(page, "# Times\n");
    for (set, measured) in sets {
        let _ = writeln!(page, "{}\n", set_line(set, measured));
    }
    let mut all = TimesMeasured::default();
    sets.iter().for_each(|(_, measured)| all.join(measured));
    let _ = writeln!(page, "Times, all held out: {}\n", all.headline());
    for (set, measured) in sets {
        let _ = writeln!(page, "## Times, {}: {}\n\nThis set was {}.\n", set.file, set.habit, set.history);
        measured.mistakes.iter().for_each(|mistake| {
            let _ = writeln!(page, "- {mistake}");
        });
        let _ = writeln!(page);
    }
}

/// One set's figures in a line, as the report and the test that recomputes them say it.
pub(super) fn set_line(set: &HeldOut, measured: &TimesMeasured) -> String {
    format!("Times, {}: {}", set.file, measured.headline())
}
