//! `/v1/analytics`: the figures of outreach, and the leads behind each of them.

use actix_web::{web, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::report::{
    self, report, Asked, Names, Rate, Report, Slice, Tally, What, COHORT_WEEKS, LABELS, UNKNOWN_WAIT, WAITS,
};
use super::{service, EnrolmentJson};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::http::api::FieldError;
use crate::http::{ApiError, ApiPage, PageQuery};

#[derive(Debug, Serialize, ToSchema)]
pub struct AnalyticsJson {
    /// `leads`, or `mails` where a step or a wording is asked for.
    unit: &'static str,
    /// Leads of before an update are all counted; false for a while after one.
    is_complete: bool,
    all: FiguresJson,
    /// Answers by how they were read.
    answers: Vec<AnswersJson>,
    /// Answers by the time from the mail to the first of a lead.
    times_to_answer: Vec<TimesJson>,
    /// Numbers of the buckets in `times_to_answer` that hold the quartiles of the known times.
    #[serde(skip_serializing_if = "Option::is_none")]
    quartiles: Option<[u8; 3]>,
    workers: Vec<NamedJson>,
    sequences: Vec<NamedJson>,
    /// A lead counts with the mailbox that wrote to it first.
    mailboxes: Vec<NamedJson>,
    /// Mails of each step, and of each wording where there were several.
    steps: Vec<StepFiguresJson>,
    /// By the week of the first mail, oldest first.
    weeks: Vec<WeekJson>,
}

/// `contacted` is who was written to, or mails that were sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguresJson {
    contacted: u64,
    delivered: u64,
    replied: u64,
    interested: u64,
    booked: u64,
    opted_out: u64,
    bounced: u64,
    /// A machine answered that they are away.
    away: u64,
    /// Replied of delivered; absent where there are too few to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_rate: Option<RateJson>,
}

/// 0 to 1, with the range in which the true share lies with 95 % confidence (Wilson).
#[derive(Debug, Serialize, ToSchema)]
pub struct RateJson {
    share: f64,
    low: f64,
    high: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AnswersJson {
    label: &'static str,
    count: u64,
    /// What lists them, as `what` of `/v1/analytics/leads`.
    what: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TimesJson {
    /// Absent in the last bucket but one, which has no end, and in the last one, of answers whose time is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    up_to_minutes: Option<u32>,
    is_known: bool,
    count: u64,
    what: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NamedJson {
    id: String,
    name: String,
    figures: FiguresJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StepFiguresJson {
    sequence: String,
    step: String,
    /// Absent: all wordings.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    name: String,
    figures: FiguresJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WeekJson {
    /// YYYY-MM-DD of its Monday, on the workspace's clock.
    week: String,
    figures: FiguresJson,
    /// By how many weeks after the first mail: 0, 1, 2, 3, 4 or later, not known.
    replied_by_week: [u64; COHORT_WEEKS],
    booked_by_week: [u64; COHORT_WEEKS],
}

impl From<&Tally> for FiguresJson {
    fn from(tally: &Tally) -> Self {
        let rate = |rate: Rate| rate.told().map(|(share, (low, high))| RateJson { share, low, high });
        Self {
            contacted: tally.contacted,
            delivered: tally.delivered(),
            replied: tally.replied,
            interested: tally.interested,
            booked: tally.booked,
            opted_out: tally.opted_out,
            bounced: tally.bounced,
            away: tally.away,
            reply_rate: rate(tally.replies()),
        }
    }
}

impl AnalyticsJson {
    fn of(slice: &Slice, found: &Report, names: &Names, is_complete: bool) -> Self {
        let answers = (0..).zip(LABELS).zip(found.labels).map(|((place, label), count)| AnswersJson {
            label,
            count,
            what: What::Label(place).name(),
        });
        let times = (0..).zip(found.waits).map(|(bucket, count)| TimesJson {
            up_to_minutes: WAITS.get(usize::from(bucket)).copied(),
            is_known: bucket < UNKNOWN_WAIT,
            count,
            what: What::Wait(bucket).name(),
        });
        let named =
            |id: String, name: &str, tally: &Tally| NamedJson { id, name: name.to_owned(), figures: tally.into() };
        let quartiles = [0.25, 0.5, 0.75].map(|share| found.wait_at(share));
        let quartiles = match quartiles {
            [Some(first), Some(half), Some(third)] => Some([first, half, third]),
            _ => None,
        };
        Self {
            unit: if slice.is_of_mails() { "mails" } else { "leads" },
            is_complete,
            all: (&found.all).into(),
            answers: answers.collect(),
            times_to_answer: times.collect(),
            quartiles,
            workers: found.workers.iter().map(|(id, tally)| named(id.to_string(), names.worker(*id), tally)).collect(),
            sequences: found
                .sequences
                .iter()
                .map(|(id, tally)| named(id.to_string(), names.sequence(*id), tally))
                .collect(),
            mailboxes: found
                .mailboxes
                .iter()
                .map(|(id, tally)| named(id.to_string(), names.mailbox(*id), tally))
                .collect(),
            steps: found
                .steps
                .iter()
                .map(|((sequence, step, variant), tally)| StepFiguresJson {
                    sequence: sequence.to_string(),
                    step: step.to_string(),
                    variant: variant.map(|id| id.to_string()),
                    name: match names.variant(*step, *variant) {
                        wording if wording.is_empty() => names.step(*step),
                        wording => wording,
                    },
                    figures: tally.into(),
                })
                .collect(),
            weeks: found
                .cohorts
                .iter()
                .map(|(week, cohort)| WeekJson {
                    week: week.to_string(),
                    figures: (&cohort.tally).into(),
                    replied_by_week: cohort.replied,
                    booked_by_week: cohort.booked,
                })
                .collect(),
        }
    }
}

fn read(asked: &Asked) -> Result<(Slice, What), ApiError> {
    asked.read().map_err(|wrong| {
        ApiError::invalid(wrong.into_iter().map(|(name, words)| FieldError::in_query(name, words)).collect())
    })
}

/// What became of everybody who was written to, or of a part of them. `what` is not used here.
#[utoipa::path(get, path = "/v1/analytics", tag = "analytics", params(Asked),
    responses((status = 200, description = "The figures", body = AnalyticsJson), (status = 422, description = "A filter cannot be read")))]
pub async fn get_analytics(
    app: web::Data<App>,
    actor: Actor,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, ApiError> {
    let (slice, _) = read(&asked)?;
    let found = service(move || {
        actor.require(Permission::ViewOutreach)?;
        let is_complete = report::begin(&app, actor.workspace)?;
        let found = report(&app, &actor, &slice)?;
        Ok(AnalyticsJson::of(&slice, &found, &Names::read(&app, actor.workspace)?, is_complete))
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// The leads behind a number: exactly as many as it says, those of the newest week first.
#[utoipa::path(get, path = "/v1/analytics/leads", tag = "analytics", params(Asked, PageQuery),
    responses((status = 200, description = "A page of leads", body = ApiPage<EnrolmentJson>),
              (status = 422, description = "A filter, the cursor or the limit is wrong")))]
pub async fn get_analytics_leads(
    app: web::Data<App>,
    actor: Actor,
    asked: web::Query<Asked>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (slice, what) = read(&asked)?;
    let (cursor, limit) = query.parts()?;
    let page = service(move || report::leads(&app, &actor, (&slice, what), cursor.as_ref(), limit));
    let page = page.await?.map(|lead| EnrolmentJson::from(&lead));
    Ok(HttpResponse::Ok().json(query.answer(page)))
}
