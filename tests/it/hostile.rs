//! Calendar files that somebody made to hurt: each is read in a process of its own, which may use so much memory and so
//! much processor time and is killed beyond.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use jiff::tz::TimeZone;
use launchyard::base::ics::{occurrences, read_entry, Asked, Budget, Unreadable};
use launchyard::base::UnixMillis;
use rustix::process::{prlimit, Pid, Resource, Rlimit};

const CASE: &str = "LAUNCHYARD_HOSTILE_CASE";
/// Of processor time, of a build without optimisation.
const SECONDS: u64 = 60;
/// Resident at most, beyond the file itself and what the test program holds before.
const MEBIBYTES: u64 = 160;

const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n";
const TAIL: &str = "END:VCALENDAR\r\n";

fn event(number: usize, lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:{number}\r\n{lines}\r\nEND:VEVENT\r\n")
}

/// Each with what is to come of it: read, or refused as a whole, which counts as unknown.
type Case = (&'static str, fn() -> String, Expected);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    /// It counts for all that it may be.
    Busy,
    /// There is nothing in it that takes time.
    Nothing,
    Refused,
    /// Either; but it ends.
    Ends,
}

const CASES: &[Case] = &[
    (
        "a rule of every second since 1970",
        || event(1, "DTSTART:19700101T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY;COUNT=999999999"),
        Expected::Busy,
    ),
    (
        "a rule that names every second of every day",
        || {
            let all = |to: u32| (0..to).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
            let rule =
                format!("FREQ=YEARLY;BYYEARDAY={};BYHOUR={};BYMINUTE={2};BYSECOND={2}", all(366), all(24), all(60));
            event(1, &format!("DTSTART:19000101T000000Z\r\nDURATION:PT1S\r\nRRULE:{rule}"))
        },
        Expected::Busy,
    ),
    (
        "a rule that never comes true",
        || event(1, "DTSTART:19000101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        Expected::Ends,
    ),
    (
        "numbers beyond all bounds",
        || {
            event(
                1,
                "DTSTART:99991231T235959Z\r\nDURATION:P999999999W\r\n\
                 RRULE:FREQ=DAILY;INTERVAL=99999999999999999999;COUNT=-1;BYSETPOS=-999999999;UNTIL=00000000T000000Z",
            )
        },
        Expected::Ends,
    ),
    (
        "three hundred rules that cost too much",
        || {
            (0..300)
                .map(|n| event(n, "DTSTART:19000101T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY;COUNT=99999999"))
                .collect()
        },
        Expected::Refused,
    ),
    (
        "a feed of fifty thousand events, half of which repeat",
        || {
            let rule = |n: usize| if n.is_multiple_of(2) { "" } else { "\r\nRRULE:FREQ=WEEKLY;COUNT=20" };
            let one = |n: usize| {
                let day = format!("2026{:02}{:02}", n % 12 + 1, n % 28 + 1);
                event(n, &format!("DTSTART:{day}T{:02}0000Z\r\nDURATION:PT30M{}", n % 24, rule(n)))
            };
            (0..50_000).map(one).collect()
        },
        Expected::Busy,
    ),
    (
        "two hundred thousand events",
        || (0..200_000).map(|n| event(n, "DTSTART:20261124T100000Z\r\nDURATION:PT1H")).collect(),
        Expected::Refused,
    ),
    (
        "a million dates in one line",
        || {
            let dates = "20261124T100000Z,".repeat(1_000_000);
            event(1, &format!("DTSTART:20261124T100000Z\r\nDURATION:PT1H\r\nRDATE:{dates}\r\nEXDATE:{dates}"))
        },
        Expected::Ends,
    ),
    (
        "a line that is folded behind every character",
        || {
            event(
                1,
                &format!("DTSTART:20261124T100000Z\r\nDURATION:PT1H\r\nDESCRIPTION:{}", "x\r\n ".repeat(2_000_000)),
            )
        },
        Expected::Busy,
    ),
    (
        "components within components within components",
        || format!("BEGIN:VEVENT\r\n{}", "BEGIN:VALARM\r\n".repeat(1_000_000)),
        Expected::Nothing,
    ),
    (
        "parameters without end",
        || event(1, &format!("DTSTART{}:20261124T100000Z\r\nDURATION:PT1H", ";X=\"y\"".repeat(1_000_000))),
        Expected::Ends,
    ),
    (
        "changed repetitions that name one another in a ring",
        || {
            let of = |from: u32, to: u32| {
                event(
                    7,
                    &format!(
                        "RECURRENCE-ID;RANGE=THISANDFUTURE:202611{from:02}T100000Z\r\nDTSTART:202611{to:02}T100000Z\r\n\
                         DURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=999999"
                    ),
                )
            };
            let ring: String = (1..=28).map(|day| of(day, day % 28 + 1)).collect();
            event(7, "DTSTART:20261101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY") + &ring
        },
        Expected::Busy,
    ),
    (
        "fifty thousand changed repetitions of one event",
        || {
            let one = |n: usize| {
                let at = format!("2026{:02}{:02}T{:02}{:02}00Z", n % 12 + 1, n % 28 + 1, n % 24, n % 60);
                event(7, &format!("RECURRENCE-ID;RANGE=THISANDFUTURE:{at}\r\nDTSTART:{at}\r\nDURATION:PT1H"))
            };
            event(7, "DTSTART:19700101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY")
                + &(0..50_000).map(one).collect::<String>()
        },
        Expected::Ends,
    ),
    (
        "zones that nobody knows, that name themselves and one another",
        || {
            let zone = |id: usize, named: usize| {
                format!(
                    "BEGIN:VTIMEZONE\r\nTZID:Z{id}\r\nTZID-ALIAS-OF:Z{named}\r\nBEGIN:STANDARD\r\n\
                     DTSTART;TZID=Z{named}:16010101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+2500\r\n\
                     RRULE:FREQ=SECONDLY;COUNT=999999999\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
                )
            };
            let zones: String = (0..20_000).map(|n| zone(n, (n + 1) % 20_000)).collect();
            zones + &event(1, "DTSTART;TZID=Z7:20261124T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=9")
        },
        Expected::Busy,
    ),
    (
        "a zone with a hundred thousand changes of the clock",
        || {
            let change = "BEGIN:DAYLIGHT\r\nDTSTART:20260101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:-1400\r\nEND:DAYLIGHT\r\n";
            let zone = format!("BEGIN:VTIMEZONE\r\nTZID:Wild\r\n{}END:VTIMEZONE\r\n", change.repeat(100_000));
            zone + &event(1, "DTSTART;TZID=Wild:20261124T100000\r\nDURATION:PT1H")
        },
        Expected::Busy,
    ),
    (
        "the name of a zone is thirty kilobytes long",
        || event(1, &format!("DTSTART;TZID={}:20261124T100000\r\nDURATION:PT1H", "A/".repeat(15_000))),
        Expected::Busy,
    ),
    (
        "the name of a zone is two megabytes long",
        || event(1, &format!("DTSTART;TZID={}:20261124T100000\r\nDURATION:PT1H", "A/".repeat(1_000_000))),
        Expected::Ends,
    ),
    ("no calendar at all", || "\0\u{feff}<html>".repeat(100_000), Expected::Nothing),
    (
        "an id of four megabytes on each of a thousand repetitions",
        || {
            format!("BEGIN:VEVENT\r\nUID:{}\r\nDTSTART:20261101T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=MINUTELY;COUNT=1000\r\nEND:VEVENT\r\n", "u".repeat(4_000_000))
        },
        Expected::Busy,
    ),
];

/// The child: reads one file within the limits, and says what came of it.
#[test]
fn reads_one_hostile_file() {
    let Ok(case) = std::env::var(CASE) else { return };
    let (_, make, expected) = &CASES[case.parse::<usize>().unwrap()];
    let file = format!("{HEAD}{}{TAIL}", make());
    let before = resident("VmRSS:");
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let asked = Asked { from: at("2026-11-01T00:00:00Z"), to: at("2026-12-01T00:00:00Z"), zone: &zone, own: &[] };
    let found = occurrences(&file, &asked, &mut Budget::default());
    let _ = read_entry(&file, &zone);
    let grown = resident("VmHWM:").saturating_sub(before) / 1024;
    assert!(grown <= MEBIBYTES, "{grown} MiB for a file of {} MiB", file.len() >> 20);
    match expected {
        Expected::Busy => assert!(!found.clone().unwrap().is_empty(), "it is not free: {found:?}"),
        Expected::Nothing => assert_eq!(found, Ok(vec![])),
        Expected::Refused => {
            assert!(
                matches!(found, Err(Unreadable::TooMuch | Unreadable::TooManyEvents)),
                "{:?}",
                found.map(|all| all.len())
            );
        }
        Expected::Ends => drop(found),
    }
}

/// KiB, as proc(5) says it of this process.
fn resident(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn no_calendar_file_takes_more_than_its_share_of_memory_and_time() {
    let mut failed = Vec::new();
    for (number, (name, ..)) in CASES.iter().enumerate() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["hostile::reads_one_hostile_file", "--exact", "--nocapture", "--test-threads=1"])
            .env(CASE, number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let limit = Rlimit { current: Some(SECONDS), maximum: Some(SECONDS + 5) };
        let id = Pid::from_child(&child);
        prlimit(Some(id), Resource::Cpu, limit).unwrap();
        let ended = child.wait_with_output().unwrap();
        // A child that found no test by that name ends well too.
        let ran = String::from_utf8_lossy(&ended.stdout).contains("1 passed");
        if !ended.status.success() || !ran {
            let why = match ended.status.signal() {
                Some(signal) => format!("killed by signal {signal}: it took more than {SECONDS} s"),
                None => format!("ran: {ran}; {}", String::from_utf8_lossy(&ended.stderr)),
            };
            failed.push(format!("{name}: {why}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
