//! A small client: a running sandbox with a stopped clock, JSON calls over HTTP, and consent as a browser gives it.

use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use super::super::{OwnerAccount, Sandbox, SandboxOptions, CLIENT_ID, CLIENT_SECRET};
use crate::base::{Clock, UnixMillis};

pub const OWNER: &str = "robin@larkfield.example";
pub const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123";
pub const CALLBACK: &str = "http://127.0.0.1:9/connections/google/callback";
pub const SCOPE: &str = "https://www.googleapis.com/auth/";

/// A Monday, nine o'clock in London.
pub const START: &str = "2026-11-23T09:00:00Z";

pub struct Client {
    pub sandbox: Sandbox,
    pub clock: Clock,
    agent: ureq::Agent,
}

pub struct Reply {
    pub status: u16,
    pub json: Value,
    pub text: String,
    pub headers: ureq::http::HeaderMap,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The reason in an error of Google's shape.
    pub fn reason(&self) -> &str {
        self.json["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
    }
}

impl Client {
    pub fn start() -> Self {
        Self::with_people(false)
    }

    pub fn with_people(people: bool) -> Self {
        Self::start_with(people, None)
    }

    /// One that keeps its grants in this file.
    pub fn remembering(file: &std::path::Path) -> Self {
        Self::start_with(false, Some(file.to_owned()))
    }

    fn start_with(people: bool, memory: Option<std::path::PathBuf>) -> Self {
        let clock = Clock::stopped_at(UnixMillis::parse_rfc3339(START).unwrap());
        let sandbox = Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            people,
            owner: OwnerAccount { email: OWNER.into(), name: "Robin Larkfield".into(), zone: "Europe/London".into() },
            advance: None,
            smtp_imap: true,
            memory,
        })
        .unwrap();
        assert!(sandbox.register_redirect(CALLBACK));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(std::time::Duration::from_secs(20)))
            .build()
            .into();
        Self { sandbox, clock, agent }
    }

    pub fn try_call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.sandbox.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).unwrap();
        let mut response = self.agent.run(request)?;
        let text = response.body_mut().read_to_string()?;
        Ok(Reply {
            status: response.status().as_u16(),
            json: serde_json::from_str(&text).unwrap_or_default(),
            headers: response.headers().clone(),
            text,
        })
    }

    pub fn get(&self, path: &str, token: &str) -> Reply {
        self.try_call("GET", path, &[("authorization", &format!("Bearer {token}"))], b"").unwrap()
    }

    pub fn send_json(&self, method: &str, path: &str, token: &str, body: &Value) -> Reply {
        let headers = [("authorization", &*format!("Bearer {token}")), ("content-type", "application/json")];
        self.try_call(method, path, &headers, body.to_string().as_bytes()).unwrap()
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.send_json("POST", path, token, body)
    }

    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.try_call("POST", path, &[("content-type", "application/x-www-form-urlencoded")], body.as_bytes()).unwrap()
    }

    pub fn control(&self, what: &str, body: &Value) -> Reply {
        self.post(&format!("/control/{what}"), "", body)
    }

    /// The fields of an authorisation request for these scopes.
    pub fn asking(scopes: &str) -> Vec<(String, String)> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        [
            ("client_id", CLIENT_ID),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scopes),
            ("state", "st 1"),
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("nonce", "n1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Submits the consent form with these scopes ticked; returns the parameters that come back to the client.
    pub fn consent(&self, provider: &str, asked: &[(String, String)], ticked: &[&str]) -> Vec<(String, String)> {
        let path = match provider {
            "google" => "/google/o/oauth2/v2/auth",
            "microsoft" => "/microsoft/common/oauth2/v2.0/authorize",
            "zoom" => "/zoom/oauth/authorize",
            "webex" => "/webex/v1/authorize",
            "goto" => "/goto/oauth/authorize",
            _ => "/oidc/authorize",
        };
        let mut fields: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (&**name, &**value)).collect();
        fields.extend([("account", OWNER), ("decision", "allow")]);
        fields.extend(ticked.iter().map(|scope| ("grant", *scope)));
        let reply = self.post_form(path, &fields);
        assert_eq!(reply.status, 302, "{}", reply.text);
        let to = url::Url::parse(reply.header("location")).unwrap();
        assert!(to.as_str().starts_with(CALLBACK));
        to.query_pairs().into_owned().collect()
    }

    /// Redeems a code; `changes` replace fields of a right request.
    pub fn redeem(&self, provider: &str, code: &str, changes: &[(&str, &str)]) -> Reply {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes);
        self.ask_tokens(provider, &fields)
    }

    /// Zoom and GoTo read the client's name and secret in a header.
    fn ask_tokens(&self, provider: &str, fields: &[(&str, &str)]) -> Reply {
        if !matches!(provider, "zoom" | "goto") {
            return self.post_form(&tokens_of(provider), fields);
        }
        let fields = fields.iter().filter(|(name, _)| !name.starts_with("client_"));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.try_call("POST", &tokens_of(provider), &headers, body.as_bytes()).unwrap()
    }

    /// Connects the owner's Microsoft account with these scopes of Graph; the whole token answer.
    pub fn connect_microsoft(&self, scopes: &[&str]) -> Value {
        let asked = Self::asking(&format!("openid offline_access {}", scopes.join(" ")));
        let back = self.consent("microsoft", &asked, scopes);
        let reply = self.redeem("microsoft", code_in(&back), &[]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json
    }

    /// Connects the owner's Google account with these scopes, all ticked; the whole token answer.
    pub fn connect(&self, scopes: &[&str]) -> Value {
        let full: Vec<String> = scopes.iter().map(|scope| format!("{SCOPE}{scope}")).collect();
        let asked = Self::asking(&format!("openid email {}", full.join(" ")));
        let back = self.consent("google", &asked, &full.iter().map(String::as_str).collect::<Vec<_>>());
        let reply = self.redeem("google", code_in(&back), &[]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json
    }

    pub fn token(&self, scopes: &[&str]) -> String {
        self.connect(scopes)["access_token"].as_str().unwrap().to_owned()
    }

    pub fn refresh(&self, refresh_token: &str) -> Reply {
        self.refresh_at("google", refresh_token)
    }

    pub fn refresh_at(&self, provider: &str, refresh_token: &str) -> Reply {
        self.ask_tokens(
            provider,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
                ("client_id", CLIENT_ID),
                ("client_secret", CLIENT_SECRET),
            ],
        )
    }

    pub fn send_mail(&self, token: &str, mail: &str) -> Reply {
        self.send_mail_in(token, mail, None)
    }

    pub fn send_mail_in(&self, token: &str, mail: &str, thread: Option<&str>) -> Reply {
        let mut body = json!({"raw": URL_SAFE.encode(mail.replace('\n', "\r\n"))});
        if let Some(thread) = thread {
            body["threadId"] = json!(thread);
        }
        self.post("/google/gmail/v1/users/me/messages/send", token, &body)
    }

    pub fn mails_of(&self, address: &str) -> Vec<Value> {
        self.get(&format!("/control/mailboxes/{address}"), "").json["mails"].as_array().cloned().unwrap()
    }
}

fn tokens_of(provider: &str) -> String {
    let path = match provider {
        "microsoft" => "common/oauth2/v2.0/token",
        "zoom" | "goto" => "oauth/token",
        "webex" => "v1/access_token",
        _ => "token",
    };
    format!("/{provider}/{path}")
}

pub fn code_in(parameters: &[(String, String)]) -> &str {
    parameters.iter().find(|(name, _)| name == "code").map(|(_, value)| value.as_str()).unwrap()
}
