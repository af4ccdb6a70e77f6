//! `[providers.*]`: the outside services, by base URL, and this installation's client at each.
//!
//! A base URL is https. Plain http is possible on loopback only, and only with
//! `allow_loopback_providers = true`, which is for the sandbox, tests and benches.

use std::fmt;

use url::{Host, Url};

use super::source::Section;
use super::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Providers {
    pub google: Google,
    pub microsoft: Microsoft,
    pub oidc: Option<Oidc>,
    pub ai: Ai,
    /// Where HubSpot answers; each workspace brings its own token.
    pub hubspot: BaseUrl,
    pub pipedrive: BaseUrl,
    pub zoom: MeetingHost,
    pub webex: MeetingHost,
    pub goto: MeetingHost,
}

/// Where the AI services answer that workspaces may use with keys of their own. Servers that workspaces name themselves
/// are no part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ai {
    pub anthropic: BaseUrl,
    pub openai: BaseUrl,
    pub gemini: BaseUrl,
}

/// Google sign-in, Gmail and Calendar. Without a client, connecting Google is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Google {
    pub client: Option<OAuthClient>,
    pub auth_base: BaseUrl,
    pub token_base: BaseUrl,
    pub api_base: BaseUrl,
}

/// Mailboxes of Microsoft 365. Without a client, connecting them is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Microsoft {
    pub client: Option<OAuthClient>,
    /// Whose accounts may be connected: `common`, `organizations`, or one tenant's id or domain.
    pub tenant: String,
    pub auth_base: BaseUrl,
    pub token_base: BaseUrl,
    pub api_base: BaseUrl,
}

/// A service whose accounts hold meetings and nothing else. Without a client, connecting it is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingHost {
    pub client: Option<OAuthClient>,
    pub auth_base: BaseUrl,
    pub token_base: BaseUrl,
    pub api_base: BaseUrl,
    /// With which it signs what it tells us of its own accord; Zoom alone does.
    pub hook_secret: Option<Secret>,
}

/// An OpenID Connect issuer people may sign in with; its endpoints are found by discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    pub issuer: BaseUrl,
    pub client: OAuthClient,
    /// What the button says.
    pub name: String,
}

/// What this installation is registered as. A public client has no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthClient {
    pub id: String,
    pub secret: Option<Secret>,
}

/// Where a service answers; a path may be part of it, a slash at the end is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    is_loopback: bool,
}

const GOOGLE_AUTH: &str = "https://accounts.google.com";
const GOOGLE_TOKEN: &str = "https://oauth2.googleapis.com";
const GOOGLE_API: &str = "https://www.googleapis.com";
/// Google's own documents give Gmail this host; the others share `GOOGLE_API`.
const GOOGLE_GMAIL: &str = "https://gmail.googleapis.com";

const HUBSPOT_API: &str = "https://api.hubapi.com";
const PIPEDRIVE_API: &str = "https://api.pipedrive.com";

pub(super) fn read_hubspot(from: &mut Section<'_>, allow_loopback: bool) -> BaseUrl {
    read_base(from, "api_base", HUBSPOT_API, allow_loopback)
}

pub(super) fn read_pipedrive(from: &mut Section<'_>, allow_loopback: bool) -> BaseUrl {
    read_base(from, "api_base", PIPEDRIVE_API, allow_loopback)
}

const MICROSOFT_LOGIN: &str = "https://login.microsoftonline.com";
const MICROSOFT_GRAPH: &str = "https://graph.microsoft.com";
/// Work, school and personal accounts alike.
const EVERY_TENANT: &str = "common";

impl Microsoft {
    pub(super) fn read(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        let tenant = from.text("tenant", EVERY_TENANT);
        if !is_tenant(&tenant) {
            from.mistake("tenant", "must be common, organizations, or the id or domain of one tenant");
        }
        Self {
            client: read_client(from),
            tenant,
            auth_base: read_base(from, "auth_base", MICROSOFT_LOGIN, allow_loopback),
            token_base: read_base(from, "token_base", MICROSOFT_LOGIN, allow_loopback),
            api_base: read_base(from, "api_base", MICROSOFT_GRAPH, allow_loopback),
        }
    }
}

/// It stands in addresses as it is.
fn is_tenant(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && !text.starts_with('.')
}

impl Google {
    pub(super) fn read(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        Self {
            client: read_client(from),
            auth_base: read_base(from, "auth_base", GOOGLE_AUTH, allow_loopback),
            token_base: read_base(from, "token_base", GOOGLE_TOKEN, allow_loopback),
            api_base: read_base(from, "api_base", GOOGLE_API, allow_loopback),
        }
    }

    /// Where Gmail answers: at a host of its own at Google, under the same base anywhere else.
    pub fn gmail_url(&self, path: &str) -> String {
        if self.api_base.as_str() == GOOGLE_API {
            format!("{GOOGLE_GMAIL}{path}")
        } else {
            self.api_base.at(path)
        }
    }
}

impl MeetingHost {
    pub(super) fn zoom(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        let hook_secret = from.secret("hook_secret");
        Self {
            hook_secret,
            ..Self::read(from, ["https://zoom.us", "https://zoom.us", "https://api.zoom.us"], allow_loopback)
        }
    }

    pub(super) fn webex(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        Self::read(from, ["https://webexapis.com"; 3], allow_loopback)
    }

    pub(super) fn goto(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        const LOGIN: &str = "https://authentication.logmeininc.com";
        Self::read(from, [LOGIN, LOGIN, "https://api.getgo.com"], allow_loopback)
    }

    /// `own` are its own addresses: of the consent page, of the tokens, of the meetings.
    fn read(from: &mut Section<'_>, own: [&'static str; 3], allow_loopback: bool) -> Self {
        let [auth, token, api] = own;
        Self {
            client: read_client(from),
            auth_base: read_base(from, "auth_base", auth, allow_loopback),
            token_base: read_base(from, "token_base", token, allow_loopback),
            api_base: read_base(from, "api_base", api, allow_loopback),
            hook_secret: None,
        }
    }
}

/// Where video calls are held that need no account: a Jitsi of the operator's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meetings {
    pub jitsi_base: BaseUrl,
}

impl Meetings {
    pub(super) fn read(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        Self { jitsi_base: read_base(from, "jitsi_base", "https://meet.jit.si", allow_loopback) }
    }
}

impl Oidc {
    pub(super) fn read(from: &mut Section<'_>, allow_loopback: bool) -> Option<Self> {
        let client = read_client(from);
        let issuer = read_url(from, "issuer", allow_loopback);
        let name = from.text("name", "Single sign-on");
        match (issuer, client) {
            (Some(issuer), Some(client)) => Some(Self { issuer, client, name }),
            (Some(_), None) => {
                from.mistake("issuer", "needs providers.oidc.client_id beside it");
                None
            }
            (None, Some(_)) => {
                from.mistake("client_id", "needs providers.oidc.issuer beside it");
                None
            }
            (None, None) => None,
        }
    }
}

impl Ai {
    pub(super) fn read(from: &mut Section<'_>, allow_loopback: bool) -> Self {
        let mut base = |key: &str, default| read_base(from, key, default, allow_loopback);
        Self {
            anthropic: base("anthropic_base", "https://api.anthropic.com"),
            openai: base("openai_base", "https://api.openai.com"),
            gemini: base("gemini_base", "https://generativelanguage.googleapis.com"),
        }
    }
}

impl BaseUrl {
    fn new(url: &Url) -> Self {
        Self { text: url.as_str().trim_end_matches('/').to_owned(), is_loopback: is_loopback(url) }
    }

    /// A service on this machine, as the sandbox starts them; `path` is empty or starts with a slash.
    pub fn loopback(port: u16, path: &str) -> Self {
        Self { text: format!("http://127.0.0.1:{port}{}", path.trim_end_matches('/')), is_loopback: true }
    }

    fn public(text: &'static str) -> Self {
        Self { text: text.to_owned(), is_loopback: false }
    }

    /// `path` starts with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True for `localhost`, 127.0.0.0/8 and ::1: the guarded client may go there.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_client(from: &mut Section<'_>) -> Option<OAuthClient> {
    let (id, secret) = (from.optional("client_id"), from.secret("client_secret"));
    if id.is_none() && secret.is_some() {
        let id_key = from.dotted("client_id");
        from.mistake("client_secret", format_args!("needs {id_key} beside it"));
    }
    id.map(|id| OAuthClient { id, secret })
}

fn read_base(from: &mut Section<'_>, key: &str, default: &'static str, allow_loopback: bool) -> BaseUrl {
    read_url(from, key, allow_loopback).unwrap_or_else(|| BaseUrl::public(default))
}

fn read_url(from: &mut Section<'_>, key: &str, allow_loopback: bool) -> Option<BaseUrl> {
    let url: Url = from.optional_parsed(key, "a URL such as \"https://api.example.com\"")?;
    match judge(&url, allow_loopback) {
        Ok(()) => Some(BaseUrl::new(&url)),
        Err(cure) => {
            // A password may stand in the rest.
            let start = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
            from.mistake(key, format_args!("{cure}, is \"{start}…\""));
            None
        }
    }
}

fn judge(url: &Url, allow_loopback: bool) -> Result<(), &'static str> {
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must be a bare URL, without user, query or fragment");
    }
    match (url.scheme(), is_loopback(url), allow_loopback) {
        ("http", true, false) => Err("may be plain http on loopback only with allow_loopback_providers = true"),
        ("https", _, _) | ("http", true, true) => Ok(()),
        _ => Err("must start with https://"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_and_only_when_allowed() {
        let cases = [
            ("https://api.example.com", false, true),
            ("http://api.example.com", true, false),
            ("http://127.0.0.1:9000/google", false, false),
            ("http://127.0.0.1:9000/google", true, true),
            ("http://localhost:9000", true, true),
            ("http://[::1]:9000", true, true),
            ("http://127.0.0.1.example.com", true, false),
            ("http://localhost.example.com", true, false),
            ("https://user@api.example.com", false, false),
            ("https://api.example.com/?a=b", false, false),
            ("ftp://api.example.com", true, false),
        ];
        for (url, allow_loopback, is_fine) in cases {
            let judged = judge(&Url::parse(url).unwrap(), allow_loopback);
            assert_eq!(judged.is_ok(), is_fine, "{url} with loopback {allow_loopback}: {judged:?}");
        }
    }

    #[test]
    fn a_tenant_is_a_word_an_id_or_a_domain() {
        for (tenant, is_fine) in [
            ("common", true),
            ("6f0e8a5c-0d3c-4b52-9d0e-0a3c1f5b7a11", true),
            ("contoso.onmicrosoft.com", true),
            ("", false),
            ("../common", false),
            ("a b", false),
        ] {
            assert_eq!(is_tenant(tenant), is_fine, "{tenant}");
        }
    }

    #[test]
    fn gmail_has_its_own_host_at_google_and_shares_the_base_elsewhere() {
        let mut google = Google {
            client: None,
            auth_base: BaseUrl::public(GOOGLE_AUTH),
            token_base: BaseUrl::public(GOOGLE_TOKEN),
            api_base: BaseUrl::public(GOOGLE_API),
        };
        assert_eq!(
            google.gmail_url("/gmail/v1/users/me/profile"),
            "https://gmail.googleapis.com/gmail/v1/users/me/profile"
        );
        google.api_base = BaseUrl::loopback(9000, "/google/");
        assert_eq!(google.gmail_url("/gmail/v1"), "http://127.0.0.1:9000/google/gmail/v1");
    }
}
