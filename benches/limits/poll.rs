//! Looking for answers in 1,000 mailboxes that are all due at once, by the product's own queue, against the sandbox.
//!
//! Measured: one round, from the moment at which all polls fall due until the last is over and durable; each mailbox
//! has got one mail, which is nobody's answer. What a round takes of a mailbox's quota is counted from the requests that
//! the sandbox received. The limit in the same run: the same requests, in the same order of mailboxes, by a bare HTTP
//! client in a loop on as many threads.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use launchyard::app::App;
use launchyard::authz::{Actor, Role};
use launchyard::base::{Clock, EmailAddress, WorkspaceId};
use launchyard::connections::{self, ConsentAnswer, Provider, Use};
use launchyard::sandbox::{Sandbox, CLIENT_ID, CLIENT_SECRET};
use launchyard::wiring::{demo, start_jobs};
use launchyard::workspaces::{self, AddUser};
use serde_json::{json, Value};
use url::Url;

use super::measure::size;
use super::{people, Figure};

/// As many as a workspace has in life; a round goes over all workspaces.
const OF_A_WORKSPACE: u32 = 100;
const THREADS: usize = 8;
const EVERY: Duration = Duration::from_secs(60);
/// Units that Gmail gives a user in a minute, by the table in force since May 2026.
const GMAIL_UNITS: u32 = 6_000;
/// Requests that Graph takes from one program for one mailbox in ten minutes.
const GRAPH_REQUESTS: u32 = 10_000;

pub fn run() -> Vec<Figure> {
    let mailboxes = size("LAUNCHYARD_BENCH_MAILBOXES", 1_000);
    // The others hold meetings.
    [Provider::Google, Provider::Microsoft].into_iter().flat_map(|provider| figures(provider, mailboxes)).collect()
}

/// A request as the sandbox received it.
struct Seen {
    url: String,
    token: String,
}

fn figures(provider: Provider, mailboxes: u32) -> Vec<Figure> {
    let world = World::start(provider, mailboxes);
    let runner = world.app().runner().unwrap();
    // The first looks find where each mailbox ends.
    assert!(runner.settle(Duration::from_secs(600)));
    let (quiet, _) = world.round();
    (0..mailboxes).for_each(|number| world.arrives(number));
    let (seen, took) = world.round();
    let bare = bare_loop(&seen);
    runner.stop(Duration::from_secs(10));

    let rate = f64::from(mailboxes) / took.as_secs_f64();
    let limit = f64::from(mailboxes) / bare.as_secs_f64();
    let round = Figure {
        what: format!(
            "one round over {mailboxes} {} mailboxes, {} requests, by {THREADS} threads: {:.1} s of the minute",
            provider.name(),
            seen.len(),
            took.as_secs_f64()
        ),
        ours: format!("{rate:.0} mailboxes/s"),
        limit: format!("{limit:.0}/s (the same requests by a bare HTTP loop in {:.1} s)", bare.as_secs_f64()),
        ratio: Some(rate / limit),
        wanted: "under 60 s".into(),
    };
    vec![round, quota(provider, &quiet, &seen)]
}

fn quota(provider: Provider, quiet: &[Seen], seen: &[Seen]) -> Figure {
    let (unit, most, each): (_, u32, fn(&str) -> u32) = match provider {
        Provider::Google => ("units a minute", GMAIL_UNITS, gmail_units),
        _ => ("requests in ten minutes", GRAPH_REQUESTS, |_| 10),
    };
    let of = |seen: &[Seen]| {
        let mut spent: BTreeMap<&str, u32> = BTreeMap::new();
        seen.iter().for_each(|one| *spent.entry(one.token.as_str()).or_default() += each(&one.url));
        spent.into_values().max().unwrap_or(0)
    };
    let (without, with) = (of(quiet), of(seen));
    Figure {
        what: format!("{} quota of a mailbox that is polled each minute: quiet, and with a new mail", provider.name()),
        ours: format!("{without} and {with} {unit}"),
        limit: format!("{most} {unit}"),
        ratio: Some(f64::from(with) / f64::from(most)),
        wanted: "under 1".into(),
    }
}

fn gmail_units(url: &str) -> u32 {
    match url {
        url if url.contains("/history") => 2,
        url if url.contains("/profile") => 1,
        url if url.contains("/messages/") => 20,
        _ => 5,
    }
}

/// The same requests again, each mailbox's by the same thread.
fn bare_loop(seen: &[Seen]) -> Duration {
    let mut shares: Vec<Vec<&Seen>> = (0..THREADS).map(|_| Vec::new()).collect();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for one in seen {
        let next = places.len() % THREADS;
        shares[*places.entry(&one.token).or_insert(next)].push(one);
    }
    let began = Instant::now();
    std::thread::scope(|scope| {
        for share in &shares {
            scope.spawn(move || {
                let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
                for one in share {
                    let mut answer = agent.get(&one.url).header("authorization", &one.token).call().unwrap();
                    answer.body_mut().read_to_vec().unwrap();
                }
            });
        }
    });
    began.elapsed()
}

struct World {
    sandbox: Sandbox,
    opened: launchyard::wiring::OpenedApp,
    clock: Clock,
    agent: ureq::Agent,
    _dir: tempfile::TempDir,
}

impl World {
    fn start(provider: Provider, mailboxes: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let sandbox = people::sandbox(&clock, "UTC");
        let word = provider.word().to_uppercase();
        let base = format!("{}/{}", sandbox.url, provider.word());
        let threads = THREADS.to_string();
        let named: Vec<(String, &str)> = [
            ("CLIENT_ID", CLIENT_ID),
            ("CLIENT_SECRET", CLIENT_SECRET),
            ("AUTH_BASE", &base),
            ("TOKEN_BASE", &base),
            ("API_BASE", &base),
        ]
        .map(|(key, value)| (format!("LAUNCHYARD_PROVIDERS__{word}__{key}"), value))
        .to_vec();
        let mut settings: Vec<(&str, &str)> = named.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        settings.push(("LAUNCHYARD_JOBS__MAILBOX_WORKERS", &threads));
        let opened = people::open(dir.path(), clock.clone(), "http://127.0.0.1:8080", &settings);
        demo::register(&opened.app, &sandbox);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build();
        let world = Self { sandbox, opened, clock, agent: agent.into(), _dir: dir };
        for first in (0..mailboxes).step_by(OF_A_WORKSPACE as usize) {
            let actor = Actor::system(world.add_workspace(first));
            let last = (first + OF_A_WORKSPACE).min(mailboxes);
            (first..last).for_each(|number| world.connect(provider, &actor, number));
        }
        start_jobs(world.app()).unwrap();
        world
    }

    fn app(&self) -> &std::sync::Arc<App> {
        &self.opened.app
    }

    fn add_workspace(&self, number: u32) -> WorkspaceId {
        let owner = AddUser {
            email: EmailAddress::parse(&format!("owner{number}@fernhill.example")).unwrap(),
            name: "Nora Whitfield".into(),
            workspace: format!("fernhill-{number}"),
            role: Role::Owner,
            password: people::PASSWORD.into(),
            api_key: false,
        };
        WorkspaceId::parse_sid(&workspaces::add_user(self.app(), &owner).unwrap().workspace_sid).unwrap()
    }

    /// As a browser does: the consent form with every box ticked, and back.
    fn connect(&self, provider: Provider, actor: &Actor, number: u32) {
        let email = address(number);
        self.control("accounts", &json!({"email": email, "name": "Desk"}));
        let page = connections::begin(self.app(), actor, provider, &[Use::Outreach], None).unwrap();
        let mut fields: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        let scope = fields.iter().find(|(name, _)| name == "scope").map(|(_, scope)| scope.clone()).unwrap();
        fields.extend([("account".into(), email), ("decision".into(), "allow".into())]);
        fields.extend(scope.split(' ').map(|scope| ("grant".to_owned(), scope.to_owned())));
        let mut form = page;
        form.set_query(None);
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let answer = self.agent.post(form.as_str()).send_form(pairs).unwrap();
        let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let value =
            |name: &str| back.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        let answer = ConsentAnswer { state: value("state").unwrap(), code: value("code"), ..ConsentAnswer::default() };
        connections::finish(self.app(), actor, provider, &answer).unwrap();
    }

    fn arrives(&self, number: u32) {
        let to = address(number);
        let raw =
            format!("From: news@shop.example\nTo: {to}\nMessage-ID: <n{number}@shop.example>\nSubject: Sale\n\nBuy.");
        self.control("mail", &json!({"to": to, "raw": raw}));
    }

    fn control(&self, what: &str, body: &Value) {
        let answer = self.agent.post(format!("{}/control/{what}", self.sandbox.url)).send_json(body).unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{what}");
    }

    /// All mailboxes fall due at once: the requests that were made, and how long it took until all were read.
    fn round(&self) -> (Vec<Seen>, Duration) {
        self.control("reset", &json!({}));
        let runner = self.app().runner().unwrap();
        let began = Instant::now();
        self.clock.advance(EVERY);
        runner.wake();
        assert!(runner.settle(Duration::from_secs(600)));
        let took = began.elapsed();
        let mut answer = self.agent.get(format!("{}/control/requests", self.sandbox.url)).call().unwrap();
        let lines = answer.body_mut().with_config().limit(256 << 20).read_to_string().unwrap();
        let seen = lines.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Seen { url: text(&line["url"]), token: text(&line["headers"]["authorization"]) }
        });
        (seen.filter(|one| !one.token.is_empty()).collect(), took)
    }
}

fn address(number: u32) -> String {
    format!("desk{number}@fernhill.example")
}
