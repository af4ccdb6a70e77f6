//! The cast: fifteen leads of a small business that sells heat pumps. All names, companies and addresses are invented;
//! the domains are reserved for examples (RFC 2606).

use super::client::MailProgram::{Apple, Gmail, Outlook};
use super::language::Language::{English, French, German, Spanish};
use super::script::{on_mail, on_offer, Act, Bounce, Character};

pub(super) const CAST: [Character; 15] = [
    // Friendly and thorough: asks before she agrees.
    Character {
        first: "Maren",
        last: "Oltmanns",
        email: "maren@pension-deichblick.example",
        company: "Pension Deichblick",
        title: "Inhaberin",
        city: "Husum",
        country: "Germany",
        zone: "Europe/Berlin",
        language: German,
        building: "guest house with 14 rooms",
        heating: "oil, 1998",
        program: Gmail,
        delay: (25, 70),
        signature: "Pension Deichblick, Husum",
        thanks: "Danke, der Termin steht im Kalender. Bis dann!",
        turns: &[
            on_mail(Act::Write(
                "Moin {owner},\n\ndas klingt gut. Wir heizen noch mit Öl, der Kessel ist von 1998. Läuft so eine \
                 Wärmepumpe auch mit unseren alten Heizkörpern, oder brauche ich dafür eine Fußbodenheizung? Wenn das \
                 klappt, würde ich gern mehr darüber hören.",
            )),
            on_offer(0, "Moin {owner},\n\n{when} passt mir gut."),
        ],
    },
    // Brisk: names a time and nothing else.
    Character {
        first: "Tom",
        last: "Ashdown",
        email: "tom@ashdown-lettings.example",
        company: "Ashdown Lettings",
        title: "Director",
        city: "York",
        country: "United Kingdom",
        zone: "Europe/London",
        language: English,
        building: "38 rented flats",
        heating: "gas",
        program: Apple,
        delay: (10, 35),
        signature: "",
        thanks: "Got it, speak then.",
        turns: &[on_mail(Act::Write("Tuesday around half ten? Best by phone.")), on_offer(0, "{when} it is.")],
    },
    // Organised, across the ocean: asks for times and picks the second.
    Character {
        first: "Priya",
        last: "Raman",
        email: "priya.raman@lakeview-school.example",
        company: "Lakeview School",
        title: "Facilities Manager",
        city: "Chicago",
        country: "United States",
        zone: "America/Chicago",
        language: English,
        building: "school for 420 pupils",
        heating: "gas, two boilers",
        program: Outlook,
        delay: (40, 120),
        signature: "Facilities Manager\nLakeview School\n(312) 555-0147",
        thanks: "Thank you, I have accepted the invitation.",
        turns: &[
            on_mail(Act::Write(
                "Hi {owner},\n\nYes, replacing our boilers is on the list for next summer, so this is good timing. \
                 Please send me a few times that suit you and we can talk it through.",
            )),
            on_offer(1, "Hi {owner},\n\n{when} works for me."),
        ],
    },
    // Polite and final.
    Character {
        first: "Lucía",
        last: "Ferrer",
        email: "lucia@panaderia-ferrer.example",
        company: "Panadería Ferrer",
        title: "Gerente",
        city: "Valencia",
        country: "Spain",
        zone: "Europe/Madrid",
        language: Spanish,
        building: "bakery with a shop",
        heating: "heat from the ovens",
        program: Gmail,
        delay: (60, 180),
        signature: "Panadería Ferrer",
        thanks: "",
        turns: &[on_mail(Act::Write(
            "Hola {owner}:\n\nGracias por escribir, pero no nos interesa. Con el calor de los hornos nos sobra. Mucha \
             suerte.",
        ))],
    },
    // Angry, and means it.
    Character {
        first: "Gordon",
        last: "Pike",
        email: "g.pike@pike-haulage.example",
        company: "Pike Haulage",
        title: "Owner",
        city: "Hull",
        country: "United Kingdom",
        zone: "Europe/London",
        language: English,
        building: "depot and offices",
        heating: "gas",
        program: Outlook,
        delay: (5, 15),
        signature: "Pike Haulage",
        thanks: "",
        turns: &[
            on_mail(Act::Write(
                "Who gave you this address? Stop emailing me and take me off your list. I don't want to hear from you \
                 again.",
            )),
            on_mail(Act::Write("I told you to stop. The next one goes to the regulator.")),
        ],
    },
    // Away when the first mail comes, keen when she is back.
    Character {
        first: "Claire",
        last: "Dubreuil",
        email: "claire.dubreuil@hotel-des-tilleuls.example",
        company: "Hôtel des Tilleuls",
        title: "Directrice",
        city: "Annecy",
        country: "France",
        zone: "Europe/Paris",
        language: French,
        building: "hotel with 32 rooms",
        heating: "gas, 2009",
        program: Outlook,
        delay: (45, 90),
        signature: "Directrice\nHôtel des Tilleuls\n01 99 00 41 27",
        thanks: "Merci, c'est noté. À bientôt !",
        turns: &[
            on_mail(Act::OutOfOffice(
                "Réponse automatique : ",
                "Bonjour,\n\nJe suis absente du bureau et serai de retour le {return}. Je lirai votre message à mon \
                 retour.\n\nCordialement,\nClaire Dubreuil",
            )),
            on_mail(Act::Write(
                "Bonjour {owner},\n\nMe voilà de retour. Volontiers, parlons-en : jeudi à 14h, cela vous irait ?",
            )),
            on_offer(0, "Bonjour {owner},\n\nD'accord pour {when}."),
        ],
    },
    // The wrong desk, but helpful.
    Character {
        first: "Henrik",
        last: "Vogt",
        email: "h.vogt@vogt-metallbau.example",
        company: "Vogt Metallbau",
        title: "Vertriebsleiter",
        city: "Kassel",
        country: "Germany",
        zone: "Europe/Berlin",
        language: German,
        building: "workshop of 1,200 m²",
        heating: "gas, 2003",
        program: Outlook,
        delay: (30, 90),
        signature: "Vertriebsleiter\nVogt Metallbau",
        thanks: "",
        turns: &[on_mail(Act::Write(
            "Guten Tag,\n\ndafür bin ich der falsche Ansprechpartner, ich mache den Vertrieb. Um unsere Gebäude \
             kümmert sich Frau Sabine Krüger, sabine.krueger@vogt-metallbau.example. Bitte wenden Sie sich direkt an \
             sie.",
        ))],
    },
    // Would, but not before spring.
    Character {
        first: "Aoife",
        last: "Brennan",
        email: "aoife@brennan-gardens.example",
        company: "Brennan Gardens",
        title: "Manager",
        city: "Galway",
        country: "Ireland",
        zone: "Europe/Dublin",
        language: English,
        building: "garden centre with glasshouses",
        heating: "oil",
        program: Gmail,
        delay: (50, 150),
        signature: "Brennan Gardens",
        thanks: "",
        turns: &[on_mail(Act::Write(
            "Hi {owner},\n\nNot now, we are run off our feet until Christmas. Try me again in March and I might be \
             able to look at it.",
        ))],
    },
    // Reads everything, answers nothing.
    Character {
        first: "Walter",
        last: "Simms",
        email: "walter.simms@simms-accountants.example",
        company: "Simms Accountants",
        title: "Partner",
        city: "Leeds",
        country: "United Kingdom",
        zone: "Europe/London",
        language: English,
        building: "town house with offices",
        heating: "gas, 2012",
        program: Outlook,
        delay: (60, 60),
        signature: "",
        thanks: "",
        turns: &[],
    },
    // Left the company; the address is gone.
    Character {
        first: "Rupert",
        last: "Vane",
        email: "rupert.vane@harbour-storage.example",
        company: "Harbour Storage",
        title: "Operations",
        city: "Bristol",
        country: "United Kingdom",
        zone: "Europe/London",
        language: English,
        building: "warehouse",
        heating: "none",
        program: Outlook,
        delay: (1, 1),
        signature: "",
        thanks: "",
        turns: &[on_mail(Act::Bounce(Bounce::NoSuchUser)), on_mail(Act::Bounce(Bounce::NoSuchUser))],
    },
    // A full mailbox, emptied before the next mail comes.
    Character {
        first: "Ignacio",
        last: "Salvat",
        email: "ignacio@talleres-salvat.example",
        company: "Talleres Salvat",
        title: "Propietario",
        city: "Zaragoza",
        country: "Spain",
        zone: "Europe/Madrid",
        language: Spanish,
        building: "garage of 600 m²",
        heating: "electric",
        program: Gmail,
        delay: (2, 5),
        signature: "",
        thanks: "",
        turns: &[on_mail(Act::Bounce(Bounce::MailboxFull))],
    },
    // Presses the button that the mail program offers.
    Character {
        first: "Beatrice",
        last: "Holm",
        email: "beatrice@holm-dental.example",
        company: "Holm Dental",
        title: "Practice Manager",
        city: "Boston",
        country: "United States",
        zone: "America/New_York",
        language: English,
        building: "dental practice",
        heating: "gas",
        program: Gmail,
        delay: (15, 40),
        signature: "Holm Dental",
        thanks: "",
        turns: &[on_mail(Act::Unsubscribe("Please unsubscribe me."))],
    },
    // Busy at the first time offered, free at the second.
    Character {
        first: "Étienne",
        last: "Marchal",
        email: "e.marchal@marchal-syndic.example",
        company: "Marchal Syndic",
        title: "Gestionnaire",
        city: "Lyon",
        country: "France",
        zone: "Europe/Paris",
        language: French,
        building: "two blocks of flats",
        heating: "gas, shared",
        program: Gmail,
        delay: (30, 80),
        signature: "Marchal Syndic, Lyon",
        thanks: "Parfait, merci.",
        turns: &[
            on_mail(Act::Write(
                "Bonjour {owner},\n\nLe sujet m'intéresse pour deux de nos copropriétés. Pouvez-vous me proposer \
                 quelques créneaux pour un appel ?",
            )),
            on_offer(
                1,
                "Bonjour {owner},\n\nLe premier créneau ne va pas, je suis en assemblée générale. Par contre \
                 {when} me convient.",
            ),
        ],
    },
    // Gives a window and leaves the rest to others.
    Character {
        first: "Katharina",
        last: "Weiß",
        email: "k.weiss@gaertnerei-weiss.example",
        company: "Gärtnerei Weiß",
        title: "Geschäftsführerin",
        city: "Bamberg",
        country: "Germany",
        zone: "Europe/Berlin",
        language: German,
        building: "nursery with greenhouses",
        heating: "wood chips",
        program: Outlook,
        delay: (35, 100),
        signature: "Geschäftsführerin\nGärtnerei Weiß",
        thanks: "Vielen Dank, ich habe den Termin angenommen.",
        turns: &[
            on_mail(Act::Write("Guten Tag {owner},\n\nDonnerstagnachmittag könnte ich telefonieren. Passt Ihnen das?")),
            on_offer(0, "Guten Tag {owner},\n\ndann bitte {when}."),
        ],
    },
    // Misses the first mail and answers the second.
    Character {
        first: "Diego",
        last: "Arce",
        email: "diego@gimnasio-arce.example",
        company: "Gimnasio Arce",
        title: "Dueño",
        city: "Bilbao",
        country: "Spain",
        zone: "Europe/Madrid",
        language: Spanish,
        building: "gym of 450 m²",
        heating: "gas",
        program: Apple,
        delay: (20, 60),
        signature: "",
        thanks: "Gracias, hablamos entonces.",
        turns: &[
            on_mail(Act::Ignore),
            on_mail(Act::Write(
                "Hola {owner}:\n\nPerdona, se me pasó tu primer correo. ¿Cuánto costaría más o menos para un local de \
                 450 m²? Si encaja, me interesa.",
            )),
            on_offer(0, "Hola {owner}:\n\nMe va bien {when}."),
        ],
    },
];

/// The cast as a file of leads: UTF-8, header line, CRLF.
pub(in crate::sandbox) fn leads_csv() -> String {
    let mut lines = vec![
        "Email,First name,Last name,Company,Job title,City,Country,Time zone,Language,Building,Heating".to_owned(),
    ];
    lines.extend(CAST.iter().map(|one| {
        let language = one.language.code();
        let fields = [
            one.email,
            one.first,
            one.last,
            one.company,
            one.title,
            one.city,
            one.country,
            one.zone,
            language,
            one.building,
            one.heating,
        ];
        fields.map(field).join(",")
    }));
    lines.into_iter().map(|line| format!("{line}\r\n")).collect()
}

/// RFC 4180 section 2: quoted where a comma or a quote stands in it.
fn field(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leads_can_be_read_back_and_reach_nobody_real() {
        let csv = leads_csv();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), CAST.len());
        for row in &rows {
            assert!(row[0].ends_with(".example"), "{}", &row[0]);
            assert!(jiff::tz::TimeZone::get(&row[7]).is_ok(), "{}", &row[7]);
        }
        assert!(rows.iter().any(|row| row[9].contains("1,200")), "a comma survives");
    }
}
