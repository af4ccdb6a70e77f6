//! `/v1/domains`: how the sending domains stand, with the records that would mend them.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::check::{self, Shown};
use super::model::{Advised, Asked, Finding};
use crate::app::App;
use crate::authz::Actor;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiPage, PageQuery};

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/domains").get(list))
        .service(web::resource("/domains/{domain}").get(get))
        .service(web::resource("/domains/{domain}/check").post(check_now));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, get, check_now))]
    struct Doc;
    Doc::openapi()
}

/// A domain that mail is sent from. Private keys are never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiDomain {
    pub domain: String,
    /// Addresses of the mailboxes that send from it.
    pub mailboxes: Vec<String>,
    /// Its records are a provider's (gmail.com and the like): nothing is checked.
    pub is_public_provider: bool,
    /// When it was last looked at; null before the first time.
    pub checked_at: Option<String>,
    /// What is missing or wrong, by `check`.
    pub to_mend: Vec<&'static str>,
    pub checks: Vec<ApiCheck>,
    pub signing: ApiSigning,
    /// Every question of the last check, in its order.
    pub trail: Vec<ApiAsked>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiCheck {
    /// `mx`, `spf`, `dkim`, `dmarc`, `alignment`, `one_click_unsubscribe` or `reverse_dns`.
    pub check: &'static str,
    /// `found` (and right), `missing`, `wrong`, `not_asked` (no answer came) or `not_yours` (a provider sees to it).
    pub state: &'static str,
    /// What was seen, in words.
    pub words: String,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    /// Records to publish.
    pub records: Vec<ApiRecord>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiRecord {
    /// In full, without the dot at the end.
    pub name: String,
    /// `TXT`, `MX` or `PTR`.
    pub r#type: String,
    pub value: String,
    pub note: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiSigning {
    pub is_on: bool,
    /// Selector of the key that signs now.
    pub selector: Option<String>,
    /// Selector of a key whose record is waited for.
    pub waiting_selector: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiAsked {
    pub at: String,
    pub name: String,
    pub r#type: String,
    pub answer: String,
    /// False when no usable answer came.
    pub answered: bool,
    pub took_ms: u64,
}

impl From<&Shown> for ApiDomain {
    fn from(shown: &Shown) -> Self {
        let row = &shown.row;
        let checked = row.checked.as_ref();
        let findings = checked.map(|checked| &checked.findings[..]).unwrap_or_default();
        let selector = |key: &super::model::DkimKey| key.selector.clone();
        Self {
            domain: row.domain.clone(),
            mailboxes: shown.mailboxes.iter().map(|mailbox| mailbox.address.display().to_owned()).collect(),
            is_public_provider: shown.is_for_everybody(),
            checked_at: checked.map(|checked| checked.at.to_rfc3339()),
            to_mend: findings.iter().filter(|one| one.standing.is_bad()).map(|one| one.what.word()).collect(),
            checks: findings.iter().map(ApiCheck::from).collect(),
            signing: ApiSigning {
                is_on: row.signing.on,
                selector: row.signing.in_use().map(selector),
                waiting_selector: row.signing.next.as_ref().filter(|_| row.signing.on).map(selector),
            },
            trail: checked.into_iter().flat_map(|checked| &checked.trail).map(ApiAsked::from).collect(),
        }
    }
}

impl From<&Finding> for ApiCheck {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.what.word(),
            state: finding.standing.word(),
            words: finding.words.clone(),
            why: finding.what.why(),
            records: finding.records.iter().map(ApiRecord::from).collect(),
        }
    }
}

impl From<&Advised> for ApiRecord {
    fn from(advised: &Advised) -> Self {
        let Advised { name, kind, value, note } = advised.clone();
        Self { name, r#type: kind, value, note }
    }
}

impl From<&Asked> for ApiAsked {
    fn from(asked: &Asked) -> Self {
        let Asked { at, name, kind, answer, answered, took_millis } = asked.clone();
        Self { at: at.to_rfc3339(), name, r#type: kind, answer, answered, took_ms: took_millis }
    }
}

/// Lists the domains that mail is sent from, by name.
#[utoipa::path(get, path = "/v1/domains", tag = "domains", params(PageQuery),
    responses((status = 200, description = "A page of domains", body = ApiPage<ApiDomain>)))]
async fn list(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<web::Json<ApiPage<ApiDomain>>, ApiError> {
    let page = run(move || {
        let page = query.part_of(check::list(&app, &actor)?, |shown| shown.row.domain.clone().into_bytes())?;
        Ok::<_, ApiError>(query.answer(page.map(|shown| ApiDomain::from(&shown))))
    });
    page.await?.map(web::Json)
}

/// Gets one domain with its last check.
#[utoipa::path(get, path = "/v1/domains/{domain}", tag = "domains", params(("domain" = String, Path)),
    responses((status = 200, description = "The domain", body = ApiDomain),
              (status = 404, description = "No mailbox sends from it")))]
async fn get(app: web::Data<App>, actor: Actor, domain: web::Path<String>) -> Result<web::Json<ApiDomain>, ApiError> {
    let shown = run(move || check::get(&app, &actor, &domain)).await??;
    Ok(web::Json(ApiDomain::from(&shown)))
}

/// Asks DNS anew and gives what was found. Takes some seconds where name servers are slow.
#[utoipa::path(post, path = "/v1/domains/{domain}/check", tag = "domains", params(("domain" = String, Path)),
    responses((status = 200, description = "The domain as it was found", body = ApiDomain),
              (status = 404, description = "No mailbox sends from it")))]
async fn check_now(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    domain: web::Path<String>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let shown = check::check_now(&app, &actor, &domain)?;
            ApiAnswer::json(StatusCode::OK, &ApiDomain::from(&shown))
        })
    })
    .await?
}
