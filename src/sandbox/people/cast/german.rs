//! In Germany.

use crate::sandbox::people::client::MailProgram::{Gmail, Outlook};
use crate::sandbox::people::language::Language::German;
use crate::sandbox::people::script::{on_mail, on_offer, Act, Character};

pub(super) static CAST: [Character; 3] = [
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
];

/// Known only to who follows Henrik Vogt's advice, so not among the leads.
pub(super) static REFERRED: [Character; 1] = [Character {
    first: "Sabine",
    last: "Krüger",
    email: "sabine.krueger@vogt-metallbau.example",
    company: "Vogt Metallbau",
    title: "Gebäudemanagement",
    city: "Kassel",
    country: "Germany",
    zone: "Europe/Berlin",
    language: German,
    building: "workshop of 1,200 m²",
    heating: "gas, 2003",
    program: Outlook,
    delay: (40, 110),
    signature: "Gebäudemanagement\nVogt Metallbau",
    thanks: "Vielen Dank, bis dann.",
    turns: &[
        on_mail(Act::Write(
            "Guten Tag {owner},\n\ndas Thema steht bei uns gerade an. Schicken Sie mir bitte zwei oder drei Termine für \
             ein Telefonat.",
        )),
        on_offer(0, "Guten Tag {owner},\n\n{when} passt."),
    ],
}];
