//! The operator's pages. Times are UTC, because a server has no town.

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::backups::{self, BackUpError};
use super::clock;
use super::data_map::MapRow;
use super::health::{self, ReadError, Report};
use super::look::{self, DecideError, Stopped};
use super::queue::{self, LaneReport};
use super::tenants::{self, Tenant, TenantError};
use super::{recent_errors, DataMap, RecentError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, JobId, UnixMillis, WorkspaceId};
use crate::events::{Act, Stuck};
use crate::http::charts::grouped;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Tab;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::jobs::{State, Totals, Verdict};
use crate::workspaces::Closed;

/// When this server began to answer.
struct Started(Instant);

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(Data::new(Started(Instant::now())))
        .service(web::resource("/operator").route(web::get().to(health_page)))
        .service(web::resource("/operator/backup").route(web::post().to(back_up)))
        .service(web::resource("/operator/clock").route(web::post().to(confirm_clock)))
        .service(web::resource("/operator/queue").route(web::get().to(queue_page)))
        .service(web::resource("/operator/look").route(web::get().to(look_page)))
        .service(web::resource("/operator/look/events/{act}").route(web::post().to(decide_event)))
        .service(web::resource("/operator/look/{job}/{verdict}").route(web::post().to(decide)))
        .service(web::resource("/operator/errors").route(web::get().to(errors_page)))
        .service(web::resource("/operator/workspaces").route(web::get().to(workspaces_page)))
        .service(
            web::resource("/operator/workspaces/{sid}/suspend")
                .route(web::get().to(suspend_page))
                .route(web::post().to(suspend)),
        )
        .service(web::resource("/operator/workspaces/{sid}/lift").route(web::post().to(lift)))
        .service(web::resource("/operator/data-map").route(web::get().to(data_map_page)));
}

impl From<ReadError> for PageError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Store(error) => Self::internal("could not read for the operator", &error),
        }
    }
}

fn tabs(current: &str) -> Vec<Tab> {
    let places = [
        ("/operator", "Health"),
        ("/operator/queue", "Work queue"),
        ("/operator/look", "Needs a look"),
        ("/operator/errors", "Errors"),
        ("/operator/workspaces", "Workspaces"),
        ("/operator/data-map", "Data map"),
    ];
    let tab = |(href, label): (&str, &str)| Tab {
        href: href.to_owned(),
        label: label.to_owned(),
        count: String::new(),
        current: href == current,
    };
    places.into_iter().map(tab).collect()
}

// ---- health ----

#[derive(Template)]
#[template(path = "operator/health.html")]
struct HealthPage {
    layout: Layout,
    tabs: Vec<Tab>,
    report: Report,
    /// "41 days".
    uptime: String,
    now: UnixMillis,
}

impl HealthPage {
    fn now_words(&self) -> String {
        self.now.in_zone(&jiff::tz::TimeZone::UTC).strftime("%a %-d %b %Y, %H:%M").to_string()
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn backup_figure(&self) -> (String, String) {
        match self.report.backups.first() {
            Some(file) => (when(file.written_at), size(file.size_bytes)),
            None => ("None yet".to_owned(), "the first is written tonight".to_owned()),
        }
    }

    fn memory_figure(&self) -> (String, String) {
        match self.report.memory {
            Some((now, peak)) => (size(now), format!("peak {}", size(peak))),
            None => ("Unknown".to_owned(), "this system does not tell".to_owned()),
        }
    }

    fn disk_figure(&self) -> (String, String) {
        let free =
            self.report.store.free_bytes.map_or_else(|| "free unknown".into(), |free| format!("{} free", size(free)));
        (size(self.report.store.disk_bytes), free)
    }

    fn behind_figure(&self) -> (String, &'static str) {
        (length(self.report.behind), "alarm at 60 s")
    }

    /// Facts of the store, each with what it means.
    fn store_facts(&self) -> Vec<(&'static str, String)> {
        let store = &self.report.store;
        vec![
            ("Commits", grouped(store.commits)),
            (
                "Rows written since the start",
                format!("{} ({})", grouped(store.written.rows), size(store.written.bytes)),
            ),
            ("Syncs to disk", grouped(store.syncs)),
            (
                "Longest sync lately",
                format!("{:.1} ms", Duration::from_micros(store.sync_max_micros).as_secs_f64() * 1000.0),
            ),
            ("Transactions waiting", grouped(store.waiting as u64)),
            ("Open pages", grouped(self.report.readers as u64)),
        ]
    }

    fn job_facts(&self) -> Vec<(&'static str, String)> {
        let jobs = &self.report.jobs;
        vec![
            ("Planned since the first start", grouped(jobs.enqueued)),
            ("Done", grouped(jobs.done)),
            ("Given up", grouped(jobs.dead)),
            ("Open", grouped(jobs.open())),
        ]
    }
}

async fn health_page(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    started: Data<Started>,
) -> Result<HttpResponse, PageError> {
    let now = app.now();
    let report = run(move || health::report(&app, &actor)).await??;
    let uptime = length(started.0.elapsed());
    html(StatusCode::OK, &HealthPage { layout: frame.layout("Operator"), tabs: tabs("/operator"), report, uptime, now })
}

async fn back_up(app: Data<App>, actor: Actor, cookies: Data<Cookies>) -> Result<HttpResponse, PageError> {
    let done = run(move || backups::back_up_now(&app, &actor)).await?;
    let (file, rows) = done.map_err(|error| match error {
        BackUpError::Denied(denied) => denied.into(),
        error => PageError::Unavailable {
            what: format!("The backup could not be written: {error}."),
            cure: "Make room or mend the folder data.backup_dir, then try again.".into(),
        },
    })?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let toast = Toast::new(format!("Backup written: {name}, {}", counted(rows, "row", "rows")));
    Ok(with_toast(see_other("/operator"), &cookies, &toast))
}

/// POST /operator/clock: the time is right, mail may leave again.
async fn confirm_clock(app: Data<App>, actor: Actor, cookies: Data<Cookies>) -> Result<HttpResponse, PageError> {
    let was_held = run(move || clock::confirm(&app, &actor)).await??;
    let words = if was_held { "Mail may leave again" } else { "Nothing was held" };
    Ok(with_toast(see_other("/operator"), &cookies, &Toast::new(words)))
}

// ---- queue ----

#[derive(Template)]
#[template(path = "operator/queue.html")]
struct QueuePage {
    layout: Layout,
    tabs: Vec<Tab>,
    totals: Totals,
    lanes: Vec<LaneReport>,
    now: UnixMillis,
}

impl QueuePage {
    fn due(&self, at: &UnixMillis) -> String {
        due_words(*at, self.now)
    }
}

async fn queue_page(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let now = app.now();
    let (totals, lanes) = run(move || queue::report(&app, &actor)).await??;
    let tabs = tabs("/operator/queue");
    html(StatusCode::OK, &QueuePage { layout: frame.layout("Work queue"), tabs, totals, lanes, now })
}

// ---- needs a look ----

#[derive(Template)]
#[template(path = "operator/look.html")]
struct LookPage {
    layout: Layout,
    tabs: Vec<Tab>,
    stopped: Vec<Stopped>,
    stuck: Vec<Stuck>,
}

async fn look_page(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let work = move || Ok::<_, ReadError>((look::list(&app, &actor)?, look::list_stuck(&app, &actor)?));
    let (stopped, stuck) = run(work).await??;
    let tabs = tabs("/operator/look");
    html(StatusCode::OK, &LookPage { layout: frame.layout("Needs a look"), tabs, stopped, stuck })
}

impl From<DecideError> for PageError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Denied(denied) => denied.into(),
            DecideError::NotWaiting => Self::conflict("This no longer waits for you.", "Open the list again."),
            DecideError::Store(error) => Self::internal("could not decide about stopped work", &error),
        }
    }
}

/// Which event of which workspace, and which part of the program fails at it.
#[derive(Deserialize)]
struct EventForm {
    workspace: String,
    subscriber: String,
    number: u64,
}

async fn decide_event(
    app: Data<App>,
    actor: Actor,
    act: web::Path<String>,
    form: web::Form<EventForm>,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::Operate)?;
    let (act, words) = match act.as_str() {
        "again" => (Act::TryAgain, "It is tried again now"),
        "skip" => (Act::Skip, "The event is skipped; what follows it goes on"),
        _ => return Err(PageError::NotFound),
    };
    let form = form.into_inner();
    let workspace = parse_sid(&form.workspace)?;
    run(move || look::decide_event(&app, &actor, workspace, &form.subscriber, form.number, act)).await??;
    Ok(with_toast(see_other("/operator/look"), &cookies, &Toast::new(words)))
}

async fn decide(
    app: Data<App>,
    actor: Actor,
    path: web::Path<(String, String)>,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    let (job, verdict) = path.into_inner();
    let job: JobId = job.parse().map_err(|_| PageError::NotFound)?;
    let (verdict, words) = match verdict.as_str() {
        "happened" => (Verdict::Arrived, "Closed as done"),
        "again" => (Verdict::DoAgain, "It is tried again now"),
        "give-up" => (Verdict::GiveUp, "Given up"),
        _ => return Err(PageError::NotFound),
    };
    run(move || look::decide(&app, &actor, job, verdict)).await??;
    Ok(with_toast(see_other("/operator/look"), &cookies, &Toast::new(words)))
}

// ---- errors ----

#[derive(Template)]
#[template(path = "operator/errors.html")]
struct ErrorsPage {
    layout: Layout,
    tabs: Vec<Tab>,
    errors: Vec<RecentError>,
}

async fn errors_page(actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::Operate)?;
    let (tabs, errors) = (tabs("/operator/errors"), recent_errors().list());
    html(StatusCode::OK, &ErrorsPage { layout: frame.layout("Errors"), tabs, errors })
}

// ---- workspaces ----

#[derive(Template)]
#[template(path = "operator/workspaces.html")]
struct WorkspacesPage {
    layout: Layout,
    tabs: Vec<Tab>,
    tenants: Vec<Tenant>,
    closed: Vec<Closed>,
}

async fn workspaces_page(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let work = move || Ok::<_, ReadError>((tenants::list(&app, &actor)?, tenants::list_closed(&app, &actor)?));
    let (tenants, closed) = run(work).await??;
    let tabs = tabs("/operator/workspaces");
    html(StatusCode::OK, &WorkspacesPage { layout: frame.layout("Workspaces"), tabs, tenants, closed })
}

#[derive(Template)]
#[template(path = "operator/suspend.html")]
struct SuspendPage {
    layout: Layout,
    name: String,
    sid: String,
    reason: String,
    error: &'static str,
}

#[derive(Deserialize)]
struct SuspendForm {
    reason: String,
}

fn parse_sid(path: &str) -> Result<WorkspaceId, PageError> {
    WorkspaceId::parse_sid(path).ok_or(PageError::NotFound)
}

impl From<TenantError> for PageError {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::Denied(denied) => denied.into(),
            TenantError::NotFound => Self::NotFound,
            TenantError::NoReason => Self::bad_request("A suspension needs a reason.", "Say it in a sentence."),
            TenantError::Store(error) => Self::internal("could not change a workspace", &error),
        }
    }
}

async fn suspend_page(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = parse_sid(&path)?;
    let workspace = run(move || tenants::get(&app, &actor, id)).await??;
    let page = SuspendPage {
        layout: frame.layout(format!("Suspend {}", workspace.name)),
        name: workspace.name,
        sid: id.sid(),
        reason: String::new(),
        error: "",
    };
    html(StatusCode::OK, &page)
}

/// 303 to the list; 422 with the form when no reason was given.
async fn suspend(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
    form: web::Form<SuspendForm>,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    let id = parse_sid(&path)?;
    let reason = form.into_inner().reason;
    if reason.trim().is_empty() {
        let workspace = run(move || tenants::get(&app, &actor, id)).await??;
        let page = SuspendPage {
            layout: frame.layout(format!("Suspend {}", workspace.name)),
            name: workspace.name,
            sid: id.sid(),
            reason,
            error: "Write the reason; the owner reads it.",
        };
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let workspace = run(move || tenants::suspend(&app, &actor, id, &reason)).await??;
    let toast = Toast::new(format!("{} is suspended: nothing leaves it any more", workspace.name))
        .with_undo(format!("/operator/workspaces/{}/lift", id.sid()));
    Ok(with_toast(see_other("/operator/workspaces"), &cookies, &toast))
}

async fn lift(
    app: Data<App>,
    actor: Actor,
    path: web::Path<String>,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    let id = parse_sid(&path)?;
    let workspace = run(move || tenants::lift_suspension(&app, &actor, id)).await??;
    let toast = Toast::new(format!("{} may send again", workspace.name));
    Ok(with_toast(see_other("/operator/workspaces"), &cookies, &toast))
}

// ---- data map ----

#[derive(Template)]
#[template(path = "operator/data_map.html")]
struct DataMapPage {
    layout: Layout,
    tabs: Vec<Tab>,
    people: Vec<MapRow>,
    others: Vec<MapRow>,
}

async fn data_map_page(actor: Actor, frame: Frame, map: Data<DataMap>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::Operate)?;
    let mut people = map.rows();
    let others = people.split_off(map.about_people());
    let tabs = tabs("/operator/data-map");
    html(StatusCode::OK, &DataMapPage { layout: frame.layout("Data map"), tabs, people, others })
}

// ---- words ----

/// "Tue 24 Nov, 10:30", in UTC. Takes references too, since templates pass them; so do the others.
pub(super) fn when(at: impl Borrow<UnixMillis>) -> String {
    at.borrow().in_zone(&jiff::tz::TimeZone::UTC).strftime("%a %-d %b, %H:%M").to_string()
}

/// Relative below one hour, else the time.
fn due_words(at: UnixMillis, now: UnixMillis) -> String {
    let (ahead, late) = (at.since(now), now.since(at));
    match (ahead.as_secs(), late.as_secs()) {
        (0, 0..=1) => "now".to_owned(),
        (0, 2..=3599) => format!("{} ago", length(late)),
        (1..=3599, _) => format!("in {}", length(ahead)),
        _ => when(at),
    }
}

/// "0.4 s", "12 s", "8 min", "3 h", "41 days".
pub(super) fn length(length: Duration) -> String {
    match length.as_secs() {
        0..=9 => format!("{:.1} s", length.as_secs_f64()),
        seconds @ 10..=99 => format!("{seconds} s"),
        seconds @ 100..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => counted(seconds / 86_400, "day", "days"),
    }
}

/// "1,482".
fn count(number: impl Borrow<u64>) -> String {
    grouped(*number.borrow())
}

/// "1st", "2nd", "12th".
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// "84 MB": decimal units, as disks are sold.
pub(super) fn size(bytes: impl Borrow<u64>) -> String {
    let bytes = *bytes.borrow();
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_999 => format!("{:.0} kB", scaled(1_000)),
        1_000_000..=999_999_999 => format!("{:.0} MB", scaled(1_000_000)),
        _ => format!("{:.1} GB", scaled(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_sizes_and_due_times_are_said_in_the_unit_that_fits() {
        let lengths =
            [(400, "0.4 s"), (12_000, "12 s"), (480_000, "8 min"), (10_800_000, "3 h"), (3_542_400_000, "41 days")];
        for (millis, words) in lengths {
            assert_eq!(length(Duration::from_millis(millis)), words);
        }
        let sizes = [(12, "12 bytes"), (84_000_000, "84 MB"), (3_200_000_000, "3.2 GB")];
        for (bytes, words) in sizes {
            assert_eq!(size(bytes), words);
        }
        let now = UnixMillis(1_795_514_400_000);
        let due = [(0, "now"), (90_000, "in 90 s"), (-240_000, "4 min ago"), (86_400_000, "Wed 25 Nov, 10:00")];
        for (millis, words) in due {
            assert_eq!(due_words(UnixMillis(now.0 + millis), now), words);
        }
    }

    #[test]
    fn the_queue_names_what_comes_next_and_why_it_waits() {
        let lane = LaneReport {
            lane: crate::jobs::Lane::MailOut,
            waiting: queue::COUNTED,
            is_more: true,
            in_work: 2,
            next: vec![queue::NextJob {
                what: "Send a mail".into(),
                due: UnixMillis(1_795_514_460_000),
                attempt: 3,
                reason: "The server asked to wait".into(),
            }],
        };
        let page = QueuePage {
            layout: Layout::default(),
            tabs: tabs("/operator/queue"),
            totals: Totals { enqueued: 12, done: 9, dead: 1 },
            lanes: vec![lane],
            now: UnixMillis(1_795_514_400_000),
        };
        let html = page.render().unwrap();
        for words in ["more than 400", "Send a mail", "in 60 s", "The server asked to wait", "4th try"] {
            assert!(html.contains(words), "{words} is missing: {html}");
        }
    }
}
