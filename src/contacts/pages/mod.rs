//! The pages of contacts.

mod export;
mod form;
mod import;
mod list;
mod one;
mod words;

pub use export::{export_with, MoreColumns};

use actix_web::web;

use super::imports::ImportError;
use super::service::ContactError;
use crate::http::PageError;

/// All pages and forms of the room. `/contacts/{id}/export` and `/contacts/{id}/erase` reach into every room and
/// are registered above.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/contacts").route(web::get().to(list::list)).route(web::post().to(form::create)))
        .service(web::resource("/contacts/new").route(web::get().to(form::new)))
        .service(web::resource("/contacts/tags").route(web::post().to(list::tag)))
        .service(web::resource("/contacts/export.csv").route(web::get().to(export::csv)))
        .service(
            web::resource("/contacts/import").route(web::get().to(import::new)).route(web::post().to(import::upload)),
        )
        .service(
            web::resource("/contacts/import/{id}")
                .route(web::get().to(import::show))
                .route(web::post().to(import::configure)),
        )
        .service(web::resource("/contacts/import/{id}/refused.csv").route(web::get().to(import::refused)))
        .service(web::resource("/contacts/import/{id}/{act}").route(web::post().to(import::act)))
        .service(web::resource("/contacts/{id}").route(web::get().to(one::show)))
        .service(
            web::resource("/contacts/{id}/edit").route(web::get().to(form::edit)).route(web::post().to(form::update)),
        )
        .service(web::resource("/contacts/{id}/tags").route(web::post().to(one::tag)))
        .service(web::resource("/contacts/{id}/notes").route(web::post().to(one::add_note)))
        .service(web::resource("/contacts/{id}/notes/{note}/remove").route(web::post().to(one::remove_note)))
        .service(web::resource("/contacts/{id}/restrict").route(web::post().to(one::restrict)))
        .service(web::resource("/contacts/{id}/unrestrict").route(web::post().to(one::unrestrict)));
}

impl From<ContactError> for PageError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Denied(denied) => denied.into(),
            ContactError::NotFound => PageError::NotFound,
            ContactError::Invalid(errors) => {
                let words: Vec<&str> = errors.iter().map(|(_, words)| words.as_str()).collect();
                PageError::bad_request(words.join(" "), "Go back and correct it.")
            }
            ContactError::Duplicate(_) => {
                PageError::conflict("Another contact has this address.", "Open that contact instead.")
            }
            ContactError::Restricted => PageError::conflict(
                "Processing of this contact is restricted, as the person asked.",
                "Lift the restriction on the contact’s page first.",
            ),
            ContactError::Store(error) => PageError::internal("could not reach the contacts", &error),
        }
    }
}

impl From<ImportError> for PageError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Denied(denied) => denied.into(),
            ImportError::NotFound => PageError::NotFound,
            ImportError::State(words) => PageError::conflict(words, "Its page shows how far it is."),
            ImportError::Store(error) => PageError::internal("could not reach the imports", &error),
            other => PageError::bad_request(other.to_string(), ""),
        }
    }
}

#[cfg(test)]
mod tests;
