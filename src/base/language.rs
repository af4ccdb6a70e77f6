//! The six languages that guests are spoken to in.

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
        Self::spoken(tag).unwrap_or(Self::English)
    }

    /// `None` for what we do not speak.
    pub fn spoken(tag: &str) -> Option<Self> {
        Some(match tag.split(['-', '_']).next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "en" => Self::English,
            "de" => Self::German,
            "es" => Self::Spanish,
            "fr" => Self::French,
            "pt" => Self::Portuguese,
            "hi" => Self::Hindi,
            _ => return None,
        })
    }

    /// The first that we speak of an `Accept-Language` header, else English.
    pub fn accepted(header: &str) -> Self {
        let tags = header.split(',').map(|part| part.split(';').next().unwrap_or_default());
        tags.into_iter().find_map(Self::spoken).unwrap_or(Self::English)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_we_speak_is_taken() {
        let cases = [
            ("sv, pt-BR;q=0.8, de;q=0.5", Language::Portuguese),
            ("hi", Language::Hindi),
            ("FR-ca", Language::French),
            ("sv", Language::English),
            ("", Language::English),
        ];
        for (header, expected) in cases {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
