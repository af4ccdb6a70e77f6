//! Microsoft's side of OAuth: consent page, tokens, whose account it is.
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{MicrosoftBases, MicrosoftConfig, Session};
use crate::providers::bases::BadBase;
use crate::providers::error::ProviderError;
use crate::providers::oauth::{Account, Authorize, AuthorizeRequest, ConsentClient, OAuthClient, Revoked, TokenSet};
use crate::providers::outbound::{CallLog, Outbound};
use crate::providers::{Line, Secret};

/// Scopes that the product asks for. Those of Graph are written short, as Microsoft answers them.
pub mod scope {
    pub const OPENID: &str = "openid";
    /// Without it there is no refresh token.
    pub const OFFLINE: &str = "offline_access";
    pub const USER_READ: &str = "User.Read";
    pub const MAIL_SEND: &str = "Mail.Send";
    pub const MAIL_READ: &str = "Mail.Read";
}

/// Scopes of Graph may be answered with their resource in front.
const GRAPH_PREFIX: &str = "https://graph.microsoft.com/";
/// A client secret that has run out is the operator's to renew; until then everybody waits.
const SECRET_PAUSE: Duration = Duration::from_secs(3600);

/// The operator's client at Microsoft.
#[derive(Clone, Debug)]
pub struct MicrosoftOAuth {
    client: OAuthClient,
    bases: MicrosoftBases,
}

/// What the id token says: the person within the tenant, both ids stable (an address is not).
#[derive(Deserialize)]
struct Identity {
    oid: String,
    #[serde(default)]
    tid: String,
}

impl MicrosoftOAuth {
    pub fn new(config: &MicrosoftConfig) -> Result<Self, BadBase> {
        let bases = MicrosoftBases::new(config)?;
        let client = OAuthClient::new(&config.client_id, &config.client_secret, &bases.auth, &bases.token);
        Ok(Self { client, bases })
    }

    pub fn bases(&self) -> &MicrosoftBases {
        &self.bases
    }

    /// Where an administrator allows this program for the whole organisation.
    pub fn admin_consent_url(&self) -> Url {
        let mut url = self.bases.admin_consent.clone();
        url.query_pairs_mut().append_pair("client_id", &self.client.client_id);
        url
    }
}

/// Microsoft leaves `openid` and `offline_access` out of what it says was granted; their tokens show them.
fn with_plain_scopes(mut set: TokenSet) -> TokenSet {
    let short = |scope: &String| scope.strip_prefix(GRAPH_PREFIX).unwrap_or(scope).to_owned();
    let mut scopes: Vec<String> = set.scopes.iter().map(short).collect();
    let shown = [(scope::OPENID, set.id_token.is_some()), (scope::OFFLINE, set.refresh_token.is_some())];
    for (name, _) in shown.into_iter().filter(|(_, is_shown)| *is_shown) {
        if !scopes.iter().any(|scope| scope == name) {
            scopes.push(name.to_owned());
        }
    }
    set.scopes = scopes;
    set
}

/// A wrong or outdated client secret (AADSTS7000215, AADSTS7000222) says nothing about the grant.
fn of_this_server(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Rejected { reason } if reason.contains("AADSTS70002") => ProviderError::Retry {
            after: Some(SECRET_PAUSE),
            reason: format!(
                "the client secret of this server is wrong or has run out; its operator has to set \
                 providers.microsoft.client_secret anew: {reason}"
            ),
        },
        other => other,
    }
}

impl ConsentClient for MicrosoftOAuth {
    fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// `prompt=select_account`: browsers are often signed in with several accounts.
    fn authorize(
        &self,
        redirect_uri: &str,
        scopes: &[&str],
        login_hint: Option<&str>,
    ) -> Result<Authorize, ProviderError> {
        let mut extra = vec![("response_mode", "query")];
        extra.push(login_hint.map_or(("prompt", "select_account"), |hint| ("login_hint", hint)));
        self.client.authorize(&AuthorizeRequest { redirect_uri, scopes, extra: &extra })
    }

    fn understood(&self, answer: Result<TokenSet, ProviderError>) -> Result<TokenSet, ProviderError> {
        answer.map(with_plain_scopes).map_err(of_this_server)
    }

    /// The ids stand in the id token, the address of the mailbox with Graph: the token's `preferred_username` may be
    /// anything. <https://learn.microsoft.com/graph/api/user-get>
    fn account(&self, outbound: &Outbound, tokens: &TokenSet, log: &dyn CallLog) -> Result<Account, ProviderError> {
        let unsaid = || ProviderError::Rejected { reason: "it was not said whose account this is".into() };
        let identity: Identity = tokens.claims(&self.client.client_id).ok_or_else(unsaid)?;
        let line = Line { outbound, access_token: &tokens.access_token, log };
        let user = Session { bases: &self.bases, line }.me()?;
        let email = user.mail.filter(|mail| !mail.is_empty()).unwrap_or(user.user_principal_name);
        Ok(Account {
            subject: format!("{}:{}", identity.tid, identity.oid),
            email,
            // Of one's own mailbox, as its organisation set it.
            email_verified: true,
            name: user.display_name.unwrap_or_default(),
        })
    }

    /// There is no end point for it: a grant is withdrawn by the person or an administrator.
    /// <https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-revocation>
    fn revoke(&self, _: &Outbound, _: &Secret, _: &dyn CallLog) -> Result<Revoked, ProviderError> {
        Ok(Revoked::ByPersonOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{assert_asks, id_token, outbound, refused_refresh, FakeHttp, Reply, Seen};

    const BACK: &str = "https://crm.example/connections/microsoft/callback";

    fn microsoft(base: &str) -> MicrosoftOAuth {
        MicrosoftOAuth::new(&MicrosoftConfig {
            client_id: "id-1".into(),
            client_secret: "s3cret".into(),
            tenant: "common".into(),
            auth_base: base.into(),
            token_base: base.into(),
            api_base: base.into(),
        })
        .unwrap()
    }

    #[test]
    fn the_consent_page_is_asked_with_pkce_for_short_scopes_and_a_choice_of_accounts() {
        let scopes = [scope::OPENID, scope::OFFLINE, scope::MAIL_SEND];
        let asked = |hint| microsoft("").authorize(BACK, &scopes, hint).unwrap().url;
        let expected = [
            ("client_id", "id-1"),
            ("response_type", "code"),
            ("scope", "openid offline_access Mail.Send"),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
        ];
        assert_asks(&asked(None), &expected);
        let again = asked(Some("ada@contoso.example"));
        assert_asks(&again, &[("login_hint", "ada@contoso.example")]);
        assert!(!again.as_str().contains("prompt="));
        let admin = microsoft("").admin_consent_url();
        assert_eq!(admin.as_str(), "https://login.microsoftonline.com/organizations/adminconsent?client_id=id-1");
    }

    #[test]
    fn granted_scopes_are_read_whatever_form_they_come_in_and_the_account_is_the_mailbox() {
        let claims = r#"{"aud":"id-1","oid":"7","tid":"t","preferred_username":"ada.l@contoso.example"}"#;
        let id_token = id_token(claims);
        let server = FakeHttp::start(move |seen: &Seen| {
            if seen.path.starts_with("/v1.0/me") {
                return Reply::json(
                    200,
                    r#"{"mail":"ada@contoso.example","userPrincipalName":"ada.l@contoso.example","displayName":"Ada"}"#,
                );
            }
            let scope = "https://graph.microsoft.com/Mail.Read Mail.Send User.Read profile";
            let body = format!(
                r#"{{"access_token":"at","expires_in":3599,"refresh_token":"rt","token_type":"Bearer","scope":"{scope}","id_token":"{id_token}"}}"#
            );
            Reply::json(200, &body)
        });
        let microsoft = microsoft(&server.base);
        let set = microsoft.exchange(&outbound(), "0.code", BACK, &Secret::new("v".repeat(43)), &NoLog).unwrap();
        let needed = [scope::OPENID, scope::OFFLINE, scope::USER_READ, scope::MAIL_SEND, scope::MAIL_READ];
        assert_eq!(set.missing(&needed), Vec::<&str>::new());
        let account = microsoft.account(&outbound(), &set, &NoLog).unwrap();
        assert_eq!((account.subject.as_str(), account.email.as_str()), ("t:7", "ada@contoso.example"));
    }

    #[test]
    fn a_dead_grant_is_told_from_a_client_secret_that_has_run_out() {
        type Fits = fn(&ProviderError) -> bool;
        let cases: [(&str, &str, Fits); 5] = [
            ("invalid_grant", "AADSTS70008: The refresh token has expired.", |e| {
                matches!(e, ProviderError::Reconnect { .. })
            }),
            ("interaction_required", "AADSTS50076: multi-factor authentication.", |e| {
                matches!(e, ProviderError::Reconnect { .. })
            }),
            ("consent_required", "AADSTS65001: no consent.", |e| matches!(e, ProviderError::Reconnect { .. })),
            (
                "invalid_client",
                "AADSTS7000222: The provided client secret keys are expired.",
                |e| matches!(e, ProviderError::Retry { after: Some(_), reason } if reason.contains("operator")),
            ),
            ("temporarily_unavailable", "AADSTS90033: transient.", |e| matches!(e, ProviderError::Retry { .. })),
        ];
        for (code, description, fits) in cases {
            let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
            let error = refused_refresh(microsoft, 400, &body);
            assert!(fits(&error), "{code}: {error:?}");
        }
    }
}
