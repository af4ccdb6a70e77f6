//! In France.

use crate::sandbox::people::client::MailProgram::{Gmail, Outlook};
use crate::sandbox::people::language::Language::French;
use crate::sandbox::people::script::{on_mail, on_offer, Act, Character};

pub(super) static CAST: [Character; 2] = [
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
];
