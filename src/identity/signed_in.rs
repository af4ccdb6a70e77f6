//! A person who is signed in, as a handler's argument: also where they belong to no workspace, and so act as none.

use std::future::{ready, Ready};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::header::USER_AGENT;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use jiff::tz::TimeZone;

use super::device::device_words;
use super::model::{Client, Session, User};
use crate::base::UnixMillis;
use crate::http::{ClientIp, PageError};

#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    pub session: Session,
    /// The person's own, else the current workspace's, else UTC.
    pub zone: TimeZone,
}

impl SignedIn {
    /// "Tue 24 Nov, 10:30" on the person's clock.
    pub fn time_words(&self, at: UnixMillis) -> String {
        at.in_zone(&self.zone).strftime("%a %-d %b, %H:%M").to_string()
    }

    /// "24 November 2026" on the person's clock.
    pub fn day_words(&self, at: UnixMillis) -> String {
        at.in_zone(&self.zone).strftime("%-d %B %Y").to_string()
    }
}

impl FromRequest for SignedIn {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Self>().cloned();
        ready(found.ok_or_else(|| {
            let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
            let next = if request.method() == Method::GET { asked } else { "/" };
            let refusal = PageError::SignIn { next: next.to_owned() }.answer_for(request.path());
            InternalError::from_response("not signed in", refusal).into()
        }))
    }
}

impl FromRequest for Client {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<ClientIp>().copied();
        // A request that came past no guard (a Unix socket) counts as local.
        let address = known.map_or(std::net::Ipv4Addr::LOCALHOST.into(), |ClientIp(address)| address);
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        ready(Ok(Client { address, device: device_words(agent) }))
    }
}
