//! Domains of mailboxes that anybody can have.

/// Domains where strangers share one name: nobody speaks for all of them, and they are nobody's company.
const PUBLIC_MAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "ymail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "mail.com",
    "mailbox.org",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "zoho.com",
    "fastmail.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "sfr.fr",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "rediffmail.com",
    "btinternet.com",
    "sky.com",
    "virginmedia.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "libero.it",
    "tutanota.com",
    "hey.com",
    "qq.com",
    "163.com",
    "126.com",
    "naver.com",
];

/// Whether addresses of this domain belong to people who have nothing to do with each other.
pub fn is_public_mail(domain: &str) -> bool {
    let shared = ["yahoo.", "hotmail.", "live.", "outlook."];
    PUBLIC_MAIL.contains(&domain) || shared.iter().any(|start| domain.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_own_domain_is_nobodys_company() {
        assert!(is_public_mail("gmail.com") && is_public_mail("yahoo.co.uk"));
        assert!(!is_public_mail("fellside.example"));
    }
}
