//! `/v1/openapi.json`: generated from the handlers themselves.

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
use crate::http::api::{FieldError, FreeTime, Problem, PROBLEM_JSON};
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

pub async fn page(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(document(&app.public_url))
}
