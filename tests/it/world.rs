//! A business in full swing, and a stranger next door: the demo after a day, with a second workspace on the same
//! server, and people and keys of every role.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use launchyard::authz::{Actor, Role};
use launchyard::base::{EmailAddress, PaymentId, UserId, WorkspaceId};
use launchyard::follow_ups::{self, NewFollowUp, Whom};
use launchyard::http::server::bind;
use launchyard::messaging;
use launchyard::payments::{self, NewPayment};
use launchyard::sandbox::STRIPE_KEY;
use launchyard::store::{StoreError, Tree};
use launchyard::wiring::demo::{start, DemoOptions, RunningDemo};
use launchyard::wiring::personal_data;
use launchyard::workspaces::{self, AddUser, AddedUser};
use serde_json::Value;

use super::browser::{self, Browser};
use super::support::PASSWORD;

const DAY: Duration = Duration::from_secs(86_400);

/// One who asks, with a browser and a key.
pub struct Member {
    pub email: String,
    pub role: Role,
    pub actor: Actor,
    pub key: String,
}

pub struct World {
    pub demo: RunningDemo,
    /// The business.
    pub home: WorkspaceId,
    /// The stranger's.
    pub next_door: WorkspaceId,
    pub stranger: Member,
    /// Of the business; viewer, agent, admin, owner, and one to be changed.
    pub members: Vec<Member>,
    /// A real thing of the business for each placeholder.
    ids: BTreeMap<&'static str, String>,
}

/// Which table holds the things that a placeholder names. Rows end with their id.
const THINGS: &[(&str, &str)] = &[
    ("contact", "contacts"),
    ("note", "contact_notes"),
    ("import", "contact_imports"),
    ("connection", "connections"),
    ("sequence", "sequences"),
    ("worker", "workers"),
    ("event", "event_types"),
    ("room", "rooms"),
    ("waiter", "waitlist"),
    ("form", "routing_forms"),
    ("enrolment", "enrolments"),
    ("message", "messages"),
    ("reply", "replies"),
    ("draft", "drafts"),
    ("follow-up", "follow_ups"),
    ("booking", "bookings"),
    ("payment", "payments"),
    ("suppression", "suppressions"),
    ("snippet", "snippets"),
    ("invitation", "invitations"),
];

impl World {
    pub fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let demo = start(&DemoOptions { listen, data: None, people: true }, bind(listen).unwrap()).unwrap();
        let home = WorkspaceId::parse_sid(&demo.way_in.workspace).unwrap();
        (demo.app().demo().unwrap().advance)(DAY);
        let member = |email: &str, role| member(&demo, email, &demo.way_in.workspace, role);
        let members = vec![
            member("vera@fernhill.example", Role::Viewer),
            member("abel@fernhill.example", Role::Agent),
            member("ada@fernhill.example", Role::Admin),
            member("olga@fernhill.example", Role::Owner),
            // Whom the others try to change.
            member("paul@fernhill.example", Role::Agent),
        ];
        let stranger = self::member(&demo, "owner@nextdoor.example", "nextdoor", Role::Owner);
        let next_door = stranger.actor.workspace;
        let mut world = Self { demo, home, next_door, stranger, members, ids: BTreeMap::new() };
        world.add_what_the_day_did_not_bring();
        world.ids = world.find_things();
        world
    }

    pub fn url(&self) -> &str {
        &self.demo.way_in.url
    }

    pub fn member(&self, role: Role) -> &Member {
        self.members.iter().find(|member| member.role == role).unwrap()
    }

    pub fn browser_of(&self, member: &Member) -> Browser {
        let mut browser = Browser::new(self.url());
        browser.sign_in(&member.email, PASSWORD);
        browser
    }

    pub fn id(&self, thing: &str) -> &str {
        self.ids.get(thing).unwrap_or_else(|| panic!("the world holds no {thing}"))
    }

    /// All real ids of the business.
    pub fn ids(&self) -> Vec<&str> {
        let own = self.ids.iter().filter(|(thing, _)| !matches!(**thing, "user" | "sid"));
        own.map(|(_, id)| id.as_str()).collect()
    }

    /// The route with a real thing of the business at each placeholder.
    pub fn filled(&self, route: &str) -> String {
        let mut path = String::new();
        let mut rest = route;
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            let (name, after) = after.split_once('}').unwrap();
            path.push_str(&self.thing_at(&path, name));
            rest = after;
        }
        path + rest
    }

    fn thing_at(&self, before: &str, name: &str) -> String {
        let collection = before.trim_end_matches('/').rsplit('/').next().unwrap();
        let thing = match (name, collection) {
            ("id", "contacts") => "contact",
            ("id", "import") => "import",
            ("id", "connections") => "connection",
            ("id", "messages") => "message",
            ("id", "replies") => "reply",
            ("id", "suppressions") => "suppression",
            ("id", "drafts" | "approvals") => "draft",
            ("id", "snippets") => "snippet",
            ("id", "follow-ups") => "follow-up",
            ("id", "invitations") => "invitation",
            ("id", "sessions") => "session",
            ("id", "parts") => return "feed".into(),
            ("kind", "booking-messages") => return "reminder".into(),
            ("language", _) => return "de".into(),
            ("owner", "timing") => "worker",
            ("number", "messages") => return "0".into(),
            ("act", "events") => return "again".into(),
            ("act", _) => return "stop".into(),
            ("lead", _) => "enrolment",
            ("verdict", _) => return "give-up".into(),
            ("tag", _) => return "met".into(),
            ("index", _) => return "0".into(),
            ("vendor", _) => return "hubspot".into(),
            ("domain", _) => return "fernhill.example".into(),
            ("issuer", _) => return "google".into(),
            // Hours that nobody has set yet have this schedule.
            ("schedule", _) => return "00000000000000000000000000000001".into(),
            ("owner", _) => return "workspace".into(),
            ("workspace", "b") => return "fernhill".into(),
            ("event", "fernhill") => return "heating-call".into(),
            ("secret" | "token", _) => return "nobodyknowsthissecretnobodyknows".into(),
            ("job", _) => return "0199a2b7d0007000800000000000000f".into(),
            (name, _) => name,
        };
        self.id(thing).to_owned()
    }

    /// Nothing is due and nothing in work.
    pub fn settle(&self) {
        assert!(self.demo.app().runner().unwrap().settle(Duration::from_secs(60)));
    }

    /// Everything stored for a workspace but what runs by itself, one line a row.
    pub fn state_of(&self, workspace: WorkspaceId) -> Vec<String> {
        self.settle();
        let sid = workspace.sid();
        let mut lines = Vec::new();
        for table in personal_data::tables() {
            let own_life = matches!(table.info.tree, Tree::Jobs | Tree::JobsDue | Tree::JobLeases | Tree::Outcomes);
            if own_life || OWN_LIFE.contains(&table.info.name) {
                continue;
            }
            for mut row in self.demo.app().store.dump(&table.info, None).unwrap() {
                if row["workspace"] != sid {
                    continue;
                }
                for changing in ["health", "used_at", "last_poll"] {
                    if let Some(value) = row["value"].as_object_mut() {
                        value.remove(changing);
                    }
                }
                // A token is renewed when its time is over, and the mailbox is read on, whoever asks for pages meanwhile.
                if let Some(google) = row["value"].pointer_mut("/kind/google").and_then(Value::as_object_mut) {
                    google.remove("credentials");
                    google.remove("history_cursor");
                }
                lines.push(format!("{} {row}", table.info.name));
            }
        }
        lines
    }

    /// Entries of the business' audit trail.
    pub fn audited(&self) -> usize {
        self.rows("audit_entries").len()
    }

    pub fn rows(&self, table: &str) -> Vec<Value> {
        let tables = personal_data::tables();
        let table = tables.iter().find(|known| known.info.name == table).unwrap_or_else(|| panic!("no table {table}"));
        let rows = self.demo.app().store.dump(&table.info, None).unwrap();
        rows.into_iter().filter(|row| row["workspace"] == self.home.sid()).collect()
    }

    /// Words that stand nowhere but in the business: names, addresses, subjects.
    pub fn telling_words(&self) -> Vec<String> {
        let mut words: Vec<String> = vec!["Off oil in three mails".into(), "nora@fernhill.example".into()];
        let key = &self.member(Role::Owner).key;
        let (_, contacts) = browser::api(self.url(), key, "GET", "/v1/contacts?limit=100", None);
        for contact in contacts["data"].as_array().unwrap() {
            words.extend(contact["addresses"][0].as_str().map(str::to_owned));
            words.extend(contact["company"].as_str().filter(|name| name.len() > 8).map(str::to_owned));
        }
        words.sort_unstable();
        words.dedup();
        assert!(words.len() > 20, "{words:?}");
        words
    }

    fn add_what_the_day_did_not_bring(&self) {
        let mut owner = self.browser_of(self.member(Role::Owner));
        let contact = last_id(&self.rows("contacts")[0]);
        owner.get(&format!("/contacts/{contact}"));
        let noted = owner.post(&format!("/contacts/{contact}/notes"), &[("note", "Met at the fair.")]);
        assert_eq!(noted.status, 303, "{}", noted.body);
        owner.get("/settings/team");
        let invited = owner.post("/settings/team/invitations", &[("email", "new@fernhill.example"), ("role", "agent")]);
        assert!(invited.status < 400, "{}", invited.body);
        let suppressed = browser::api(
            self.url(),
            &self.member(Role::Owner).key,
            "POST",
            "/v1/suppressions",
            Some(serde_json::json!({ "target": "never@elsewhere.example" })),
        );
        assert_eq!(suppressed.0, 200, "{}", suppressed.1);
        // Whose bookings may lie years ahead, as those of the walks do.
        let worker = last_id(&self.rows("workers")[0]);
        assert_eq!(owner.get(&format!("/outreach/{worker}/booking")).status, 200);
        assert_eq!(owner.post(&format!("/outreach/{worker}/booking"), &[("event_type", "")]).status, 303);
        self.ask_for_money(&mut owner);
        self.plan_a_follow_up();
        self.let_somebody_wait();
        // Else mails would leave by themselves while before and after are compared.
        let paused = browser::api(self.url(), &self.member(Role::Owner).key, "POST", "/v1/sending/pause", None);
        assert_eq!(paused.0, 200, "{}", paused.1);
        self.settle();
    }

    /// A guest who has paid for a booking.
    fn ask_for_money(&self, owner: &mut Browser) {
        owner.get("/settings/payments");
        let connected = owner.post("/settings/payments/key", &[("key", STRIPE_KEY)]);
        assert_eq!(connected.status, 303, "{}", connected.body);
        let booking = &self.rows("bookings")[0];
        let payment = self.begin_payment(booking);
        self.settle();
        self.pay(&payment, "card");
        browser::agent().get(format!("{}{payment}?back=paid", self.url())).call().unwrap();
        self.settle();
    }

    /// Asks the guest of a booking to pay; gives the path of their link.
    pub fn begin_payment(&self, booking: &Value) -> String {
        let (app, now) = (self.demo.app(), self.demo.app().now());
        let new = NewPayment {
            id: PaymentId::new(now),
            workspace: self.home,
            contact: booking["value"]["contact"].as_str().unwrap().parse().unwrap(),
            booking: last_id(booking).parse().unwrap(),
            amount: 4_900,
            currency: "EUR".into(),
            name: "Heat pump survey".into(),
            email: None,
            language: "en".into(),
            expires_at: now.plus(Duration::from_secs(900)),
            back: String::new(),
        };
        let begun = app.store.write(|txn| payments::begin(txn, &new, now)).unwrap().unwrap();
        payments::link_path(app, &begun)
    }

    /// The guest follows the link to Stripe's page and presses a button there.
    pub fn pay(&self, link: &str, how: &str) {
        let page = browser::agent().get(format!("{}{link}", self.url())).call().unwrap();
        let refresh = page.headers()["refresh"].to_str().unwrap().to_owned();
        let at_stripe = refresh.strip_prefix("0; url=").unwrap_or_else(|| panic!("{refresh}"));
        let sent = browser::agent().post(at_stripe).send_form([("how", how)]).unwrap();
        assert_eq!(sent.status(), 302);
    }

    /// Days of which nothing is offered yet.
    pub fn far_away(&self) -> (String, String) {
        let now = self.demo.app().now();
        (now.plus(380 * DAY).to_rfc3339(), now.plus(390 * DAY).to_rfc3339())
    }

    fn let_somebody_wait(&self) {
        let key = &self.member(Role::Owner).key;
        let path = format!("/v1/event-types/{}", last_id(&self.rows("event_types")[0]));
        let mut event = browser::api(self.url(), key, "GET", &path, None).1;
        event["waitlist"] = serde_json::json!({ "offer_minutes": 60 });
        let saved = browser::api(self.url(), key, "PUT", &path, Some(event));
        assert_eq!(saved.0, 200, "{}", saved.1);
        let (from, to) = self.far_away();
        let waiter = serde_json::json!({ "name": "Wanda", "email": "wanda@elsewhere.example", "from": from, "to": to });
        let joined = browser::api(self.url(), key, "POST", &format!("{path}/waitlist"), Some(waiter));
        assert_eq!(joined.0, 201, "{}", joined.1);
        let form = serde_json::json!({
            "name": "Which call?", "questions": [{ "label": "What for?", "kind": "text" }],
            "otherwise": { "to": "message", "text": "Please call us." },
        });
        let made = browser::api(self.url(), key, "POST", "/v1/routing-forms", Some(form));
        assert_eq!(made.0, 201, "{}", made.1);
    }

    /// As if an answer to one of the replies had just left.
    fn plan_a_follow_up(&self) {
        let (app, now) = (self.demo.app(), self.demo.app().now());
        let replies = messaging::list_replies(&app.store, self.home, None, 50).unwrap().rows;
        let reply = replies.iter().find(|reply| reply.worker.is_some()).unwrap();
        let whom = Whom {
            workspace: self.home,
            worker: reply.worker.unwrap(),
            contact: reply.contact,
            reply: reply.id,
            after: reply.message,
        };
        let new = NewFollowUp::new(self.home, now);
        let due = now.plus(40 * DAY);
        let planned: Result<(), StoreError> = app.store.write(|txn| follow_ups::plan(txn, &new, whom, 1, due, now));
        planned.unwrap();
    }

    fn find_things(&self) -> BTreeMap<&'static str, String> {
        let mut ids = BTreeMap::new();
        for (thing, table) in THINGS {
            let rows = self.rows(table);
            let row = rows.iter().find(|row| is_typical(thing, &row["value"])).or(rows.first());
            ids.insert(*thing, last_id(row.unwrap_or_else(|| panic!("the business has no {thing}"))));
        }
        let spare = self.members.last().unwrap();
        ids.insert("user", spare.actor.user.unwrap().to_string());
        ids.insert("key", spare.key.split('.').next().unwrap().to_owned());
        ids.insert("sid", self.home.sid());
        let sessions = self.demo.app().store.dump(&table_info("sessions"), None).unwrap();
        ids.insert("session", last_id(sessions.first().unwrap()));
        ids
    }
}

/// What changes by the passing of time alone.
const OWN_LIFE: &[&str] = &[
    "provider_calls",
    "stripe_calls",
    "busy_times",
    "calendar_events",
    "calendar_keeping",
    "sign_in_tries",
    "api_answers",
    "api_answers_by_age",
];

fn table_info(name: &str) -> launchyard::store::TableInfo {
    personal_data::tables().iter().find(|table| table.info.name == name).unwrap().info
}

/// The example that most can be done with: a draft that waits, a time that is proposed.
fn is_typical(thing: &str, value: &Value) -> bool {
    match thing {
        "draft" => value["state"] == "pending" || value["state"]["pending"].is_object(),
        "booking" => value["state"]["proposed"].is_object(),
        "enrolment" => value["state"]["state"] == "waiting",
        _ => true,
    }
}

/// The last 16 bytes of a row's key, as ids are written.
fn last_id(row: &Value) -> String {
    let key = row["key"].as_str().unwrap();
    key[key.len() - 32..].to_owned()
}

fn member(demo: &RunningDemo, email: &str, workspace: &str, role: Role) -> Member {
    let add = AddUser {
        email: EmailAddress::parse(email).unwrap(),
        name: "Somebody Else".into(),
        workspace: workspace.into(),
        role,
        password: PASSWORD.into(),
        api_key: true,
    };
    let added: AddedUser = workspaces::add_user(demo.app(), &add).unwrap();
    let workspace = WorkspaceId::parse_sid(&added.workspace_sid).unwrap();
    let user: UserId = added.user_id.parse().unwrap();
    let actor = Actor { user: Some(user), role, ..Actor::system(workspace) };
    Member { email: email.into(), role, actor, key: added.api_key.unwrap() }
}
