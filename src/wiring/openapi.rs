//! `/v1/openapi.json`: `docs/openapi.json`, which is generated from the handlers themselves.
//!
//! A test writes and compares it. What makes it is thereby no part of the program, whose fifteenth part it would be,
//! and a change of `/v1` is seen in the file's history.

use actix_web::http::header::ContentType;
use actix_web::{web, HttpResponse};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    SecurityRequirement, Server,
};
use utoipa::PartialSchema;

use crate::app::App;
use crate::base::carried;
use crate::http::api::{ApiError, FieldError, FreeTime, Problem, PROBLEM_JSON};
use crate::{
    activity, addresses, agents, bookings, connections, contacts, deliverability, dry_run, engines, events, leads,
    messaging, outreach, payments,
};

/// The description of `/v1` of the server at `url`.
pub fn document(url: &str) -> OpenApi {
    let info = InfoBuilder::new().title("Launchyard").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Contacts, sequences, workers, drafts, messages, replies, bookings and events of a workspace. Lists are pages: \
         send next_cursor as cursor, with the same filters, until it is null. A body with a field that is not described is refused, a parameter \
         of the address that is not described is ignored.",
    ));
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key of the workspace.")).build();
    let components = ComponentsBuilder::new()
        .security_scheme("api_key", SecurityScheme::Http(bearer))
        .schema("Problem", Problem::schema())
        .schema("FieldError", FieldError::schema())
        .schema("FreeTime", FreeTime::schema())
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new(url)]))
        .components(Some(components))
        .security(Some([SecurityRequirement::new("api_key", Vec::<String>::new())]))
        .build();
    let rooms = [
        contacts::openapi(),
        addresses::openapi(),
        connections::openapi(),
        deliverability::openapi(),
        messaging::openapi(),
        outreach::openapi(),
        activity::openapi(),
        dry_run::openapi(),
        agents::openapi(),
        engines::openapi(),
        payments::openapi(),
        bookings::openapi(),
        leads::openapi(),
        events::openapi(),
    ];
    for room in rooms {
        document.merge(room);
    }
    add_what_all_share(&mut document);
    document
}

/// Names that are each given once, problems as the answer to whatever goes wrong, and the key of a repeatable POST.
fn add_what_all_share(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if let Some(post) = &mut item.post {
            post.parameters.get_or_insert_default().retain(|parameter| !is_idempotency_key(parameter));
            post.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
        }
        let methods = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                operation.operation_id = Some(name_of(method, path));
                add_problems(operation);
            }
        }
    }
}

/// `get_workers_one_enrolments`
fn name_of(method: &str, path: &str) -> String {
    let words = path.split('/').filter(|word| !word.is_empty() && *word != "v1");
    let words = words.map(|word| if word.starts_with('{') { "one" } else { word });
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn add_problems(operation: &mut Operation) {
    let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(Response { content: told, .. }) = response {
            if status.starts_with(['4', '5']) {
                told.clear();
                told.insert(PROBLEM_JSON.to_owned(), RefOr::T(content()));
            }
        }
    }
    let words = "A problem document (RFC 9457): what is wrong, where, and what to do.";
    let problem = ResponseBuilder::new().description(words).content(PROBLEM_JSON, content()).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}

fn idempotency_key() -> Parameter {
    let words =
        "Makes the request repeatable for a day: sent again with the same key and body it gets the first answer.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(words))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255)).build()))
        .build()
}

fn is_idempotency_key(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(known) if known.name == "Idempotency-Key")
}

/// Stands in the file where the server's own address belongs.
const SERVER: &str = "https://launchyard.example";

pub async fn page(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let failed = |error: &dyn std::error::Error| ApiError::internal("reading the description of /v1", error);
    let document = carried!("openapi.json").map_err(|error| failed(&error))?;
    let document = String::from_utf8(document).map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(document.replacen(SERVER, &app.public_url, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

    #[test]
    fn the_description_in_the_file_is_the_one_of_the_handlers() {
        let made = serde_json::to_string_pretty(&document(SERVER)).unwrap() + "\n";
        if std::env::var_os("LAUNCHYARD_OPENAPI").is_some_and(|what| what == "write") {
            std::fs::write(FILE, &made).unwrap();
        }
        let kept = std::fs::read_to_string(FILE).unwrap();
        let differs = made.lines().zip(kept.lines()).position(|(made, kept)| made != kept);
        assert!(
            made == kept,
            "`/v1` is not as docs/openapi.json says (from line {}): write it anew with \
             `LAUNCHYARD_OPENAPI=write cargo test --lib openapi` and look at what changed",
            differs.map_or(0, |line| line + 1)
        );
        assert_eq!(kept.matches(SERVER).count(), 1);
    }
}
