//! Every route of the program on one page, room by room.

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};

use super::{closing, demo, frame, live, machine, openapi, person, personal_data};
use crate::app::App;
use crate::http::assets;
use crate::http::idempotency::IdempotencyStore;
use crate::http::rate_limit::{self, RateLimits};
use crate::{
    activity, addresses, agents, bookings, connections, contacts, deliverability, engines, events, identity, leads,
    meetings, messaging, operator, outreach, today, workspaces,
};

/// Registers all pages, forms and the API. Called once for each web thread.
pub fn configure(
    config: &mut ServiceConfig,
    app: &Data<App>,
    limits: &Data<RateLimits>,
    answers: &Data<Arc<dyn IdempotencyStore>>,
) {
    config
        .app_data(app.clone())
        .app_data(limits.clone())
        .app_data(answers.clone())
        .app_data(Data::new(app.mac.clone()))
        .app_data(person::neighbours())
        .app_data(Data::new(operator::DataMap(personal_data::tables())))
        .route("/healthz", web::get().to(machine::alive))
        .route("/readyz", web::get().to(machine::ready))
        .service(web::resource(assets::ROUTE).route(web::get().to(assets::serve)))
        .service(
            web::scope("/v1")
                .wrap(from_fn(rate_limit::guard))
                .wrap(from_fn(workspaces::authenticate))
                .route("/openapi.json", web::get().to(openapi::page))
                .configure(contacts::api_routes)
                .configure(addresses::api_routes)
                .configure(leads::api_routes)
                .configure(connections::api_routes)
                .configure(deliverability::api_routes)
                .configure(messaging::api_routes)
                .configure(activity::api_routes)
                .configure(outreach::api_routes)
                .configure(agents::api_routes)
                .configure(engines::api_routes)
                .configure(bookings::api_routes)
                .configure(events::api_routes),
        )
        .service(
            web::scope("")
                .wrap(from_fn(frame::fill))
                .wrap(from_fn(rate_limit::guard))
                .wrap(from_fn(workspaces::authenticate))
                .route("/metrics", web::get().to(machine::metrics_page))
                .route("/live", web::get().to(live::stream))
                .route("/frame/sending", web::get().to(frame::sending_part))
                .service(web::resource("/demo/clock").route(web::post().to(demo::move_clock)))
                .configure(today::routes)
                .configure(identity::routes)
                .configure(closing::routes)
                .configure(workspaces::routes)
                .configure(connections::routes)
                .configure(meetings::routes)
                .configure(deliverability::routes)
                .configure(person::routes)
                .configure(contacts::routes)
                .configure(addresses::routes)
                .configure(leads::routes)
                .configure(messaging::routes)
                .configure(activity::routes)
                .configure(outreach::routes)
                .configure(agents::routes)
                .configure(engines::routes)
                .configure(bookings::routes)
                .configure(operator::routes),
        );
}
