//! Recurrence rules (RFC 5545 section 3.3.10) as days and times on a wall clock.
//!
//! A rule is walked period by period (year, month, week, day, hour, …). Without COUNT the walk begins near the range
//! that is asked for, and it ends with it; what a rule may cost is counted in steps, so that none takes for ever.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::ToSpan;

/// Values of one part that are looked at.
const MOST_VALUES: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freq {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub freq: Freq,
    interval: i64,
    count: Option<u64>,
    /// As written: its zone is resolved by the caller, into the wall clock of the event.
    pub until: Option<String>,
    week_start: Weekday,
    months: Vec<i64>,
    week_numbers: Vec<i64>,
    year_days: Vec<i64>,
    month_days: Vec<i64>,
    /// The n-th such day of the month or year (0: every one).
    days: Vec<(i64, Weekday)>,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
    positions: Vec<i64>,
}

/// What a walk may still cost.
#[derive(Clone, Copy, Debug)]
pub struct Steps(pub u64);

/// The rule needs more steps than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

impl Steps {
    pub fn spend(&mut self, steps: u64) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(steps).ok_or(TooMuch)?;
        Ok(())
    }
}

impl Rule {
    /// `FREQ=WEEKLY;BYDAY=MO,WE`. `None` for what is no rule.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rule = Self {
            freq: Freq::Daily,
            interval: 1,
            count: None,
            until: None,
            week_start: Weekday::Monday,
            months: vec![],
            week_numbers: vec![],
            year_days: vec![],
            month_days: vec![],
            days: vec![],
            hours: vec![],
            minutes: vec![],
            seconds: vec![],
            positions: vec![],
        };
        let mut freq = None;
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => freq = Some(freq_of(value)?),
                "INTERVAL" => rule.interval = value.trim().parse().ok().filter(|count| *count > 0)?,
                "COUNT" => rule.count = Some(value.trim().parse().ok()?),
                "UNTIL" => rule.until = Some(value.trim().to_owned()),
                "WKST" => rule.week_start = weekday_of(value.trim())?,
                "BYMONTH" => rule.months = numbers(value, 1, 12)?,
                "BYWEEKNO" => rule.week_numbers = numbers(value, -53, 53)?,
                "BYYEARDAY" => rule.year_days = numbers(value, -366, 366)?,
                "BYMONTHDAY" => rule.month_days = numbers(value, -31, 31)?,
                "BYDAY" => rule.days = value.split(',').take(MOST_VALUES).map(day_of).collect::<Option<_>>()?,
                "BYHOUR" => rule.hours = numbers(value, 0, 23)?,
                "BYMINUTE" => rule.minutes = numbers(value, 0, 59)?,
                "BYSECOND" => rule.seconds = numbers(value, 0, 60)?,
                "BYSETPOS" => rule.positions = numbers(value, -366, 366)?,
                _ => {}
            }
        }
        rule.freq = freq?;
        Some(rule)
    }

    /// The starts from `start` on that lie in `from..=until`, in order. `start` itself counts only where the rule fits it;
    /// the caller adds it. `last` is the rule's own end.
    pub fn walk(
        &self,
        start: DateTime,
        from: DateTime,
        until: DateTime,
        last: Option<DateTime>,
        steps: &mut Steps,
        found: &mut Vec<DateTime>,
    ) -> Result<(), TooMuch> {
        let end = last.map_or(until, |last| last.min(until));
        let mut left = self.count;
        // DTSTART is the first of COUNT, whether or not the rule fits it.
        if let Some(count) = &mut left {
            *count = count.saturating_sub(1);
        }
        let mut period = if left.is_some() { 0 } else { self.periods_before(start, from) };
        loop {
            let Some(base) = self.period(start, period) else { return Ok(()) };
            if base > end {
                return Ok(());
            }
            let mut starts = self.of_period(start, base, steps)?;
            starts.sort_unstable();
            starts.dedup();
            for at in self.chosen(&starts) {
                if at <= start {
                    continue;
                }
                if at > end || left == Some(0) {
                    return Ok(());
                }
                if let Some(count) = &mut left {
                    *count -= 1;
                }
                if at >= from {
                    steps.spend(1)?;
                    found.push(at);
                }
            }
            if left == Some(0) {
                return Ok(());
            }
            period += 1;
        }
    }

    /// Periods that surely end before `from`.
    fn periods_before(&self, start: DateTime, from: DateTime) -> i64 {
        if from <= start {
            return 0;
        }
        let days = i64::from(days_between(start.date(), from.date()));
        let units = match self.freq {
            Freq::Yearly => i64::from(from.year()) - i64::from(start.year()),
            Freq::Monthly => months_of(from) - months_of(start),
            Freq::Weekly => days / 7,
            Freq::Daily => days,
            Freq::Hourly => days * 24,
            Freq::Minutely => days * 1_440,
            Freq::Secondly => days * 86_400,
        };
        let slack = match self.freq {
            Freq::Yearly | Freq::Monthly | Freq::Weekly | Freq::Daily => 1,
            Freq::Hourly => 48,
            Freq::Minutely => 2_880,
            Freq::Secondly => 172_800,
        };
        ((units - slack) / self.interval).max(0)
    }

    /// Where the n-th period begins. `None` behind the end of the calendar.
    fn period(&self, start: DateTime, nth: i64) -> Option<DateTime> {
        let by = nth.checked_mul(self.interval)?;
        let midnight = |date: Date| date.at(0, 0, 0, 0);
        match self.freq {
            Freq::Yearly => {
                let year = i16::try_from(i64::from(start.year()).checked_add(by)?).ok()?;
                Some(midnight(Date::new(year, 1, 1).ok()?))
            }
            Freq::Monthly => {
                let months = months_of(start).checked_add(by)?;
                let (year, month) = (i16::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) + 1);
                Some(midnight(Date::new(year, i8::try_from(month).ok()?, 1).ok()?))
            }
            Freq::Weekly => {
                let back = i64::from(start.date().weekday().since(self.week_start));
                Some(midnight(add_days(start.date(), by.checked_mul(7)?.checked_sub(back)?)?))
            }
            Freq::Daily => Some(midnight(add_days(start.date(), by)?)),
            Freq::Hourly => add_seconds(start.date().at(start.hour(), 0, 0, 0), by.checked_mul(3_600)?),
            Freq::Minutely => add_seconds(start.date().at(start.hour(), start.minute(), 0, 0), by.checked_mul(60)?),
            Freq::Secondly => add_seconds(start, by),
        }
    }

    /// All starts of the period that begins at `base`.
    fn of_period(&self, start: DateTime, base: DateTime, steps: &mut Steps) -> Result<Vec<DateTime>, TooMuch> {
        let first = base.date();
        let length = match self.freq {
            Freq::Yearly => i64::from(first.days_in_year()),
            Freq::Monthly => i64::from(first.days_in_month()),
            Freq::Weekly => 7,
            _ => 1,
        };
        steps.spend(u64::try_from(length).unwrap_or(1))?;
        let days = (0..length).filter_map(|n| add_days(first, n)).filter(|date| self.fits(start, *date));
        let mut found = Vec::new();
        for date in days {
            self.times_of(start, base, date, &mut found, steps)?;
        }
        Ok(found)
    }

    fn fits(&self, start: DateTime, date: Date) -> bool {
        let month = i64::from(date.month());
        if !self.months.is_empty() && !self.months.contains(&month) {
            return false;
        }
        let (day, from_end) = (i64::from(date.day()), i64::from(date.day()) - i64::from(date.days_in_month()) - 1);
        if !self.month_days.is_empty() && !self.month_days.contains(&day) && !self.month_days.contains(&from_end) {
            return false;
        }
        let in_year = i64::from(date.day_of_year());
        let from_year_end = in_year - i64::from(date.days_in_year()) - 1;
        if !self.year_days.is_empty() && !self.year_days.contains(&in_year) && !self.year_days.contains(&from_year_end)
        {
            return false;
        }
        if !self.week_numbers.is_empty() && self.freq == Freq::Yearly && !self.is_in_weeks(date) {
            return false;
        }
        if !self.days.is_empty() {
            return self.days.iter().any(|(nth, weekday)| *weekday == date.weekday() && self.is_nth(*nth, date));
        }
        let by_day = !self.month_days.is_empty() || !self.year_days.is_empty();
        match self.freq {
            Freq::Yearly if by_day => true,
            Freq::Yearly if !self.week_numbers.is_empty() => date.weekday() == start.date().weekday(),
            Freq::Yearly => date.day() == start.day() && (!self.months.is_empty() || date.month() == start.month()),
            Freq::Monthly => by_day || date.day() == start.day(),
            Freq::Weekly => date.weekday() == start.date().weekday(),
            _ => true,
        }
    }

    /// The n-th of its weekday in the month, or in the year where the rule names no month.
    fn is_nth(&self, nth: i64, date: Date) -> bool {
        if nth == 0 || self.freq < Freq::Monthly {
            return true;
        }
        let (place, length) = match self.freq {
            Freq::Yearly if self.months.is_empty() => (i64::from(date.day_of_year()), i64::from(date.days_in_year())),
            _ => (i64::from(date.day()), i64::from(date.days_in_month())),
        };
        let (from_start, from_end) = ((place - 1) / 7 + 1, -((length - place) / 7 + 1));
        nth == from_start || nth == from_end
    }

    /// The week of the year, where week 1 is the first with four days in it.
    fn is_in_weeks(&self, date: Date) -> bool {
        let back = i64::from(date.weekday().since(self.week_start));
        let Some(middle) = add_days(date, 3 - back) else { return false };
        // A week belongs to the year in which its fourth day lies.
        if middle.year() != date.year() {
            return false;
        }
        let number = (i64::from(middle.day_of_year()) - 1) / 7 + 1;
        let weeks = weeks_of(middle, self.week_start);
        self.week_numbers.contains(&number) || self.week_numbers.contains(&(number - weeks - 1))
    }

    fn times_of(
        &self,
        start: DateTime,
        base: DateTime,
        date: Date,
        found: &mut Vec<DateTime>,
        steps: &mut Steps,
    ) -> Result<(), TooMuch> {
        let given = |values: &[i64], own: i8| if values.is_empty() { vec![i64::from(own)] } else { values.to_vec() };
        // What is finer than the period is expanded; what is as coarse or coarser must fit.
        let limited = |values: &[i64], own: i8| {
            let fits = values.is_empty() || values.contains(&i64::from(own));
            if fits {
                vec![i64::from(own)]
            } else {
                vec![]
            }
        };
        let hours =
            if self.freq >= Freq::Daily { given(&self.hours, start.hour()) } else { limited(&self.hours, base.hour()) };
        let minutes = if self.freq >= Freq::Hourly {
            given(&self.minutes, start.minute())
        } else {
            limited(&self.minutes, base.minute())
        };
        let seconds = if self.freq >= Freq::Minutely {
            given(&self.seconds, start.second())
        } else {
            limited(&self.seconds, base.second())
        };
        // Before anything is kept: a day can have as many times as it has seconds.
        let times = hours.len() * minutes.len() * seconds.len();
        steps.spend(u64::try_from(times).unwrap_or(u64::MAX).max(1))?;
        for hour in &hours {
            for minute in &minutes {
                for second in &seconds {
                    let part = |value: i64| i8::try_from(value).unwrap_or(0);
                    if let Ok(time) = jiff::civil::Time::new(part(*hour), part(*minute), part((*second).min(59)), 0) {
                        found.push(date.to_datetime(time));
                    }
                }
            }
        }
        Ok(())
    }

    /// BYSETPOS: those at the named places of the period, in order.
    fn chosen(&self, starts: &[DateTime]) -> Vec<DateTime> {
        if self.positions.is_empty() {
            return starts.to_vec();
        }
        let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
        let place = |position: i64| if position > 0 { position - 1 } else { count + position };
        let mut places: Vec<usize> =
            self.positions.iter().filter_map(|one| usize::try_from(place(*one)).ok()).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|at| starts.get(at).copied()).collect()
    }
}

fn weeks_of(date: Date, week_start: Weekday) -> i64 {
    // The year has 53 weeks when the fourth day of the week after the 52nd still lies in it.
    let first = Date::new(date.year(), 1, 1).unwrap_or(date);
    let offset = i64::from(first.weekday().since(week_start));
    let fourth = (3 - offset).rem_euclid(7);
    (i64::from(date.days_in_year()) - 1 - fourth) / 7 + 1
}

fn months_of(at: DateTime) -> i64 {
    i64::from(at.year()) * 12 + i64::from(at.month()) - 1
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

fn add_days(date: Date, days: i64) -> Option<Date> {
    let days = i32::try_from(days).ok()?;
    date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

fn add_seconds(at: DateTime, seconds: i64) -> Option<DateTime> {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}

fn freq_of(text: &str) -> Option<Freq> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "SECONDLY" => Freq::Secondly,
        "MINUTELY" => Freq::Minutely,
        "HOURLY" => Freq::Hourly,
        "DAILY" => Freq::Daily,
        "WEEKLY" => Freq::Weekly,
        "MONTHLY" => Freq::Monthly,
        "YEARLY" => Freq::Yearly,
        _ => return None,
    })
}

fn weekday_of(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// `-1FR`, `MO`
fn day_of(text: &str) -> Option<(i64, Weekday)> {
    let text = text.trim();
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at))?;
    let (number, day) = text.split_at(at);
    let nth = if number.is_empty() { 0 } else { number.trim_start_matches('+').parse().ok()? };
    Some((nth, weekday_of(day)?))
}

fn numbers(text: &str, least: i64, most: i64) -> Option<Vec<i64>> {
    let all = text.split(',').take(MOST_VALUES).map(|one| one.trim().trim_start_matches('+').parse::<i64>().ok());
    let mut all = all.collect::<Option<Vec<i64>>>()?;
    all.sort_unstable();
    all.dedup();
    all.iter().all(|one| (least..=most).contains(one)).then_some(all)
}

/// The day after, where there is one.
pub(super) fn next_day(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(date)
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
