//! An app whose Google is a sandbox of its own, and the person who consents.

use std::time::Duration;

use serde_json::{json, Value};
use url::Url;

use crate::authz::Actor;
use crate::base::{Clock, SessionId};
use crate::connections::{self, ConnectError, Connected, Connection, ConsentAnswer, Use};
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions, CLIENT_ID, CLIENT_SECRET};
use crate::testing::{self, TestApp, NOW};

pub const OWNER: &str = "robin@larkfield.example";

pub struct World {
    pub test: TestApp,
    pub sandbox: Sandbox,
    /// The owner, signed in with a browser.
    pub owner: Actor,
    clock: Clock,
    agent: ureq::Agent,
}

impl World {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let clock = Clock::stopped_at(NOW);
        let sandbox = Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            people: false,
            owner: OwnerAccount { email: OWNER.into(), name: "Robin Larkfield".into(), zone: "Europe/London".into() },
            advance: None,
            smtp_imap: true,
        })
        .unwrap();
        let base = format!("{}/google", sandbox.url);
        let own = [
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__AUTH_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__TOKEN_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__API_BASE", &base),
        ];
        let test = testing::app_with(&[&own[..], settings].concat());
        assert!(sandbox.register_redirect(&test.app.url(connections::CALLBACK)));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        let owner = Actor { session: Some(SessionId::new(NOW)), ..test.owner.clone() };
        Self { test, sandbox, owner, clock, agent }
    }

    /// Both clocks move together.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.test.app.clock.advance(by);
    }

    /// Sends the consent form of `page` with every box ticked but those whose scope ends with one of `unticked`.
    pub fn consent(&self, page: &Url, unticked: &[&str]) -> ConsentAnswer {
        let asked: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        let scope = asked.iter().find(|(name, _)| name == "scope").map(|(_, value)| value.clone()).unwrap();
        let mut fields = asked;
        fields.extend([("account".into(), OWNER.into()), ("decision".into(), "allow".into())]);
        let ticked = scope.split(' ').filter(|scope| !unticked.iter().any(|end| scope.ends_with(end)));
        fields.extend(ticked.map(|scope| ("grant".to_owned(), scope.to_owned())));
        self.answer_of(&self.send_form(page, &fields))
    }

    /// Presses "Cancel" on Google's page.
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
        assert!(back.as_str().starts_with(&self.test.app.url(connections::CALLBACK)), "{back}");
        let value = |wanted: &str| back.query_pairs().find(|(name, _)| name == wanted).map(|(_, v)| v.into_owned());
        ConsentAnswer { state: value("state").unwrap(), code: value("code"), error: value("error") }
    }

    pub fn try_connect(&self, uses: &[Use], unticked: &[&str]) -> Result<Connected, ConnectError> {
        let page = connections::begin(&self.test.app, &self.owner, uses, None)?;
        connections::finish(&self.test.app, &self.owner, &self.consent(&page, unticked))
    }

    pub fn connect(&self, uses: &[Use]) -> Connection {
        self.try_connect(uses, &[]).unwrap().connection
    }

    pub fn control(&self, what: &str, body: &Value) {
        let url = format!("{}/control/{what}", self.sandbox.url);
        let response = self.agent.post(&url).send_json(body).unwrap();
        assert_eq!(response.status().as_u16(), 200, "{what} {body}");
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
