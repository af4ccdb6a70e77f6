//! What an address alone says about itself, before anybody is asked: short lists of our own, of plain facts.

use super::EmailAddress;

/// A reason to look twice at an address. None of them keeps it from being written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// An office and no person reads it: `info@`, `sales@`.
    Role,
    /// Its domain gives addresses away that end within the hour.
    Disposable,
    /// Its domain is one letter off one that many people have.
    Typo(&'static str),
}

impl Doubt {
    /// What it means and what to do, as a sentence.
    pub fn words(self, address: &EmailAddress) -> String {
        match self {
            Doubt::Role => {
                format!("{}@ is an office, not a person. A name of somebody there works better.", address.local())
            }
            Doubt::Disposable => {
                format!("{} gives out addresses that soon end. Ask for another one.", address.domain())
            }
            Doubt::Typo(meant) => format!("Perhaps a slip of the pen: {}@{meant}?", address.local()),
        }
    }
}

/// Everything doubtful about the address.
pub fn doubts(address: &EmailAddress) -> Vec<Doubt> {
    let mut found = Vec::new();
    if is_role(address.local()) {
        found.push(Doubt::Role);
    }
    if is_disposable(address.domain()) {
        found.push(Doubt::Disposable);
    } else if let Some(meant) = meant_domain(address.domain()) {
        found.push(Doubt::Typo(meant));
    }
    found
}

/// RFC 2142 names the first of them; the others are what businesses put on their pages.
const OFFICES: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "billing",
    "booking",
    "bookings",
    "careers",
    "contact",
    "contacto",
    "dpo",
    "empfang",
    "enquiries",
    "ftp",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "information",
    "inquiries",
    "invoices",
    "jobs",
    "kontakt",
    "legal",
    "mail",
    "mailer-daemon",
    "marketing",
    "media",
    "news",
    "newsletter",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "orders",
    "personal",
    "postmaster",
    "press",
    "presse",
    "privacy",
    "reception",
    "rechnung",
    "recruiting",
    "reservations",
    "root",
    "sales",
    "secretary",
    "security",
    "service",
    "shop",
    "support",
    "team",
    "usenet",
    "ventas",
    "vertrieb",
    "webmaster",
    "welcome",
    "www",
];

/// Whether the part before the @ names an office. What follows a `+` is not part of the name.
fn is_role(local: &str) -> bool {
    let name = local.split('+').next().unwrap_or(local);
    OFFICES.binary_search(&name).is_ok()
}

/// Services whose addresses anybody can read, or that end by themselves.
const DISPOSABLE: &[&str] = &[
    "10minutemail.com",
    "33mail.com",
    "anonbox.net",
    "burnermail.io",
    "discard.email",
    "dispostable.com",
    "dropmail.me",
    "emailondeck.com",
    "fakeinbox.com",
    "getairmail.com",
    "getnada.com",
    "grr.la",
    "guerrillamail.com",
    "guerrillamail.info",
    "guerrillamail.net",
    "guerrillamail.org",
    "inboxkitten.com",
    "mail-temp.com",
    "mail.tm",
    "mailcatch.com",
    "maildrop.cc",
    "mailinator.com",
    "mailnesia.com",
    "mailnull.com",
    "mintemail.com",
    "moakt.com",
    "mohmal.com",
    "mytemp.email",
    "sharklasers.com",
    "spam4.me",
    "spamgourmet.com",
    "temp-mail.io",
    "temp-mail.org",
    "tempail.com",
    "tempmail.com",
    "tempr.email",
    "throwawaymail.com",
    "trash-mail.com",
    "trashmail.com",
    "trashmail.de",
    "wegwerfmail.de",
    "yopmail.com",
    "yopmail.fr",
    "yopmail.net",
];

/// The service itself, or a name below it.
fn is_disposable(domain: &str) -> bool {
    let mut rest = Some(domain);
    while let Some(name) = rest {
        if DISPOSABLE.binary_search(&name).is_ok() {
            return true;
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    false
}

/// Domains that very many people have, and that are mistyped most.
const WELL_KNOWN: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "icloud.com",
    "aol.com",
    "protonmail.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "btinternet.com",
    "orange.fr",
    "wanadoo.fr",
    "laposte.net",
    "comcast.net",
];
/// Real domains that are one letter off a well-known one.
const NO_SLIP: &[&str] = &[
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "mail.com",
    "ymail.com",
    "hotmail.de",
    "hotmail.it",
    "hotmail.es",
    "yahoo.de",
    "yahoo.es",
    "yahoo.it",
    "yahoo.in",
    "aol.de",
    "aol.fr",
    "aim.com",
    "gmx.fr",
    "gmx.es",
];

/// The well-known domain that was most likely meant: one letter more, less, other or swapped.
fn meant_domain(domain: &str) -> Option<&'static str> {
    if WELL_KNOWN.contains(&domain) || NO_SLIP.contains(&domain) {
        return None;
    }
    // In a short name one letter makes another company.
    WELL_KNOWN.iter().copied().find(|known| known.len() >= 7 && is_one_slip(domain.as_bytes(), known.as_bytes()))
}

/// One insertion, deletion, substitution, or swap of neighbours apart.
fn is_one_slip(typed: &[u8], meant: &[u8]) -> bool {
    let same = typed.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (typed, meant) = (&typed[same..], &meant[same..]);
    match (typed, meant) {
        ([_, typed @ ..], _) if typed == meant => true,
        (_, [_, meant @ ..]) if typed == meant => true,
        ([a, b, typed @ ..], [c, d, meant @ ..]) if a == d && b == c && typed == meant => true,
        ([_, typed @ ..], [_, meant @ ..]) => typed == meant,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_is_doubtful_about_it() {
        let cases: [(&str, &[Doubt]); 16] = [
            ("anna.lund@fellside.example", &[]),
            ("info@fellside.example", &[Doubt::Role]),
            ("Sales+uk@fellside.example", &[Doubt::Role]),
            ("information.desk@fellside.example", &[]),
            ("anna@mailinator.com", &[Doubt::Disposable]),
            ("anna@x.mailinator.com", &[Doubt::Disposable]),
            ("anna@notmailinator.com", &[]),
            ("anna@gmial.com", &[Doubt::Typo("gmail.com")]),
            ("anna@gmail.co", &[Doubt::Typo("gmail.com")]),
            ("anna@gmaill.com", &[Doubt::Typo("gmail.com")]),
            ("anna@hotmial.com", &[Doubt::Typo("hotmail.com")]),
            ("anna@outlok.com", &[Doubt::Typo("outlook.com")]),
            ("anna@gmail.com", &[]),
            ("anna@gmx.at", &[]),
            ("anna@ymail.com", &[]),
            ("info@yaho.com", &[Doubt::Role, Doubt::Typo("yahoo.com")]),
        ];
        for (address, expected) in cases {
            assert_eq!(doubts(&EmailAddress::parse(address).unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn the_lists_are_in_order_so_that_they_can_be_searched() {
        for list in [OFFICES, DISPOSABLE] {
            assert!(
                list.windows(2).all(|pair| pair[0] < pair[1]),
                "{:?}",
                list.windows(2).find(|pair| pair[0] >= pair[1])
            );
        }
    }
}
