//! What a person fills in on the pages before mail can leave.

use serde_json::Value;

use super::browser::Browser;

/// Name, zone and the postal address that stands below each mail.
pub fn fill_in_business(browser: &mut Browser) {
    let business = [
        ("name", "Fernhill"),
        ("slug", "fernhill"),
        ("time_zone", "Europe/London"),
        ("postal_address", "1 Mill Lane, Kendal LA9 4QD"),
    ];
    browser.submit("/settings/workspace", &business);
}

/// The form for a mailbox over SMTP and IMAP; `mail` describes the servers. Gives the path of the connection's page.
pub fn connect_mailbox(browser: &mut Browser, mail: &Value, address: &str) -> String {
    let port = |name: &str| mail["ports"][name].to_string();
    let ca = std::fs::read_to_string(mail["ca_file"].as_str().unwrap()).unwrap();
    let (smtp, imap) = (port("submission"), port("imaps"));
    let form = [
        ("address", address),
        ("display_name", "Nora"),
        ("smtp_host", "localhost"),
        ("smtp_port", &smtp),
        ("smtp_security", "starttls"),
        ("smtp_user", address),
        ("imap_host", "localhost"),
        ("imap_port", &imap),
        ("imap_security", "tls"),
        ("imap_user", address),
        ("password", mail["users"][address].as_str().unwrap()),
        ("ca_pem", &ca),
    ];
    browser.submit("/connections/mailbox", &form)
}

/// Takes away every pause between two mails; only a server with loopback providers lets that be.
pub fn lift_pace(browser: &mut Browser, connection: &str) {
    let pace = [("display_name", "Nora"), ("daily_cap", "100000"), ("min_gap_seconds", "0"), ("jitter_seconds", "0")];
    browser.submit(&format!("{connection}/settings"), &pace);
}

/// A worker that writes to everybody with the tag, at any hour, first `subject` and then each of `texts` in the same
/// thread without a day between them. Gives its id.
pub fn make_worker(browser: &mut Browser, tag: &str, accounts: [&str; 2], subject: &str, texts: &[&str]) -> String {
    let [mailbox, calendar] = accounts.map(|path| path.trim_start_matches("/connections/"));
    let mut settings = vec![
        ("name", "Worker"),
        ("audience_tag", tag),
        ("mailbox", mailbox),
        ("calendar", calendar),
        ("meeting_title", "Call"),
        ("meeting_minutes", "30"),
        ("buffer_before", "0"),
        ("buffer_after", "0"),
        ("notice", "2"),
        ("per_day", "100000"),
        ("per_domain_day", "100000"),
        ("per_contact", "4"),
        ("from", "00:00"),
        ("to", "24:00"),
        ("sender_name", "Nora"),
    ];
    settings.extend(["1", "2", "3", "4", "5", "6", "7"].map(|day| ("day", day)));
    let made = browser.submit("/outreach/new", &settings);
    let worker = made.split('/').nth(2).unwrap().to_owned();
    let mut steps = vec![("name".to_owned(), "Mails"), ("subject-1".to_owned(), subject)];
    for (number, text) in (1..).zip(texts) {
        steps.extend([(format!("wait-{number}"), "0"), (format!("text-{number}"), *text)]);
    }
    let steps: Vec<(&str, &str)> = steps.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    browser.submit(&format!("/outreach/{worker}/sequence"), &steps);
    worker
}
