//! What a visitor waits for: the page with a month of free times, and the answer to "book this one". The host has a
//! calendar at the sandbox, which stands on this machine too; what the page shows comes from what was read of it before,
//! and each booking asks it about exactly its time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launchyard::app::App;
use launchyard::base::Clock;
use launchyard::http::server::bind;
use launchyard::sandbox::{Sandbox, CLIENT_ID, CLIENT_SECRET};
use launchyard::wiring::{demo, Running};
use serde_json::{json, Value};

use super::list::{open_loop, rate, request_of, serve_bare, sign_in, Line, CLIENTS, LIFTED, PER_SECOND};
use super::measure::{millis, size, Samples};
use super::{people, store, Figure};

/// Bookings in a row before the sandbox's clock leaves the minute, whose quota they would use up.
const IN_A_MINUTE: u32 = 100;
const SETTLED: Duration = Duration::from_secs(300);

pub fn run() -> Vec<Figure> {
    let office = Office::open();
    let bookings = size("LAUNCHYARD_BENCH_BOOKINGS", 500);
    let commits = office.book(bookings);
    let dir = tempfile::tempdir().unwrap();
    let store = store::waits(dir.path(), bookings);

    let asked_before = office.asked();
    let request = request_of(&office.page, office.address, "");
    let page = Line::open(office.address).get(&request);
    let text = String::from_utf8_lossy(&page);
    let days = text.matches("<a class=\"d\"").count();
    assert!(days >= 15 && text.contains("slot-button"), "{text}");
    let waits = open_loop(office.address, &request);
    let ours = rate(office.address, &request);
    assert_eq!(office.asked(), asked_before, "the page asks nobody outside");
    let workers = office.app.config.server.workers as usize;
    let bytes = page.len();
    office.close();
    let bare = serve_bare(page, workers);
    let (bare_waits, limit) = (open_loop(bare, &request), rate(bare, &request));
    let within = |aim: f64, waits: &Samples| waits.at(0.99) / aim;
    vec![
        Figure {
            what: format!("booking page, a month with {days} free days beside {bookings} bookings, {bytes} bytes, {PER_SECOND} requests/s"),
            ours: words(&waits),
            limit: format!("25 ms; bare actix-web, the same bytes: {}", words(&bare_waits)),
            ratio: Some(within(25.0, &waits)),
            wanted: "p99 under 25 ms".into(),
        },
        Figure {
            what: format!("the same by {CLIENTS} clients that ask again at once"),
            ours: format!("{ours:.0} pages/s"),
            limit: format!("bare actix-web, the same bytes: {limit:.0}/s"),
            ratio: Some(ours / limit),
            wanted: String::new(),
        },
        Figure {
            what: format!("{bookings} bookings over `/v1`, from the request to the durable answer"),
            ours: words(&commits),
            limit: format!("50 ms; one durable transaction over 4 trees: {}", words(&store)),
            ratio: Some(within(50.0, &commits)),
            wanted: "p99 under 50 ms".into(),
        },
    ]
}

fn words(waits: &Samples) -> String {
    format!("p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms", waits.median(), waits.at(0.99), waits.worst())
}

/// A host whose calendar was read, with half hours in working time and quarters at any hour.
struct Office {
    app: Arc<App>,
    running: Running,
    sandbox: Sandbox,
    clock: Clock,
    address: SocketAddr,
    key: String,
    agent: ureq::Agent,
    /// Of the half hours, the next month.
    page: String,
    /// The event type of the quarters.
    quarters: String,
    _dir: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let sandbox = people::sandbox(&clock, "Europe/London");
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("{}/google", sandbox.url);
        let mut settings = vec![
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_ID", CLIENT_ID),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_SECRET", CLIENT_SECRET),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__AUTH_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__TOKEN_BASE", &base),
            ("LAUNCHYARD_PROVIDERS__GOOGLE__API_BASE", &base),
            ("LAUNCHYARD_LIMITS__API_REQUESTS_PER_MINUTE", "1000000"),
            // What is measured is not to be interrupted by a round of reading.
            ("LAUNCHYARD_JOBS__CALENDAR_SYNC_SECONDS", "86400"),
        ];
        settings.extend(LIFTED);
        let opened = people::open(dir.path(), clock.clone(), &format!("http://{address}"), &settings);
        demo::register(&opened.app, &sandbox);
        let app = Arc::clone(&opened.app);
        let key = people::add_business_with_key(&app);
        let running = Running::start(opened, listener).unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build();
        let (page, quarters) = (String::new(), String::new());
        let mut office =
            Self { app, running, sandbox, clock, address, key, agent: agent.into(), page, quarters, _dir: dir };
        office.connect();
        office.offer();
        office.settle();
        office
    }

    fn settle(&self) {
        assert!(self.app.runner().unwrap().settle(SETTLED));
    }

    /// As the owner does in a browser: there, everything allowed, and back.
    fn connect(&self) {
        let cookie = sign_in(self.address);
        let get = |path: &str| {
            let url = format!("http://{}{path}", self.address);
            let answer = self.agent.get(url).header("cookie", &cookie).call().unwrap();
            assert_eq!(answer.status().as_u16(), 303, "{path}");
            answer.headers()["location"].to_str().unwrap().to_owned()
        };
        let back = self.sandbox.allow_all(&get("/connections/google/start?use=calendar")).unwrap();
        get(back.strip_prefix(&format!("http://{}", self.address)).unwrap());
        self.settle();
    }

    fn offer(&mut self) {
        let times = self.ask("GET", "/v1/availability", None)["data"][1].clone();
        let owner = times["owner"].as_str().unwrap().to_owned();
        let week: Value = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .map(|day| (day.to_owned(), json!([["00:00", "24:00"]])))
            .into_iter()
            .collect();
        let always = json!({ "name": "Always", "time_zone": "Europe/London", "weekly_hours": week });
        let schedules = json!({ "schedules": [times["schedules"][0], always] });
        let saved = self.ask("PUT", &format!("/v1/availability/{owner}"), Some(&schedules));
        let open = |name: &str, minutes: u32, schedule: Option<&Value>| {
            let event = json!({
                "name": name, "durations": [minutes], "step": minutes, "minimum_notice": 0,
                "horizon": { "type": "rolling_days", "days": 90 },
                "hosts": [{ "user_id": owner, "schedule_id": schedule }],
                "location": { "kind": "place", "text": "Mill Lane 1" },
            });
            self.ask("POST", "/v1/event-types", Some(&event))
        };
        let calls = open("Call", 30, None);
        let quarters = open("Quarter", 15, Some(&saved["schedules"][1]["id"]));
        let next_month = self.day(32);
        self.page =
            format!("/b/fernhill/{}?month={}&tz=Europe%2FBerlin", calls["slug"].as_str().unwrap(), &next_month[..7]);
        self.quarters = quarters["id"].as_str().unwrap().to_owned();
    }

    /// So many days from now.
    fn day(&self, days: u64) -> String {
        let at = self.clock.now().plus(Duration::from_secs(days * 86_400));
        at.in_zone(&jiff::tz::TimeZone::UTC).date().to_string()
    }

    /// Books so many times, each by somebody else; how long each took.
    fn book(&self, bookings: u32) -> Samples {
        let (from, to) = (self.day(2), self.day(60));
        let found = self.ask("GET", &format!("/v1/event-types/{}/slots?from={from}&to={to}", self.quarters), None);
        let free: Vec<&str> = found["slots"].as_array().unwrap().iter().map(|slot| slot.as_str().unwrap()).collect();
        let apart = free.len() / bookings as usize;
        let path = format!("/v1/event-types/{}/bookings", self.quarters);
        let mut waits = Vec::new();
        for (number, start) in (0..bookings).zip(free.iter().step_by(apart.max(1))) {
            if number.is_multiple_of(IN_A_MINUTE) {
                self.settle();
                self.clock.advance(Duration::from_secs(61));
            }
            let guest =
                json!({ "start": start, "name": "Tom Aldridge", "email": format!("guest{number}@elsewhere.example") });
            let began = Instant::now();
            self.ask("POST", &path, Some(&guest));
            waits.push(millis(began.elapsed()));
        }
        self.settle();
        Samples::of(waits)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        let answer = match body {
            Some(body) => self.agent.run(request.body(body.to_string()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let value: Value = answer.body_mut().read_json().unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {} {value}", answer.status());
        value
    }

    /// Requests that the calendar's provider has got so far.
    fn asked(&self) -> usize {
        let mut answer = self.agent.get(format!("{}/control/requests", self.sandbox.url)).call().unwrap();
        let lines = answer.body_mut().with_config().limit(256 << 20).read_to_string().unwrap();
        lines.lines().count()
    }

    fn close(self) {
        self.running.stop();
    }
}
