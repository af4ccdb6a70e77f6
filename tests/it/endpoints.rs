//! Every route, asked by nobody, by each role, by the owner of another workspace and by keys of all kinds. The routes
//! and what each needs stand in `routes`; a plausible body for each stands here.

use std::collections::BTreeSet;

use launchyard::authz::{Actor, Role};
use launchyard::base::{ApiKeyId, UnixMillis};
use serde_json::{json, Value};

use super::browser::{self, Browser, Page};
use super::routes::{self, Need, Route};
use super::support::TestServer;
use super::world::World;

/// `{id}` and the like as ids that nothing has.
fn with_unknown_ids(route: &str) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str("0199a2b7d0007000800000000000000f");
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    path + rest
}

/// The fields of a form as a person would fill it in, with things of the business.
fn fields(route: &Route, world: &World) -> Vec<(&'static str, String)> {
    let id = |thing: &str| world.id(thing).to_owned();
    let text = |text: &str| text.to_owned();
    let day = |instant: &str| instant[..10].to_owned();
    match route.path {
        "/contacts" | "/contacts/{id}/edit" => {
            vec![("first_name", text("Iris")), ("last_name", text("Quill")), ("email", text("iris@quill.example"))]
        }
        "/contacts/tags" => vec![("contact", id("contact")), ("tag", text("looked at")), ("act", text("tag"))],
        "/contacts/{id}/tags" => vec![("tag", text("met"))],
        "/contacts/{id}/notes" => vec![("note", text("Called back."))],
        "/contacts/{id}/page/accept" => vec![("value", text("nobody@elsewhere.example"))],
        "/contacts/{id}/page/forget" => vec![("kind", text("phone")), ("value", text("0"))],
        "/hook/settings" => vec![("mapping", text("Zimmer = rooms")), ("tag", text("posted"))],
        "/webhook" => vec![("url", text("https://127.0.0.2/leads")), ("contacts", text("on"))],
        "/leads/pages" => vec![("tag", text("nobody has this"))],
        "/leads/weights" => vec![("has_phone", text("7"))],
        "/suppressions" => vec![("target", text("leave-me@elsewhere.example")), ("note", text("by phone"))],
        "/suppressions/{id}/lift" => vec![("reason", text("asked for it"))],
        "/connections/mailbox" => vec![
            ("address", text("second@fernhill.example")),
            ("smtp_host", text("smtp.fernhill.example")),
            ("smtp_port", text("587")),
            ("imap_host", text("imap.fernhill.example")),
            ("imap_port", text("993")),
            ("password", text("secret")),
        ],
        "/connections/caldav" => vec![
            ("address", text("second@fernhill.example")),
            ("server", text("calendar.fernhill.example")),
            ("password", text("secret")),
        ],
        "/connections/{id}/settings" => {
            vec![
                ("display_name", text("N")),
                ("daily_cap", text("11")),
                ("min_gap_seconds", text("60")),
                ("jitter_seconds", text("9")),
            ]
        }
        "/domains/{domain}/signing" => vec![("act", text("off"))],
        "/connections/{id}/calendars" => vec![("calendar", text("primary"))],
        "/outreach/new" | "/outreach/{worker}/settings" => worker_fields(world),
        "/outreach/leads" => vec![("worker", id("worker")), ("contact", id("contact"))],
        "/outreach/{worker}/leads" => vec![("contact", id("contact"))],
        "/outreach/sequences" | "/outreach/sequences/{sequence}" | "/outreach/{worker}/sequence" => {
            vec![
                ("name", text("Other")),
                ("subject-0", text("Hello")),
                ("text-0", text("Hello there")),
                ("act", text("save")),
            ]
        }
        "/outreach/days-off" => vec![("public_holidays", text("on")), ("listed", text("2030-01-02 Stocktaking"))],
        "/outreach/{worker}/booking" => vec![("event_type", text(""))],
        "/outreach/{worker}/tags" => vec![("tag_interested", text("hot lead"))],
        "/snippets/{id}/restore" => vec![("version", text("1"))],
        "/outreach/{worker}/follow-ups" => {
            vec![("on", text("on")), ("after_days", text("4")), ("then_days", text("7")), ("most", text("1"))]
        }
        "/outreach/{worker}/dry-run" => vec![("text", text("Please send me the prices."))],
        "/outreach/{worker}/dry-run/switch" => vec![("to", text("on"))],
        "/outreach/{worker}/autonomy" => vec![("label", text("question")), ("to", text("on"))],
        "/outreach/{worker}/hand-over" => {
            vec![("act", text("add")), ("when", text("says")), ("rules", text("discount"))]
        }
        "/guide/business" => vec![("postal_address", text("2 Mill Lane, Kendal LA9 4QD"))],
        "/outreach/{worker}/test" => vec![("lead", id("enrolment")), ("step", id("sequence"))],
        "/approvals/{id}/edit" => vec![("subject", text("Re: heating")), ("text", text("Thank you for your answer."))],
        "/approvals/{id}/rewrite" => vec![("manner", text("shorter"))],
        "/replies/{id}/correct" => vec![("label", text("question"))],
        "/replies/{id}/answer" => vec![("text", text("Thank you, I will call."))],
        "/snippets" | "/snippets/{id}" => {
            vec![("title", text("Do you work on Sundays?")), ("text", text("No.")), ("language", text("en"))]
        }
        "/calendar/new" => vec![
            ("email", text("iris@quill.example")),
            ("worker", id("worker")),
            ("date", text("2030-01-09")),
            ("time", text("10:00")),
            ("anyway", text("too_far unreadable horizon")),
        ],
        "/calendar/{booking}/accept" | "/calendar/{booking}/again" => {
            vec![("anyway", text("too_far unreadable horizon"))]
        }
        "/booking-messages" => vec![("reminders", text("1 day")), ("invitation", text("provider"))],
        "/booking-messages/own" => vec![("of", id("worker")), ("own_reminders", text("none"))],
        "/booking-messages/{kind}" | "/booking-messages/{kind}/preview" | "/booking-messages/{kind}/test" => {
            vec![("language", text("de")), ("subject", text("Hello")), ("text", text("Hello there"))]
        }
        "/booking-messages/{kind}/reset" => vec![("language", text("de"))],
        "/booking-messages/{kind}/restore" => vec![("language", text("de")), ("version", text("0"))],
        "/calendar/{booking}/move" => {
            vec![("date", text("2030-01-09")), ("time", text("10:00")), ("anyway", text("too_far unreadable horizon"))]
        }
        "/calendar/{booking}/notes" => vec![("note", text("Asked about the old boiler."))],
        "/settings/workspace" => {
            vec![
                ("name", text("Renamed")),
                ("slug", text("renamed")),
                ("time_zone", text("Europe/London")),
                ("postal_address", text("1 Street")),
            ]
        }
        "/availability" => vec![("name", text("Summer"))],
        "/availability/away" => vec![("away_from", text("2030-01-02")), ("away_to", text("2030-01-04"))],
        "/availability/trips" => vec![("trip_from", text("2030-01-02")), ("trip_zone", text("Asia/Tokyo"))],
        "/availability/{schedule}" => {
            vec![("name", text("Hours")), ("zone", text("Europe/London")), ("mon", text("9:00-17:00"))]
        }
        "/event-types/{event}/waitlist" => {
            let (from, to) = world.far_away();
            vec![
                ("name", text("Wilma")),
                ("email", text("w@elsewhere.example")),
                ("from", day(&from)),
                ("to", day(&to)),
            ]
        }
        "/routing-forms/new" | "/routing-forms/{form}" => vec![
            ("name", text("Which call?")),
            ("q-0", text("What for?")),
            ("otherwise", text("message")),
            ("otherwise_detail", text("Please call us.")),
        ],
        "/event-types/rooms" => vec![("room", text("Second room"))],
        "/settings/hours" => vec![("zone", text("Europe/London")), ("mon", text("9:00-17:00"))],
        "/settings/team/invitations" => vec![("email", text("one-more@fernhill.example")), ("role", text("agent"))],
        "/settings/team/{user}/role" => vec![("role", text("viewer"))],
        "/settings/keys" => vec![("name", text("Mine")), ("role", text("viewer"))],
        "/settings/engines/key" => vec![("service", text("gemini")), ("key", text("sandbox-ai-key-7Q2x"))],
        "/settings/engines/models" => vec![("model_draft", text("")), ("currency", text("EUR"))],
        "/settings/engines/budgets" => vec![
            ("workspace_day", text("1")),
            ("workspace_month", text("2")),
            ("each_worker_day", text("1")),
            ("each_worker_month", text("2")),
        ],
        "/settings/payments/key" => vec![("key", text(launchyard::sandbox::STRIPE_KEY))],
        "/settings/payments/notices" => vec![("secret", text("whsec_of_the_endpoint"))],
        "/payments/{payment}/refund/settle" => vec![("number", text("0")), ("how", text("given"))],
        "/payments/{payment}/refund" => vec![("amount", text("1")), ("reason", text("late"))],
        "/operator/workspaces/{sid}/suspend" => vec![("reason", text("No longer"))],
        "/operator/look/events/{act}" => {
            vec![("workspace", id("sid")), ("subscriber", text("live")), ("number", text("1"))]
        }
        "/switch" => vec![("workspace", id("sid"))],
        "/settings" => vec![("name", text("Some Body")), ("email", text("")), ("theme", text("dark"))],
        "/workspaces/new" => vec![("name", text("A third one")), ("time_zone", text("UTC"))],
        _ => Vec::new(),
    }
}

fn worker_fields(world: &World) -> Vec<(&'static str, String)> {
    let mut fields: Vec<(&str, String)> = [
        ("name", "Second worker"),
        ("meeting_title", "Call"),
        ("meeting_minutes", "30"),
        ("buffer_before", "0"),
        ("buffer_after", "10"),
        ("notice", "2"),
        ("per_day", "30"),
        ("per_domain_day", "3"),
        ("per_contact", "4"),
        ("follow_up_percent", "20"),
        ("day", "1"),
        ("from", "09:00"),
        ("to", "17:00"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    for (field, thing) in [("sequence", "sequence"), ("mailbox", "connection"), ("calendar", "connection")] {
        fields.push((field, world.id(thing).to_owned()));
    }
    fields
}

/// The body of a request of a program, with things of the business.
pub fn body(route: &Route, world: &World) -> Option<Value> {
    let id = |thing: &str| world.id(thing);
    let worker = json!({
        "name": "By program", "sequence": id("sequence"), "mailbox": id("connection"), "calendar": id("connection"),
    });
    let text = json!([{ "subject": "Hello", "text": "Hello there" }]);
    Some(match (route.method, route.path) {
        ("GET", _) => return None,
        ("POST", "/v1/contacts") => json!({ "addresses": ["pat@elsewhere.example"] }),
        ("PATCH", "/v1/contacts/{id}") => json!({ "company": "Other" }),
        (_, "/v1/tags/{tag}/contacts") => json!({ "contacts": [id("contact")] }),
        ("POST", "/v1/suppressions") => json!({ "target": "stop@elsewhere.example" }),
        ("DELETE", "/v1/suppressions/{id}") => json!({ "reason": "asked for it" }),
        (_, "/v1/sequences" | "/v1/sequences/{sequence}") => json!({ "name": "By program", "steps": text }),
        ("PUT", "/v1/sending/days-off") => json!({ "public_holidays": true, "listed": [{ "first": "2030-01-02" }] }),
        ("POST", "/v1/enrolments/{enrolment}/move") => json!({ "step": id("sequence") }),
        ("POST", "/v1/enrolments/{enrolment}/read") => json!({ "words": "1" }),
        ("POST", "/v1/contacts/{id}/page/forget") => json!({ "kind": "phone", "value": "0" }),
        ("POST", "/v1/contacts/{id}/page/accept") => json!({ "address": "nobody@elsewhere.example" }),
        ("PUT", "/v1/leads/weights") => json!({ "points": { "has_phone": 7 } }),
        (_, "/v1/workers/{worker}/escalations") => json!({ "rules": [{ "when": "says", "words": ["contract"] }] }),
        (_, "/v1/snippets" | "/v1/snippets/{id}") => json!({ "title": "Prices?", "text": "From 4,500." }),
        ("POST", "/v1/snippets/{id}/restore") => json!({ "version": 1 }),
        ("PUT", "/v1/workers/{worker}/reply-tags") => json!({ "tags": { "interested": "hot lead" } }),
        ("PUT", "/v1/workers/{worker}/booking") => json!({ "event_type_id": null }),
        ("PUT", "/v1/workers/{worker}/follow-up-rule") => json!({ "on": true }),
        ("POST", "/v1/workers/{worker}/dry-run") => json!({ "text": "Please send me the prices." }),
        ("PUT", "/v1/workers/{worker}/dry-run") => json!({ "on": true }),
        (_, "/v1/workers/{worker}/autonomy") => json!({ "label": "question", "on": true }),
        ("PUT", "/v1/members/{user}/calendars") => json!({ "conflicts": [] }),
        ("PUT", "/v1/booking-messages/timing") => json!({ "reminders": [60] }),
        ("PUT", "/v1/booking-messages/timing/{owner}") => json!({ "reminders": [] }),
        ("PUT", "/v1/booking-messages/{kind}/{language}") => json!({ "subject": "Hello", "text": "Hello there" }),
        ("PATCH", "/v1/workers/{worker}") => json!({ "goal": "Other", "mailbox": id("connection") }),
        ("POST", "/v1/workers/{worker}/enrolments") => json!({ "contacts": [id("contact")] }),
        ("PATCH", "/v1/drafts/{id}") => json!({ "text": "Thank you for your answer." }),
        ("POST", "/v1/drafts/{id}/reject") => json!({ "reason": "no" }),
        ("POST", "/v1/replies/{id}/correct") => json!({ "label": "referral" }),
        ("POST", "/v1/replies/{id}/answer") => json!({ "text": "Thank you, I will write." }),
        ("POST", "/v1/event-types") | ("PUT", "/v1/event-types/{event}") => json!({
            "name": "Second call", "slug": if route.method == "PUT" { "heating-call" } else { "" }, "durations": [30],
            "step": 30, "horizon": { "type": "rolling_days", "days": 30 },
            "hosts": [{ "user_id": world.member(Role::Owner).actor.user.unwrap().to_string() }],
        }),
        ("PUT", "/v1/availability/{owner}") => json!({ "schedules": [
            { "name": "Hours", "time_zone": "Europe/London", "is_default": true, "weekly_hours": { "mon": [["09:00", "17:00"]] } },
        ] }),
        ("POST", "/v1/event-types/{event}/bookings") => json!({
            "start": "2030-01-09T10:00:00Z", "name": "Pat Hill", "email": "pat.hill@elsewhere.example",
        }),
        ("POST", "/v1/event-types/{event}/waitlist") => {
            let (from, to) = world.far_away();
            json!({ "name": "Wilma", "email": "w@elsewhere.example", "from": from, "to": to })
        }
        (_, "/v1/routing-forms" | "/v1/routing-forms/{form}") if route.method != "DELETE" => json!({
            "name": "By program", "slug": if route.method == "PUT" { "which-call" } else { "" },
            "questions": [{ "label": "What for?", "kind": "text" }],
            "otherwise": { "to": "message", "text": "Please call us." },
        }),
        ("POST", "/v1/routing-forms/{form}/lead") => json!({ "answers": ["Oil"] }),
        ("POST", "/v1/bookings") => {
            json!({ "contact_id": id("contact"), "worker_id": id("worker"), "start": "2030-01-09T10:00:00Z" })
        }
        ("POST", "/v1/bookings/{booking}/move") => json!({ "start": "2030-01-09T10:00:00Z" }),
        ("POST", "/v1/bookings/{booking}/cancel") => json!({ "reason": "ill" }),
        ("POST", "/v1/bookings/{booking}/notes") => json!({ "text": "Asked about the old boiler." }),
        (_, "/v1/workers") | ("PUT", _) => worker,
        _ => return None,
    })
}

/// Streams without end, or ends the session that the walk needs.
const NOT_WALKED: &[&str] = &["/live", "/signout"];

fn ask(browser: &mut Browser, route: &Route, path: &str, world: &World) -> Page {
    if route.method == "GET" {
        return browser.get(path);
    }
    if route.path == "/contacts/import" {
        return browser.upload(path, &[], ("file", "leads.csv", b"Email\nnew-lead@elsewhere.example\n"));
    }
    let fields = fields(route, world);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &fields)
}

fn ask_by_key(world: &World, key: &str, route: &Route) -> (u16, Value) {
    browser::api(world.url(), key, route.method, &world.filled(route.path), body(route, world))
}

fn pages() -> impl Iterator<Item = Route> {
    routes::all().into_iter().filter(|route| !route.is_api() && !NOT_WALKED.contains(&route.path))
}

pub fn of_the_api() -> impl Iterator<Item = Route> {
    routes::all().into_iter().filter(|route| route.is_api() && route.need != Need::Public)
}

#[test]
fn nobody_gets_in_without_signing_in() {
    let server = TestServer::start();
    let mut stranger = server.browser();
    let mut open = Vec::new();
    for route in routes::all().into_iter().filter(|route| route.need != Need::Public) {
        let path = with_unknown_ids(route.path);
        if route.is_api() {
            for key in ["", "SK0.nonsense"] {
                let (status, problem) = browser::api(&server.url, key, route.method, &path, Some(json!({})));
                if (status, problem["code"].as_str()) != (401, Some("no_valid_key")) {
                    open.push(format!("{} {path} with key {key:?}: {status} {problem}", route.method));
                }
            }
            continue;
        }
        let answer = match route.method {
            "GET" => stranger.get(&path),
            _ => {
                stranger.get("/signin");
                stranger.post(&path, &[("a", "b")])
            }
        };
        let sent_away = answer.status == 303 && answer.location.as_deref().is_some_and(|to| to.starts_with("/signin"));
        // A part of the frame is not there for whom there is no frame.
        let is_nowhere = route.path == "/frame/sending" && answer.status == 404;
        if !sent_away && !is_nowhere {
            open.push(format!("{} {path}: {} to {:?}", route.method, answer.status, answer.location));
        }
    }
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[test]
fn each_role_may_do_what_the_table_says_and_is_refused_the_rest_without_a_trace() {
    let world = World::open();
    let mut wrong = Vec::new();
    for role in [Role::Viewer, Role::Agent, Role::Admin] {
        let member = world.member(role);
        let key = as_key(&member.actor);
        let mut browser = world.browser_of(member);
        let before = world.state_of(world.home);
        for route in pages().filter(|route| !route.is_open_to(&member.actor)) {
            let answer = ask(&mut browser, &route, &world.filled(route.path), &world);
            if answer.status != 403 {
                wrong.push(format!("{role} {} {}: {}", route.method, route.path, answer.status));
            }
        }
        for route in of_the_api().filter(|route| !route.is_open_to(&key)) {
            let (status, problem) = ask_by_key(&world, &member.key, &route);
            if (status, problem["code"].as_str()) != (403, Some("denied")) {
                wrong.push(format!("key of {role} {} {}: {status} {problem}", route.method, route.path));
            }
        }
        wrong.extend(difference(&before, &world.state_of(world.home)).map(|row| format!("{role} changed {row}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // What is allowed, from the least trusted up: nobody is refused, nothing breaks, and what was changed is on record.
    // A second time it may be so already, so one entry for each route is asked for.
    let (mut done, mut on_record) = (BTreeSet::new(), BTreeSet::new());
    for role in [Role::Viewer, Role::Agent, Role::Admin, Role::Owner] {
        let member = world.member(role);
        let key = as_key(&member.actor);
        let mut browser = world.browser_of(member);
        for route in pages().filter(|route| route.is_open_to(&member.actor) && route.need != Need::Public) {
            let audited = world.audited();
            let answer = ask(&mut browser, &route, &world.filled(route.path), &world);
            if answer.status == 403 || answer.status >= 500 {
                wrong.push(format!("{role} {} {}: {}", route.method, route.path, answer.status));
            }
            if route.changes() && answer.status == 303 && matches!(route.need, Need::May(_)) {
                done.insert(route.path);
            }
            if world.audited() > audited {
                on_record.insert(route.path);
            }
            if route.path == "/settings/security/password" {
                browser = world.browser_of(member);
            }
        }
        for route in of_the_api().filter(|route| route.is_open_to(&key)) {
            let audited = world.audited();
            let (status, problem) = ask_by_key(&world, &member.key, &route);
            if status == 403 || status == 401 || status >= 500 && status != 503 {
                wrong.push(format!("key of {role} {} {}: {status} {problem}", route.method, route.path));
            }
            if route.changes() && status < 300 {
                done.insert(route.path);
            }
            if world.audited() > audited {
                on_record.insert(route.path);
            }
        }
    }
    on_record.extend(LEAVES_NO_ENTRY);
    wrong.extend(done.difference(&on_record).map(|path| format!("{path} is not on record")));
    assert!(done.len() > 40, "{}: {done:?}", done.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_key_does_no_more_than_its_maker_may_now_and_ends_when_they_leave() {
    let world = World::open();
    let admin = world.member(Role::Admin);
    let user = admin.actor.user.unwrap();
    let mut owner = world.browser_of(world.member(Role::Owner));
    let mut wrong = Vec::new();
    for becomes in [Role::Agent, Role::Viewer] {
        owner.get("/settings/team");
        let changed = owner.post(&format!("/settings/team/{user}/role"), &[("role", becomes.as_str())]);
        assert_eq!(changed.status, 303, "{}", changed.body);
        let key = Actor { maker: Some(becomes), ..as_key(&admin.actor) };
        let before = world.state_of(world.home);
        let mut refused = 0;
        for route in of_the_api().filter(|route| !route.is_open_to(&key)) {
            let (status, problem) = ask_by_key(&world, &admin.key, &route);
            refused += 1;
            if (status, problem["code"].as_str()) != (403, Some("denied")) {
                wrong.push(format!(
                    "made by what is now {becomes}: {} {}: {status} {problem}",
                    route.method, route.path
                ));
            }
        }
        assert!(refused > 10, "an admin's key lost {refused} routes");
        wrong.extend(difference(&before, &world.state_of(world.home)).map(|row| format!("{becomes} changed {row}")));
        assert_eq!(browser::api(world.url(), &admin.key, "GET", "/v1/contacts", None).0, 200, "what both may goes on");
        assert!(owner.get("/settings/keys").body.contains("a key never does more than its maker"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    owner.get(&format!("/settings/team/{user}/remove"));
    assert_eq!(owner.post(&format!("/settings/team/{user}/remove"), &[]).status, 303);
    for route in of_the_api() {
        let (status, problem) = ask_by_key(&world, &admin.key, &route);
        assert_eq!(status, 401, "{} {}: {problem}", route.method, route.path);
    }
}

/// They look, or what they begin is on record once it is done, or here there was nothing to change.
const LEAVES_NO_ENTRY: &[&str] = &[
    "/connections/{id}/check",
    "/domains/{domain}/check",
    "/v1/domains/{domain}/check",
    "/contacts/import/{id}/{act}",
    "/outreach/{worker}/leads/tag",
    "/v1/workers/{worker}/enrolments/audience",
    "/outreach/sequences/{sequence}/approve",
    "/outreach/{worker}/approve",
    "/outreach/{worker}/sequence",
    "/outreach/{worker}/review",
    "/replies/{id}/write-again",
    // The contact has been erased by then.
    "/v1/tags/{tag}/contacts",
    // They look, or all was so already.
    "/v1/drafts/{id}/undo",
    "/outreach/{worker}/follow-ups/approve",
    "/replies/{id}/uncorrect",
    "/replies/{id}/untag",
    "/snippets/{id}/restore",
    "/v1/follow-ups/{id}/cancel",
    "/v1/workers/{worker}/dry-run",
    "/v1/workers/{worker}/follow-up-rule",
    "/v1/workers/{worker}/reply-tags",
    // It only says where answers lead.
    "/v1/routing-forms/{form}/lead",
    // Each page that is asked for is on record; here nobody has the tag.
    "/leads/pages",
];

/// The same role as a program.
pub fn as_key(actor: &Actor) -> Actor {
    Actor { user: None, api_key: Some(ApiKeyId::new(UnixMillis(1))), ..actor.clone() }
}

#[test]
fn the_owner_of_another_workspace_finds_nothing_and_changes_nothing() {
    let world = World::open();
    let telling = world.telling_words();
    let before = world.state_of(world.home);
    let sessions = world.demo.app().store.dump(&world_session_table(), None).unwrap().len();
    let mut browser = world.browser_of(&world.stranger);
    let mut wrong = Vec::new();
    for route in pages().filter(|route| route.need != Need::Public) {
        let path = world.filled(route.path);
        let answer = ask(&mut browser, &route, &path, &world);
        wrong.extend(misplaced(&route, answer.status, &answer.body, &telling, path != route.path));
    }
    for route in of_the_api() {
        let (status, answer) = ask_by_key(&world, &world.stranger.key, &route);
        wrong.extend(misplaced(&route, status, &answer.to_string(), &telling, world.filled(route.path) != route.path));
    }
    wrong.extend(difference(&before, &world.state_of(world.home)).map(|row| format!("changed {row}")));
    let ids = world.ids();
    let next_door = world.state_of(world.next_door);
    assert!(next_door.len() > 5, "the stranger's own workspace was worked in: {next_door:#?}");
    for row in next_door {
        let names_ours = ids.iter().any(|id| row.contains(id));
        let is_ours = row.starts_with("audit_entries") && row.contains(&world.home.to_string());
        if names_ours || is_ours {
            wrong.push(format!("names a thing of another workspace: {row}"));
        }
    }
    let left = world.demo.app().store.dump(&world_session_table(), None).unwrap().len();
    assert!(left > sessions, "nobody else's session was ended");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn world_session_table() -> launchyard::store::TableInfo {
    let tables = launchyard::wiring::personal_data::tables();
    tables.iter().find(|table| table.info.name == "sessions").unwrap().info
}

/// What is wrong with an answer to somebody of another workspace.
fn misplaced(route: &Route, status: u16, body: &str, telling: &[String], names_a_thing: bool) -> Option<String> {
    let place = format!("{} {}: {status}", route.method, route.path);
    // These name no thing of a workspace, whatever their placeholders say.
    let is_general = ["/today/parts/{id}", "/invite/{secret}", "/v1/tags/{tag}/contacts"].contains(&route.path)
        || ["{vendor}", "{kind}", "/availability/{schedule}", "/availability/{owner}"]
            .iter()
            .any(|general| route.path.contains(general));
    let is_operators = route.need == Need::May(launchyard::authz::Permission::Operate);
    if names_a_thing && !is_general && !is_operators && status != 404 {
        return Some(place);
    }
    if is_operators && status != 403 || status >= 500 && status != 503 {
        return Some(place);
    }
    let word = telling.iter().find(|word| body.contains(word.as_str()))?;
    Some(format!("{place} shows {word}"))
}

/// Rows of one side only.
fn difference<'a>(before: &'a [String], after: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
    let changed: Vec<String> = old.symmetric_difference(&new).map(|row| (**row).clone()).collect();
    changed.into_iter()
}

#[test]
fn a_key_opens_its_own_workspace_until_it_is_ended() {
    let server = TestServer::start();
    let key = server.owner.api_key.clone().unwrap();
    let contacts = |key: &str| browser::api(&server.url, key, "GET", "/v1/contacts", None);
    assert_eq!(contacts(&key).0, 200);
    let near: [String; 4] =
        [key[..key.len() - 1].to_owned(), format!("{key}x"), key.to_lowercase(), key.replace('.', "")];
    for wrong in &near {
        assert_eq!(contacts(wrong).0, 401, "{wrong}");
    }
    // A key is no password, and a session no key.
    let mut browser = server.owner_browser();
    assert_eq!(browser.get("/v1/contacts").status, 401);
    let by_cookie = browser::api(&server.url, "", "GET", "/contacts", None);
    assert_eq!(by_cookie.0, 303);
    let sid = key.split('.').next().unwrap();
    browser.get(&format!("/settings/keys/{sid}/end"));
    let ended = browser.post(&format!("/settings/keys/{sid}/end"), &[]);
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert_eq!(contacts(&key).0, 401, "an ended key opens nothing");
}

#[test]
fn a_member_who_is_removed_or_demoted_loses_at_once_what_the_role_gave() {
    let server = TestServer::start();
    let added = server.add_user("ada@fernhill.example", "fernhill", Role::Admin);
    let mut admin = server.sign_in("ada@fernhill.example");
    assert_eq!(admin.get("/settings/keys").status, 200);
    let mut owner = server.owner_browser();
    owner.get("/settings/team");
    let changed = owner.post(&format!("/settings/team/{}/role", added.user_id), &[("role", "viewer")]);
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(admin.get("/settings/keys").status, 403);
    assert_eq!(admin.post("/contacts", &[("email", "x@y.example")]).status, 403);
    owner.get(&format!("/settings/team/{}/remove", added.user_id));
    assert_eq!(owner.post(&format!("/settings/team/{}/remove", added.user_id), &[]).status, 303);
    let after = admin.get("/contacts");
    assert_ne!(after.status, 200, "a removed member sees nothing: {}", after.body);
}

#[test]
fn the_description_of_the_api_names_every_route_and_method_of_it() {
    let server = TestServer::start();
    let (status, document) = browser::api(&server.url, "", "GET", "/v1/openapi.json", None);
    assert_eq!(status, 200);
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let all = routes::all();
    let api = all.iter().filter(|route| route.is_api() && route.path != "/v1/openapi.json");
    let served: BTreeSet<String> = api.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, served);
}
