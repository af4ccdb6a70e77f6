//! The few words that we add to a mail, in the reader's language.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FooterWords {
    pub unsubscribe: &'static str,
    /// Below what an engine wrote, where the workspace says so (G11).
    pub ai: &'static str,
}

const ENGLISH: FooterWords = FooterWords { unsubscribe: "Unsubscribe", ai: "Written with AI assistance." };

/// By primary language subtag.
const OTHERS: [(&str, FooterWords); 7] = [
    ("de", FooterWords { unsubscribe: "Abmelden", ai: "Mit Unterstützung von KI geschrieben." }),
    ("fr", FooterWords { unsubscribe: "Se désabonner", ai: "Rédigé avec l’aide de l’IA." }),
    ("es", FooterWords { unsubscribe: "Darse de baja", ai: "Escrito con ayuda de IA." }),
    ("it", FooterWords { unsubscribe: "Annulla iscrizione", ai: "Scritto con l’aiuto dell’IA." }),
    ("pt", FooterWords { unsubscribe: "Cancelar subscrição", ai: "Escrito com ajuda de IA." }),
    ("nl", FooterWords { unsubscribe: "Uitschrijven", ai: "Geschreven met hulp van AI." }),
    (
        "hi",
        FooterWords {
            unsubscribe: "सदस्यता समाप्त करें", ai: "एआई की सहायता से लिखा गया।"
        },
    ),
];

/// `locale` is BCP 47, such as `de-AT`; unknown and empty mean English.
pub(super) fn footer_words(locale: &str) -> FooterWords {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    OTHERS.iter().find(|(code, _)| *code == language).map_or(ENGLISH, |(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_footer_speaks_the_readers_language() {
        let cases = [
            ("de-AT", "Abmelden"),
            ("FR", "Se désabonner"),
            ("en-GB", "Unsubscribe"),
            ("", "Unsubscribe"),
            ("xx", "Unsubscribe"),
        ];
        for (locale, expected) in cases {
            assert_eq!(footer_words(locale).unsubscribe, expected, "{locale}");
        }
    }
}
