//! One connection: its state, what it may do and why, its settings, the record of its calls.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::shown::{allowed, shown, unused, Allowed, Shown};
use super::times::{Moment, Times};
use super::{id_in, list, page_of, times_of};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, Cursor};
use crate::connections::calls::{list_calls, Call};
use crate::connections::check::{check, Tried};
use crate::connections::error::ConnectionError;
use crate::connections::keeping::{keeping_of, Keeping};
use crate::connections::model::{Connection, Kind, Pace, Use};
use crate::connections::settings::{change_settings, Settings};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// Calls on one page.
const CALLS: usize = 25;

/// GET /connections/<id>; again after a check with `tried`, and after a form that does not parse.
#[derive(Template)]
#[template(path = "connections/detail.html")]
struct DetailPage {
    layout: Layout,
    shown: Shown,
    made: Moment,
    last_error: Option<(Moment, String)>,
    unmatched_reports: u32,
    allowed: Vec<Allowed>,
    /// Granted, and needed by nothing here.
    unused: Vec<String>,
    form: SettingsForm,
    errors: FieldErrors,
    hard_cap: u32,
    /// Of its address.
    domain: String,
    sends: bool,
    is_mail_server: bool,
    holds_meetings: bool,
    calendar: Option<CalendarFacts>,
    tried: Vec<Tried>,
    calls: Vec<ShownCall>,
    pager: Pager,
}

impl DetailPage {
    fn is_something_missing(&self) -> bool {
        self.allowed.iter().any(|one| !one.granted)
    }
}

struct CalendarFacts {
    writes_to: String,
    counted: usize,
    kept: Vec<KeptCalendar>,
}

/// How one calendar is kept fresh.
struct KeptCalendar {
    id: String,
    how: String,
    read: Option<Moment>,
    /// When its provider is asked to go on telling.
    renewal: Option<Moment>,
    /// Why the last try failed; empty when it did not.
    trouble: String,
}

struct ShownCall {
    when: Moment,
    method: String,
    /// In pieces: a line may break between them.
    place: Vec<String>,
    answer: String,
    is_bad: bool,
    size: String,
}

/// As typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SettingsForm {
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    daily_cap: String,
    #[serde(default)]
    min_gap_seconds: String,
    #[serde(default)]
    jitter_seconds: String,
    #[serde(default)]
    ramp_up: Option<String>,
}

impl SettingsForm {
    fn of(connection: &Connection) -> Self {
        Self {
            display_name: connection.display_name.clone(),
            daily_cap: connection.pace.daily_cap.to_string(),
            min_gap_seconds: connection.pace.min_gap_seconds.to_string(),
            jitter_seconds: connection.pace.jitter_seconds.to_string(),
            ramp_up: connection.pace.ramp_up.then(|| "on".to_owned()),
        }
    }

    /// What is no number is an error, and 1 for the rest of the checks.
    fn read(&self) -> (Settings, FieldErrors) {
        let mut errors = FieldErrors::default();
        let mut number = |field, text: &str| match text.trim().parse() {
            Ok(number) => number,
            Err(_) => {
                errors.add(field, "Write a whole number, for example 30.");
                1
            }
        };
        let pace = Pace {
            daily_cap: number("daily_cap", &self.daily_cap),
            min_gap_seconds: number("min_gap_seconds", &self.min_gap_seconds),
            jitter_seconds: number("jitter_seconds", &self.jitter_seconds),
            ramp_up: self.ramp_up.is_some(),
        };
        (Settings { display_name: self.display_name.clone(), pace }, errors)
    }
}

#[derive(Deserialize)]
pub struct Paged {
    #[serde(default)]
    before: String,
}

pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
    paged: web::Query<Paged>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let before = match paged.before.as_str() {
        "" => None,
        text => Some(
            Cursor::parse(text).map_err(|error| PageError::bad_request(error.to_string(), "Go to the first page."))?,
        ),
    };
    let page = run(move || page(&app, &actor, &frame, id, before.as_ref())).await??;
    html(StatusCode::OK, &page)
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: ConnectionId,
    before: Option<&Cursor>,
) -> Result<DetailPage, ConnectionError> {
    let connection = list::get(app, actor, id)?;
    let times = times_of(app, actor.workspace)?;
    let calls = list_calls(app, actor.workspace, id, before, CALLS)?;
    let older = calls.next.map(|cursor| format!("{}?before={cursor}#calls", page_of(id)));
    Ok(DetailPage {
        layout: frame.layout(connection.address.display()),
        shown: shown(&connection, &times),
        made: times.moment(connection.made_at),
        last_error: connection.health.last_error.clone().map(|(at, words)| (times.moment(at), words)),
        unmatched_reports: connection.health.unmatched_reports,
        allowed: allowed(&connection),
        unused: unused(&connection),
        form: SettingsForm::of(&connection),
        errors: FieldErrors::default(),
        hard_cap: app.config.outreach.hard_daily_cap,
        domain: connection.address.domain().to_owned(),
        sends: connection.can(Use::Outreach),
        holds_meetings: connection.can(Use::Meetings),
        is_mail_server: matches!(connection.kind, Kind::SmtpImap(_)),
        calendar: calendar_facts(app, &connection, &times)?,
        tried: Vec::new(),
        pager: Pager {
            shown: format!("{} calls, newest first", calls.rows.len()),
            newer: before.map(|_| format!("{}#calls", page_of(id))),
            older,
        },
        calls: calls.rows.into_iter().map(|call| shown_call(call, &times)).collect(),
    })
}

fn calendar_facts(app: &App, connection: &Connection, times: &Times) -> Result<Option<CalendarFacts>, ConnectionError> {
    let Some(chosen) = connection.calendars() else { return Ok(None) };
    let kept = chosen.counted().into_iter().map(|id| {
        let keeping = keeping_of(&app.store, connection, &id)?;
        Ok::<_, ConnectionError>(kept(app, connection, id, &keeping, times))
    });
    Ok(Some(CalendarFacts {
        kept: kept.collect::<Result<_, _>>()?,
        counted: chosen.busy.len(),
        writes_to: chosen.write_to.unwrap_or_else(|| "none chosen yet".to_owned()),
    }))
}

fn kept(app: &App, connection: &Connection, id: String, keeping: &Keeping, times: &Times) -> KeptCalendar {
    let minutes = app.config.jobs.calendar_sync.as_secs().div_ceil(60);
    let every = if minutes == 1 { "every minute".to_owned() } else { format!("every {minutes} minutes") };
    let who = connection.kind_words();
    let is_told = keeping.is_told(times.now);
    let mut how = match (is_told, keeping.is_followed, keeping.read_at) {
        (_, _, None) => "Not read yet.".to_owned(),
        (true, ..) => format!("{who} tells when it changes. Besides, what changed is asked for {every}."),
        (false, true, _) => format!("What changed is asked for {every}."),
        (false, false, _) => format!("It is read anew {every}."),
    };
    if let Some((_, why)) = keeping.refused.as_ref().filter(|_| !is_told) {
        how.push_str(&format!(" {who} does not tell when it changes: {why}."));
    }
    KeptCalendar {
        id,
        how,
        read: keeping.read_at.map(|at| times.moment(at)),
        renewal: keeping.renewed_at().filter(|_| is_told).map(|at| times.moment(at)),
        trouble: keeping.failed.clone().unwrap_or_default(),
    }
}

fn shown_call(call: Call, times: &Times) -> ShownCall {
    let is_bad = call.status.map_or(call.method != "SMTP" && !call.method.starts_with("IMAP"), |status| status >= 400);
    ShownCall {
        when: times.moment(call.at),
        answer: match call.status {
            Some(status) => format!("{status}, {} ms", call.took_millis),
            None if is_bad => format!("no answer, {} ms", call.took_millis),
            None => format!("{} ms", call.took_millis),
        },
        is_bad,
        size: size(call.sent_bytes + call.received_bytes),
        method: call.method,
        place: call.url.split_inclusive(['/', '?', '&']).map(str::to_owned).collect(),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=1023 => format!("{bytes} B"),
        _ => format!("{} kB", bytes.div_ceil(1024)),
    }
}

/// POST /connections/<id>/settings: 303 back, 422 with the form when it does not parse.
pub async fn change(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    path: web::Path<String>,
    form: web::Form<SettingsForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (id_in(&path)?, form.into_inner());
    let refused = run(move || {
        let (settings, mut errors) = form.read();
        let wanted = if errors.is_empty() {
            change_settings(&app, &actor, id, &settings).map(drop)
        } else {
            actor.require(Permission::ManageConnections)?;
            settings.check(&app)
        };
        match wanted {
            Err(ConnectionError::Invalid(fields)) => {
                let unread = errors.clone();
                fields
                    .into_iter()
                    .filter(|(field, _)| unread.of(field).is_empty())
                    .for_each(|(field, words)| errors.add(field, words));
            }
            other => other?,
        }
        if errors.is_empty() {
            return Ok::<_, ConnectionError>(None);
        }
        let page = page(&app, &actor, &frame, id, None)?;
        Ok(Some(DetailPage { form, errors, ..page }))
    });
    match refused.await?? {
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
        None => {
            Ok(with_toast(see_other(&page_of(id)), &cookies, &Toast::new("Saved. It holds from the next mail on.")))
        }
    }
}

pub(super) fn field_errors(fields: Vec<(&'static str, String)>) -> FieldErrors {
    let mut errors = FieldErrors::default();
    fields.into_iter().for_each(|(field, words)| errors.add(field, words));
    errors
}

/// POST /connections/<id>/check: the page again, with what was tried just now.
pub async fn check_now(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let page = run(move || {
        let tried = check(&app, &actor, id)?;
        Ok::<_, ConnectionError>(DetailPage { tried, ..page(&app, &actor, &frame, id, None)? })
    });
    html(StatusCode::OK, &page.await??)
}
