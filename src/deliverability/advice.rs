//! The standing sentences of the page: what each check is, and why it matters.

use super::model::{Standing, What};

impl What {
    /// In addresses and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mx => "mx",
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Dmarc => "dmarc",
            Self::Alignment => "alignment",
            Self::Unsubscribe => "one_click_unsubscribe",
            Self::Reverse => "reverse_dns",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Mx => "Mail comes in (MX)",
            Self::Spf => "Who may send (SPF)",
            Self::Dkim => "Signature (DKIM)",
            Self::Dmarc => "What to do with forgeries (DMARC)",
            Self::Alignment => "Proof for the From line (alignment)",
            Self::Unsubscribe => "One-click unsubscribe",
            Self::Reverse => "Name of the server (PTR)",
        }
    }

    /// In a sentence about it: "SPF of fernhill.example is not right any more".
    pub fn short(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::Alignment => "Alignment",
            Self::Unsubscribe => "One-click unsubscribe",
            Self::Reverse => "The server's name",
        }
    }

    pub fn why(self) -> &'static str {
        match self {
            Self::Mx => "Answers and delivery reports come back this way; without it nobody's answer arrives.",
            Self::Spf => "It lists the servers that may send for the domain; mail from any other is sorted out as forged.",
            Self::Dkim => {
                "It proves that the mail comes from the domain and was not changed on its way; Gmail, Yahoo and Outlook \
                 demand it of whoever sends much."
            }
            Self::Dmarc => "It tells receivers what to do with mail that passes neither; the large ones demand a record.",
            Self::Alignment => "DMARC counts SPF and DKIM only when they prove the very domain that readers see.",
            Self::Unsubscribe => "A reader who can leave with one click does not press the spam button instead.",
            Self::Reverse => "Many receivers refuse a server whose address has no name that leads back to it.",
        }
    }
}

impl Standing {
    /// In the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::NotAsked => "not_asked",
            Self::NotYours => "not_yours",
        }
    }

    /// On pages, with its tone.
    pub fn shown(self) -> (&'static str, &'static str) {
        match self {
            Self::Found => ("ok", "Right"),
            Self::Missing => ("bad", "Missing"),
            Self::Wrong => ("bad", "Not right"),
            Self::NotAsked => ("warn", "Could not be asked"),
            Self::NotYours => ("off", "Not yours to set"),
        }
    }
}
