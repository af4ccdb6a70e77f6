//! What large mail providers want to stand in a domain's records. From their own setup pages.

/// A provider through whose servers mail leaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    pub name: &'static str,
    /// Submission servers: the name itself, or names that end with it.
    servers: &'static [&'static str],
    /// Included in SPF.
    pub include: &'static str,
    /// Selectors under which it has its customers publish keys; it signs by itself.
    pub selectors: &'static [&'static str],
    /// Where the owner finds the record of its key.
    pub where_to_sign: &'static str,
}

pub const GOOGLE: Host = Host {
    name: "Google",
    servers: &["smtp.gmail.com", "smtp-relay.gmail.com"],
    include: "_spf.google.com",
    selectors: &["google"],
    where_to_sign: "in Google’s Admin console under Apps, Google Workspace, Gmail, Authenticate email",
};

pub const MICROSOFT: Host = Host {
    name: "Microsoft 365",
    servers: &["smtp.office365.com", "smtp-mail.outlook.com"],
    include: "spf.protection.outlook.com",
    selectors: &["selector1", "selector2"],
    where_to_sign: "in Microsoft’s Defender portal under Email authentication settings, DKIM",
};

const IN_ITS_SETTINGS: &str = "in its settings of the domain";

const HOSTS: &[Host] = &[
    GOOGLE,
    MICROSOFT,
    Host {
        name: "Fastmail",
        servers: &["smtp.fastmail.com"],
        include: "spf.messagingengine.com",
        selectors: &["fm1", "fm2", "fm3"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "Proton Mail",
        servers: &["smtp.protonmail.ch"],
        include: "_spf.protonmail.ch",
        selectors: &["protonmail", "protonmail2", "protonmail3"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "Migadu",
        servers: &["smtp.migadu.com"],
        include: "spf.migadu.com",
        selectors: &["key1", "key2", "key3"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "mailbox.org",
        servers: &["smtp.mailbox.org"],
        include: "mailbox.org",
        selectors: &["mbo0001", "mbo0002", "mbo0003", "mbo0004"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "Hostinger",
        servers: &["smtp.hostinger.com"],
        include: "_spf.mail.hostinger.com",
        selectors: &["hostingermail-a", "hostingermail-b", "hostingermail-c"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "Amazon SES",
        servers: &[".amazonaws.com"],
        include: "amazonses.com",
        // Three random names for each domain.
        selectors: &[],
        where_to_sign: "in the console of Amazon SES",
    },
    Host {
        name: "Mailgun",
        servers: &["smtp.mailgun.org", "smtp.eu.mailgun.org"],
        include: "mailgun.org",
        selectors: &["k1", "mx", "smtp", "pic"],
        where_to_sign: IN_ITS_SETTINGS,
    },
    Host {
        name: "SendGrid",
        servers: &["smtp.sendgrid.net"],
        include: "sendgrid.net",
        selectors: &["s1", "s2"],
        where_to_sign: IN_ITS_SETTINGS,
    },
];

/// The provider behind a submission server.
pub fn of_server(host: &str) -> Option<&'static Host> {
    let host = host.to_lowercase();
    let is_its_own = |server: &&str| host == **server || server.starts_with('.') && host.ends_with(*server);
    HOSTS.iter().find(|known| known.servers.iter().any(&is_its_own))
}
