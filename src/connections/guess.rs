//! What the settings of a mailbox probably are, from its address alone.

use super::model::{MailServerSettings, SecurityMode};
use crate::base::EmailAddress;

/// Domains of one provider, its host for sending with port and protection, its host for reading (TLS at 993).
struct Known {
    domains: &'static [&'static str],
    smtp: (&'static str, u16, SecurityMode),
    imap: &'static str,
}

use SecurityMode::{StartTls, Tls};

const KNOWN: [Known; 9] = [
    Known { domains: &["gmail.com", "googlemail.com"], smtp: ("smtp.gmail.com", 465, Tls), imap: "imap.gmail.com" },
    Known {
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
        smtp: ("smtp-mail.outlook.com", 587, StartTls),
        imap: "outlook.office365.com",
    },
    Known {
        domains: &["yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com"],
        smtp: ("smtp.mail.yahoo.com", 465, Tls),
        imap: "imap.mail.yahoo.com",
    },
    Known {
        domains: &["icloud.com", "me.com", "mac.com"],
        smtp: ("smtp.mail.me.com", 587, StartTls),
        imap: "imap.mail.me.com",
    },
    Known {
        domains: &["fastmail.com", "fastmail.fm"],
        smtp: ("smtp.fastmail.com", 465, Tls),
        imap: "imap.fastmail.com",
    },
    Known {
        domains: &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        smtp: ("mail.gmx.net", 465, Tls),
        imap: "imap.gmx.net",
    },
    Known { domains: &["web.de"], smtp: ("smtp.web.de", 587, StartTls), imap: "imap.web.de" },
    Known { domains: &["zoho.com"], smtp: ("smtp.zoho.com", 465, Tls), imap: "imap.zoho.com" },
    Known { domains: &["posteo.de", "posteo.net"], smtp: ("posteo.de", 465, Tls), imap: "posteo.de" },
];

/// Settings to begin with: for sending, and for reading. Of a domain nobody knows, the customary names.
pub fn guess(address: &EmailAddress) -> (MailServerSettings, MailServerSettings) {
    let domain = address.domain();
    let user = address.display().to_owned();
    let server = |host: String, port, security| MailServerSettings { host, port, security, user: user.clone() };
    match KNOWN.iter().find(|known| known.domains.contains(&domain)) {
        Some(known) => {
            let (host, port, security) = known.smtp;
            (server(host.to_owned(), port, security), server(known.imap.to_owned(), 993, Tls))
        }
        None => (server(format!("smtp.{domain}"), 465, Tls), server(format!("imap.{domain}"), 993, Tls)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_a_mailbox_are_guessed_from_its_domain() {
        let cases = [
            ("ada@gmail.com", "smtp.gmail.com", 465, "imap.gmail.com"),
            ("ada@icloud.com", "smtp.mail.me.com", 587, "imap.mail.me.com"),
            ("Ada@Larkfield.example", "smtp.larkfield.example", 465, "imap.larkfield.example"),
        ];
        for (address, smtp_host, smtp_port, imap_host) in cases {
            let (smtp, imap) = guess(&EmailAddress::parse(address).unwrap());
            let found = (smtp.host.as_str(), smtp.port, imap.host.as_str(), imap.port);
            assert_eq!(found, (smtp_host, smtp_port, imap_host, 993), "{address}");
            assert_eq!(smtp.user, address, "the user name is mostly the address");
        }
    }
}
