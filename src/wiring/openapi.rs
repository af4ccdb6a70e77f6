//! `/v1/openapi.json`: generated from the handlers themselves.

use actix_web::{web, HttpResponse};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement, Server};

use crate::app::App;
use crate::{agents, bookings, connections, contacts, events, messaging, outreach};

/// The description of `/v1` of the server at `url`.
pub fn document(url: &str) -> OpenApi {
    let info = InfoBuilder::new().title("Launchyard").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Contacts, sequences, workers, drafts, messages, replies, bookings and events of a workspace.",
    ));
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key of the workspace.")).build();
    let components = ComponentsBuilder::new().security_scheme("api_key", SecurityScheme::Http(bearer)).build();
    let mut document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new(url)]))
        .components(Some(components))
        .security(Some([SecurityRequirement::new("api_key", Vec::<String>::new())]))
        .build();
    let rooms = [
        contacts::openapi(),
        connections::openapi(),
        messaging::openapi(),
        outreach::openapi(),
        agents::openapi(),
        bookings::openapi(),
        events::openapi(),
    ];
    for room in rooms {
        document.merge(room);
    }
    document
}

pub async fn page(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(document(&app.public_url))
}
