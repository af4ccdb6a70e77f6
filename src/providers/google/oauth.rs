//! Google's side of OAuth: consent page, tokens, revocation, user info.
//! <https://developers.google.com/identity/protocols/oauth2/web-server>

use http::header::CONTENT_TYPE;
use http::Method;
use serde::Deserialize;

use super::{GoogleBases, GoogleConfig, Session};
use crate::providers::bases::BadBase;
use crate::providers::error::{one_line, retry_after, ProviderError, Repeat};
use crate::providers::oauth::{Account, Authorize, AuthorizeRequest, ConsentClient, OAuthClient, Revoked, TokenSet};
use crate::providers::outbound::{CallLog, Outbound, Request};
use crate::providers::Secret;

/// Scopes that the product asks for, each only when the feature that needs it is connected.
pub mod scope {
    pub const OPENID: &str = "openid";
    pub const EMAIL: &str = "email";
    pub const PROFILE: &str = "profile";
    pub const GMAIL_SEND: &str = "https://www.googleapis.com/auth/gmail.send";
    pub const GMAIL_READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
    pub const CALENDAR_EVENTS_OWNED: &str = "https://www.googleapis.com/auth/calendar.events.owned";
    pub const CALENDAR_FREEBUSY: &str = "https://www.googleapis.com/auth/calendar.events.freebusy";
    pub const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
}

/// Google's name for a scope that was asked for under a short one.
fn full_name(scope: &str) -> &str {
    match scope {
        scope::EMAIL => "https://www.googleapis.com/auth/userinfo.email",
        scope::PROFILE => "https://www.googleapis.com/auth/userinfo.profile",
        other => other,
    }
}

/// The scopes of `needed` that `granted` does not cover. Google answers `email` by its long name.
pub fn missing_scopes<'a>(granted: &[String], needed: &[&'a str]) -> Vec<&'a str> {
    let covered = |needed: &str| granted.iter().any(|scope| scope == needed || scope == full_name(needed));
    needed.iter().filter(|scope| !covered(scope)).copied().collect()
}

/// Who connected. `email_verified` must hold before the address is used for anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct UserInfo {
    pub sub: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub name: String,
}

/// The operator's client at Google.
#[derive(Clone, Debug)]
pub struct GoogleOAuth {
    client: OAuthClient,
    bases: GoogleBases,
}

impl GoogleOAuth {
    pub fn new(config: &GoogleConfig) -> Result<Self, BadBase> {
        let bases = GoogleBases::new(config)?;
        let client = OAuthClient::new(&config.client_id, &config.client_secret, &bases.auth, &bases.token);
        Ok(Self { client, bases })
    }

    pub fn bases(&self) -> &GoogleBases {
        &self.bases
    }
}

impl ConsentClient for GoogleOAuth {
    fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// Google gives a refresh token only when the page was really shown, hence `prompt=consent`.
    fn authorize(
        &self,
        redirect_uri: &str,
        scopes: &[&str],
        login_hint: Option<&str>,
    ) -> Result<Authorize, ProviderError> {
        let mut extra = vec![("access_type", "offline"), ("prompt", "consent"), ("include_granted_scopes", "true")];
        extra.extend(login_hint.map(|hint| ("login_hint", hint)));
        self.client.authorize(&AuthorizeRequest { redirect_uri, scopes, extra: &extra })
    }

    /// From the id token of the exchange (needs `openid email`); nobody is asked.
    fn account(&self, _: &Outbound, tokens: &TokenSet, _: &dyn CallLog) -> Result<Account, ProviderError> {
        let unsaid = || ProviderError::Rejected { reason: "it was not said whose account this is".into() };
        let user: UserInfo = tokens.claims(&self.client.client_id).ok_or_else(unsaid)?;
        let UserInfo { sub: subject, email, email_verified, name } = user;
        Ok(Account { subject, email, email_verified, name })
    }

    fn revoke(&self, outbound: &Outbound, token: &Secret, log: &dyn CallLog) -> Result<Revoked, ProviderError> {
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
        let target = outbound
            .configured(self.bases.revoke.clone())
            .map_err(|refused| ProviderError::from_transport(refused.into(), Repeat::Safe))?;
        let request = Request::new(Method::POST, target)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        let answer = outbound.send(request, log).map_err(|e| ProviderError::from_transport(e, Repeat::Safe))?;
        let said = String::from_utf8_lossy(&answer.body);
        match answer.status {
            200 => Ok(Revoked::Done),
            400 if said.contains("invalid_token") || said.contains("invalid_grant") => Ok(Revoked::Done),
            status => {
                let after = retry_after(&answer, outbound.clock().now());
                Err(ProviderError::from_status(status, after, one_line(&said), Repeat::Safe))
            }
        }
    }
}

impl Session<'_> {
    /// Whose account this is. Needs `openid email`.
    pub fn user_info(&self) -> Result<UserInfo, ProviderError> {
        self.get_json(self.bases.userinfo.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{assert_asks, id_token, outbound, refused_refresh, FakeHttp, Reply, Seen, NOW};
    use std::collections::HashMap;
    use std::time::Duration;

    const BACK: &str = "https://crm.example/connections/google/callback";

    fn google(base: &str) -> GoogleOAuth {
        GoogleOAuth::new(&GoogleConfig {
            client_id: "id-1".into(),
            client_secret: "s3cret".into(),
            auth_base: base.into(),
            token_base: base.into(),
            api_base: base.into(),
        })
        .unwrap()
    }

    #[test]
    fn the_consent_page_is_asked_for_offline_access_with_pkce_and_fresh_secrets() {
        let google = google("");
        let page = google.authorize(BACK, &[scope::OPENID, scope::GMAIL_SEND], Some("ada@example.com")).unwrap();
        let expected = [
            ("client_id", "id-1"),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid https://www.googleapis.com/auth/gmail.send"),
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("include_granted_scopes", "true"),
            ("login_hint", "ada@example.com"),
            ("code_challenge_method", "S256"),
            ("state", page.state.expose()),
            ("nonce", page.nonce.expose()),
        ];
        assert_asks(&page.url, &expected);
        assert!(page.state.expose().len() >= 22, "128 bits");
        assert!((43..=128).contains(&page.pkce_verifier.expose().len()));
        assert!(!page.url.as_str().contains(page.pkce_verifier.expose()));
        let again = google.authorize(BACK, &[], None).unwrap();
        assert_ne!(again.state, page.state);
        assert_ne!(again.pkce_verifier, page.pkce_verifier);
    }

    #[test]
    fn a_code_becomes_tokens_with_the_scopes_really_granted() {
        let server = FakeHttp::start(|_: &Seen| {
            Reply::json(
                200,
                r#"{"access_token":"at","expires_in":3599,"refresh_token":"rt","token_type":"Bearer",
                "scope":"openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.send","id_token":"h.p.s"}"#,
            )
        });
        let google = google(&server.base);
        let tokens = google.exchange(&outbound(), "4/code", BACK, &Secret::new("v".repeat(43)), &NoLog).unwrap();
        assert_eq!(tokens.access_token.expose(), "at");
        assert_eq!(tokens.refresh_token.as_ref().map(Secret::expose), Some("rt"));
        assert_eq!(tokens.expires_at, NOW.plus(Duration::from_secs(3599)));
        assert_eq!(tokens.id_token.as_ref().map(Secret::expose), Some("h.p.s"));
        let needed = [scope::EMAIL, scope::GMAIL_SEND, scope::GMAIL_READONLY];
        assert_eq!(missing_scopes(&tokens.scopes, &needed), [scope::GMAIL_READONLY]);
        let form: HashMap<_, _> = server.last().form().into_iter().collect();
        assert_eq!(form["grant_type"], "authorization_code");
        assert_eq!(form["code"], "4/code");
        assert_eq!(form["code_verifier"], "v".repeat(43));
        assert_eq!(form["redirect_uri"], BACK);
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("id-1", "s3cret"));
        assert_eq!(server.last().path, "/token");
    }

    #[test]
    fn the_connected_account_is_known_from_the_token_of_the_exchange() {
        let account = |aud: &str| {
            let claims = format!(r#"{{"aud":"{aud}","sub":"7","email":"ada@example.com","email_verified":true}}"#);
            let tokens = TokenSet {
                access_token: Secret::new("at"),
                refresh_token: None,
                expires_at: NOW,
                scopes: vec![],
                id_token: Some(Secret::new(id_token(&claims))),
            };
            let account = google("").account(&outbound(), &tokens, &NoLog).ok();
            account.map(|account| (account.subject, account.email, account.email_verified))
        };
        assert_eq!(account("id-1"), Some(("7".into(), "ada@example.com".into(), true)));
        assert_eq!(account("another client"), None);
    }

    #[test]
    fn a_refresh_keeps_the_old_refresh_token_unless_a_new_one_is_given() {
        let cases = [
            (r#"{"access_token":"at2","expires_in":3599,"token_type":"Bearer"}"#, "old"),
            (r#"{"access_token":"at2","expires_in":3599,"token_type":"Bearer","refresh_token":"new"}"#, "new"),
        ];
        for (body, expected) in cases {
            let server = FakeHttp::start(move |_: &Seen| Reply::json(200, body));
            let tokens = google(&server.base).refresh(&outbound(), &Secret::new("old"), &NoLog).unwrap();
            assert_eq!(tokens.refresh_token.as_ref().map(Secret::expose), Some(expected));
            assert!(!format!("{tokens:?}").contains("at2"), "tokens are not printed");
        }
    }

    #[test]
    fn a_dead_grant_is_told_from_a_fault_that_passes_and_from_a_wrong_client() {
        let grant = r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
        let client = r#"{"error":"invalid_client"}"#;
        type Fits = fn(&ProviderError) -> bool;
        let cases: [(u16, &'static str, Fits); 4] = [
            (400, grant, |e| *e == ProviderError::Reconnect { reason: "Token has been expired or revoked.".into() }),
            (401, client, |e| matches!(e, ProviderError::Rejected { .. })),
            (500, "<html>oops</html>", |e| matches!(e, ProviderError::Retry { .. })),
            (200, "[]", |e| matches!(e, ProviderError::Retry { .. })),
        ];
        for (status, body, fits) in cases {
            let error = refused_refresh(google, status, body);
            assert!(fits(&error), "{status} {body}: {error:?}");
        }
    }

    #[test]
    fn revoking_a_grant_that_is_dead_already_is_a_success() {
        let cases = [
            (200, "{}", true),
            (400, r#"{"error":"invalid_token"}"#, true),
            (400, r#"{"error":"unsupported_token_type"}"#, false),
            (503, "", false),
        ];
        for (status, body, expected) in cases {
            let server = FakeHttp::start(move |_: &Seen| Reply::json(status, body));
            let result = google(&server.base).revoke(&outbound(), &Secret::new("r/t+1"), &NoLog);
            assert_eq!(result.is_ok(), expected, "{status} {body}: {result:?}");
            assert_eq!(server.last().body, "token=r%2Ft%2B1");
        }
    }
}
