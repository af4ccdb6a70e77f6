//! Pages of the room: `/u/…` for the people written to, `/suppressions` for the members.

mod public;
mod suppressions;

pub use suppressions::parse_target;

use actix_web::web::{self, Data, ServiceConfig};

use crate::http::Uncounted;

/// A wish not to be written to, and the page that asks for it.
pub const UNCOUNTED: &[Uncounted] =
    &[Uncounted { method: "GET", path: "/u/{}" }, Uncounted { method: "POST", path: "/u/{}" }];

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/u/{token}")
                .app_data(Data::new(public::TokenLimits::default()))
                .route(web::get().to(public::ask))
                .route(web::post().to(public::act)),
        )
        .service(
            web::resource("/suppressions")
                .route(web::get().to(suppressions::list))
                .route(web::post().to(suppressions::add)),
        )
        .service(web::resource("/suppressions.csv").route(web::get().to(suppressions::download)))
        .service(
            web::resource("/suppressions/{id}/lift")
                .route(web::get().to(suppressions::ask_lift))
                .route(web::post().to(suppressions::lift_entry)),
        );
}
