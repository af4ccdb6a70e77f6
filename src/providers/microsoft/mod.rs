//! Microsoft 365: OAuth by the Microsoft identity platform, mail and calendars by Microsoft Graph.

mod api;
pub mod calendar;
pub mod mail;
pub mod meetings;
pub mod oauth;

use url::Url;

use super::bases::{at, BadBase};
use super::rest::Line;

/// The operator's own OAuth client, and base URLs as configured. An empty base means Microsoft itself.
#[derive(Clone, Debug, Default)]
pub struct MicrosoftConfig {
    pub client_id: String,
    pub client_secret: String,
    /// `common`, `organizations`, or one tenant.
    pub tenant: String,
    /// Default `https://login.microsoftonline.com`.
    pub auth_base: String,
    /// Default `https://login.microsoftonline.com`.
    pub token_base: String,
    /// Default `https://graph.microsoft.com`.
    pub api_base: String,
}

/// Where each of Microsoft's services is spoken to.
///
/// | service | path under its base |
/// |---|---|
/// | consent page | `auth_base/<tenant>/oauth2/v2.0/authorize` |
/// | consent of a whole organisation | `auth_base/<tenant>/adminconsent` |
/// | tokens | `token_base/<tenant>/oauth2/v2.0/token` |
/// | Graph | `api_base/v1.0/…` |
#[derive(Clone, Debug)]
pub struct MicrosoftBases {
    pub auth: Url,
    pub admin_consent: Url,
    pub token: Url,
    pub graph: Url,
}

const LOGIN: &str = "https://login.microsoftonline.com";
const GRAPH: &str = "https://graph.microsoft.com";

impl MicrosoftBases {
    pub fn new(config: &MicrosoftConfig) -> Result<Self, BadBase> {
        let tenant = if config.tenant.is_empty() { "common" } else { &config.tenant };
        // An administrator consents for an organisation; `common` is none (learn.microsoft.com: v2-admin-consent).
        let organisation = if tenant == "common" { "organizations" } else { tenant };
        let (auth, token) = (config.auth_base.as_str(), config.token_base.as_str());
        Ok(Self {
            auth: at("auth_base", auth, LOGIN, &format!("{tenant}/oauth2/v2.0/authorize"))?,
            admin_consent: at("auth_base", auth, LOGIN, &format!("{organisation}/adminconsent"))?,
            token: at("token_base", token, LOGIN, &format!("{tenant}/oauth2/v2.0/token"))?,
            graph: at("api_base", &config.api_base, GRAPH, "v1.0")?,
        })
    }
}

/// One connection's calls, and whom to ask.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub bases: &'a MicrosoftBases,
    pub line: Line<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_bases_mean_microsoft_and_given_ones_take_its_place() {
        let real = MicrosoftBases::new(&MicrosoftConfig::default()).unwrap();
        assert_eq!(real.auth.as_str(), "https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
        assert_eq!(real.token.as_str(), "https://login.microsoftonline.com/common/oauth2/v2.0/token");
        assert_eq!(real.admin_consent.as_str(), "https://login.microsoftonline.com/organizations/adminconsent");
        assert_eq!(real.graph.as_str(), "https://graph.microsoft.com/v1.0");
        let base = "http://127.0.0.1:9000/microsoft/".to_owned();
        let fake = MicrosoftConfig {
            tenant: "contoso.example".into(),
            auth_base: base.clone(),
            token_base: base.clone(),
            api_base: base,
            ..MicrosoftConfig::default()
        };
        let fake = MicrosoftBases::new(&fake).unwrap();
        assert_eq!(fake.token.as_str(), "http://127.0.0.1:9000/microsoft/contoso.example/oauth2/v2.0/token");
        assert_eq!(fake.graph.as_str(), "http://127.0.0.1:9000/microsoft/v1.0");
        let bad = MicrosoftConfig { api_base: "graph.example".into(), ..MicrosoftConfig::default() };
        assert_eq!(MicrosoftBases::new(&bad).map(drop).unwrap_err().key, "api_base");
    }
}
