//! In Spain.

use crate::sandbox::people::client::MailProgram::{Apple, Gmail};
use crate::sandbox::people::language::Language::Spanish;
use crate::sandbox::people::script::{on_mail, on_offer, Act, Bounce, Character};

pub(super) static CAST: [Character; 3] = [
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
