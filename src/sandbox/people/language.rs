//! Names of days and months, and how a time is said, in the four languages of the cast.

use jiff::civil::{Date, Weekday};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
    Spanish,
    French,
}

use Language::{English, French, German, Spanish};

pub(super) const ALL: [Language; 4] = [English, German, Spanish, French];

impl Language {
    pub fn code(self) -> &'static str {
        match self {
            English => "en",
            German => "de",
            Spanish => "es",
            French => "fr",
        }
    }

    /// Monday first, in lower case except where the language writes them otherwise.
    pub fn weekdays(self) -> [&'static str; 7] {
        match self {
            English => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            German => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
            Spanish => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
            French => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        }
    }

    pub fn months(self) -> [&'static str; 12] {
        match self {
            English => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
            German => [
                "Januar",
                "Februar",
                "März",
                "April",
                "Mai",
                "Juni",
                "Juli",
                "August",
                "September",
                "Oktober",
                "November",
                "Dezember",
            ],
            Spanish => [
                "enero",
                "febrero",
                "marzo",
                "abril",
                "mayo",
                "junio",
                "julio",
                "agosto",
                "septiembre",
                "octubre",
                "noviembre",
                "diciembre",
            ],
            French => [
                "janvier",
                "février",
                "mars",
                "avril",
                "mai",
                "juin",
                "juillet",
                "août",
                "septembre",
                "octobre",
                "novembre",
                "décembre",
            ],
        }
    }

    pub fn weekday(self, day: Weekday) -> &'static str {
        self.weekdays()[usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)]
    }

    pub fn month(self, number: i8) -> &'static str {
        self.months()[usize::try_from(number - 1).unwrap_or(0).min(11)]
    }

    /// `Mon`, `Mo.`, `lun`, `lun.`, as mail programs shorten them.
    pub fn short_weekday(self, day: Weekday) -> String {
        let letters = if self == German { 2 } else { 3 };
        let short: String = self.weekday(day).chars().take(letters).collect();
        if matches!(self, German | French) {
            format!("{short}.")
        } else {
            short
        }
    }

    /// `Nov`, `Nov.`, `nov`, `nov.`
    pub fn short_month(self, number: i8) -> String {
        let short: String = self.month(number).chars().take(3).collect();
        if matches!(self, German | French) {
            format!("{short}.")
        } else {
            short
        }
    }

    /// `Friday 27 November`, `Freitag, 27. November`, `viernes 27 de noviembre`, `vendredi 27 novembre`.
    pub fn date(self, date: Date) -> String {
        let (weekday, day, month) = (self.weekday(date.weekday()), date.day(), self.month(date.month()));
        match self {
            English | French => format!("{weekday} {day} {month}"),
            German => format!("{weekday}, {day}. {month}"),
            Spanish => format!("{weekday} {day} de {month}"),
        }
    }

    /// A day with a time, as a person answers: `Tuesday 24 November at 10:30`.
    pub fn appointment(self, day: &str, hour: i8, minute: i8) -> String {
        match self {
            English => format!("{day} at {hour}:{minute:02}"),
            German => format!("{day}, um {hour}:{minute:02} Uhr"),
            Spanish => format!("el {day} a las {hour}:{minute:02}"),
            French => format!("{day} à {hour}h{}", if minute == 0 { String::new() } else { format!("{minute:02}") }),
        }
    }
}

/// The weekday that a word names in any of the languages.
pub(super) fn weekday_named(word: &str) -> Option<Weekday> {
    let word = word.to_lowercase();
    let number =
        ALL.iter().find_map(|language| language.weekdays().iter().position(|day| day.to_lowercase() == word))?;
    Weekday::from_monday_zero_offset(i8::try_from(number).ok()?).ok()
}

/// The weekday behind an abbreviation: `Tue`, `Thurs.`, `mar.`, `Di.`. Without a full stop only the English ones count:
/// `die` is an article and `mon` a pronoun.
pub(super) fn weekday_shortened(word: &str) -> Option<Weekday> {
    const BARE: [&str; 8] = ["mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri"];
    let letters = word.trim_end_matches('.').to_lowercase();
    let is_marked = word.ends_with('.') && letters.chars().count() >= 2;
    if !is_marked && !BARE.contains(&letters.as_str()) {
        return None;
    }
    let begins =
        |language: &&Language| language.weekdays().iter().position(|day| day.to_lowercase().starts_with(&letters));
    let number = ALL.iter().find_map(|language| begins(&language))?;
    Weekday::from_monday_zero_offset(i8::try_from(number).ok()?).ok()
}

/// The month, 1 to 12, that a word or its first three letters or more name in any of the languages.
pub(super) fn month_named(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').to_lowercase();
    if word.chars().count() < 3 {
        return None;
    }
    let number = ALL
        .iter()
        .find_map(|language| language.months().iter().position(|month| month.to_lowercase().starts_with(&word)))?;
    i8::try_from(number + 1).ok()
}
