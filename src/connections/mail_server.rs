//! A mail server of the owner's own: from stored settings to what the providers' clients take.

use super::model::{MailServerSettings, SecurityMode, SmtpImap};
use crate::app::App;
use crate::providers::mail_server::{Encryption, Login, MailServer, Step};
use crate::providers::outbound::CallLog;
use crate::providers::{imap, smtp, ProviderError, Secret};
use crate::store::SealedSecret;

/// The folder that every mailbox has.
pub const INBOX: &str = "INBOX";

/// The server that mail leaves through, with its password opened.
pub fn smtp_server(app: &App, settings: &SmtpImap) -> Result<MailServer, ProviderError> {
    stored_server(app, &settings.smtp, settings)
}

pub(super) fn imap_server(app: &App, settings: &SmtpImap) -> Result<MailServer, ProviderError> {
    stored_server(app, &settings.imap, settings)
}

fn stored_server(app: &App, server: &MailServerSettings, settings: &SmtpImap) -> Result<MailServer, ProviderError> {
    let password = open_password(app, settings.password.as_ref())?;
    Ok(server_with(server, settings.ca_pem.as_deref(), &password))
}

fn open_password(app: &App, sealed: Option<&SealedSecret>) -> Result<Secret, ProviderError> {
    let sealed = sealed.ok_or_else(|| ProviderError::Reconnect { reason: "it was disconnected".into() })?;
    let plain = app.store.open_secret(sealed).map_err(|error| ProviderError::Reconnect {
        reason: format!("the stored password cannot be opened: {error}"),
    })?;
    Ok(Secret::new(String::from_utf8_lossy(&plain)))
}

fn server_with(server: &MailServerSettings, ca_pem: Option<&str>, password: &Secret) -> MailServer {
    let login = if server.user.is_empty() {
        Login::None
    } else {
        Login::Password { user: server.user.clone(), password: password.clone() }
    };
    MailServer {
        host: server.host.clone(),
        port: server.port,
        encryption: match server.security {
            SecurityMode::Tls => Encryption::Implicit,
            SecurityMode::StartTls => Encryption::StartTls,
            SecurityMode::Plain => Encryption::Plain,
        },
        login,
        ca_pem: ca_pem.map(str::to_owned),
    }
}

/// What a live test of both servers found, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailTest {
    pub smtp: Vec<Step>,
    pub imap: Vec<Step>,
}

impl MailTest {
    pub fn passed(&self) -> bool {
        let all_ok = |steps: &[Step]| !steps.is_empty() && steps.iter().all(|step| step.ok);
        all_ok(&self.smtp) && all_ok(&self.imap)
    }
}

/// Tries both servers as far as signing in and opening the inbox. Sends nothing, changes nothing.
pub(super) fn try_servers(
    app: &App,
    smtp: &MailServerSettings,
    imap: &MailServerSettings,
    ca_pem: Option<&str>,
    password: &Secret,
    log: &dyn CallLog,
) -> MailTest {
    MailTest {
        smtp: smtp::test(&app.outbound, &server_with(smtp, ca_pem, password), &hello_name(app)),
        imap: imap::test(&app.outbound, &server_with(imap, ca_pem, password), INBOX, log),
    }
}

/// The test of what is stored.
pub(super) fn try_stored(app: &App, settings: &SmtpImap, log: &dyn CallLog) -> Result<MailTest, ProviderError> {
    let password = open_password(app, settings.password.as_ref())?;
    Ok(try_servers(app, &settings.smtp, &settings.imap, settings.ca_pem.as_deref(), &password, log))
}

/// What we call ourselves in EHLO.
fn hello_name(app: &App) -> String {
    let host = url::Url::parse(&app.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "localhost".to_owned())
}
