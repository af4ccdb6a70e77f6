//! What will leave in the next seven days, and the days on which nothing does.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::super::forecast::{forecast, Forecast, OfMailbox};
use super::super::foretold::{foretold, Cell, Foretold};
use super::super::report::Names;
use super::super::OutreachError;
use super::{cursor, when, zone};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, grouped, ConnectionId, Cursor};
use crate::http::charts::{Bar, BarChart};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::messaging::{self, DaysOff, DaysOffError};
use crate::{contacts, workspaces};

#[derive(Template)]
#[template(path = "outreach/forecast.html")]
pub struct ForecastPage {
    pub layout: Layout,
    pub chart: BarChart,
    /// "Tue 24".
    pub days: Vec<String>,
    pub rows: Vec<MailboxRow>,
    pub totals: Vec<Linked>,
    /// All mailboxes and days.
    pub all: Linked,
    /// What is left out, in words; empty when nothing is.
    pub waiting: String,
    pub is_part: bool,
}

pub struct MailboxRow {
    pub href: String,
    pub address: String,
    pub trouble: String,
    pub sent_today: String,
    pub mails: Vec<Linked>,
    pub all: Linked,
}

/// A number of mails with the list behind it, and in words how many of them go to new leads.
pub struct Linked {
    pub mails: String,
    pub href: String,
    pub of_which: String,
}

impl Linked {
    fn new(cell: Cell, mails: u64, first: u32) -> Self {
        let of_which = if first > 0 { format!("{first} new") } else { String::new() };
        Self { mails: grouped(mails), href: list_of(cell), of_which }
    }
}

fn list_of(Cell { mailbox, day }: Cell) -> String {
    let mailbox = mailbox.map(|id| format!("mailbox={id}"));
    let asked: Vec<String> = mailbox.into_iter().chain(day.map(|day| format!("day={day}"))).collect();
    match asked.join("&") {
        asked if asked.is_empty() => MAILS.to_owned(),
        asked => format!("{MAILS}?{asked}"),
    }
}

const MAILS: &str = "/outreach/forecast/mails";

/// GET /outreach/forecast
pub async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame)).await??;
    html(StatusCode::OK, &page)
}

pub fn page(app: &App, actor: &Actor, frame: &Frame) -> Result<ForecastPage, OutreachError> {
    let Forecast { days, mailboxes, waiting_for_people, is_part } = forecast(app, actor)?;
    let total = |place: usize| mailboxes.iter().map(|of| u64::from(of.mails.get(place).copied().unwrap_or(0))).sum();
    let totals: Vec<u64> = (0..days.len()).map(total).collect();
    let bar = |(day, count): (&Date, &u64)| Bar { label: day.strftime("%a %-d %b").to_string(), count: *count };
    let bars: Vec<Bar> = days.iter().zip(&totals).map(bar).collect();
    let all: u64 = totals.iter().sum();
    let sentence = format!("{} in seven days", counted(all, "mail", "mails"));
    Ok(ForecastPage {
        layout: frame.layout("Forecast"),
        chart: BarChart { title: "Mails that will leave".to_owned(), sentence, bars, is_ahead: true },
        days: days.iter().map(|day| day.strftime("%a %-d").to_string()).collect(),
        totals: days
            .iter()
            .zip(&totals)
            .map(|(day, count)| Linked::new(Cell { mailbox: None, day: Some(*day) }, *count, 0))
            .collect(),
        all: Linked::new(Cell::default(), all, 0),
        waiting: match waiting_for_people {
            0 => String::new(),
            1 => "1 lead waits for a person and is not counted.".to_owned(),
            many => format!("{} leads wait for a person and are not counted.", grouped(many)),
        },
        rows: mailboxes.into_iter().map(|of| row(of, &days)).collect(),
        is_part,
    })
}

fn row(of: OfMailbox, days: &[Date]) -> MailboxRow {
    let cell = |day| Cell { mailbox: Some(of.id), day };
    let counts = of.mails.iter().zip(&of.first_mails);
    MailboxRow {
        href: format!("/connections/{}", of.id),
        all: Linked::new(cell(None), of.mails.iter().map(|count| u64::from(*count)).sum(), 0),
        mails: days
            .iter()
            .zip(counts)
            .map(|(day, (mails, first))| Linked::new(cell(Some(*day)), u64::from(*mails), *first))
            .collect(),
        address: of.address,
        trouble: of.trouble,
        sent_today: grouped(u64::from(of.sent_today)),
    }
}

#[derive(Template)]
#[template(path = "outreach/forecast_mails.html")]
pub struct MailsPage {
    pub layout: Layout,
    pub title: String,
    pub of: String,
    pub rows: Vec<MailRow>,
    pub pager: Pager,
}

pub struct MailRow {
    pub name: String,
    pub detail: String,
    pub href: String,
    pub company: String,
    pub worker: String,
    pub worker_href: String,
    pub mail: String,
    pub mailbox: String,
    pub at: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    mailbox: Option<ConnectionId>,
    #[serde(default)]
    day: Option<Date>,
    #[serde(default)]
    cursor: Option<String>,
}

/// GET /outreach/forecast/mails?mailbox=&day=&cursor=: the mails behind a number.
pub async fn mails(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let cursor = cursor(asked.cursor.as_deref())?;
    let cell = Cell { mailbox: asked.mailbox, day: asked.day };
    let page = run(move || mails_page(&app, &actor, &frame, cell, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

const PAGE: usize = 50;

pub fn mails_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    cell: Cell,
    cursor: Option<&Cursor>,
) -> Result<MailsPage, OutreachError> {
    let (page, all) = foretold(app, actor, cell, cursor, PAGE)?;
    let (names, zone) = (Names::read(app, actor.workspace)?, zone(app, actor)?);
    let here = list_of(cell);
    let and = if here.contains('?') { '&' } else { '?' };
    let rows: Vec<MailRow> =
        page.rows.iter().map(|mail| mail_row(app, actor, &names, &zone, mail)).collect::<Result<_, _>>()?;
    Ok(MailsPage {
        layout: frame.layout("Mails that will leave"),
        title: match cell.day {
            Some(day) => format!("Mails of {}", day.strftime("%A, %-d %B")),
            None => "Mails of the next seven days".to_owned(),
        },
        of: cell.mailbox.map_or_else(|| "From all mailboxes".to_owned(), |id| format!("From {}", names.mailbox(id))),
        pager: Pager {
            shown: format!("{} of {}", grouped(rows.len() as u64), counted(all as u64, "mail", "mails")),
            newer: cursor.map(|_| here.clone()),
            older: page.next.map(|next| format!("{here}{and}cursor={next}")),
        },
        rows,
    })
}

fn mail_row(
    app: &App,
    actor: &Actor,
    names: &Names,
    zone: &TimeZone,
    mail: &Foretold,
) -> Result<MailRow, OutreachError> {
    let contact = contacts::get(&app.store, actor.workspace, mail.contact)?;
    Ok(MailRow {
        detail: contact.as_ref().and_then(|c| c.address()).map(|a| a.display().to_owned()).unwrap_or_default(),
        company: contact.as_ref().map(|contact| contact.company.clone()).unwrap_or_default(),
        name: contact.map_or_else(|| "Erased".to_owned(), |contact| contact.name()),
        href: format!("/contacts/{}", mail.contact),
        worker: names.worker(mail.worker).to_owned(),
        worker_href: format!("/outreach/{}", mail.worker),
        mail: match mail.step {
            Some(step) if mail.is_first => format!("Step {step}, first mail"),
            Some(step) => format!("Step {step}"),
            None => "Follow-up after an answer".to_owned(),
        },
        mailbox: names.mailbox(mail.mailbox).to_owned(),
        at: when(mail.at, zone),
    })
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
