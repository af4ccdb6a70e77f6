//! Reading the times that a mail offers, roughly, as a person skims it: a day, then a clock time.

use jiff::civil::{Date, Weekday};

use super::language::{month_named, weekday_named, weekday_shortened, Language};

/// One offered time, on the clock that the mail uses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    day: Day,
    hour: i8,
    minute: i8,
}

#[derive(Clone, Debug, PartialEq)]
enum Day {
    Weekday(Weekday),
    /// Weekday, day of month, month.
    Dated(Weekday, i8, i8),
    Date(Date),
}

impl Offer {
    /// As the person writes it back.
    pub fn said(&self, language: Language) -> String {
        let day = match &self.day {
            Day::Weekday(weekday) => language.weekday(*weekday).to_owned(),
            Day::Date(date) => language.date(*date),
            Day::Dated(weekday, day, month) => {
                let (weekday, month) = (language.weekday(*weekday), language.month(*month));
                match language {
                    Language::English | Language::French => format!("{weekday} {day} {month}"),
                    Language::German => format!("{weekday}, {day}. {month}"),
                    Language::Spanish => format!("{weekday} {day} de {month}"),
                }
            }
        };
        language.appointment(&day, self.hour, self.minute)
    }
}

/// The times offered in the new part of a mail; quoted lines do not count.
pub(super) fn offered(text: &str) -> Vec<Offer> {
    let mut offers = Vec::new();
    for line in text.lines().take_while(|line| !starts_a_quote(line)).filter(|line| !line.starts_with('>')) {
        read_line(line, &mut offers);
    }
    offers.dedup();
    offers
}

fn starts_a_quote(line: &str) -> bool {
    ["wrote:", "schrieb:", "escribió:", "a écrit :"].iter().any(|end| line.trim_end().ends_with(end))
        || line.starts_with("-----")
}

/// What has been read of a line so far.
#[derive(Default)]
struct Reader {
    weekday: Option<Weekday>,
    date: Option<Date>,
    number: Option<i8>,
    month: Option<i8>,
    /// The last word said that a range ends now ("to", a dash).
    ends_range: bool,
}

fn read_line(line: &str, offers: &mut Vec<Offer>) {
    let mut reader = Reader::default();
    // A dash between times is a word of its own, however it was set.
    let spaced = line.replace(['–', '—'], " - ").replace(['(', ')', '*', '|'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let bare = word.trim_matches([',', ';', '.', ':', '!', '?']);
        let next = words.get(at + 1).copied().unwrap_or_default();
        if let Some((first, _)) = bare.split_once('-').filter(|(first, _)| clock(first, "").is_some()) {
            reader.time(first, "", offers);
        } else if let Some(weekday) = weekday_named(bare) {
            reader = Reader { weekday: Some(weekday), ..Reader::default() };
        } else if let Some(weekday) = weekday_shortened(word.trim_end_matches([',', ':'])).filter(|_| reader.is_open())
        {
            reader = Reader { weekday: Some(weekday), ..Reader::default() };
        } else if let Some((day, month)) = day_and_month(bare).filter(|_| reader.weekday.is_some()) {
            (reader.number, reader.month) = (Some(day), Some(month));
        } else if let Ok(date) = bare.parse::<Date>() {
            reader = Reader { date: Some(date), ..Reader::default() };
        } else if clock(bare, next).is_some() {
            reader.time(bare, next, offers);
        } else if let Some(month) = month_named(bare) {
            reader.month = Some(month);
        } else if let Ok(number) = bare.trim_end_matches(|c: char| c.is_alphabetic()).parse::<i8>() {
            reader.number = Some(number).filter(|number| (1..=31).contains(number));
        } else {
            // "à" and "a" say "at" before a time and "to" between two.
            let after_time = at > 0 && clock(words[at - 1], "").is_some();
            let always = ["-", "to", "bis", "until", "hasta"].contains(&bare);
            reader.ends_range = always || (after_time && ["à", "a"].contains(&bare));
        }
    }
}

impl Reader {
    /// No day has been begun, so that a short word may name one: `mar` after a number is March.
    fn is_open(&self) -> bool {
        self.number.is_none() || self.month.is_some()
    }

    fn day(&self) -> Option<Day> {
        if let Some(date) = self.date {
            return Some(Day::Date(date));
        }
        let weekday = self.weekday?;
        Some(match (self.number, self.month) {
            (Some(number), Some(month)) => Day::Dated(weekday, number, month),
            _ => Day::Weekday(weekday),
        })
    }

    fn time(&mut self, word: &str, next: &str, offers: &mut Vec<Offer>) {
        let ends_range = std::mem::take(&mut self.ends_range);
        if let (Some((hour, minute)), Some(day), false) = (clock(word, next), self.day(), ends_range) {
            offers.push(Offer { day, hour, minute });
        }
    }
}

/// `24.11.`, `24/11`, `11/24`, with or without a year. The day comes first unless it cannot.
fn day_and_month(word: &str) -> Option<(i8, i8)> {
    let mut numbers = word.split(['.', '/']).map(str::parse::<i8>);
    let (first, second) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let (day, month) = if second > 12 { (second, first) } else { (first, second) };
    ((1..=31).contains(&day) && (1..=12).contains(&month)).then_some((day, month))
}

/// `10:30`, `14h30`, `14h`, `9.15` before "Uhr", `2pm`, `2:30 pm`.
fn clock(word: &str, next: &str) -> Option<(i8, i8)> {
    let lower = word.to_lowercase();
    let next = next.trim_matches([',', '.', ';']).to_lowercase();
    let mark = ["am", "pm"].into_iter().find(|mark| lower.ends_with(mark) || next == *mark);
    let digits = mark.map_or(lower.as_str(), |mark| lower.trim_end_matches(mark));
    let separator = digits.find([':', 'h']).or_else(|| digits.find('.').filter(|_| next == "uhr"));
    let (hour, minute) = match separator {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None if mark.is_some() || next == "uhr" => (digits, ""),
        None => return None,
    };
    let hour: i8 = hour.parse().ok()?;
    let minute: i8 = if minute.is_empty() { 0 } else { minute.parse().ok()? };
    let hour = match mark {
        Some("pm") if hour < 12 => hour + 12,
        Some("am") if hour == 12 => 0,
        _ => hour,
    };
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_times_are_found_in_the_ways_people_write_them() {
        let cases: [(&str, Language, &[&str]); 16] = [
            (
                "How about:\n- Tuesday 24 November, 10:30–11:00\n- Wednesday 25 November, 14:00 - 14:30\n",
                Language::English,
                &["Tuesday 24 November at 10:30", "Wednesday 25 November at 14:00"],
            ),
            (
                "Tuesday, 24 Nov 2026 at 2:30 pm or Friday at 9am?",
                Language::English,
                &["Tuesday 24 November at 14:30", "Friday at 9:00"],
            ),
            (
                "Dienstag, 24. November, 10:30 Uhr oder Mittwoch um 9 Uhr",
                Language::German,
                &["Dienstag, 24. November, um 10:30 Uhr", "Mittwoch, um 9:00 Uhr"],
            ),
            ("mardi 24 novembre à 14h30, jeudi à 9h", Language::French, &["mardi 24 novembre à 14h30", "jeudi à 9h"]),
            ("el martes 24 de noviembre a las 10:30", Language::Spanish, &["el martes 24 de noviembre a las 10:30"]),
            ("2026-11-24 10:30-11:00", Language::English, &["Tuesday 24 November at 10:30"]),
            ("Di., 24.11., 10:30 Uhr", Language::German, &["Dienstag, 24. November, um 10:30 Uhr"]),
            ("Tue 24 Mar 10:30", Language::English, &["Tuesday 24 March at 10:30"]),
            ("Tuesday, November 24 at 2:30 PM", Language::English, &["Tuesday 24 November at 14:30"]),
            ("mar. 24/11 à 9h", Language::French, &["mardi 24 novembre à 9h"]),
            ("mardi de 10h30 à 11h, mercredi à 9h", Language::French, &["mardi à 10h30", "mercredi à 9h"]),
            ("lunes de 10:30 a 11:00", Language::Spanish, &["el lunes a las 10:30"]),
            ("Passt die Zeit um 10:30 Uhr?", Language::German, &[]),
            ("Tuesday 10:30, 14:00", Language::English, &["Tuesday at 10:30", "Tuesday at 14:00"]),
            ("We open at 8:00. On Monday we rest.", Language::English, &[]),
            ("Yes.\n> Tuesday at 10:30\nOn Mon, Ada wrote:\nFriday at 9:00", Language::English, &[]),
        ];
        for (text, language, expected) in cases {
            let said: Vec<String> = offered(text).iter().map(|offer| offer.said(language)).collect();
            assert_eq!(said, expected, "{text}");
        }
    }
}
