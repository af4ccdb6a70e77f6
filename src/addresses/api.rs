//! `/v1/contacts/{id}/addresses`: whether a contact's addresses take mail.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::service::{self, AddressReport};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{ContactId, Doubt};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError};

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/contacts/{id}/addresses").get(get))
        .service(web::resource("/contacts/{id}/addresses/check").post(check));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(get, check))]
    struct Doc;
    Doc::openapi()
}

/// The addresses of a contact, the one written to first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiAddresses {
    pub addresses: Vec<ApiAddress>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiAddress {
    pub address: String,
    /// `yes`, `refuses` (null MX), `nowhere` (neither MX nor address), `unknown` (no answer came); null before the first
    /// look. With `refuses` and `nowhere` no sequence writes there.
    pub takes_mail: Option<&'static str>,
    /// The server that comes first.
    pub mail_host: Option<String>,
    pub checked_at: Option<String>,
    /// An office and no person: `info@`.
    pub is_role: bool,
    /// From a service whose addresses soon end.
    pub is_disposable: bool,
    /// The address that was probably meant.
    pub suggestion: Option<String>,
}

impl From<&AddressReport> for ApiAddress {
    fn from(report: &AddressReport) -> Self {
        let domain = report.domain.as_ref();
        let meant = report.doubts.iter().find_map(|doubt| match doubt {
            Doubt::Typo(meant) => Some(format!("{}@{meant}", report.address.local())),
            _ => None,
        });
        Self {
            address: report.address.display().to_owned(),
            takes_mail: report.takes().map(super::TakesMail::as_str),
            mail_host: domain.and_then(|domain| domain.host.clone()),
            checked_at: domain.map(|domain| domain.checked_at.to_rfc3339()),
            is_role: report.doubts.contains(&Doubt::Role),
            is_disposable: report.doubts.contains(&Doubt::Disposable),
            suggestion: meant,
        }
    }
}

fn answer(reports: &[AddressReport]) -> ApiAddresses {
    ApiAddresses { addresses: reports.iter().map(ApiAddress::from).collect() }
}

/// Says what is known about a contact's addresses.
#[utoipa::path(get, path = "/v1/contacts/{id}/addresses", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, description = "The addresses", body = ApiAddresses),
              (status = 404, description = "No such contact")))]
async fn get(app: web::Data<App>, actor: Actor, id: web::Path<ContactId>) -> Result<web::Json<ApiAddresses>, ApiError> {
    let reports = run(move || service::get(&app, &actor, *id)).await??;
    Ok(web::Json(answer(&reports)))
}

/// Asks DNS anew and gives what was found. Takes some seconds where name servers are slow.
#[utoipa::path(post, path = "/v1/contacts/{id}/addresses/check", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, description = "The addresses as they were found", body = ApiAddresses),
              (status = 404, description = "No such contact")))]
async fn check(app: web::Data<App>, actor: Actor, once: Once, id: web::Path<ContactId>) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let reports = service::check_now(&app, &actor, *id)?;
            ApiAnswer::json(StatusCode::OK, &answer(&reports))
        })
    })
    .await?
}
