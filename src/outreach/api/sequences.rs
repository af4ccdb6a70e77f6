//! `/v1/sequences`: name and steps, with wordings, tasks and branches.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::checks::{self, Finding};
use super::super::path::{Kind, Test, Then, When};
use super::super::sequences::{self, KindForm, Scope, SequenceForm, StepForm, VariantForm};
use super::super::{get_sequence, list_sequences, OutreachError, Sequence, Step, Variant};
use super::{service, Answers};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{SequenceId, StepId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery, SeenVersion};

#[derive(Debug, Serialize, ToSchema)]
pub struct SequenceJson {
    id: String,
    name: String,
    steps: Vec<StepJson>,
    /// All texts are approved and may leave.
    is_approved: bool,
    /// Grows with each change.
    version: u32,
    created_at: String,
    changed_at: String,
}

/// A sequence as it is written. What only the server says may stand in it, so that an answer can be changed and sent
/// back; it is not read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceBody {
    name: String,
    steps: Vec<StepJson>,
    /// Whether a change counts for leads that are in flight too. `false`, or absent: for new leads only; those in flight
    /// go on with the words that were approved before.
    #[serde(default)]
    in_flight: Option<bool>,
    #[serde(default, rename = "id")]
    _id: Option<String>,
    #[serde(default, rename = "is_approved")]
    _is_approved: Option<bool>,
    /// The version that the change was made from. When it is no longer the newest, the answer is 409 and nothing is
    /// written; absent: nothing is compared.
    #[serde(default)]
    version: Option<u32>,
    #[serde(default, rename = "created_at")]
    _created_at: Option<String>,
    #[serde(default, rename = "changed_at")]
    _changed_at: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepJson {
    /// Of a step that exists; absent for a new one.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    wait_days: u16,
    #[serde(default)]
    working_days: bool,
    /// Empty: an answer in the same thread.
    #[serde(default)]
    subject: String,
    /// Of a mail what is sent, of a task what is to be done.
    #[serde(default)]
    text: String,
    /// A mail where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<KindJson>,
    /// Other wordings of the mail: each lead gets one of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    variants: Vec<VariantJson>,
    /// Of a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<BranchJson>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindJson {
    Mail,
    /// Something that a person does.
    Task,
    Branch,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantJson {
    /// Of a wording that exists; absent for a new one.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    subject: String,
    text: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchJson {
    when: WhenJson,
    /// With `replied`: only an answer that was read so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// With a condition about a field: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// With `field_is`, `field_is_not` and `field_contains`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// With `waited`: days since the lead was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<u16>,
    /// The number of the step to go to, from 1; absent: the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    go_to: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenJson {
    Always,
    Replied,
    Bounced,
    Booked,
    FieldIs,
    FieldIsNot,
    FieldContains,
    FieldFilled,
    FieldEmpty,
    Waited,
}

const TESTS: [(WhenJson, Test); 5] = [
    (WhenJson::FieldIs, Test::Is),
    (WhenJson::FieldIsNot, Test::IsNot),
    (WhenJson::FieldContains, Test::Contains),
    (WhenJson::FieldFilled, Test::Filled),
    (WhenJson::FieldEmpty, Test::Empty),
];

impl BranchJson {
    fn of(when: &When, go_to: Option<usize>) -> Self {
        let plain = |when| Self { when, label: None, field: None, value: None, days: None, go_to };
        match when {
            When::Always => plain(WhenJson::Always),
            When::Replied { label } => Self { label: label.clone(), ..plain(WhenJson::Replied) },
            When::Bounced => plain(WhenJson::Bounced),
            When::Booked => plain(WhenJson::Booked),
            When::Waited { days } => Self { days: Some(*days), ..plain(WhenJson::Waited) },
            When::Field { name, test, value } => {
                let when = TESTS.iter().find(|(_, own)| own == test).map_or(WhenJson::FieldIs, |(when, _)| *when);
                let value = Some(value.clone()).filter(|value| !value.is_empty());
                Self { field: Some(name.clone()), value, ..plain(when) }
            }
        }
    }

    fn when(&self) -> When {
        match self.when {
            WhenJson::Always => When::Always,
            WhenJson::Replied => When::Replied { label: self.label.clone() },
            WhenJson::Bounced => When::Bounced,
            WhenJson::Booked => When::Booked,
            WhenJson::Waited => When::Waited { days: self.days.unwrap_or(0) },
            field => {
                let test = TESTS.iter().find(|(when, _)| *when == field).map_or(Test::Is, |(_, test)| *test);
                let (name, value) = (self.field.clone().unwrap_or_default(), self.value.clone().unwrap_or_default());
                When::Field { name, test, value }
            }
        }
    }
}

impl StepJson {
    fn of(sequence: &Sequence, step: &Step) -> Self {
        let number = |id: StepId| sequence.find_step(id).map(|(place, _)| place + 1);
        let variant = |one: &Variant| VariantJson {
            id: Some(one.id.to_string()),
            subject: one.subject.clone(),
            text: one.text.clone(),
        };
        let (kind, branch) = match &step.kind {
            Kind::Mail => (None, None),
            Kind::Task => (Some(KindJson::Task), None),
            Kind::Branch { when, then: Then::Step { step } } => {
                (Some(KindJson::Branch), Some(BranchJson::of(when, number(*step))))
            }
            Kind::Branch { when, then: Then::End } => (Some(KindJson::Branch), Some(BranchJson::of(when, None))),
        };
        Self {
            id: Some(step.id.to_string()),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject.clone(),
            text: step.text.clone(),
            kind,
            variants: step.variants.iter().map(variant).collect(),
            branch,
        }
    }

    /// Notes what does not parse.
    fn form(self, place: usize, errors: &mut Vec<FieldError>) -> StepForm {
        let mut wrong = |at: &str, words: &str| errors.push(FieldError::at(&format!("/steps/{place}/{at}"), words));
        let id = self.id.and_then(|text| {
            let id = text.parse().ok();
            if id.is_none() {
                wrong("id", "This is not the id of a step. Leave it out for a new one.");
            }
            id
        });
        let kind = match (self.kind.unwrap_or(KindJson::Mail), &self.branch) {
            (KindJson::Mail, None) => KindForm::Mail,
            (KindJson::Task, None) => KindForm::Task,
            (KindJson::Branch, Some(branch)) => {
                // A number that no step has is refused as a place that is not there.
                let to = branch.go_to.map(|number| number.checked_sub(1).unwrap_or(usize::MAX));
                KindForm::Branch { when: branch.when(), to }
            }
            (KindJson::Branch, None) => {
                wrong("branch", "Say when the branch is taken, and where it goes.");
                KindForm::Mail
            }
            (_, Some(_)) => {
                wrong("branch", "Only a step of the kind branch has one.");
                KindForm::Mail
            }
        };
        let variant = |one: VariantJson| VariantForm {
            id: one.id.and_then(|text| text.parse().ok()),
            subject: one.subject,
            text: one.text,
        };
        StepForm {
            id,
            wait_days: self.wait_days,
            working_days: self.working_days,
            subject: self.subject,
            text: self.text,
            variants: self.variants.into_iter().map(variant).collect(),
            kind,
        }
    }
}

impl From<&Sequence> for SequenceJson {
    fn from(sequence: &Sequence) -> Self {
        Self {
            id: sequence.id.to_string(),
            name: sequence.name.clone(),
            steps: sequence.steps.iter().map(|step| StepJson::of(sequence, step)).collect(),
            is_approved: sequence.is_all_approved(),
            version: sequence.version,
            created_at: sequence.created_at.to_rfc3339(),
            changed_at: sequence.changed_at.to_rfc3339(),
        }
    }
}

impl SequenceBody {
    fn form(self) -> Result<SequenceForm, ApiError> {
        let mut errors = Vec::new();
        let each = self.steps.into_iter().enumerate();
        let steps = each.map(|(place, step)| step.form(place, &mut errors)).collect();
        if errors.is_empty() {
            Ok(SequenceForm { name: self.name, steps })
        } else {
            Err(ApiError::invalid(errors))
        }
    }
}

/// All sequences of the workspace.
#[utoipa::path(get, path = "/v1/sequences", tag = "sequences", params(PageQuery),
    responses((status = 200, description = "A page of sequences", body = ApiPage<SequenceJson>)))]
pub async fn get_sequences(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let all = service(move || Ok(list_sequences(&app.store, actor.workspace)?)).await?;
    let page = query.part_of(all, |sequence| sequence.id.to_string().into_bytes())?;
    Ok(HttpResponse::Ok().json(query.answer(page.map(|sequence| SequenceJson::from(&sequence)))))
}

/// Writes a sequence. Its texts leave once a worker that uses it is switched on.
#[utoipa::path(post, path = "/v1/sequences", tag = "sequences", request_body = SequenceBody, responses((status = 201, description = "The sequence as it was made", body = SequenceJson)))]
pub async fn post_sequence(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    body: ApiJson<SequenceBody>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let made = sequences::create(&app, &actor, &body.value.form()?)?;
            ApiAnswer::created(format!("/v1/sequences/{}", made.id), &SequenceJson::from(&made))
        })
    })
    .await?
}

/// One sequence with its steps.
#[utoipa::path(get, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 200, description = "The sequence", body = SequenceJson)))]
pub async fn get_one_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = service(move || get_sequence(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound));
    Ok(HttpResponse::Ok().json(SequenceJson::from(&found.await?)))
}

/// Replaces name and steps. Steps with an id keep their history; changed texts wait for an approval by a person. The
/// last step stays while a worker is at work with it. A change is for new leads only unless `in_flight` says otherwise.
#[utoipa::path(put, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)),
    request_body = SequenceBody,
    responses((status = 200, description = "The sequence", body = SequenceJson),
              (status = 409, description = "Changed since the version that was sent, a worker is at work with it, or leads walk too many older versions")))]
pub async fn put_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
    body: ApiJson<SequenceBody>,
) -> Result<HttpResponse, ApiError> {
    let read = body.value.version;
    let scope = if body.value.in_flight == Some(true) { Scope::InFlight } else { Scope::NewLeads };
    let form = body.value.form()?;
    let saved = service(move || sequences::update(&app, &actor, *id, &form, read, Some(scope))).await?;
    Ok(HttpResponse::Ok().json(SequenceJson::from(&saved)))
}

/// Lets the texts of a sequence leave
///
/// As switching a worker on does, for a sequence that was changed since.
#[utoipa::path(post, path = "/v1/sequences/{sequence}/approve", tag = "sequences", params(("sequence" = String, Path,)),
    request_body = Option<SeenVersion>,
    responses((status = 200, description = "The sequence", body = SequenceJson),
              (status = 404, description = "Not in this workspace"),
              (status = 409, description = "Changed since the version that was read, or not finished")))]
pub async fn approve_sequence(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<SequenceId>,
    MaybeJson(body): MaybeJson<SeenVersion>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    once.run(move || {
        let approved = sequences::approve(&app, &actor, *id, body.value.version)?;
        ApiAnswer::json(StatusCode::OK, &SequenceJson::from(&approved))
    })
    .await
}

/// Deletes a sequence that no worker uses.
#[utoipa::path(delete, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 204, description = "Gone")))]
pub async fn delete_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    service(move || sequences::delete(&app, &actor, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FindingJson {
    /// Nothing can be switched on with it; else it is a hint.
    is_blocking: bool,
    /// The number of the step, from 1; absent: it is about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    /// `subject`, `text` or another field of the step.
    field: &'static str,
    words: String,
    /// What to do about it.
    cure: String,
}

impl From<Finding> for FindingJson {
    fn from(found: Finding) -> Self {
        let Finding { is_blocking, step, field, words, cure, .. } = found;
        Self { is_blocking, step, field, words, cure }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Findings {
    data: Vec<FindingJson>,
}

/// What is to be looked at in a sequence before a worker is switched on with it, blocking ones first.
#[utoipa::path(get, path = "/v1/sequences/{sequence}/checks", tag = "sequences", params(("sequence" = String, Path,)),
    responses((status = 200, description = "What was found", body = Findings), (status = 404, description = "Not in this workspace")))]
pub async fn get_checks(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    let found = service(move || checks::of_sequence(&app, &actor, *id)).await?;
    Ok(HttpResponse::Ok().json(Findings { data: found.into_iter().map(FindingJson::from).collect() }))
}
