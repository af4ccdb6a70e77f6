//! `/control/…`: how tests and the demo steer the sandbox. Loopback peers only; bodies and answers are JSON.
//!
//! | call | does |
//! |---|---|
//! | `POST clock {"advance_seconds":N}` | moves the clock and lets what is due happen; answers `{"now"}` |
//! | `GET requests` | JSON lines `method,url,headers,body` of the provider requests received, as they came: tokens too |
//! | `GET mail-commands` | JSON lines `protocol,account,command` of signed-in mail clients |
//! | `POST faults {"match","status","retry_after","delay_ms","drop","after","body","manner","times"}` | see `faults.rs` |
//! | `GET faults` | what the faults match that have not come yet |
//! | `POST settings {"daily_sends","units_per_minute","testing_mode",…}` | see `Settings` |
//! | `POST accounts {"email","name","zone"}` | one more account to sign in with |
//! | `POST redirects {"uri"}` | registers a loopback redirect URI for the client |
//! | `POST mail {"to","raw"}` | puts a raw inbound mail into a box |
//! | `GET mailboxes/<address>` | the mails of a box, also of an address outside |
//! | `GET calendars/<address>` | the events of an account's calendars at Google, under `microsoft` and `caldav` at the others |
//! | `POST calendars/<address> {"events":N,"file":"…"}` | fills an account's first calendars, or leaves a file at the server |
//! | `POST revoke {"email"}` | the person withdraws all access given to programs |
//! | `POST deauthorise {"email"}` | the person removes the program at Zoom; answers `headers` and `body` of the event, signed |
//! | `POST notices {}` | what calendar services have to tell the program since: each `url`, `headers` and `body` of a POST |
//! | `GET meetings/<service>` | the meetings at `zoom`, `teams`, `webex` or `goto` |
//! | `POST expire {"what":"history"\|"sync"\|"uids","email"}` | makes all cursors given out so far useless |
//! | `POST reset {"all":bool}` | forgets requests, faults and settings; with `all`, everything |

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{json, Value};

use super::faults::Fault;
use super::wire::{Answer, Request};
use super::world::{Settings, Shared, World};
use crate::base::{json_words, UnixMillis};
use crate::providers::meeting::zoom_hook;

pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    let path = request.segments();
    let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
    let answer = match (request.method.as_str(), path.as_slice()) {
        ("POST", ["clock"]) => read(request).and_then(|body| clock(shared, &body)),
        ("POST", ["faults"]) => read(request).and_then(|fault: Fault| {
            fault.check().map_err(refused)?;
            shared.world().faults.add(fault);
            Ok(done())
        }),
        ("GET", ["faults"]) => Ok(Answer::ok(&json!(shared.world().faults.waiting()))),
        ("POST", ["settings"]) => read(request).map(|body| settings(&mut shared.world(), &body)),
        ("POST", ["accounts"]) => read(request).map(|body: NewAccount| {
            shared.world().add_account(&body.email, &body.name, &body.zone);
            done()
        }),
        ("POST", ["redirects"]) => read(request).and_then(|body| redirect(&mut shared.world(), &body)),
        ("POST", ["mail"]) => read(request).map(|body| mail(&mut shared.world(), &body)),
        ("POST", ["revoke"]) => read(request).map(|body: Person| {
            revoke(&mut shared.world(), &body.email);
            done()
        }),
        ("POST", ["deauthorise"]) => read(request).map(|body: Person| deauthorise(&mut shared.world(), &body.email)),
        ("POST", ["notices"]) => Ok(Answer::ok(&super::notices::take(&mut shared.world()))),
        ("GET", ["meetings", service]) => Ok(Answer::ok(&meetings(&shared.world(), service))),
        ("POST", ["expire"]) => read(request).map(|body| expire(&mut shared.world(), &body)),
        ("POST", ["reset"]) => Ok(reset(shared, request)),
        ("GET", ["requests"]) => Ok(Answer::new(200, "application/jsonl", shared.world().record.json_lines())),
        ("GET", ["mail-commands"]) => Ok(Answer::new(200, "application/jsonl", shared.world().record.mail_lines())),
        ("GET", ["mailboxes", address]) => Ok(mailbox(&shared.world(), address)),
        ("GET", ["calendars", address]) => {
            let world = shared.world();
            let mut all = world.google.calendars.all_of(address);
            all["microsoft"] = world.microsoft.calendars.all_of(address)["calendars"].clone();
            all["caldav"] = super::caldav::all_of(&world, address);
            Ok(Answer::ok(&all))
        }
        ("POST", ["calendars", address]) => read(request).map(|body| fill(&mut shared.world(), address, &body)),
        _ => Err(Answer::json(404, &json!({"error": "no such control"}))),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

/// The body as `T`, or a 400 that says what is wrong with it.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Answer> {
    serde_json::from_slice(&request.body).map_err(|error| {
        let said = error.to_string();
        let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        match error.classify() {
            Category::Data => refused(json_words::shape(what)),
            _ => refused(format!("the body is not JSON: {}", json_words::syntax(what))),
        }
    })
}

fn refused(words: impl Into<String>) -> Answer {
    Answer::json(400, &json!({"error": words.into()}))
}

fn done() -> Answer {
    Answer::ok(&json!({"ok": true}))
}

/// A year of somebody's business takes a while to play; more in one go is a slip of the pen.
const MOST_SECONDS: u64 = 366 * 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    advance_seconds: u64,
}

fn clock(shared: &Shared, body: &MoveClock) -> Result<Answer, Answer> {
    if body.advance_seconds > MOST_SECONDS {
        return Err(refused(format!("advance_seconds is at most {MOST_SECONDS}: 366 days in one go")));
    }
    let by = Duration::from_secs(body.advance_seconds);
    let now = match shared.advance_hook() {
        Some(advance) => advance(by),
        None => advance_alone(shared, by),
    };
    Ok(Answer::ok(&json!({"now": now.to_rfc3339()})))
}

/// Visits every instant at which a person acts, so that what they do carries the right time.
fn advance_alone(shared: &Shared, by: Duration) -> UnixMillis {
    let clock = shared.world().clock.clone();
    let end = clock.now().plus(by);
    loop {
        let due = super::next_due(shared).filter(|due| *due <= end);
        clock.advance_to(due.unwrap_or(end));
        super::run_due(shared, clock.now());
        if due.is_none() {
            return clock.now();
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSettings {
    daily_sends: Option<usize>,
    units_per_minute: Option<u32>,
    testing_mode: Option<bool>,
    replace_message_ids: Option<bool>,
    rotate_refresh: Option<bool>,
    slow_conferences: Option<bool>,
    daily_recipients: Option<usize>,
    admin_consent: Option<bool>,
    slow_copies: Option<bool>,
    personal_account: Option<bool>,
    caldav_without_sync: Option<bool>,
    caldav_page: Option<usize>,
}

fn settings(world: &mut World, new: &NewSettings) -> Answer {
    let now = &mut world.settings;
    now.daily_sends = new.daily_sends.unwrap_or(now.daily_sends);
    now.units_per_minute = new.units_per_minute.unwrap_or(now.units_per_minute);
    now.testing_mode = new.testing_mode.unwrap_or(now.testing_mode);
    now.replace_message_ids = new.replace_message_ids.unwrap_or(now.replace_message_ids);
    now.rotate_refresh = new.rotate_refresh.unwrap_or(now.rotate_refresh);
    now.slow_conferences = new.slow_conferences.unwrap_or(now.slow_conferences);
    now.daily_recipients = new.daily_recipients.unwrap_or(now.daily_recipients);
    now.admin_consent = new.admin_consent.unwrap_or(now.admin_consent);
    now.slow_copies = new.slow_copies.unwrap_or(now.slow_copies);
    now.personal_account = new.personal_account.unwrap_or(now.personal_account);
    now.caldav_without_sync = new.caldav_without_sync.unwrap_or(now.caldav_without_sync);
    now.caldav_page = new.caldav_page.unwrap_or(now.caldav_page);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    email: String,
    name: String,
    #[serde(default = "utc")]
    zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRedirect {
    uri: String,
}

fn redirect(world: &mut World, new: &NewRedirect) -> Result<Answer, Answer> {
    if world.redirects.register(&new.uri) {
        return Ok(done());
    }
    Err(refused("uri is a loopback URL without a fragment"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    email: String,
}

fn revoke(world: &mut World, email: &str) {
    world.google.grants.revoke_all_of(email);
    world.microsoft.grants.revoke_all_of(email);
    super::caldav::lock(world, email);
    for host in [&mut world.meetings.zoom, &mut world.meetings.webex, &mut world.meetings.goto] {
        host.grants.revoke_all_of(email);
    }
    world.remember();
}

/// What Zoom would post to the program's address for events; whoever asks here carries it there.
fn deauthorise(world: &mut World, email: &str) -> Answer {
    world.meetings.zoom.grants.revoke_all_of(email);
    world.remember();
    let now = world.clock.now();
    let user = world.account(email).map(|account| account.subject.clone()).unwrap_or_default();
    let body = json!({
        "event": "app_deauthorized",
        "event_ts": now.0,
        "payload": {
            "account_id": "sandbox-account",
            "user_id": user,
            "signature": "sandbox",
            "deauthorization_time": now.to_rfc3339(),
            "client_id": super::CLIENT_ID,
        },
    })
    .to_string();
    let timestamp = now.as_seconds().to_string();
    let signature = zoom_hook::sign(super::ZOOM_HOOK_SECRET, &timestamp, body.as_bytes());
    let headers = json!({zoom_hook::TIMESTAMP: timestamp, zoom_hook::SIGNATURE: signature});
    Answer::ok(&json!({"headers": headers, "body": body}))
}

fn meetings(world: &World, service: &str) -> Value {
    match service {
        "zoom" => world.meetings.zoom.shown(),
        "webex" => world.meetings.webex.shown(),
        "goto" => world.meetings.goto.shown(),
        "teams" => world.microsoft.meetings_shown(),
        _ => json!([]),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fill {
    /// Two minutes each, five apart, from now on, in the first calendar at each service.
    #[serde(default)]
    events: u32,
    /// At the calendar server, as another program might leave it there.
    #[serde(default)]
    file: Option<String>,
}

fn fill(world: &mut World, address: &str, body: &Fill) -> Answer {
    let now = world.clock.now();
    for number in 0..body.events {
        let start = now.plus(Duration::from_secs(300) * number);
        let end = start.plus(Duration::from_secs(120));
        let (id, time) = (format!("fill{number:06}"), |at: UnixMillis| json!({"dateTime": at.to_rfc3339()}));
        let event = json!({"id": id, "status": "confirmed", "start": time(start), "end": time(end)});
        for calendars in [&mut world.google.calendars, &mut world.microsoft.calendars] {
            if let Some(calendar) = calendars.find_mut(address, "primary") {
                calendar.put_new(event.clone(), now);
            }
        }
        super::caldav::add_event(world, address, &id, (start, end));
    }
    if let Some(text) = &body.file {
        super::caldav::add_file(world, address, "another.ics", text.clone());
    }
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboundMail {
    to: String,
    raw: String,
}

fn mail(world: &mut World, inbound: &InboundMail) -> Answer {
    let raw = inbound.raw.replace("\r\n", "\n").replace('\n', "\r\n");
    world.deliver(&Arc::from(raw.into_bytes()), std::slice::from_ref(&inbound.to));
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    what: Expiring,
    email: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expiring {
    History,
    Sync,
    Uids,
}

fn expire(world: &mut World, body: &Expire) -> Answer {
    match body.what {
        Expiring::History => world.mailbox(&body.email).expire_history(),
        Expiring::Uids => world.mailbox(&body.email).uid_validity += 1_000_000,
        Expiring::Sync => {
            world.google.calendars.expire_sync(&body.email);
            world.microsoft.calendars.expire_sync(&body.email);
            world.caldav.expire_sync(&body.email);
        }
    }
    done()
}

fn reset(shared: &Shared, request: &Request) -> Answer {
    let all = request.json().is_some_and(|body| body["all"] == json!(true));
    if all {
        shared.start_over();
    } else {
        let mut world = shared.world();
        world.record.clear();
        world.faults.clear();
        world.settings = Settings::default();
    }
    done()
}

fn mailbox(world: &World, address: &str) -> Answer {
    let mails = world.mailbox_of(address).map(|mailbox| mailbox.mails.as_slice()).unwrap_or_default();
    let shown: Vec<Value> = mails
        .iter()
        .map(|mail| {
            json!({
                "id": format!("{:016x}", mail.id),
                "thread_id": format!("{:016x}", mail.thread),
                "labels": mail.labels,
                "at": mail.at.to_rfc3339(),
                "message_id": mail.head.message_id,
                "from": mail.head.from,
                "to": mail.head.recipients,
                "subject": mail.head.subject,
                "raw": String::from_utf8_lossy(&mail.raw),
            })
        })
        .collect();
    Answer::ok(&json!({"address": address, "mails": shown}))
}
