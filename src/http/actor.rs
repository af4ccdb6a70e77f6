//! The actor as a handler's argument. Identity's middleware puts it there; a handler that asks for
//! one is thereby closed to everybody else.

use std::future::{ready, Ready};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::respond::PageError;
use crate::authz::Actor;

impl FromRequest for Actor {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Actor>().cloned();
        ready(found.ok_or_else(|| not_signed_in(request)))
    }
}

/// Signing in leads back to the page that was asked for; after a form, to the start.
fn not_signed_in(request: &HttpRequest) -> actix_web::Error {
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let next = if request.method() == Method::GET { asked } else { "/" };
    let error = PageError::SignIn { next: next.to_owned() };
    InternalError::from_response("not signed in", error.answer_for(request.path())).into()
}
