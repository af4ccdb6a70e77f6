//! The sample business, made as its owner would make it: account, mailbox and calendar, leads, texts, a worker.

use std::sync::Arc;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::{DemoError, WayIn};
use crate::agents::snippets::{self, SnippetForm};
use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::{ConnectionId, EmailAddress, EventTypeId, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::bookings::{self, EventType, Kind, Question};
use crate::connections::{self, ConsentAnswer, Pace, Provider, Settings, Use};
use crate::outreach::{self, SequenceForm, StepForm};
use crate::sandbox::Sandbox;
use crate::workers::{self, Hours, Limits, Meeting, Sender, Tone, WorkerForm};
use crate::workspaces::{self, AddUser, Workspace};
use crate::{contacts, events};

pub const EMAIL: &str = "nora@fernhill.example";
pub const NAME: &str = "Nora Whitfield";
pub const ZONE: &str = "Europe/London";
const BUSINESS: &str = "Fernhill Heat Pumps";
const ADDRESS: &str = "Fernhill Heat Pumps\n3 Mill Lane\nKendal LA9 4QD";
const TAG: &str = "hotels";

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn doing<T, E: Into<Cause>>(doing: &'static str, outcome: Result<T, E>) -> Result<T, DemoError> {
    outcome.map_err(|error| DemoError::Business { doing, source: error.into() })
}

/// What is left to do once the queue runs.
pub struct Prepared {
    pub way_in: WayIn,
    actor: Actor,
    worker: WorkerId,
}

/// Makes the business in an empty store. Its worker is still off: its leads are enrolled by the queue.
pub fn open(app: &Arc<App>, sandbox: &Sandbox) -> Result<Prepared, DemoError> {
    // It opens on a morning of a working day, because no mail leaves at night.
    app.clock.advance_to(opening(app.now()));
    let password = new_password();
    let (actor, api_key) = add_owner(app, &password)?;
    let mailbox = connect(app, sandbox, &actor)?;
    import_leads(app, sandbox, &actor)?;
    write_snippets(app, &actor)?;
    let sequence = write_sequence(app, &actor)?;
    let worker = make_worker(app, &actor, mailbox, sequence)?;
    let call = open_for_visitors(app, &actor)?;
    let chosen = bookings::choose_event_type(app, &actor, worker, Some(call));
    doing("having its worker book there", chosen)?;
    let way_in = WayIn {
        url: String::new(),
        email: EMAIL.to_owned(),
        password,
        workspace: actor.workspace.sid(),
        api_key,
        sandbox_url: String::new(),
    };
    Ok(Prepared { way_in, actor, worker })
}

/// Enrols the leads and switches the worker on. The queue must run.
pub fn switch_on(app: &App, prepared: &Prepared) -> Result<(), DemoError> {
    doing("enrolling its leads", outreach::enrol_tag(app, &prepared.actor, prepared.worker))?;
    if let Some(runner) = app.runner() {
        runner.settle(std::time::Duration::from_secs(180));
    }
    doing("switching its worker on", outreach::activate(app, &prepared.actor, prepared.worker))?;
    Ok(())
}

/// Opens the folder of an earlier demo. The sandbox has forgotten all mail, but not who let whom in; where it has, the
/// account is connected again. Time goes on where it had come to.
pub fn open_again(app: &Arc<App>, sandbox: &Sandbox, way_in: WayIn) -> Result<WayIn, DemoError> {
    let unknown = || DemoError::Business { doing: "finding it again", source: "its workspace is gone".into() };
    let workspace = WorkspaceId::parse_sid(&way_in.workspace).ok_or_else(unknown)?;
    let newest = doing("reading its log", events::list_newest(&app.store, workspace, None, None, 1))?;
    if let Some(event) = newest.rows.first() {
        app.clock.advance_to(event.at);
    }
    if !sandbox.is_owner_connected() {
        connect(app, sandbox, &Actor::system(workspace))?;
    }
    Ok(way_in)
}

/// Now, if people are at work in London; else the next working morning.
fn opening(now: UnixMillis) -> UnixMillis {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    let here = now.in_zone(&zone);
    let is_weekend = |day: Weekday| matches!(day, Weekday::Saturday | Weekday::Sunday);
    if !is_weekend(here.weekday()) && (9..15).contains(&here.hour()) {
        return now;
    }
    let mut date = if here.hour() < 9 { here.date() } else { here.date().saturating_add(1.day()) };
    while is_weekend(date.weekday()) {
        date = date.saturating_add(1.day());
    }
    date.at(9, 5, 0, 0).to_zoned(zone).map_or(now, |morning| morning.timestamp().into())
}

/// Three groups of five letters and digits: easy to type, and not the same on every machine.
fn new_password() -> String {
    let random: [u8; 15] = rand::random();
    let letters = data_encoding::BASE32_NOPAD.encode(&random).to_lowercase();
    [&letters[..5], &letters[5..10], &letters[10..15]].join("-")
}

fn add_owner(app: &App, password: &str) -> Result<(Actor, String), DemoError> {
    let new = AddUser {
        email: doing("reading the owner's address", EmailAddress::parse(EMAIL))?,
        name: NAME.to_owned(),
        workspace: BUSINESS.to_owned(),
        role: Role::Owner,
        password: password.to_owned(),
        api_key: true,
    };
    let added = doing("adding its owner", workspaces::add_user(app, &new))?;
    let lost = || DemoError::Business { doing: "adding its owner", source: "an id came back unreadable".into() };
    let workspace = WorkspaceId::parse_sid(&added.workspace_sid).ok_or_else(lost)?;
    let before = doing("reading the workspace", workspaces::get(&app.store, workspace))?.ok_or_else(lost)?;
    let after = Workspace { postal_address: ADDRESS.to_owned(), time_zone: ZONE.to_owned(), ..before.clone() };
    doing("writing its address", app.store.write(|txn| workspaces::put(txn, &after, Some(&before))))?;
    let actor = Actor {
        user: Some(added.user_id.parse().map_err(|_| lost())?),
        display: NAME.to_owned(),
        ..Actor::system(workspace)
    };
    Ok((actor, added.api_key.unwrap_or_default()))
}

/// Goes through Google's consent as a browser would, with everything allowed.
fn connect(app: &App, sandbox: &Sandbox, actor: &Actor) -> Result<ConnectionId, DemoError> {
    let uses = [Use::Outreach, Use::Calendar];
    let page = connections::begin(app, actor, Provider::Google, &uses, None);
    let page = doing("asking for its mailbox", page)?;
    let refused = || DemoError::Business { doing: "allowing its mailbox", source: "the consent page refused".into() };
    let back = sandbox.allow_all(page.as_str()).ok_or_else(refused)?;
    let back = doing("coming back from the consent", url::Url::parse(&back))?;
    let value = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let answer = ConsentAnswer {
        state: value("state").unwrap_or_default(),
        code: value("code"),
        error: value("error"),
        error_description: None,
    };
    let connected = doing("connecting its mailbox", connections::finish(app, actor, Provider::Google, &answer))?;
    let id = connected.connection.id;
    // Quick enough to be watched, slow enough to be followed.
    let pace = Pace { daily_cap: 60, min_gap_seconds: 20, jitter_seconds: 20, ramp_up: false };
    let settings = Settings { display_name: NAME.to_owned(), pace };
    doing("setting the pace of its mailbox", connections::change_settings(app, actor, id, &settings))?;
    Ok(id)
}

fn import_leads(app: &App, sandbox: &Sandbox, actor: &Actor) -> Result<(), DemoError> {
    let tagged: String = sandbox
        .leads_csv()
        .lines()
        .enumerate()
        .map(|(row, line)| format!("{line},{}\r\n", if row == 0 { "Tags" } else { TAG }))
        .collect();
    doing("importing its leads", contacts::import_file(app, actor, "hotels.csv", tagged.as_bytes(), &[], false))?;
    Ok(())
}

/// Question, answer. Answers to questions quote these and nothing else.
const SNIPPETS: &[(&str, &str)] = &[
    (
        "What does a heat pump cost? What is the price for a hotel of our size?",
        "For a building with ten to fifteen rooms it is usually between £38,000 and £55,000 installed, before the grant. \
         The survey tells the exact figure, and it costs nothing.",
    ),
    (
        "How long does the installation take? Can we stay open during the work?",
        "Four to six working days. Heating is off for one of them, and the hotel can stay open.",
    ),
    (
        "Does it work with old radiators in an old stone building?",
        "Often yes. We look at each radiator during the survey and change only those that are too small; in most old \
         buildings that is about one in three.",
    ),
    (
        "Is there a grant or a subsidy?",
        "Yes, at present £7,500 for each installation in England and Wales. We apply for it, so it is taken off the bill.",
    ),
];

fn write_snippets(app: &App, actor: &Actor) -> Result<(), DemoError> {
    for (title, text) in SNIPPETS {
        let form = SnippetForm { title: (*title).to_owned(), text: (*text).to_owned(), language: "en".to_owned() };
        let snippet = doing("writing its snippets", snippets::create(app, actor, &form))?;
        doing("approving its snippets", snippets::approve(app, actor, snippet.id, None))?;
    }
    Ok(())
}

/// Days to wait, subject (empty: in the same thread), text.
const STEPS: &[(u16, &str, &str)] = &[
    (
        0,
        "Heating {{company|your building}} without oil",
        "{Hello|Good morning} {{first_name|there}},\n\n\
         I fit heat pumps for small hotels and guest houses. {{#if building}}A {{building}} like yours{{else}}A building \
         like yours{{/if}}{{#if heating}} (today: {{heating}}){{/if}} usually needs about a third less for \
         heating afterwards, and the house can stay open while we work.\n\n\
         Would a call of 20 minutes in the next days help to see whether it is worth it for {{company|you}}?",
    ),
    (
        3,
        "",
        "Hello {{first_name|there}},\n\n\
         a guest house of your size in Ambleside moved off oil last autumn and paid 31 % less over the winter. I can send \
         you its numbers, or go through yours in a short call. Which day suits you?",
    ),
    (
        5,
        "",
        "Hello {{first_name|there}},\n\n\
         I do not want to fill your inbox, so this is my last mail. If heating comes up again, an answer to this one is \
         enough.",
    ),
];

fn write_sequence(app: &App, actor: &Actor) -> Result<SequenceId, DemoError> {
    let step = |(wait_days, subject, text): &(u16, &str, &str)| StepForm {
        wait_days: *wait_days,
        working_days: true,
        subject: (*subject).to_owned(),
        text: (*text).to_owned(),
        ..StepForm::default()
    };
    let form = SequenceForm { name: "Off oil in three mails".to_owned(), steps: STEPS.iter().map(step).collect() };
    Ok(doing("writing its sequence", outreach::sequences::create(app, actor, &form))?.id)
}

fn make_worker(app: &App, actor: &Actor, mailbox: ConnectionId, sequence: SequenceId) -> Result<WorkerId, DemoError> {
    let form = WorkerForm {
        name: "Hotels and guest houses".to_owned(),
        goal: "Invite owners of small hotels to a call about replacing their heating.".to_owned(),
        audience_tag: TAG.to_owned(),
        sequence: Some(sequence),
        mailbox: Some(mailbox),
        calendar: Some(mailbox),
        meeting: Meeting { title: "Call about heating".to_owned(), minutes: 30, ..Meeting::default() },
        limits: Limits { per_day: 60, ..Limits::default() },
        hours: Hours { from: 8 * 60 + 30, to: 17 * 60 + 30, ..Hours::default() },
        sender: Sender {
            name: NAME.to_owned(),
            role: "Owner".to_owned(),
            signature: "Nora Whitfield\nFernhill Heat Pumps, Kendal".to_owned(),
        },
        tone: Tone::Warm,
        ..WorkerForm::default()
    };
    Ok(doing("making its worker", workers::create(app, actor, &form))?.id)
}

/// What strangers can book by themselves.
fn open_for_visitors(app: &App, actor: &Actor) -> Result<EventTypeId, DemoError> {
    let now = app.now();
    doing("adding a room", bookings::add_room(app, actor, "Showroom"))?;
    let question = |label: &str, kind: Kind, choices: &[&str]| Question {
        label: label.to_owned(),
        kind,
        required: false,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
    };
    let call = EventType {
        name: "A call about your heating".to_owned(),
        slug: "heating-call".to_owned(),
        description: "Tell me how the house is heated now and what it costs. Afterwards you know whether a heat pump \
                      makes sense, and roughly what it takes."
            .to_owned(),
        durations: vec![20, 45],
        questions: vec![
            question("How is the house heated now?", Kind::Choice, &["Oil", "Gas", "Electricity", "Wood"]),
            question("What else should we know?", Kind::Long, &[]),
        ],
        guests: 2,
        ..EventType::new(EventTypeId::new(now), actor.workspace, actor.user, now)
    };
    Ok(doing("making what visitors can book", bookings::save_event_type(app, actor, call))?.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_opens_on_a_working_morning() {
        let cases = [
            ("2026-11-24T10:30:00Z", "2026-11-24T10:30:00Z", "Tuesday, people are at work"),
            ("2026-11-24T02:00:00Z", "2026-11-24T09:05:00Z", "Tuesday night"),
            ("2026-11-24T19:00:00Z", "2026-11-25T09:05:00Z", "Tuesday evening"),
            ("2026-11-27T16:00:00Z", "2026-11-30T09:05:00Z", "Friday afternoon"),
            ("2026-11-22T11:00:00Z", "2026-11-23T09:05:00Z", "Sunday"),
        ];
        for (now, expected, case) in cases {
            let now = UnixMillis::parse_rfc3339(now).unwrap();
            assert_eq!(opening(now).to_rfc3339(), expected, "{case}");
        }
    }

    #[test]
    fn passwords_are_typed_easily_and_never_the_same() {
        let (one, other) = (new_password(), new_password());
        assert_eq!(one.len(), 17);
        assert_ne!(one, other);
    }
}
