//! What will leave in the next seven days, and the days on which nothing does.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::forecast::{forecast, Forecast, OfMailbox};
use super::super::OutreachError;
use super::zone;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::grouped;
use crate::http::charts::{Bar, BarChart};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::messaging::{self, DaysOff, DaysOffError};
use crate::workspaces;

#[derive(Template)]
#[template(path = "outreach/forecast.html")]
pub struct ForecastPage {
    pub layout: Layout,
    pub chart: BarChart,
    /// "Tue 24".
    pub days: Vec<String>,
    pub rows: Vec<MailboxRow>,
    pub totals: Vec<String>,
    /// What is left out, in words; empty when nothing is.
    pub waiting: String,
    pub is_part: bool,
}

pub struct MailboxRow {
    pub href: String,
    pub address: String,
    pub trouble: String,
    pub sent_today: String,
    pub mails: Vec<Cell>,
    pub all: String,
}

/// Mails of one day, and in words how many go to new leads.
pub struct Cell {
    pub mails: String,
    pub of_which: String,
}

/// GET /outreach/forecast
pub async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame)).await??;
    html(StatusCode::OK, &page)
}

pub fn page(app: &App, actor: &Actor, frame: &Frame) -> Result<ForecastPage, OutreachError> {
    let Forecast { days, mailboxes, waiting_for_people, is_part } = forecast(app, actor)?;
    let total = |place: usize| mailboxes.iter().map(|of| u64::from(of.mails.get(place).copied().unwrap_or(0))).sum();
    let totals: Vec<u64> = (0..days.len()).map(total).collect();
    let bar =
        |(day, count): (&jiff::civil::Date, &u64)| Bar { label: day.strftime("%a %-d %b").to_string(), count: *count };
    let bars: Vec<Bar> = days.iter().zip(&totals).map(bar).collect();
    let all: u64 = totals.iter().sum();
    let sentence = format!("{} in seven days", crate::base::counted(all, "mail", "mails"));
    Ok(ForecastPage {
        layout: frame.layout("Forecast"),
        chart: BarChart { title: "Mails that will leave".to_owned(), sentence, bars, is_ahead: true },
        days: days.iter().map(|day| day.strftime("%a %-d").to_string()).collect(),
        totals: totals.iter().map(|count| grouped(*count)).collect(),
        waiting: match waiting_for_people {
            0 => String::new(),
            1 => "1 lead waits for a person and is not counted.".to_owned(),
            many => format!("{} leads wait for a person and are not counted.", grouped(many)),
        },
        rows: mailboxes.into_iter().map(row).collect(),
        is_part,
    })
}

fn row(of: OfMailbox) -> MailboxRow {
    let cell = |(mails, first): (&u32, &u32)| Cell {
        mails: grouped(u64::from(*mails)),
        of_which: if *first > 0 { format!("{first} new") } else { String::new() },
    };
    MailboxRow {
        href: format!("/connections/{}", of.id),
        address: of.address,
        trouble: of.trouble,
        sent_today: grouped(u64::from(of.sent_today)),
        all: grouped(of.mails.iter().map(|count| u64::from(*count)).sum()),
        mails: of.mails.iter().zip(&of.first_mails).map(cell).collect(),
    }
}

#[derive(Template)]
#[template(path = "outreach/days_off.html")]
pub struct DaysOffPage {
    pub layout: Layout,
    pub public_holidays: bool,
    pub lines: String,
    pub errors: FieldErrors,
    pub may_edit: bool,
    /// The country of the workspace's own zone, with its next holidays; empty where its holidays are not known.
    pub country: String,
    pub next: Vec<(String, &'static str)>,
}

/// GET /outreach/days-off
pub async fn show_days_off(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || days_off_page(&app, &actor, &frame, None, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

/// Holidays shown, and how far ahead they are looked for.
const SHOWN: usize = 6;
const AHEAD_DAYS: i32 = 366;

pub fn days_off_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    typed: Option<DaysOffForm>,
    errors: FieldErrors,
) -> Result<DaysOffPage, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let own = messaging::days_off(&app.store, actor.workspace)?;
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    let code = workspace.and_then(|workspace| messaging::country_of_zone(&workspace.time_zone));
    let today = app.now().in_zone(&zone(app, actor)?).date();
    let ahead = (0..AHEAD_DAYS).filter_map(|days| today.checked_add(jiff::Span::new().days(days)).ok());
    let named =
        ahead.filter_map(|day| Some((day.strftime("%a %-d %b %Y").to_string(), messaging::holiday(code?, day)?)));
    let (public_holidays, lines) = match typed {
        Some(typed) => (typed.public_holidays.is_some(), typed.listed),
        None => (own.public_holidays, own.lines()),
    };
    Ok(DaysOffPage {
        layout: frame.layout("Days off"),
        public_holidays,
        lines,
        errors,
        may_edit: actor.may(Permission::EditOutreach),
        country: code.and_then(messaging::country_name).unwrap_or_default().to_owned(),
        next: named.take(SHOWN).collect(),
    })
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct DaysOffForm {
    #[serde(default)]
    public_holidays: Option<String>,
    #[serde(default)]
    listed: String,
}

/// POST /outreach/days-off
pub async fn save_days_off(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: web::Form<DaysOffForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let saved = run(move || {
        let listed = DaysOff::read_lines(&form.listed);
        let wanted = listed.map(|listed| DaysOff { public_holidays: form.public_holidays.is_some(), listed });
        match wanted.and_then(|wanted| messaging::set_days_off(&app, &actor, &wanted)) {
            Ok(()) => Ok(None),
            Err(DaysOffError::Line(number, words)) => {
                actor.require(Permission::EditOutreach)?;
                let mut errors = FieldErrors::default();
                errors.add("listed", format!("Line {number}: {words}"));
                days_off_page(&app, &actor, &frame, Some(form), errors).map(Some)
            }
            Err(DaysOffError::Denied(denied)) => Err(denied.into()),
            Err(DaysOffError::Store(error)) => Err(error.into()),
        }
    });
    match saved.await?? {
        None => Ok(with_toast(see_other("/outreach/days-off"), &cookies, &Toast::new("Saved."))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}
