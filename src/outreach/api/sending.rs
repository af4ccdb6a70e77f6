//! `/v1/sending`: the forecast, and the days on which nothing of a sequence leaves.

use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::forecast::{forecast, OfMailbox};
use super::super::foretold::{foretold, Cell, Foretold};
use super::super::OutreachError;
use super::service;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::http::api::FieldError;
use crate::http::{run, ApiError, ApiJson, ApiPage, PageQuery};
use crate::messaging::{self, DaysOff, DaysOffError, Listed};

#[derive(Debug, Serialize, ToSchema)]
pub struct ForecastJson {
    /// YYYY-MM-DD in the workspace's zone, today first.
    days: Vec<String>,
    mailboxes: Vec<MailboxForecastJson>,
    /// Leads whose next mail waits for a person; they are not counted.
    waiting_for_people: u64,
    /// A worker has more leads than were looked at.
    is_part: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MailboxForecastJson {
    connection: String,
    address: String,
    /// On each of the days, from now on.
    mails: Vec<u32>,
    /// Those among them that go to new leads.
    first_mails: Vec<u32>,
    sent_today: u32,
}

impl From<OfMailbox> for MailboxForecastJson {
    fn from(of: OfMailbox) -> Self {
        let OfMailbox { id, address, mails, first_mails, sent_today, .. } = of;
        Self { connection: id.to_string(), address, mails, first_mails, sent_today }
    }
}

/// What leaves in the next seven days if nobody answers, by the rules that the gate keeps.
#[utoipa::path(get, path = "/v1/sending/forecast", tag = "workers",
    responses((status = 200, description = "Mails by mailbox and day", body = ForecastJson)))]
pub async fn get_forecast(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    let found = service(move || forecast(&app, &actor)).await?;
    Ok(HttpResponse::Ok().json(ForecastJson {
        days: found.days.iter().map(ToString::to_string).collect(),
        mailboxes: found.mailboxes.into_iter().map(MailboxForecastJson::from).collect(),
        waiting_for_people: found.waiting_for_people,
        is_part: found.is_part,
    }))
}

/// Which number of the forecast; what is absent is all of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CellQuery {
    /// A connection of the forecast.
    #[serde(default)]
    mailbox: Option<String>,
    /// YYYY-MM-DD, one of its days.
    #[serde(default)]
    day: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ForetoldJson {
    at: String,
    connection: String,
    worker: String,
    contact: String,
    /// The first mail to this lead.
    is_first: bool,
    /// Its place in the sequence, from 1; absent: a follow-up after an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
}

impl From<Foretold> for ForetoldJson {
    fn from(mail: Foretold) -> Self {
        Self {
            at: mail.at.to_string(),
            connection: mail.mailbox.to_string(),
            worker: mail.worker.to_string(),
            contact: mail.contact.to_string(),
            is_first: mail.is_first,
            step: mail.step,
        }
    }
}

/// The mails behind a number of the forecast, the earliest first.
#[utoipa::path(get, path = "/v1/sending/forecast/mails", tag = "workers", params(CellQuery, PageQuery),
    responses((status = 200, description = "Mails that would leave", body = ApiPage<ForetoldJson>),
        (status = 404, description = "The forecast does not speak of this mailbox or day")))]
pub async fn get_forecast_mails(
    app: web::Data<App>,
    actor: Actor,
    asked: web::Query<CellQuery>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let cell = asked.into_inner().read()?;
    let (cursor, limit) = query.parts()?;
    let (page, _) = service(move || foretold(&app, &actor, cell, cursor.as_ref(), limit)).await?;
    Ok(HttpResponse::Ok().json(query.answer(page.map(ForetoldJson::from))))
}

impl CellQuery {
    fn read(self) -> Result<Cell, ApiError> {
        let mailbox = self.mailbox.map(|id| id.parse());
        let day = self.day.map(|day| day.parse());
        match (mailbox.transpose(), day.transpose()) {
            (Ok(mailbox), Ok(day)) => Ok(Cell { mailbox, day }),
            (Err(_), _) => Err(ApiError::invalid(vec![FieldError::in_query("mailbox", "This is no id.")])),
            (_, Err(_)) => Err(ApiError::invalid(vec![FieldError::in_query("day", "Write it as YYYY-MM-DD.")])),
        }
    }
}

/// Days on which nothing of a sequence leaves, by the recipient's own calendar.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DaysOffJson {
    /// The public holidays of each lead's country are kept.
    public_holidays: bool,
    #[serde(default)]
    listed: Vec<ListedJson>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedJson {
    /// YYYY-MM-DD.
    first: String,
    /// Included; absent: one day.
    #[serde(default)]
    last: Option<String>,
    #[serde(default)]
    name: String,
}

impl From<DaysOff> for DaysOffJson {
    fn from(off: DaysOff) -> Self {
        let json = |Listed { first, last, name }: Listed| ListedJson { first, last: Some(last), name };
        Self { public_holidays: off.public_holidays, listed: off.listed.into_iter().map(json).collect() }
    }
}

impl DaysOffJson {
    fn read(self) -> Result<DaysOff, ApiError> {
        let mut errors = Vec::new();
        let each = self.listed.into_iter().enumerate().filter_map(|(place, ListedJson { first, last, name })| {
            let last = last.map(|last| format!(" to {last}")).unwrap_or_default();
            let read = Listed::read(format!("{first}{last} {name}").trim_end());
            read.map_err(|words| errors.push(FieldError::at(&format!("/listed/{place}"), words))).ok()
        });
        let listed: Vec<Listed> = each.collect();
        if listed.len() > 100 {
            errors.push(FieldError::at("/listed", "At most 100 entries."));
        }
        if errors.is_empty() {
            Ok(DaysOff { public_holidays: self.public_holidays, listed })
        } else {
            Err(ApiError::invalid(errors))
        }
    }
}

/// The days on which nothing of a sequence leaves.
#[utoipa::path(get, path = "/v1/sending/days-off", tag = "workers",
    responses((status = 200, description = "The days", body = DaysOffJson)))]
pub async fn get_days_off(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let off = service(move || Ok(messaging::days_off(&app.store, actor.workspace)?)).await?;
    Ok(HttpResponse::Ok().json(DaysOffJson::from(off)))
}

/// Replaces them.
#[utoipa::path(put, path = "/v1/sending/days-off", tag = "workers", request_body = DaysOffJson,
    responses((status = 200, description = "The days", body = DaysOffJson), (status = 422, description = "A day cannot be read")))]
pub async fn put_days_off(
    app: web::Data<App>,
    actor: Actor,
    body: ApiJson<DaysOffJson>,
) -> Result<HttpResponse, ApiError> {
    let saved = run(move || {
        actor.require(Permission::EditOutreach).map_err(OutreachError::from)?;
        let wanted = body.value.read()?;
        match messaging::set_days_off(&app, &actor, &wanted) {
            Ok(()) | Err(DaysOffError::Line(..)) => Ok(wanted),
            Err(DaysOffError::Denied(denied)) => Err(ApiError::from(OutreachError::from(denied))),
            Err(DaysOffError::Store(error)) => Err(OutreachError::from(error).into()),
        }
    });
    Ok(HttpResponse::Ok().json(DaysOffJson::from(saved.await??)))
}
