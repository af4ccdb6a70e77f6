//! What the guest reads about a meeting, in the language of their own mail: English, German, Spanish, French,
//! Portuguese, Hindi. Fixed sentences and times; nothing in here comes from a mail.

use jiff::tz::TimeZone;

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
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Portuguese => "pt",
            Self::Hindi => "hi",
        }
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Spanish => &SPANISH,
            Self::French => &FRENCH,
            Self::Portuguese => &PORTUGUESE,
            Self::Hindi => &HINDI,
        }
    }
}

/// `{…}` marks what is filled in.
struct Phrases {
    /// Monday first.
    days: [&'static str; 7],
    months: [&'static str; 12],
    /// `{day} {date} {month}, {time}`.
    date: &'static str,
    /// Behind a time on the guest's clock, when ours shows another: `{city}`, `{time}`.
    zones: &'static str,
    hello: &'static str,
    hello_nobody: &'static str,
    confirmed: &'static str,
    invitation: &'static str,
    link: &'static str,
    place: &'static str,
    moved: &'static str,
    cancelled: &'static str,
    cancelled_subject: &'static str,
    not_free: &'static str,
    you_choose: &'static str,
    which: &'static str,
}

const ENGLISH: Phrases = Phrases {
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
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
    date: "{day} {date} {month}, {time}",
    zones: "{city} time ({ours_time} in {ours_city})",
    hello: "Hello {name},",
    hello_nobody: "Hello,",
    confirmed: "That works. We meet on {when}.",
    invitation: "An invitation for your calendar comes in a mail of its own.",
    link: "Video call: {link}",
    place: "Where: {place}",
    moved: "Our meeting has a new time: {when}.",
    cancelled: "Our meeting on {when} is cancelled.",
    cancelled_subject: "Cancelled: {title}",
    not_free: "Thank you. That time is not free any more on our side. These are:",
    you_choose: "Gladly. These times are free:",
    which: "Which one suits you?",
};

const GERMAN: Phrases = Phrases {
    days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    months: [
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
    date: "{day}, {date}. {month}, {time} Uhr",
    zones: "Ortszeit {city} ({ours_time} Uhr in {ours_city})",
    hello: "Guten Tag {name},",
    hello_nobody: "Guten Tag,",
    confirmed: "das passt. Unser Termin: {when}.",
    invitation: "Die Einladung für Ihren Kalender kommt in einer eigenen Mail.",
    link: "Videogespräch: {link}",
    place: "Ort: {place}",
    moved: "unser Termin ist verschoben: {when}.",
    cancelled: "unser Termin am {when} ist abgesagt.",
    cancelled_subject: "Abgesagt: {title}",
    not_free: "vielen Dank. Diese Zeit ist bei uns leider nicht mehr frei. Möglich sind:",
    you_choose: "gern. Diese Zeiten sind frei:",
    which: "Welche passt Ihnen?",
};

const SPANISH: Phrases = Phrases {
    days: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    months: [
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
    date: "{day} {date} de {month}, {time}",
    zones: "hora de {city} ({ours_time} en {ours_city})",
    hello: "Hola, {name}:",
    hello_nobody: "Hola:",
    confirmed: "Perfecto. Nos vemos el {when}.",
    invitation: "La invitación para su calendario llega en un correo aparte.",
    link: "Videollamada: {link}",
    place: "Lugar: {place}",
    moved: "Nuestra reunión cambia de hora: {when}.",
    cancelled: "Nuestra reunión del {when} queda cancelada.",
    cancelled_subject: "Cancelada: {title}",
    not_free: "Gracias. Esa hora ya no está libre por nuestra parte. Estas sí:",
    you_choose: "Con mucho gusto. Estas horas están libres:",
    which: "¿Cuál le viene bien?",
};

const FRENCH: Phrases = Phrases {
    days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    months: [
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
    date: "{day} {date} {month}, {time}",
    zones: "heure de {city} ({ours_time} à {ours_city})",
    hello: "Bonjour {name},",
    hello_nobody: "Bonjour,",
    confirmed: "C’est entendu. Notre rendez-vous : {when}.",
    invitation: "L’invitation pour votre agenda arrive dans un message à part.",
    link: "Visioconférence : {link}",
    place: "Lieu : {place}",
    moved: "Notre rendez-vous change d’heure : {when}.",
    cancelled: "Notre rendez-vous du {when} est annulé.",
    cancelled_subject: "Annulé : {title}",
    not_free: "Merci. Cette heure n’est plus libre de notre côté. Celles-ci le sont :",
    you_choose: "Avec plaisir. Ces heures sont libres :",
    which: "Laquelle vous convient ?",
};

const PORTUGUESE: Phrases = Phrases {
    days: ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"],
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    date: "{day}, {date} de {month}, {time}",
    zones: "horário de {city} ({ours_time} em {ours_city})",
    hello: "Olá, {name},",
    hello_nobody: "Olá,",
    confirmed: "Combinado. Nossa reunião: {when}.",
    invitation: "O convite para a sua agenda chega em um e-mail à parte.",
    link: "Videochamada: {link}",
    place: "Local: {place}",
    moved: "Nossa reunião tem um novo horário: {when}.",
    cancelled: "Nossa reunião de {when} foi cancelada.",
    cancelled_subject: "Cancelada: {title}",
    not_free: "Obrigado. Esse horário já não está livre do nosso lado. Estes estão:",
    you_choose: "Com prazer. Estes horários estão livres:",
    which: "Qual deles fica bem para você?",
};

const HINDI: Phrases = Phrases {
    days: ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"],
    months: ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"],
    date: "{day}, {date} {month}, {time} बजे",
    zones: "{city} समय ({ours_city} में {ours_time} बजे)",
    hello: "नमस्ते {name},",
    hello_nobody: "नमस्ते,",
    confirmed: "यह समय ठीक है। हमारी मुलाक़ात: {when}।",
    invitation: "आपके कैलेंडर के लिए निमंत्रण एक अलग मेल में आएगा।",
    link: "वीडियो कॉल: {link}",
    place: "स्थान: {place}",
    moved: "हमारी मुलाक़ात का नया समय: {when}।",
    cancelled: "{when} की हमारी मुलाक़ात रद्द हो गई है।",
    cancelled_subject: "रद्द: {title}",
    not_free: "धन्यवाद। वह समय अब हमारी ओर से ख़ाली नहीं है। ये समय ख़ाली हैं:",
    you_choose: "ज़रूर। ये समय ख़ाली हैं:",
    which: "आपको कौन-सा समय ठीक रहेगा?",
};

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

fn clock(time: &jiff::Zoned) -> String {
    format!("{}:{:02}", time.hour(), time.minute())
}

/// "New York" from `America/New_York`.
fn city(zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// Replaces each `{name}` once; the values are not looked into.
fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
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

/// What the guest reads when the meeting stands in the calendar.
pub fn confirmation(language: Language, people: &People<'_>, when: &str, place: &str, link: Option<&str>) -> String {
    let phrases = language.phrases();
    let where_ = match (link, place) {
        (Some(link), _) => fill(phrases.link, &[("link", link)]),
        (None, "") => String::new(),
        (None, place) => fill(phrases.place, &[("place", place)]),
    };
    letter(language, people, &[fill(phrases.confirmed, &[("when", when)]), where_, phrases.invitation.to_owned()])
}

pub fn moved(language: Language, people: &People<'_>, when: &str, link: Option<&str>) -> String {
    let phrases = language.phrases();
    let link = link.map(|link| fill(phrases.link, &[("link", link)])).unwrap_or_default();
    letter(language, people, &[fill(phrases.moved, &[("when", when)]), link])
}

/// `reason` is a person's own sentence, or empty.
pub fn cancelled(language: Language, people: &People<'_>, when: &str, reason: &str) -> String {
    letter(language, people, &[fill(language.phrases().cancelled, &[("when", when)]), reason.to_owned()])
}

pub fn cancelled_subject(language: Language, title: &str) -> String {
    fill(language.phrases().cancelled_subject, &[("title", title)])
}

/// Free times to choose from, one a line.
pub fn offer(language: Language, people: &People<'_>, times: &[String], you_choose: bool) -> String {
    let phrases = language.phrases();
    let opening = if you_choose { phrases.you_choose } else { phrases.not_free };
    let list = times.iter().map(|time| format!("- {time}")).collect::<Vec<_>>().join("\n");
    letter(language, people, &[format!("{opening}\n{list}"), phrases.which.to_owned()])
}

/// The fixed sentences an offer is made of, for whoever checks where its words come from.
pub fn offer_template(language: Language) -> String {
    let phrases = language.phrases();
    [phrases.hello, phrases.hello_nobody, phrases.not_free, phrases.you_choose, phrases.which].join("\n")
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
    fn a_letter_greets_says_it_and_is_signed() {
        let people = People { guest: "Gwen", sender: "Nora Whitfield" };
        let text =
            confirmation(Language::English, &people, "Tuesday 24 November, 10:30", "", Some("https://meet.example/a"));
        assert_eq!(
            text,
            "Hello Gwen,\n\nThat works. We meet on Tuesday 24 November, 10:30.\n\nVideo call: https://meet.example/a\n\n\
             An invitation for your calendar comes in a mail of its own.\n\nNora Whitfield"
        );
        let text = offer(Language::Spanish, &People::default(), &["martes".into(), "jueves".into()], false);
        assert_eq!(
            text,
            "Hola:\n\nGracias. Esa hora ya no está libre por nuestra parte. Estas sí:\n- martes\n- jueves\n\n\
             ¿Cuál le viene bien?"
        );
    }

    #[test]
    fn what_a_person_typed_is_not_read_as_a_pattern() {
        let text = cancelled(Language::English, &People { guest: "{when}", sender: "" }, "Monday", "See {link}");
        assert_eq!(text, "Hello {when},\n\nOur meeting on Monday is cancelled.\n\nSee {link}");
    }
}
