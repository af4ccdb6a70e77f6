//! What the guest reads about a meeting, in the language of their own mail: English, German, Spanish, French,
//! Portuguese, Hindi. Fixed sentences and times; nothing in here comes from a mail.

mod phrases;

use jiff::tz::TimeZone;

use phrases::Phrases;

use super::decide::WhyOffer;
use crate::base::UnixMillis;
pub use crate::base::{fill, Language};

/// Whose clocks a time is written on: theirs first, ours beside it where it shows another hour.
#[derive(Clone, Debug)]
pub struct Clocks {
    pub guest: TimeZone,
    pub ours: TimeZone,
}

impl Clocks {
    pub fn of(guest: &str, ours: &str) -> Self {
        let zone = |name: &str| TimeZone::get(name).unwrap_or(TimeZone::UTC);
        Self { guest: zone(guest), ours: zone(ours) }
    }
}

/// "Tuesday 24 November, 10:30", with both clocks where they differ.
pub fn when(language: Language, at: UnixMillis, clocks: &Clocks) -> String {
    let phrases = Phrases::of(language);
    let (theirs, ours) = (at.in_zone(&clocks.guest), at.in_zone(&clocks.ours));
    let text = dated(language, theirs.date(), month_name(language, theirs.date()), &clock(&theirs));
    let text = text + &which_of_two(&theirs);
    if theirs.datetime() == ours.datetime() {
        return text;
    }
    format!("{text} {}", zones(phrases.zones, clocks, &clock(&ours)))
}

/// "Tuesday 24 November, 10:30–11:00" on one clock.
pub fn stretch(language: Language, start: UnixMillis, end: UnixMillis, zone: &TimeZone) -> String {
    let (start, end) = (start.in_zone(zone), end.in_zone(zone));
    let time = format!("{}–{}", clock(&start), clock(&end));
    dated(language, start.date(), month_name(language, start.date()), &time) + &which_of_two(&start)
}

/// "Tuesday 24 November".
pub fn day(language: Language, date: jiff::civil::Date) -> String {
    let pattern = Phrases::of(language).date;
    let pattern = pattern.split_once(", {time}").map_or(pattern, |(day, _)| day);
    dated_as(pattern, language, date, month_name(language, date), "")
}

/// "10:30", as it stands behind "until": "10:30 Uhr", "las 10:30", "à 10:30".
pub fn at_clock(language: Language, time: &jiff::Zoned) -> String {
    let pattern = Phrases::of(language).date;
    let unit = pattern.split_once("{time}").map_or("", |(_, unit)| unit);
    let article = match (language, time.hour()) {
        (Language::Spanish, 1) => "la ",
        (Language::Spanish, _) => "las ",
        (Language::French, _) => "à ",
        _ => "",
    };
    format!("{article}{}{unit}{}", clock(time), which_of_two(time))
}

/// The same of another day: "Tuesday 24 November, 10:30", "el martes 24 de noviembre, 10:30", "au mardi 24 novembre".
pub fn on_day(language: Language, at: UnixMillis, clocks: &Clocks) -> String {
    let article = match language {
        Language::Spanish => "el ",
        Language::French => "au ",
        _ => "",
    };
    format!("{article}{}", when(language, at, clocks))
}

fn dated(language: Language, date: jiff::civil::Date, month: &str, time: &str) -> String {
    dated_as(Phrases::of(language).date, language, date, month, time)
}

fn dated_as(pattern: &str, language: Language, date: jiff::civil::Date, month: &str, time: &str) -> String {
    let number = match (language, date.day()) {
        (Language::French, 1) => "1er".to_owned(),
        (Language::Portuguese, 1) => "1º".to_owned(),
        (_, day) => day.to_string(),
    };
    fill(pattern, &[("day", day_name(language, date)), ("date", &number), ("month", month), ("time", time)])
}

fn day_name(language: Language, date: jiff::civil::Date) -> &'static str {
    let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    Phrases::of(language).days.get(weekday).copied().unwrap_or_default()
}

/// Which clock a time is on, and what ours shows.
fn zones(pattern: &str, clocks: &Clocks, ours_time: &str) -> String {
    let (city, ours) = (city(&clocks.guest), city(&clocks.ours));
    let of = [of_city(&city), of_city(&ours)];
    let values = [
        ("city", city.as_str()),
        ("of_city", &of[0]),
        ("ours_time", ours_time),
        ("ours_city", &ours),
        ("of_ours", &of[1]),
    ];
    fill(pattern, &values)
}

/// In French: "de Paris", "d’Amsterdam"; "UTC" is no city.
fn of_city(city: &str) -> String {
    if city == "UTC" {
        return city.to_owned();
    }
    match city.starts_with(['A', 'E', 'I', 'O', 'U']) {
        true => format!("d’{city}"),
        false => format!("de {city}"),
    }
}

fn month_name(language: Language, date: jiff::civil::Date) -> &'static str {
    let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
    Phrases::of(language).months.get(month).copied().unwrap_or_default()
}

/// "November 2026".
pub fn month(language: Language, date: jiff::civil::Date) -> String {
    match language {
        Language::Spanish | Language::Portuguese => format!("{} de {}", month_name(language, date), date.year()),
        _ => format!("{} {}", month_name(language, date), date.year()),
    }
}

/// A day's short name within a sentence: English has three letters there.
pub fn weekday(language: Language, date: jiff::civil::Date) -> String {
    if language == Language::English {
        return date.strftime("%a").to_string();
    }
    let days = weekdays(language);
    days[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())].clone()
}

/// Two letters for the head of a month, Monday first; in Hindi the day without its "वार", in Portuguese three, since two
/// are the same for several.
pub fn weekdays(language: Language) -> [String; 7] {
    Phrases::of(language).days.map(|day| match day.strip_suffix("वार") {
        Some(short) => short.to_owned(),
        None => day.chars().take(if language == Language::Portuguese { 3 } else { 2 }).collect(),
    })
}

/// Of a time that the clock shows twice, as it is set back, which of the two it is: " (BST)". Empty of any other.
pub fn which_of_two(time: &jiff::Zoned) -> String {
    match time.time_zone().to_ambiguous_timestamp(time.datetime()).is_ambiguous() {
        true => time.strftime(" (%Z)").to_string(),
        false => String::new(),
    }
}

/// "9:30".
pub fn clock(time: &jiff::Zoned) -> String {
    format!("{}:{:02}", time.hour(), time.minute())
}

/// "New York" from `America/New_York`.
fn city(zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// "Tuesday 24 November 2026, 11:00–11:20" on the guest's clock, and which clock that is: "London time (12:00 in Berlin)",
/// with our day where it is another.
pub fn span(language: Language, start: UnixMillis, end: UnixMillis, clocks: &Clocks) -> (String, String) {
    let phrases = Phrases::of(language);
    let (theirs, until, ours) = (start.in_zone(&clocks.guest), end.in_zone(&clocks.guest), start.in_zone(&clocks.ours));
    let time = format!("{}–{}", clock(&theirs), clock(&until));
    let value = dated(language, theirs.date(), &month(language, theirs.date()), &time) + &which_of_two(&theirs);
    let shown = match theirs.date() == ours.date() {
        true => clock(&ours),
        false => format!("{} {}", day_name(language, ours.date()), clock(&ours)),
    };
    let pattern = match theirs.datetime() == ours.datetime() {
        true => phrases.zones.split_once(" (").map_or(phrases.zones, |(theirs, _)| theirs),
        false => phrases.zones,
    };
    (value, zones(pattern, clocks, &shown))
}

/// Whom a letter goes to and who signs it.
#[derive(Clone, Debug, Default)]
pub struct People<'a> {
    /// First name, or empty.
    pub guest: &'a str,
    pub sender: &'a str,
}

fn letter(language: Language, people: &People<'_>, body: &[String]) -> String {
    let phrases = Phrases::of(language);
    let hello = match people.guest {
        "" => phrases.hello_nobody.to_owned(),
        name => fill(phrases.hello, &[("name", name)]),
    };
    let parts = std::iter::once(hello.as_str()).chain(body.iter().map(String::as_str)).chain([people.sender]);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Where they meet, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Link {
        link: &'a str,
        /// Where the link does not carry it.
        passcode: Option<&'a str>,
    },
    /// It is still being made.
    LinkFollows,
    /// On the guest's number; empty where it is not known.
    WeCall {
        number: &'a str,
    },
    TheyCall {
        number: &'a str,
    },
    /// Empty: nothing is said.
    At(&'a str),
}

pub fn place_words(language: Language, place: &Place<'_>) -> String {
    let phrases = Phrases::of(language);
    match place {
        Place::Link { link, passcode: None } => fill(phrases.link, &[("link", link)]),
        // "PIN" is understood in all of these languages.
        Place::Link { link, passcode: Some(code) } => {
            format!("{} (PIN: {code})", fill(phrases.link, &[("link", link)]))
        }
        Place::LinkFollows => phrases.link_follows.to_owned(),
        Place::WeCall { number: "" } => phrases.we_call.to_owned(),
        Place::WeCall { number } => fill(phrases.we_call_at, &[("number", number)]),
        Place::TheyCall { number } => fill(phrases.they_call, &[("number", number)]),
        Place::At("") => String::new(),
        Place::At(place) => fill(phrases.place, &[("place", place)]),
    }
}

/// Free times to choose from, one a line, each above the link that books it where there is one.
pub fn offer(language: Language, people: &People<'_>, times: &[String], links: &[String], why: WhyOffer) -> String {
    let phrases = Phrases::of(language);
    let opening = match why {
        WhyOffer::NotFree => phrases.not_free,
        WhyOffer::YouChoose => phrases.you_choose,
        WhyOffer::ToConfirm => phrases.is_free,
    };
    let line = |(at, time): (usize, &String)| match links.get(at) {
        Some(link) => format!("- {time}\n  {link}"),
        None => format!("- {time}"),
    };
    let list = times.iter().enumerate().map(line).collect::<Vec<_>>().join("\n");
    let which = match why {
        WhyOffer::ToConfirm => phrases.confirm_there,
        _ if links.is_empty() => phrases.which,
        _ => phrases.by_link,
    };
    letter(language, people, &[format!("{opening}\n{list}"), which.to_owned()])
}

/// Why the times in this text of ours are offered, as its opening says.
pub fn why_of(language: Language, text: &str) -> WhyOffer {
    let phrases = Phrases::of(language);
    match text {
        _ if text.contains(phrases.you_choose) => WhyOffer::YouChoose,
        _ if text.contains(phrases.is_free) => WhyOffer::ToConfirm,
        _ => WhyOffer::NotFree,
    }
}

/// The fixed sentences an offer is made of, with its links, for whoever checks where its words come from.
pub fn offer_template(language: Language, links: &[String]) -> String {
    let phrases = Phrases::of(language);
    let sentences = [
        phrases.hello,
        phrases.hello_nobody,
        phrases.not_free,
        phrases.you_choose,
        phrases.is_free,
        phrases.which,
        phrases.by_link,
        phrases.confirm_there,
    ];
    sentences.into_iter().chain(links.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_time_is_written_in_the_guests_language_and_on_both_clocks_where_they_differ() {
        let time = at("2026-11-24T09:30:00Z");
        let cases = [
            ("en-GB", "Europe/London", "Tuesday 24 November, 9:30"),
            ("en", "Europe/Berlin", "Tuesday 24 November, 10:30 Berlin time (9:30 in London)"),
            ("de", "Europe/Berlin", "Dienstag, 24. November, 10:30 Uhr Ortszeit Berlin (9:30 Uhr in London)"),
            ("es", "Europe/Lisbon", "martes 24 de noviembre, 9:30"),
            ("fr", "Europe/Paris", "mardi 24 novembre, 10:30 heure de Paris (9:30, heure de London)"),
            ("pt-BR", "America/Sao_Paulo", "terça-feira, 24 de novembro, 6:30 horário de Sao Paulo (9:30 em London)"),
            ("hi", "Asia/Kolkata", "मंगलवार, 24 नवंबर, 15:00 बजे Kolkata समय (London में 9:30 बजे)"),
            ("sv", "Pacific/Auckland", "Tuesday 24 November, 22:30 Auckland time (9:30 in London)"),
        ];
        for (tag, zone, expected) in cases {
            let clocks = Clocks::of(zone, "Europe/London");
            assert_eq!(when(Language::of(tag), time, &clocks), expected, "{tag}");
        }
    }

    #[test]
    fn a_stretch_of_time_names_its_clock_and_ours_with_our_day_where_it_is_another() {
        let (start, end) = (at("2026-11-24T22:30:00Z"), at("2026-11-24T23:00:00Z"));
        let cases = [
            ("en", "Europe/London", "Tuesday 24 November 2026, 22:30–23:00", "London time"),
            ("en", "Asia/Tokyo", "Wednesday 25 November 2026, 7:30–8:00", "Tokyo time (Tuesday 22:30 in London)"),
            (
                "de",
                "Europe/Berlin",
                "Dienstag, 24. November 2026, 23:30–0:00 Uhr",
                "Ortszeit Berlin (22:30 Uhr in London)",
            ),
            ("es", "Europe/Lisbon", "martes 24 de noviembre de 2026, 22:30–23:00", "hora de Lisbon"),
            ("hi", "Europe/London", "मंगलवार, 24 नवंबर 2026, 22:30–23:00 बजे", "London समय"),
        ];
        for (tag, zone, value, note) in cases {
            let said = span(Language::of(tag), start, end, &Clocks::of(zone, "Europe/London"));
            assert_eq!(said, (value.to_owned(), note.to_owned()), "{tag} {zone}");
        }
    }

    #[test]
    fn a_stretch_on_one_clock_stands_before_the_word_for_the_hour() {
        let (start, end) = (at("2026-12-01T12:30:00Z"), at("2026-12-01T13:00:00Z"));
        let cases = [
            ("en", "Tuesday 1 December, 12:30–13:00", "12:30", "December 2026"),
            ("de", "Dienstag, 1. Dezember, 12:30–13:00 Uhr", "12:30 Uhr", "Dezember 2026"),
            ("es", "martes 1 de diciembre, 12:30–13:00", "las 12:30", "diciembre de 2026"),
            ("fr", "mardi 1er décembre, 12:30–13:00", "à 12:30", "décembre 2026"),
            ("pt", "terça-feira, 1º de dezembro, 12:30–13:00", "12:30", "dezembro de 2026"),
            ("hi", "मंगलवार, 1 दिसंबर, 12:30–13:00 बजे", "12:30 बजे", "दिसंबर 2026"),
        ];
        for (tag, said, hour, of_month) in cases {
            let (language, begins) = (Language::of(tag), start.in_zone(&TimeZone::UTC));
            assert_eq!(stretch(language, start, end, &TimeZone::UTC), said);
            assert_eq!(at_clock(language, &begins), hour);
            assert_eq!(month(language, begins.date()), of_month);
            assert!(said.starts_with(&day(language, begins.date())), "{said}");
        }
        let amsterdam = when(Language::French, start, &Clocks::of("Europe/Amsterdam", "Asia/Tokyo"));
        assert!(amsterdam.ends_with("13:30 heure d’Amsterdam (21:30, heure de Tokyo)"), "{amsterdam}");
    }

    #[test]
    fn of_an_hour_that_comes_twice_each_is_told_apart() {
        let (summer, winter) = (at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"));
        let london = TimeZone::get("Europe/London").unwrap();
        let clocks = Clocks::of("Europe/London", "Europe/London");
        let cases = [
            ("en", "Sunday 25 October, 1:30 (BST)", "Sunday 25 October, 1:30 (GMT)"),
            ("de", "Sonntag, 25. Oktober, 1:30 Uhr (BST)", "Sonntag, 25. Oktober, 1:30 Uhr (GMT)"),
            ("es", "domingo 25 de octubre, 1:30 (BST)", "domingo 25 de octubre, 1:30 (GMT)"),
            ("fr", "dimanche 25 octobre, 1:30 (BST)", "dimanche 25 octobre, 1:30 (GMT)"),
            ("pt", "domingo, 25 de outubro, 1:30 (BST)", "domingo, 25 de outubro, 1:30 (GMT)"),
            ("hi", "रविवार, 25 अक्टूबर, 1:30 बजे (BST)", "रविवार, 25 अक्टूबर, 1:30 बजे (GMT)"),
        ];
        for (tag, first, second) in cases {
            let said = [summer, winter].map(|time| when(Language::of(tag), time, &clocks));
            assert_eq!(said, [first, second], "{tag}");
        }
        let until = at("2026-10-25T02:00:00Z");
        assert_eq!(stretch(Language::English, winter, until, &london), "Sunday 25 October, 1:30–2:00 (GMT)");
        assert_eq!(at_clock(Language::German, &summer.in_zone(&london)), "1:30 Uhr (BST)");
        let (value, _) = span(Language::English, summer, winter, &clocks);
        assert_eq!(value, "Sunday 25 October 2026, 1:30–1:30 (BST)");
        let before = when(Language::English, at("2026-10-24T23:30:00Z"), &clocks);
        assert_eq!(before, "Sunday 25 October, 0:30", "an hour that comes once");
        let forward = when(Language::English, at("2027-03-28T01:30:00Z"), &clocks);
        assert_eq!(forward, "Sunday 28 March, 2:30");
    }

    #[test]
    fn an_offer_greets_lists_the_times_and_asks() {
        let text =
            offer(Language::Spanish, &People::default(), &["martes".into(), "jueves".into()], &[], WhyOffer::NotFree);
        assert_eq!(
            text,
            "Hola:\n\nGracias. Esa hora ya no está libre por nuestra parte. Estas sí:\n- martes\n- jueves\n\n\
             ¿Cuál le viene bien?"
        );
    }

    #[test]
    fn an_offer_with_links_has_each_below_its_time_and_says_what_it_is_for_in_every_language() {
        for tag in ["en", "de", "es", "fr", "pt", "hi"] {
            let links = ["https://own.example/booking/at/x".to_owned(), "https://own.example/booking/at/y".to_owned()];
            let text =
                offer(Language::of(tag), &People::default(), &["1".into(), "2".into()], &links, WhyOffer::YouChoose);
            assert!(text.contains(&format!("- 1\n  {}\n- 2\n  {}\n\n", links[0], links[1])), "{text}");
            assert!(!text.ends_with(Phrases::of(Language::of(tag)).which), "{text}");
            let one = offer(Language::of(tag), &People::default(), &["1".into()], &links[..1], WhyOffer::ToConfirm);
            assert!(one.ends_with(Phrases::of(Language::of(tag)).confirm_there) && one.contains(&links[0]), "{one}");
        }
    }

    #[test]
    fn every_way_to_meet_is_said_in_every_language() {
        let languages = [
            Language::English,
            Language::German,
            Language::Spanish,
            Language::French,
            Language::Portuguese,
            Language::Hindi,
        ];
        let places = [
            (
                Place::Link { link: "https://webex.example/j", passcode: Some("4711") },
                "https://webex.example/j (PIN: 4711)",
            ),
            (Place::WeCall { number: "+44 1539 555 0100" }, "+44 1539 555 0100"),
            (Place::TheyCall { number: "+44 20 7946 0000" }, "+44 20 7946 0000"),
            (Place::At("2 Mill Lane"), "2 Mill Lane"),
        ];
        for language in languages {
            for (place, said) in &places {
                assert!(place_words(language, place).contains(said), "{language:?} {place:?}");
            }
            for place in [Place::LinkFollows, Place::WeCall { number: "" }] {
                assert!(place_words(language, &place).len() > 10, "{language:?} {place:?}");
            }
        }
    }

    #[test]
    fn what_a_person_typed_is_not_read_as_a_pattern() {
        let text =
            offer(Language::English, &People { guest: "{when}", sender: "See {link}" }, &[], &[], WhyOffer::YouChoose);
        assert!(text.starts_with("Hello {when},") && text.ends_with("See {link}"), "{text}");
    }
}
