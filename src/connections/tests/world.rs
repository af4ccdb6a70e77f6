//! An app whose Google and Microsoft are a sandbox of its own, and the person who consents.

use std::time::Duration;

use serde_json::{json, Value};
use url::Url;

use crate::authz::Actor;
use crate::base::{Clock, EmailAddress, SessionId};
use crate::connections::{self, CalendarSettings, ConnectError, Connected, Connection, ConsentAnswer, Provider, Use};
use crate::providers::google::gmail::Gmail;
use crate::providers::{ProviderError, Secret};
use crate::sandbox::{
    OwnerAccount, Sandbox, SandboxOptions, CLIENT_ID, CLIENT_SECRET, MAIL_PASSWORD, ZOOM_HOOK_SECRET,
};
use crate::testing::{self, TestApp, NOW};

pub const OWNER: &str = "robin@larkfield.example";

pub struct World {
    /// Where the person connects their account.
    pub provider: Provider,
    pub test: TestApp,
    pub sandbox: Sandbox,
    /// The owner, signed in with a browser.
    pub owner: Actor,
    clock: Clock,
    agent: ureq::Agent,
}

impl World {
    pub fn start() -> Self {
        Self::at(Provider::Google)
    }

    pub fn at(provider: Provider) -> Self {
        Self::start_with(provider, &[])
    }

    pub fn start_with(provider: Provider, settings: &[(&str, &str)]) -> Self {
        let clock = Clock::stopped_at(NOW);
        let sandbox = Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            people: false,
            owner: OwnerAccount { email: OWNER.into(), name: "Robin Larkfield".into(), zone: "Europe/London".into() },
            advance: None,
            smtp_imap: true,
            memory: None,
        })
        .unwrap();
        let at = |name: &str| format!("{}/{name}", sandbox.url);
        let (base, microsoft) = (at("google"), at("microsoft"));
        let (zoom, webex, goto, stripe) = (at("zoom"), at("webex"), at("goto"), at("stripe"));
        let own = [
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__AUTH_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__TOKEN_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__API_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__MICROSOFT__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__MICROSOFT__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__MICROSOFT__AUTH_BASE", &microsoft),
            ("LAUNCHYARD_PROVIDERS__MICROSOFT__TOKEN_BASE", &microsoft),
            ("LAUNCHYARD_PROVIDERS__MICROSOFT__API_BASE", &microsoft),
            ("LAUNCHYARD_PROVIDERS__ZOOM__HOOK_SECRET", ZOOM_HOOK_SECRET),
            ("LAUNCHYARD_MEETINGS__JITSI_BASE", "https://jitsi.example"),
            ("LAUNCHYARD_PROVIDERS__ZOOM__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__ZOOM__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__ZOOM__AUTH_BASE", &zoom),
            ("LAUNCHYARD_PROVIDERS__ZOOM__TOKEN_BASE", &zoom),
            ("LAUNCHYARD_PROVIDERS__ZOOM__API_BASE", &zoom),
            ("LAUNCHYARD_PROVIDERS__WEBEX__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__WEBEX__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__WEBEX__AUTH_BASE", &webex),
            ("LAUNCHYARD_PROVIDERS__WEBEX__TOKEN_BASE", &webex),
            ("LAUNCHYARD_PROVIDERS__WEBEX__API_BASE", &webex),
            ("LAUNCHYARD_PROVIDERS__GOTO__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__GOTO__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__GOTO__AUTH_BASE", &goto),
            ("LAUNCHYARD_PROVIDERS__GOTO__TOKEN_BASE", &goto),
            ("LAUNCHYARD_PROVIDERS__GOTO__API_BASE", &goto),
            ("LAUNCHYARD_PROVIDERS__STRIPE__API_BASE", &stripe),
        ];
        let test = testing::app_with(&[&own[..], settings].concat());
        for provider in Provider::ALL {
            assert!(sandbox.register_redirect(&test.app.url(provider.callback())));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        let owner = Actor { session: Some(SessionId::new(NOW)), ..test.owner.clone() };
        Self { provider, test, sandbox, owner, clock, agent }
    }

    /// Both clocks move together.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.test.app.clock.advance(by);
    }

    /// Sends the consent form of `page` with every box ticked but those whose scope ends with one of `unticked`.
    pub fn consent(&self, page: &Url, unticked: &[&str]) -> ConsentAnswer {
        let asked: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        let scope = asked.iter().find(|(name, _)| name == "scope").map(|(_, value)| value.clone()).unwrap_or_default();
        let mut fields = asked;
        fields.extend([("account".into(), OWNER.into()), ("decision".into(), "allow".into())]);
        let ticked = scope.split(' ').filter(|scope| !unticked.iter().any(|end| scope.ends_with(end)));
        fields.extend(ticked.map(|scope| ("grant".to_owned(), scope.to_owned())));
        self.answer_of(&self.send_form(page, &fields))
    }

    /// Presses "Cancel" on the provider's page.
    pub fn decline(&self, page: &Url) -> ConsentAnswer {
        let mut fields: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        fields.extend([("account".into(), OWNER.into()), ("decision".into(), "deny".into())]);
        self.answer_of(&self.send_form(page, &fields))
    }

    fn send_form(&self, page: &Url, fields: &[(String, String)]) -> Url {
        let mut action = page.clone();
        action.set_query(None);
        let response = self.agent.post(action.as_str()).send_form(fields.iter().map(|(n, v)| (&**n, &**v))).unwrap();
        assert_eq!(response.status().as_u16(), 302);
        Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
    }

    fn answer_of(&self, back: &Url) -> ConsentAnswer {
        assert!(back.as_str().starts_with(&self.test.app.url("/connections/")), "{back}");
        let value = |wanted: &str| back.query_pairs().find(|(name, _)| name == wanted).map(|(_, v)| v.into_owned());
        ConsentAnswer {
            state: value("state").unwrap(),
            code: value("code"),
            error: value("error"),
            error_description: value("error_description"),
        }
    }

    pub fn try_connect(&self, uses: &[Use], unticked: &[&str]) -> Result<Connected, ConnectError> {
        let page = self.begin(uses)?;
        self.finish(&self.consent(&page, unticked))
    }

    pub fn begin(&self, uses: &[Use]) -> Result<Url, ConnectError> {
        connections::begin(&self.test.app, &self.owner, self.provider, uses, None)
    }

    pub fn finish(&self, answer: &ConsentAnswer) -> Result<Connected, ConnectError> {
        connections::finish(&self.test.app, &self.owner, self.provider, answer)
    }

    /// The call by which the mailbox is read, as faults name it.
    pub fn reading(&self) -> &'static str {
        match self.provider {
            Provider::Google => "GET /google/gmail",
            _ => "GET /microsoft/v1.0",
        }
    }

    /// The call by which a mail leaves, as faults name it.
    pub fn sending(&self) -> &'static str {
        match self.provider {
            Provider::Google => "POST /google/gmail/v1/users/me/messages/send",
            _ => "POST /microsoft/v1.0/me/sendMail",
        }
    }

    /// Where tokens are given.
    pub fn tokens(&self) -> &'static str {
        match self.provider {
            Provider::Google => "/google/token",
            _ => "/microsoft/common/oauth2/v2.0/token",
        }
    }

    /// One harmless question to the mailbox: whose it is.
    pub fn ask_mailbox(&self, connection: &Connection) -> Result<String, ProviderError> {
        let (app, workspace) = (&self.test.app, self.test.workspace);
        match self.provider {
            Provider::Google => connections::google_session(app, workspace, connection.id, |session| {
                Ok(Gmail(session).profile()?.email)
            }),
            _ => connections::microsoft_session(app, workspace, connection.id, |session| {
                Ok(session.me()?.mail.unwrap_or_default())
            }),
        }
    }

    /// One more account, at a service that holds meetings.
    pub fn connect_host(&self, provider: Provider) -> Connection {
        self.try_connect_host(provider).unwrap().connection
    }

    pub fn try_connect_host(&self, provider: Provider) -> Result<Connected, ConnectError> {
        let page = connections::begin(&self.test.app, &self.owner, provider, &[Use::Meetings], None)?;
        connections::finish(&self.test.app, &self.owner, provider, &self.consent(&page, &[]))
    }

    /// The meetings that stand at a service: what each is called, when it begins and ends.
    pub fn meetings_at(&self, service: &str) -> Vec<Value> {
        serde_json::from_str::<Vec<Value>>(&self.get(&format!("/control/meetings/{service}"))).unwrap()
    }

    /// The account's calendars at the calendar server.
    pub fn connect_server(&self) -> Connection {
        let settings = CalendarSettings {
            address: EmailAddress::parse(OWNER).unwrap(),
            server: format!("{}/caldav/", self.sandbox.url),
            user: String::new(),
            password: Secret::new(MAIL_PASSWORD),
        };
        connections::connect_calendar(&self.test.app, &self.owner, &settings, None).unwrap().connection.unwrap()
    }

    pub fn connect(&self, uses: &[Use]) -> Connection {
        self.try_connect(uses, &[]).unwrap().connection
    }

    pub fn control(&self, what: &str, body: &Value) {
        let url = format!("{}/control/{what}", self.sandbox.url);
        let response = self.agent.post(&url).send_json(body).unwrap();
        assert_eq!(response.status().as_u16(), 200, "{what} {body}");
    }

    /// The same, with what it answers.
    pub fn ask_control(&self, what: &str, body: &Value) -> Value {
        let url = format!("{}/control/{what}", self.sandbox.url);
        self.agent.post(&url).send_json(body).unwrap().body_mut().read_json().unwrap()
    }

    pub fn get(&self, path: &str) -> String {
        let url = format!("{}{path}", self.sandbox.url);
        self.agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// `METHOD path?query` of every request that the provider received since the last reset, in order.
    pub fn requests(&self) -> Vec<String> {
        let lines = self.get("/control/requests");
        let parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        parsed.map(|one| format!("{} {}", one["method"].as_str().unwrap(), one["url"].as_str().unwrap())).collect()
    }

    pub fn forget_requests(&self) {
        self.control("reset", &json!({}));
    }

    pub fn mails_of(&self, address: &str) -> Vec<Value> {
        let answer: Value = serde_json::from_str(&self.get(&format!("/control/mailboxes/{address}"))).unwrap();
        answer["mails"].as_array().cloned().unwrap_or_default()
    }

    /// The connection as it is stored now.
    pub fn stored(&self, connection: &Connection) -> Connection {
        connections::get(&self.test.app.store, self.test.workspace, connection.id).unwrap().unwrap()
    }
}
