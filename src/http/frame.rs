//! The frame of a signed-in page as a handler's argument. `wiring` fills it once per request (who, which
//! workspace, what waits); the handler adds its title.

use std::future::{ready, Ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::layout::Layout;
use super::respond::PageError;

/// What every page of this request shows around its own content.
#[derive(Clone, Debug, Default)]
pub struct Frame(pub Layout);

impl Frame {
    pub fn layout(&self, title: impl Into<String>) -> Layout {
        self.0.clone().titled(title)
    }

    /// A page whose parts change while it is open.
    pub fn live_layout(&self, title: impl Into<String>) -> Layout {
        let mut layout = self.layout(title);
        layout.live = Some("/live".to_owned());
        layout
    }

    pub fn csrf(&self) -> &str {
        &self.0.csrf
    }
}

impl FromRequest for Frame {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Frame>().cloned();
        ready(found.ok_or_else(|| PageError::NotFound.into()))
    }
}
