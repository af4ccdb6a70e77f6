//! The form for a mailbox over SMTP and IMAP: first the address, then the servers, with a live test.

use actix_web::http::StatusCode;
use actix_web::{web, HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::detail::field_errors;
use super::{id_in, list, page_of, sent_form};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress};
use crate::connections::check::{in_words, Tried};
use crate::connections::connect_mail::{connect_mailbox, MailboxSettings};
use crate::connections::error::ConnectionError;
use crate::connections::guess::guess;
use crate::connections::model::{Connection, Kind, MailServerSettings, SecurityMode};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::providers::Secret;

/// GET /connections/mailbox without an address: from it the rest is guessed.
#[derive(Template)]
#[template(path = "connections/mailbox_address.html")]
struct AddressPage {
    layout: Layout,
    address: String,
    errors: FieldErrors,
}

/// The whole form; again with `errors`, or with `tried` when the test failed.
#[derive(Template)]
#[template(path = "connections/mailbox.html")]
struct MailboxPage {
    layout: Layout,
    form: MailboxForm,
    errors: FieldErrors,
    securities: Vec<Choice>,
    tried: Vec<Tried>,
    is_known: bool,
    back: String,
}

/// As typed. An empty password keeps the stored one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MailboxForm {
    again: String,
    address: String,
    display_name: String,
    smtp_host: String,
    smtp_port: String,
    smtp_security: String,
    smtp_user: String,
    imap_host: String,
    imap_port: String,
    imap_security: String,
    imap_user: String,
    password: String,
    ca_pem: String,
    /// What stood in the chosen file; it goes before what was pasted.
    ca_file: String,
    insist: Option<String>,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    again: String,
}

pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let plain = app.config.allow_loopback_providers;
    if !asked.again.is_empty() {
        let id = id_in(&asked.again)?;
        let connection = run(move || list::get(&app, &actor, id)).await??;
        let form = MailboxForm::of(&connection).ok_or(PageError::NotFound)?;
        return html(StatusCode::OK, &page(&frame, form, FieldErrors::default(), vec![], plain));
    }
    let typed = asked.address.clone().unwrap_or_default();
    match (EmailAddress::parse(&typed), asked.address.is_some()) {
        (Ok(address), _) => {
            html(StatusCode::OK, &page(&frame, MailboxForm::guessed(&address), FieldErrors::default(), vec![], plain))
        }
        (Err(_), false) => {
            let layout = frame.layout("Connect a mailbox");
            html(StatusCode::OK, &AddressPage { layout, address: typed, errors: FieldErrors::default() })
        }
        (Err(error), true) => {
            let mut errors = FieldErrors::default();
            errors.add("address", capital(&error.to_string()));
            let layout = frame.layout("Connect a mailbox");
            html(StatusCode::UNPROCESSABLE_ENTITY, &AddressPage { layout, address: typed, errors })
        }
    }
}

/// POST: 303 to the connection; 422 with the form when it does not parse or the test failed.
pub async fn submit(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let form: MailboxForm = sent_form::read(&request, body).await?;
    let again = if form.again.is_empty() { None } else { Some(id_in(&form.again)?) };
    let plain = app.config.allow_loopback_providers;
    let settings = match form.read() {
        Ok(settings) => settings,
        Err(errors) => return refused(&frame, form, errors, vec![], plain),
    };
    let insist = form.insist.is_some();
    match run(move || connect_mailbox(&app, &actor, &settings, again, insist)).await? {
        Ok(attempt) => match attempt.connection {
            Some(connection) => Ok(with_toast(see_other(&page_of(connection.id)), &cookies, &said(&connection))),
            None => refused(&frame, form, FieldErrors::default(), in_words(&attempt.test), plain),
        },
        Err(ConnectionError::Invalid(fields)) => refused(&frame, form, field_errors(fields), vec![], plain),
        Err(error) => Err(error.into()),
    }
}

fn said(connection: &Connection) -> Toast {
    Toast::new(format!("{} is connected.", connection.address))
}

fn refused(
    frame: &Frame,
    form: MailboxForm,
    errors: FieldErrors,
    tried: Vec<Tried>,
    plain: bool,
) -> Result<HttpResponse, PageError> {
    html(StatusCode::UNPROCESSABLE_ENTITY, &page(frame, form, errors, tried, plain))
}

fn page(frame: &Frame, form: MailboxForm, errors: FieldErrors, tried: Vec<Tried>, plain: bool) -> MailboxPage {
    let is_known = !form.again.is_empty();
    let id = form.again.parse::<ConnectionId>().ok();
    MailboxPage {
        layout: frame.layout(if is_known { "Change a mailbox" } else { "Connect a mailbox" }),
        form: form.shown_again(),
        errors,
        securities: securities(plain),
        tried,
        is_known,
        back: id.map_or_else(|| "/connections/new".to_owned(), page_of),
    }
}

fn securities(plain: bool) -> Vec<Choice> {
    let mut offered = vec![("tls", "TLS from the start"), ("starttls", "STARTTLS")];
    if plain {
        offered.push(("plain", "None (a server on this machine)"));
    }
    offered.into_iter().map(|(value, label)| Choice { value: value.into(), label: label.into() }).collect()
}

impl MailboxForm {
    fn guessed(address: &EmailAddress) -> Self {
        let (smtp, imap) = guess(address);
        Self { address: address.display().to_owned(), ..Self::of_servers(&smtp, &imap) }
    }

    fn of(connection: &Connection) -> Option<Self> {
        let Kind::SmtpImap(server) = &connection.kind else { return None };
        Some(Self {
            again: connection.id.to_string(),
            address: connection.address.display().to_owned(),
            display_name: connection.display_name.clone(),
            ca_pem: server.ca_pem.clone().unwrap_or_default(),
            ..Self::of_servers(&server.smtp, &server.imap)
        })
    }

    fn of_servers(smtp: &MailServerSettings, imap: &MailServerSettings) -> Self {
        Self {
            smtp_host: smtp.host.clone(),
            smtp_port: smtp.port.to_string(),
            smtp_security: security_word(smtp.security).to_owned(),
            smtp_user: smtp.user.clone(),
            imap_host: imap.host.clone(),
            imap_port: imap.port.to_string(),
            imap_security: security_word(imap.security).to_owned(),
            imap_user: imap.user.clone(),
            ..Self::default()
        }
    }

    /// A typed password is never sent back. A file cannot be put back into its field, so its text is shown.
    fn shown_again(self) -> Self {
        let ca_pem = if self.ca_file.contains("BEGIN CERTIFICATE") { self.ca_file } else { self.ca_pem };
        Self { password: String::new(), ca_pem, ca_file: String::new(), ..self }
    }

    fn read(&self) -> Result<MailboxSettings, FieldErrors> {
        let mut errors = FieldErrors::default();
        let address = EmailAddress::parse(&self.address);
        if let Err(error) = &address {
            errors.add("address", capital(&error.to_string()));
        }
        if self.display_name.chars().count() > 80 || self.display_name.chars().any(char::is_control) {
            errors.add("display_name", "A name is one line of at most 80 characters.");
        }
        let smtp_fields = (&self.smtp_host, &self.smtp_port, &self.smtp_security, &self.smtp_user);
        let smtp = server(["smtp_host", "smtp_port", "smtp_security"], smtp_fields, &mut errors);
        let imap_fields = (&self.imap_host, &self.imap_port, &self.imap_security, &self.imap_user);
        let imap = server(["imap_host", "imap_port", "imap_security"], imap_fields, &mut errors);
        let (ca_field, ca) = match self.ca_file.trim() {
            "" => ("ca_pem", self.ca_pem.trim()),
            file => ("ca_file", file),
        };
        if !ca.is_empty() && !ca.contains("-----BEGIN CERTIFICATE-----") {
            let words = match ca_field {
                "ca_file" => "This file holds no certificate. Choose one in PEM or DER, often named .pem or .crt.",
                _ => "Paste the certificate as text that begins with -----BEGIN CERTIFICATE-----.",
            };
            errors.add(ca_field, words);
        }
        // Whether a stored one will do is known once the rest is right.
        if !errors.is_empty() && self.password.is_empty() && self.again.is_empty() {
            errors.add("password", "Type the password. Many providers want an app password here.");
        }
        match (address, smtp, imap, errors.is_empty()) {
            (Ok(address), Some(smtp), Some(imap), true) => Ok(MailboxSettings {
                address,
                display_name: self.display_name.trim().to_owned(),
                smtp,
                imap,
                ca_pem: (!ca.is_empty()).then(|| ca.to_owned()),
                password: Secret::new(self.password.as_str()),
            }),
            _ => Err(errors),
        }
    }
}

fn server(
    [host_field, port_field, security_field]: [&'static str; 3],
    (host, port, security, user): (&String, &String, &String, &String),
    errors: &mut FieldErrors,
) -> Option<MailServerSettings> {
    let host = host.trim();
    let is_name = !host.is_empty() && host.len() <= 253 && !host.contains(['/', ' ', '@']);
    if !is_name {
        errors.add(host_field, "Write the server’s name, for example mail.example.com.");
    }
    let port = port.trim().parse::<u16>().ok().filter(|port| *port > 0);
    if port.is_none() {
        errors.add(port_field, "A port is a number from 1 to 65535.");
    }
    let security = match security.as_str() {
        "tls" => Some(SecurityMode::Tls),
        "starttls" => Some(SecurityMode::StartTls),
        "plain" => Some(SecurityMode::Plain),
        _ => None,
    };
    if security.is_none() {
        errors.add(security_field, "Choose how the connection is protected.");
    }
    Some(MailServerSettings {
        host: is_name.then(|| host.to_owned())?,
        port: port?,
        security: security?,
        user: user.trim().to_owned(),
    })
}

fn security_word(mode: SecurityMode) -> &'static str {
    match mode {
        SecurityMode::Tls => "tls",
        SecurityMode::StartTls => "starttls",
        SecurityMode::Plain => "plain",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_file_goes_before_what_was_pasted_and_both_come_back_as_text() {
        let pem = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----");
        let mut form = MailboxForm::guessed(&EmailAddress::parse("ada@larkfield.example").unwrap());
        form.ca_pem = pem("pasted");
        assert_eq!(form.read().unwrap().ca_pem, Some(pem("pasted")));
        form.ca_file = pem("chosen");
        assert_eq!(form.read().unwrap().ca_pem, Some(pem("chosen")));
        form.password = "secret".into();
        let shown = form.shown_again();
        assert_eq!((shown.ca_pem, shown.password), (pem("chosen"), String::new()));
    }

    #[test]
    fn a_form_that_does_not_fit_names_each_field() {
        let mut right = MailboxForm::guessed(&EmailAddress::parse("ada@larkfield.example").unwrap());
        assert!(right.read().is_ok(), "the password may be a stored one");
        right.password = "secret".into();
        type Change = fn(&mut MailboxForm);
        let cases: [(&str, Change); 6] = [
            ("address", |form| form.address = "ada".into()),
            ("smtp_port", |form| form.smtp_port = "66000".into()),
            ("imap_host", |form| form.imap_host = "https://imap.example".into()),
            ("imap_security", |form| form.imap_security = "none".into()),
            ("ca_pem", |form| form.ca_pem = "MIIB".into()),
            ("ca_file", |form| form.ca_file = "%PDF-1.7".into()),
        ];
        for (field, change) in cases {
            let mut form = right.clone();
            change(&mut form);
            let errors = form.read().unwrap_err();
            assert_ne!(errors.of(field), "", "{field}");
            assert_eq!(errors.len(), 1, "{field}");
        }
    }
}
