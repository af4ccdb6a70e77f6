//! The pages of outreach, one file for each group. Handlers parse, call one service, and answer.

mod analytics;
mod autonomy;
mod branches;
mod choose;
mod delete;
mod follow_ups;
mod forecast;
mod hand_over;
mod leads;
mod mails;
mod overview;
mod preview;
mod review;
mod sequence;
mod sequence_form;
mod settings;
mod switch;
mod why;

use actix_web::web::{self, ServiceConfig};

use super::OutreachError;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{Cursor, EnrolmentId, UnixMillis, WorkerId};
use crate::http::ui::Tab;
use crate::http::PageError;
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerError, WorkerState};
use crate::workspaces;

const TOO_MANY_EDITIONS: &str = "Leads are on the way in too many older versions of this sequence.";

/// Every address of the room. Named places stand before those with an id.
pub fn routes(config: &mut ServiceConfig) {
    let at = web::resource::<&str>;
    config
        .service(at("/sending/pause").route(web::post().to(switch::pause_all)))
        .service(at("/sending/resume").route(web::post().to(switch::resume_all)))
        .service(at("/outreach").route(web::get().to(overview::list)))
        .service(at("/outreach/new").route(web::get().to(settings::new)).route(web::post().to(settings::create)))
        .service(at("/outreach/forecast").route(web::get().to(forecast::show)))
        .service(at("/outreach/forecast/mails").route(web::get().to(forecast::mails)))
        .service(at("/outreach/analytics").route(web::get().to(analytics::show)))
        .service(at("/outreach/analytics.csv").route(web::get().to(analytics::csv)))
        .service(at("/outreach/analytics/leads").route(web::get().to(analytics::leads)))
        .service(at("/outreach/analytics/leads.csv").route(web::get().to(analytics::leads_csv)))
        .service(
            at("/outreach/days-off")
                .route(web::get().to(forecast::show_days_off))
                .route(web::post().to(forecast::save_days_off)),
        )
        .service(at("/outreach/leads").route(web::post().to(leads::add_to_worker)))
        .service(at("/outreach/sequences").route(web::get().to(sequence::list)).route(web::post().to(sequence::create)))
        .service(
            at("/outreach/sequences/{sequence}")
                .route(web::get().to(sequence::show))
                .route(web::post().to(sequence::save)),
        )
        .service(at("/outreach/sequences/{sequence}/approve").route(web::post().to(sequence::approve)))
        .service(
            at("/outreach/sequences/{sequence}/delete")
                .route(web::get().to(delete::ask_sequence))
                .route(web::post().to(delete::sequence)),
        )
        .service(at("/outreach/{worker}").route(web::get().to(overview::show)))
        .service(at("/outreach/{worker}/activate").route(web::post().to(switch::activate)))
        .service(at("/outreach/{worker}/pause").route(web::post().to(switch::pause)))
        .service(at("/outreach/{worker}/resume").route(web::post().to(switch::resume)))
        .service(at("/outreach/{worker}/approve").route(web::post().to(switch::approve)))
        .service(
            at("/outreach/{worker}/delete")
                .route(web::get().to(delete::ask_worker))
                .route(web::post().to(delete::worker)),
        )
        .service(at("/outreach/{worker}/leads").route(web::get().to(leads::list)).route(web::post().to(leads::add)))
        .service(at("/outreach/{worker}/leads/tag").route(web::post().to(leads::add_tag)))
        .service(at("/outreach/{worker}/leads/choose").route(web::get().to(choose::show)))
        .service(
            at("/outreach/{worker}/leads/{lead}/remove")
                .route(web::get().to(leads::ask_remove))
                .route(web::post().to(leads::remove_lead)),
        )
        .service(at("/outreach/{worker}/leads/{lead}/{act}").route(web::post().to(leads::act)))
        .service(
            at("/outreach/{worker}/sequence")
                .route(web::get().to(sequence::of_worker))
                .route(web::post().to(sequence::save_of_worker)),
        )
        .service(at("/outreach/{worker}/preview").route(web::get().to(preview::show)))
        .service(
            at("/outreach/{worker}/review").route(web::get().to(review::show)).route(web::post().to(review::approve)),
        )
        .service(at("/outreach/{worker}/test").route(web::post().to(preview::test)))
        .service(
            at("/outreach/{worker}/settings")
                .route(web::get().to(settings::edit))
                .route(web::post().to(settings::save)),
        )
        .service(
            at("/outreach/{worker}/autonomy")
                .route(web::get().to(autonomy::show))
                .route(web::post().to(autonomy::switch)),
        )
        .service(
            at("/outreach/{worker}/follow-ups")
                .route(web::get().to(follow_ups::show))
                .route(web::post().to(follow_ups::save)),
        )
        .service(at("/outreach/{worker}/follow-ups/approve").route(web::post().to(follow_ups::approve)))
        .service(at("/follow-ups/{id}/cancel").route(web::post().to(follow_ups::cancel)))
        .service(at("/outreach/{worker}/tags").route(web::post().to(hand_over::save_tags)))
        .service(at("/outreach/{worker}/hand-over").route(web::post().to(hand_over::save)))
        .service(at("/outreach/{worker}/mails").route(web::get().to(mails::show)))
        .service(at("/outreach/{worker}/why").route(web::get().to(why::show)));
}

impl From<OutreachError> for PageError {
    fn from(error: OutreachError) -> Self {
        match error {
            OutreachError::Denied(denied) => denied.into(),
            OutreachError::NotFound => PageError::NotFound,
            OutreachError::NoSequence => {
                PageError::conflict("The worker has no sequence yet.", "Write its first mail, then add leads.")
            }
            OutreachError::NoTag => {
                PageError::conflict("The worker has no tag.", "Choose one under Settings, or add leads by hand.")
            }
            OutreachError::Mistakes(mistakes) => {
                let words: Vec<&str> = mistakes.iter().map(|mistake| mistake.words.as_str()).collect();
                PageError::conflict("The sequence is not finished.", words.join(" "))
            }
            OutreachError::SequenceInUse(workers) => PageError::conflict(
                format!("This sequence is in use by {}.", list_words(&workers)),
                "Give them another sequence first, in their settings.",
            ),
            OutreachError::AtWork(workers) => PageError::conflict(
                format!("Without a step the leads of {} would only wait.", list_words(&workers)),
                "Keep a step, or pause the worker first.",
            ),
            OutreachError::Changed => PageError::conflict(
                "The sequence was changed since you read it.",
                "Read it again, and make your change to what stands there now.",
            ),
            OutreachError::MayNotWrite(words) => PageError::conflict(words, "Nothing was sent."),
            OutreachError::MayNotMove(words) => PageError::conflict(words, "Nothing was changed."),
            OutreachError::AsksForWhom(leads) => PageError::conflict(
                format!("{} in flight.", crate::base::counted(leads, "lead is", "leads are")),
                "Say whether the change is for them too.",
            ),
            OutreachError::TooManyEditions => PageError::conflict(
                TOO_MANY_EDITIONS,
                "Make the change for those on the way too, or make a new sequence.",
            ),
            OutreachError::InAnother => {
                PageError::conflict("The contact is in another sequence at this moment.", "Stop that one first.")
            }
            OutreachError::NotReady(missing) => PageError::conflict("The worker is not ready.", missing.join(" ")),
            OutreachError::Worker(WorkerError::StillWorking) => {
                PageError::conflict("The worker is still at work.", "Pause it first, then delete it.")
            }
            OutreachError::Worker(error) => PageError::conflict(sentence(&error.to_string()), String::new()),
            OutreachError::Store(error) => PageError::internal("outreach could not read or write", &error),
        }
    }
}

/// "Hotels", "Hotels and Landlords", "Hotels, Landlords and Inns".
fn list_words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// An error's text as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// What stands above every tab of a worker.
#[derive(Clone, Debug)]
pub struct Head {
    pub worker: Worker,
    pub tabs: Vec<Tab>,
    /// `ok`, `warn` or `off`, with the word for it.
    pub tone: &'static str,
    pub state: &'static str,
    /// "since 2 November", "since Tue 24 Nov, 10:30: the reason".
    pub since: String,
    pub may_edit: bool,
    pub may_switch: bool,
    /// Of its sequence; 0 without one.
    pub version: u32,
}

/// Makes the head; `tab` is the address's last part, empty for the overview.
pub fn head(app: &App, actor: &Actor, id: WorkerId, tab: &str) -> Result<Head, OutreachError> {
    use crate::authz::Permission;
    actor.require(Permission::ViewOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    let figures = super::figures(&app.store, actor.workspace, id)?;
    let sequence = match worker.sequence {
        Some(sequence) => super::get_sequence(&app.store, actor.workspace, sequence)?,
        None => None,
    };
    let (steps, version) = sequence.map_or((0, 0), |sequence| (sequence.steps.len(), sequence.version));
    let count = |count: u64| if count == 0 { String::new() } else { crate::http::charts::grouped(count) };
    let entry = |path: &str, label: &str, shown: String| Tab {
        href: if path.is_empty() { format!("/outreach/{id}") } else { format!("/outreach/{id}/{path}") },
        label: label.to_owned(),
        count: shown,
        current: path == tab,
    };
    let mut tabs = vec![
        entry("", "Overview", String::new()),
        entry("leads", "Leads", count(figures.of(super::Group::All))),
        entry("sequence", "Sequence", count(steps as u64)),
        entry("preview", "Preview", String::new()),
        entry("activity", "Activity", String::new()),
        entry("follow-ups", "Follow-ups", String::new()),
        entry("dry-run", "Dry run", String::new()),
        entry("autonomy", "Autonomy", count(worker.autonomy.labels().len() as u64)),
        entry("settings", "Settings", String::new()),
    ];
    let to_read = figures.of(super::Group::Review);
    if worker.review || to_read > 0 {
        tabs.insert(2, entry("review", "To be read", count(to_read)));
    }
    let zone = zone(app, actor)?;
    let (tone, state, since) = match &worker.state {
        WorkerState::Working if worker.is_on_dry_run() => {
            let since = worker.dry_run.map(|at| format!("since {}: nothing of its mail leaves", when(at, &zone)));
            ("warn", "Dry run", since.unwrap_or_default())
        }
        WorkerState::Working => {
            let since = worker.activated_at.map(|at| format!("since {}", day(at, &zone))).unwrap_or_default();
            ("ok", "Active", since)
        }
        WorkerState::Off => ("off", "Not activated", String::new()),
        WorkerState::Paused(off) => ("warn", "Paused", format!("since {}: {}", when(off.at, &zone), off.reason)),
    };
    Ok(Head {
        tabs,
        tone,
        state,
        since,
        may_edit: actor.may(Permission::EditOutreach),
        may_switch: actor.may(Permission::ActivateWorkers),
        version,
        worker,
    })
}

impl Head {
    pub fn goal(&self) -> &str {
        &self.worker.goal
    }

    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The address of one of the worker's pages or acts.
    pub fn at(&self, path: &str) -> String {
        format!("/outreach/{}/{path}", self.worker.id)
    }

    /// The address of an act on one lead.
    pub fn lead(&self, lead: &EnrolmentId, act: &str) -> String {
        self.at(&format!("leads/{lead}/{act}"))
    }

    pub fn tag_words(&self) -> String {
        format!("Add all tagged “{}”", self.worker.audience_tag)
    }

    pub fn is_working(&self) -> bool {
        self.worker.state.is_working()
    }
}

/// The place in a list that an address names.
fn cursor(text: Option<&str>) -> Result<Option<Cursor>, PageError> {
    let cursor = text.map(Cursor::parse).transpose();
    cursor.map_err(|error| PageError::bad_request(error.to_string(), "Open the list again."))
}

fn zone(app: &App, actor: &Actor) -> Result<jiff::tz::TimeZone, StoreError> {
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    Ok(workspace.map_or(jiff::tz::TimeZone::UTC, |workspace| workspace.zone()))
}

/// "Tue 24 Nov, 10:30".
fn when(at: UnixMillis, zone: &jiff::tz::TimeZone) -> String {
    at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()
}

/// "24 November".
fn day(at: UnixMillis, zone: &jiff::tz::TimeZone) -> String {
    at.in_zone(zone).strftime("%-d %B").to_string()
}

/// Every page of a worker as HTML, for tests that look at them.
#[cfg(test)]
pub(super) fn samples(
    app: &App,
    actor: &Actor,
    frame: &crate::http::Frame,
    id: WorkerId,
) -> Vec<(&'static str, String)> {
    let draw = |page: &dyn askama::DynTemplate| page.dyn_render().unwrap();
    vec![
        ("workers", draw(&overview::workers_page(app, actor, frame).unwrap())),
        ("worker", draw(&overview::overview(app, actor, frame, id, super::Period::All).unwrap())),
        ("leads", draw(&leads::page(app, actor, frame, id, &leads::Query::default(), None).unwrap())),
        ("sequence", draw(&sequence::worker_page(app, actor, frame, id).unwrap())),
        ("sequences", draw(&sequence::list_page(app, actor, frame).unwrap())),
        ("forecast", draw(&forecast::page(app, actor, frame).unwrap())),
        ("forecast mails", draw(&forecast::mails_page(app, actor, frame, Default::default(), None).unwrap())),
        ("days off", draw(&forecast::days_off_page(app, actor, frame, None, Default::default()).unwrap())),
        ("analytics", draw(&analytics::page(app, actor, frame, &super::report::Slice::default()).unwrap())),
        ("analytics leads", {
            let all = (super::report::Slice::default(), super::report::What::Contacted);
            draw(&analytics::leads_page(app, actor, frame, all, None).unwrap())
        }),
        ("review", draw(&review::page(app, actor, frame, id, None).unwrap())),
        ("preview", draw(&preview::page(app, actor, frame, id, None).unwrap())),
        ("choose", draw(&choose::page(app, actor, frame, id, "", None).unwrap())),
        ("follow-ups", draw(&follow_ups::page(app, actor, frame, id, None, None).unwrap())),
        ("autonomy", draw(&autonomy::page(app, actor, frame, id, String::new()).unwrap())),
        ("settings", draw(&settings::edit_page(app, actor, frame, id, None, Default::default()).unwrap())),
        ("mails", draw(&mails::page(app, actor, frame, id, super::mails::Which::Counted, None).unwrap())),
        ("why", draw(&why::page(app, actor, frame, id, None).unwrap())),
    ]
}

/// The page of those who answered after one step, for tests.
#[cfg(test)]
pub(super) fn leads_of_step(
    app: &App,
    actor: &Actor,
    frame: &crate::http::Frame,
    id: WorkerId,
    step: crate::base::StepId,
) -> String {
    let query = leads::Query { group: Some("replied".into()), step: Some(step), ..leads::Query::default() };
    askama::Template::render(&leads::page(app, actor, frame, id, &query, None).unwrap()).unwrap()
}

/// A worker's figures of a period, for tests that follow their links.
#[cfg(test)]
pub(super) fn overview_within(
    app: &App,
    actor: &Actor,
    frame: &crate::http::Frame,
    id: WorkerId,
    period: super::Period,
) -> String {
    askama::Template::render(&overview::overview(app, actor, frame, id, period).unwrap()).unwrap()
}

/// A worker's leads at a query, for the same.
#[cfg(test)]
pub(super) fn leads_at(app: &App, actor: &Actor, frame: &crate::http::Frame, id: WorkerId, query: &str) -> String {
    let query = actix_web::web::Query::<leads::Query>::from_query(query).unwrap();
    askama::Template::render(&leads::page(app, actor, frame, id, &query, None).unwrap()).unwrap()
}

/// The analytics at a query, for tests that follow their links.
#[cfg(test)]
pub(super) fn analytics_at(app: &App, actor: &Actor, frame: &crate::http::Frame, query: &str) -> String {
    let asked = actix_web::web::Query::<super::report::Asked>::from_query(query).unwrap();
    let (slice, _) = asked.read().unwrap();
    askama::Template::render(&analytics::page(app, actor, frame, &slice).unwrap()).unwrap()
}
