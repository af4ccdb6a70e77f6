//! What the guest reads about a meeting, in the language of their own mail: English, German, Spanish, French,
//! Portuguese, Hindi. Fixed sentences and times; nothing in here comes from a mail.

mod phrases;

use jiff::tz::TimeZone;

use super::decide::WhyOffer;
use crate::base::UnixMillis;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    German,
    Spanish,
    French,
    Portuguese,
    Hindi,
}

impl Language {
    /// From a BCP 47 tag; what we do not speak is answered in English.
    pub fn of(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "de" => Self::German,
            "es" => Self::Spanish,
            "fr" => Self::French,
            "pt" => Self::Portuguese,
            "hi" => Self::Hindi,
            _ => Self::English,
        }
    }

    pub fn tag(self) -> &'static str {
        self.among(["en", "de", "es", "fr", "pt", "hi"])
    }

    /// The one of six in this language: English, German, Spanish, French, Portuguese, Hindi.
    pub fn among<T: ?Sized>(self, six: [&'static T; 6]) -> &'static T {
        let [english, german, spanish, french, portuguese, hindi] = six;
        match self {
            Self::English => english,
            Self::German => german,
            Self::Spanish => spanish,
            Self::French => french,
            Self::Portuguese => portuguese,
            Self::Hindi => hindi,
        }
    }
}

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
    let phrases = language.phrases();
    let (theirs, ours) = (at.in_zone(&clocks.guest), at.in_zone(&clocks.ours));
    let day = usize::from(theirs.weekday().to_monday_zero_offset().unsigned_abs());
    let month = usize::from(theirs.month().unsigned_abs()).saturating_sub(1);
    let text = fill(
        phrases.date,
        &[
            ("day", phrases.days.get(day).copied().unwrap_or_default()),
            ("date", &theirs.day().to_string()),
            ("month", phrases.months.get(month).copied().unwrap_or_default()),
            ("time", &clock(&theirs)),
        ],
    );
    if theirs.datetime() == ours.datetime() {
        return text;
    }
    let zones = fill(
        phrases.zones,
        &[("city", &city(&clocks.guest)), ("ours_time", &clock(&ours)), ("ours_city", &city(&clocks.ours))],
    );
    format!("{text} {zones}")
}

/// "Tuesday 24 November".
pub fn day(language: Language, date: jiff::civil::Date) -> String {
    let phrases = language.phrases();
    let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
    let pattern = phrases.date.split_once(", {time}").map_or(phrases.date, |(day, _)| day);
    let values = [
        ("day", phrases.days.get(weekday).copied().unwrap_or_default()),
        ("date", &date.day().to_string()),
        ("month", month_name(language, date)),
    ];
    fill(pattern, &values)
}

fn month_name(language: Language, date: jiff::civil::Date) -> &'static str {
    let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
    language.phrases().months.get(month).copied().unwrap_or_default()
}

/// "November 2026".
pub fn month(language: Language, date: jiff::civil::Date) -> String {
    format!("{} {}", month_name(language, date), date.year())
}

/// Two letters for the head of a month, Monday first; in Hindi the day without its "वार".
pub fn weekdays(language: Language) -> [String; 7] {
    language.phrases().days.map(|day| match day.strip_suffix("वार") {
        Some(short) => short.to_owned(),
        None => day.chars().take(2).collect(),
    })
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

/// Replaces each `{name}` once; the values are not looked into.
pub fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(pattern.len() + 40);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else { break };
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// "Tuesday 24 November 2026, 11:00–11:20" on the guest's clock, and which clock that is: "London time (12:00 in Berlin)",
/// with our day where it is another.
pub fn span(language: Language, start: UnixMillis, end: UnixMillis, clocks: &Clocks) -> (String, String) {
    let phrases = language.phrases();
    let (theirs, until, ours) = (start.in_zone(&clocks.guest), end.in_zone(&clocks.guest), start.in_zone(&clocks.ours));
    let weekday = |day: &jiff::Zoned| {
        let day = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        phrases.days.get(day).copied().unwrap_or_default()
    };
    let month = usize::from(theirs.month().unsigned_abs()).saturating_sub(1);
    let month = phrases.months.get(month).copied().unwrap_or_default();
    let month = match language {
        Language::Spanish | Language::Portuguese => format!("{month} de {}", theirs.year()),
        _ => format!("{month} {}", theirs.year()),
    };
    let value = fill(
        phrases.date,
        &[
            ("day", weekday(&theirs)),
            ("date", &theirs.day().to_string()),
            ("month", &month),
            ("time", &format!("{}–{}", clock(&theirs), clock(&until))),
        ],
    );
    let shown = match theirs.date() == ours.date() {
        true => clock(&ours),
        false => format!("{} {}", weekday(&ours), clock(&ours)),
    };
    let pattern = match theirs.datetime() == ours.datetime() {
        true => phrases.zones.split_once(" (").map_or(phrases.zones, |(theirs, _)| theirs),
        false => phrases.zones,
    };
    let values = [("city", city(&clocks.guest)), ("ours_time", shown), ("ours_city", city(&clocks.ours))];
    (value, fill(pattern, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))
}

/// Whom a letter goes to and who signs it.
#[derive(Clone, Debug, Default)]
pub struct People<'a> {
    /// First name, or empty.
    pub guest: &'a str,
    pub sender: &'a str,
}

fn letter(language: Language, people: &People<'_>, body: &[String]) -> String {
    let phrases = language.phrases();
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
    let phrases = language.phrases();
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
    let phrases = language.phrases();
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
    let phrases = language.phrases();
    match text {
        _ if text.contains(phrases.you_choose) => WhyOffer::YouChoose,
        _ if text.contains(phrases.is_free) => WhyOffer::ToConfirm,
        _ => WhyOffer::NotFree,
    }
}

/// The fixed sentences an offer is made of, with its links, for whoever checks where its words come from.
pub fn offer_template(language: Language, links: &[String]) -> String {
    let phrases = language.phrases();
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
            ("fr", "Europe/Paris", "mardi 24 novembre, 10:30 heure de Paris (9:30 à London)"),
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
            assert!(!text.ends_with(Language::of(tag).phrases().which), "{text}");
            let one = offer(Language::of(tag), &People::default(), &["1".into()], &links[..1], WhyOffer::ToConfirm);
            assert!(one.ends_with(Language::of(tag).phrases().confirm_there) && one.contains(&links[0]), "{one}");
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
