//! What a visitor reads who moves their booking: the question before it, and the word after. In six languages.

use crate::bookings::words::{fill, Language};

struct Words {
    /// `{from}`, `{to}`.
    question: &'static str,
    /// `{to}`.
    moved: &'static str,
}

const ALL: [&Words; 6] = [
    &Words { question: "Move from {from} to {to}?", moved: "Moved to {to}." },
    &Words { question: "Von {from} auf {to} verschieben?", moved: "Verschoben auf {to}." },
    &Words { question: "¿Cambiar la cita del {from} al {to}?", moved: "Su cita se ha cambiado al {to}." },
    &Words { question: "Déplacer du {from} au {to} ?", moved: "Votre rendez-vous a été déplacé au {to}." },
    &Words { question: "Remarcar de {from} para {to}?", moved: "Remarcado para {to}." },
    &Words {
        question: "{from} से बदलकर {to} करें?", moved: "समय बदलकर {to} कर दिया गया है।"
    },
];

/// "Move from Tuesday 24 November, 10:00 to Wednesday 25 November, 11:00?"
pub fn question(language: Language, from: &str, to: &str) -> String {
    fill(language.among(ALL).question, &[("from", from), ("to", to)])
}

pub fn moved(language: Language, to: &str) -> String {
    fill(language.among(ALL).moved, &[("to", to)])
}
