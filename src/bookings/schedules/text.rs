//! Hours as people write them: a line of days that differ, a line that sums up a week.

use jiff::civil::Date;

use crate::availability::{DayOverride, OpenHours, Schedule};
use crate::bookings::hours::{read_hours, write_hours};

const SHORT: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// One date a line: `2026-12-24: 9:00-12:00`, `2026-12-25: closed`. The error is in words for the person.
pub fn read_overrides(text: &str) -> Result<Vec<DayOverride>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut days = lines.map(read_override).collect::<Result<Vec<_>, _>>()?;
    days.sort_by_key(|day| day.date);
    if let Some(pair) = days.windows(2).find(|pair| pair[0].date == pair[1].date) {
        return Err(format!("{} stands there twice.", pair[0].date));
    }
    Ok(days)
}

fn read_override(line: &str) -> Result<DayOverride, String> {
    let example = || format!("“{line}” is not a day with its hours. Write it as 2026-12-24: 9:00-12:00.");
    let (date, hours) = line.split_once(':').or_else(|| line.split_once(' ')).ok_or_else(example)?;
    let date: Date = date.trim().parse().map_err(|_| example())?;
    let hours = match hours.trim().to_lowercase().as_str() {
        "" | "closed" | "off" => Vec::new(),
        hours => read_hours(hours)?,
    };
    Ok(DayOverride { date, hours })
}

pub fn write_overrides(days: &[DayOverride]) -> String {
    let line = |day: &DayOverride| match day.hours.is_empty() {
        true => format!("{}: closed", day.date),
        false => format!("{}: {}", day.date, write_hours(&day.hours)),
    };
    days.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// "Mon to Fri 9:00-17:00; Sat 10:00-12:00": days with the same hours together.
pub fn sum_up(schedule: &Schedule) -> String {
    let mut parts: Vec<(usize, usize, &[OpenHours])> = Vec::new();
    for (day, hours) in schedule.days.iter().enumerate() {
        match parts.last_mut() {
            Some((_, last, same)) if *last + 1 == day && *same == hours.as_slice() => *last = day,
            _ => parts.push((day, day, hours)),
        }
    }
    let open = parts.into_iter().filter(|(_, _, hours)| !hours.is_empty());
    let words = open.map(|(first, last, hours)| match last - first {
        0 => format!("{} {}", SHORT[first], write_hours(hours)),
        _ => format!("{} to {} {}", SHORT[first], SHORT[last], write_hours(hours)),
    });
    let words = words.collect::<Vec<_>>().join("; ");
    if words.is_empty() {
        "Closed all week".to_owned()
    } else {
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_differ_are_read_as_written_and_written_the_same_way() {
        let text = "2026-12-31: 10:00-12:00, 13:00-15:00\n\n2026-12-25: closed\n2026-12-26";
        assert!(read_overrides(text).unwrap_err().contains("“2026-12-26”"));
        let days = read_overrides(&text.replace("2026-12-26", "")).unwrap();
        assert_eq!(write_overrides(&days), "2026-12-25: closed\n2026-12-31: 10:00-12:00, 13:00-15:00");
        assert_eq!(
            read_overrides("2026-12-25: closed\n2026-12-25: 9-12").unwrap_err(),
            "2026-12-25 stands there twice."
        );
    }

    #[test]
    fn a_week_is_summed_up_by_days_that_are_alike() {
        let mut week = Schedule::office("UTC");
        assert_eq!(sum_up(&week), "Mon to Fri 9:00-17:00");
        week.days[2].clear();
        week.days[5] = vec![OpenHours { from: 600, to: 720 }];
        assert_eq!(sum_up(&week), "Mon to Tue 9:00-17:00; Thu to Fri 9:00-17:00; Sat 10:00-12:00");
        week.days = Default::default();
        assert_eq!(sum_up(&week), "Closed all week");
    }
}
