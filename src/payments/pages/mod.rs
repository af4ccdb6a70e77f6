//! The account in the settings, the list of payments, one payment, and the guest's page.

mod guest;
mod guest_words;
mod list;
mod one;
mod setup;

use actix_web::web::{self, ServiceConfig};
use jiff::tz::TimeZone;

use super::webhook;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::store::StoreError;
use crate::workspaces::{self, Workspace};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/settings/payments").route(web::get().to(setup::show)))
        .service(web::resource("/settings/payments/key").route(web::post().to(setup::connect)))
        .service(web::resource("/settings/payments/notices").route(web::post().to(setup::set_hook)))
        .service(web::resource("/settings/payments/listen").route(web::post().to(setup::listen)))
        .service(
            web::resource("/settings/payments/disconnect")
                .route(web::get().to(setup::ask_disconnect))
                .route(web::post().to(setup::disconnect)),
        )
        .service(web::resource("/payments").route(web::get().to(list::show)))
        .service(web::resource("/payments/{payment}").route(web::get().to(one::show)))
        .service(web::resource("/payments/{payment}/refund").route(web::post().to(one::refund)))
        .service(web::resource("/payments/{payment}/refund/settle").route(web::post().to(one::settle_refund)))
        .service(web::resource("/pay/{token}").route(web::get().to(guest::show)))
        .service(web::resource("/webhooks/stripe/{sid}").route(web::post().to(webhook::receive)));
}

/// When something happened, for machines and in words on the business's clock.
struct Moment {
    iso: String,
    words: String,
}

struct Times(TimeZone);

impl Times {
    fn of(app: &App, workspace: WorkspaceId) -> Result<Self, StoreError> {
        Ok(Self(workspaces::get(&app.store, workspace)?.as_ref().map_or(TimeZone::UTC, Workspace::zone)))
    }

    fn moment(&self, at: UnixMillis) -> Moment {
        Moment { iso: at.to_rfc3339(), words: at.in_zone(&self.0).strftime("%a %-d %b, %H:%M").to_string() }
    }
}
