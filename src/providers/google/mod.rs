//! Google: OAuth, Gmail, Calendar.

mod api;
pub mod calendar;
pub mod gmail;
pub mod oauth;

use url::Url;

use super::bases::{at, BadBase};
use super::rest::Line;

/// The operator's own OAuth client, and base URLs as configured. An empty base means Google itself.
#[derive(Clone, Debug, Default)]
pub struct GoogleConfig {
    pub client_id: String,
    pub client_secret: String,
    /// Default `https://accounts.google.com`.
    pub auth_base: String,
    /// Default `https://oauth2.googleapis.com`.
    pub token_base: String,
    /// One host for all APIs (an emulator); empty means each API's own host.
    pub api_base: String,
}

/// Where each of Google's services is spoken to.
///
/// | service | path under its base |
/// |---|---|
/// | consent page | `auth_base/o/oauth2/v2/auth` |
/// | tokens | `token_base/token`, `token_base/revoke` |
/// | user info | `api_base/v1/userinfo` (Google: openidconnect.googleapis.com) |
/// | Gmail | `api_base/gmail/v1/…` (Google: gmail.googleapis.com) |
/// | Calendar | `api_base/calendar/v3/…` (Google: www.googleapis.com) |
#[derive(Clone, Debug)]
pub struct GoogleBases {
    pub auth: Url,
    pub token: Url,
    pub revoke: Url,
    pub userinfo: Url,
    pub gmail: Url,
    pub calendar: Url,
}

impl GoogleBases {
    pub fn new(config: &GoogleConfig) -> Result<Self, BadBase> {
        let api = config.api_base.as_str();
        Ok(Self {
            auth: at("auth_base", &config.auth_base, "https://accounts.google.com", "o/oauth2/v2/auth")?,
            token: at("token_base", &config.token_base, "https://oauth2.googleapis.com", "token")?,
            revoke: at("token_base", &config.token_base, "https://oauth2.googleapis.com", "revoke")?,
            userinfo: at("api_base", api, "https://openidconnect.googleapis.com", "v1/userinfo")?,
            gmail: at("api_base", api, "https://gmail.googleapis.com", "gmail/v1/users/me")?,
            calendar: at("api_base", api, "https://www.googleapis.com", "calendar/v3")?,
        })
    }
}

/// One connection's calls, and whom to ask.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub bases: &'a GoogleBases,
    pub line: Line<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_bases_mean_google_and_given_ones_take_its_place() {
        let real = GoogleBases::new(&GoogleConfig::default()).unwrap();
        assert_eq!(real.auth.as_str(), "https://accounts.google.com/o/oauth2/v2/auth");
        assert_eq!(real.revoke.as_str(), "https://oauth2.googleapis.com/revoke");
        assert_eq!(real.userinfo.as_str(), "https://openidconnect.googleapis.com/v1/userinfo");
        assert_eq!(real.gmail.as_str(), "https://gmail.googleapis.com/gmail/v1/users/me");
        assert_eq!(real.calendar.as_str(), "https://www.googleapis.com/calendar/v3");
        let base = "http://127.0.0.1:9000/google/".to_owned();
        let fake = GoogleConfig {
            auth_base: base.clone(),
            token_base: base.clone(),
            api_base: base,
            ..GoogleConfig::default()
        };
        let fake = GoogleBases::new(&fake).unwrap();
        assert_eq!(fake.token.as_str(), "http://127.0.0.1:9000/google/token");
        assert_eq!(fake.userinfo.as_str(), "http://127.0.0.1:9000/google/v1/userinfo");
        assert_eq!(fake.gmail.as_str(), "http://127.0.0.1:9000/google/gmail/v1/users/me");
        let wrong = GoogleConfig { api_base: "localhost".into(), ..GoogleConfig::default() };
        assert_eq!(GoogleBases::new(&wrong).map(|_| ()).unwrap_err().key, "api_base");
    }
}
