//! Zones by the names that other programs give them.

use jiff::tz::{Offset, TimeZone};

use super::line::Line;

/// A zone by its IANA name, by the name that Windows has for it, or by one of the ways in which calendars write UTC and
/// IANA names. `None`: nobody knows it; the file's own VTIMEZONE may.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    let name = name.trim().trim_matches('"');
    if name.is_empty() || name.len() > 200 {
        return None;
    }
    if matches!(name.to_ascii_uppercase().as_str(), "UTC" | "GMT" | "Z" | "UNIVERSAL" | "TZONE://MICROSOFT/UTC") {
        return Some(TimeZone::UTC);
    }
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    if let Some(iana) = of_windows(name) {
        return TimeZone::get(iana).ok();
    }
    // "/freeassociation.sourceforge.net/Europe/Berlin", "/citadel.org/20210210_1/Europe/Berlin": the tail is the name.
    let starts = name.match_indices('/').map(|(at, _)| at + 1);
    starts.filter_map(|at| name.get(at..)).find_map(|tail| TimeZone::get(tail).ok())
}

fn of_windows(name: &str) -> Option<&'static str> {
    WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name)).map(|(_, iana)| *iana)
}

/// A zone as a file defines it (VTIMEZONE): its newest standard time, and its newest summer time where both change by a
/// yearly rule. `None` for what cannot be said so.
pub(super) fn of_definition(lines: &[Line]) -> Option<TimeZone> {
    if let Some(zone) = lines.iter().find(|line| line.name == "X-LIC-LOCATION").and_then(|line| zone_named(&line.value))
    {
        return Some(zone);
    }
    let (mut standard, mut summer, mut current): (Option<Observance>, Option<Observance>, Option<Observance>) =
        (None, None, None);
    for line in lines {
        let kind = line.value.to_ascii_uppercase();
        match (line.name.as_str(), &mut current) {
            ("BEGIN", _) => current = Some(Observance::default()),
            ("END", Some(done)) => {
                let place = if kind == "DAYLIGHT" { &mut summer } else { &mut standard };
                if place.as_ref().is_none_or(|known| known.begins <= done.begins) {
                    *place = Some(std::mem::take(done));
                }
                current = None;
            }
            ("DTSTART", Some(one)) => one.begins.clone_from(&line.value),
            ("TZOFFSETTO", Some(one)) => one.offset = offset_seconds(&line.value),
            ("RRULE", Some(one)) => one.rule = Some(line.value.clone()),
            _ => {}
        }
    }
    let standard = standard.or_else(|| summer.take())?;
    let fixed = || Some(TimeZone::fixed(Offset::from_seconds(standard.offset?).ok()?));
    let Some(summer) = summer.filter(|summer| summer.rule.is_some() || summer.begins > standard.begins) else {
        return fixed();
    };
    let text = format!(
        "STD{}DST{},{},{}",
        posix_offset(standard.offset?),
        posix_offset(summer.offset?),
        summer.posix_change()?,
        standard.posix_change()?
    );
    TimeZone::posix(&text).ok()
}

#[derive(Default)]
struct Observance {
    /// DTSTART, which sorts as text.
    begins: String,
    /// East of UTC.
    offset: Option<i32>,
    rule: Option<String>,
}

impl Observance {
    /// `M3.5.0/2`: month, week (5: the last), weekday (0: Sunday), time on the clock before the change.
    fn posix_change(&self) -> Option<String> {
        let rule = self.rule.as_ref()?.to_ascii_uppercase();
        let part = |wanted: &str| rule.split(';').find_map(|part| part.strip_prefix(wanted)?.strip_prefix('='));
        let month: u8 = part("BYMONTH")?.parse().ok()?;
        let day = part("BYDAY")?;
        let (nth, name) = day.split_at_checked(day.len().checked_sub(2)?)?;
        let weekday = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"].iter().position(|known| *known == name)?;
        let week = match (nth.trim_start_matches('+'), part("BYMONTHDAY")) {
            ("-1", _) => 5,
            // "BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14" is the second Sunday.
            ("", Some(days)) => days.split(',').next()?.parse::<u8>().ok()? / 7 + 1,
            (nth, _) => nth.parse().ok().filter(|nth| (1..=4).contains(nth))?,
        };
        let time = self.begins.split_once('T').map_or("000000", |(_, time)| time);
        Some(format!("M{month}.{week}.{weekday}/{}:{}", time.get(0..2)?, time.get(2..4)?))
    }
}

/// `+0530`, `-033000`
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.trim().split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    Some(sign * (part(0)? * 3_600 + part(2)? * 60 + part(4)?))
}

/// POSIX counts westward.
fn posix_offset(east: i32) -> String {
    let sign = if east > 0 { "-" } else { "+" };
    let seconds = east.unsigned_abs();
    format!("{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Unicode CLDR, windowsZones, territory 001.
const WINDOWS: &[(&str, &str)] = &[
    ("Dateline Standard Time", "Etc/GMT+12"),
    ("UTC-11", "Etc/GMT+11"),
    ("Aleutian Standard Time", "America/Adak"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("Marquesas Standard Time", "Pacific/Marquesas"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("UTC-09", "Etc/GMT+9"),
    ("Pacific Standard Time (Mexico)", "America/Tijuana"),
    ("UTC-08", "Etc/GMT+8"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Mountain Standard Time (Mexico)", "America/Mazatlan"),
    ("Mountain Standard Time", "America/Denver"),
    ("Yukon Standard Time", "America/Whitehorse"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Standard Time", "America/Chicago"),
    ("Easter Island Standard Time", "Pacific/Easter"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("Canada Central Standard Time", "America/Regina"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("Eastern Standard Time (Mexico)", "America/Cancun"),
    ("Eastern Standard Time", "America/New_York"),
    ("Haiti Standard Time", "America/Port-au-Prince"),
    ("Cuba Standard Time", "America/Havana"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("Turks And Caicos Standard Time", "America/Grand_Turk"),
    ("Paraguay Standard Time", "America/Asuncion"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("Central Brazilian Standard Time", "America/Cuiaba"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Tocantins Standard Time", "America/Araguaina"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Greenland Standard Time", "America/Nuuk"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Magallanes Standard Time", "America/Punta_Arenas"),
    ("Saint Pierre Standard Time", "America/Miquelon"),
    ("Bahia Standard Time", "America/Bahia"),
    ("UTC-02", "Etc/GMT+2"),
    ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Cape Verde Standard Time", "Atlantic/Cape_Verde"),
    ("Coordinated Universal Time", "Etc/UTC"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Sao Tome Standard Time", "Africa/Sao_Tome"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("Syria Standard Time", "Asia/Damascus"),
    ("West Bank Standard Time", "Asia/Hebron"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("South Sudan Standard Time", "Africa/Juba"),
    ("Kaliningrad Standard Time", "Europe/Kaliningrad"),
    ("Sudan Standard Time", "Africa/Khartoum"),
    ("Libya Standard Time", "Africa/Tripoli"),
    ("Namibia Standard Time", "Africa/Windhoek"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Belarus Standard Time", "Europe/Minsk"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("Volgograd Standard Time", "Europe/Volgograd"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Astrakhan Standard Time", "Europe/Astrakhan"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Russia Time Zone 3", "Europe/Samara"),
    ("Mauritius Standard Time", "Indian/Mauritius"),
    ("Saratov Standard Time", "Europe/Saratov"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Caucasus Standard Time", "Asia/Yerevan"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("Ekaterinburg Standard Time", "Asia/Yekaterinburg"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("Qyzylorda Standard Time", "Asia/Qyzylorda"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("Central Asia Standard Time", "Asia/Bishkek"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Omsk Standard Time", "Asia/Omsk"),
    ("Myanmar Standard Time", "Asia/Yangon"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Altai Standard Time", "Asia/Barnaul"),
    ("W. Mongolia Standard Time", "Asia/Hovd"),
    ("North Asia Standard Time", "Asia/Krasnoyarsk"),
    ("N. Central Asia Standard Time", "Asia/Novosibirsk"),
    ("Tomsk Standard Time", "Asia/Tomsk"),
    ("China Standard Time", "Asia/Shanghai"),
    ("North Asia East Standard Time", "Asia/Irkutsk"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"),
    ("Aus Central W. Standard Time", "Australia/Eucla"),
    ("Transbaikal Standard Time", "Asia/Chita"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("North Korea Standard Time", "Asia/Pyongyang"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Yakutsk Standard Time", "Asia/Yakutsk"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("West Pacific Standard Time", "Pacific/Port_Moresby"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Vladivostok Standard Time", "Asia/Vladivostok"),
    ("Lord Howe Standard Time", "Australia/Lord_Howe"),
    ("Bougainville Standard Time", "Pacific/Bougainville"),
    ("Russia Time Zone 10", "Asia/Srednekolymsk"),
    ("Magadan Standard Time", "Asia/Magadan"),
    ("Norfolk Standard Time", "Pacific/Norfolk"),
    ("Sakhalin Standard Time", "Asia/Sakhalin"),
    ("Central Pacific Standard Time", "Pacific/Guadalcanal"),
    ("Russia Time Zone 11", "Asia/Kamchatka"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("UTC+12", "Etc/GMT-12"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("Chatham Islands Standard Time", "Pacific/Chatham"),
    ("UTC+13", "Etc/GMT-13"),
    ("Tonga Standard Time", "Pacific/Tongatapu"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("Line Islands Standard Time", "Pacific/Kiritimati"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_the_names_that_calendars_give_them() {
        let cases = [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("w. europe standard time", Some("Europe/Berlin")),
            ("\"Pacific Standard Time\"", Some("America/Los_Angeles")),
            ("/freeassociation.sourceforge.net/Europe/Paris", Some("Europe/Paris")),
            ("/citadel.org/20210210_1/America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("tzone://Microsoft/Custom", None),
            ("Middle Earth", None),
            ("", None),
            ("../../etc/passwd", None),
        ];
        for (name, expected) in cases {
            assert_eq!(zone_named(name).as_ref().and_then(|zone| zone.iana_name()), expected, "{name}");
        }
        assert_eq!(zone_named("GMT"), Some(TimeZone::UTC));
    }

    #[test]
    fn every_zone_of_the_windows_list_is_in_the_database() {
        let unknown: Vec<&str> =
            WINDOWS.iter().filter(|(_, iana)| TimeZone::get(iana).is_err()).map(|(windows, _)| *windows).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
